#include "policy/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "openssl_objects.h"

namespace signet {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kPolicy = R"([profile.tls-server]
issuer = "issuing-1"
validity = "90d"
validity_max = "397d"
keys = ["ec-p256", "rsa"]
subject = "O=Example"
key_usage = ["digitalSignature"]
extended_key_usage = ["serverAuth"]
[profile.tls-server.names]
dns = ["**.example", "payment-service"]
[client.payments]
identity = "spiffe://example/payments"
profiles = ["tls-server"]
[client.payments.names]
dns = ["payment-service", "**.payments.example"]
[client.ops]
identity = "dns:Ops.Example"
rights = ["operate"]
must_sign = false
)";

Result<Policy> parse(const std::string& text) { return Policy::parse(bytes_of(text), "policy.toml"); }

std::string with(const std::string& old_text, const std::string& new_text) {
  std::string text = kPolicy;
  const std::size_t at = text.find(old_text);
  EXPECT_NE(at, std::string::npos) << old_text;
  return text.replace(at, old_text.size(), new_text);
}

Policy policy_of(const std::string& text) {
  auto policy = parse(text);
  if (!policy) throw std::runtime_error(policy.error().message);
  return *std::move(policy);
}

TEST(Policy, ReadsProfilesAndFillsInDefaults) {
  const Policy policy = policy_of(kPolicy);
  const Profile* profile = policy.find_profile("tls-server");
  ASSERT_NE(profile, nullptr);
  EXPECT_EQ(profile->name, "tls-server");
  EXPECT_EQ(profile->issuer, "issuing-1");
  EXPECT_EQ(profile->validity, 90 * 24h);
  EXPECT_EQ(profile->validity_max, 397 * 24h);
  EXPECT_EQ(profile->backdate, 5min);
  EXPECT_THAT(profile->keys, ElementsAre(KeyType::kEcP256, KeyType::kRsa));
  EXPECT_EQ(profile->key_rules, KeyRules());
  EXPECT_EQ(profile->subject.text(), "O=Example");
  EXPECT_EQ(profile->common_name, CommonNameMode::kNone);
  EXPECT_EQ(profile->key_usage.at(KeyType::kEcP256), static_cast<std::uint32_t>(kDigitalSignature));
  EXPECT_THAT(profile->extended_key_usage, ElementsAre("1.3.6.1.5.5.7.3.1"));
  EXPECT_EQ(policy.find_profile("TLS-server"), nullptr);
  EXPECT_EQ(policy.sha256(), sha256(bytes_of(kPolicy)));
}

TEST(Policy, ReadsTheRulesOfRsaKeys) {
  const Policy policy =
      policy_of(with("subject =", "rsa_bits_min = 3072\nrsa_bits_max = 4096\nrsa_exponents = [65537, 3]\nsubject ="));
  EXPECT_EQ(policy.find_profile("tls-server")->key_rules,
            (KeyRules{.rsa_bits_min = 3072, .rsa_bits_max = 4096, .rsa_exponents = {3, 65537}}));
}

TEST(Policy, ReadsClientsAndFillsInDefaults) {
  const Policy policy = policy_of(kPolicy);
  const PolicyClient& payments = policy.clients().at("payments");
  EXPECT_THAT(payments.identities, ElementsAre("spiffe://example/payments"));
  EXPECT_THAT(payments.profiles, ElementsAre("tls-server"));
  EXPECT_TRUE(payments.must_sign);
  EXPECT_TRUE(payments.has(Right::kIssue));
  EXPECT_FALSE(payments.has(Right::kOperate));
  const PolicyClient& ops = policy.clients().at("ops");
  EXPECT_THAT(ops.identities, ElementsAre("dns:ops.example"));
  EXPECT_FALSE(ops.must_sign);
  EXPECT_FALSE(ops.has(Right::kIssue));
  EXPECT_TRUE(ops.has(Right::kOperate));
}

