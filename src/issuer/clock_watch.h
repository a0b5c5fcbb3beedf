// Whether the machine's clock is set while the daemon runs.
#pragma once

#include <chrono>

#include "base/trusted_clock.h"

namespace signet {

/// Looks for jumps of the machine's clock. Not thread-safe.
class ClockWatch {
 public:
  /// What is more than this is a jump.
  static constexpr std::chrono::microseconds kJump = std::chrono::seconds(1);

  struct Look {
    std::chrono::microseconds jump{0};    ///< since the last look; forwards is positive; less than kJump is 0
    std::chrono::microseconds offset{0};  ///< since the clock's reference
  };

  /// `clock` outlives the watch. The first look is compared with its reference.
  explicit ClockWatch(const TrustedClock& clock) : clock_(clock) {}

  /// Small steps add up until they are a jump.
  [[nodiscard]] Look look() {
    const std::chrono::microseconds offset = clock_.offset();
    Look seen{.jump = offset - last_, .offset = offset};
    if (std::chrono::abs(seen.jump) <= kJump) {
      seen.jump = std::chrono::microseconds(0);
    } else {
      last_ = offset;
    }
    return seen;
  }

 private:
  const TrustedClock& clock_;
  std::chrono::microseconds last_{0};
};

}  // namespace signet
