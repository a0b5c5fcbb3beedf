// What the supervisor reads and opens before it starts anything.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "config/daemon_config.h"
#include "supervisor/child.h"

namespace signet {

/// The configuration and the policy, read once, checked, and frozen in sealed memory: every process and every restart
/// of it sees these bytes, whatever happens to the files meanwhile.
struct LoadedConfig {
  DaemonConfig config;
  std::string config_file;
  UniqueFd config_memory;
  UniqueFd policy_memory;
};

/// Errors: every complaint of both files, one line each.
[[nodiscard]] Result<LoadedConfig> load_configuration(const std::string& config_file);

/// A bound, listening TCP socket (close-on-exec, non-blocking).
[[nodiscard]] Result<UniqueFd> open_listener(const ListenAddress& address);
/// Where it listens, with the port the kernel chose.
[[nodiscard]] Result<std::string> address_of(const UniqueFd& listener);

/// The children in the order they are started: a keyholder per token, the issuer, the front. However often the issuer
/// is started again, it is told what the clocks said now.
[[nodiscard]] Result<std::vector<ChildPlan>> plan_children(const LoadedConfig& loaded, const UniqueFd& listener);

}  // namespace signet