TEST(Policy, GivesEachRightOnlyToWhomItNames) {
  const struct {
    const char* text;
    Right right;
  } cases[] = {{"operate", Right::kOperate},
               {"audit", Right::kAudit},
               {"revoke", Right::kRevoke},
               {"revoke-own", Right::kRevokeOwn}};
  for (const auto& c : cases) {
    const Policy policy = policy_of(with("[\"operate\"]", std::string("[\"") + c.text + "\"]"));
    for (const Right right : all_rights()) {
      EXPECT_EQ(policy.clients().at("ops").has(right), right == c.right) << c.text << " " << name_of(right);
      EXPECT_EQ(policy.clients().at("payments").has(right), right == Right::kIssue) << name_of(right);
    }
  }
  const Policy both = policy_of(with("[\"operate\"]", "[\"audit\", \"operate\"]"));
  EXPECT_THAT(both.clients().at("ops").rights, ElementsAre(Right::kAudit, Right::kOperate));
}

TEST(Policy, StaysUsableWhenItIsMovedOrCopied) {
  Policy policy = policy_of(kPolicy);
  const Policy copy = policy;
  const Policy moved = std::move(policy);
  for (const Policy* one : {&copy, &moved}) {
    EXPECT_EQ(one->find_client({{"spiffe://example/payments"}}), &one->clients().at("payments"));
  }
}

