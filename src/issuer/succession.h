// One log after another: the store that knows all of them, and the end of the one before.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/daemon_config.h"
#include "issuer/log_parts.h"
#include "store/store.h"

namespace signet {

/// Told how far the store is with one of the logs.
using LogProgress = std::function<void(const std::string& directory, std::uint64_t done, std::uint64_t of)>;

/// Brings the store up to date with the own log, `own`, after its predecessor where that is needed and configured, and
/// after `older` logs (folders, the oldest first). A predecessor that the store has seen the end of is not looked at.
/// An own log that is empty is left to end_predecessor(). Errors: those of catch_up(); kFailedPrecondition when the own
/// log does not go on from the configured predecessor, or cannot begin because the store has another log that is not
/// configured as its predecessor.
[[nodiscard]] Result<void> catch_up_logs(const DaemonConfig& config, const log::EntryLog& own, Store& store,
                                         const Clock& clock, const std::vector<std::string>& older = {},
                                         const LogProgress& progress = {});

/// Everything outlives the call.
struct SuccessionWorld {
  const DaemonConfig& config;
  const Keyholders& keyholders;
  Store& store;
  const Clock& clock;
  const log::NoteVerifier& successor;
};

/// Ends the predecessor's log for the successor, and returns what the successor's genesis says of it: it is recovered,
/// the store caught up, its keyholder's memory compared, its open intents closed, its key retired, `sealed` appended, a
/// last checkpoint signed. It may be from the future: then the clock was wrong when it was written. Each step that was
/// done already, before a crash, is left out. Errors: those of the steps; kFailedPrecondition when the predecessor is
/// empty or sealed for another successor; kUnavailable when its key cannot sign the last checkpoint.
[[nodiscard]] Result<log::Predecessor> end_predecessor(const PredecessorConfig& predecessor,
                                                       const SuccessionWorld& world);

/// A log that is sealed takes no more entries: error kFailedPrecondition naming its successor.
[[nodiscard]] Result<void> check_not_sealed(const LogParts& log);

}  // namespace signet
