// A log is opened with the limits of the configuration.
#include "issuer/log_parts.h"

#include <gmock/gmock.h>

#include "issuer/published_log.h"

namespace signet::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// A log whose last entry is two minutes later than the clock.
class LogFromTheFuture : public testing::Test {
 protected:
  LogFromTheFuture() {
    clock_.set(2min);
    const auto log = log::EntryLog::open(directory(), clock_).value();
    const auto store = Store::open(directory_ / "store.sqlite").value();
    EXPECT_TRUE(log->start(*store).has_value());
    EXPECT_TRUE(log->append(log::genesis_draft({.origin = "ca.example/test", .log_key = "k", .version = "1"})));
    clock_.set(-2min);
  }
  [[nodiscard]] std::string directory() const { return directory_ / "log"; }

  TempDirectory directory_;
  FakeClock clock_;
  DaemonConfig config_;
};

TEST_F(LogFromTheFuture, IsOpenedWithinTheConfiguredTolerance) {
  config_.log.clock_tolerance = 119s;
  const auto refused = open_entries(config_, directory(), clock_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(refused.error().message, HasSubstr("[log.predecessor]"));
  config_.log.clock_tolerance = 121s;
  EXPECT_TRUE(open_entries(config_, directory(), clock_).has_value());
}

TEST_F(LogFromTheFuture, IsTakenWhereItIsToEnd) {
  config_.log.clock_tolerance = 1s;
  EXPECT_TRUE(open_entries(config_, directory(), clock_, FromTheFuture::kTaken).has_value());
}

}  // namespace
}  // namespace signet::test
