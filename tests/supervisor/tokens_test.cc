#include "supervisor/tokens.h"

#include <gmock/gmock.h>
#include <sys/wait.h>

#include "support/command.h"
#include "support/temp_directory.h"

namespace signet::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// Two tokens. Both have "issuing", "a" alone has the log's key, "b" alone has "spare".
class AwayTokens : public testing::Test {
 protected:
  AwayTokens() {
    for (const char* name : {"a", "b"}) {
      config_.tokens[name].name = name;
      config_.tokens[name].pin.source = PinSource::kFile;
    }
    config_.keys["issuing"].tokens = {"a", "b"};
    config_.keys["log"].tokens = {"a"};
    tokens_ = std::make_unique<Tokens>(config_, directory_ / "state");
    for (const char* name : {"a", "b"}) {
      ChildPlan plan{.process = "signet-keyholder", .path = {}, .start = {}, .descriptors = {}};
      plan.start.set_token(name);
      children_.emplace_back(plan);
    }
    children_.emplace_back(ChildPlan{.process = "signet-issuer", .path = {}, .start = {}, .descriptors = {}});
    tokens_->know(children_);
  }
  [[nodiscard]] Child& keyholder(const std::string& token) { return *tokens_->find(token)->keyholder; }
  void goes_away(const std::string& token, const std::string& why) {
    tokens_->gone_away(
        keyholder(token),
        Error{.code = ErrorCode::kUnavailable, .message = why, .field = "key.log.uri", .retryable = true});
  }

  TempDirectory directory_;
  DaemonConfig config_;
  std::deque<Child> children_;
  std::unique_ptr<Tokens> tokens_;
};

TEST_F(AwayTokens, AKeyThatAnotherTokenHasIsNotMissing) {
  EXPECT_TRUE(tokens_->check_keys().has_value());
  goes_away("b", "nobody is there");
  EXPECT_TRUE(tokens_->is_away(keyholder("b")));
  EXPECT_FALSE(tokens_->is_away(keyholder("a")));
  EXPECT_TRUE(tokens_->check_keys().has_value());
}

TEST_F(AwayTokens, AKeyThatNoOtherTokenHasIsMissingAndTheErrorNamesTokenKeyAndNextStep) {
  goes_away("a", "nobody is there");
  const auto checked = tokens_->check_keys();
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(checked.error().field, "key.log.uri");
  EXPECT_THAT(checked.error().message,
              AllOf(HasSubstr("token 'a' is away: nobody is there"), HasSubstr("(log)"), Not(HasSubstr("issuing")),
                    HasSubstr("bring the token back"), HasSubstr("start signetd again")));
}

TEST_F(AwayTokens, WithAllAwayEveryKeyIsMissing) {
  goes_away("b", "it is broken");
  goes_away("a", "nobody is there");
  EXPECT_THAT(tokens_->check_keys().error().message,
              AllOf(HasSubstr("token 'a' is away: nobody is there; token 'b' is away: it is broken"),
                    HasSubstr("(issuing, log)")));
}

TEST_F(AwayTokens, OnlyOneTokenIsAsAllOfThem) {
  config_.keys["issuing"].tokens = {"a"};
  goes_away("a", "nobody is there");
  EXPECT_THAT(tokens_->check_keys().error().message, HasSubstr("(issuing, log)"));
}

TEST_F(AwayTokens, OneThatIsBackIsNotMissed) {
  goes_away("a", "nobody is there");
  tokens_->not_away(keyholder("a"));
  EXPECT_TRUE(tokens_->check_keys().has_value());
  EXPECT_EQ(tokens_->next_steps(), "");
}

TEST_F(AwayTokens, TheNextStepIsToBringItBackUnlessAnOperatorHasToActFirst) {
  goes_away("b", "nobody is there");
  EXPECT_EQ(tokens_->next_steps(), "token 'b' is away: nobody is there; bring it back, and it is used again by itself");
  goes_away("b", "nobody is there yet");
  EXPECT_THAT(tokens_->next_steps(), HasSubstr("nobody is there yet")) << "the newest reason";
  ASSERT_TRUE(tokens_->find("b")->door.set_drained(true).has_value());
  EXPECT_THAT(tokens_->next_steps(), HasSubstr("signet admin undrain b"));
}

TEST_F(AwayTokens, OneThatIsDrainedIsNotAwayBeforeNorAfterwards) {
  goes_away("b", "nobody is there");
  tokens_->drain(*tokens_->find("b"));
  EXPECT_FALSE(tokens_->is_away(keyholder("b")));
  goes_away("a", "it is broken");
  EXPECT_THAT(tokens_->check_keys().error().message, AllOf(HasSubstr("(log)"), Not(HasSubstr("issuing"))));
  tokens_->undrain(*tokens_->find("b"));
  EXPECT_FALSE(tokens_->is_away(keyholder("b"))) << "that is found out when it is tried";
  EXPECT_THAT(tokens_->next_steps(), Not(HasSubstr("'b'")));
}

TEST_F(AwayTokens, TheIssuerHearsOfATokenThatIsUndrainedThatItIsNotAway) {
  ChildPlan plan{.process = "signet-issuer",
                 .path = std::string(SIGNET_BIN_DIR) + "/test_fake_child",
                 .start = {},
                 .descriptors = {}};
  plan.start.set_config_file(directory_ / "signet.toml");
  std::deque<Child> children;
  for (const char* name : {"a", "b"}) {
    ChildPlan keyholder{.process = "signet-keyholder", .path = {}, .start = {}, .descriptors = {}};
    keyholder.start.set_token(name);
    children.emplace_back(keyholder);
  }
  Child& issuer = children.emplace_back(plan);
  tokens_->know(children);
  ASSERT_TRUE(issuer.start().has_value());
  EXPECT_TRUE(eventually([&] {
    static_cast<void>(issuer.read_control());
    return issuer.state() == Child::State::kReady;
  }));
  goes_away("b", "nobody is there");
  tokens_->drain(*tokens_->find("b"));
  tokens_->undrain(*tokens_->find("b"));
  tokens_->drain(*tokens_->find("a"));  // behind it: what is seen of it, is all that there is
  const auto seen = [&] { return slurp(directory_ / "signet-issuer.seen"); };
  EXPECT_TRUE(eventually([&] { return seen().find("drained a") != std::string::npos; })) << seen();
  EXPECT_THAT(seen(), HasSubstr("away b\ndrained b\ndrained a"));
  issuer.kill_now();
  waitpid(issuer.pid(), nullptr, 0);
  issuer.reaped();
}

}  // namespace
}  // namespace signet::test
