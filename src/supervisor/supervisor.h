// Starts the daemon's processes, joins them by socket pairs, restarts what dies and ends them in order.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "config/daemon_config.h"
#include "supervisor/child.h"
#include "supervisor/inherited.h"

namespace signet {

struct SupervisorOptions {
  std::string config_file;
  std::string ready_file;  ///< written when all processes are ready, or wait for an operator:
                           ///< {"pid":...,"address":"..."}; empty = none
};

/// Reads and checks configuration and policy, says every complaint there is, and starts nothing.
[[nodiscard]] Result<void> check_configuration(const std::string& config_file);

/// Runs the daemon until SIGTERM or SIGINT; returns when every process has left. Blocks SIGTERM, SIGINT and SIGCHLD in
/// this (single-threaded) process. PINs may come from `inherited`. Errors: what kept it from starting.
[[nodiscard]] Result<void> run_daemon(const SupervisorOptions& options, InheritedDescriptors inherited);

}  // namespace signet
