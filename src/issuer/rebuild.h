// signet-issuer --rebuild-store: the store, made again from the log.
#pragma once

#include <string>
#include <vector>

#include "signet/result.h"

namespace signet {

struct RebuildOptions {
  std::string config_file = "/etc/signet/signet.toml";
  std::vector<std::string> older_logs;  ///< folders of logs before the configured predecessor, the oldest first
  bool force = false;                   ///< also where the old store knows what the logs do not have
};

/// Makes a new store beside the one there is, from every entry of the log and its predecessors, and then puts it into
/// its place. Progress goes to standard error. Whatever fails, the old store is as it was: the new one takes its name
/// in one step. Errors: kFailedPrecondition while a daemon runs; kDataLoss when the old store knows entries that the
/// logs do not have (an older copy of a log was put back), unless forced; those of the log.
[[nodiscard]] Result<void> rebuild_store(const RebuildOptions& options);

}  // namespace signet
