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
  auto subject = choose_subject(profile, csr, csr.alt_names().value_or(AltNames{}));
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
  EXPECT_EQ(choose_validity(profile, 0s).value_or(0s), 90 * 24h);
  EXPECT_EQ(choose_validity(profile, 1min).value_or(0s), 1min);
  EXPECT_EQ(choose_validity(profile, 397 * 24h).value_or(0s), 397 * 24h);
  for (const std::chrono::seconds wished :
       {std::chrono::seconds(-1), 59s, std::chrono::seconds(397 * 24h) + 1s, std::chrono::seconds::max()}) {
    const auto refused = choose_validity(profile, wished);
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
    return choose_subject(profile, csr, csr.alt_names().value_or(AltNames{}));
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
  EXPECT_NE(profile.sha256, profile_with(kEcOnly).sha256);
  EXPECT_THAT(canonical_text(profile), HasSubstr("names=dns:**\n"));
  EXPECT_THAT(canonical_text(profile_with(base + "\nrsa_exponents = [65537, 3]")),
              HasSubstr("\nrsa_bits_min=2048\nrsa_bits_max=8192\nrsa_exponents=3,65537\nsubject="));
}

}  // namespace
}  // namespace signet
