#include "policy/decision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "issuer/pki.h"
#include "openssl_objects.h"

namespace signet {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kPolicy = R"([profile.server]
issuer = "i"
validity = "90d"
validity_max = "100d"
keys = ["ec-p256", "rsa"]
subject = "O=Example"
common_name = "from-san"
key_usage = ["digitalSignature", "keyEncipherment"]
extended_key_usage = ["serverAuth"]
policies = [{ oid = "1.2.3", cps = "https://example.com/cps" }]
ocsp_urls = ["http://ocsp.example.com"]
ca_issuers_urls = ["http://ca.example.com/ca.cer"]
crl_urls = ["http://ca.example.com/ca.crl"]
must_staple = true
extensions = [{ oid = "1.3.6.1.4.1.311.20.2", value = "1e020041" }]
[profile.server.names]
dns = ["**.example"]

[profile.sub]
issuer = "i"
validity = "30d"
validity_max = "30d"
keys = ["ec-p256"]
ca = true
path_length = 0
subject = "CN=Sub CA,O=Example"
key_usage = ["keyCertSign", "cRLSign"]

[profile.self]
issuer = "i"
validity = "1d"
validity_max = "1d"
keys = ["ec-p256"]
alternative_names = "none"
subject = "CN=Issuing CA,O=Signet test"
key_usage = ["digitalSignature"]
extended_key_usage = ["clientAuth"]

[profile.answers]
issuer = "i"
validity = "1d"
validity_max = "1d"
keys = ["ec-p256"]
alternative_names = "none"
subject = "CN=Answers,O=Example"
key_usage = ["digitalSignature"]
extended_key_usage = ["OCSPSigning"]

[profile.nowhere]
issuer = "gone"
validity = "1d"
validity_max = "1d"
keys = ["ec-p256"]
key_usage = ["digitalSignature"]
extended_key_usage = ["clientAuth"]
[profile.nowhere.names]
dns = ["**"]

[profile.others]
issuer = "i"
validity = "1d"
validity_max = "1d"
keys = ["ec-p256"]
key_usage = ["digitalSignature"]
extended_key_usage = ["clientAuth"]
[profile.others.names]
dns = ["**"]

[client.c]
identity = "dns:c.example"
profiles = ["server", "sub", "self", "answers", "nowhere"]
[client.c.names]
dns = ["**.example"]
)";

class DecisionTest : public testing::Test {
 protected:
  /// What is decided at the moment; throws where it is refused.
  Decision decided(const Csr& csr, const std::string& profile = "server", const Certificate* renews = nullptr) {
    auto decision = ask(csr.der(), profile, 0s, renews);
    if (!decision.has_value()) throw std::runtime_error(decision.error().message);
    const auto& [chosen, ca, request, fields, constant] = *decision;
    EXPECT_TRUE(equal(encode_tbs(fields, *constant).view(), encode_tbs(fields).view())) << profile;
    return *std::move(decision);
  }
  Result<Decision> ask(ByteView csr, const std::string& profile = "server", std::chrono::seconds validity = 0s,
                       const Certificate* renews = nullptr) {
    return decide(policy_, *policy_.find_client({{"dns:c.example"}}),
                  {.profile = profile, .csr = csr, .validity = validity, .renews = renews}, cas_, now_, own_keys_);
  }
  static std::string rule_of(const Result<Decision>& decision) {
    if (decision.has_value()) return "issued";
    const std::string& message = decision.error().message;
    const std::size_t at = message.rfind("(rule ");
    return at == std::string::npos ? message : message.substr(at + 6, message.find(')', at) - at - 6);
  }
  /// The CA `i` may have so many CAs below it.
  void set_path(std::optional<std::uint64_t> path) {
    const auto ca = test::make_ca(root_, "Issuing CA", [&](TbsFields& f) { f.basic_constraints->path_length = path; });
    cas_.at("i").certificates.front() = ca.certificate;
  }

  Policy policy_ = Policy::parse(bytes_of(kPolicy), "policy.toml").value();
  test::Identity root_ = test::make_root("Root");
  test::Identity ca_ = test::make_ca(root_, "Issuing CA");
  IssuingCas cas_ = {{"i", IssuingCa{.name = "i", .certificates = {ca_.certificate, root_.certificate}}}};
  OwnKeys own_keys_;
  Time now_ = std::chrono::floor<std::chrono::seconds>(system_clock().now());
  Csr csr_ = test::make_csr("/CN=a.example", "DNS:a.example,DNS:b.example");
};

