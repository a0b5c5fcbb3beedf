// The issuing key on two tokens: what becomes of a request when one of them fails, in this process.
#include <gmock/gmock.h>

#include <set>

#include "issuer/issuing_world.h"
#include "issuer/token_trust.h"
#include "log/entries.h"

namespace signet::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Mood = SoftSigner::Mood;

constexpr std::string_view kPolicy = R"([profile.tls-server]
issuer = "issuing-1"
validity = "90d"
validity_max = "397d"
keys = ["ec-p256"]
common_name = "from-san"
key_usage = ["digitalSignature"]
extended_key_usage = ["serverAuth"]
[profile.tls-server.names]
dns = ["**"]
[client.web]
identity = "spiffe://example/web"
profiles = ["tls-server"]
must_sign = false
[client.web.names]
dns = ["**.web.example"]
)";

class FailoverTest : public testing::Test {
 protected:
  static IssuingWorldSetup setup() {
    Identity root = make_root("Root");
    Identity issuing = make_ca(root, "Issuing CA");
    return {.root = std::move(root),
            .issuing = std::move(issuing),
            .policy = std::string(kPolicy),
            .blocked_keys = {},
            .has_spare_token = true,
            .sign_deadline = std::chrono::milliseconds(2000)};
  }
  Result<Issued> ask() {
    const EvpPkeyPtr key = make_key(KeyType::kEcP256);
    v1::IssueRequest request;
    request.set_profile("tls-server");
    request.set_csr(
        std::string(text_of(make_csr(key.get(), "a.web.example", {{"subjectAltName", "DNS:a.web.example"}}))));
    return world_.issue("web", request);
  }
  /// Behind the first, which is the world's own.
  [[nodiscard]] std::vector<log::Entry> entries() const {
    std::vector<log::Entry> all;
    const auto read = world_.log().read(1, [&](const log::Entry& entry) {
      all.push_back(entry);
      return Result<void>{};
    });
    EXPECT_TRUE(read.has_value());
    return all;
  }
  [[nodiscard]] std::vector<std::string> types() const {
    std::vector<std::string> types;
    for (const log::Entry& entry : entries()) types.push_back(entry.type);
    return types;
  }
  void set_moods(Mood both) {
    world_.signer().set_mood(both);
    world_.spare_signer().set_mood(both);
  }

  IssuingWorld world_{setup()};
};

TEST_F(FailoverTest, ARequestGoesToTheOtherTokenWithASerialNumberOfItsOwn) {
  for (const Mood mood : {Mood::kFails, Mood::kSpoils, Mood::kSaysNothing}) {
    const std::size_t before = entries().size();
    world_.signer().set_mood(mood);
    world_.spare_signer().set_mood(Mood::kSigns);
    Result<Issued> issued = ask();
    while (issued.has_value() && entries().size() == before + 2) issued = ask();  // the spare one was asked first
    ASSERT_TRUE(issued.has_value()) << issued.error().message;
    const auto all = entries();
    ASSERT_GE(all.size(), 4U);
    const std::span<const log::Entry> last(all.end() - 4, all.end());
    ASSERT_EQ(last[0].type, "intent");
    ASSERT_EQ(last[1].type, "orphaned");
    ASSERT_EQ(last[2].type, "intent");
    ASSERT_EQ(last[3].type, "issued");
    const auto first = log::read_intent(last[0]).value();
    const auto second = log::read_intent(last[2]).value();
    EXPECT_EQ(log::read_orphaned(last[1]).value().serial, first.serial);
    EXPECT_NE(first.serial, second.serial);
    EXPECT_EQ(issued->serial, second.serial);
    EXPECT_EQ(first.idempotency_key, second.idempotency_key);
    EXPECT_EQ(first.csr_sha256, second.csr_sha256);
    EXPECT_EQ(first.cause.request, second.cause.request);
    const Certificate certificate = Certificate::parse(issued->certificate.view()).value();
    EXPECT_EQ(text_of(certificate.tbs()), text_of(second.tbs.view()));
    TbsFields again = parse_tbs(first.tbs.view()).value();
    again.serial = second.serial;
    EXPECT_EQ(again, parse_tbs(second.tbs.view()).value()) << "nothing but the serial number is another one";
    EXPECT_EQ(issued->intent_log_index, last[2].seq);
    EXPECT_EQ(issued->log_index, last[3].seq);
  }
}

