// What the supervisor reads and opens before it starts anything.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/file.h"
#include "config/daemon_config.h"
#include "supervisor/child.h"
#include "supervisor/users.h"

namespace signet {

/// What requests are judged by, frozen in sealed memory: what a reload exchanges, all of it or nothing.
struct FrozenRules {
  UniqueFd policy;
  UniqueFd blocked_keys;  ///< not valid where none are configured
  Sha256 policy_sha256{};
};

/// An HSM profile, frozen likewise. Another one needs another start of signetd, as another configuration does.
struct FrozenProfile {
  UniqueFd memory;
  Sha256 sha256{};
  bool unix_sockets = false;  ///< its module connects to some
};

/// The configuration, the policy and the HSM profiles, checked, and frozen in sealed memory: every process and every
/// restart of it sees these bytes, whatever happens to the files meanwhile.
struct LoadedConfig {
  DaemonConfig config;
  std::string config_file;
  ChildUsers users;
  UniqueFd config_memory;
  std::map<std::string, FrozenProfile> profiles;  ///< by token
  FrozenRules rules;
};

/// Errors: every complaint of the configuration, or those of load_rules().
[[nodiscard]] Result<LoadedConfig> load_configuration(const std::string& config_file);

/// Reads the policy and the list of blocked keys that `config` names, and checks them with it. Errors: every complaint
/// of both, one line each.
[[nodiscard]] Result<FrozenRules> load_rules(const DaemonConfig& config);

/// What travels with the issuer's Start: configuration, policy, and where there is one the list of blocked keys. They
/// stay those of `loaded`.
[[nodiscard]] std::vector<int> issuer_descriptors(const LoadedConfig& loaded);
/// What travels with Reload: the same without the configuration.
[[nodiscard]] std::vector<int> descriptors_of(const FrozenRules& rules);

/// A bound, listening TCP socket (close-on-exec, non-blocking).
[[nodiscard]] Result<UniqueFd> open_listener(const ListenAddress& address);
/// Where it listens, with the port the kernel chose.
[[nodiscard]] Result<std::string> address_of(const UniqueFd& listener);

/// The children in the order they are started: a keyholder per token, the issuer, the front. However often the issuer
/// is started again, it is told what the clocks said now.
[[nodiscard]] Result<std::vector<ChildPlan>> plan_children(const LoadedConfig& loaded, const UniqueFd& listener);

}  // namespace signet
