// How a log begins, what each start and stop writes into it, and what keeps the issuer from starting.
#include <gmock/gmock.h>

#include <filesystem>

#include "issuer/process_harness.h"
#include "log/checkpoint.h"
#include "log/checkpoint_file.h"
#include "log/note.h"
#include "support/command.h"

namespace signet::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

class LogLifeTest : public IssuerTest {
 protected:
  /// The newest checkpoint of the log's folder, verified.
  [[nodiscard]] log::Checkpoint newest_checkpoint() const {
    const std::string note = slurp(installation_.log_directory() + "/checkpoint");
    const log::NoteVerifier verifiers[] = {installation_.token.log_key("log-1").verifier()};
    const auto opened = log::open_note(bytes_of(note), verifiers);
    if (!opened.has_value()) throw std::runtime_error(opened.error().message);
    return log::parse_checkpoint(opened->text).value();
  }
  void keep_copy_of_state() const {
    fs::copy(installation_.directory / "state", installation_.directory / "kept", fs::copy_options::recursive);
  }
  void put_copy_back() const {
    fs::remove_all(installation_.directory / "state");
    fs::rename(installation_.directory / "kept", installation_.directory / "state");
  }
};

TEST_F(LogLifeTest, ALogBeginsWithAGenesisThatCommitsToCeremonyPolicyAndConfiguration) {
  start();
  stop();
  const auto entries = installation_.closed_log();
  ASSERT_THAT(types_of(entries), ElementsAre("genesis", "start", "key", "key", "stop"));
  const auto genesis = log::read_genesis(entries[0]).value();
  EXPECT_EQ(genesis.origin, "ca.example/test");
  EXPECT_EQ(genesis.log_key, installation_.token.log_key("log-1").verifier().key_string());
  EXPECT_EQ(genesis.ceremony_sha256, sha256(bytes_of("{}\n")));
  EXPECT_EQ(genesis.config_sha256, sha256(bytes_of(installation_.config())));
  EXPECT_EQ(genesis.policy_sha256, sha256(bytes_of(installation_.policy())));
  EXPECT_FALSE(genesis.predecessor.has_value());
}

TEST_F(LogLifeTest, KeysThatAreFoundAreLoggedWithWhatTheTokenSaysOfThem) {
  start();
  const auto keys = of_type(installation_.entries(), "key");
  ASSERT_EQ(keys.size(), 2U);
  const auto issuing = log::read_key(keys[0]).value();
  EXPECT_EQ(issuing.key, "issuing-1");
  EXPECT_EQ(issuing.event, log::KeyEvent::kFound);
  EXPECT_EQ(issuing.spki_sha256, installation_.issuing.certificate.public_key().spki_sha256());
  EXPECT_EQ(issuing.model, "Fake");
  EXPECT_EQ(issuing.token_serial, "4711");
  EXPECT_THAT(issuing.attributes, Contains(std::pair(std::string("CKA_EXTRACTABLE"), false)));
  EXPECT_EQ(log::read_key(keys[1]).value().key, "log-1");
}

TEST_F(LogLifeTest, AnotherConfigurationOrPolicyIsLoggedOnceWithBothHashes) {
  start();
  stop();
  const Sha256 before = sha256(bytes_of(installation_.config()));
  installation_.workers = 3;
  start();
  stop();
  start();
  stop();
  const auto entries = installation_.closed_log();
  const auto configs = of_type(entries, "config");
  ASSERT_EQ(configs.size(), 1U);
  const auto config = log::read_config(configs[0]).value();
  EXPECT_EQ(config.what, log::ConfigFile::kConfiguration);
  EXPECT_EQ(config.old_sha256, before);
  EXPECT_EQ(config.new_sha256, sha256(bytes_of(installation_.config())));
  EXPECT_EQ(config.approved_by, "restart");
  EXPECT_EQ(of_type(entries, "genesis").size(), 1U);
  EXPECT_EQ(of_type(entries, "start").size(), 3U);
}

TEST_F(LogLifeTest, WithoutTheCeremonysTranscriptNoLogBegins) {
  fs::remove(installation_.directory / "transcript.jsonl");
  const internal::Failure failure = start_refused();
  EXPECT_EQ(failure.field(), "log.ceremony") << failure.message();
  EXPECT_TRUE(installation_.entries().empty());
}

