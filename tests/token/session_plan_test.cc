#include "token/session_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TokenInfo with_room(std::optional<std::uint64_t> most, std::uint64_t open) {
  TokenInfo token;
  token.label = "t";
  token.sessions = {.most = most, .open = open};
  return token;
}

SessionPlan planned(const TokenInfo& token, const SessionBounds& bounds) {
  const auto plan = plan_sessions(token, bounds);
  EXPECT_TRUE(plan.has_value()) << plan.error().message;
  return plan.value_or(SessionPlan{.workers = 0});
}

TEST(SessionPlan, GivesAllThatAreWantedWhereNothingLimitsThem) {
  const SessionPlan plan = planned(with_room({}, 7), {.threads_wanted = 10});
  EXPECT_EQ(plan.workers, 10U);
  EXPECT_TRUE(plan.limited_by.empty());
}

TEST(SessionPlan, KeepsOneOfTheProfilesSessionsForTheLogin) {
  const SessionPlan plan = planned(with_room({}, 0), {.threads_wanted = 10, .profile_limit = 8});
  EXPECT_EQ(plan.workers, 7U);
  EXPECT_THAT(plan.limited_by, HasSubstr("max_sessions = 8"));
  EXPECT_TRUE(planned(with_room({}, 0), {.threads_wanted = 7, .profile_limit = 8}).limited_by.empty());
}

TEST(SessionPlan, TakesWhatTheTokenHasLeft) {
  const SessionPlan plan = planned(with_room(16, 9), {.threads_wanted = 10, .profile_limit = 12});
  EXPECT_EQ(plan.workers, 6U);
  EXPECT_THAT(plan.limited_by, AllOf(HasSubstr("16 sessions"), HasSubstr("9 of them open")));
}

TEST(SessionPlan, TakesTheLeastOfAll) {
  EXPECT_EQ(planned(with_room(16, 0), {.threads_wanted = 3, .profile_limit = 12}).workers, 3U);
  EXPECT_EQ(planned(with_room(5, 0), {.threads_wanted = 9, .profile_limit = 12}).workers, 4U);
  EXPECT_EQ(planned(with_room(16, 0), {.threads_wanted = 9, .profile_limit = 4}).workers, 3U);
}

TEST(SessionPlan, CallsAModuleThatCannotLockFromOneThread) {
  const SessionPlan plan = planned(with_room({}, 0), {.threads_wanted = 4, .threads = ModuleThreads::kOne});
  EXPECT_EQ(plan.workers, 1U);
  EXPECT_THAT(plan.limited_by, HasSubstr("one thread"));
}

TEST(SessionPlan, RefusesWhatLeavesNoneToSignWith) {
  EXPECT_EQ(plan_sessions(with_room({}, 0), {.profile_limit = 1}).error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(plan_sessions(with_room(1, 0), {}).error().code, ErrorCode::kFailedPrecondition);
}

TEST(SessionPlan, ATokenThatOthersFillUpMayHaveRoomLater) {
  const auto plan = plan_sessions(with_room(16, 15), {});
  ASSERT_FALSE(plan.has_value());
  EXPECT_EQ(plan.error().code, ErrorCode::kResourceExhausted);
  EXPECT_TRUE(plan.error().retryable);
  EXPECT_THAT(plan.error().message, HasSubstr("16 sessions, 15 of which are open"));
  EXPECT_FALSE(plan_sessions(with_room(16, 20), {}).has_value()) << "a count that is beyond the limit";
}

}  // namespace
}  // namespace signet