TEST_F(DecisionTest, HasEverythingOfTheCertificateButItsSerialNumber) {
  const Decision decision = decided(csr_);
  const TbsFields& fields = decision.fields;
  EXPECT_EQ(decision.profile->name, "server");
  EXPECT_EQ(decision.ca->name, "i");
  EXPECT_EQ(fields.issuer, ca_.certificate.fields().subject);
  EXPECT_EQ(fields.authority_key_id, ca_.certificate.fields().subject_key_id);
  EXPECT_EQ(fields.subject.text(), "CN=a.example,O=Example");
  EXPECT_EQ(fields.alt_names->dns, (std::vector<std::string>{"a.example", "b.example"}));
  EXPECT_EQ(fields.not_before, now_ - 5min);
  EXPECT_EQ(fields.not_after, now_ + 90 * 24h);
  EXPECT_EQ(fields.basic_constraints, BasicConstraints{});
  EXPECT_EQ(fields.key_usage, static_cast<std::uint32_t>(kDigitalSignature)) << "of an EC key";
  EXPECT_EQ(fields.policies, (std::vector<CertificatePolicy>{{.oid = "1.2.3", .cps = "https://example.com/cps"}}));
  EXPECT_EQ(fields.ocsp_urls, std::vector<std::string>{"http://ocsp.example.com"});
  EXPECT_EQ(fields.ca_issuers_urls, std::vector<std::string>{"http://ca.example.com/ca.cer"});
  EXPECT_EQ(fields.crl_urls, std::vector<std::string>{"http://ca.example.com/ca.crl"});
  EXPECT_TRUE(fields.must_staple);
  ASSERT_EQ(fields.extra_extensions.size(), 1U);
  EXPECT_EQ(to_hex(fields.extra_extensions[0].value), "1e020041");
  EXPECT_EQ(parse_tbs(encode_tbs(fields).view()).value(), fields);
}

TEST_F(DecisionTest, GivesAnRsaKeyTheUsagesOfRsa) {
  EXPECT_EQ(decided(test::make_csr("/", "DNS:a.example", "rsa:2048")).fields.key_usage,
            kDigitalSignature | kKeyEncipherment);
}

TEST_F(DecisionTest, TakesTheAlgorithmTheCasKeyIsConfiguredFor) {
  cas_.at("i").signature = SignatureAlgorithm::kRsaPssSha256;
  EXPECT_EQ(decided(csr_).fields.algorithm, SignatureAlgorithm::kRsaPssSha256);
}

TEST_F(DecisionTest, TakesPemAsWell) {
  EXPECT_TRUE(ask(bytes_of(encode_pem("CERTIFICATE REQUEST", csr_.der()))).has_value());
}