TEST_F(LogLifeTest, AShutdownSignsACheckpointOfTheWholeLog) {
  start();
  static_cast<void>(issue("key-1"));
  stop();
  const auto entries = installation_.closed_log();
  EXPECT_EQ(entries.back().type, "stop");
  EXPECT_EQ(newest_checkpoint().size, entries.size());
  EXPECT_EQ(installation_.token.head("log-1")->size, entries.size());
}

TEST_F(LogLifeTest, ItIsNotReadyBeforeTheLogsKeyIsThereAndLeavesWhenToldTo) {
  issuer_ = std::make_unique<IssuerProcess>(installation_);
  EXPECT_EQ(issuer_->wait(std::chrono::milliseconds(500)), std::nullopt);
  EXPECT_TRUE(installation_.entries().empty());
  issuer_->drain();
  EXPECT_TRUE(exited_with(issuer_->wait(), 0));
}

TEST_F(LogLifeTest, AKeyholderThatLeavesDuringTheStartIsWaitedForAgain) {
  issuer_ = std::make_unique<IssuerProcess>(installation_);
  issuer_->connect_keyholder(1)->shutdown();
  EXPECT_EQ(issuer_->wait(std::chrono::milliseconds(300)), std::nullopt);
  keyholder_ = std::make_unique<FakeKeyholder>(issuer_->connect_keyholder(2), installation_.token);
  internal::ChildToSupervisor said = issuer_->started();
  if (said.has_peer_lost()) said = issuer_->started();
  EXPECT_TRUE(said.has_ready()) << said.failed().message();
}

TEST_F(LogLifeTest, AnOlderCopyOfTheStateIsRefusedBecauseTheKeyholderRemembers) {
  start();
  stop();
  keep_copy_of_state();
  start();
  static_cast<void>(issue("key-1"));
  stop();
  const std::uint64_t remembered = installation_.token.head("log-1")->size;
  put_copy_back();
  const internal::Failure failure = start_refused();
  EXPECT_EQ(static_cast<ErrorCode>(failure.code()), ErrorCode::kDataLoss);
  EXPECT_THAT(failure.message(), HasSubstr(std::to_string(remembered)));
  EXPECT_EQ(installation_.entries().back().type, "stop") << "nothing was written";
  EXPECT_EQ(installation_.token.head("log-1")->size, remembered);
}

TEST_F(LogLifeTest, AnEmptyLogIsRefusedWhenItsKeySignedOne) {
  start();
  stop();
  fs::remove_all(installation_.directory / "state");
  const internal::Failure failure = start_refused();
  EXPECT_EQ(static_cast<ErrorCode>(failure.code()), ErrorCode::kDataLoss) << failure.message();
  EXPECT_TRUE(installation_.entries().empty());
}

TEST_F(LogLifeTest, ALogWithAnotherHistoryThanTheKeyholderRemembersIsRefused) {
  start();
  stop();
  auto head = *installation_.token.head("log-1");
  head.root[0] ^= 1U;
  installation_.token.set_head("log-1", head);
  const internal::Failure failure = start_refused();
  EXPECT_EQ(static_cast<ErrorCode>(failure.code()), ErrorCode::kDataLoss) << failure.message();
}

