// The whole daemon, started while one of two tokens with the issuing key is away.
#include <gmock/gmock.h>
#include <signal.h>

#include <nlohmann/json.hpp>

#include "fault/token_fixture.h"
#include "support/command.h"

namespace signet::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class StartWithATokenAway : public TokenFaultTest {
 protected:
  void SetUp() override { add_second_token(); }

  [[nodiscard]] nlohmann::json status_of(const std::string& token) const {
    const auto status = nlohmann::json::parse(
        run_ok({program("signet"), "--json", "admin", "--socket", ca_.path("state/admin.socket"), "status"}));
    for (const auto& each : status.at("tokens")) {
      if (each.at("name") == token) return each;
    }
    return {};
  }
  /// "lost soft2", ... of the issuing key, in order.
  [[nodiscard]] std::vector<std::string> events_of_the_issuing_key() const {
    std::vector<std::string> events;
    for (const log::Entry& entry : ca_.read_log()) {
      if (entry.type == "key" && field_of(entry, "key") == "issuing-1")
        events.push_back(field_of(entry, "event") + " " + field_of(entry, "token"));
    }
    return events;
  }
};

/// By what the module does when the token is away.
class StartWithATokenAwayBy : public StartWithATokenAway, public testing::WithParamInterface<const char*> {};

TEST_P(StartWithATokenAwayBy, EveryClientIsServedAndTheTokenIsUsedWhenItIsBack) {
  faults_of_second_.set(GetParam());
  start_daemon();
  const auto away = status_of("soft2");
  EXPECT_EQ(away.at("state"), "away");
  EXPECT_THAT(away.at("next_step").get<std::string>(),
              AllOf(HasSubstr("token 'soft2' is away: "), HasSubstr("bring it back")));
  EXPECT_EQ(status_of("soft").at("state"), "open");
  start_load();
  ASSERT_TRUE(load_->more_answers(50)) << daemon_->stderr_text();
  faults_of_second_.clear();
  const std::uint64_t before = faults_of_second_.signatures();
  EXPECT_TRUE(eventually([&] { return faults_of_second_.signatures() > before + 2; }, kBound)) << "it stays away";
  ASSERT_TRUE(load_->more_answers(50)) << daemon_->stderr_text();
  EXPECT_EQ(status_of("soft2").at("state"), "open");
  EXPECT_EQ(load_->errors(), 0U) << daemon_->stderr_text();
  expect_sound_end(GetParam());
  EXPECT_THAT(events_of_the_issuing_key(), testing::ElementsAre("found soft", "lost soft2", "restored soft2"));
  printf("tried: started with one token away (%s): %zu answers, none failed\n", GetParam(), load_->answers());
}

INSTANTIATE_TEST_SUITE_P(EachWay, StartWithATokenAwayBy,
                         testing::Values("gone", "C_OpenSession return 0x32", "C_GetSlotList crash"));

TEST_F(StartWithATokenAway, ThatOfTheLogsKeyEndsTheStart) {
  faults_of_first_.set("gone");
  EXPECT_EQ(start(), nullptr);
  EXPECT_THAT(start_failure_, AllOf(HasSubstr("token 'soft' is away: "), HasSubstr("no token matches"),
                                    HasSubstr("(log-1)"), HasSubstr("bring the token back")));
}

TEST_F(StartWithATokenAway, AMistakeOfTheOtherOneEndsTheStart) {
  faults_of_second_.set("C_Sign return 0x70");  // of the self-test: the key is of another kind, says the token
  EXPECT_EQ(start(), nullptr);
  EXPECT_THAT(start_failure_, AllOf(HasSubstr("signet-keyholder(soft2): "), HasSubstr("CKR_MECHANISM_INVALID")));
}

TEST_F(StartWithATokenAway, AnIssuerThatIsKilledWhileTheLogKeysTokenIsAwayWaitsForItAndSaysSo) {
  start_daemon();
  start_load(std::chrono::seconds(60));
  faults_of_first_.set("gone");
  ASSERT_TRUE(eventually([&] { return status_of("soft").at("state") == "away"; })) << daemon_->stderr_text();
  kill(daemon_->child("signet-issuer"), SIGKILL);
  std::this_thread::sleep_for(std::chrono::milliseconds(500));  // the last answers come in
  const std::size_t before = load_->answers();
  EXPECT_TRUE(eventually([&] {
    return daemon_->stderr_text().find("the log's key is waited for key=log-1 token=soft") != std::string::npos;
  })) << daemon_->stderr_text();
  EXPECT_THAT(status_of("soft").at("next_step").get<std::string>(), HasSubstr("token 'soft' is away: "));
  EXPECT_EQ(load_->answers(), before) << "without the memory of the log's key nothing is issued";
  faults_of_first_.clear();
  EXPECT_TRUE(load_->more_answers(50)) << daemon_->stderr_text();
  expect_sound_end("the issuer was killed while the log key's token was away");
  EXPECT_TRUE(given_->errors().empty()) << given_->errors().front().message;
}

}  // namespace
}  // namespace signet::test
