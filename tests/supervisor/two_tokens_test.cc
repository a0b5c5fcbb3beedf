// signetd with two tokens that hold the same key, of which one is away, or drained, when it starts.
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "base/file.h"
#include "supervisor/daemon_loop.h"
#include "wire/admin.h"

namespace signet::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

/// The issuing key is on two tokens, the log's on the first.
class DaemonWithTwoTokens : public DaemonLoop {
 protected:
  static constexpr const char* kFirst = "signet-keyholder(soft)";
  static constexpr const char* kSecond = "signet-keyholder(soft2)";

  DaemonWithTwoTokens() {
    std::string config = kConfig;
    const std::string alone = "[key.issuing-1]\ntoken = \"soft\"";
    config.replace(config.find(alone), alone.size(),
                   "[token.soft2]\nprofile = \"profile.toml\"\npin_file = \"pin\"\n"
                   "[key.issuing-1]\ntokens = [\"soft\", \"soft2\"]");
    directory_.write("signet.toml", config);
  }
  void give_the_second_its_own_pin() const {
    std::string config = slurp(directory_ / "signet.toml");
    const std::string alike = "[token.soft2]\nprofile = \"profile.toml\"\npin_file = \"pin";
    config.insert(config.find(alike) + alike.size(), "2");
    directory_.write("signet.toml", config);
    write_second_pin();
  }
  void write_second_pin() const { fs::permissions(directory_.write("pin2", "1234\n"), fs::perms::owner_read); }
  void wait_until_it_says(const std::string& text) const {
    EXPECT_TRUE(eventually([&] { return said().find(text) != std::string::npos; })) << text << "\n" << said();
  }
  void expect_that_it_gives_up(const std::vector<std::string>& why) {
    start();
    EXPECT_EQ(daemon_->wait(), 1);
    for (const std::string& part : why) EXPECT_THAT(said(), HasSubstr(part));
    EXPECT_FALSE(fs::exists(ready_file()));
  }
};

TEST_F(DaemonWithTwoTokens, StartsWithoutATokenThatIsAwayAndUsesItWhenItIsBack) {
  for (const int start : {0, 1, 2}) script(kSecond, "fail 14 no token matches", start);
  start_and_wait();
  EXPECT_THAT(said(), HasSubstr("a token is away; it is tried again until it is back token=soft2"));
  wait_until_it_says("token 'soft2' is away: no token matches; bring it back");
  ASSERT_TRUE(eventually([&] { return peers(kSecond).size() == 1; })) << said();
  EXPECT_THAT(starts(kSecond), ElementsAre("start 0", "start 1", "start 2", "start 3"));
  EXPECT_THAT(seen(kIssuer), Contains("away soft2").Times(1)) << "so that it logs the loss";
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonWithTwoTokens, StartsWithoutATokenWhoseModuleCrashes) {
  script(kSecond, "die", 0);
  start_and_wait();
  ASSERT_TRUE(eventually([&] { return peers(kSecond).size() == 1; })) << said();
  EXPECT_TRUE(eventually([&] { return testing::Value(seen(kIssuer), Contains("away soft2")); })) << said();
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonWithTwoTokens, WaitsForATokenThatTakesItsTime) {
  script(kSecond, "wait 2000 ready serve");
  start();
  ASSERT_TRUE(eventually([&] { return peers(kFront).size() == 1; })) << said();
  EXPECT_FALSE(fs::exists(ready_file())) << "clients are served already";
  wait_until_it_says(" ready address=");
  const std::size_t opened = said().find("process ready process=signet-keyholder(soft2)");
  EXPECT_LT(opened, said().find(" ready address=")) << said();
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonWithTwoTokens, ATokenThatWasDrainedBeforeIsNotStartedAndTheIssuerIsTold) {
  fs::create_directory(directory_ / "state");
  fs::permissions(directory_ / "state", fs::perms::owner_all);
  directory_.write("state/token-soft2.drained", "drained at some time");
  start_and_wait();
  wait_until_it_says("token 'soft2' is out of use: signet admin undrain soft2");
  EXPECT_TRUE(eventually([&] { return testing::Value(seen(kIssuer), Contains("drained soft2")); })) << said();
  EXPECT_TRUE(starts(kSecond).empty());
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonWithTwoTokens, AnIssuerThatIsStartedAgainIsToldWhatIsAway) {
  script(kSecond, "fail 14 no token matches");
  start_and_wait();
  ASSERT_TRUE(eventually([&] { return testing::Value(seen(kIssuer), Contains("away soft2")); })) << said();
  kill_child(kIssuer);
  EXPECT_TRUE(eventually([&] { return testing::Value(seen(kIssuer), Contains("away soft2").Times(2)); })) << said();
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonWithTwoTokens, DoesNotStartWithoutTheLogKeysTokenAndNamesItAndTheKey) {
  script(kFirst, "fail 14 no token matches");
  expect_that_it_gives_up({"token 'soft' is away: no token matches; no other token has what is needed of it (log-1)",
                           "bring the token back"});
}

