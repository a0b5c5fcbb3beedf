// The whole daemon under 16 clients, with one token that goes wrong.
#include <signal.h>

#include "fault/effort.h"
#include "fault/token_fixture.h"
#include "support/command.h"

namespace signet::test {
namespace {

using std::chrono::milliseconds;

std::size_t count_lines(const std::string& text, const std::string& with) {
  std::size_t count = 0;
  for (std::size_t at = text.find(with); at != std::string::npos; at = text.find(with, at + 1)) ++count;
  return count;
}

struct Code {
  const char* name;
  const char* value;
};

/// Of each remedy: new session, reopen, token gone, PIN locked, caller's fault; and one that nobody defines.
constexpr Code kCodes[] = {
    {"CKR_GENERAL_ERROR", "0x05"},
    {"CKR_FUNCTION_FAILED", "0x06"},
    {"CKR_DEVICE_MEMORY", "0x31"},
    {"CKR_KEY_HANDLE_INVALID", "0x60"},
    {"CKR_OBJECT_HANDLE_INVALID", "0x82"},
    {"CKR_OPERATION_ACTIVE", "0x90"},
    {"CKR_SESSION_CLOSED", "0xB0"},
    {"CKR_SESSION_HANDLE_INVALID", "0xB3"},
    {"CKR_HOST_MEMORY", "0x02"},
    {"CKR_DEVICE_ERROR", "0x30"},
    {"CKR_USER_NOT_LOGGED_IN", "0x101"},
    {"CKR_CRYPTOKI_NOT_INITIALIZED", "0x190"},
    {"CKR_DEVICE_REMOVED", "0x32"},
    {"CKR_TOKEN_NOT_PRESENT", "0xE0"},
    {"CKR_PIN_LOCKED", "0xA4"},
    {"CKR_ARGUMENTS_BAD", "0x07"},
    {"CKR_MECHANISM_INVALID", "0x70"},
    {"a vendor's", "0x80000001"},
};

class OneToken : public TokenFaultTest {
 protected:
  void SetUp() override {
    start_daemon();
    start_load();
  }

