#include "policy/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "openssl_objects.h"
#include "policy/policy.h"

namespace signet {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

/// A profile with `more` lines.
Profile profile_with(const std::string& more) {
  const std::string text =
      "[profile.p]\nissuer = \"i\"\nvalidity = \"90d\"\nvalidity_max = \"397d\"\n" + more +
      "\nkey_usage = [\"digitalSignature\"]\nextended_key_usage = [\"serverAuth\"]\n[profile.p.names]\n"
      "dns = [\"**\"]\n";
  auto policy = Policy::parse(bytes_of(text), "policy.toml");
  if (!policy) throw std::runtime_error(policy.error().message);
  return policy->profiles().at("p");
}

const std::string kEcOnly = "keys = [\"ec-p256\"]";

Name subject_of(const Profile& profile, const Csr& csr) {
  auto subject = choose_subject(profile, csr.subject(), csr.alt_names().value_or(AltNames{}));
  if (!subject) throw std::runtime_error(subject.error().message);
  return *std::move(subject);
}

TEST(Profile, TakesTheKeysItNames) {
  const Profile profile = profile_with("keys = [\"ec-p256\", \"rsa\"]\nrsa_bits_min = 3072");
  EXPECT_TRUE(check_key(profile, test::make_csr("/CN=a", "DNS:a").public_key()).has_value());
  EXPECT_TRUE(check_key(profile, test::make_csr("/CN=a", "DNS:a", "rsa:3072").public_key()).has_value());
  const auto other_curve =
      check_key(profile, test::make_csr("/CN=a", "DNS:a", "ec -pkeyopt ec_paramgen_curve:P-384").public_key());
  ASSERT_FALSE(other_curve.has_value());
  EXPECT_EQ(other_curve.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(other_curve.error().field, "csr.subjectPublicKeyInfo");
  const auto small = check_key(profile, test::make_csr("/CN=a", "DNS:a", "rsa:2048").public_key());
  ASSERT_FALSE(small.has_value());
  EXPECT_EQ(
      small.error().message,
      "the profile p does not take the request's key: the RSA modulus has 2048 bits; 3072 to 8192 are taken (rule "
      "key.rsa-size)");
}

TEST(Profile, SaysWhichTypesOfKeysItTakes) {
  const auto refused = check_key(profile_with(kEcOnly), test::make_csr("/CN=a", "DNS:a", "rsa:2048").public_key());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message, "the request's key is rsa-2048; the profile p takes ec-p256 (rule key.type)");
}

TEST(Profile, TakesOtherRsaExponentsOnlyIfItNamesThem) {
  const PublicKey key =
      test::make_csr("/CN=a", "DNS:a", "rsa -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:3").public_key();
  const auto refused = check_key(profile_with("keys = [\"rsa\"]"), key);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message,
            "the profile p does not take the request's key: the RSA exponent is 3; taken is 65537 (rule "
            "key.rsa-exponent)");
  EXPECT_EQ(refused.error().field, "csr.subjectPublicKeyInfo");
  EXPECT_TRUE(check_key(profile_with("keys = [\"rsa\"]\nrsa_exponents = [65537, 3]"), key).has_value());
}

TEST(Profile, TakesNoKeyThatOthersCanUse) {
  const Bytes all_ones(256, 0xFF);  // 2^2048 - 1, which 3 divides
  const PublicKey divisible = PublicKey::from_spki(rsa_spki(all_ones, Bytes{1, 0, 1})).value();
  const auto refused = check_key(profile_with("keys = [\"rsa\"]"), divisible);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("divisible by 3; make a new key (rule key.rsa-small-factor)"));
  Bytes identity(32);
  identity[0] = 1;
  const PublicKey small_order = PublicKey::from_spki(ed25519_spki(identity).value()).value();
  EXPECT_FALSE(check_key(profile_with("keys = [\"ed25519\"]"), small_order).has_value());
}

