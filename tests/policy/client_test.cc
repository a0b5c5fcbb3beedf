// [client.NAME] of the policy: who it is and what it may.
#include "policy/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/toml_reader.h"
#include "openssl_objects.h"
#include "policy/policy.h"

namespace signet {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kProfile = R"([profile.web]
issuer = "issuing-1"
validity = "90d"
validity_max = "397d"
keys = ["ec-p256"]
key_usage = ["digitalSignature"]
extended_key_usage = ["serverAuth"]
[profile.web.names]
dns = ["**.example"]
)";

/// A policy whose client "a" has these lines, and names.
Result<Policy> with_client(const std::string& lines) {
  return Policy::parse(bytes_of(kProfile + "[client.a]\n" + lines + "\n[client.a.names]\ndns = [\"**.a.example\"]\n"),
                       "policy.toml");
}

PolicyClient client_of(const std::string& lines) {
  const auto policy = with_client(lines);
  EXPECT_TRUE(policy.has_value()) << policy.error().message;
  return policy.has_value() ? policy->clients().at("a") : PolicyClient();
}

std::string complaint_about(const std::string& lines) {
  const auto policy = with_client(lines);
  return policy.has_value() ? "" : policy.error().message;
}

const std::string kIdentity = "identity = \"dns:a.example\"\n";
const std::string kProfiles = "profiles = [\"web\"]\n";

TEST(Client, MayHaveSeveralIdentities) {
  const std::string digest(64, 'A');
  const auto policy =
      with_client(kProfiles + "identities = [\"spiffe://example/a\", \"dns:A.example\", \"cert-sha256:" + digest +
                  "\", \"key-sha256:" + digest + "\"]");
  ASSERT_TRUE(policy.has_value()) << policy.error().message;
  const PolicyClient& client = policy->clients().at("a");
  EXPECT_THAT(client.identities,
              ElementsAre("spiffe://example/a", "dns:a.example", "cert-sha256:" + std::string(64, 'a'),
                          "key-sha256:" + std::string(64, 'a')));
  for (const std::string& identity : client.identities)
    EXPECT_EQ(policy->find_client({{identity}}), &client) << identity;
  EXPECT_EQ(policy->find_client({{"dns:b.example"}}), nullptr);
}

TEST(Client, IsTheOneOfTheFirstIdentityOfThePeerThatAnyHas) {
  const auto policy = Policy::parse(
      bytes_of(kProfile + "[client.a]\nrights = [\"audit\"]\nidentities = [\"dns:x.example\", \"dns:a.example\"]\n" +
               "[client.b]\nrights = [\"audit\"]\nidentity = \"spiffe://example/b\"\n"),
      "policy.toml");
  ASSERT_TRUE(policy.has_value()) << policy.error().message;
  const PolicyClient* const a = &policy->clients().at("a");
  const PolicyClient* const b = &policy->clients().at("b");
  EXPECT_EQ(policy->find_client({{"spiffe://example/b", "dns:a.example"}}), b);
  EXPECT_EQ(policy->find_client({{"spiffe://example/c", "dns:a.example"}}), a);
  EXPECT_EQ(policy->find_client(PeerIdentity::from(test::make_certificate("DNS:x.example,URI:spiffe://example/b"))), b);
  EXPECT_EQ(policy->find_client(PeerIdentity::from(test::make_certificate("DNS:x.example"))), a);
}

TEST(Client, NeedsOneIdentityAndEachOnce) {
  EXPECT_THAT(complaint_about(kProfiles), HasSubstr("client.a.identity: missing"));
  EXPECT_THAT(complaint_about(kProfiles + "identities = []"), HasSubstr("client.a.identities: has 0 values"));
  EXPECT_THAT(complaint_about(kProfiles + "identities = [\"dns:b\", \"joe\"]"),
              HasSubstr("client.a.identities: is \"joe\"; expected \"spiffe://"));
  EXPECT_THAT(complaint_about(kProfiles + "identities = [\"dns:b\", \"dns:B\"]"),
              HasSubstr("client.a.identities: has \"dns:b\" twice"));
  EXPECT_THAT(complaint_about(kProfiles + kIdentity + "identities = [\"dns:b\"]"),
              HasSubstr("client.a.identity: stands beside identities"));
}

