#include "base/sandbox.h"

#include <fmt/format.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>
#include <span>

#include "base/sanitizers.h"

#if defined(SIGNET_ADDRESS_SANITIZER)
static std::atomic<bool> hardened{false};
/// LeakSanitizer asks this at the end of the process. To look for leaks it would stop the threads with ptrace, which a
/// hardened process refuses; the tests of the libraries look for them.
extern "C" int __lsan_is_turned_off() { return hardened ? 1 : 0; }
#endif

namespace signet {

Result<void> harden_process() {
#if defined(SIGNET_ADDRESS_SANITIZER)
  hardened = true;
#endif
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno(errno, "prctl(PR_SET_NO_NEW_PRIVS)");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return fail_errno(errno, "prctl(PR_SET_DUMPABLE)");
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) return fail_errno(errno, "setrlimit(RLIMIT_CORE)");
  umask(077);
  if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) return fail_errno(errno, "signal(SIGPIPE)");
  return {};
}

void leave_signals_to_the_supervisor() noexcept {
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) signal(number, SIG_IGN);
}

namespace {

using FilterPtr = std::unique_ptr<void, decltype([](void* filter) { seccomp_release(filter); })>;
using Calls = std::span<const int>;

// What every process needs: memory, threads, time, randomness, reading and writing what is open, leaving.
constexpr int kAlways[] = {
    SCMP_SYS(brk),
    SCMP_SYS(mmap),
    SCMP_SYS(munmap),
    SCMP_SYS(mprotect),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(mlock),
    SCMP_SYS(munlock),
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(gettid),
    SCMP_SYS(getpid),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(membarrier),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(clock_getres),
    SCMP_SYS(getrandom),
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(recvmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(shutdown),
    SCMP_SYS(close),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(eventfd2),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(lseek),
    SCMP_SYS(fcntl),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(uname),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getppid),
    SCMP_SYS(sysinfo),
    SCMP_SYS(getrusage),
    SCMP_SYS(getcpu),
};
constexpr int kReadFiles[] = {
    SCMP_SYS(openat),     SCMP_SYS(open),      SCMP_SYS(stat),       SCMP_SYS(lstat),      SCMP_SYS(statx),
    SCMP_SYS(access),     SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(getdents64), SCMP_SYS(readlink),
    SCMP_SYS(readlinkat), SCMP_SYS(pread64),   SCMP_SYS(preadv),     SCMP_SYS(flock),      SCMP_SYS(fadvise64),
    SCMP_SYS(getcwd),     SCMP_SYS(fstatfs),   SCMP_SYS(statfs),
};
constexpr int kAppendToFiles[] = {SCMP_SYS(pwrite64), SCMP_SYS(fdatasync)};
constexpr int kWriteFiles[] = {
    SCMP_SYS(pwrite64),  SCMP_SYS(pwritev),  SCMP_SYS(fsync),    SCMP_SYS(fdatasync), SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate), SCMP_SYS(rename),   SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(link),
    SCMP_SYS(linkat),    SCMP_SYS(unlink),   SCMP_SYS(unlinkat), SCMP_SYS(mkdir),     SCMP_SYS(mkdirat),
    SCMP_SYS(fchmod),    SCMP_SYS(fchmodat), SCMP_SYS(fchown),   SCMP_SYS(utimensat), SCMP_SYS(umask),
    SCMP_SYS(syncfs),    SCMP_SYS(rmdir),
};
constexpr int kAcceptSockets[] = {
    SCMP_SYS(accept),        SCMP_SYS(accept4),        SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),   SCMP_SYS(setsockopt),     SCMP_SYS(getsockopt),
    SCMP_SYS(epoll_create1), SCMP_SYS(timerfd_create), SCMP_SYS(pipe2),
};
// No part of a certificate authority has a use for these.
constexpr int kNobody[] = {
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(kcmp),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(move_mount),
    SCMP_SYS(open_tree),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsmount),
    SCMP_SYS(fsconfig),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(acct),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(quotactl),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(syslog),
    SCMP_SYS(lookup_dcookie),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(vhangup),
};
// The run-time library of a test build's sanitizers.
constexpr int kSanitizer[] = {SCMP_SYS(openat),    SCMP_SYS(open),      SCMP_SYS(readlink),    SCMP_SYS(prctl),
                              SCMP_SYS(prlimit64), SCMP_SYS(getrlimit), SCMP_SYS(personality), SCMP_SYS(stat),
                              SCMP_SYS(access),    SCMP_SYS(ioctl),     SCMP_SYS(pipe2)};
#if defined(SIGNET_ADDRESS_SANITIZER) || defined(SIGNET_THREAD_SANITIZER)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

Calls calls_for(SandboxNeed need) {
  switch (need) {
    case SandboxNeed::kReadFiles: return kReadFiles;
    case SandboxNeed::kAppendToFiles: return kAppendToFiles;
    case SandboxNeed::kWriteFiles: return kWriteFiles;
    case SandboxNeed::kAcceptSockets: return kAcceptSockets;
  }
  return {};
}

