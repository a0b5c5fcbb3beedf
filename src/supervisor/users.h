// As whom the children run, and what each user owns of the state folder.
#pragma once

#include <optional>

#include "base/privileges.h"
#include "config/daemon_config.h"

namespace signet {

struct LoadedConfig;

/// Nothing = as whoever started signetd.
struct ChildUsers {
  std::optional<ProcessUser> front;
  std::optional<ProcessUser> issuer;
  std::optional<ProcessUser> keyholder;
};

/// Those of [run]. Errors: a user that is not there, or is root, or has another one's uid.
[[nodiscard]] Result<ChildUsers> find_child_users(const RunConfig& run);

/// Whether signetd as this user can and may start such children. Errors (kFailedPrecondition, with field): it is root,
/// no users are named, and run.allow_root is not set; the same with it set, and a module connects to Unix sockets, for
/// then it reaches everything on the machine that listens for root (by the profiles as they are frozen in `loaded`);
/// users are named, and it is not root.
[[nodiscard]] Result<void> check_may_run(const LoadedConfig& loaded, uid_t user);

/// Where users are named: makes what is missing of the state folder (root's, everyone may look into it) and of the
/// folders in it, each its process's own and nobody else's (0700). Errors: a folder belongs to somebody else, with the
/// command that changes it; it is a symbolic link, or no folder.
[[nodiscard]] Result<void> prepare_state(const DaemonConfig& config, const ChildUsers& users);

}  // namespace signet
