// Where PINs come from, what becomes of them, and what a wrong one does.
#include <gmock/gmock.h>
#include <pty.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <thread>
#include <utility>

#include "base/file.h"
#include "integration/operator.h"
#include "integration/process_memory.h"

namespace signet::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

constexpr const char* kWrongPin = "wrong-pin-9876";

/// Starts signetd by a shell, which can leave descriptors open and set its environment.
std::string starter(const Installation& ca, const std::string& before, const std::string& redirection) {
  const std::string script = ca.folder().write(
      "signetd.sh", "#!/bin/sh\n" + before + "\nexec " + program("signetd") + " \"$@\" " + redirection + "\n");
  fs::permissions(script, fs::perms::owner_all);
  return script;
}

TEST(Pin, ComesFromACredentialOfSystemd) {
  const Installation ca;
  use_pin_source(ca, "pin_credential = \"hsm\"");
  fs::create_directory(ca.path("credentials"));
  ca.folder().write("credentials/hsm", kPin);
  Daemon daemon(ca, starter(ca, "export CREDENTIALS_DIRECTORY=" + ca.path("credentials"), ""));
  EXPECT_TRUE(issues(daemon, ca));
  kill(daemon.child("signet-keyholder"), SIGKILL);
  EXPECT_TRUE(issues(daemon, ca)) << "it is read at each start of the keyholder";
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Pin, ComesFromADescriptorOnceUnlessItIsKept) {
  for (const bool keep : {false, true}) {
    const Installation ca;
    use_pin_source(ca, keep ? "pin_fd = 7\nkeep_pin = true" : "pin_fd = 7");
    Daemon daemon(ca, starter(ca, "", "7<" + ca.path("pin")));
    ASSERT_TRUE(issues(daemon, ca));
    EXPECT_FALSE(fs::exists("/proc/" + std::to_string(daemon.pid()) + "/fd/7") &&
                 fs::read_symlink("/proc/" + std::to_string(daemon.pid()) + "/fd/7") == ca.path("pin"))
        << "signetd has closed it";
    kill(daemon.child("signet-keyholder"), SIGKILL);
    if (keep) {
      EXPECT_TRUE(issues(daemon, ca));
      EXPECT_TRUE(token(ca)["pin_kept"].get<bool>());
    } else {
      EXPECT_TRUE(eventually([&] { return token(ca)["state"] == "waits-for-pin"; })) << daemon.stderr_text();
      EXPECT_EQ(unlock(ca, kPin).status, 0);
      EXPECT_TRUE(issues(daemon, ca));
    }
    EXPECT_EQ(daemon.stop(), 0);
  }
}

TEST(Pin, ADescriptorThatNobodyLeftOpenEndsTheStart) {
  const Installation ca;
  use_pin_source(ca, "pin_fd = 7");
  const auto result = run_command({program("signetd"), "--config", ca.config()}, {}, {}, std::chrono::seconds(60));
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("without an open descriptor"), HasSubstr("token.soft.pin_fd")));
}

TEST(Pin, AFileThatOthersMayReadEndsTheStart) {
  const Installation ca;
  ASSERT_EQ(chmod(ca.path("pin").c_str(), 0640), 0);
  const auto result = run_command({program("signetd"), "--config", ca.config()}, {}, {}, std::chrono::seconds(60));
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("its mode is 0640"), HasSubstr("token.soft.pin_file")));
}