Result<void> add_rules(void* filter, std::uint32_t action, Calls calls) {
  for (const int call : calls) {
    const int status = seccomp_rule_add(filter, action, call, 0);
    // A call this architecture does not have needs no rule.
    if (status < 0 && status != -EDOM) return fail_errno(-status, fmt::format("seccomp rule for call {}", call));
  }
  return {};
}

Result<void> allow(void* filter, Calls calls) { return add_rules(filter, SCMP_ACT_ALLOW, calls); }

/// On all threads at once: one that a library started earlier is not left outside.
Result<void> load(void* filter) {
  int status = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
  if (status == 0) status = seccomp_load(filter);
  if (status < 0) return fail_errno(-status, "the seccomp filter could not be installed");
  return {};
}

Result<void> add_rule_if(void* filter, std::uint32_t action, int call, const scmp_arg_cmp& condition) {
  const int status = seccomp_rule_add_array(filter, action, call, 1, &condition);
  if (status < 0) return fail_errno(-status, fmt::format("seccomp rule for call {}", call));
  return {};
}

/// Threads yes, processes no: clone only with CLONE_THREAD. The flags of clone3 lie in memory, where a filter cannot
/// look, so it does not exist here and the C library falls back to clone. Signals (abort) only to this process.
Result<void> allow_threads_and_own_signals(void* filter) {
  constexpr auto kThread = static_cast<scmp_datum_t>(CLONE_THREAD);
  SIGNET_CHECK(add_rule_if(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone),
                           {.arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = kThread, .datum_b = kThread}));
  static constexpr int kClone3[] = {SCMP_SYS(clone3)};
  SIGNET_CHECK(add_rules(filter, SCMP_ACT_ERRNO(ENOSYS), kClone3));
  return add_rule_if(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill),
                     {.arg = 0, .op = SCMP_CMP_EQ, .datum_a = static_cast<scmp_datum_t>(getpid()), .datum_b = 0});
}

/// ioctl only to ask how much there is to read and to set non-blocking (FIONREAD, FIONBIO).
Result<void> allow_harmless_ioctls(void* filter) {
  for (const auto request : {static_cast<scmp_datum_t>(FIONREAD), static_cast<scmp_datum_t>(FIONBIO)}) {
    SIGNET_CHECK(add_rule_if(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl),
                             {.arg = 1, .op = SCMP_CMP_EQ, .datum_a = request, .datum_b = 0}));
  }
  return {};
}

/// Without kReadFiles, opening a file is an error to the library that tries, not the end of the process: OpenSSL and
/// the C library look for optional files (locales, time zones) at odd moments.
Result<void> refuse_softly(void* filter) {
  static constexpr int kOpens[] = {SCMP_SYS(openat), SCMP_SYS(open), SCMP_SYS(stat), SCMP_SYS(access),
                                   SCMP_SYS(readlink)};
  return add_rules(filter, SCMP_ACT_ERRNO(EACCES), kOpens);
}

/// Making a socket is an error, not the end of the process: a vendor's module writes its complaints with syslog(3),
/// which opens one at the first message, just when something else has gone wrong.
Result<void> refuse_sockets(void* filter) {
  static constexpr int kSockets[] = {SCMP_SYS(socket), SCMP_SYS(connect)};
  return add_rules(filter, SCMP_ACT_ERRNO(EACCES), kSockets);
}

}  // namespace

Result<void> enter_sandbox(const std::vector<SandboxNeed>& needs) {
  const FilterPtr filter{seccomp_init(SCMP_ACT_KILL_PROCESS)};
  if (filter == nullptr) return fail(ErrorCode::kInternal, "seccomp_init failed");
  SIGNET_CHECK(allow(filter.get(), kAlways));
  SIGNET_CHECK(allow_threads_and_own_signals(filter.get()));
  SIGNET_CHECK(allow_harmless_ioctls(filter.get()));
  for (const SandboxNeed need : needs) SIGNET_CHECK(allow(filter.get(), calls_for(need)));
  if (kSanitized) {
    SIGNET_CHECK(allow(filter.get(), kSanitizer));
  } else if (std::ranges::find(needs, SandboxNeed::kReadFiles) == needs.end()) {
    SIGNET_CHECK(refuse_softly(filter.get()));
  }
  SIGNET_CHECK(refuse_sockets(filter.get()));
  return load(filter.get());
}

Result<void> enter_supervisor_sandbox() {
  const FilterPtr filter{seccomp_init(SCMP_ACT_ALLOW)};
  if (filter == nullptr) return fail(ErrorCode::kInternal, "seccomp_init failed");
  SIGNET_CHECK(add_rules(filter.get(), SCMP_ACT_ERRNO(EPERM), kNobody));
  return load(filter.get());
}

}  // namespace signet
