// The machine's clock, as far as it is believed.
#pragma once

#include "base/clock.h"

namespace signet {

/// What both clocks said at one moment that is believed: at the start of the daemon.
struct ClockReference {
  Time wall;
  std::chrono::microseconds monotonic{0};
  [[nodiscard]] static ClockReference of(const Clock& clock);
};

/// Compares the machine's clock with where it would be had it run on since a reference. Both clocks follow the same
/// corrections of speed (NTP), so their distance changes only when somebody sets the clock, or a leap second is stepped
/// over. Thread-safe.
class TrustedClock final : public Clock {
 public:
  /// `machine` outlives it. `tolerance` is how far it may be set in either direction.
  TrustedClock(const Clock& machine, ClockReference reference, std::chrono::seconds tolerance)
      : machine_(machine), reference_(reference), tolerance_(tolerance) {}

  /// The machine's time of day. While that is further ahead than the tolerance: the reference and what has passed
  /// since. So one jump into the future does not date what is written into it.
  [[nodiscard]] Time now() const override;
  [[nodiscard]] std::chrono::microseconds monotonic() const override { return machine_.monotonic(); }

  /// By how much the machine's clock was set since the reference; forwards is positive.
  [[nodiscard]] std::chrono::microseconds offset() const;
  /// Whether that is within the tolerance. Error kUnavailable, retryable.
  [[nodiscard]] Result<void> check() const;

 private:
  const Clock& machine_;
  const ClockReference reference_;
  const std::chrono::seconds tolerance_;
};

}  // namespace signet
