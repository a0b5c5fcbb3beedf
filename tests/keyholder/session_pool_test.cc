#include "keyholder/session_pool.h"

#include <gtest/gtest.h>

#include <future>

#include "support/softhsm.h"

namespace signet {
namespace {

using namespace std::chrono_literals;

class SessionPoolTest : public testing::Test {
 protected:
  SessionPoolTest() { hsm_.use_here(); }

  [[nodiscard]] std::chrono::microseconds in(std::chrono::milliseconds time) const { return clock_.monotonic() + time; }
  [[nodiscard]] SessionPool::Lease take(SessionUse use = SessionUse::kRequest) {
    return pool_.take(use, in(1s)).value();
  }
  void open_session(const SessionPool::Lease& lease) {
    if (module_ == nullptr) module_ = Pkcs11Module::load(test::kSoftHsmModule).value();
    lease->session =
        Pkcs11Session::open(module_, module_->find_token(hsm_.label()).value(), SessionAccess::kRead).value();
  }

  const test::SoftHsm hsm_;
  std::shared_ptr<const Pkcs11Module> module_;
  const Clock& clock_ = system_clock();
  SessionPool pool_{2, clock_};
};

TEST_F(SessionPoolTest, GivesEachPlaceToOneAtATime) {
  auto first = std::make_unique<SessionPool::Lease>(take());
  const auto second = take();
  EXPECT_NE(&**first, &*second);
  const auto third = pool_.take(SessionUse::kRequest, in(20ms));
  ASSERT_FALSE(third.has_value());
  EXPECT_EQ(third.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_TRUE(third.error().retryable);
  auto waiting = std::async(std::launch::async, [&] { return pool_.take(SessionUse::kRequest, in(10s)).has_value(); });
  first.reset();
  EXPECT_TRUE(waiting.get());
}

TEST_F(SessionPoolTest, PrefersAPlaceThatHasASession) {
  const PooledSession* opened = nullptr;
  {
    const auto first = take();
    const auto second = take();
    open_session(second);
    opened = &*second;
  }
  for (int i = 0; i < 3; ++i) EXPECT_EQ(&*take(), opened);
}

TEST_F(SessionPoolTest, ADroppedSessionIsNotGivenAgain) {
  {
    const auto lease = take();
    open_session(lease);
    lease.drop();
  }
  EXPECT_FALSE(take()->session.has_value());
}

TEST_F(SessionPoolTest, GivesNoPlaceWhenTheTimeIsUpNotEvenAFreeOne) {
  const auto late = pool_.take(SessionUse::kRequest, in(0ms));
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(SessionPoolTest, ASessionThatIsDistrustedIsNotGivenAgain) {
  std::optional<SessionPool::Mark> mark;
  {
    const auto lease = take();
    open_session(lease);
    mark = lease.mark();
  }
  pool_.distrust(*mark);
  const auto first = take();
  const auto second = take();
  EXPECT_FALSE(first->session.has_value());
  EXPECT_FALSE(second->session.has_value());
}

TEST_F(SessionPoolTest, ASessionThatIsDistrustedWhileItIsUsedIsClosedWhenItComesBack) {
  {
    const auto lease = take();
    open_session(lease);
    pool_.distrust(lease.mark());
    EXPECT_TRUE(lease->session.has_value()) << "its user is the only one that may call the module with it";
  }
  const auto first = take();
  const auto second = take();
  EXPECT_FALSE(first->session.has_value());
  EXPECT_FALSE(second->session.has_value());
}

TEST_F(SessionPoolTest, TheSessionAfterADistrustedOneStays) {
  {
    const auto lease = take();
    open_session(lease);
    const auto mark = lease.mark();
    lease.drop();
    open_session(lease);
    pool_.distrust(mark);
  }
  EXPECT_TRUE(take()->session.has_value());
}

TEST_F(SessionPoolTest, SaysAtOnceWhenTheTokenGivesNoSessionToAnyPlace) {
  take().leave_empty();
  EXPECT_TRUE(pool_.take(SessionUse::kRequest, in(1s)).has_value()) << "the other one";
  {
    const auto lease = take();
    lease.leave_empty();
  }
  const auto begin = clock_.monotonic();
  const auto none = pool_.take(SessionUse::kRequest, in(10s));
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(none.error().retryable);
  EXPECT_LT(clock_.monotonic() - begin, 500ms);
  std::this_thread::sleep_for(1100ms);
  EXPECT_TRUE(pool_.take(SessionUse::kRequest, in(1s)).has_value()) << "it is asked again after a second";
}

TEST_F(SessionPoolTest, OnlySessionsThatWereIdleAreGivenToKeepThemAlive) {
  EXPECT_FALSE(pool_.take_idle(0s).has_value()) << "no place has a session";
  open_session(take());
  EXPECT_FALSE(pool_.take_idle(1h).has_value());
  const auto idle = pool_.take_idle(0s);
  ASSERT_TRUE(idle.has_value());
  EXPECT_FALSE(pool_.take_idle(0s).has_value()) << "it is held";
}

TEST_F(SessionPoolTest, KnowsWhatIsHeldForLongAndWhatFor) {
  const auto before = clock_.monotonic() - 1ms;
  const auto request = take();
  const auto checkpoint = take(SessionUse::kCheckpoint);
  EXPECT_EQ(pool_.held_since(before).all, 0U);
  const auto held = pool_.held_since(clock_.monotonic());
  EXPECT_EQ(held.all, 2U);
  EXPECT_EQ(held.by_requests, 2U);
  EXPECT_EQ(held.by_checkpoints, 1U);
}

}  // namespace
}  // namespace signet