TEST_F(DaemonWithTwoTokens, DoesNotStartWithoutBothAndNamesAllKeys) {
  script(kFirst, "wait 300 fail 14 nobody is there");
  script(kSecond, "die");
  expect_that_it_gives_up(
      {"token 'soft' is away: nobody is there; token 'soft2' is away: signet-keyholder(soft2) left "
       "before the daemon was ready: signal 9",
       "(issuing-1, log-1)"});
}

TEST_F(DaemonWithTwoTokens, AMistakeOfOneEndsTheStartWhateverTheOtherHolds) {
  script(kSecond, "fail 9 the certificate does not belong to the key");
  expect_that_it_gives_up({"signet-keyholder(soft2): the certificate does not belong to the key"});
}

TEST_F(DaemonWithTwoTokens, AMistakeOfATokenThatWasAwayFirstEndsTheStartToo) {
  script(kIssuer, "wait 1500 ready serve");
  script(kSecond, "fail 14 no token matches", 0);
  script(kSecond, "fail 9 the certificate does not belong to the key");
  expect_that_it_gives_up({"signet-keyholder(soft2): the certificate does not belong to the key"});
}

TEST_F(DaemonWithTwoTokens, StartsWithoutATokenWhoseModuleEndsItsProcess) {
  for (const int status : {0, 1}) script(kSecond, "leave " + std::to_string(status), status);
  start_and_wait();
  ASSERT_TRUE(eventually([&] { return peers(kSecond).size() == 1; })) << said();
  EXPECT_THAT(starts(kSecond), ElementsAre("start 0", "start 1", "start 2"));
  EXPECT_TRUE(eventually([&] { return testing::Value(seen(kIssuer), Contains("away soft2")); })) << said();
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonWithTwoTokens, AKeyholderThatCouldNotBeStartedEndsTheStart) {
  script(kSecond, "leave 127");
  expect_that_it_gives_up({"signet-keyholder(soft2) left before the daemon was ready: exit status 127"});
}

TEST_F(DaemonWithTwoTokens, AKeyholderThatLeavesForAReasonOfItsOwnLeavesNoTokenAway) {
  script(kSecond, "ready meet 2 fail 9 the journal cannot be written", 0);
  script(kSecond, "ready meet 1 fail 14 the token hangs", 1);
  start_and_wait();
  kill_child(kIssuer);  // the second that it meets
  ASSERT_TRUE(eventually([&] { return starts(kSecond).size() == 3 && peers(kSecond).size() == 4; })) << said();
  EXPECT_THAT(said(), HasSubstr("the journal cannot be written"));
  const std::string away = "a token is away";
  EXPECT_GT(said().find(away), said().find("the token hangs")) << "not for the journal\n" << said();
  EXPECT_EQ(said().find(away), said().rfind(away));
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonWithTwoTokens, ATokenThatStaysAwayIsReportedOnceForEachWayThatItsKeyholderDies) {
  for (const int start : {0, 1, 3, 4}) script(kSecond, "fail 14 no token matches", start);
  script(kSecond, "die", 2);
  const std::string failed = std::string("crash ") + kSecond + " 0";
  const std::string killed = std::string("crash ") + kSecond + " 9";
  start_and_wait();
  ASSERT_TRUE(eventually([&] { return peers(kSecond).size() == 1; })) << said();
  EXPECT_EQ(starts(kSecond).size(), 6U);
  EXPECT_TRUE(eventually([&] { return testing::Value(seen(kIssuer), Contains(killed)); })) << said();
  EXPECT_THAT(seen(kIssuer), Contains(failed).Times(1));
  EXPECT_THAT(seen(kIssuer), Contains(killed).Times(1));
  for (const pid_t pid : children_of(daemon_->pid(), std::string(kKeyholder).substr(0, 15))) kill(pid, SIGKILL);
  EXPECT_TRUE(eventually([&] { return testing::Value(seen(kIssuer), Contains(killed).Times(2)); }))
      << "it was ready, so this is another death\n"
      << said();
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonWithTwoTokens, ATokenThatWasAwayAndWhosePinCannotBeReadEndsTheStart) {
  give_the_second_its_own_pin();
  script(kIssuer, "await stopped ready serve");
  script(kSecond, "fail 14 no token matches");
  start();
  wait_until_it_says("a token is away");
  fs::remove(directory_ / "pin2");
  wait_until_it_says("stopping why=");
  directory_.write("stopped", "");
  EXPECT_EQ(daemon_->wait(), 1);
  EXPECT_THAT(said(), testing::ContainsRegex("signetd: [^\n]*pin2"));
}