  /// The token is as `rules` say for some time, and then well again.
  void try_fault(const std::string& what, const std::string& rules, milliseconds for_so_long) {
    faults_of_first_.set(rules);
    std::this_thread::sleep_for(for_so_long);
    EXPECT_GT(faults_of_first_.struck(), 0U) << what << " met no call";
    faults_of_first_.clear();
    expect_recovery(what);
  }
};

TEST_F(OneToken, GoesOnAfterEachReturnValueOfASignature) {
  for (const Code& code : kCodes) {
    try_fault(std::string("C_Sign says ") + code.name, std::string("C_Sign return ") + code.value, milliseconds(300));
    if (HasFailure()) break;
  }
  expect_sound_end("after each return value");
}

TEST_F(OneToken, GoesOnAfterEachReturnValueOnceNowAndThen) {
  const std::size_t step = full_effort() ? 1 : 3;
  for (std::size_t i = 0; i < std::size(kCodes); i += step) {
    const Code& code = kCodes[i];
    const std::string once = std::string(" return ") + code.value + " after 3 times 1\n";
    faults_of_first_.set("C_SignInit" + once + "C_Sign" + once);
    const bool struck = eventually([&] { return faults_of_first_.struck() == 2; }, std::chrono::seconds(20));
    EXPECT_TRUE(struck) << code.name << " met " << faults_of_first_.struck() << " calls\n" << daemon_->stderr_text();
    expect_recovery(std::string("C_SignInit and C_Sign say once ") + code.name);
    if (HasFailure()) break;
  }
  faults_of_first_.clear();
  expect_sound_end("after return values now and then");
}

TEST_F(OneToken, GoesOnWhenItIsThereAgain) {
  for (int round = 0; round < (full_effort() ? 10 : 3); ++round) {
    faults_of_first_.set("gone");
    std::this_thread::sleep_for(milliseconds(1000 + 700 * (round % 4)));
    const std::size_t before = given_->size();
    std::this_thread::sleep_for(milliseconds(300));
    EXPECT_EQ(given_->size(), before) << "answers without a token";
    faults_of_first_.clear();
    expect_recovery("the token was away, round " + std::to_string(round + 1));
  }
  expect_sound_end("after the token's absence");
}

TEST_F(OneToken, GoesOnWhenItsSessionsWereDropped) {
  for (int round = 0; round < 3; ++round) {
    const std::uint64_t processes = faults_of_first_.processes();
    faults_of_first_.set("drop-sessions");
    // The login is lost with the sessions, so another process is needed; what was answered before it came is no answer.
    ASSERT_TRUE(eventually([&] { return faults_of_first_.processes() > processes; }, kBound)) << daemon_->stderr_text();
    expect_recovery("all sessions were dropped, round " + std::to_string(round + 1));
    ASSERT_TRUE(load_->more_answers(50)) << daemon_->stderr_text();
  }
  EXPECT_GT(load_->errors(), 0U) << "nobody noticed";
  expect_sound_end("after dropped sessions");
}

TEST_F(OneToken, GoesOnWhenEveryCallHung) {
  faults_of_first_.set("C_Sign hang times 10");
  ASSERT_TRUE(eventually([&] { return faults_of_first_.struck() == 10; }));
  expect_recovery("ten of ten sessions hung for good");
  faults_of_first_.set("* stall");
  std::this_thread::sleep_for(kDeadline * 2);
  EXPECT_GT(faults_of_first_.struck(), 0U) << "no call hung";
  faults_of_first_.clear();
  expect_recovery("every call of the module hung for twice the deadline");
  EXPECT_GE(count_lines(daemon_->stderr_text(), "the token hangs; leaving to be restarted"), 1U);
  expect_sound_end("after calls that hung");
}

TEST_F(OneToken, OneHungSessionOfTenDoesNotStopTheOtherNine) {
  const std::uint64_t processes = faults_of_first_.processes();
  faults_of_first_.set("C_Sign hang times 1");
  ASSERT_TRUE(eventually([&] { return faults_of_first_.struck() == 1; }));
  const auto until = std::chrono::steady_clock::now() + kDeadline * 2;
  milliseconds longest{0};
  while (std::chrono::steady_clock::now() < until) longest = std::max(longest, load_->time_to_next_answer(kDeadline));
  EXPECT_LT(longest, milliseconds(1000)) << "the others waited\n" << daemon_->stderr_text();
  EXPECT_GE(count_lines(daemon_->stderr_text(), "sessions of the token hang in a call"), 1U);
  if (count_lines(daemon_->stderr_text(), "the token hangs; leaving") == 0) {  // it was no checkpoint's session
    EXPECT_EQ(faults_of_first_.processes(), processes) << "the process was left";
  }
  printf("tried: one of ten sessions hung: the longest pause between two answers was %d ms\n",
         static_cast<int>(longest.count()));
  load_->stop();
  const bool left = eventually([&] { return faults_of_first_.processes() > processes; }, std::chrono::seconds(20));
  EXPECT_TRUE(left) << "nobody wants anything, and the session still hangs";
  expect_sound_end("with a session that hung");
}

TEST_F(OneToken, LivesOnFewerSessionsThanItWants) {
  faults_of_first_.set("sessions 4\nC_Sign return 0x06 times 2");  // what fails is opened anew, and there is none
  ASSERT_TRUE(load_->more_answers(100)) << daemon_->stderr_text();
  faults_of_first_.set("sessions 1\ndrop-sessions");  // the login takes it
  std::this_thread::sleep_for(milliseconds(1500));
  faults_of_first_.clear();
  expect_recovery("the token had no session to give");
  faults_of_first_.set("sessions 4\ndrop-sessions");
  expect_recovery("the token has four sessions for eleven");
  ASSERT_TRUE(load_->more_answers(100)) << daemon_->stderr_text();
  expect_sound_end("with too few sessions");
}

TEST_F(OneToken, NoCorruptedSignatureLeaves) {
  faults_of_first_.set("C_Sign corrupt times 40");
  std::this_thread::sleep_for(milliseconds(500));
  EXPECT_GT(faults_of_first_.struck(), 2U);
  faults_of_first_.clear();
  expect_recovery("signatures were corrupted");
  for (int i = 0; i < 5; ++i) {
    faults_of_first_.set("C_Sign corrupt after 2 times 1");
    ASSERT_TRUE(eventually([&] { return faults_of_first_.struck() == 1; }));
  }
  ASSERT_TRUE(load_->more_answers(50));
  EXPECT_GT(load_->errors(), 0U);
  expect_sound_end("after corrupted signatures");
}

TEST_F(OneToken, ALockedPinIsNotTriedAgain) {
  faults_of_first_.set("pin-locked\ndrop-sessions");
  std::this_thread::sleep_for(milliseconds(1000));
  const std::uint64_t logins = faults_of_first_.logins();
  std::this_thread::sleep_for(kBound);
  EXPECT_EQ(faults_of_first_.logins(), logins) << daemon_->stderr_text();
  EXPECT_LE(logins, 1U) << "the daemon's start alone";
  const std::size_t before = given_->size();
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_EQ(given_->size(), before) << "answers without a login";
  faults_of_first_.clear();
  expect_sound_end("with a locked PIN");
}

TEST_F(OneToken, AKeyholderThatDoesNotRunAnyMoreIsKilled) {
  for (int round = 0; round < 2; ++round) {
    const pid_t keyholder = daemon_->child("signet-keyholder");
    ASSERT_EQ(kill(keyholder, SIGSTOP), 0);
    std::this_thread::sleep_for(milliseconds(100));
    expect_recovery("the keyholder was stopped by a signal, round " + std::to_string(round + 1));
    EXPECT_NE(daemon_->child("signet-keyholder"), keyholder);
  }
  EXPECT_GE(count_lines(daemon_->stderr_text(), "it does not say any more that it lives"), 2U);
  expect_sound_end("after keyholders that did not run");
}

TEST_F(OneToken, ATokenThatIsGoneIsNotHammered) {
  faults_of_first_.set("gone");
  std::this_thread::sleep_for(milliseconds(1500));
  const std::uint64_t processes = faults_of_first_.processes();
  const std::uint64_t signatures = faults_of_first_.signatures();
  std::this_thread::sleep_for(milliseconds(6000));
  const std::uint64_t starts = faults_of_first_.processes() - processes;
  EXPECT_LE(starts, 6U) << "in 6 s, under 16 clients";
  EXPECT_GE(starts, 2U);
  EXPECT_EQ(faults_of_first_.signatures(), signatures);
  faults_of_first_.clear();
  expect_recovery("the token was away for 7.5 s");
  printf("tried: a token that is gone: %d starts in 6 s\n", static_cast<int>(starts));
  expect_sound_end("after a long absence");
}

/// What the HSM profile says of the module, without clients that ask all the time.
class ProfiledToken : public TokenFaultTest {
 protected:
  void start_with(const std::string& profile) {
    ca_.edit("fault.toml", "[sandbox]\n", profile + "\n[sandbox]\n");
    start_daemon();
    errors_ = 0;
    ClientOptions options = daemon_->options("plain");
    options.on_retry = [this](const Error&, milliseconds) { ++errors_; };
    client_ = std::make_unique<Client>(Client::create(options).value());
  }
  [[nodiscard]] bool issue(const std::string& key) {
    const auto issued = client_->issue(order(key));
    if (issued.has_value()) given_->add(*issued);
    return issued.has_value();
  }