TEST(Pin, OfTheOperatorIsWaitedForAndNotKept) {
  const Installation ca;
  use_pin_source(ca, "pin = \"operator\"");
  Daemon daemon(ca);
  EXPECT_EQ(token(ca)["state"], "waits-for-pin");
  EXPECT_EQ(token(ca)["next_step"], "token 'soft' waits for its PIN: signet admin unlock soft");
  EXPECT_EQ(status(ca)["issuer"], nullptr);
  const Error refused = refusal_of(daemon, ca);
  EXPECT_EQ(refused.code, ErrorCode::kUnavailable);
  EXPECT_TRUE(refused.retryable);

  const CommandResult opened = unlock(ca, kPin);
  EXPECT_EQ(opened.status, 0) << opened.out;
  EXPECT_EQ(json::parse(opened.out)["done"], "token 'soft' is open");
  EXPECT_TRUE(issues(daemon, ca));
  EXPECT_EQ(token(ca)["state"], "open");
  EXPECT_FALSE(token(ca)["pin_kept"].get<bool>());
  EXPECT_THAT(json::parse(unlock(ca, kPin).out)["done"].get<std::string>(), HasSubstr("is open already"));

  kill(daemon.child("signet-keyholder"), SIGKILL);
  EXPECT_TRUE(eventually([&] { return token(ca)["state"] == "waits-for-pin"; }));
  EXPECT_EQ(refusal_of(daemon, ca).code, ErrorCode::kUnavailable);
  EXPECT_EQ(unlock(ca, kPin).status, 0);
  EXPECT_TRUE(issues(daemon, ca));
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Pin, OfTheOperatorIsKeptForRestartsWhereThatIsConfigured) {
  const Installation ca;
  use_pin_source(ca, "pin = \"operator\"\nkeep_pin = true");
  Daemon daemon(ca);
  EXPECT_EQ(unlock(ca, kPin).status, 0);
  EXPECT_TRUE(token(ca)["pin_kept"].get<bool>());
  kill(daemon.child("signet-keyholder"), SIGKILL);
  EXPECT_TRUE(issues(daemon, ca));
  EXPECT_TRUE(memory_of(daemon.pid()).find(kPin) != std::string::npos) << "so the search below can find something";
  EXPECT_EQ(daemon.stop(), 0);
}