TEST(Policy, RefusesBadValues) {
  const struct {
    const char* old_text;
    const char* new_text;
    const char* message;
  } cases[] = {
      {"issuer = \"issuing-1\"", "", "profile.tls-server.issuer: missing"},
      {"\"90d\"", "\"398d\"", "profile.tls-server.validity: is 398d, longer than validity_max, which is 397d"},
      {"\"90d\"", "\"59s\"", "profile.tls-server.validity: is \"59s\"; expected a duration"},
      {"subject =", "backdate = \"61m\"\nsubject =", "profile.tls-server.backdate: is \"61m\""},
      {"[\"ec-p256\", \"rsa\"]", "[\"dsa\"]", "profile.tls-server.keys[0]: is \"dsa\"; expected one of \"ec-p256\""},
      {"[\"ec-p256\", \"rsa\"]", "[]", "profile.tls-server.keys: has 0 values"},
      {"subject =", "rsa_bits_min = 1024\nsubject =",
       "rsa_bits_min: is the integer 1024; expected an integer from 2048 to 8192"},
      {"\"ec-p256\", \"rsa\"]", "\"ec-p256\"]\nrsa_bits_min = 3072", "rsa_bits_min: has no effect"},
      {"\"ec-p256\", \"rsa\"]", "\"ec-p256\"]\nrsa_bits_max = 4096", "rsa_bits_max: has no effect"},
      {"\"ec-p256\", \"rsa\"]", "\"ec-p256\"]\nrsa_exponents = [3]", "rsa_exponents: has no effect"},
      {"subject =", "rsa_bits_max = 8200\nsubject =",
       "rsa_bits_max: is the integer 8200; expected an integer from 2048 to 8192"},
      {"subject =", "rsa_bits_min = 4096\nrsa_bits_max = 3072\nsubject =",
       "rsa_bits_max: is 3072, less than rsa_bits_min, which is 4096"},
      {"subject =", "rsa_exponents = []\nsubject =", "rsa_exponents: has 0 values and needs 1"},
      {"subject =", "rsa_exponents = 3\nsubject =", "rsa_exponents: is the integer 3; expected a list of integers"},
      {"subject =", "rsa_exponents = [1]\nsubject =", "rsa_exponents[0]: is the integer 1; expected an integer from 3"},
      {"subject =", "rsa_exponents = [65537, 65538]\nsubject =", "rsa_exponents: has 65538; an RSA exponent is odd"},
      {"O=Example", "O=Example,CN=x", "profile.tls-server.subject: has a CN"},
      {"O=Example", "O", "profile.tls-server.subject:"},
      {"subject =", "common_name = \"always\"\nsubject =", "common_name: is \"always\"; expected one of"},
      {"[\"digitalSignature\"]", "[\"keyCertSign\"]", "key_usage[0]: is \"keyCertSign\""},
      {"[\"digitalSignature\"]", "[\"cRLSign\"]", "key_usage[0]: is \"cRLSign\""},
      {"[\"digitalSignature\"]", "[\"encipherOnly\"]", "without keyAgreement"},
      {"[\"serverAuth\"]", "[\"serverAuht\"]", "profile.tls-server.extended_key_usage:"},
      {"[\"serverAuth\"]", "[\"2.5.29.37.0\"]", "anyExtendedKeyUsage"},
      {"[\"serverAuth\"]", "[\"serverAuth\", \"1.3.6.1.5.5.7.3.1\"]", "has \"1.3.6.1.5.5.7.3.1\" twice"},
      {"[\"serverAuth\"]", "[]", "extended_key_usage: has 0 values"},
      {"dns = [\"**.example\", \"payment-service\"]", "", "profile.tls-server.names: allows no name"},
      {"dns = [\"**.example\", \"payment-service\"]", "dsn = [\"a\"]", "names.dsn: unknown key; did you mean \"dns\"?"},
      {"\"spiffe://example/payments\"", "\"payments\"",
       "client.payments.identity: is \"payments\"; expected \"spiffe://"},
      {"[\"tls-server\"]", "[\"tls\"]", "client.payments.profiles: names \"tls\", and there is no [profile.tls]"},
      {"profiles = [\"tls-server\"]", "", "client.payments.profiles: missing"},
      {"dns = [\"payment-service\", \"**.payments.example\"]", "", "client.payments.names: allows no name"},
      {"[\"operate\"]", "[\"rule\"]",
       "client.ops.rights[0]: is \"rule\"; expected one of \"issue\", \"renew\", \"revoke-own\", \"revoke\", "
       "\"audit\", "
       "\"operate\""},
      {"[\"operate\"]", "[]", "client.ops.rights: has 0 values"},
      {"must_sign = false", "must_sign = 0", "client.ops.must_sign: is the integer 0; expected true or false"},
      {"must_sign = false", "mustsign = false", "client.ops.mustsign: unknown key; did you mean \"must_sign\"?"},
  };
  for (const auto& c : cases) {
    const auto policy = parse(with(c.old_text, c.new_text));
    ASSERT_FALSE(policy.has_value()) << c.new_text;
    EXPECT_THAT(policy.error().message, HasSubstr(c.message)) << c.new_text;
    EXPECT_TRUE(policy.error().message.starts_with("policy.toml:"));
  }
}

TEST(Policy, RefusesTwoClientsWithOneIdentity) {
  const auto policy = parse(with("spiffe://example/payments", "dns:OPS.example"));
  ASSERT_FALSE(policy.has_value());
  EXPECT_THAT(policy.error().message,
              HasSubstr("client.payments.identity: \"dns:ops.example\" is also an identity of [client.ops]"));
}

TEST(Policy, ReportsEveryMistakeAtOnce) {
  std::string text = with("\"90d\"", "\"soon\"");
  text.replace(text.find("[\"operate\"]"), 11, "[\"rule\"]");
  const auto policy = parse(text);
  ASSERT_FALSE(policy.has_value());
  EXPECT_THAT(policy.error().message, HasSubstr("policy.toml:3:12: profile.tls-server.validity"));
  EXPECT_THAT(policy.error().message, HasSubstr("client.ops.rights[0]"));
}

TEST(Policy, NeedsAProfile) {
  EXPECT_FALSE(parse("").has_value());
  EXPECT_TRUE(parse(kPolicy.substr(0, kPolicy.find("[client.payments]"))).has_value());
}

