// A log that is succeeded by another, and the store made again from both.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "issuer/process_harness.h"
#include "log/checkpoint.h"
#include "log/log_fixture.h"
#include "log/note.h"
#include "store/log_drafts.h"
#include "store/store.h"
#include "support/command.h"

namespace signet::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr const char* kPredecessor =
    "[log.predecessor]\ndirectory = \"state/log-0\"\norigin = \"ca.example/test-0\"\n"
    "key = \"log-0\"\n";

class SuccessionTest : public IssuerTest {
 protected:
  void use_first_log() {
    installation_.log_folder = "state/log-0";
    installation_.log_key = "log-0";
    installation_.log_origin = "ca.example/test-0";
    installation_.predecessor.clear();
  }
  void use_second_log() {
    installation_.log_folder = "state/log";
    installation_.log_key = "log-1";
    installation_.log_origin = "ca.example/test";
    installation_.predecessor = kPredecessor;
  }
  [[nodiscard]] std::vector<log::Entry> first_log() {
    const std::string present = std::exchange(installation_.log_folder, "state/log-0");
    auto entries = installation_.entries();
    installation_.log_folder = present;
    return entries;
  }
  /// A certificate under key-1, and an intent that stays open; the process dies.
  v1::IssueResponse run_first_log() {
    use_first_log();
    start();
    const auto issued = issue("key-1");
    static_cast<void>(call_issue("key-open"));
    static_cast<void>(next_sign_request());
    issuer_->kill_now();
    return issued;
  }
  [[nodiscard]] std::string store_file() const { return installation_.directory / "state/store/store.sqlite"; }
  void forget_store() const {
    for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(store_file() + suffix);
  }
  [[nodiscard]] CommandResult rebuild(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> command{std::string(SIGNET_BIN_DIR) + "/signet-issuer", "--rebuild-store", "--config",
                                     installation_.directory.write("signet.toml", installation_.config())};
    command.insert(command.end(), more.begin(), more.end());
    return run_command(command);
  }
  /// The first log's `sealed` is there once, last, and its genesis' successor names its last checkpoint.
  void expect_good_succession() {
    const auto old = first_log();
    ASSERT_FALSE(old.empty());
    EXPECT_EQ(old.back().type, "sealed");
    EXPECT_EQ(of_type(old, "sealed").size(), 1U);
    const auto retired = log::read_key(old.at(old.size() - 2)).value();
    EXPECT_EQ(retired.event, log::KeyEvent::kRetired);
    EXPECT_EQ(retired.key, "log-0");
    EXPECT_EQ(retired.spki_sha256, installation_.token.log_key("log-0").verifier().key().spki_sha256());
    const auto seal = log::read_sealed(old.back()).value();
    EXPECT_EQ(seal.successor_origin, "ca.example/test");
    EXPECT_EQ(seal.successor_key, installation_.token.log_key("log-1").verifier().key_string());
    const auto genesis = log::read_genesis(installation_.entries().at(0)).value();
    ASSERT_TRUE(genesis.predecessor.has_value());
    EXPECT_EQ(genesis.predecessor->origin, "ca.example/test-0");
    const log::NoteVerifier verifiers[] = {log::NoteVerifier::parse(genesis.predecessor->log_key).value()};
    const auto note = log::open_note(bytes_of(genesis.predecessor->checkpoint), verifiers);
    ASSERT_TRUE(note.has_value()) << note.error().message;
    EXPECT_EQ(log::parse_checkpoint(note->text).value().size, old.size());
    EXPECT_EQ(installation_.token.head("log-0")->size, old.size());
  }
};

TEST_F(SuccessionTest, ThePredecessorIsClosedSealedAndNamedAndItsCertificatesAreStillAnswered) {
  const auto first = run_first_log();
  use_second_log();
  start();
  expect_good_succession();
  const auto old = first_log();
  ASSERT_GE(old.size(), 3U);
  EXPECT_EQ(old[old.size() - 3].type, "orphaned") << "its open intent was closed";
  EXPECT_THAT(types_of(installation_.entries()), ElementsAre("genesis", "start", "key", "key", "key"));
  EXPECT_EQ(issued_in(front_->answer(call_issue("key-1"))).certificate(), first.certificate());
  EXPECT_FALSE(keyholder_was_asked());
  EXPECT_FALSE(issue("key-2").certificate().empty());
  EXPECT_EQ(status().issued(), 2U);
}

