// The whole daemon under 16 clients, with the issuing key on two tokens: what one loses, the other does.
#include <signal.h>

#include <future>

#include "fault/effort.h"
#include "fault/token_fixture.h"
#include "support/command.h"

namespace signet::test {
namespace {

using std::chrono::milliseconds;

class TwoTokens : public TokenFaultTest {
 protected:
  void SetUp() override {
    add_second_token();
    start_daemon();
    start_load(std::chrono::seconds(10));
  }

  /// No client met an error, not even one that it tried again; and none waited longer than the deadline for its answer.
  void expect_nobody_noticed(const std::string& what) const {
    EXPECT_EQ(load_->errors(), 0U) << what << ": "
                                   << (given_->errors().empty() ? "tried again" : given_->errors().front().message)
                                   << "\n"
                                   << daemon_->stderr_text();
    EXPECT_LE(load_->longest(), kDeadline + milliseconds(500)) << what;
    printf("tried: %s: %zu answers, none failed, the longest took %d ms\n", what.c_str(), load_->answers(),
           static_cast<int>(load_->longest().count()));
  }
};

TEST_F(TwoTokens, ShareTheWork) {
  ASSERT_TRUE(load_->more_answers(200));
  const std::uint64_t first = faults_of_first_.signatures();
  const std::uint64_t second = faults_of_second_.signatures();
  EXPECT_GT(second * 3, first) << first << " and " << second;
  EXPECT_GT(first * 3, second) << first << " and " << second;
  expect_nobody_noticed("two tokens");
  expect_sound_end("two tokens");
}

TEST_F(TwoTokens, OneOfTenSessionsThatHangsFailsNoRequest) {
  faults_of_second_.set("C_Sign hang times 1");
  ASSERT_TRUE(eventually([&] { return faults_of_second_.struck() == 1; }));
  std::this_thread::sleep_for(kDeadline * 2);
  ASSERT_TRUE(load_->more_answers(50)) << daemon_->stderr_text();
  expect_nobody_noticed("one of ten sessions hangs");
  expect_sound_end("one of ten sessions hangs");
}

/// A refusal takes no time, so that the token that refuses always has the least in flight.
TEST_F(TwoTokens, OneThatRefusesAtOnceFailsNoRequestAndIsHardlyAsked) {
  faults_of_second_.set("C_Sign return 0x70");
  ASSERT_TRUE(load_->more_answers(400)) << daemon_->stderr_text();
  const std::uint64_t refused = faults_of_second_.struck();
  EXPECT_GE(refused, 3U);
  EXPECT_LE(refused, 3U + TokenLoad::kClients + 6U) << "those under way when it was doubted, and a trial now and then";
  printf("tried: one of two tokens refuses at once: %d of 400 requests went to it first\n", static_cast<int>(refused));
  faults_of_second_.clear();
  const std::uint64_t before = faults_of_second_.signatures();
  EXPECT_TRUE(eventually([&] { return faults_of_second_.signatures() > before + 20; })) << "it is doubted for ever";
  expect_nobody_noticed("one of two tokens refuses at once");
  expect_sound_end("one of two tokens refuses at once");
}

TEST_F(TwoTokens, ALostTokenFailsNoRequest) {
  for (int round = 0; round < (full_effort() ? 10 : 2); ++round) {
    faults_of_second_.set("gone");
    std::this_thread::sleep_for(milliseconds(1000));
    ASSERT_TRUE(load_->more_answers(20)) << daemon_->stderr_text();
    faults_of_second_.clear();
    const std::uint64_t before = faults_of_second_.signatures();
    EXPECT_TRUE(eventually([&] { return faults_of_second_.signatures() > before + 2; }, kBound)) << "it stays away";
    const std::uint64_t signatures = faults_of_second_.signatures();
    ASSERT_TRUE(load_->more_answers(100));
    EXPECT_GT(faults_of_second_.signatures(), signatures) << "nobody goes to the token that is back\n"
                                                          << daemon_->stderr_text();
  }
  expect_nobody_noticed("one token is lost and comes back, again and again");
  expect_sound_end("one token is lost and comes back");
}

/// The one with the log's key, too: checkpoints wait, certificates do not.
TEST_F(TwoTokens, TheLossOfTheLogKeysTokenFailsNoRequest) {
  faults_of_first_.set("gone");
  std::this_thread::sleep_for(milliseconds(2000));
  ASSERT_TRUE(load_->more_answers(50)) << daemon_->stderr_text();
  faults_of_first_.clear();
  std::this_thread::sleep_for(kBound);
  expect_nobody_noticed("the log key's token is lost and comes back");
  expect_sound_end("the log key's token is lost and comes back");
}

TEST_F(TwoTokens, ATokenThatHangsWholeFailsNoRequest) {
  faults_of_second_.set("* stall");
  std::this_thread::sleep_for(kDeadline * 2);
  EXPECT_GT(faults_of_second_.struck(), 0U) << "no call hung";
  faults_of_second_.clear();
  ASSERT_TRUE(load_->more_answers(50)) << daemon_->stderr_text();
  expect_nobody_noticed("one token hangs whole");
  expect_sound_end("one token hangs whole");
}

TEST_F(TwoTokens, CorruptedSignaturesAndEveryReturnValueOfOneFailNoRequest) {
  for (const char* action : {"corrupt", "return 0x06", "return 0x30", "return 0x32", "return 0x70", "return 0x101",
                             "return 0xB3", "return 0x80000001"}) {
    faults_of_second_.set(std::string("C_Sign ") + action + " times 30");
    ASSERT_TRUE(eventually([&] { return faults_of_second_.struck() > 0; }, kBound * 3)) << action;
    ASSERT_TRUE(load_->more_answers(30)) << daemon_->stderr_text();
  }
  faults_of_second_.clear();
  expect_nobody_noticed("one token answers wrongly");
  expect_sound_end("one token answers wrongly");
}

/// The issuer is who knows what is in flight; with it that has gone, too.
TEST_F(TwoTokens, ATokenThatIsBeingDrainedAsTheIssuerIsKilledIsDrainedAndNoRequestIsLost) {
  const std::vector<std::string> admin = {program("signet"), "admin", "--socket", ca_.path("state/admin.socket")};
  const auto operator_says = [&](const std::string& act) {
    std::vector<std::string> command = admin;
    command.insert(command.end(), {act, "soft2"});
    return run_command(command);
  };
  faults_of_second_.set("C_Sign latency 1s");
  std::this_thread::sleep_for(milliseconds(1500));  // from now on it has some in hand at any time
  auto drained = std::async(std::launch::async, [&] { return operator_says("drain"); });
  ASSERT_TRUE(eventually([&] { return daemon_->stderr_text().find("act=drain") != std::string::npos; }));
  kill(daemon_->child("signet-issuer"), SIGKILL);
  const CommandResult result = drained.get();
  EXPECT_EQ(result.status, 0) << result.out << daemon_->stderr_text();
  EXPECT_EQ(children_of(daemon_->pid(), "signet-keyholde").size(), 1U);
  ASSERT_TRUE(load_->more_answers(50)) << daemon_->stderr_text();
  EXPECT_TRUE(given_->errors().empty()) << given_->errors().front().message;
  EXPECT_EQ(operator_says("undrain").status, 0);
  expect_sound_end("the issuer was killed while a token was drained");
}

}  // namespace
}  // namespace signet::test