TEST(Policy, NamesTheIssuersThatAreMissing) {
  const Policy policy = policy_of(kPolicy);
  const IssuerLimit year{.longest_validity = 400 * 24h, .clock_tolerance = 1h};
  EXPECT_TRUE(check_issuers(policy, {{"issuing-1", year}, {"other", year}}).has_value());
  const auto missing = check_issuers(policy, {{"issuing-2", year}});
  ASSERT_FALSE(missing.has_value());
  EXPECT_THAT(missing.error().message, HasSubstr("[profile.tls-server] has issuer = \"issuing-1\""));
  EXPECT_THAT(missing.error().message, HasSubstr("issuing-2"));
}

TEST(Policy, AProfileThatDoesNotFitThroughTheFenceIsNamed) {
  const Policy policy = policy_of(kPolicy);
  const Profile& profile = *policy.find_profile("tls-server");
  const IssuerLimit exact{.longest_validity = profile.validity_max + profile.backdate, .clock_tolerance = 1h};
  IssuerLimits limits{{"issuing-1", exact}, {"other", {.longest_validity = 400 * 24h, .clock_tolerance = 1h}}};
  EXPECT_TRUE(check_issuers(policy, limits).has_value());
  limits["issuing-1"].longest_validity -= 1s;
  const auto misfit = check_issuers(policy, limits);
  ASSERT_FALSE(misfit.has_value());
  EXPECT_THAT(misfit.error().message, HasSubstr("[profile.tls-server]"));
  EXPECT_THAT(misfit.error().message, HasSubstr("longest_validity"));
}

TEST(Policy, ABackdateThatTheFenceWouldRefuseIsNamed) {
  const Policy policy = policy_of(with("subject =", "backdate = \"1h\"\nsubject ="));
  IssuerLimits limits{{"issuing-1", {.longest_validity = 400 * 24h, .clock_tolerance = 1h + 1min}}};
  EXPECT_TRUE(check_issuers(policy, limits).has_value());
  limits["issuing-1"].clock_tolerance -= 1s;
  const auto misfit = check_issuers(policy, limits);
  ASSERT_FALSE(misfit.has_value());
  EXPECT_THAT(misfit.error().message, HasSubstr("[profile.tls-server] has backdate = \"1h\""));
  EXPECT_THAT(misfit.error().message, HasSubstr("clock_tolerance"));
}

TEST(Policy, ANameMustBeAllowedByTheProfileAndTheClient) {
  const Policy policy = policy_of(kPolicy);
  const Profile& profile = *policy.find_profile("tls-server");
  const PolicyClient& client = policy.clients().at("payments");
  EXPECT_TRUE(
      check_names(profile, client, AltNames{{"payment-service", "db.payments.example"}, {}, {}, {}}).has_value());
  const auto by_client = check_names(profile, client, AltNames{{"mail.example"}, {}, {}, {}});
  ASSERT_FALSE(by_client.has_value());
  EXPECT_EQ(by_client.error().code, ErrorCode::kPermissionDenied);
  EXPECT_THAT(by_client.error().message, HasSubstr("not allowed by the client payments"));
  const auto by_profile = check_names(profile, client, AltNames{{"payment-service.other"}, {}, {}, {}});
  ASSERT_FALSE(by_profile.has_value());
  EXPECT_THAT(by_profile.error().message, HasSubstr("not allowed by the profile tls-server"));
  const auto nobody = check_names(profile, client, {});
  ASSERT_FALSE(nobody.has_value());
  EXPECT_EQ(nobody.error().field, "csr.subjectAltName");
}

TEST(Policy, AClientUsesItsOwnProfilesOnly) {
  const Policy policy = policy_of(kPolicy);
  const Profile& profile = *policy.find_profile("tls-server");
  EXPECT_TRUE(check_profile(policy.clients().at("payments"), profile).has_value());
  const auto denied = check_profile(policy.clients().at("ops"), profile);
  ASSERT_FALSE(denied.has_value());
  EXPECT_EQ(denied.error().code, ErrorCode::kPermissionDenied);
}

