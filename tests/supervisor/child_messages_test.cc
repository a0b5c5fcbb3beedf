// What a process says that is not for it to say: a process that was taken over, or one with a bug.
#include "supervisor/child_messages.h"

#include <map>

#include "supervisor/daemon_loop.h"

namespace signet::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;
using Message = internal::ChildToSupervisor::MessageCase;

TEST(ChildMessages, EachComesFromTheProcessesThatItIsForAndFromNoOther) {
  const std::vector<std::string> all{kFront, kIssuer, kKeyholder};
  const std::map<std::string, std::vector<std::string>> who{
      {"ready", all},
      {"failed", all},
      {"peer_lost", {kIssuer}},
      {"reloaded", {kIssuer}},
      {"recorded", {kIssuer}},
      {"token_drained", {kIssuer}},
      {"issuer_status", {kIssuer}},
      {"alive", {kKeyholder}},
      {"logging_in", {kKeyholder}},
      {"logged_in", {kKeyholder}},
      {"still_starting", {kKeyholder}},
  };
  const auto* const type = internal::ChildToSupervisor::descriptor();
  ASSERT_EQ(static_cast<std::size_t>(type->field_count()), who.size()) << "of a new message somebody has to say it";
  for (const auto& [field, processes] : who) {
    const auto message = static_cast<Message>(type->FindFieldByName(field)->number());
    for (const std::string& process : all)
      EXPECT_EQ(may_say(process, message), std::ranges::find(processes, process) != processes.end())
          << process << " " << field;
  }
  EXPECT_FALSE(may_say(kIssuer, internal::ChildToSupervisor::MESSAGE_NOT_SET));
}

class DaemonWithALiar : public DaemonLoop {
 protected:
  /// It is killed for it, started again, and its death is logged.
  void expect_that_it_is_killed(const std::string& liar, const std::string& name, const std::string& message,
                                std::size_t peers_then = 2) {
    const std::string said_so =
        "process said what is not for it to say, and is killed process=" + name + " message=" + message;
    ASSERT_TRUE(eventually([&] { return said().find(said_so) != std::string::npos; })) << said();
    ASSERT_TRUE(eventually([&] { return starts(liar).size() == 2 && peers(liar).size() == peers_then; })) << said();
    EXPECT_TRUE(eventually([&] { return testing::Value(seen(kIssuer), Contains("crash " + name + " 9")); })) << said();
  }
};

TEST_F(DaemonWithALiar, AFrontDoesNotPutAPolicyInForce) {
  script(kFront, "ready meet 1 await lie say reloaded serve", 0);
  directory_.write("policy.toml", std::string("# old\n") + kPolicy);
  start_and_wait();
  directory_.write("policy.toml", std::string("# new\n") + kPolicy);
  directory_.write("reload.wait", "");
  directory_.write("reload.refuse", "the log is full\n");
  daemon_->send_signal(SIGHUP);
  ASSERT_TRUE(eventually([&] { return testing::Value(seen(kIssuer), Contains("reload # new")); })) << said();
  directory_.write("lie", "");
  ASSERT_TRUE(eventually([&] { return starts(kFront).size() == 2; })) << said();
  fs::remove(directory_ / "reload.wait");
  expect_that_it_is_killed(kFront, "signet-front", "Reloaded");
  ASSERT_TRUE(eventually([&] { return said().find("the log is full") != std::string::npos; })) << said();
  EXPECT_THAT(said(), Not(HasSubstr("reloaded policy_sha256=")));
  EXPECT_THAT(said(), HasSubstr("the old policy stays in force"));
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonWithALiar, AFrontDoesNotKeepADeathFromTheLog) {
  script(kIssuer, "meet 1 ready meet 1 serve", 0);
  script(kIssuer, "meet 1 await lied ready serve", 1);
  script(kFront, "ready meet 1 await lie say recorded serve", 0);
  start_and_wait();
  kill_child(kIssuer);  // report 1, which waits for the next issuer
  ASSERT_TRUE(eventually([&] { return starts(kIssuer).size() == 2; })) << said();
  directory_.write("lie", "");
  ASSERT_TRUE(eventually([&] { return starts(kFront).size() == 2; })) << said();
  directory_.write("lied", "");
  EXPECT_TRUE(eventually([&] { return testing::Value(seen(kIssuer), Contains("crash signet-issuer 9")); })) << said();
  expect_that_it_is_killed(kFront, "signet-front", "Recorded");
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonWithALiar, AKeyholderDoesNotSpeakForTheIssuer) {
  script(kKeyholder, "ready meet 1 await lie say token_drained serve", 0);
  start_and_wait();
  directory_.write("lie", "");
  expect_that_it_is_killed(kKeyholder, "signet-keyholder(soft)", "TokenDrained");
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonWithALiar, AnIssuerDoesNotSayThatATokenTookItsPin) {
  script(kIssuer, "meet 1 ready meet 1 await lie say logged_in serve", 0);
  start_and_wait();
  directory_.write("lie", "");
  expect_that_it_is_killed(kIssuer, "signet-issuer", "LoggedIn", 4);
  EXPECT_EQ(stop(), 0);
}

TEST_F(DaemonWithALiar, BeforeTheDaemonIsReadyItEnds) {
  script(kFront, "say peer_lost serve");
  start();
  EXPECT_EQ(daemon_->wait(), 1);
  EXPECT_THAT(said(), HasSubstr("is killed process=signet-front message=PeerLost"));
}

}  // namespace
}  // namespace signet::test