TEST_F(LogLifeTest, ALogOfAnotherOriginOrKeyIsRefused) {
  start();
  stop();
  installation_.log_origin = "ca.example/another";
  const internal::Failure failure = start_refused();
  EXPECT_EQ(static_cast<ErrorCode>(failure.code()), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(failure.message(), HasSubstr("ca.example/test"));
  EXPECT_THAT(failure.message(), HasSubstr("ca.example/another"));
}

TEST_F(LogLifeTest, AKeyThatIsLostAndComesBackIsLogged) {
  start();
  reconnect_keyholder(2);
  std::vector<std::string> events;
  const auto seen = [&] {
    events.clear();
    for (const log::Entry& entry : of_type(installation_.entries(), "key"))
      events.push_back(*entry.fields.at("event").text() + " " + *entry.fields.at("key").text());
    return events.size() == 6;
  };
  ASSERT_TRUE(eventually(seen));
  EXPECT_THAT(events, ElementsAre("found issuing-1", "found log-1", "lost issuing-1", "lost log-1",
                                  "restored issuing-1", "restored log-1"));
  keyholder_.reset();
  ASSERT_TRUE(eventually([&] { return !seen() && events.size() == 8; }));
  EXPECT_EQ(events.back(), "lost log-1");
}

TEST_F(LogLifeTest, AKeyholderThatRemembersAnotherLogLaterStopsIssuing) {
  start();
  EXPECT_FALSE(issue("key-1").certificate().empty());
  installation_.token.set_head("log-1", log::TreeHead{.size = 1000, .root = {}});
  reconnect_keyholder(2);
  ASSERT_TRUE(eventually([&] { return !status().issuers(0).available(); }));
  const v1::Response refused = front_->answer(call_issue("key-2"));
  EXPECT_EQ(code_of(refused), ErrorCode::kFailedPrecondition) << refused.error().message();
  EXPECT_THAT(refused.error().message(), HasSubstr("1000"));
  EXPECT_FALSE(keyholder_was_asked());
  EXPECT_FALSE(issued_in(front_->answer(call_issue("key-1"))).certificate().empty()) << "what is there is given";
}

TEST_F(LogLifeTest, HeartbeatsSayHowFarTheLogIsAndHowManyCertificatesThereAre) {
  installation_.log_settings = "checkpoint_interval = \"100ms\"\nheartbeat = \"1m\"\n";
  start();
  EXPECT_TRUE(of_type(installation_.entries(), "heartbeat").empty());
  installation_.log_settings = "checkpoint_interval = \"100ms\"\nheartbeat = \"1s\"\n";
  stop();
  start();
  static_cast<void>(issue("key-1"));
  const std::size_t before = of_type(installation_.entries(), "heartbeat").size();
  ASSERT_TRUE(eventually([&] { return of_type(installation_.entries(), "heartbeat").size() >= before + 2; }));
  const auto beat = log::read_heartbeat(of_type(installation_.entries(), "heartbeat").at(before + 1)).value();
  EXPECT_EQ(beat.issued, 1U);
  EXPECT_GT(beat.checkpoint_size, 3U);
  EXPECT_TRUE(beat.checkpoint_root.has_value());
  EXPECT_LT(std::chrono::abs(beat.clock_offset), std::chrono::seconds(1));
}

TEST_F(LogLifeTest, WithoutCheckpointsForTooLongNothingIsIssuedUntilThereIsOne) {
  installation_.log_settings = "checkpoint_interval = \"100ms\"\ncheckpoint_patience = \"1s\"\n";
  start();
  installation_.token.refuses_checkpoints = true;
  EXPECT_FALSE(issue("key-1").certificate().empty()) << "not at once";
  ASSERT_TRUE(eventually([&] { return !status().issuers(0).available(); }));
  const v1::Response refused = front_->answer(call_issue("key-2"));
  EXPECT_EQ(code_of(refused), ErrorCode::kUnavailable);
  EXPECT_TRUE(refused.error().retryable());
  EXPECT_THAT(refused.error().message(), HasSubstr("log.checkpoint_patience"));
  EXPECT_THAT(refused.error().message(), HasSubstr("the test's token is asleep"));
  installation_.token.refuses_checkpoints = false;
  ASSERT_TRUE(eventually([&] { return status().issuers(0).available(); }));
  EXPECT_FALSE(issue("key-2").certificate().empty());
}

TEST_F(LogLifeTest, TheStatusSaysWhatIsPublished) {
  installation_.log_settings = "checkpoint_interval = \"100ms\"\n";
  start();
  const auto issued = issue("key-1");
  ASSERT_TRUE(eventually([&] { return status().checkpoint_size() > issued.log_index(); }));
  const auto told = status();
  EXPECT_LE(told.checkpoint_size(), told.log_size());
  const auto age = system_clock().now().time_since_epoch() - std::chrono::microseconds(told.checkpoint_time_micros());
  EXPECT_LT(age, std::chrono::seconds(60));
}

}  // namespace
}  // namespace signet::test
