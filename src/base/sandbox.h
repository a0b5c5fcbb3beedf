// What a process takes away from itself. docs/sandbox.md has it per process, for who reviews it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/landlock.h"
#include "signet/result.h"

namespace signet {

/// First thing in main() of every process of the daemon: no new privileges, not dumpable (so no ptrace by the same
/// user and no /proc/self/mem), no core file, umask 077, SIGPIPE ignored.
[[nodiscard]] Result<void> harden_process();

/// For the supervisor's children: a terminal's or service manager's signals reach the whole group, and the supervisor
/// alone decides when its children leave.
void leave_signals_to_the_supervisor() noexcept;

/// A process that is confined by lists of what it may do. Each starts from what all of them need: memory, time, reading
/// and writing what is open, leaving.
enum class SandboxRole : std::uint8_t {
  kFront,      ///< accepts connections. No file, no thread, no socket of its own making
  kIssuer,     ///< threads; reads and writes files
  kKeyholder,  ///< threads; opens files for reading; appends to what is open; and what its module needs
};

/// Whether a process may go on without Landlock.
enum class LandlockUse : std::uint8_t { kIfAvailable, kRequired };

/// What code a keyholder's module brings in once its token is open.
enum class LateCode : std::uint8_t {
  kNone,    ///< none: memory that could be executed is refused (EACCES)
  kLoaded,  ///< it maps code from files, as dlopen(3) does; memory that was written does not become executable
  kMade,    ///< it also writes code into memory and runs it
};

struct SandboxPlan {
  SandboxRole role = SandboxRole::kFront;
  PathRights paths = {};  ///< where; the role says how. A keyholder with writable paths may make and remove files there
  LandlockUse landlock = LandlockUse::kIfAvailable;
  std::uint64_t max_descriptors = 0;  ///< RLIMIT_NOFILE from now on, soft and hard; 0 = as it is
  // The rest is of a keyholder's module.
  bool unix_sockets = false;  ///< it connects to Unix sockets, wherever they are: Landlock has no rule for them
  LateCode late_code = LateCode::kNone;
  std::vector<std::string> system_calls =
      {};  ///< by name, with any argument; unknown names and never_calls() are errors
};

/// Takes everything away that `plan` does not have: files and TCP ports by Landlock (keep_only), memory that was
/// written and is to be executed, capabilities, and by a seccomp filter all system calls but those of the role: what is
/// not listed ends the process with SIGSYS. Holds for all threads and cannot be undone. Call it when everything has
/// been opened. The operations log has what the kernel could not do. Errors: kFailedPrecondition where there is no
/// Landlock, or a thread blocks the signal by which it is put on it, and it is required; what the kernel refused.
[[nodiscard]] Result<void> enter_sandbox(const SandboxPlan& plan);

/// The floor under all processes, for the supervisor, whose children inherit it and add their own: refuses (EPERM) what
/// no part of a certificate authority has a use for: tracing others, loading kernel code, mounting, namespaces,
/// keyrings, BPF, userfaultfd. A closed list of what is allowed would have to hold every call of every vendor's module.
/// Of capabilities it keeps those of keep_supervisor_capabilities().
[[nodiscard]] Result<void> enter_supervisor_sandbox();

}  // namespace signet
