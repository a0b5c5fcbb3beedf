#include "base/clock.h"

#include <gtest/gtest.h>

namespace signet {
namespace {

using namespace std::chrono_literals;

TEST(Rfc3339, WritesUtcWithMicroseconds) {
  EXPECT_EQ(to_rfc3339(Time{}), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(to_rfc3339(Time(1'767'323'045'000'006us)), "2026-01-02T03:04:05.000006Z");
  EXPECT_EQ(to_rfc3339(Time(-1us)), "1969-12-31T23:59:59.999999Z");
}

TEST(Rfc3339, ReadsWhatItWrites) {
  for (const auto micros : {0L, 1'767'323'045'000'006L, 4'102'444'800'999'999L, -86'400'000'000L}) {
    const Time time{std::chrono::microseconds(micros)};
    EXPECT_EQ(parse_rfc3339(to_rfc3339(time)).value(), time);
  }
}

TEST(Rfc3339, RefusesEveryOtherForm) {
  for (const char* text :
       {"", "2026-01-02T03:04:05Z", "2026-01-02 03:04:05.000006Z", "2026-01-02t03:04:05.000006Z",
        "2026-02-30T03:04:05.000006Z", "2026-01-02T24:00:00.000000Z", "2026-01-02T03:04:60.000000Z",
        "2026-01-02T03:04:05.000006+", "2026-01-02T03:04:05.+00006Z", "2026-01-02T-1:04:05.000006Z"}) {
    EXPECT_FALSE(parse_rfc3339(text).has_value()) << text;
  }
}

TEST(Duration, ReadsOneNumberAndOneUnit) {
  EXPECT_EQ(parse_duration("0s").value(), 0s);
  EXPECT_EQ(parse_duration("5m").value(), 5min);
  EXPECT_EQ(parse_duration("90d").value(), 90 * 24h);
  EXPECT_EQ(parse_duration("2w").value(), 14 * 24h);
  EXPECT_EQ(parse_duration("1y").value(), 365 * 24h);
  for (const char* text : {"", "d", "5", "5 m", "-5m", "+5m", "1h30m", "5M", "1.5h", "201y", "99999999999999999999s",
                           "9223372036854775807y"}) {
    EXPECT_FALSE(parse_duration(text).has_value()) << text;
  }
}

TEST(Duration, WritesTheLargestExactUnit) {
  EXPECT_EQ(format_duration(0s), "0s");
  EXPECT_EQ(format_duration(90s), "90s");
  EXPECT_EQ(format_duration(5min), "5m");
  EXPECT_EQ(format_duration(398 * 24h), "398d");
  EXPECT_EQ(parse_duration(format_duration(123'456s)).value(), 123'456s);
}

TEST(Duration, IsReadAndWrittenInMillisecondsToo) {
  EXPECT_EQ(parse_fine_duration("250ms").value(), 250ms);
  EXPECT_EQ(parse_fine_duration("0ms").value(), 0ms);
  EXPECT_EQ(parse_fine_duration("5m").value(), 5min);
  for (const char* text : {"", "ms", "-1ms", "1.5ms", "1 ms", "1msms", "1m5ms", "99999999999ms", "1us"}) {
    EXPECT_FALSE(parse_fine_duration(text).has_value()) << text;
  }
  EXPECT_EQ(format_fine_duration(250ms), "250ms");
  EXPECT_EQ(format_fine_duration(1500ms), "1500ms");
  EXPECT_EQ(format_fine_duration(60'000ms), "1m");
  EXPECT_EQ(format_fine_duration(0ms), "0s");
}

}  // namespace
}  // namespace signet
