// Starting, joining, restarting and stopping.
#include "supervisor/daemon_loop.h"

namespace signet::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

TEST_F(DaemonLoop, JoinsTheIssuerWithBothOthersAndNobodyElse) {
  start_and_wait();
  ASSERT_TRUE(eventually([&] { return !peers(kFront).empty() && !peers(kKeyholder).empty(); }));
  const std::string with_front = generation_of(peers(kFront).front());
  const std::string with_keyholder = generation_of(peers(kKeyholder).front());
  EXPECT_NE(with_front, with_keyholder);
  EXPECT_THAT(peers(kFront), ElementsAre("ROLE_ISSUER " + with_front));
  EXPECT_THAT(peers(kKeyholder), ElementsAre("ROLE_ISSUER " + with_keyholder));
  EXPECT_THAT(peers(kIssuer),
              testing::UnorderedElementsAre("ROLE_FRONT " + with_front, "ROLE_KEYHOLDER " + with_keyholder));
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonLoop, TheIssuerMeetsItsKeyholderWhileItStartsAndTheFrontWhenItIsReady) {
  script(kIssuer, "meet 1 ready serve");
  start_and_wait();
  ASSERT_EQ(peers(kIssuer).size(), 2U);
  EXPECT_THAT(peers(kIssuer)[0], HasSubstr("ROLE_KEYHOLDER "));
  EXPECT_THAT(peers(kIssuer)[1], HasSubstr("ROLE_FRONT "));
  ASSERT_TRUE(eventually([&] { return !peers(kKeyholder).empty(); }));
  EXPECT_THAT(peers(kKeyholder), ElementsAre("ROLE_ISSUER " + generation_of(peers(kIssuer)[0])));
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonLoop, AnIssuerThatIsStartedAgainMeetsItsKeyholderBeforeItIsReady) {
  script(kIssuer, "meet 1 ready serve");
  start_and_wait();
  kill_child(kIssuer);
  ASSERT_TRUE(eventually([&] { return peers(kIssuer).size() == 4; })) << said();
  EXPECT_THAT(peers(kIssuer)[2], HasSubstr("ROLE_KEYHOLDER "));
  EXPECT_THAT(peers(kIssuer)[3], HasSubstr("ROLE_FRONT "));
  ASSERT_TRUE(eventually([&] { return peers(kKeyholder).size() == 2; }));
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonLoop, AKeyholderThatIsStartedAgainWhileTheIssuerStartsIsJoinedAnew) {
  script(kIssuer, "meet 1 ready serve", 0);
  script(kIssuer, "meet 2 ready serve", 1);  // its second start waits for two keyholders, one after the other
  start_and_wait();
  kill_child(kIssuer);
  ASSERT_TRUE(eventually([&] { return peers(kIssuer).size() == 3; })) << said();
  kill_child(kKeyholder);
  ASSERT_TRUE(eventually([&] { return peers(kIssuer).size() == 5; })) << said();
  EXPECT_THAT(peers(kIssuer)[2], HasSubstr("ROLE_KEYHOLDER "));
  EXPECT_THAT(peers(kIssuer)[3], HasSubstr("ROLE_KEYHOLDER "));
  EXPECT_THAT(peers(kIssuer)[4], HasSubstr("ROLE_FRONT "));
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonLoop, ABrokenLinkToAnIssuerThatStartsIsRenewed) {
  script(kIssuer, "meet 1 lose 1 meet 1 ready serve");
  start_and_wait();
  ASSERT_TRUE(eventually([&] { return peers(kIssuer).size() == 3; })) << said();
  EXPECT_THAT(peers(kIssuer)[0], HasSubstr("ROLE_KEYHOLDER "));
  EXPECT_THAT(peers(kIssuer)[1], HasSubstr("ROLE_KEYHOLDER "));
  EXPECT_THAT(peers(kIssuer)[2], HasSubstr("ROLE_FRONT "));
  EXPECT_EQ(peers(kKeyholder).size(), 2U);
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonLoop, SigtermDrainsTheFrontThenTheIssuerThenTheKeyholder) {
  start_and_wait();
  EXPECT_EQ(stop(), 0) << said();
  EXPECT_THAT(lines("drained"), ElementsAre(kFront, kIssuer, kKeyholder));
  EXPECT_FALSE(fs::exists(ready_file()));
}