TEST_F(DecisionTest, NamesTheProfileThatIsNotThereOrNotTheClients) {
  EXPECT_EQ(ask(csr_.der(), "absent").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(rule_of(ask(csr_.der(), "others")), "client.profiles");
  EXPECT_EQ(ask(csr_.der(), "nowhere").error().code, ErrorCode::kFailedPrecondition);
}

TEST_F(DecisionTest, RefusesAKeyOfACa) {
  const Csr good = test::make_csr("/", "DNS:a.example");
  const auto ca = test::make_root("Other", [&](TbsFields& fields) { fields.spki = copy_of(good.public_key().spki()); });
  cas_.at("i").certificates.back() = ca.certificate;
  EXPECT_EQ(rule_of(ask(good.der())), "key.own");
}

TEST_F(DecisionTest, RefusesAKeyThatServesTheCaOtherwise) {
  own_keys_.insert(sha256(bytes_of("another")));
  EXPECT_EQ(rule_of(ask(csr_.der())), "issued");
  own_keys_.insert(sha256(csr_.public_key().spki()));
  EXPECT_EQ(rule_of(ask(csr_.der())), "key.own");
}

TEST_F(DecisionTest, RefusesARequestThatItsKeyDidNotSign) {
  Bytes forged = copy_of(csr_.der());
  forged.back() ^= 1U;
  EXPECT_EQ(ask(forged).error().field, "csr.signature");
}

TEST_F(DecisionTest, NeverEndsAfterTheCa) {
  now_ = ca_.certificate.fields().not_after - 24h;
  EXPECT_EQ(decided(csr_).fields.not_after, ca_.certificate.fields().not_after) << "the default is shortened";
  EXPECT_EQ(rule_of(ask(csr_.der(), "server", 25h)), "validity.issuer");
  EXPECT_EQ(rule_of(ask(csr_.der(), "server", 23h)), "issued");
  now_ += 24h;
  const auto expired = ask(csr_.der());
  EXPECT_EQ(rule_of(expired), "validity.issuer");
  EXPECT_EQ(expired.error().code, ErrorCode::kFailedPrecondition);
}

TEST_F(DecisionTest, NeverBeginsBeforeTheCa) {
  now_ = ca_.certificate.fields().not_before + 1min;
  EXPECT_EQ(decided(csr_).fields.not_before, ca_.certificate.fields().not_before);
}

TEST_F(DecisionTest, IssuesNothingByACaThatIsNotValidYet) {
  now_ = ca_.certificate.fields().not_before;
  EXPECT_EQ(rule_of(ask(csr_.der())), "issued");
  now_ -= 1s;
  const auto early = ask(csr_.der());
  EXPECT_EQ(rule_of(early), "validity.issuer");
  EXPECT_EQ(early.error().code, ErrorCode::kFailedPrecondition);
}

TEST_F(DecisionTest, RefusesAValidityBeyondTheProfiles) {
  EXPECT_EQ(rule_of(ask(csr_.der(), "server", std::chrono::days(101))), "validity.max");
}

TEST_F(DecisionTest, HoldsNamesAgainstTheConstraintsOfTheCa) {
  // { permitted { dNSName b.example } }
  const auto constraints = NameConstraints::parse(from_hex("300fa00d300b8209622e6578616d706c65").value()).value();
  const auto ca = test::make_ca(root_, "Issuing CA", [&](TbsFields& f) { f.name_constraints = constraints; });
  cas_.at("i").certificates.front() = ca.certificate;
  EXPECT_EQ(rule_of(ask(csr_.der())), "name.constraints");
  EXPECT_EQ(rule_of(ask(test::make_csr("/", "DNS:x.b.example").der())), "issued");
}

TEST_F(DecisionTest, GivesNoPurposeThatACaAboveDoesNotHave) {
  const auto with = [](std::vector<std::string> purposes) {
    return [purposes](TbsFields& fields) { fields.extended_key_usage = purposes; };
  };
  const std::string client = eku_oid_from("clientAuth").value();
  const std::string server = eku_oid_from("serverAuth").value();
  for (const auto& [purposes, rule] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{client}, "ca.eku"}, {{client, server}, "issued"}, {{std::string(kAnyExtendedKeyUsageOid)}, "issued"}}) {
    cas_.at("i").certificates = {test::make_ca(root_, "Issuing CA", with(purposes)).certificate, root_.certificate};
    EXPECT_EQ(rule_of(ask(csr_.der())), rule) << purposes.front();
    cas_.at("i").certificates = {ca_.certificate, test::make_root("Root", with(purposes)).certificate};
    EXPECT_EQ(rule_of(ask(csr_.der())), rule) << purposes.front() << " of the root";
  }
  cas_.at("i").certificates.front() = test::make_ca(root_, "Issuing CA", with({client})).certificate;
  EXPECT_EQ(rule_of(ask(test::make_csr("/", "").der(), "answers")), "issued")
      << "the CA's answers need none of its own";
  EXPECT_EQ(rule_of(ask(test::make_csr("/", "").der(), "sub")), "issued") << "a CA below is bounded by it";
}

class RenewalDecision : public DecisionTest {
 protected:
  Certificate old_ = test::make_client(root_, "spiffe://example/x", [](TbsFields& fields) {
                       fields.alt_names = AltNames{.dns = {"a.example", "b.example"}};
                     }).certificate;
};

TEST_F(RenewalDecision, KeepsTheNamesOfTheOldCertificate) {
  for (const char* asked : {"", "DNS:b.example,DNS:A.Example"}) {
    const Decision decision = decided(test::make_csr("/", asked), "server", &old_);
    EXPECT_EQ(decision.fields.alt_names, old_.fields().alt_names) << asked;
  }
}

TEST_F(RenewalDecision, RefusesWhatALogEntryHasNoRoomFor) {
  const auto with_names = [&](int count) {
    return test::make_client(root_, "spiffe://example/x", [&](TbsFields& fields) {
      fields.alt_names = AltNames{};
      for (int i = 0; i < count; ++i)
        fields.alt_names->dns.push_back("n" + std::to_string(1000 + i) + "." + std::string(60, 'x') + ".example");
    });
  };
  const Csr csr = test::make_csr("/", "");
  const test::Identity large = with_names(530);
  const Decision decision = decided(csr, "server", &large.certificate);
  EXPECT_LE(encode_tbs(decision.fields).view().size(), kMostTbsBytes);
  const test::Identity larger = with_names(532);
  EXPECT_EQ(rule_of(ask(csr.der(), "server", 0s, &larger.certificate)), "certificate.size");
}