TEST_F(SuccessionTest, TheProofOfAPredecessorsEntryIsForThatLogsFolderToGive) {
  use_first_log();
  installation_.log_settings = "checkpoint_interval = \"100ms\"\n";
  start();
  const std::uint64_t call = call_issue_with_proof("key-1");
  sign_rightly(next_sign_request());
  EXPECT_FALSE(issued_in(front_->answer(call)).proof().empty());
  stop();
  use_second_log();
  start();
  const v1::Response refused = front_->answer(call_issue_with_proof("key-1"));
  EXPECT_EQ(code_of(refused), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(refused.error().field(), "wait_for_proof");
  EXPECT_THAT(refused.error().message(), HasSubstr("ca.example/test-0"));
}

TEST_F(SuccessionTest, LaterStartsNeedNothingOfThePredecessorsFolder) {
  run_first_log();
  use_second_log();
  start();
  stop();
  fs::rename(installation_.directory / "state/log-0", installation_.directory / "archived");
  start();
  EXPECT_FALSE(issue("key-2").certificate().empty());
  stop();
  EXPECT_EQ(of_type(installation_.closed_log(), "genesis").size(), 1U);
}

TEST_F(SuccessionTest, ASealedLogIsNotGoneOnWith) {
  run_first_log();
  use_second_log();
  start();
  stop();
  use_first_log();
  const internal::Failure failure = start_refused();
  EXPECT_EQ(static_cast<ErrorCode>(failure.code()), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(failure.message(), HasSubstr("its successor is \"ca.example/test\""));
}

TEST_F(SuccessionTest, ALogThatIsSealedForAnotherIsRefused) {
  run_first_log();
  use_second_log();
  start();
  stop();
  fs::remove_all(installation_.directory / "state/log");
  forget_store();
  installation_.log_origin = "ca.example/third";
  installation_.token.set_head("log-1", std::nullopt);
  const internal::Failure failure = start_refused();
  EXPECT_THAT(failure.message(), HasSubstr("is sealed for the successor \"ca.example/test\""));
}

TEST_F(SuccessionTest, AnEmptyLogBesideAStoreOfAnotherIsRefused) {
  run_first_log();
  use_second_log();
  installation_.predecessor.clear();
  const internal::Failure failure = start_refused();
  EXPECT_THAT(failure.message(), HasSubstr("[log.predecessor]"));
  EXPECT_EQ(of_type(first_log(), "sealed").size(), 0U);
}

TEST_F(SuccessionTest, ALogThatIsGoneIsNotBegunASecondTime) {
  run_first_log();
  use_second_log();
  start();
  stop();
  fs::remove_all(installation_.directory / "state/log");
  installation_.token.set_head("log-1", std::nullopt);  // so that only the store knows
  EXPECT_THAT(start_refused().message(), HasSubstr("the store knows the log \"ca.example/test\""));
}

TEST_F(SuccessionTest, AKillBeforeTheLastCheckpointIsMadeGoodByTheNextStart) {
  run_first_log();
  use_second_log();
  installation_.token.refuses_checkpoints = true;
  issuer_ = std::make_unique<IssuerProcess>(installation_);
  keyholder_ = std::make_unique<FakeKeyholder>(issuer_->connect_keyholder(1), installation_.token);
  ASSERT_TRUE(eventually([&] { return !of_type(first_log(), "sealed").empty(); }));
  issuer_->kill_now();
  EXPECT_TRUE(installation_.entries().empty());
  installation_.token.refuses_checkpoints = false;
  start();
  expect_good_succession();
}

TEST_F(SuccessionTest, AKillBeforeTheSealIsMadeGoodByTheNextStart) {
  run_first_log();
  use_second_log();
  // As it is when the process dies between the entry `start` and the seal: the log has one `start` more.
  use_first_log();
  start();
  issuer_->kill_now();
  use_second_log();
  start();
  expect_good_succession();
}

TEST_F(SuccessionTest, AKillBeforeTheGenesisIsMadeGoodByTheNextStart) {
  run_first_log();
  use_second_log();
  start();
  stop();
  const std::size_t sealed_size = first_log().size();
  // As it was before the successor's genesis: sealed, with its last checkpoint.
  fs::remove_all(installation_.directory / "state/log");
  forget_store();
  installation_.token.set_head("log-1", std::nullopt);
  start();
  expect_good_succession();
  EXPECT_EQ(first_log().size(), sealed_size);
}

TEST_F(SuccessionTest, AStoreThatIsGoneIsMadeAgainFromBothLogs) {
  const auto first = run_first_log();
  use_second_log();
  start();
  const auto second = issue("key-2");
  stop();
  forget_store();
  start();
  EXPECT_EQ(issued_in(front_->answer(call_issue("key-1"))).certificate(), first.certificate());
  EXPECT_EQ(issued_in(front_->answer(call_issue("key-2"))).SerializeAsString(), second.SerializeAsString());
}

TEST_F(SuccessionTest, TheRebuiltStoreEqualsTheOldOne) {
  run_first_log();
  use_second_log();
  start();
  static_cast<void>(issue("key-2"));
  const std::uint64_t refused = call_issue("key-3");
  answer_error(next_sign_request().id(), ErrorCode::kPermissionDenied, "no", "fence.test");
  static_cast<void>(front_->answer(refused));
  stop();
  const std::string before = dump(store_file());
  const CommandResult result = rebuild();
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("made again, with 2 certificates"));
  EXPECT_EQ(dump(store_file()), before);
  EXPECT_FALSE(fs::exists(store_file() + ".rebuilt"));
  start();
  EXPECT_FALSE(issue("key-4").certificate().empty());
}

TEST_F(SuccessionTest, ADamagedStoreIsReplacedByARebuild) {
  use_first_log();
  start();
  const auto first = issue("key-1");
  stop();
  std::ofstream(store_file(), std::ios::trunc) << "not a database";
  EXPECT_THAT(start_refused().message(), HasSubstr("store.sqlite"));
  EXPECT_EQ(rebuild().status, 0);
  start();
  EXPECT_EQ(issued_in(front_->answer(call_issue("key-1"))).certificate(), first.certificate());
}

TEST_F(SuccessionTest, NothingIsRebuiltWhileADaemonRuns) {
  use_first_log();
  start();
  const CommandResult result = rebuild();
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("lock"));
  EXPECT_FALSE(issue("key-1").certificate().empty());
}