TEST(Profile, GivesTheValidityThatIsWishedWithinItsBounds) {
  const Profile profile = profile_with(kEcOnly);
  EXPECT_EQ(choose_validity(profile, PolicyClient(), 0s).value_or(0s), 90 * 24h);
  EXPECT_EQ(choose_validity(profile, PolicyClient(), 1min).value_or(0s), 1min);
  EXPECT_EQ(choose_validity(profile, PolicyClient(), 397 * 24h).value_or(0s), 397 * 24h);
  for (const std::chrono::seconds wished :
       {std::chrono::seconds(-1), 59s, std::chrono::seconds(397 * 24h) + 1s, std::chrono::seconds::max()}) {
    const auto refused = choose_validity(profile, PolicyClient(), wished);
    ASSERT_FALSE(refused.has_value()) << wished.count();
    EXPECT_EQ(refused.error().field, "validity_seconds");
  }
}

TEST(Profile, MakesTheSubjectOfItsConstantPartOnly) {
  const Profile profile = profile_with(kEcOnly + "\nsubject = \"O=Example,C=DE\"");
  EXPECT_EQ(subject_of(profile, test::make_csr("/O=Mallory/CN=a.example", "DNS:a.example")).text(), "O=Example,C=DE");
}

TEST(Profile, MakesAnEmptySubjectThatIsEncoded) {
  const Name subject = subject_of(profile_with(kEcOnly), test::make_csr("/CN=a.example", "DNS:a.example"));
  EXPECT_TRUE(subject.empty());
  EXPECT_EQ(to_hex(subject.der()), "3000");
}

TEST(Profile, TakesTheCommonNameFromTheFirstDnsName) {
  const Profile profile = profile_with(kEcOnly + "\nsubject = \"O=Example\"\ncommon_name = \"from-san\"");
  EXPECT_EQ(subject_of(profile, test::make_csr("/CN=b.example", "IP:10.0.0.1,DNS:a.example,DNS:b.example")).text(),
            "CN=a.example,O=Example");
  EXPECT_EQ(subject_of(profile, test::make_csr("/O=x", "IP:10.0.0.1")).text(), "CN=10.0.0.1,O=Example");
  EXPECT_EQ(subject_of(profile, test::make_csr("/O=x", "URI:spiffe://e/a")).common_names(),
            std::vector<std::string>{"spiffe://e/a"});
}

TEST(Profile, LeavesOutACommonNameThatIsTooLong) {
  const Profile profile = profile_with(kEcOnly + "\ncommon_name = \"from-san\"");
  const std::string base = ".example";
  const std::string fits = std::string(64 - base.size(), 'a') + base;
  const std::string longer = std::string(60, 'a') + ".b" + base;
  EXPECT_EQ(subject_of(profile, test::make_csr("/O=x", "DNS:" + fits)).common_names(), std::vector<std::string>{fits});
  EXPECT_TRUE(subject_of(profile, test::make_csr("/O=x", "DNS:" + longer)).empty());
}

TEST(Profile, RefusesACommonNameThatIsNoAlternativeName) {
  const Profile profile = profile_with(kEcOnly);
  const auto choose = [&](const std::string& subject, const std::string& names) {
    const Csr csr = test::make_csr(subject, names);
    return choose_subject(profile, csr.subject(), csr.alt_names().value_or(AltNames{}));
  };
  EXPECT_TRUE(choose("/CN=A.Example", "DNS:a.example").has_value());
  EXPECT_TRUE(choose("/CN=10.0.0.1", "DNS:a.example,IP:10.0.0.1").has_value());
  EXPECT_TRUE(choose("/CN=joe@a.example", "email:joe@a.example").has_value());
  for (const char* subject : {"/CN=evil.example", "/CN=a.example/CN=evil.example", "/CN=a.example."}) {
    const auto refused = choose(subject, "DNS:a.example");
    ASSERT_FALSE(refused.has_value()) << subject;
    EXPECT_EQ(refused.error().field, "csr.subject");
  }
}