TEST(Client, SharesNoIdentityWithAnother) {
  const auto policy = with_client(
      kProfiles + "identities = [\"dns:b.example\", \"dns:c.example\"]\n[client.b]\nrights = [\"audit\"]\n" +
      "identity = \"dns:C.example\"\n");
  ASSERT_FALSE(policy.has_value());
  EXPECT_THAT(policy.error().message, HasSubstr("\"dns:c.example\" is also an identity of [client."));
}

TEST(Client, MayHaveEveryRight) {
  const PolicyClient client = client_of(
      kIdentity + kProfiles + "rights = [\"issue\", \"renew\", \"revoke-own\", \"revoke\", \"audit\", \"operate\"]");
  EXPECT_EQ(client.rights.size(), 6U);
  for (const Right right : all_rights()) EXPECT_TRUE(client.has(right)) << name_of(right);
  EXPECT_THAT(client_of(kIdentity + kProfiles).rights, ElementsAre(Right::kIssue));
}

TEST(Client, ThatRenewsNeedsProfilesAsOneThatIssues) {
  EXPECT_THAT(complaint_about(kIdentity + "rights = [\"renew\"]"), HasSubstr("client.a.profiles: missing"));
  EXPECT_EQ(complaint_about(kIdentity + "rights = [\"revoke-own\", \"revoke\", \"audit\", \"operate\"]"), "");
}

TEST(Client, HasARateAndABurstWhereTheyAreSet) {
  EXPECT_FALSE(client_of(kIdentity + kProfiles).rate.has_value());
  EXPECT_EQ(client_of(kIdentity + kProfiles + "rate = \"100/m\"").rate,
            (RateLimit{.requests = 100, .period = 60s, .burst = 100}));
  EXPECT_EQ(client_of(kIdentity + kProfiles + "rate = \"1/d\"\nburst = 200").rate,
            (RateLimit{.requests = 1, .period = 24h, .burst = 200}));
  EXPECT_THAT(complaint_about(kIdentity + kProfiles + "burst = 5"), HasSubstr("burst: has no effect without rate"));
  EXPECT_THAT(complaint_about(kIdentity + kProfiles + "rate = \"1/s\"\nburst = 0"),
              HasSubstr("burst: is the integer 0"));
}

TEST(Client, TakesRatesOfOneFormOnly) {
  EXPECT_EQ(parse_rate("5/s").value_or(RateLimit()).period, 1s);
  EXPECT_EQ(parse_rate("1000000/h").value_or(RateLimit()).requests, 1'000'000U);
  for (const char* text : {"", "5", "/s", "5/", "5/x", "5/ms", "5 /s", "5/s ", "+5/s", "-5/s", "05/s", "0/s", "1.5/s",
                           "1000001/s", "99999999999/s", "5/s/s", "5/S"}) {
    EXPECT_FALSE(parse_rate(text).has_value()) << text;
  }
  EXPECT_THAT(complaint_about(kIdentity + kProfiles + "rate = \"fast\""),
              HasSubstr("client.a.rate: is \"fast\"; expected 1 to 1000000 requests per second, minute, hour or day"));
}

TEST(Client, MayHaveAShorterValidityOfItsOwn) {
  EXPECT_FALSE(client_of(kIdentity + kProfiles).validity_max.has_value());
  EXPECT_EQ(client_of(kIdentity + kProfiles + "validity_max = \"7d\"").validity_max, 7 * 24h);
  EXPECT_THAT(complaint_about(kIdentity + kProfiles + "validity_max = \"5s\""), HasSubstr("client.a.validity_max:"));
}

TEST(Client, WithoutARightIsRefusedByThatRule) {
  const PolicyClient client = client_of(kIdentity + "rights = [\"audit\"]");
  EXPECT_TRUE(check_right(client, Right::kAudit).has_value());
  const auto refused = check_right(client, Right::kRevoke);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(refused.error().message, "client a does not have the right \"revoke\" (rule client.rights)");
}

}  // namespace
}  // namespace signet
