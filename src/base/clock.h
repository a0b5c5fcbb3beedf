// Time, as everything of this project reads it: by reference, so that tests can set it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "signet/result.h"

namespace signet {

/// UTC with the resolution the log has.
using Time = std::chrono::sys_time<std::chrono::microseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  /// The time of day (CLOCK_REALTIME). May jump. Thread-safe.
  [[nodiscard]] virtual Time now() const = 0;
  /// Time since some fixed moment of this boot (CLOCK_BOOTTIME). Never goes back. Thread-safe.
  [[nodiscard]] virtual std::chrono::microseconds monotonic() const = 0;
};

/// The machine's clock. Lives as long as the process.
[[nodiscard]] const Clock& system_clock();

/// The last one that RFC 3339 can say. What comes from outside and is later is refused where it is read.
inline constexpr Time kLatestTime =
    std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1) - std::chrono::microseconds(1);

/// RFC 3339 in UTC with six digits: "2026-01-02T03:04:05.000006Z", of years up to 9999. parse_rfc3339 takes
/// exactly that form.
[[nodiscard]] std::string to_rfc3339(Time time);
[[nodiscard]] Result<Time> parse_rfc3339(std::string_view text);

/// A duration as people write it: digits and one unit of s, m, h, d, w, y (365 days): "90d", "5m". At most 200 years.
[[nodiscard]] Result<std::chrono::seconds> parse_duration(std::string_view text);
/// The shortest exact form that parse_duration takes: 7776000 s is "90d".
[[nodiscard]] std::string format_duration(std::chrono::seconds duration);

/// As these two, with one unit more: ms.
[[nodiscard]] Result<std::chrono::milliseconds> parse_fine_duration(std::string_view text);
[[nodiscard]] std::string format_fine_duration(std::chrono::milliseconds duration);

}  // namespace signet