TEST_F(FailoverTest, ATokenThatHangsCostsHalfOfTheDeadline) {
  world_.signer().set_mood(Mood::kSaysNothing);
  world_.spare_signer().set_mood(Mood::kSigns);
  const auto begin = std::chrono::steady_clock::now();
  while (types().size() < 4) ASSERT_TRUE(ask().has_value());
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(took, std::chrono::milliseconds(900));
  EXPECT_LT(took, std::chrono::milliseconds(1900));
}

TEST_F(FailoverTest, WhereBothFailTheRequestDoesAndEachIntentIsClosed) {
  set_moods(Mood::kFails);
  const auto issued = ask();
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(issued.error().retryable);
  EXPECT_GT(issued.error().retry_after.count(), 0);
  EXPECT_THAT(types(), ElementsAre("intent", "orphaned", "intent", "orphaned"));
}

TEST_F(FailoverTest, WhatTwoFencesRefuseIsRefusedAndNeitherTokenIsDoubted) {
  set_moods(Mood::kRefuses);
  for (unsigned i = 0; i < TokenTrust::kMostFailures; ++i) {
    const auto issued = ask();
    ASSERT_FALSE(issued.has_value());
    EXPECT_EQ(issued.error().code, ErrorCode::kInternal);
    EXPECT_FALSE(issued.error().retryable);
    EXPECT_THAT(issued.error().message, HasSubstr("fence"));
  }
  const auto all = types();
  EXPECT_EQ(std::ranges::count(all, "intent"), 2 * TokenTrust::kMostFailures);
  EXPECT_EQ(std::ranges::count(all, "rejected"), 2 * TokenTrust::kMostFailures);
  EXPECT_FALSE(world_.is_doubted("soft"));
  EXPECT_FALSE(world_.is_doubted("spare"));
}

TEST_F(FailoverTest, AKeyholderThatAlwaysRefusesKeepsNoRequestFromTheOtherToken) {
  for (const Mood mood : {Mood::kRefuses, Mood::kFindsFaults}) {
    world_.replace_signer();
    world_.signer().set_mood(mood);
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(ask().has_value());
    EXPECT_TRUE(world_.is_doubted("soft"));
    EXPECT_FALSE(world_.is_doubted("spare"));
    const std::size_t before = types().size();
    ASSERT_TRUE(ask().has_value());
    EXPECT_EQ(types().size(), before + 2) << "the other one is asked first";
  }
}

TEST_F(FailoverTest, AKeyholderWhoseAnswersAreWorthlessIsDoubted) {
  for (const Mood mood : {Mood::kSpoils, Mood::kDescribes}) {
    world_.replace_signer();
    world_.signer().set_mood(mood);
    const std::size_t before = types().size();
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(ask().has_value());
    EXPECT_TRUE(world_.is_doubted("soft"));
    EXPECT_FALSE(world_.is_doubted("spare"));
    EXPECT_LE(types().size() - before, 2 * (20 + TokenTrust::kMostFailures + 2)) << "two trials at most in that time";
  }
}

TEST_F(FailoverTest, ATokenThatHasLeftIsNotAskedAgain) {
  world_.signer().set_mood(Mood::kLeaves);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(ask().has_value());
  EXPECT_LE(types().size(), 22U) << "one request went elsewhere, the others began there";
  EXPECT_EQ(world_.signer().signatures(), 0U);
  world_.spare_signer().set_mood(Mood::kLeaves);
  EXPECT_FALSE(ask().has_value());
  const std::size_t entries = types().size();
  const auto none = ask();
  ASSERT_FALSE(none.has_value());
  EXPECT_TRUE(none.error().retryable);
  EXPECT_EQ(types().size(), entries) << "nothing is logged where nobody can sign";
}

TEST_F(FailoverTest, BothSign) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(ask().has_value());
  EXPECT_EQ(world_.signer().signatures(), 10U);
  EXPECT_EQ(world_.spare_signer().signatures(), 10U);
}

}  // namespace
}  // namespace signet::test