TEST_F(DaemonWithTwoTokens, IsEndedWellBySigtermWhileATokenThatItNeedsIsAwayOrWrong) {
  for (const char* failure : {"14 no token matches", "9 the certificate does not belong to the key"}) {
    fs::remove(directory_ / "stderr");
    const std::size_t before = starts(kFirst).size();
    script(kFirst, std::string("await stopped fail ") + failure);
    fs::remove(directory_ / "stopped");
    start();
    ASSERT_TRUE(eventually([&] { return starts(kFirst).size() == before + 1; })) << said();
    daemon_->send_signal(SIGTERM);
    wait_until_it_says("stopping why=");
    directory_.write("stopped", "");
    EXPECT_EQ(daemon_->wait(), 0) << said();
    EXPECT_THAT(said(), HasSubstr("process cannot go on")) << "it failed after the signal";
  }
}

TEST_F(DaemonWithTwoTokens, APinThatAnOperatorGaveWhileTheTokenWasAwayOpensItWhenItIsBack) {
  std::string config = slurp(directory_ / "signet.toml");
  const std::string with_file = "[token.soft2]\nprofile = \"profile.toml\"\npin_file = \"pin\"";
  config.replace(config.find(with_file), with_file.size(),
                 "[token.soft2]\nprofile = \"profile.toml\"\npin = \"operator\"");
  directory_.write("signet.toml", config);
  script(kSecond, "fail 14 no token matches");
  start();
  wait_until_it_says(" ready address=");
  EXPECT_TRUE(starts(kSecond).empty());

  const auto socket = connect_to_daemon(directory_ / "state/admin.socket");
  ASSERT_TRUE(socket.has_value()) << socket.error().message;
  admin::Request request;
  request.mutable_unlock()->set_token("soft2");
  ASSERT_TRUE(send_admin_request(socket->get(), request, Secret(bytes_of("1234"))).has_value());
  const auto answer = receive_admin_response(socket->get(), std::chrono::seconds(10));
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_THAT(answer->failure().message(), HasSubstr("no token matches; the PIN was not tried, and waits in memory"));

  ASSERT_TRUE(eventually([&] { return starts(kSecond).size() >= 2; })) << said();
  script(kSecond, "login ready serve");
  ASSERT_TRUE(eventually([&] { return peers(kSecond).size() == 1; })) << said();
  EXPECT_EQ(stop(), 0);
}

/// What systemd hears of signetd.
class ServiceManager {
 public:
  explicit ServiceManager(const std::string& path) : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) throw std::runtime_error("the path is too long: " + path);
    std::memcpy(address.sun_path, path.c_str(), path.size());
    if (bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("cannot bind " + path);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~ServiceManager() { unsetenv("NOTIFY_SOCKET"); }
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  /// As `systemctl status` shows it; nothing before READY=1.
  std::optional<std::string> status() {
    std::array<char, 8192> heard{};
    for (ssize_t size = 0; (size = recv(socket_.get(), heard.data(), heard.size(), MSG_DONTWAIT)) > 0;) {
      const std::string text(heard.data(), static_cast<std::size_t>(size));
      if (text == "READY=1") status_ = "";
      if (text.starts_with("STATUS=") && status_.has_value()) status_ = text.substr(7);
    }
    return status_;
  }

 private:
  UniqueFd socket_;
  std::optional<std::string> status_;
};

TEST_F(DaemonWithTwoTokens, TheServiceManagerIsToldWhatKeepsATokenFromBeingUsedWhateverThatIs) {
  give_the_second_its_own_pin();
  script(kSecond, "ready serve", 0);
  script(kSecond, "fail 14 no token matches");
  ServiceManager systemd(directory_ / "notify");
  const auto shows = [&](const std::string& text) {
    const bool shown = eventually([&] {
      const auto status = systemd.status();
      return status.has_value() && (text.empty() ? status->empty() : status->find(text) != std::string::npos);
    });
    EXPECT_TRUE(shown) << text << "\nbut: " << systemd.status().value_or("not ready") << "\n" << said();
  };
  start_and_wait();
  shows("");
  ASSERT_TRUE(eventually([&] { return peers(kSecond).size() == 1; })) << said();
  const auto pids = children_of(daemon_->pid(), std::string("signet-keyholder").substr(0, 15));
  ASSERT_EQ(pids.size(), 2U);
  kill(pids[1], SIGKILL);  // the second was started last
  shows("token 'soft2' is away: no token matches; bring it back");
  fs::remove(directory_ / "pin2");
  shows("pin2");
  EXPECT_THAT(*systemd.status(), HasSubstr("mend that, and it is used again by itself"));
  EXPECT_THAT(*systemd.status(), testing::Not(HasSubstr("no token matches")));
  script(kSecond, "fail 9 another certificate is there");
  write_second_pin();
  shows("token 'soft2' is not used: another certificate is there");
  script(kSecond, "ready serve");
  shows("");
  EXPECT_EQ(stop(), 0);
}

}  // namespace
}  // namespace signet::test