TEST_F(RenewalDecision, RefusesOtherNames) {
  for (const char* asked : {"DNS:a.example", "DNS:a.example,DNS:b.example,DNS:c.example", "IP:10.0.0.1"}) {
    const auto refused = ask(test::make_csr("/", asked).der(), "server", 0s, &old_);
    EXPECT_EQ(rule_of(refused), "renew.names") << asked;
    EXPECT_EQ(refused.error().code, ErrorCode::kPermissionDenied);
  }
}

TEST_F(RenewalDecision, JudgesTheNamesByTodaysRules) {
  const auto other = test::make_client(root_, "spiffe://example/x",
                                       [](TbsFields& fields) { fields.alt_names = AltNames{.dns = {"a.elsewhere"}}; });
  const auto refused = ask(test::make_csr("/", "").der(), "server", 0s, &other.certificate);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().field, "csr.subjectAltName");
}

TEST_F(DecisionTest, MakesACaOnlyOfAProfileForCas) {
  const Decision decision = decided(test::make_csr("/CN=Sub CA", ""), "sub");
  EXPECT_EQ(decision.fields.basic_constraints, (BasicConstraints{.ca = true, .path_length = 0}));
  EXPECT_EQ(decision.fields.key_usage, kKeyCertSign | kCrlSign);
  EXPECT_THAT(decision.fields.extended_key_usage, IsEmpty());
  EXPECT_FALSE(decision.fields.alt_names.has_value());
  EXPECT_EQ(decision.fields.subject.text(), "CN=Sub CA,O=Example");
  EXPECT_EQ(rule_of(ask(test::make_csr("/CN=Root", "").der(), "sub")), "subject.cn");
  EXPECT_EQ(rule_of(ask(csr_.der(), "sub")), "names.none");
}

TEST_F(DecisionTest, LeavesRoomForACaInEveryPathAboveIt) {
  const Csr csr = test::make_csr("/", "");
  for (const auto& [path, rule] : std::vector<std::pair<std::optional<std::uint64_t>, std::string>>{
           {0, "ca.path"}, {1, "issued"}, {std::nullopt, "issued"}}) {
    set_path(path);
    EXPECT_EQ(rule_of(ask(csr.der(), "sub")), rule);
  }
  const auto root = test::make_root("Root", [](TbsFields& fields) { fields.basic_constraints->path_length = 1; });
  cas_.at("i").certificates.back() = root.certificate;
  const auto refused = ask(csr.der(), "sub");
  EXPECT_EQ(rule_of(refused), "ca.path") << "the root has room for one, which is the issuing CA";
  EXPECT_THAT(refused.error().message, HasSubstr("CN=Root"));
}

TEST_F(DecisionTest, DoesNotCountSelfIssuedCasInAPath) {
  const Csr csr = test::make_csr("/", "");
  const auto next = test::make_ca(root_, "ROOT");  // its key rolls over: the name is the same
  for (const auto& [path, rule] : std::vector<std::pair<std::uint64_t, std::string>>{{1, "ca.path"}, {2, "issued"}}) {
    const auto root = test::make_root("Root", [&](TbsFields& f) { f.basic_constraints->path_length = path; });
    cas_.at("i").certificates = {ca_.certificate, next.certificate, root.certificate};
    EXPECT_EQ(rule_of(ask(csr.der(), "sub")), rule) << path;
  }
}

TEST_F(DecisionTest, MakesNothingThatSpeaksAsTheCa) {
  EXPECT_EQ(rule_of(ask(test::make_csr("/", "").der(), "self")), "subject.issuer");
}

TEST_F(DecisionTest, MakesNothingThatAVerifierTakesForAnyOfOurCas) {
  const Csr csr = test::make_csr("/", "");
  cas_.at("i").certificates = {test::make_ca(root_, "Another CA").certificate, root_.certificate};
  EXPECT_EQ(rule_of(ask(csr.der(), "self")), "issued");
  const auto upper = test::make_root("ISSUING CA");
  cas_.at("i").certificates = {test::make_ca(upper, "Another CA").certificate, upper.certificate};
  EXPECT_EQ(rule_of(ask(csr.der(), "self")), "subject.issuer") << "of the root";
  cas_.at("i").certificates = {test::make_ca(root_, "Another CA").certificate, root_.certificate};
  const auto other = test::make_ca(root_, "issuing  ca");
  cas_.emplace("j", IssuingCa{.name = "j", .certificates = {other.certificate, root_.certificate}});
  EXPECT_EQ(rule_of(ask(csr.der(), "self")), "subject.issuer") << "of another issuer";
}

}  // namespace
}  // namespace signet