/// `signet admin unlock soft` on a terminal of its own.
class Terminal {
 public:
  explicit Terminal(const Installation& ca, const std::string& token = "soft") {
    const std::string signet = program("signet");
    const std::string socket = socket_of(ca);
    int master = -1;
    child_ = forkpty(&master, nullptr, nullptr, nullptr);
    if (child_ == 0) {
      execl(signet.c_str(), "signet", "admin", "--socket", socket.c_str(), "unlock", token.c_str(), nullptr);
      _exit(99);
    }
    master_ = UniqueFd{master};
  }
  ~Terminal() {
    if (child_ > 0) kill(child_, SIGKILL);
    if (child_ > 0) waitpid(child_, nullptr, 0);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  /// What was shown until then, or until the end.
  const std::string& read_until(const std::string& text) {
    std::array<char, 256> some{};
    while (shown_.find(text) == std::string::npos) {
      const ssize_t got = read(master_.get(), some.data(), some.size());
      if (got <= 0) break;
      shown_.append(some.data(), static_cast<std::size_t>(got));
    }
    return shown_;
  }
  void type(const std::string& text) const { ASSERT_TRUE(write_all(master_.get(), bytes_of(text)).has_value()); }
  [[nodiscard]] bool echoes() const {
    termios now{};
    EXPECT_EQ(tcgetattr(master_.get(), &now), 0);
    return (now.c_lflag & ECHO) != 0;
  }
  /// As waitpid() gives it.
  int wait() {
    int how = -1;
    waitpid(std::exchange(child_, -1), &how, 0);
    return how;
  }

 private:
  pid_t child_ = -1;
  UniqueFd master_;
  std::string shown_;
};

TEST(Pin, IsAskedForOnTheTerminalWithoutEcho) {
  const Installation ca;
  use_pin_source(ca, "pin = \"operator\"");
  Daemon daemon(ca);
  Terminal terminal(ca);
  terminal.read_until("PIN of token 'soft': ");
  ASSERT_TRUE(eventually([&] { return !terminal.echoes(); }));
  terminal.type(std::string(kPin) + "\n");
  const std::string shown = terminal.read_until("is open");
  EXPECT_EQ(terminal.wait(), 0) << shown;
  EXPECT_THAT(shown, AllOf(HasSubstr("token 'soft' is open"), Not(HasSubstr(kPin))));
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Pin, WhereItIsNotGivenAfterAllTheTerminalEchoesAgain) {
  const Installation ca;
  use_pin_source(ca, "pin = \"operator\"");
  Daemon daemon(ca);
  Terminal terminal(ca);
  terminal.read_until("PIN of token 'soft': ");
  ASSERT_TRUE(eventually([&] { return !terminal.echoes(); }));
  terminal.type("12\x03");  // Ctrl-C
  const int how = terminal.wait();
  EXPECT_TRUE(WIFSIGNALED(how) && WTERMSIG(how) == SIGINT) << how;
  EXPECT_TRUE(terminal.echoes());
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Pin, IsNotAskedForWhereNobodyListensOrTheTokenIsNotThere) {
  const Installation ca;
  {
    Terminal nobody(ca);
    EXPECT_THAT(nobody.read_until("PIN of"), AllOf(HasSubstr("is signetd running"), Not(HasSubstr("PIN of"))));
    EXPECT_EQ(WEXITSTATUS(nobody.wait()), 4);
  }
  Daemon daemon(ca);
  Terminal nowhere(ca, "nowhere");
  EXPECT_THAT(nowhere.read_until("PIN of"), AllOf(HasSubstr("there is no token 'nowhere'"), Not(HasSubstr("PIN of"))));
  EXPECT_EQ(WEXITSTATUS(nowhere.wait()), 3);
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(WrongPin, IsTriedOnceAndTheTokenStaysShutUntilItIsUnlocked) {
  const Installation ca;
  ca.folder().write("pin", std::string(kWrongPin) + "\n");
  {
    Daemon daemon(ca);
    EXPECT_EQ(token(ca)["state"], "shut");
    EXPECT_THAT(token(ca)["next_step"].get<std::string>(),
                AllOf(HasSubstr("CKR_PIN_INCORRECT"), HasSubstr("signet admin unlock soft")));
    EXPECT_EQ(refusal_of(daemon, ca).code, ErrorCode::kUnavailable);
    std::this_thread::sleep_for(std::chrono::seconds(2));
    EXPECT_EQ(count_in(daemon.stderr_text(), "reason=\"token.soft: C_Login"), 1U) << daemon.stderr_text();
    EXPECT_EQ(daemon.stop(), 0);
  }
  Daemon daemon(ca);
  EXPECT_EQ(token(ca)["state"], "shut") << "the next signetd knows";
  EXPECT_EQ(count_in(daemon.stderr_text(), "reason=\"token.soft: C_Login"), 1U) << "that of the first signetd";
  EXPECT_TRUE(children_of(daemon.pid(), "signet-keyholde").empty()) << "nothing was tried";

  const CommandResult careful = unlock(ca, kPin);
  EXPECT_EQ(careful.status, 3) << careful.out;
  EXPECT_THAT(error_of(careful), AllOf(HasSubstr("was entered wrongly since the last login"), HasSubstr("not tried"),
                                       HasSubstr("signet admin unlock soft --despite-count-low")));
  const CommandResult opened = unlock(ca, kPin, {"--despite-count-low"});
  EXPECT_EQ(opened.status, 0) << opened.out;
  EXPECT_TRUE(issues(daemon, ca));
  EXPECT_FALSE(fs::exists(ca.path("state/token-soft.shut")));
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_EQ(daemon.stderr_text().find(kWrongPin), std::string::npos);
  EXPECT_EQ(daemon.stderr_text().find(kPin), std::string::npos);
}

TEST(WrongPin, OfAnOperatorIsRefusedAndTheConfiguredOneOpensAgain) {
  const Installation ca;
  ca.folder().write("pin", std::string(kWrongPin) + "\n");
  Daemon daemon(ca);
  const CommandResult wrong = unlock(ca, "wrong-pin-1111", {"--despite-count-low"});
  EXPECT_EQ(wrong.status, 3) << wrong.out;
  EXPECT_THAT(error_of(wrong), AllOf(HasSubstr("CKR_PIN_INCORRECT"), Not(HasSubstr("wrong-pin"))));
  EXPECT_EQ(token(ca)["state"], "shut");
  ca.folder().write("pin", std::string(kPin) + "\n");
  const CommandResult opened = signet_admin(ca, {"unlock", "soft", "--configured", "--despite-count-low"});
  EXPECT_EQ(opened.status, 0) << opened.out;
  EXPECT_TRUE(issues(daemon, ca));
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(WrongPin, OfTheFileIsNotTriedAgainWhenAnOperatorGaveTheRightOne) {
  const Installation ca;
  ca.folder().write("pin", std::string(kWrongPin) + "\n");
  const auto tries = [](Daemon& daemon) { return count_in(daemon.stderr_text(), "reason=\"token.soft: C_Login"); };
  {
    Daemon daemon(ca);
    ASSERT_EQ(unlock(ca, kPin, {"--despite-count-low"}).status, 0);
    EXPECT_TRUE(issues(daemon, ca));
    kill(daemon.child("signet-keyholder"), SIGKILL);
    ASSERT_TRUE(eventually([&] { return token(ca)["state"] == "shut"; })) << daemon.stderr_text();
    EXPECT_THAT(token(ca)["next_step"].get<std::string>(),
                AllOf(HasSubstr("the PIN of token.soft.pin_file is the one that was wrong"),
                      HasSubstr("signet admin unlock soft")));
    EXPECT_EQ(tries(daemon), 1U);
    EXPECT_EQ(unlock(ca, kPin).status, 0) << "the token does not say that a wrong PIN was tried since";
    EXPECT_TRUE(issues(daemon, ca));
    EXPECT_EQ(daemon.stop(), 0);
  }
  {
    Daemon daemon(ca);
    EXPECT_EQ(token(ca)["state"], "shut") << "the next signetd knows";
    EXPECT_TRUE(children_of(daemon.pid(), "signet-keyholde").empty()) << "nothing was tried";
    EXPECT_EQ(daemon.stop(), 0);
  }
  ca.folder().write("pin", std::string(kPin) + "\n");
  Daemon daemon(ca);
  EXPECT_TRUE(issues(daemon, ca)) << "the file has another PIN";
  EXPECT_FALSE(fs::exists(ca.path("state/token-soft.wrong-pin")));
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Pin, IsNowhereOnceItWasUsed) {
  const Installation ca;
  use_pin_source(ca, "pin = \"operator\"");
  Daemon daemon(ca);
  const CommandResult opened = unlock(ca, kPin);
  ASSERT_EQ(opened.status, 0);
  ASSERT_TRUE(issues(daemon, ca));
  EXPECT_THAT(opened.out + opened.err + signet_admin(ca, {"status"}).out, Not(HasSubstr(kPin)));
  std::vector<pid_t> all = children_of(daemon.pid());
  all.push_back(daemon.pid());
  for (const pid_t pid : all) {
    for (const char* file : {"/cmdline", "/environ"})
      EXPECT_EQ(slurp("/proc/" + std::to_string(pid) + file).find(kPin), std::string::npos) << pid << file;
  }
  for (const pid_t pid : {daemon.pid(), daemon.child("signet-issuer"), daemon.child("signet-front")}) {
    const std::string memory = memory_of(pid);
    EXPECT_GT(memory.size(), 1'000'000U) << "it was read";
    EXPECT_EQ(memory.find(kPin), std::string::npos) << slurp("/proc/" + std::to_string(pid) + "/comm");
  }
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_EQ(daemon.stderr_text().find(kPin), std::string::npos);
  for (const auto& file : fs::recursive_directory_iterator(ca.path("state"))) {
    if (!file.is_regular_file()) continue;
    EXPECT_EQ(slurp(file.path()).find(kPin), std::string::npos) << file.path();
  }
}

}  // namespace
}  // namespace signet::test
