// How long the whole daemon takes to start on a long log.
#pragma once

#include <cstdint>

namespace signet::bench {

struct StartTimes {
  double first_seconds = 0;        ///< store, tiles and checkpoint are made of entries that are new to them
  double after_crash_seconds = 0;  ///< all processes were killed under load; until a client can be served
  /// As that, and the store has lost its write-ahead log, which it does not sync for each certificate: it is behind the
  /// log's mark, as after a power cut.
  double after_power_cut_seconds = 0;
  std::uint64_t lost_bytes = 0;  ///< of the store's write-ahead log
};

/// Makes a CA with SoftHSM, lets its daemon begin a log, lengthens that to so many entries, and starts it again and
/// again. Throws std::runtime_error.
[[nodiscard]] StartTimes measure_daemon_start(std::uint64_t entries);

}  // namespace signet::bench