TEST_F(DaemonLoop, AChildThatDiesIsStartedAgainJoinedAnewAndReportedToTheIssuer) {
  start_and_wait();
  for (const char* child : {kFront, kKeyholder}) {
    const auto before = peers(kIssuer).size();
    kill_child(child);
    ASSERT_TRUE(eventually([&] { return peers(kIssuer).size() == before + 1; })) << said();
    EXPECT_THAT(starts(child), ElementsAre("start 0", "start 1"));
    EXPECT_GT(std::stoi(generation_of(peers(kIssuer).back())), 2);
    ASSERT_TRUE(eventually([&] { return peers(child).size() == 2; }));
    EXPECT_EQ(generation_of(peers(child).back()), generation_of(peers(kIssuer).back()));
  }
  EXPECT_THAT(seen(kIssuer), Contains("crash signet-front 9"));
  EXPECT_THAT(seen(kIssuer), Contains("crash signet-keyholder(soft) 9"));
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonLoop, AnIssuerThatDiedIsToldOfItsOwnCrashAndJoinedWithBoth) {
  start_and_wait();
  kill_child(kIssuer);
  ASSERT_TRUE(eventually([&] { return peers(kFront).size() == 2 && peers(kKeyholder).size() == 2; })) << said();
  ASSERT_TRUE(eventually([&] { return peers(kIssuer).size() == 4; }));
  ASSERT_TRUE(eventually(
      [&] { return !seen(kIssuer).empty() && testing::Value(seen(kIssuer), Contains("crash signet-issuer 9")); }));
  EXPECT_THAT(starts(kFront), ElementsAre("start 0"));
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonLoop, ALinkThatTheIssuerLostIsRenewedOnce) {
  script(kIssuer, "ready meet 2 lose 1 lose 1 lose 77 serve");  // the second time it is an older one already
  start_and_wait();
  ASSERT_TRUE(eventually([&] { return peers(kIssuer).size() >= 3; })) << said();
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_EQ(peers(kIssuer).size(), 3U) << said();
  EXPECT_THAT(starts(kIssuer), ElementsAre("start 0"));
  EXPECT_EQ(peers(kFront).size() + peers(kKeyholder).size(), 3U);
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonLoop, AFailureBeforeTheDaemonIsReadyEndsItAndIsSaid) {
  script(kIssuer, "fail 9 the log is another process's");
  start();
  EXPECT_EQ(daemon_->wait(), 1);
  EXPECT_THAT(said(), HasSubstr("signet-issuer: the log is another process's"));
  EXPECT_FALSE(fs::exists(ready_file()));
}

TEST_F(DaemonLoop, ADeathBeforeTheDaemonIsReadyEndsItAndIsSaid) {
  script(kKeyholder, "die");
  start();
  EXPECT_EQ(daemon_->wait(), 1);
  EXPECT_THAT(said(), HasSubstr("signet-keyholder(soft) left before the daemon was ready: signal 9"));
}

