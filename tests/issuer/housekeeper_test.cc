#include "issuer/housekeeper.h"

#include <gmock/gmock.h>

#include "issuer/published_log.h"
#include "support/command.h"

namespace signet::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class ClockWatchTest : public testing::Test {
 protected:
  FakeClock clock_;
  TrustedClock trusted_{clock_, ClockReference::of(clock_), 60s};
  ClockWatch watch_{trusted_};
};

TEST_F(ClockWatchTest, TimeThatPassesIsNoJump) {
  clock_.advance(24h * 365);
  EXPECT_EQ(watch_.look().jump, 0us);
  EXPECT_EQ(watch_.look().offset, 0us);
}

TEST_F(ClockWatchTest, AJumpIsSeenOnceAndTheOffsetStays) {
  clock_.set(-90s);
  const auto seen = watch_.look();
  EXPECT_EQ(seen.jump, -90s);
  EXPECT_EQ(seen.offset, -90s);
  clock_.advance(1s);
  EXPECT_EQ(watch_.look().jump, 0us);
  EXPECT_EQ(watch_.look().offset, -90s);
  clock_.set(+90s);
  EXPECT_EQ(watch_.look().jump, 90s);
  EXPECT_EQ(watch_.look().offset, 0us);
}

TEST_F(ClockWatchTest, SmallStepsAddUp) {
  for (int i = 0; i < 2; ++i) {
    clock_.set(500ms);
    EXPECT_EQ(watch_.look().jump, 0us) << i;
  }
  clock_.set(500ms);
  EXPECT_EQ(watch_.look().jump, 1500ms);
}

class HousekeeperTest : public PublishedLog {
 protected:
  HousekeeperTest() {
    config_.log.key = "log-1";
    config_.log.clock_tolerance = 60s;
    config_.log.heartbeat = 1h;
    config_.log.checkpoint_patience = 300s;
    keyholders_ = std::make_unique<Keyholders>(config_);
    tokens_ = std::make_unique<TokenWatch>(TokenWatchWorld{.config = config_,
                                                           .keyholders = *keyholders_,
                                                           .log = *log_,
                                                           .publisher = *publisher_,
                                                           .log_key = key_,
                                                           .gate = gate_});
    housekeeper_ = std::make_unique<Housekeeper>(HousekeeperWorld{.config = config_.log,
                                                                  .log = *log_,
                                                                  .publisher = *publisher_,
                                                                  .store = *store_,
                                                                  .clock = trusted_,
                                                                  .gate = gate_,
                                                                  .tokens = *tokens_,
                                                                  .wake_up = wake_up_});
  }
  [[nodiscard]] std::vector<std::string> types() const {
    std::vector<std::string> types;
    for (const log::Entry& entry : entries()) types.push_back(entry.type);
    return types;
  }

  DaemonConfig config_;
  WakeUp wake_up_;
  IssuingGate gate_{trusted_};
  std::unique_ptr<Keyholders> keyholders_;
  std::unique_ptr<TokenWatch> tokens_;
  std::unique_ptr<Housekeeper> housekeeper_;
};

TEST_F(HousekeeperTest, NothingHappensWhileNothingHappens) {
  for (int i = 0; i < 100; ++i) {
    clock_.advance(1s);
    housekeeper_->turn();
  }
  EXPECT_THAT(types(), ElementsAre("genesis"));
  EXPECT_TRUE(gate_.check().has_value());
}

TEST_F(HousekeeperTest, AJumpOfTheClockIsLoggedAndWithinTheToleranceIssuingGoesOn) {
  clock_.set(30s);
  housekeeper_->turn();
  housekeeper_->turn();
  ASSERT_THAT(types(), ElementsAre("genesis", "clock"));
  const auto fields = log::read_clock(entries()[1]).value();
  EXPECT_EQ(fields.jump, 30s);
  EXPECT_EQ(fields.offset, 30s);
  EXPECT_TRUE(gate_.check().has_value());
}

TEST_F(HousekeeperTest, BeyondTheToleranceNothingIsIssuedUntilTheClockIsBack) {
  clock_.set(-61s);
  housekeeper_->turn();
  const auto refused = gate_.check();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(refused.error().retryable);
  EXPECT_THAT(refused.error().message, HasSubstr("-61.0 s"));
  EXPECT_THAT(refused.error().message, HasSubstr("log.clock_tolerance is 1m"));
  clock_.set(60s);
  housekeeper_->turn();
  EXPECT_TRUE(gate_.check().has_value());
  EXPECT_THAT(types(), ElementsAre("genesis", "clock", "clock"));
}

