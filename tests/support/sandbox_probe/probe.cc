// A library for LD_PRELOAD: makes the forbidden calls from within a process of the daemon. probe.h says which. By
// system call, so that nothing of the C library's stands between.
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

namespace {

using signet::test::ProbeAct;
using signet::test::ProbePage;

ProbePage* page = nullptr;
std::uint32_t seen = 0;

long fork_once(unsigned long flags) {
  const long child = syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr);
  if (child == 0) syscall(SYS_exit_group, 0);
  return child;
}

void* end_at_once(void*) { return nullptr; }

long start_thread() {
  pthread_t thread;
  const int error = pthread_create(&thread, nullptr, &end_at_once, nullptr);
  if (error == 0) pthread_detach(thread);
  errno = error;
  return error == 0 ? 0 : -1;
}

long execute() {
  const char* const arguments[] = {"/bin/true", nullptr};
  return syscall(SYS_execve, "/bin/true", arguments, arguments + 1);
}

long read_memory_of(long process) {
  char byte = 0;
  iovec here{&byte, 1};
  iovec there{&byte, 1};
  return syscall(SYS_process_vm_readv, process, &here, 1, &there, 1, 0);
}

/// Descriptor 0 is /dev/null: where the call is allowed, it fails with ENOTSOCK.
long connect_somewhere(long call) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(9);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return syscall(call, 0, &address, sizeof address);
}

long map_memory(int protection) {
  return syscall(SYS_mmap, nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

long make_code() {
  const long memory = map_memory(PROT_READ | PROT_WRITE);
  if (memory < 0) return memory;
  *reinterpret_cast<char*>(memory) = 1;
  return syscall(SYS_mprotect, memory, 4096, PROT_READ | PROT_EXEC);
}

long rename_path(const char* from) {
  char to[1100];
  snprintf(to, sizeof to, "%s.moved", from);
  return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

long raise_limit() {
  const rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
  return syscall(SYS_prlimit64, 0, RLIMIT_CORE, &limit, nullptr);
}

long open_path(int flags) { return syscall(SYS_openat, AT_FDCWD, page->path, flags | O_CLOEXEC, 0600); }

long map_file() {
  const long file = open_path(O_RDONLY);
  return file < 0 ? file : syscall(SYS_mmap, nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
}

long with_path(ProbeAct act) {
  switch (act) {
    case ProbeAct::kOpenToRead: return open_path(O_RDONLY);
    case ProbeAct::kOpenToWrite: return open_path(O_WRONLY);
    case ProbeAct::kCreate: return open_path(O_WRONLY | O_CREAT | O_EXCL);
    case ProbeAct::kTruncate: return open_path(O_RDONLY | O_TRUNC);
    case ProbeAct::kRemove: return syscall(SYS_unlinkat, AT_FDCWD, page->path, 0);
    case ProbeAct::kRename: return rename_path(page->path);
    case ProbeAct::kMakeDirectory: return syscall(SYS_mkdirat, AT_FDCWD, page->path, 0700);
    case ProbeAct::kChangeMode: return syscall(SYS_fchmodat, AT_FDCWD, page->path, 0777, 0);
    default: return 0;
  }
}

long against_others(ProbeAct act, long parent) {
  switch (act) {
    case ProbeAct::kFork: return fork_once(SIGCHLD);
    case ProbeAct::kVfork: return fork_once(CLONE_VFORK | SIGCHLD);
    case ProbeAct::kThread: return start_thread();
    case ProbeAct::kExecute: return execute();
    case ProbeAct::kTraceParent: return syscall(SYS_ptrace, PTRACE_SEIZE, parent, nullptr, nullptr);
    case ProbeAct::kReadParentMemory: return read_memory_of(parent);
    case ProbeAct::kSignalParent: return syscall(SYS_kill, parent, 0);
    case ProbeAct::kSocketInet: return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
    case ProbeAct::kSocketUdp: return syscall(SYS_socket, AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
    case ProbeAct::kSocketMptcp: return syscall(SYS_socket, AF_INET, SOCK_STREAM, 262);
    case ProbeAct::kSocketUnix: return syscall(SYS_socket, AF_UNIX, SOCK_DGRAM, 0);
    case ProbeAct::kSocketNetlink: return syscall(SYS_socket, AF_NETLINK, SOCK_RAW, 0);
    case ProbeAct::kSocketPacket: return syscall(SYS_socket, AF_PACKET, SOCK_RAW, 0);
    case ProbeAct::kConnect: return connect_somewhere(SYS_connect);
    case ProbeAct::kBind: return connect_somewhere(SYS_bind);
    case ProbeAct::kListen: return syscall(SYS_listen, 0, 1);
    default: return with_path(act);
  }
}

long perform(ProbeAct act) {
  switch (act) {
    case ProbeAct::kMapCode: return map_memory(PROT_READ | PROT_EXEC);
    case ProbeAct::kMapFile: return map_file();
    case ProbeAct::kMakeCode: return make_code();
    case ProbeAct::kMount: return syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, nullptr);
    case ProbeAct::kSetUser: return syscall(SYS_setresuid, 0, 0, 0);
    case ProbeAct::kMemoryFile: return syscall(SYS_memfd_create, "x", 0);
    case ProbeAct::kLoadBpf: return syscall(SYS_bpf, 0, nullptr, 0);
    case ProbeAct::kUserFault: return syscall(SYS_userfaultfd, 0);
    case ProbeAct::kRing: return syscall(SYS_io_uring_setup, 1, nullptr);
    case ProbeAct::kNamespace: return syscall(SYS_unshare, CLONE_NEWUSER);
    case ProbeAct::kBeDumpable: return syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
    case ProbeAct::kRaiseLimit: return raise_limit();
    default: return against_others(act, syscall(SYS_getppid));
  }
}

[[noreturn]] void* serve(void*) {
  while (true) {
    const timespec pause{0, 1'000'000};
    nanosleep(&pause, nullptr);
    const std::uint32_t asked = page->asked;
    if (asked == seen) continue;
    seen = asked;
    errno = 0;
    const long result = perform(page->act);
    page->result = result < 0 ? -errno : result;
    page->answered = asked;
  }
}

/// What was asked before is of a process that it ended.
__attribute__((constructor)) void begin() {
  const char* name = getenv("SIGNET_SANDBOX_PROBE");
  if (name == nullptr) return;
  const int fd = open(name, O_RDWR | O_CLOEXEC);
  void* memory = mmap(nullptr, signet::test::kProbePageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) abort();
  close(fd);
  page = static_cast<ProbePage*>(memory);
  seen = page->asked;
  pthread_t thread;
  if (pthread_create(&thread, nullptr, reinterpret_cast<void* (*)(void*)>(&serve), nullptr) != 0) abort();
  ++page->processes;
}

}  // namespace
