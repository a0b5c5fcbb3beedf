// Certificates in the configuration that must not become an issuing CA: the issuer says why and starts nothing.
#include <gmock/gmock.h>

#include <filesystem>

#include "issuer/process_harness.h"

namespace signet::test {
namespace {

using std::chrono::minutes;
using testing::HasSubstr;

struct Mistake {
  std::string name;
  std::string field;
  std::string names;  ///< what the message must name
  std::function<void(Installation&)> make;
};
void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.name; }

void expire(TbsFields& fields) { fields.not_after = fields.not_before + minutes(30); }

std::vector<Mistake> mistakes() {
  const std::string key = "key.issuing-1.certificate";
  const std::string root = "issuer.issuing-1.root";
  const std::string chain = "issuer.issuing-1.chain";
  return {
      {"IssuingCertificateIsNoCa", key, "issuing.pem",
       [](Installation& at) {
         at.issuing =
             make_ca(at.root, "Issuing CA", [](TbsFields& fields) { fields.basic_constraints = BasicConstraints{}; });
       }},
      {"IssuingCertificateHasNoBasicConstraints", key, "issuing.pem",
       [](Installation& at) {
         at.issuing = make_ca(at.root, "Issuing CA", [](TbsFields& fields) { fields.basic_constraints.reset(); });
       }},
      {"IssuingCertificateMayNotSignCertificates", key, "issuing.pem",
       [](Installation& at) {
         at.issuing = make_ca(at.root, "Issuing CA", [](TbsFields& fields) { fields.key_usage = kCrlSign; });
       }},
      {"IssuingCertificateHasNoKeyId", key, "issuing.pem",
       [](Installation& at) {
         at.issuing = make_ca(at.root, "Issuing CA", [](TbsFields& fields) { fields.subject_key_id.reset(); });
       }},
      {"IssuedByAnotherRootOfTheSameName", root, "Issuing CA",
       [](Installation& at) { at.issuing = make_ca(make_root("Root"), "Issuing CA"); }},
      {"IssuedByARootOfAnotherName", root, "Issuing CA",
       [](Installation& at) { at.issuing = make_ca(make_root("Other root"), "Issuing CA"); }},
      {"RootIsNotSelfSigned", root, "root.pem",
       [](Installation& at) {
         at.root = make_ca(make_root("Top"), "Root");
         at.issuing = make_ca(at.root, "Issuing CA");
       }},
      {"ChainDoesNotReachTheRoot", chain, "Issuing CA",
       [](Installation& at) {
         at.directory.write("other.pem", make_ca(at.root, "Unrelated").pem());
         at.chain = "\"other.pem\"";
       }},
      {"IssuingCertificateIsMissing", key, "issuing.pem",
       [](Installation& at) { std::filesystem::remove(at.directory / "issuing.pem"); }},
      {"IssuingCertificateIsNoPem", key, "issuing.pem",
       [](Installation& at) { at.directory.write("issuing.pem", "what?"); }},
      {"IssuingCertificateIsWritableByOthers", key, "issuing.pem",
       [](Installation& at) {
         std::filesystem::permissions(at.directory / "issuing.pem", std::filesystem::perms::others_write,
                                      std::filesystem::perm_options::add);
       }},
      {"ClientTrustIsMissing", "listen.client_trust", "trust.pem",
       [](Installation& at) { std::filesystem::remove(at.directory / "trust.pem"); }},
      {"ClientTrustIsEmpty", "listen.client_trust", "trust.pem",
       [](Installation& at) { at.directory.write("trust.pem", ""); }},
  };
}

class Authorities : public testing::TestWithParam<Mistake> {};

TEST_P(Authorities, WithAMistakeNothingIsStarted) {
  Installation installation;
  const std::string issuing = installation.issuing.pem();
  const std::string root = installation.root.pem();
  GetParam().make(installation);
  if (installation.issuing.pem() != issuing) installation.directory.write("issuing.pem", installation.issuing.pem());
  if (installation.root.pem() != root) installation.directory.write("root.pem", installation.root.pem());
  IssuerProcess issuer(installation);
  const internal::Failure failure = issuer.failure();
  EXPECT_EQ(failure.field(), GetParam().field) << failure.message();
  EXPECT_THAT(failure.message(), HasSubstr(GetParam().names));
  EXPECT_FALSE(failure.retryable());
  EXPECT_TRUE(exited_with(issuer.wait(), 1));
  EXPECT_FALSE(std::filesystem::exists(installation.directory / "state"));
}

INSTANTIATE_TEST_SUITE_P(Issuer, Authorities, testing::ValuesIn(mistakes()),
                         [](const auto& mistake) { return mistake.param.name; });

TEST(AuthoritiesOfTheIssuer, AChainOfIntermediatesIsTaken) {
  Installation installation;
  const Identity middle = make_ca(installation.root, "Middle");
  installation.issuing = make_ca(middle, "Issuing CA");
  installation.write_certificates();
  installation.directory.write("middle.pem", middle.pem());
  installation.chain = "\"middle.pem\"";
  IssuerProcess issuer(installation);
  const FakeKeyholder keyholder(issuer.connect_keyholder(1), installation.token);
  EXPECT_TRUE(issuer.started().has_ready());
}

TEST(AuthoritiesOfTheIssuer, AnExpiredCaDoesNotKeepTheOthersFromStarting) {
  Installation installation;
  installation.issuing = make_ca(installation.root, "Issuing CA", expire);
  installation.write_certificates();
  IssuerProcess issuer(installation);
  const FakeKeyholder keyholder(issuer.connect_keyholder(1), installation.token);
  EXPECT_TRUE(issuer.started().has_ready());
}

TEST(AuthoritiesOfTheIssuer, APolicyThatCannotBeReadStartsNothing) {
  Installation installation;
  installation.issuer = "issuing-1\"\nwhat = \"";
  IssuerProcess issuer(installation);
  EXPECT_THAT(issuer.failure().message(), HasSubstr("signet.toml"));
  EXPECT_TRUE(exited_with(issuer.wait(), 1));
}

}  // namespace
}  // namespace signet::test