TEST_F(HousekeeperTest, EntriesAreNeverEarlierThanThoseBeforeThem) {
  clock_.set(-30s);
  housekeeper_->turn();
  const auto all = entries();
  EXPECT_EQ(log::read_time(all[1]).value(), log::read_time(all[0]).value());
}

TEST_F(HousekeeperTest, TheGateKnowsOfAJumpBeforeTheNextLook) {
  clock_.set(61s);
  EXPECT_EQ(gate_.check().error().code, ErrorCode::kUnavailable);
  clock_.set(-61s);
  EXPECT_TRUE(gate_.check().has_value());
}

TEST_F(HousekeeperTest, AShortJumpIntoTheFutureDatesNoEntryAndTheLogIsOpenedAfterIt) {
  clock_.set(24h * 365);
  housekeeper_->turn();
  append_refusal("while the clock is wrong");
  clock_.set(-24h * 365);
  housekeeper_->turn();
  ASSERT_THAT(types(), ElementsAre("genesis", "clock", "rejected", "clock"));
  for (const log::Entry& entry : entries()) EXPECT_LE(log::read_time(entry).value(), clock_.now()) << entry.type;
  publisher_->stop(0ms);
  log_.reset();
  auto reopened = log::EntryLog::open(directory_ / "log", clock_);
  ASSERT_TRUE(reopened.has_value()) << reopened.error().message;
  log_ = *std::move(reopened);
}

TEST_F(HousekeeperTest, WhileTheStoresDiskIsNearlyFullNothingIsIssued) {
  store_file_ops_.free = 99;
  housekeeper_->turn();
  const auto refused = gate_.check();
  ASSERT_FALSE(refused.has_value());
  EXPECT_TRUE(refused.error().retryable);
  EXPECT_THAT(refused.error().message, HasSubstr(directory_.path()));
  store_file_ops_.free = 100;
  housekeeper_->turn();
  EXPECT_TRUE(gate_.check().has_value());
}

TEST_F(HousekeeperTest, AHeartbeatComesWithItsInterval) {
  start_publishing();
  ASSERT_TRUE(publisher_->wait_for(0, 20s));
  clock_.advance(1h - 1s);
  housekeeper_->turn();
  EXPECT_THAT(types(), ElementsAre("genesis"));
  clock_.advance(1s);
  housekeeper_->turn();
  housekeeper_->turn();
  ASSERT_THAT(types(), ElementsAre("genesis", "heartbeat"));
  const auto beat = log::read_heartbeat(entries()[1]).value();
  EXPECT_EQ(beat.checkpoint_size, 1U);
  EXPECT_EQ(beat.checkpoint_root, publisher_->newest().root);
  EXPECT_EQ(beat.issued, 0U);
  EXPECT_EQ(beat.clock_offset, 0us);
  clock_.advance(1h);
  housekeeper_->turn();
  EXPECT_THAT(types(), ElementsAre("genesis", "heartbeat", "heartbeat"));
}

TEST_F(HousekeeperTest, AHeartbeatWithoutACheckpointSaysSo) {
  clock_.advance(1h);
  housekeeper_->turn();
  const auto beat = log::read_heartbeat(entries().at(1)).value();
  EXPECT_EQ(beat.checkpoint_size, 0U);
  EXPECT_FALSE(beat.checkpoint_root.has_value());
}

TEST_F(HousekeeperTest, WithoutCheckpointsForLongerThanThePatienceNothingIsIssued) {
  token_.refuses_checkpoints = true;
  start_publishing();
  append_refusal("one more");
  ASSERT_TRUE(eventually([&] { return publisher_->waiting_since().has_value() && publisher_->trouble().has_value(); }));
  clock_.advance(300s);
  housekeeper_->turn();
  EXPECT_TRUE(gate_.check().has_value());
  clock_.advance(1s);
  housekeeper_->turn();
  const auto refused = gate_.check();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("log.checkpoint_patience (5m)"));
  EXPECT_THAT(refused.error().message, HasSubstr("the test's token is asleep"));
}

TEST(IssuingGateTest, IsOpenOnlyWhenNoReasonIsLeft) {
  const FakeClock clock;
  const TrustedClock trusted(clock, ClockReference::of(clock), 60s);
  IssuingGate gate(trusted);
  EXPECT_TRUE(gate.check().has_value());
  gate.close(IssuingGate::Reason::kStore, {.code = ErrorCode::kUnavailable, .message = "store"});
  gate.close(IssuingGate::Reason::kMemory, {.code = ErrorCode::kFailedPrecondition, .message = "memory"});
  gate.open(IssuingGate::Reason::kStore);
  EXPECT_EQ(gate.check().error().message, "memory");
  gate.open(IssuingGate::Reason::kMemory);
  EXPECT_TRUE(gate.check().has_value());
}

}  // namespace
}  // namespace signet::test