  std::unique_ptr<Client> client_;
  std::atomic<int> errors_{0};
};

TEST_F(ProfiledToken, IdleSessionsSignAFixedTextAndDeadOnesAreReplaced) {
  start_with("keep_alive = \"1s\"");
  ASSERT_TRUE(issue("first"));
  const std::uint64_t before = faults_of_first_.signatures();
  const bool signs = eventually([&] { return faults_of_first_.signatures() >= before + 20; }, std::chrono::seconds(10));
  ASSERT_TRUE(signs) << "ten sessions sign each second, nearly";
  const std::uint64_t processes = faults_of_first_.processes();
  faults_of_first_.set("C_SignInit return 0x05 times 10");  // what a connection that died may say
  ASSERT_TRUE(eventually([&] { return faults_of_first_.struck() == 10; }, std::chrono::seconds(10)));
  EXPECT_GE(count_lines(daemon_->stderr_text(), "an idle session of the token had died"), 1U);
  EXPECT_EQ(errors_, 0);
  EXPECT_TRUE(issue("second"));
  EXPECT_LE(faults_of_first_.processes(), processes + 1);
  expect_sound_end("with idle sessions");
}

TEST_F(ProfiledToken, ASignatureHasTheDeadlineOfTheProfile) {
  ca_.edit("signet.toml", "sign_deadline = \"2s\"", "sign_deadline = \"30s\"");
  start_with("deadline = \"500ms\"");
  ASSERT_TRUE(issue("first"));
  faults_of_first_.set("C_Sign hang times 1");
  const auto begin = std::chrono::steady_clock::now();
  while (faults_of_first_.struck() == 0) ASSERT_TRUE(issue("next-" + std::to_string(given_->size())));
  EXPECT_GE(errors_, 1) << "it was answered, and tried again";
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(15));
  expect_sound_end("with a deadline of the profile");
}

TEST_F(ProfiledToken, AReturnValueAfterWhichTheModuleHasToBeReopenedIsObeyed) {
  start_with("restart_codes = [0x80000001]");
  ASSERT_TRUE(issue("first"));
  const std::uint64_t processes = faults_of_first_.processes();
  faults_of_first_.set("C_Sign return 0x80000002 times 1");
  while (faults_of_first_.struck() == 0) ASSERT_TRUE(issue("next-" + std::to_string(given_->size())));
  EXPECT_EQ(faults_of_first_.processes(), processes);
  faults_of_first_.set("C_Sign return 0x80000001 times 1");
  while (faults_of_first_.struck() == 0) ASSERT_TRUE(issue("next-" + std::to_string(given_->size())));
  EXPECT_TRUE(issue("last"));
  EXPECT_EQ(faults_of_first_.processes(), processes + 1);
  expect_sound_end("after a code of the profile");
}

}  // namespace
}  // namespace signet::test
