// Operators: where PINs come from, `signet admin` on a running daemon, and what the log says of it.
#include <gmock/gmock.h>
#include <pty.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/file.h"
#include "integration/daemon.h"
#include "integration/process_memory.h"
#include "log/entries.h"
#include "wire/admin.h"
#include "wire/status.h"

namespace signet::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

constexpr const char* kPin = "test-pin-1234";  // of Installation's tokens
constexpr const char* kWrongPin = "wrong-pin-9876";

std::string socket_of(const Installation& ca) { return ca.path("state/admin.socket"); }

CommandResult signet_admin(const Installation& ca, std::vector<std::string> arguments, const std::string& input = {}) {
  std::vector<std::string> command{program("signet"), "--json", "admin", "--socket", socket_of(ca)};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_command(command, input);
}

json status(const Installation& ca) {
  const CommandResult result = signet_admin(ca, {"status"});
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  return json::parse(result.out);
}

json token(const Installation& ca, const std::string& name = "soft") {
  const json now = status(ca);
  for (const json& each : now.at("tokens")) {
    if (each.at("name") == name) return each;
  }
  return json::object();
}

std::string error_of(const CommandResult& result) {
  const json answer = json::parse(result.out, nullptr, false);
  return answer.is_object() && answer.contains("error") ? answer["error"]["message"].get<std::string>() : result.err;
}

CommandResult unlock(const Installation& ca, const std::string& pin, std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"unlock", "soft", "--pin-file", ca.folder().write("operator-pin", pin + "\n")};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return signet_admin(ca, arguments);
}

void use_pin_source(const Installation& ca, const std::string& source) {
  ca.edit("signet.toml", "pin_file = \"pin\"", source);
}

/// Starts signetd by a shell, which can leave descriptors open and set its environment.
std::string starter(const Installation& ca, const std::string& before, const std::string& redirection) {
  const std::string script = ca.folder().write(
      "signetd.sh", "#!/bin/sh\n" + before + "\nexec " + program("signetd") + " \"$@\" " + redirection + "\n");
  fs::permissions(script, fs::perms::owner_all);
  return script;
}

Result<IssuedCertificate> issue(Daemon& daemon, const Installation& ca) {
  return daemon.client("plain")->issue({.profile = "tls-server", .csr = ca.make_csr("DNS:a.plain.example")});
}

/// Why nothing is issued at present.
Error refusal_of(Daemon& daemon, const Installation& ca) {
  ClientOptions options = daemon.options("plain");
  options.deadline = std::chrono::seconds(2);
  auto client = Client::create(options).value();
  const auto got = client.issue({.profile = "tls-server", .csr = ca.make_csr("DNS:a.plain.example")});
  EXPECT_FALSE(got.has_value());
  return got.has_value() ? Error{} : got.error();
}

bool issues(Daemon& daemon, const Installation& ca) {
  return eventually([&] { return issue(daemon, ca).has_value(); });
}