TEST_F(SuccessionTest, ARebuildThatFailsLeavesTheOldStore) {
  run_first_log();
  use_second_log();
  start();
  stop();
  fs::rename(installation_.directory / "state/log-0", installation_.directory / "archived");
  const std::string before = dump(store_file());
  const CommandResult result = rebuild();
  EXPECT_EQ(result.status, 1) << result.err;
  EXPECT_EQ(dump(store_file()), before);
}

TEST_F(SuccessionTest, APredecessorFromTheFutureIsEndedAndItsSuccessorIsOfNow) {
  run_first_log();
  use_first_log();
  const Time future = system_clock().now() + std::chrono::hours(2);
  {
    const log::SetClock wrong(future);
    const auto log = log::EntryLog::open(installation_.log_directory(), wrong).value();
    const auto store = Store::open(store_file()).value();
    ASSERT_TRUE(catch_up(*log, *store).has_value());
    ASSERT_TRUE(log->start(*store).has_value());
    ASSERT_TRUE(log->append(log::heartbeat_draft({}), log::Urgency::kEssential).has_value());
  }
  EXPECT_THAT(start_refused().message(), HasSubstr("begin a new log that has this one as [log.predecessor]"));
  use_second_log();
  start();
  expect_good_succession();
  EXPECT_EQ(log::read_time(first_log().back()).value(), future) << "never earlier than the entry before";
  EXPECT_LT(log::read_time(installation_.entries().at(0)).value(), future);
  EXPECT_FALSE(issue("key-2").certificate().empty());
}

TEST_F(SuccessionTest, AStoreThatKnowsMoreThanTheLogIsReplacedOnlyByForce) {
  use_first_log();
  start();
  stop();
  fs::copy(installation_.log_directory(), installation_.directory / "older", fs::copy_options::recursive);
  start();
  static_cast<void>(issue("key-1"));
  stop();
  fs::remove_all(installation_.log_directory());
  fs::rename(installation_.directory / "older", installation_.log_directory());
  const std::string before = dump(store_file());
  const CommandResult refused = rebuild();
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("--force"));
  EXPECT_EQ(dump(store_file()), before);
  EXPECT_FALSE(fs::exists(store_file() + ".rebuilt"));
  const CommandResult forced = rebuild({"--force"});
  EXPECT_EQ(forced.status, 0) << forced.err;
  EXPECT_THAT(forced.err, HasSubstr("made again, with 0 certificates"));
}

TEST_F(SuccessionTest, ARebuildThatCannotPutTheNewStoreIntoItsPlaceLeavesTheOldOne) {
  use_first_log();
  start();
  static_cast<void>(issue("key-1"));
  stop();
  fs::create_directories(store_file() + "-journal/in-the-way");
  EXPECT_EQ(rebuild().status, 1);
  EXPECT_TRUE(fs::exists(store_file()));
  fs::remove_all(store_file() + "-journal");
  start();
  EXPECT_EQ(status().issued(), 1U);
}

TEST_F(SuccessionTest, OlderLogsAreGivenToARebuildByHand) {
  run_first_log();
  use_second_log();
  start();
  stop();
  const std::string before = dump(store_file());
  fs::rename(installation_.directory / "state/log-0", installation_.directory / "archived");
  const CommandResult result = rebuild({"--older-log", installation_.directory / "archived"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(dump(store_file()), before);
}

TEST(IssuerCommand, SaysWhatItCanDoAndRefusesWhatItDoesNotKnow) {
  const std::string program = std::string(SIGNET_BIN_DIR) + "/signet-issuer";
  EXPECT_THAT(run_ok({program, "--help"}), HasSubstr("--rebuild-store"));
  EXPECT_THAT(run_ok({program, "--version"}), HasSubstr("signet-issuer "));
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{program, "--rebuild"}, {program, "--config", "x"}, {program, "--config"}})
    EXPECT_EQ(run_command(wrong).status, 2);
  EXPECT_EQ(run_command({program, "--rebuild-store", "--config", "/nonexistent/signet.toml"}).status, 1);
}

}  // namespace
}  // namespace signet::test
