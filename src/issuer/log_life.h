// The entries with which a log begins and a process's part of it begins and ends.
#pragma once

#include <optional>

#include "config/daemon_config.h"
#include "issuer/log_parts.h"
#include "store/store.h"

namespace signet {

/// Appends `genesis` to a log that is empty: it commits to the ceremony's transcript (log.ceremony), the policy and the
/// configuration, and to the predecessor's last checkpoint.
[[nodiscard]] Result<void> begin_log(const LogParts& log, const DaemonConfig& config, const Sha256& policy_sha256,
                                     std::optional<log::Predecessor> predecessor);

/// `start`, with what recovery cut, and `stop`.
[[nodiscard]] Result<void> append_process(log::EntryLog& log, log::ProcessEvent event);

/// How a change of the settings came: `approved_by` of its entry.
inline constexpr std::string_view kByRestart = "restart";
inline constexpr std::string_view kByReload = "reload";

/// Appends `config` for what is another one than the log knows (the store says).
[[nodiscard]] Result<void> append_changed_settings(log::EntryLog& log, const Store& store, const KnownSettings& now,
                                                   std::string_view approved_by);

}  // namespace signet