std::size_t count_in(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// Clients that ask until the end of its life.
class Load {
 public:
  explicit Load(std::function<void()> ask_once) : ask_once_(std::move(ask_once)) {
    for (int i = 0; i < 4; ++i) {
      threads_.emplace_back([this] {
        while (!stop_) ask_once_();
      });
    }
  }
  ~Load() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

 private:
  const std::function<void()> ask_once_;
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

/// Of the log, as it is on disk.
std::vector<log::Entry> admin_entries(const Installation& ca) {
  std::vector<log::Entry> found;
  for (log::Entry& entry : ca.read_log()) {
    if (entry.type == "admin") found.push_back(std::move(entry));
  }
  return found;
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

TEST(Pin, IsAskedForOnTheTerminalWithoutEcho) {
  const Installation ca;
  use_pin_source(ca, "pin = \"operator\"");
  Daemon daemon(ca);
  int terminal = -1;
  const std::string signet = program("signet");
  const std::string socket_path = socket_of(ca);
  const pid_t child = forkpty(&terminal, nullptr, nullptr, nullptr);
  if (child == 0) {
    execl(signet.c_str(), "signet", "admin", "--socket", socket_path.c_str(), "unlock", "soft", nullptr);
    _exit(99);
  }
  ASSERT_GT(child, 0);
  const UniqueFd owned{terminal};
  std::string shown;
  const auto read_until = [&](const std::string& text) {
    std::array<char, 256> some{};
    while (shown.find(text) == std::string::npos) {
      const ssize_t got = read(terminal, some.data(), some.size());
      if (got <= 0) return;
      shown.append(some.data(), static_cast<std::size_t>(got));
    }
  };
  read_until("PIN of token 'soft': ");
  std::this_thread::sleep_for(std::chrono::milliseconds(200));  // echo goes off after the question
  ASSERT_TRUE(write_all(terminal, bytes_of(std::string(kPin) + "\n")).has_value());
  read_until("is open");
  int exit_status = -1;
  waitpid(child, &exit_status, 0);
  EXPECT_EQ(exit_status, 0) << shown;
  EXPECT_THAT(shown, AllOf(HasSubstr("token 'soft' is open"), Not(HasSubstr(kPin))));
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

TEST(Admin, StatusSaysHowTokensProcessesAndLogAre) {
  const Installation ca;
  Daemon daemon(ca);
  ASSERT_TRUE(issues(daemon, ca));
  const json now = status(ca);
  EXPECT_EQ(now["state"], "ready");
  EXPECT_EQ(now["origin"], "test.example/signet/issuing-1");
  EXPECT_EQ(now["address"], daemon.address());
  EXPECT_EQ(now["config_file"], ca.config());
  EXPECT_EQ(now["config_sha256"], to_hex(sha256(bytes_of(slurp(ca.config())))));
  EXPECT_EQ(now["policy_sha256"], to_hex(sha256(bytes_of(slurp(ca.path("policy.toml"))))));
  EXPECT_EQ(now["issuer_silent"], "");
  const json& issuer = now["issuer"];
  EXPECT_EQ(issuer["issuing"], true);
  EXPECT_EQ(issuer["not_issuing"], "");
  EXPECT_EQ(issuer["issued"], 1);
  EXPECT_GT(issuer["log_size"], 3);
  EXPECT_TRUE(issuer.contains("checkpoint") && issuer.contains("requests_in_flight"));
  ASSERT_EQ(now["tokens"].size(), 1U);
  const json& soft = now["tokens"][0];
  EXPECT_EQ(soft["state"], "open");
  EXPECT_EQ(soft["next_step"], "");
  EXPECT_EQ(soft["keys"], (json::array({"issuing-1", "log-1"})));
  EXPECT_EQ(soft["pin_source"], "pin_file");
  EXPECT_EQ(soft["connected"], true);
  for (const char* field : {"restarts", "sessions", "sessions_hung", "in_hand", "in_flight", "restart_in_millis",
                            "last_failure", "pin_kept"})
    EXPECT_TRUE(soft.contains(field)) << field;
  ASSERT_EQ(now["processes"].size(), 3U);
  for (const json& process : now["processes"]) {
    EXPECT_EQ(process["state"], "running");
    EXPECT_GT(process["pid"], 1);
    EXPECT_EQ(process["restarts"], 0);
  }
  kill(daemon.child("signet-keyholder"), SIGKILL);
  EXPECT_TRUE(eventually([&] { return token(ca)["restarts"] == 1 && token(ca)["state"] == "open"; }));
  const std::string table = run_ok({program("signet"), "admin", "--daemon-config", ca.config(), "status"});
  EXPECT_THAT(table, AllOf(HasSubstr("soft"), HasSubstr("open"), HasSubstr("signal 9"), HasSubstr("issuing:  yes")));
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Admin, ADrainedTokenStaysDrainedWhenSignetdIsStartedAgain) {
  const Installation ca;
  {
    Daemon daemon(ca);
    ASSERT_TRUE(issues(daemon, ca));
    ASSERT_EQ(signet_admin(ca, {"drain", "soft"}).status, 0);
    EXPECT_EQ(daemon.stop(), 0);
  }
  Daemon daemon(ca);
  EXPECT_EQ(token(ca)["state"], "drained");
  EXPECT_EQ(token(ca)["next_step"], "token 'soft' is out of use: signet admin undrain soft");
  EXPECT_TRUE(children_of(daemon.pid(), "signet-keyholde").empty());
  EXPECT_EQ(refusal_of(daemon, ca).code, ErrorCode::kUnavailable);
  const CommandResult undrained = signet_admin(ca, {"undrain", "soft"});
  EXPECT_EQ(undrained.status, 0) << undrained.out;
  EXPECT_TRUE(issues(daemon, ca));
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_FALSE(fs::exists(ca.path("state/token-soft.drained")));
}

TEST(Admin, DrainFinishesWhatIsInFlightAndRefusesTheRestUntilUndrain) {
  const Installation ca;
  Daemon daemon(ca);
  std::atomic<int> issued{0};
  std::atomic<int> put_off{0};
  const Bytes csr = ca.make_csr("DNS:a.plain.example");
  ClientOptions options = daemon.options("plain");
  options.deadline = std::chrono::milliseconds(2000);  // shorter than retry_after: one try
  {
    const Load load([&] {
      auto client = Client::create(options).value();
      const auto got = client.issue({.profile = "tls-server", .csr = csr});
      if (got.has_value()) {
        ++issued;
        return;
      }
      EXPECT_EQ(got.error().code, ErrorCode::kUnavailable) << got.error().message;
      EXPECT_TRUE(got.error().retryable);
      EXPECT_GT(got.error().retry_after.count(), 0);
      ++put_off;
    });
    for (int round = 0; round < 3; ++round) {
      const int before = issued;
      ASSERT_TRUE(eventually([&] { return issued > before + 5; }));
      const CommandResult drained = signet_admin(ca, {"drain", "soft"});
      ASSERT_EQ(drained.status, 0) << drained.out;
      EXPECT_EQ(token(ca)["state"], "drained");
      EXPECT_TRUE(children_of(daemon.pid(), "signet-keyholde").empty());
      const int refused = put_off;
      ASSERT_TRUE(eventually([&] { return put_off > refused + 5; }));
      EXPECT_EQ(unlock(ca, kPin).status, 3) << "it is drained, not shut";
      ASSERT_EQ(signet_admin(ca, {"undrain", "soft"}).status, 0);
    }
    ASSERT_TRUE(issues(daemon, ca));
  }
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_EQ(count_entries(ca.read_log(), "crash"), 0U) << "a drained keyholder leaves as it should";
  EXPECT_EQ(admin_entries(ca).size(), 9U);
}

/// A second token with the same keys: the same SoftHSM folder, copied.
void add_spare_token(const Installation& ca) {
  fs::copy(ca.path("tokens"), ca.path("tokens-b"), fs::copy_options::recursive);
  std::string conf = slurp(ca.path("softhsm2.conf"));
  const std::string from = ca.path("tokens");
  conf.replace(conf.find(from), from.size(), ca.path("tokens-b"));
  ca.folder().write("softhsm2-b.conf", conf);
  ca.edit("signet.toml", "[key.issuing-1]\ntoken = \"soft\"",
          "[token.spare]\nprofile = \"" + std::string(SIGNET_SOURCE_DIR) +
              "/hsm-profiles/softhsm2.toml\"\npin_file = \"pin\"\nenvironment = { SOFTHSM2_CONF = \"" +
              ca.path("softhsm2-b.conf") + "\" }\n[key.issuing-1]\ntokens = [\"soft\", \"spare\"]");
}

TEST(Admin, DrainLosesNoRequestWhereAnotherTokenHasTheKey) {
  const Installation ca;
  add_spare_token(ca);
  Daemon daemon(ca);
  std::atomic<int> issued{0};
  const Bytes csr = ca.make_csr("DNS:a.plain.example");
  {
    const Load load([&] {
      const auto got = daemon.client("plain")->issue({.profile = "tls-server", .csr = csr});
      EXPECT_TRUE(got.has_value()) << got.error().message;
      ++issued;
    });
    for (const char* name : {"soft", "spare", "soft", "spare"}) {
      const CommandResult drained = signet_admin(ca, {"drain", name});
      ASSERT_EQ(drained.status, 0) << drained.out;
      const int before = issued;
      EXPECT_TRUE(eventually([&] { return issued > before + 5; })) << name;
      const CommandResult back = signet_admin(ca, {"undrain", name});
      ASSERT_EQ(back.status, 0) << back.out;
      EXPECT_TRUE(eventually([&] { return token(ca, name)["connected"].get<bool>(); }));
    }
  }
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_EQ(count_entries(ca.read_log(), "crash"), 0U);
}

TEST(Admin, ATokenStaysDrainedWhenTheIssuerIsStartedAgain) {
  const Installation ca;
  add_spare_token(ca);
  Daemon daemon(ca);
  ASSERT_EQ(signet_admin(ca, {"drain", "spare"}).status, 0);
  kill(daemon.child("signet-issuer"), SIGKILL);
  EXPECT_TRUE(issues(daemon, ca));
  EXPECT_EQ(token(ca, "spare")["state"], "drained");
  EXPECT_EQ(signet_admin(ca, {"undrain", "spare"}).status, 0);
  EXPECT_TRUE(eventually([&] { return token(ca, "spare")["connected"].get<bool>(); }));
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Admin, ReloadSaysWhetherThePolicyIsInForceOrWhyNot) {
  const Installation ca;
  Daemon daemon(ca);
  ca.edit("policy.toml", "validity = \"90d\"", "validity = \"10d\"");
  const CommandResult done = signet_admin(ca, {"reload"});
  EXPECT_EQ(done.status, 0) << done.out;
  EXPECT_THAT(done.out, HasSubstr(to_hex(sha256(bytes_of(slurp(ca.path("policy.toml")))))));
  ca.edit("policy.toml", "validity = \"10d\"", "validity = \"eternal\"");
  const CommandResult refused = signet_admin(ca, {"reload"});
  EXPECT_EQ(refused.status, 3) << refused.out;
  EXPECT_THAT(error_of(refused), AllOf(HasSubstr("policy.toml:"), HasSubstr("eternal")));
  EXPECT_EQ(daemon.stop(), 0);
  const auto acts = admin_entries(ca);
  ASSERT_EQ(acts.size(), 2U);
  EXPECT_EQ(field_of(acts[0], "act"), "reload");
  EXPECT_EQ(field_of(acts[0], "outcome"), "ok");
  EXPECT_EQ(field_of(acts[1], "outcome"), "failed");
  EXPECT_THAT(field_of(acts[1], "text"), HasSubstr("eternal"));
}

TEST(Admin, EveryActIsInTheAuditLogWithWhoDidIt) {
  const Installation ca;
  use_pin_source(ca, "pin = \"operator\"");
  Daemon daemon(ca);
  EXPECT_EQ(signet_admin(ca, {"unlock", "nowhere", "--pin-file", ca.path("pin")}).status, 3);
  EXPECT_EQ(unlock(ca, kPin).status, 0);
  ASSERT_TRUE(issues(daemon, ca));
  EXPECT_EQ(daemon.stop(), 0);
  const auto acts = admin_entries(ca);
  ASSERT_EQ(acts.size(), 2U) << "also what was done before the issuer could log it";
  EXPECT_EQ(field_of(acts[0], "outcome"), "failed");
  EXPECT_THAT(field_of(acts[0], "text"), HasSubstr("there is no token 'nowhere'; tokens are: soft"));
  EXPECT_EQ(field_of(acts[1], "outcome"), "ok");
  for (const log::Entry& act : acts) {
    EXPECT_EQ(field_of(act, "act"), "unlock");
    const auto fields = log::read_admin(act);
    ASSERT_TRUE(fields.has_value()) << fields.error().message;
    EXPECT_EQ(fields->uid, geteuid());
    EXPECT_GT(fields->pid, 1U);
    EXPECT_LE(fields->at, log::read_time(act).value());
  }
  const auto verified =
      run_command({program("signet-audit"), "verify", "--log-key", ca.log_key(), ca.path("state/log")});
  EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
  const std::string shown = run_ok({program("signet-audit"), "show", "--type", "admin", ca.path("state/log")});
  EXPECT_EQ(count_in(shown, "act=unlock"), 2U) << shown;
}

TEST(Admin, AnIssuerThatDoesNotAnswerKeepsNoOperatorWaiting) {
  const Installation ca;
  Daemon daemon(ca);
  const pid_t issuer = daemon.child("signet-issuer");
  kill(issuer, SIGSTOP);
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> operators;
  for (int i = 0; i < 4; ++i) {
    operators.emplace_back([&] {
      const json now = status(ca);
      EXPECT_EQ(now["issuer"], nullptr);
      EXPECT_THAT(now["issuer_silent"].get<std::string>(), HasSubstr("did not answer within 1000 ms"));
      EXPECT_EQ(now["tokens"][0]["state"], "open");
    });
  }
  for (std::thread& each : operators) each.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
  kill(issuer, SIGCONT);
  EXPECT_TRUE(eventually([&] { return status(ca)["issuer"] != nullptr; }));
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Admin, WhatCannotBeLoggedIsNotDone) {
  const Installation ca;
  use_pin_source(ca, "pin = \"operator\"");
  Daemon daemon(ca);  // whose issuer waits for the token, and logs nothing
  admin::Request request;
  request.mutable_drain()->set_token("nowhere");
  const auto answer = [&] {
    const UniqueFd socket = connect_to_daemon(socket_of(ca)).value();
    EXPECT_TRUE(send_admin_request(socket.get(), request, Secret()).has_value());
    const auto response = receive_admin_response(socket.get(), std::chrono::seconds(10));
    return response.has_value() ? from_failure(response->failure()) : response.error();
  };
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(answer().code, ErrorCode::kNotFound) << i;
  const Error refused = answer();
  EXPECT_EQ(refused.code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(refused.message, HasSubstr("what cannot be logged is not done"));
  EXPECT_EQ(signet_admin(ca, {"drain", "soft"}).status, 3);
  EXPECT_EQ(token(ca)["state"], "waits-for-pin") << "it was not drained";
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Admin, SaysWhatToDoWhereNobodyAnswers) {
  const Installation ca;
  const CommandResult result = signet_admin(ca, {"status"});
  EXPECT_EQ(result.status, 4);
  EXPECT_THAT(error_of(result), HasSubstr("is signetd running"));
}

TEST(Admin, WorksWhenNoTlsIdentityIsValid) {
  const Installation ca;
  Daemon daemon(ca);
  // No certificate, key or trust is given, and none is looked for.
  const auto result =
      run_command({"env", "-i", program("signet"), "--json", "admin", "--socket", socket_of(ca), "status"});
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  EXPECT_EQ(daemon.stop(), 0);
}

}  // namespace
}  // namespace signet::test
