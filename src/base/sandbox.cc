#include "base/sandbox.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "base/ops_log.h"
#include "base/privileges.h"
#include "base/sanitizers.h"
#include "base/seccomp.h"

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

// <linux/prctl.h> of Linux 6.3
constexpr int kSetMemoryDenyWriteExecute = 65;
constexpr unsigned long kRefuseToBecomeExecutable = 1;

// A version of Landlock that knows all that PathRights can say, and truncation.
constexpr int kCompleteLandlock = 6;

/// Missing in older kernels (EINVAL). There the filters have it for all but a keyholder whose module loads code: they
/// cannot tell code of a file from code that was written.
Result<void> refuse_made_code(LateCode late_code) {
  if (prctl(kSetMemoryDenyWriteExecute, kRefuseToBecomeExecutable, 0UL, 0UL, 0UL) == 0) return {};
  if (errno != EINVAL) return fail_errno(errno, "prctl(PR_SET_MDWE)");
  if (late_code == LateCode::kLoaded) {
    ops::warning(
        "this kernel has no PR_SET_MDWE (Linux 6.3): a module with loads_code can also run what it wrote into memory");
  }
  return {};
}

Result<void> limit_descriptors(std::uint64_t most) {
  if (most == 0) return {};
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return fail_errno(errno, "getrlimit(RLIMIT_NOFILE)");
  limit.rlim_max = std::min<rlim_t>(limit.rlim_max, most);
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return fail_errno(errno, "setrlimit(RLIMIT_NOFILE)");
  return {};
}

/// The run-time library of sanitizers looks at what is mapped, and names what it found.
PathRights with_sanitizers_paths(PathRights rights) {
#if defined(SIGNET_ADDRESS_SANITIZER) || defined(SIGNET_THREAD_SANITIZER)
  rights.readable.insert(rights.readable.end(), {"/proc", "/usr", "/lib", "/lib64", "/etc"});
#endif
  return rights;
}

Result<void> use_landlock(const SandboxPlan& plan) {
  const int abi = landlock_abi();
  if (abi == 0 && plan.landlock == LandlockUse::kRequired) {
    return fail(ErrorCode::kFailedPrecondition,
                "this kernel has no Landlock, and run.landlock is \"required\"; switch it on (kernel parameter "
                "lsm=landlock,...; containers must allow its system calls), or set \"if-available\"",
                "run.landlock");
  }
  if (abi == 0)
    ops::warning("this kernel has no Landlock: files and ports are fenced by users, modes and seccomp only");
  else if (abi < kCompleteLandlock)
    ops::warning("this kernel's Landlock does not know all that is asked of it", {{"abi", std::to_string(abi)}});
  auto kept = keep_only(with_sanitizers_paths(plan.paths));
  const bool one_is_left = !kept.has_value() && kept.error().code == ErrorCode::kFailedPrecondition;
  if (!one_is_left || plan.landlock == LandlockUse::kRequired) return kept;
  ops::warning("a thread of the vendor's module cannot be confined by Landlock", {{"why", kept.error().message}});
  return {};
}

}  // namespace

Result<void> enter_sandbox(const SandboxPlan& plan) {
  SIGNET_CHECK(limit_descriptors(plan.max_descriptors));
  SIGNET_CHECK(use_landlock(plan));
  if (plan.late_code != LateCode::kMade) SIGNET_CHECK(refuse_made_code(plan.late_code));
  if (!drop_capabilities()) return fail_errno(errno, "the capabilities could not be dropped");
  return install_filter(plan);
}

Result<void> enter_supervisor_sandbox() {
  SIGNET_CHECK(keep_supervisor_capabilities());
  return install_floor();
}

}  // namespace signet
