#include <gmock/gmock.h>

#include <filesystem>

#include "issuer/process_harness.h"
#include "support/command.h"

namespace signet::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RecoveryTest : public IssuerTest {
 protected:
  void kill_and_start() {
    issuer_->kill_now();
    start();
  }
  void forget_store() {
    for (const char* suffix : {"", "-wal", "-shm"})
      std::filesystem::remove(installation_.directory / (std::string("state/store/store.sqlite") + suffix));
  }
  /// Cuts the log's file behind the last intent, so that of what follows `extra` bytes are left.
  void cut_behind_the_intent(std::size_t extra) {
    std::uintmax_t size = extra;
    const auto all = installation_.entries();
    const std::uint64_t last = of_type(all, "intent").back().seq;
    for (const log::Entry& entry : all) size += entry.seq > last ? 0 : 12 + entry.encoded.size();
    ASSERT_LT(size, std::filesystem::file_size(installation_.log_file()));
    std::filesystem::resize_file(installation_.log_file(), size);
  }
};

TEST_F(RecoveryTest, AnIntentThatACrashLeftOpenIsOrphanedAtTheNextStart) {
  start();
  static_cast<void>(call_issue("key-1"));
  const auto request = next_sign_request();
  kill_and_start();
  const auto entries = installation_.story();
  ASSERT_THAT(types_of(entries), ElementsAre("start", "intent", "start", "orphaned"));
  const auto intent = log::read_intent(entries[1]).value();
  const auto orphaned = log::read_orphaned(entries[3]).value();
  EXPECT_EQ(orphaned.why, "start-up");
  EXPECT_EQ(orphaned.intent, entries[1].seq);
  EXPECT_EQ(orphaned.serial, intent.serial);
  EXPECT_EQ(orphaned.cause.request, intent.cause.request);

  sign_rightly(request);  // the keyholder's late answer, to an issuer that never asked
  const auto issued = issue("key-1");
  EXPECT_GT(issued.intent_log_index(), entries[3].seq);
  EXPECT_NE(to_hex(bytes_of(issued.serial())), intent.serial.hex());
}

TEST_F(RecoveryTest, ManyOpenIntentsAreEachClosedOnce) {
  start();
  for (const char* key : {"key-1", "key-2", "key-3"}) {
    static_cast<void>(call_issue(key));
    static_cast<void>(next_sign_request());
  }
  kill_and_start();
  kill_and_start();
  stop();
  EXPECT_THAT(types_of(installation_.closed_story()), ElementsAre("start", "intent", "intent", "intent", "start",
                                                                  "orphaned", "orphaned", "orphaned", "start", "stop"));
}

TEST_F(RecoveryTest, ACertificateThatWasAnsweredSurvivesACrashAndIsAnsweredAgain) {
  start();
  const auto first = issue("key-1");
  kill_and_start();
  keyholder_.reset();  // nothing is left to sign with
  EXPECT_EQ(issued_in(front_->answer(call_issue("key-1"))).SerializeAsString(), first.SerializeAsString());
  EXPECT_THAT(types_of(installation_.story()), ElementsAre("start", "intent", "issued", "start"));
}

