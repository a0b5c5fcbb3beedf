#include <gtest/gtest.h>

#include <future>

#include "issuer/keyholders.h"
#include "issuer/published_log.h"
#include "issuer/token_trust.h"
#include "support/command.h"
#include "wire/channel.h"

namespace signet::test {
namespace {

using namespace std::chrono_literals;

/// Two tokens have the key "issuing"; the test has the keyholders' ends.
class SigningRouteTest : public testing::Test {
 protected:
  SigningRouteTest() {
    for (const char* token : {"a", "b"}) config_.tokens[token].name = token;
    config_.keys["issuing"].tokens = {"a", "b"};
    config_.keys["log"].tokens = {"b"};
    keyholders_ = std::make_unique<Keyholders>(config_);
  }
  std::unique_ptr<Channel> connect(const std::string& token) {
    auto pair = make_stream_pair().value();
    keyholders_->find_token(token)->connect(std::move(pair.first), ++generation_, [] {});
    return std::make_unique<Channel>(std::move(pair.second));
  }
  [[nodiscard]] SigningRoute route(std::chrono::milliseconds deadline = 10s, const std::string& key = "issuing") const {
    return {*keyholders_, key, deadline, system_clock()};
  }
  /// Whom a request goes to first, at the time of `clock_`.
  [[nodiscard]] std::string first() const { return SigningRoute(*keyholders_, "issuing", 10s, clock_).next()->token; }
  /// So many signatures that fail, one after the other.
  void fail(const std::string& token, unsigned times = TokenTrust::kMostFailures) const {
    for (unsigned i = 0; i < times; ++i) EXPECT_FALSE(keyholders_->find_token(token)->sign({}, 1ms).has_value());
  }
  /// One that `keyholder`, the token's first, answers.
  void answer(const std::string& token, Channel& keyholder, internal::KeyholderToIssuer answer) const {
    const auto asked = ask(token);
    answer.set_id(keyholders_->find_token(token)->asked());
    while (keyholder.receive<internal::IssuerToKeyholder>().value().id() != answer.id()) continue;  // nobody waits
    ASSERT_TRUE(keyholder.send(answer).has_value());
  }
  void succeed(const std::string& token, Channel& keyholder) const {
    internal::KeyholderToIssuer signature;
    signature.set_signature("signature");
    answer(token, keyholder, signature);
  }
  /// A signature that is waited for until its future is.
  [[nodiscard]] std::future<bool> ask(const std::string& token) const {
    KeyholderLink* link = keyholders_->find_token(token);
    const std::uint32_t before = link->in_flight();
    auto asked = std::async(std::launch::async, [link] { return link->sign({}, 2s).has_value(); });
    EXPECT_TRUE(eventually([&] { return link->in_flight() > before; }));
    return asked;
  }

