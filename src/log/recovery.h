// What is done to the file of entries before anything is appended to it. Internal to log.
#pragma once

#include <optional>
#include <string>

#include "log/entry_log.h"
#include "log/extent.h"

namespace signet::log {

struct Examined {
  Extent extent;                  ///< the whole frames
  std::optional<Time> last_time;  ///< of the last entry; nothing when there is none
  std::uint64_t rest_bytes = 0;   ///< behind them, up to the last that is not zero
};

/// Makes what stands in the file durable and reads its entries from the mark on (all of them where there is no mark or
/// it does not fit). `path` is the name of `fd`. Errors as EntryLog::open.
[[nodiscard]] Result<Examined> examine(int fd, const std::string& path, const std::optional<Mark>& mark, FileOps& ops);

/// Cuts what stands behind the entries, after saving it beside.
[[nodiscard]] Result<Recovery> recover(int fd, const std::string& path, const Examined& examined, FileOps& ops);

}  // namespace signet::log
