#include "supervisor/plan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/trusted_clock.h"

namespace signet {
namespace {

TEST(Listener, PortZeroBecomesTheOneTheKernelChose) {
  const auto listener = open_listener({.host = "127.0.0.1", .port = 0});
  ASSERT_TRUE(listener.has_value()) << listener.error().message;
  const auto address = address_of(*listener);
  ASSERT_TRUE(address.has_value());
  EXPECT_TRUE(address->starts_with("127.0.0.1:"));
  EXPECT_NE(*address, "127.0.0.1:0");
}

TEST(Listener, AnAddressInUseIsAnErrorThatNamesIt) {
  const auto first = open_listener({.host = "127.0.0.1", .port = 0});
  ASSERT_TRUE(first.has_value());
  const auto taken = parse_listen_address(address_of(*first).value());
  const auto second = open_listener(taken.value());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().field, "listen.address");
  EXPECT_NE(second.error().message.find(taken->text()), std::string::npos) << second.error().message;
}

TEST(Plan, TheIssuerIsToldWhatTheClocksSaidWhenTheDaemonStarted) {
  const LoadedConfig loaded;
  const UniqueFd listener;
  const ClockReference before = ClockReference::of(system_clock());
  const auto plans = plan_children(loaded, listener);
  ASSERT_TRUE(plans.has_value()) << plans.error().message;
  const auto issuer = std::ranges::find(*plans, "signet-issuer", &ChildPlan::process);
  ASSERT_NE(issuer, plans->end());
  const internal::ClockReference& clock = issuer->start.clock();
  EXPECT_GE(clock.monotonic_micros(), before.monotonic.count());
  EXPECT_GE(clock.wall_micros(), before.wall.time_since_epoch().count());
  EXPECT_LE(clock.wall_micros(), system_clock().now().time_since_epoch().count());
}

}  // namespace
}  // namespace signet
