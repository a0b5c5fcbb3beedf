#include "base/trusted_clock.h"

#include <gtest/gtest.h>

namespace signet {
namespace {

using namespace std::chrono_literals;

class SetClock : public Clock {
 public:
  [[nodiscard]] Time now() const override { return now_; }
  [[nodiscard]] std::chrono::microseconds monotonic() const override { return monotonic_; }
  void advance(std::chrono::microseconds by) {
    now_ += by;
    monotonic_ += by;
  }
  void set(std::chrono::microseconds by) { now_ += by; }

 private:
  Time now_{parse_rfc3339("2026-01-02T12:00:00.000000Z").value()};
  std::chrono::microseconds monotonic_{5s};
};

class TrustedClockTest : public testing::Test {
 protected:
  SetClock machine_;
  const Time noon_ = machine_.now();
  const TrustedClock clock_{machine_, ClockReference::of(machine_), 60s};
};

TEST_F(TrustedClockTest, FollowsTheMachineWithinTheTolerance) {
  machine_.advance(24h);
  EXPECT_EQ(clock_.now(), noon_ + 24h);
  machine_.set(60s);
  EXPECT_EQ(clock_.now(), noon_ + 24h + 60s);
  EXPECT_EQ(clock_.offset(), 60s);
  EXPECT_TRUE(clock_.check().has_value());
  EXPECT_EQ(clock_.monotonic(), machine_.monotonic());
}

TEST_F(TrustedClockTest, RunsOnByItselfWhileTheMachineIsTooFarAhead) {
  machine_.set(24h * 365);
  machine_.advance(10s);
  EXPECT_EQ(clock_.now(), noon_ + 10s);
  EXPECT_EQ(clock_.offset(), 24h * 365);
  const auto checked = clock_.check();
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(checked.error().retryable);
  machine_.set(-24h * 365 + 1s);
  EXPECT_EQ(clock_.now(), noon_ + 11s) << "right again, and followed";
  EXPECT_TRUE(clock_.check().has_value());
}

TEST_F(TrustedClockTest, AClockThatWasSetBackIsNotWrittenIntoTheFutureOfItself) {
  machine_.set(-61s);
  EXPECT_EQ(clock_.now(), noon_ - 61s);
  EXPECT_FALSE(clock_.check().has_value());
}

}  // namespace
}  // namespace signet
