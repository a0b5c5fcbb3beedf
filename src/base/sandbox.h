// What a process takes away from itself.
#pragma once

#include <string_view>
#include <vector>

#include "signet/result.h"

namespace signet {

/// First thing in main() of every process of the daemon: no new privileges, not dumpable (so no ptrace by the same
/// user and no /proc/self/mem), no core file, umask 077, SIGPIPE ignored.
[[nodiscard]] Result<void> harden_process();

/// For the supervisor's children: a terminal's or service manager's signals reach the whole group, and the supervisor
/// alone decides when its children leave.
void leave_signals_to_the_supervisor() noexcept;

/// What a role needs beside the calls every process needs (memory, threads, time, reading and writing what is open,
/// leaving).
enum class SandboxNeed {
  kReadFiles,      ///< open files for reading and look at them (a vendor module's token folder)
  kAppendToFiles,  ///< write at a place of an open file and sync it (a journal)
  kWriteFiles,     ///< also create, write, lock, rename, remove and sync files (log, store)
  kAcceptSockets,  ///< accept TCP connections and set their options (the front)
};

/// Installs the seccomp filter: what is not listed ends the process with SIGSYS. Applies to all threads, cannot be
/// undone. Call it when everything has been opened.
[[nodiscard]] Result<void> enter_sandbox(const std::vector<SandboxNeed>& needs);

/// The floor under all processes, for the supervisor, whose children inherit it and add their own: refuses (EPERM) what
/// no part of a certificate authority has a use for: tracing others, loading kernel code, mounting, namespaces,
/// keyrings, BPF, userfaultfd. A closed list of what is allowed would have to hold every call of every vendor's module.
[[nodiscard]] Result<void> enter_supervisor_sandbox();

}  // namespace signet