TEST_F(DaemonLoop, AKeyholderThatCannotLogInAgainStaysDown) {
  script(kKeyholder, "fail 16 CKR_PIN_INCORRECT", 1);
  start_and_wait();
  kill_child(kKeyholder);
  ASSERT_TRUE(eventually([&] { return said().find("stays down") != std::string::npos; })) << said();
  std::this_thread::sleep_for(seconds(1));
  EXPECT_THAT(starts(kKeyholder), ElementsAre("start 0", "start 1"));
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonLoop, AKeyholderThatDiesWhileItLogsInForTheFirstTimeStaysDown) {
  script(kKeyholder, "login die", 0);
  start();
  ASSERT_TRUE(eventually([&] { return fs::exists(ready_file()); })) << said();
  EXPECT_THAT(said(), HasSubstr("its keyholder left while it logged in"));
  EXPECT_THAT(starts(kKeyholder), ElementsAre("start 0"));
  EXPECT_TRUE(fs::exists(directory_ / "state/token-soft.shut"));
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonLoop, AKeyholderThatDiesWhileItLogsInAgainIsStartedThreeTimes) {
  script(kKeyholder, "login ready serve", 0);
  for (int restart = 1; restart <= 3; ++restart) script(kKeyholder, "login die", restart);
  start_and_wait();
  kill_child(kKeyholder);
  ASSERT_TRUE(eventually([&] { return said().find("stays down") != std::string::npos; })) << said();
  std::this_thread::sleep_for(seconds(1));
  EXPECT_THAT(starts(kKeyholder), ElementsAre("start 0", "start 1", "start 2", "start 3"));
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonLoop, IsReadyWhenItsIssuerIsWhereATokenThatNobodyWaitsForIsHeld) {
  directory_.write("signet.toml",
                   std::string(kConfig) + "[token.other]\nprofile = \"profile.toml\"\npin = \"operator\"\n");
  script(kIssuer, "wait 1500 ready serve");
  start();
  ASSERT_TRUE(eventually([&] { return fs::exists(ready_file()); })) << said();
  EXPECT_LT(said().find("process ready process=signet-issuer"), said().find("ready address=")) << said();
  EXPECT_THAT(said(), HasSubstr("token 'other' waits for its PIN"));
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonLoop, IsReadyForTheOperatorWhereTheTokenOfTheLogsKeyIsHeld) {
  std::string config = kConfig;
  config.replace(config.find("pin_file = \"pin\""), std::string_view("pin_file = \"pin\"").size(),
                 "pin = \"operator\"");
  directory_.write("signet.toml", config);
  script(kIssuer, "meet 1 ready serve");
  start();
  ASSERT_TRUE(eventually([&] { return fs::exists(ready_file()); })) << said();
  EXPECT_EQ(said().find("process ready process=signet-issuer"), std::string::npos);
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonLoop, AnotherFailureIsTriedAgain) {
  script(kKeyholder, "fail 14 the token is away", 1);
  start_and_wait();
  kill_child(kKeyholder);
  ASSERT_TRUE(eventually([&] { return peers(kKeyholder).size() == 2; })) << said();
  EXPECT_THAT(starts(kKeyholder), ElementsAre("start 0", "start 1", "start 2"));
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonLoop, AChildThatHangsUpButStaysIsKilledAndStartedAgain) {
  script(kFront, "ready wait 500 hang up", 0);  // when the daemon is ready
  start_and_wait();
  ASSERT_TRUE(eventually([&] { return starts(kFront).size() == 2; })) << said();
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonLoop, AKeyholderThatDoesNotSayAnyMoreThatItLivesIsKilledAndStartedAgain) {
  directory_.write("signet.toml", std::string(kConfig) + "[issue]\nsign_deadline = \"1s\"\n");
  script(kKeyholder, "ready mute serve", 0);
  start_and_wait();
  ASSERT_TRUE(eventually([&] { return peers(kKeyholder).size() == 2; })) << said();
  EXPECT_THAT(said(), HasSubstr("it does not say any more that it lives"));
  std::this_thread::sleep_for(milliseconds(1500));
  EXPECT_THAT(starts(kKeyholder), ElementsAre("start 0", "start 1")) << "the second one says that it lives";
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonLoop, AKeyholderThatDoesNotBecomeReadyAgainIsKilledAndStartedAgain) {
  directory_.write("signet.toml", std::string(kConfig) + "[issue]\nsign_deadline = \"1s\"\n");
  script(kKeyholder, "wait 3600000", 1);
  start_and_wait();
  kill_child(kKeyholder);
  ASSERT_TRUE(eventually([&] { return peers(kKeyholder).size() == 2; })) << said();
  EXPECT_THAT(said(), HasSubstr("it does not become ready"));
  EXPECT_THAT(starts(kKeyholder), ElementsAre("start 0", "start 1", "start 2"));
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonLoop, AKeyholderThatSaysThatItStillReadsItsJournalMayTakeItsTime) {
  directory_.write("signet.toml", std::string(kConfig) + "[issue]\nsign_deadline = \"1s\"\n");
  script(kKeyholder, "wait 600 still wait 600 still wait 600 ready serve", 1);
  script(kKeyholder, "wait 600 still wait 3600000", 2);
  start_and_wait();
  kill_child(kKeyholder);
  ASSERT_TRUE(eventually([&] { return peers(kKeyholder).size() == 2; })) << said();
  EXPECT_THAT(starts(kKeyholder), ElementsAre("start 0", "start 1")) << "longer than its first start, and not killed";
  EXPECT_THAT(said(), Not(HasSubstr("it does not become ready")));
  kill_child(kKeyholder);
  ASSERT_TRUE(eventually([&] { return peers(kKeyholder).size() == 3; })) << said();
  EXPECT_THAT(said(), HasSubstr("it does not become ready")) << "it said once that it goes on, and then nothing";
  EXPECT_THAT(starts(kKeyholder), ElementsAre("start 0", "start 1", "start 2", "start 3"));
  EXPECT_EQ(stop(), 0);
}