Result<Name> subject_for(const Profile& profile, const std::string& asked, const std::string& names) {
  const Csr csr = test::make_csr(asked, names);
  return choose_subject(profile, csr.subject(), csr.alt_names().value_or(AltNames{}));
}

TEST(Profile, TakesTheCommonNameOfTheRequestIfItSaysSo) {
  const Profile profile = profile_with(kEcOnly + "\ncommon_name = \"from-request\"");
  EXPECT_EQ(subject_for(profile, "/CN=b.example", "DNS:a.example,DNS:b.example")->text(), "CN=b.example");
  EXPECT_TRUE(subject_for(profile, "/O=x", "DNS:a.example")->empty());
  EXPECT_THAT(subject_for(profile, "/CN=c.example", "DNS:a.example").error().message, HasSubstr("(rule subject.cn)"));
}

TEST(Profile, TakesAttributesOfTheRequestWithTheValuesItNames) {
  const Profile profile = profile_with(kEcOnly +
                                       "\nsubject = \"O=Example\"\nsubject_from_request = { OU = [\"Payments\", "
                                       "\"Team *\"], L = [\"*\"] }");
  EXPECT_EQ(subject_for(profile, "/O=Mallory/OU=Payments/L=Bonn", "DNS:a")->text(), "OU=Payments,L=Bonn,O=Example");
  EXPECT_EQ(subject_for(profile, "/OU=Team 7", "DNS:a")->text(), "OU=Team 7,O=Example");
  EXPECT_EQ(subject_for(profile, "/C=DE", "DNS:a")->text(), "O=Example");
  const auto other = subject_for(profile, "/OU=Board", "DNS:a");
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(other.error().field, "csr.subject");
  EXPECT_EQ(other.error().message,
            "the subject has OU=\"Board\"; the profile p takes \"Payments\", \"Team *\" (rule subject.value)");
  EXPECT_THAT(subject_for(profile, "/OU=Payments/OU=Payments", "DNS:a").error().message,
              HasSubstr("(rule subject.repeated)"));
  EXPECT_FALSE(subject_for(profile, "/OU=payments", "DNS:a").has_value());
}

TEST(Profile, KeepsTheSubjectOfACertificateThatIsRenewed) {
  const Profile profile = profile_with(kEcOnly +
                                       "\nsubject = \"O=New\"\ncommon_name = \"from-request\"\n"
                                       "subject_from_request = { OU = [\"A\", \"B\"] }");
  const AltNames names{.dns = {"a.example"}};
  const Name asked = Name::from_text("OU=B").value();
  const Name kept = Name::from_text("CN=a.example,OU=A,O=Old").value();
  EXPECT_EQ(choose_subject(profile, asked, names, &kept)->text(), "CN=a.example,OU=A,O=New");
  const Name no_more = Name::from_text("OU=C").value();
  EXPECT_FALSE(choose_subject(profile, asked, names, &no_more).has_value()) << "judged by today's rules";
  const Name other = Name::from_text("CN=b.example").value();
  EXPECT_FALSE(choose_subject(profile, asked, names, &other).has_value());
  EXPECT_FALSE(choose_subject(profile, other, names, &kept).has_value()) << "nor may the new request say it";
}

TEST(Profile, GivesNoClientLongerThanItMayHave) {
  const Profile profile = profile_with(kEcOnly);
  PolicyClient client;
  client.name = "c";
  client.validity_max = std::chrono::days(7);
  EXPECT_EQ(choose_validity(profile, client, 0s).value_or(0s), std::chrono::days(7)) << "the default is shortened";
  EXPECT_EQ(choose_validity(profile, client, std::chrono::days(7)).value_or(0s), std::chrono::days(7));
  EXPECT_THAT(choose_validity(profile, client, std::chrono::days(8)).error().message, HasSubstr("the client c gets"));
}