TEST(Policy, FindsTheClientOfACertificate) {
  const Certificate certificate = test::make_certificate("URI:spiffe://example/payments,DNS:OPS.example");
  const PeerIdentity peer = PeerIdentity::from(certificate);
  EXPECT_THAT(peer.identities, ElementsAre("spiffe://example/payments", "dns:ops.example",
                                           "cert-sha256:" + to_hex(certificate.fingerprint()),
                                           "key-sha256:" + to_hex(certificate.public_key().spki_sha256())));
  EXPECT_EQ(policy_of(kPolicy).find_client(peer)->name, "payments");  // the SPIFFE ID comes first
  EXPECT_EQ(policy_of(with("spiffe://example/payments", "spiffe://other/x")).find_client(peer)->name, "ops");
  EXPECT_EQ(policy_of(kPolicy).find_client(PeerIdentity::from(test::make_certificate("DNS:other.example"))), nullptr);
}

TEST(Policy, FindsTheClientOfACertificateOrKeyDigest) {
  const Certificate certificate = test::make_certificate("");
  const PeerIdentity peer = PeerIdentity::from(certificate);
  for (std::string identity : {"cert-sha256:" + to_hex(certificate.fingerprint()),
                               "key-sha256:" + to_hex(certificate.public_key().spki_sha256())}) {
    std::ranges::transform(identity.begin() + 12, identity.end(), identity.begin() + 12, ::toupper);
    const Policy policy = policy_of(with("spiffe://example/payments", identity));
    ASSERT_NE(policy.find_client(peer), nullptr) << identity;
    EXPECT_EQ(policy.find_client(peer)->name, "payments");
  }
}

TEST(PeerIdentity, ACertificateWithSeveralUrisHasNoSpiffeId) {
  const auto peer =
      PeerIdentity::from(test::make_certificate("URI:spiffe://example/payments,URI:spiffe://example/other"));
  EXPECT_EQ(peer.identities.size(), 2U);
  EXPECT_EQ(policy_of(kPolicy).find_client(peer), nullptr);
}

TEST(PeerIdentity, AWildcardOfACertificateIsNobody) {
  EXPECT_EQ(policy_of(kPolicy).find_client(PeerIdentity::from(test::make_certificate("DNS:*.example"))), nullptr);
}

TEST(Identity, HasOneForm) {
  const std::string digest(64, 'A');
  EXPECT_EQ(parse_identity("spiffe://example.org/ns/a_b-c.D").value_or(""), "spiffe://example.org/ns/a_b-c.D");
  EXPECT_EQ(parse_identity("spiffe://example").value_or(""), "spiffe://example");
  EXPECT_EQ(parse_identity("dns:A.b").value_or(""), "dns:a.b");
  EXPECT_EQ(parse_identity("cert-sha256:" + digest).value_or(""), "cert-sha256:" + std::string(64, 'a'));
  EXPECT_EQ(parse_identity("key-sha256:" + digest).value_or(""), "key-sha256:" + std::string(64, 'a'));
}

TEST(Identity, RefusesEverythingElse) {
  for (const char* text : {"",
                           "example",
                           "spiffe://",
                           "spiffe:///a",
                           "spiffe://Example/a",
                           "SPIFFE://example/a",
                           "spiffe://example/",
                           "spiffe://example/a/",
                           "spiffe://example/a/../b",
                           "spiffe://example/a//b",
                           "spiffe://example/a%20b",
                           "spiffe://example:1/a",
                           "spiffe://example/*",
                           "spiffe://example/a:b",
                           "dns:",
                           "dns:*.example",
                           "dns:10.0.0.1",
                           "dns:a b",
                           "https://example/a",
                           "cert-sha256:",
                           "cert-sha256:00",
                           "key-sha256:zz",
                           "email:a@b"}) {
    EXPECT_FALSE(parse_identity(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace signet