/// What the issuer was told of policies: "policy # old", "reload # new".
std::vector<std::string> policies(const std::vector<std::string>& seen) {
  std::vector<std::string> policies;
  for (const std::string& line : seen) {
    if (line.starts_with("policy ") || line.starts_with("reload ")) policies.push_back(line);
  }
  return policies;
}

class DaemonReload : public DaemonLoop {
 protected:
  void SetUp() override {
    write_policy("old");
    start_and_wait();
    write_policy("new");
  }

  void write_policy(const std::string& name) const { directory_.write("policy.toml", "# " + name + "\n" + kPolicy); }
  /// SIGHUP, and waits until it says this, for the `times`th time.
  void reload(const std::string& expected, std::size_t times = 1) {
    daemon_->send_signal(SIGHUP);
    ASSERT_TRUE(eventually([&] { return count(expected) == times; })) << said();
  }
  [[nodiscard]] std::size_t count(const std::string& text) const {
    const std::string all = said();
    std::size_t found = 0;
    for (std::size_t at = all.find(text); at != std::string::npos; at = all.find(text, at + 1)) ++found;
    return found;
  }
  /// The issuer is killed, and started again.
  void restart_issuer() {
    const std::size_t before = policies(seen(kIssuer)).size();
    kill_child(kIssuer);
    ASSERT_TRUE(eventually([&] { return policies(seen(kIssuer)).size() == before + 1; })) << said();
  }
};