TEST(Profile, WritesTheUsagesThatAKeyCanDo) {
  const std::string text = R"([profile.p]
issuer = "i"
validity = "1d"
validity_max = "1d"
keys = ["ec-p256", "ed25519", "rsa"]
key_usage = ["digitalSignature", "keyEncipherment", "keyAgreement"]
extended_key_usage = ["serverAuth"]
[profile.p.names]
dns = ["**"]
)";
  const auto policy = Policy::parse(bytes_of(text), "policy.toml");
  ASSERT_TRUE(policy.has_value()) << policy.error().message;
  const auto& usage = policy->profiles().at("p").key_usage;
  EXPECT_EQ(usage.at(KeyType::kRsa), kDigitalSignature | kKeyEncipherment);
  EXPECT_EQ(usage.at(KeyType::kEcP256), kDigitalSignature | kKeyAgreement);
  EXPECT_EQ(usage.at(KeyType::kEd25519), static_cast<std::uint32_t>(kDigitalSignature));
}

TEST(Profile, AnSvidHasExactlyOneSpiffeIdWithAPath) {
  Profile profile = profile_with(kEcOnly);
  const auto check = [&](const std::vector<std::string>& uris) {
    return check_svid(profile, {.dns = {"a.example"}, .uris = uris});
  };
  EXPECT_TRUE(check({}).has_value()) << "no profile for SVIDs";
  profile.spiffe = true;
  EXPECT_TRUE(check({"spiffe://example.com/a"}).has_value());
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{},
                                             {"spiffe://example.com"},
                                             {"https://example.com/a"},
                                             {"spiffe://example.com/a", "spiffe://example.com/b"},
                                             {"spiffe://example.com/a", "https://example.com/a"},
                                             {"spiffe://Example.com/a"}}) {
    const auto refused = check(wrong);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().field, "csr.subjectAltName");
    EXPECT_THAT(refused.error().message, HasSubstr("(rule spiffe.id)"));
  }
}

TEST(Profile, ItsDigestCoversEveryValue) {
  const std::string base = "keys = [\"ec-p256\", \"rsa\"]";
  const Profile profile = profile_with(base);
  EXPECT_EQ(profile.sha256, profile_with("keys = [\"rsa\", \"ec-p256\"]\nbackdate = \"300s\"\nrsa_bits_min = 2048\n"
                                         "rsa_bits_max = 8192\nrsa_exponents = [65537]")
                                .sha256);
  for (const char* more : {"\nbackdate = \"1m\"", "\nrsa_bits_min = 3072", "\nrsa_bits_max = 4096",
                           "\nrsa_exponents = [3]", "\nsubject = \"O=x\"", "\ncommon_name = \"from-san\""}) {
    EXPECT_NE(profile.sha256, profile_with(base + more).sha256) << more;
  }
  for (const char* more :
       {"\ncommon_name = \"from-request\"", "\nsubject_from_request = { OU = [\"*\"] }",
        "\nsubject_from_request = { OU = [\"x\"] }", "\nalternative_names = \"optional\"\nsubject = \"O=x\"",
        "\npolicies = [{ oid = \"1.2.3\" }]", "\npolicies = [{ oid = \"1.2.3\", cps = \"http://a.example/\" }]",
        "\nocsp_urls = [\"http://a.example\"]", "\nca_issuers_urls = [\"http://a.example\"]",
        "\ncrl_urls = [\"http://a.example\"]", "\nocsp_urls = [\"http://a.example\"]\nmust_staple = true",
        "\nextensions = [{ oid = \"1.2.3\", value = \"0500\" }]",
        "\nextensions = [{ oid = \"1.2.3\", value = \"0500\", critical = true }]", "\nlint = \"public-trust\""}) {
    EXPECT_NE(profile.sha256, profile_with(base + more).sha256) << more;
  }
  EXPECT_NE(profile.sha256, profile_with(kEcOnly).sha256);
  EXPECT_THAT(canonical_text(profile), HasSubstr("names=dns:**\n"));
  EXPECT_THAT(canonical_text(profile_with(base + "\nrsa_exponents = [65537, 3]")),
              HasSubstr("\nrsa_bits_min=2048\nrsa_bits_max=8192\nrsa_exponents=3,65537\nsubject="));
}

}  // namespace
}  // namespace signet
