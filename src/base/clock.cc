#include "base/clock.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <ctime>

namespace signet {

namespace {

std::chrono::microseconds read_clock(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return std::chrono::seconds(now.tv_sec) +
         std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::nanoseconds(now.tv_nsec));
}

class SystemClock final : public Clock {
 public:
  Time now() const override { return Time(read_clock(CLOCK_REALTIME)); }
  std::chrono::microseconds monotonic() const override { return read_clock(CLOCK_BOOTTIME); }
};

/// Digits only, all of them; nothing else.
template <class T>
bool parse_digits(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty() && text[0] != '-';
}

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

std::string to_rfc3339(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

Result<Time> parse_rfc3339(std::string_view text) {
  const auto invalid = [&] {
    return fail(ErrorCode::kInvalidArgument, "not a time of the form 2026-01-02T03:04:05.000006Z");
  };
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  std::array<int, 4> clock{};  // hours, minutes, seconds, microseconds
  if (text.size() != 27) return invalid();
  const bool digits = parse_digits(text.substr(0, 4), year) && parse_digits(text.substr(5, 2), month) &&
                      parse_digits(text.substr(8, 2), day) && parse_digits(text.substr(11, 2), clock[0]) &&
                      parse_digits(text.substr(14, 2), clock[1]) && parse_digits(text.substr(17, 2), clock[2]) &&
                      parse_digits(text.substr(20, 6), clock[3]);
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  if (!digits || !date.ok() || clock[0] > 23 || clock[1] > 59 || clock[2] > 59) return invalid();
  const Time time = std::chrono::sys_days(date) + std::chrono::hours(clock[0]) + std::chrono::minutes(clock[1]) +
                    std::chrono::seconds(clock[2]) + std::chrono::microseconds(clock[3]);
  if (to_rfc3339(time) != text) return invalid();  // settles every separator
  return time;
}

namespace {

struct Unit {
  char letter;
  std::int64_t seconds;
};
constexpr std::array<Unit, 6> kUnits{
    {{'y', 31'536'000}, {'w', 604'800}, {'d', 86'400}, {'h', 3'600}, {'m', 60}, {'s', 1}}};
constexpr std::int64_t kMaxSeconds = 200 * kUnits[0].seconds;

}  // namespace

Result<std::chrono::seconds> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  for (const Unit& unit : kUnits) {
    if (text.empty() || text.back() != unit.letter || !parse_digits(text.substr(0, text.size() - 1), count)) continue;
    if (count > kMaxSeconds / unit.seconds) break;
    return std::chrono::seconds(count * unit.seconds);
  }
  return fail(ErrorCode::kInvalidArgument,
              "a duration is a whole number and one unit of s, m, h, d, w, y, such as \"90d\", and at most \"200y\"");
}

std::string format_duration(std::chrono::seconds duration) {
  for (const Unit& unit : kUnits) {
    if (unit.letter == 'y' || unit.letter == 'w') continue;  // exact, but nobody says 52w for 364d
    if (duration.count() != 0 && duration.count() % unit.seconds == 0) {
      return fmt::format("{}{}", duration.count() / unit.seconds, unit.letter);
    }
  }
  return "0s";
}

Result<std::chrono::milliseconds> parse_fine_duration(std::string_view text) {
  constexpr std::string_view kUnit = "ms";
  std::int64_t count = 0;
  if (text.ends_with(kUnit) && parse_digits(text.substr(0, text.size() - kUnit.size()), count)) {
    if (count <= kMaxSeconds) return std::chrono::milliseconds(count);
    return fail(ErrorCode::kInvalidArgument, fmt::format("so long a duration is not written in {}", kUnit));
  }
  SIGNET_TRY(const std::chrono::seconds whole, parse_duration(text));
  return std::chrono::milliseconds(whole);
}

std::string format_fine_duration(std::chrono::milliseconds duration) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(duration);
  return whole == duration ? format_duration(whole) : fmt::format("{}ms", duration.count());
}

}  // namespace signet