TEST_F(DaemonReload, AnIssuerThatIsStartedAgainGetsTheNewestPolicyThatWasTaken) {
  reload("reloaded policy_sha256=");
  restart_issuer();
  EXPECT_THAT(policies(seen(kIssuer)), ElementsAre("policy # old", "reload # new", "policy # new"));
  EXPECT_EQ(starts(kFront).size() + starts(kKeyholder).size(), 2U) << "nobody else notices";
  EXPECT_TRUE(fs::exists(ready_file()));
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonReload, APolicyThatTheIssuerRefusesIsNotTheNextOnes) {
  directory_.write("reload.refuse", "the log is full\n");
  reload("the log is full");
  EXPECT_THAT(said(), HasSubstr("the old policy stays in force"));
  restart_issuer();
  EXPECT_THAT(policies(seen(kIssuer)), ElementsAre("policy # old", "reload # new", "policy # old"));
  fs::remove(directory_ / "reload.refuse");
  reload("reloaded policy_sha256=");
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonReload, WhereTheIssuerDiesOfAPolicyTheOldOneStaysAndItIsNotOfferedAgain) {
  directory_.write("reload.die", "");
  reload("the issuer died before it answered");
  ASSERT_TRUE(eventually([&] { return policies(seen(kIssuer)).size() == 3; })) << said();
  EXPECT_THAT(policies(seen(kIssuer)), ElementsAre("policy # old", "reload # new", "policy # old"));
  ASSERT_TRUE(eventually([&] { return peers(kIssuer).size() == 4; }));
  fs::remove(directory_ / "reload.die");
  reload("reloaded policy_sha256=");
  EXPECT_EQ(policies(seen(kIssuer)).back(), "reload # new");
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonReload, APolicyWithMistakesIsNotOfferedAndEachIsSaid) {
  directory_.write("policy.toml", std::string(kPolicy) + "[client.x]\nidentity = \"nobody\"\nprofiles = [\"none\"]\n");
  reload("reason=", 3);
  EXPECT_THAT(said(), testing::AllOf(HasSubstr("identity"), HasSubstr("[profile.none]")));
  std::string misfit = kPolicy;
  directory_.write("policy.toml",
                   misfit.replace(misfit.find("issuing-1"), std::string_view("issuing-1").size(), "gone"));
  reload("no such issuer");
  fs::remove(directory_ / "policy.toml");
  reload("No such file");
  EXPECT_THAT(policies(seen(kIssuer)), ElementsAre("policy # old"));
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonReload, ASecondSighupSaysThatItWaitsForTheFirst) {
  directory_.write("reload.wait", "");
  reload("reloading policy=");
  reload("the reload waits for the one under way");
  EXPECT_EQ(count("reloading policy="), 1U);
  fs::remove(directory_ / "reload.wait");
  ASSERT_TRUE(eventually([&] { return count("reloaded policy_sha256=") == 2; })) << said();
  EXPECT_THAT(policies(seen(kIssuer)), ElementsAre("policy # old", "reload # new", "reload # new"));
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonReload, SighupWhileTheIssuerIsDownIsDoneWhenItIsReady) {
  script(kIssuer, "meet 1 ready serve");
  kill_child(kIssuer);
  ASSERT_TRUE(eventually([&] { return count("process died") == 1; }));
  reload("reloaded policy_sha256=");
  EXPECT_THAT(policies(seen(kIssuer)), ElementsAre("policy # old", "policy # old", "reload # new"));
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonReload, AProfileThatChangedIsSaidToNeedARestartAndNoKeyholderSeesItBefore) {
  const std::string profile = slurp(directory_ / "profile.toml");
  directory_.write("profile.toml", "# new\n" + profile);
  reload("reloaded policy_sha256=");
  EXPECT_THAT(said(), testing::ContainsRegex("takes effect when signetd is started again file=[^\n]*profile.toml"));
  kill_child(kKeyholder);
  ASSERT_TRUE(eventually([&] { return peers(kKeyholder).size() == 2; })) << said();
  EXPECT_THAT(seen(kKeyholder), Contains("profile name = \"fake\"").Times(2));
  EXPECT_EQ(stop(), 0);
  start_and_wait();
  EXPECT_THAT(seen(kKeyholder), Contains("profile # new"));
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonReload, AConfigurationThatChangedIsSaidToNeedARestart) {
  directory_.write("signet.toml", std::string(kConfig) + "# changed\n");
  reload("reloaded policy_sha256=");
  EXPECT_THAT(said(), HasSubstr("takes effect when signetd is started again"));
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonLoop, ItsChildrenLeaveWhenItIsKilled) {
  start_and_wait();
  const auto children = children_of(daemon_->pid());
  ASSERT_EQ(children.size(), 3U);
  daemon_->send_signal(SIGKILL);
  static_cast<void>(daemon_->wait());
  for (const pid_t child : children)
    EXPECT_TRUE(eventually([&] { return !fs::exists("/proc/" + std::to_string(child)) || kill(child, 0) != 0; }));
}

}  // namespace
}  // namespace signet::test
