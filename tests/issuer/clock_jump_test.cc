// The machine's clock jumps while the daemon runs: what is issued, what is logged, and that the daemon starts again.
#include <gmock/gmock.h>

#include "issuer/process_harness.h"
#include "support/command.h"

namespace signet::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class ClockJump : public IssuerTest {
 protected:
  /// signetd started when the clock stood ten minutes behind where it stands now: it was set meanwhile.
  void jump() {
    const ClockReference now = ClockReference::of(system_clock());
    installation_.clock = ClockReference{.wall = now.wall - 10min, .monotonic = now.monotonic};
  }
  void expect_refused() {
    // Its own clock is no better than the daemon's, and the daemon's counts.
    const v1::Response response = front_->ask(chain_of({&installation_.payments}),
                                              signed_envelope(installation_.payments, v1::METHOD_ISSUE,
                                                              issue_payload("key-1"), system_clock().now() - 10min));
    EXPECT_EQ(code_of(response), ErrorCode::kUnavailable) << response.error().message();
    EXPECT_THAT(response.error().message(), HasSubstr("was set by 600."));
  }
};

TEST_F(ClockJump, OnlyARestartOfSignetdAcceptsTheClock) {
  jump();
  start();
  expect_refused();
  issuer_->kill_now();  // signetd starts it again with the same reference
  start();
  expect_refused();
  stop();
  installation_.clock.reset();
  start();
  EXPECT_FALSE(issue("key-2").certificate().empty());
}

TEST_F(ClockJump, DatesNothingIntoTheFutureAndLocksNobodyOut) {
  jump();
  start();
  ASSERT_TRUE(eventually([&] { return !of_type(installation_.entries(), "clock").empty(); }));
  stop();
  for (const log::Entry& entry : installation_.closed_log())
    EXPECT_LT(log::read_time(entry).value(), system_clock().now() - 5min) << entry.type;
}

}  // namespace
}  // namespace signet::test
