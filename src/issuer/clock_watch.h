// Whether the machine's clock is set while the daemon runs.
#pragma once

#include <chrono>

#include "base/clock.h"

namespace signet {

/// Compares the wall clock with the monotonic one. Both follow the same corrections of speed (NTP), so their distance
/// changes only when somebody sets the clock, or a leap second is stepped over. Not thread-safe.
class ClockWatch {
 public:
  /// What is more than this is a jump.
  static constexpr std::chrono::microseconds kJump = std::chrono::seconds(1);

  struct Look {
    std::chrono::microseconds jump{0};    ///< since the last look; forwards is positive; less than kJump is 0
    std::chrono::microseconds offset{0};  ///< since the watch was made
  };

  /// `clock` outlives the watch.
  explicit ClockWatch(const Clock& clock) : clock_(clock), first_(distance()), last_(first_) {}

  /// Small steps add up until they are a jump.
  [[nodiscard]] Look look() {
    const std::chrono::microseconds now = distance();
    Look seen{.jump = now - last_, .offset = now - first_};
    if (std::chrono::abs(seen.jump) <= kJump) {
      seen.jump = std::chrono::microseconds(0);
    } else {
      last_ = now;
    }
    return seen;
  }

 private:
  [[nodiscard]] std::chrono::microseconds distance() const {
    // The clocks cannot be read at once. Whoever is stopped in between would see a jump that is none.
    for (int attempt = 0;; ++attempt) {
      const std::chrono::microseconds before = clock_.monotonic();
      const Time wall = clock_.now();
      const bool at_once = clock_.monotonic() - before < std::chrono::milliseconds(100);
      if (at_once || attempt == 10) return wall.time_since_epoch() - before;
    }
  }

  const Clock& clock_;
  std::chrono::microseconds first_;
  std::chrono::microseconds last_;
};

}  // namespace signet
