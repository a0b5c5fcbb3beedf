// Another policy for an issuer that runs: which requests are judged by which, and what the log says when.
#include <gmock/gmock.h>

#include "issuer/process_harness.h"
#include "support/command.h"
#include "x509/csr.h"

namespace signet::test {
namespace {

using testing::HasSubstr;

class ReloadTest : public IssuerTest {
 protected:
  /// The installation's policy with one change.
  [[nodiscard]] std::string policy_with(const std::string& from, const std::string& to) const {
    std::string policy = installation_.policy();
    const std::size_t at = policy.find(from);
    if (at == std::string::npos) throw std::runtime_error("the policy has no " + from);
    return policy.replace(at, from.size(), to);
  }
  [[nodiscard]] std::vector<log::Entry> changes() const { return of_type(installation_.entries(), "config"); }
  [[nodiscard]] v1::Response ask_as_web(const std::string& payload) {
    return front_->ask(chain_of({&installation_.web}), envelope(v1::METHOD_ISSUE, payload));
  }
  /// Issues as the client web.
  [[nodiscard]] v1::Response issue_as_web(const std::string& key) {
    const std::uint64_t id =
        front_->call(chain_of({&installation_.web}), envelope(v1::METHOD_ISSUE, issue_payload(key)));
    sign_rightly(next_sign_request());
    return front_->answer(id);
  }
};

TEST_F(ReloadTest, ARequestUnderWayEndsByTheOldPolicyAndTheNextOneGetsTheNew) {
  start();
  const std::uint64_t under_way = call_issue("key-1");
  const auto request = next_sign_request();
  const std::string without_payments = policy_with("spiffe://example/payments", "spiffe://example/others");
  EXPECT_FALSE(issuer_->reload(installation_, without_payments).has_refused());
  sign_rightly(request);
  EXPECT_FALSE(issued_in(front_->answer(under_way)).certificate().empty());
  EXPECT_EQ(code_of(front_->answer(call_issue("key-2"))), ErrorCode::kPermissionDenied);
  EXPECT_FALSE(issuer_->reload(installation_, installation_.policy()).has_refused());
  EXPECT_FALSE(issue("key-3").certificate().empty());
  stop();
}

TEST_F(ReloadTest, TheLogNamesTheNewPolicyBeforeItIsInForceAndOnlyAChange) {
  start();
  const std::size_t before = changes().size();
  EXPECT_FALSE(issuer_->reload(installation_, installation_.policy()).has_refused());
  EXPECT_EQ(changes().size(), before) << "the same policy is no change";
  const std::string next = policy_with("90d", "30d");
  EXPECT_FALSE(issuer_->reload(installation_, next).has_refused());
  ASSERT_EQ(changes().size(), before + 1) << "it is there when the issuer says so";
  const log::ConfigFields change = log::read_config(changes().back()).value();
  EXPECT_EQ(change.what, log::ConfigFile::kPolicy);
  EXPECT_EQ(change.old_sha256, sha256(bytes_of(installation_.policy())));
  EXPECT_EQ(change.new_sha256, sha256(bytes_of(next)));
  EXPECT_EQ(change.approved_by, "reload");
  const auto certificate = Certificate::parse(bytes_of(issue("key-1").certificate())).value();
  EXPECT_LT(certificate.fields().not_after, system_clock().now() + std::chrono::days(31));
  stop();
}

TEST_F(ReloadTest, ABadPolicyIsRefusedWithEveryMistakeAndTheOldOneStays) {
  start();
  const std::size_t before = changes().size();
  const auto answer = issuer_->reload(installation_, policy_with("90d", "long") + "[client.x]\nidentity = \"x\"\n");
  ASSERT_TRUE(answer.has_refused());
  EXPECT_THAT(answer.refused().message(), testing::AllOf(HasSubstr("validity"), HasSubstr("identity")));
  EXPECT_EQ(changes().size(), before);
  EXPECT_FALSE(issue("key-1").certificate().empty());
  stop();
}

TEST_F(ReloadTest, TheListOfBlockedKeysIsExchangedWithIt) {
  installation_.blocked_keys = to_hex(Sha256{}) + "\n";
  start();
  const std::string payload = issue_payload("key-1");
  v1::IssueRequest request;
  ASSERT_TRUE(request.ParseFromString(payload));
  const auto key = Csr::parse(bytes_of(request.csr())).value().public_key().spki_sha256();
  installation_.blocked_keys = "no list";
  EXPECT_THAT(issuer_->reload(installation_, installation_.policy()).refused().message(), HasSubstr("blocked.txt:1"));
  installation_.blocked_keys = to_hex(key) + "\n";
  EXPECT_FALSE(issuer_->reload(installation_, installation_.policy()).has_refused());
  EXPECT_THAT(ask_as_web(payload).error().message(), HasSubstr("key.blocked"));
  stop();
}

TEST_F(ReloadTest, TheLogNamesEachListOfBlockedKeysThatIsInForce) {
  const auto lists = [this] {
    std::vector<std::string> hashes;
    for (const log::Entry& entry : changes()) {
      const auto config = log::read_config(entry).value();
      if (config.what == log::ConfigFile::kBlockedKeys)
        hashes.push_back(config.approved_by + " " + to_hex(config.old_sha256) + " " + to_hex(config.new_sha256));
    }
    return hashes;
  };
  const std::string one = to_hex(sha256(bytes_of("one"))) + "\n";
  const std::string two = to_hex(sha256(bytes_of("two"))) + "\n";
  const std::string hash_of_one = to_hex(sha256(bytes_of(one)));
  const std::string hash_of_none = to_hex(sha256(bytes_of("")));
  installation_.blocked_keys = one;
  start();
  ASSERT_THAT(lists(), testing::ElementsAre("restart " + hash_of_none + " " + hash_of_one));
  EXPECT_FALSE(issuer_->reload(installation_, installation_.policy()).has_refused());
  EXPECT_EQ(lists().size(), 1U) << "only a change";
  installation_.blocked_keys = two;
  EXPECT_FALSE(issuer_->reload(installation_, installation_.policy()).has_refused());
  ASSERT_EQ(lists().size(), 2U);
  EXPECT_EQ(lists().back(), "reload " + hash_of_one + " " + to_hex(sha256(bytes_of(two))));
  stop();
  start();
  EXPECT_EQ(lists().size(), 2U) << "the store knows";
  stop();
}

TEST_F(ReloadTest, AClientWhoseRateIsUsedUpIsRefusedAndStaysSoAfterAReloadThatLeavesItsRate) {
  installation_.rate = "rate = \"1/h\"\nburst = 2\n";
  start();
  EXPECT_FALSE(issue_as_web("key-1").has_error());
  EXPECT_FALSE(issue_as_web("key-2").has_error());
  const std::string third = issue_payload("key-3");
  const auto refused = ask_as_web(third);
  EXPECT_EQ(code_of(refused), ErrorCode::kResourceExhausted);
  EXPECT_EQ(refused.error().field(), "rate");
  EXPECT_TRUE(refused.error().retryable());
  EXPECT_GT(refused.error().retry_after_millis(), 3'500'000U);
  EXPECT_LE(refused.error().retry_after_millis(), 3'600'000U);
  EXPECT_FALSE(issuer_->reload(installation_, policy_with("90d", "30d")).has_refused());
  EXPECT_EQ(code_of(ask_as_web(third)), ErrorCode::kResourceExhausted);
  EXPECT_FALSE(issue("another client's").certificate().empty());
  const auto rejected = of_type(installation_.story(), "rejected");
  ASSERT_FALSE(rejected.empty());
  EXPECT_EQ(log::read_rejected(rejected.front()).value().code, "RESOURCE_EXHAUSTED");

  installation_.rate = "rate = \"1/h\"\nburst = 3\n";
  EXPECT_FALSE(issuer_->reload(installation_, installation_.policy()).has_refused());
  EXPECT_FALSE(issue_as_web("key-4").has_error());
  stop();
}

TEST_F(ReloadTest, ACertificateThatExistsIsGivenAgainThoughTheRateIsUsedUp) {
  installation_.rate = "rate = \"1/d\"\nburst = 1\n";
  start();
  const std::string payload = issue_payload("key-1");
  const std::uint64_t id = front_->call(chain_of({&installation_.web}), envelope(v1::METHOD_ISSUE, payload));
  sign_rightly(next_sign_request());
  const std::string certificate = issued_in(front_->answer(id)).certificate();
  EXPECT_EQ(code_of(ask_as_web(issue_payload("key-2"))), ErrorCode::kResourceExhausted);
  for (int repeat = 0; repeat < 10; ++repeat) EXPECT_EQ(issued_in(ask_as_web(payload)).certificate(), certificate);
  EXPECT_EQ(code_of(ask_as_web(payload)), ErrorCode::kResourceExhausted) << "but not without end";
  stop();
}

TEST_F(ReloadTest, WhatFailsForNowTakesNothingOfTheRate) {
  installation_.rate = "rate = \"1/d\"\nburst = 1\n";
  start();
  const std::string payload = issue_payload("key-1");
  for (int attempt = 0; attempt < 3; ++attempt) {
    const std::uint64_t id = front_->call(chain_of({&installation_.web}), envelope(v1::METHOD_ISSUE, payload));
    answer_error(next_sign_request().id(), ErrorCode::kUnavailable, "the test's token is away", {}, true);
    EXPECT_EQ(code_of(front_->answer(id)), ErrorCode::kUnavailable) << attempt;
  }
  EXPECT_FALSE(issue_as_web("key-1").has_error());
  EXPECT_EQ(code_of(ask_as_web(issue_payload("key-2"))), ErrorCode::kResourceExhausted);
  stop();
}

}  // namespace
}  // namespace signet::test
