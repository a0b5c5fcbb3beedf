#include "base/trusted_clock.h"

#include <fmt/format.h>

namespace signet {

namespace {

constexpr std::chrono::milliseconds kRetryAfter{5000};

}  // namespace

ClockReference ClockReference::of(const Clock& clock) {
  // The clocks cannot be read at once. Whoever is stopped in between would see a jump that is none.
  for (int attempt = 0;; ++attempt) {
    const std::chrono::microseconds before = clock.monotonic();
    const Time wall = clock.now();
    const bool at_once = clock.monotonic() - before < std::chrono::milliseconds(100);
    if (at_once || attempt == 10) return {.wall = wall, .monotonic = before};
  }
}

Time TrustedClock::now() const {
  const ClockReference seen = ClockReference::of(machine_);
  const Time expected = reference_.wall + (seen.monotonic - reference_.monotonic);
  return seen.wall - expected > tolerance_ ? expected : seen.wall;
}

std::chrono::microseconds TrustedClock::offset() const {
  const ClockReference seen = ClockReference::of(machine_);
  return (seen.wall - reference_.wall) - (seen.monotonic - reference_.monotonic);
}

Result<void> TrustedClock::check() const {
  const std::chrono::microseconds away = offset();
  if (std::chrono::abs(away) <= tolerance_) return {};
  return fail_retryable(
      ErrorCode::kUnavailable,
      fmt::format("the machine's clock was set by {:.1f} s since the daemon started, and log.clock_tolerance is {}; "
                  "nothing is issued until it is set back or, if it is right now, signetd is restarted",
                  std::chrono::duration<double>(away).count(), format_duration(tolerance_)),
      kRetryAfter);
}

}  // namespace signet