  DaemonConfig config_;
  std::unique_ptr<Keyholders> keyholders_;
  std::uint64_t generation_ = 0;
  FakeClock clock_;
};

TEST_F(SigningRouteTest, WithoutAKeyholderThereIsNoTurn) {
  EXPECT_FALSE(keyholders_->can_sign("issuing"));
  EXPECT_FALSE(route().next().has_value());
  const auto b = connect("b");
  EXPECT_TRUE(keyholders_->can_sign("issuing"));
  EXPECT_EQ(route().next()->token, "b");
}

TEST_F(SigningRouteTest, GoesToTheTokenWithTheLeastInFlight) {
  const auto a = connect("a");
  const auto b = connect("b");
  const auto first = ask("a");
  EXPECT_EQ(route().next()->token, "b");
  const auto second = ask("b");
  const auto third = ask("b");
  EXPECT_EQ(route().next()->token, "a");
}

TEST_F(SigningRouteTest, TakesTurnsWhereBothHaveNothingToDo) {
  const auto a = connect("a");
  const auto b = connect("b");
  static_cast<void>(keyholders_->find_token("a")->sign({}, 1ms));
  EXPECT_EQ(route().next()->token, "b");
  static_cast<void>(keyholders_->find_token("b")->sign({}, 1ms));
  static_cast<void>(keyholders_->find_token("b")->sign({}, 1ms));
  EXPECT_EQ(route().next()->token, "a");
}

TEST_F(SigningRouteTest, ATokenThatFailsAtOnceIsAskedLast) {
  const auto a = connect("a");
  const auto b = connect("b");
  fail("a", TokenTrust::kMostFailures - 1);
  fail("b", 5);
  fail("b");
  EXPECT_FALSE(keyholders_->find_token("a")->doubted());
  EXPECT_TRUE(keyholders_->find_token("b")->doubted());
  const auto first = ask("a");
  const auto second = ask("a");
  SigningRoute both(*keyholders_, "issuing", 10s, clock_);
  EXPECT_EQ(both.next()->token, "a") << "although the other one has nothing to do";
  EXPECT_EQ(both.next()->token, "b") << "better than nobody";
}

TEST_F(SigningRouteTest, ADoubtedTokenIsTriedByOneRequestAfterAPauseThatGrows) {
  const auto a = connect("a");
  const auto b = connect("b");
  fail("a", 1);
  fail("b");
  EXPECT_EQ(first(), "a") << "the pause begins";
  for (const auto pause : {1s, 2s, 4s, 8s, 16s, 32s, 32s}) {
    clock_.advance(pause - 1ms);
    EXPECT_EQ(first(), "a") << pause.count();
    clock_.advance(1ms);
    EXPECT_EQ(first(), "b") << pause.count();
    EXPECT_EQ(first(), "a") << pause.count();
  }
}

TEST_F(SigningRouteTest, OneSuccessEndsTheDoubt) {
  const auto a = connect("a");
  const auto b = connect("b");
  fail("b");
  EXPECT_EQ(first(), "a");
  clock_.advance(1s);
  EXPECT_EQ(first(), "b");
  succeed("b", *b);
  EXPECT_FALSE(keyholders_->find_token("b")->doubted());
  fail("b");
  EXPECT_EQ(first(), "a");
  clock_.advance(1s);
  EXPECT_EQ(first(), "b") << "the first pause again";
}

TEST_F(SigningRouteTest, AnotherKeyholderOfTheTokenIsTrusted) {
  const auto a = connect("a");
  const auto b = connect("b");
  fail("a", 1);
  fail("b");
  EXPECT_EQ(first(), "a");
  const auto another = connect("b");
  EXPECT_FALSE(keyholders_->find_token("b")->doubted());
}

TEST_F(SigningRouteTest, WhatTheFenceRefusesSaysNothingOfTheToken) {
  const auto b = connect("b");
  for (const ErrorCode code : {ErrorCode::kPermissionDenied, ErrorCode::kInvalidArgument, ErrorCode::kAlreadyExists}) {
    internal::KeyholderToIssuer refusal;
    refusal.mutable_error()->set_code(static_cast<unsigned>(code));
    for (unsigned i = 0; i < TokenTrust::kMostFailures; ++i) answer("b", *b, refusal);
    EXPECT_FALSE(keyholders_->find_token("b")->doubted()) << name_of(code);
  }
  internal::KeyholderToIssuer failure;
  failure.mutable_error()->set_code(static_cast<unsigned>(ErrorCode::kFailedPrecondition));
  for (unsigned i = 0; i < TokenTrust::kMostFailures; ++i) answer("b", *b, failure);
  EXPECT_TRUE(keyholders_->find_token("b")->doubted());
}

TEST_F(SigningRouteTest, WhereAllAreDoubtedTheLeastBusyIsAsked) {
  const auto a = connect("a");
  const auto b = connect("b");
  fail("a");
  fail("b");
  const auto asked = ask("a");
  EXPECT_EQ(first(), "b");
}

TEST_F(SigningRouteTest, EachTokenHasOneTurnAndTheySharethePatience) {
  const auto a = connect("a");
  const auto b = connect("b");
  SigningRoute both = route(10s);
  const auto first = both.next();
  ASSERT_TRUE(first.has_value());
  EXPECT_LE(first->patience, 5s);
  EXPECT_GT(first->patience, 4s);
  const auto second = both.next();
  ASSERT_TRUE(second.has_value());
  EXPECT_NE(second->token, first->token);
  EXPECT_GT(second->patience, 9s) << "the first one was quick";
  EXPECT_FALSE(both.next().has_value());
}

TEST_F(SigningRouteTest, NobodyHasATurnWhenTheTimeIsUp) {
  const auto a = connect("a");
  const auto b = connect("b");
  SigningRoute late = route(20ms);
  ASSERT_TRUE(late.next().has_value());
  std::this_thread::sleep_for(30ms);
  EXPECT_FALSE(late.next().has_value());
}

TEST_F(SigningRouteTest, NobodyHasATurnThatIsTooShortToSign) {
  const auto a = connect("a");
  const auto b = connect("b");
  EXPECT_FALSE(route(9ms).next().has_value());
  const auto turn = route(15ms).next();  // on a machine that is busy the time may be up
  EXPECT_GE(turn.has_value() ? turn->patience : 10ms, 10ms) << "not half of it";
}

TEST_F(SigningRouteTest, TheKeyholderIsToldTheDeadline) {
  const auto b = connect("b");
  const auto asked = std::async(std::launch::async, [&] { return keyholders_->of_key("log").sign({}, 1234ms); });
  EXPECT_EQ(b->receive<internal::IssuerToKeyholder>().value().sign().deadline_millis(), 1234U);
  b->shutdown();
}

TEST_F(SigningRouteTest, KeysAndTokensKnowEachOther) {
  EXPECT_EQ(keyholders_->tokens_of("issuing"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(keyholders_->keys_of("a"), std::vector<std::string>{"issuing"});
  EXPECT_EQ(keyholders_->keys_of("b"), (std::vector<std::string>{"issuing", "log"}));
  EXPECT_EQ(keyholders_->token_of("log"), "b");
}

}  // namespace
}  // namespace signet::test