TEST_F(RecoveryTest, TheStoreIsMadeAnewFromTheLog) {
  start();
  const auto first = issue("key-1");
  static_cast<void>(call_issue("key-2"));
  static_cast<void>(next_sign_request());
  issuer_->kill_now();
  forget_store();
  start();
  EXPECT_EQ(log::read_orphaned(of_type(installation_.story(), "orphaned").back()).value().why, "start-up");
  EXPECT_EQ(issued_in(front_->answer(call_issue("key-1"))).SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(status().issued(), 1U);
}

TEST_F(RecoveryTest, AnOutcomeThatIsTornIsCutAndItsIntentOrphaned) {
  start();
  const auto lost = issue("key-1");
  issuer_->kill_now();
  cut_behind_the_intent(20);
  forget_store();  // it follows the log, so after a power cut it does not know more
  start();
  const auto entries = installation_.story();
  ASSERT_THAT(types_of(entries), ElementsAre("start", "intent", "start", "orphaned"));
  EXPECT_EQ(*entries[2].fields.at("cut_bytes").integer(), 20);
  EXPECT_EQ(log::read_orphaned(entries[3]).value().serial.hex(), to_hex(bytes_of(lost.serial())));
  EXPECT_NE(issue("key-1").serial(), lost.serial());
}

TEST_F(RecoveryTest, ALogThatIsOlderThanTheStoreIsNotGoneOnWith) {
  start();
  static_cast<void>(issue("key-1"));
  issuer_->kill_now();  // before a checkpoint covers it, which would be missed first
  cut_behind_the_intent(0);
  IssuerProcess next(installation_);
  const internal::Failure failure = next.failure();
  EXPECT_EQ(static_cast<ErrorCode>(failure.code()), ErrorCode::kDataLoss);
  EXPECT_THAT(failure.message(), HasSubstr("older copy of the log"));
  EXPECT_TRUE(exited_with(next.wait(), 1));
  EXPECT_THAT(types_of(installation_.story()), ElementsAre("start", "intent"));
}

TEST_F(RecoveryTest, ASecondIssuerOfTheSameStateDoesNotStart) {
  start();
  IssuerProcess second(installation_);
  EXPECT_EQ(static_cast<ErrorCode>(second.failure().code()), ErrorCode::kFailedPrecondition);
  EXPECT_TRUE(exited_with(second.wait(), 1));
  EXPECT_FALSE(issue("key-1").certificate().empty());
}

/// What was issued by an issuer that the configuration has no more, or with another key, is not answered again with a
/// chain that is not its own.
TEST_F(RecoveryTest, AnAnswerOfAnIssuerThatWasRenamedIsRefusedAndTheProcessLives) {
  start();
  static_cast<void>(issue("key-1"));
  stop();
  installation_.issuer = "issuing-2";
  start();
  const v1::Response response = front_->answer(call_issue("key-1"));
  EXPECT_EQ(code_of(response), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(response.error().field(), "idempotency_key");
  EXPECT_THAT(response.error().message(), HasSubstr("issuing-1"));
  EXPECT_FALSE(keyholder_was_asked());
  EXPECT_FALSE(issue("key-2").certificate().empty());
}

TEST_F(RecoveryTest, AnAnswerOfAnIssuerThatHasAnotherKeyNowIsRefused) {
  start();
  static_cast<void>(issue("key-1"));
  stop();
  installation_.issuing = make_ca(installation_.root, "Issuing CA");
  installation_.write_certificates();
  start();
  EXPECT_EQ(code_of(front_->answer(call_issue("key-1"))), ErrorCode::kFailedPrecondition);
  EXPECT_FALSE(issue("key-2").certificate().empty());
}

TEST_F(RecoveryTest, ADrainAnswersWhatIsInFlightAndLogsTheStopLast) {
  start();
  const std::uint64_t first = call_issue("key-1");
  const auto one = next_sign_request();
  const std::uint64_t second = call_issue("key-2");
  const auto two = next_sign_request();
  issuer_->drain();
  EXPECT_EQ(issuer_->wait(std::chrono::milliseconds(200)), std::nullopt);
  sign_rightly(one);
  answer_error(two.id(), ErrorCode::kUnavailable, "CKR_DEVICE_ERROR", {}, true);
  EXPECT_FALSE(issued_in(front_->answer(first)).certificate().empty());
  EXPECT_EQ(code_of(front_->answer(second)), ErrorCode::kUnavailable);
  EXPECT_TRUE(exited_with(issuer_->wait(), 0));
  EXPECT_THAT(types_of(installation_.closed_story()),
              ElementsAre("start", "intent", "intent", testing::_, testing::_, "stop"));
  EXPECT_EQ(installation_.closed_log().back().type, "stop");
}

TEST_F(RecoveryTest, WhileDrainingNothingNewIsTaken) {
  start();
  const std::uint64_t call = call_issue("key-1");
  const auto request = next_sign_request();
  issuer_->drain();
  const std::string ask = envelope(v1::METHOD_GET_TRUST_BUNDLE, {});
  v1::Response refused;
  ASSERT_TRUE(eventually([&] { return (refused = front_->ask(chain_of({&installation_.web}), ask)).has_error(); }));
  EXPECT_TRUE(refused.error().retryable()) << refused.error().message();
  EXPECT_EQ(refused.number(), 7U);
  sign_rightly(request);
  EXPECT_FALSE(issued_in(front_->answer(call)).certificate().empty());
  EXPECT_TRUE(exited_with(issuer_->wait(), 0));
}

TEST_F(RecoveryTest, WithoutASupervisorItLeavesEvenWhileAKeyholderHangs) {
  start();
  static_cast<void>(call_issue("key-1"));
  static_cast<void>(next_sign_request());
  issuer_->close_control();
  EXPECT_TRUE(exited_with(issuer_->wait(), 0));
  start();  // as after a crash
  EXPECT_EQ(log::read_orphaned(of_type(installation_.story(), "orphaned").back()).value().why, "start-up");
}

TEST_F(RecoveryTest, ACrashThatTheSupervisorReportsIsLogged) {
  start();
  internal::SupervisorToChild message;
  message.mutable_crash()->set_process("signet-keyholder (soft)");
  message.mutable_crash()->set_signal(11);
  message.mutable_crash()->set_restarts(3);
  issuer_->send(message);
  stop();
  const auto entries = installation_.closed_story();
  ASSERT_THAT(types_of(entries), ElementsAre("start", "crash", "stop"));
  EXPECT_EQ(*entries[1].fields.at("process").text(), "signet-keyholder (soft)");
  EXPECT_EQ(*entries[1].fields.at("signal").integer(), 11);
}

}  // namespace
}  // namespace signet::test
