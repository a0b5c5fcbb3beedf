#include "keyholder/fence.h"

#include "keyholder/fence_fixture.h"
#include "x509/der.h"

namespace signet {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

class FenceTest : public test::FenceFixture {
 protected:
  FenceTest()
      : FenceFixture(
            {.may_sign = {ArtifactKind::kEndEntityCertificate}, .longest_validity = 398 * 24h, .clock_tolerance = 1h}) {
  }
  TbsFields leaf_ = test::leaf_fields(ca_, clock_.time);
  ArtifactKind kind_ = ArtifactKind::kEndEntityCertificate;

  [[nodiscard]] Result<CertificateVerdict> check() const {
    return check_certificate_fence(rules_, ca_, kind_, clock_, encode_tbs(leaf_).view());
  }
  std::string refused_by(std::string_view rule) const { return message_of(check(), rule); }
};

TEST_F(FenceTest, LetsAnEndEntityCertificateOfItsCaThrough) {
  const auto result = check();
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->algorithm, SignatureAlgorithm::kEcdsaSha256);
  EXPECT_EQ(result->serial, leaf_.serial);
}

TEST_F(FenceTest, RefusesAKindThatTheRulesDoNotName) {
  EXPECT_TRUE(check_kind(rules_, ArtifactKind::kEndEntityCertificate).has_value());
  const auto refused = check_kind(rules_, ArtifactKind::kLogCheckpoint);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(refused.error().field, "fence.kind");
  EXPECT_THAT(refused.error().message, HasSubstr("log-checkpoint"));
}

TEST_F(FenceTest, RefusesWhatIsNoTbsCertificate) {
  const auto structure_of = [&](ByteView tbs) {
    return rule_of(check_certificate_fence(rules_, ca_, kind_, clock_, tbs));
  };
  Bytes tbs = encode_tbs(leaf_).bytes();
  EXPECT_EQ(structure_of({}), "fence.structure");
  EXPECT_EQ(structure_of(bytes_of("not DER")), "fence.structure");
  EXPECT_EQ(structure_of(ByteView(tbs).first(tbs.size() - 1)), "fence.structure");
  tbs.push_back(0);
  EXPECT_EQ(structure_of(tbs), "fence.structure");
  EXPECT_EQ(structure_of(ca_.der().view()), "fence.structure") << "a whole certificate";
  EXPECT_EQ(structure_of(sha256(tbs)), "fence.structure") << "a digest";
}

/// What the fence says of the leaf with one more extension behind the others.
TEST_F(FenceTest, RefusesAFormOfAnExtensionThatThisCaDoesNotWrite) {
  const auto field_with = [&](std::string_view oid, ByteView value) {
    const Bytes tbs = test::with_extension(encode_tbs(leaf_).view(), 3, oid, value);
    EXPECT_TRUE(parse_tbs(tbs).has_value()) << "as a certificate it would be allowed";
    return rule_of(check_certificate_fence(rules_, ca_, kind_, clock_, tbs));
  };
  const Bytes notice = der::sequence({der::oid("1.3.6.1.5.5.7.2.2"), der::sequence({})});
  EXPECT_EQ(field_with("2.5.29.32", der::sequence({der::sequence({der::oid("1.2.3"), der::sequence({notice})})})),
            "fence.form");
  EXPECT_EQ(field_with("1.3.6.1.5.5.7.1.24", der::sequence({der::small_integer(17)})), "fence.form");
  rules_.extensions = {"1.2.3"};
  EXPECT_EQ(field_with("1.2.3", der::null()), "it was let through");
}

TEST_F(FenceTest, RefusesAnExtensionThatItsRulesDoNotName) {
  leaf_.extra_extensions = {{.oid = "2.16.840.1.113730.1.13", .value = der::utf8_string("hidden")}};
  EXPECT_THAT(refused_by("extensions"), HasSubstr("2.16.840.1.113730.1.13"));
  rules_.extensions = {"1.2.3"};
  refused_by("extensions");
  leaf_.extra_extensions = {{.oid = "1.2.3", .critical = true, .value = der::null()}};
  EXPECT_TRUE(check().has_value());
  leaf_.extra_extensions.push_back({.oid = "1.2.4", .value = der::null()});
  EXPECT_THAT(refused_by("extensions"), HasSubstr("1.2.4 is not among those of the fence: 1.2.3"));
}

TEST_F(FenceTest, LetsThroughWhateverProfilesWrite) {
  leaf_.policies = {{.oid = "1.2.3"}, {.oid = "1.2.4", .cps = "https://a.example/cps"}};
  leaf_.ocsp_urls = {"http://a.example/ocsp"};
  leaf_.ca_issuers_urls = {"http://a.example/ca"};
  leaf_.crl_urls = {"http://a.example/crl", "http://b.example/crl"};
  leaf_.must_staple = true;
  EXPECT_TRUE(check().has_value());
}

TEST_F(FenceTest, MakesNobodyAnswerForTheCaUnlessItsRulesSaySo) {
  for (const std::string_view oid : {kOcspSigningOid, kAnyExtendedKeyUsageOid}) {
    leaf_.extended_key_usage = {"1.3.6.1.5.5.7.3.1", std::string(oid)};
    EXPECT_THAT(refused_by("ocsp"), AllOf(HasSubstr(std::string(oid)), HasSubstr("ocsp_responder = true")));
  }
  leaf_.extended_key_usage = {std::string(kOcspSigningOid)};
  leaf_.ocsp_no_check = true;
  refused_by("ocsp");
  rules_.ocsp_responder = true;
  EXPECT_TRUE(check().has_value());
}

TEST_F(FenceTest, MakesOnlyThatIrrevocableWhichAnswersForTheCaAlone) {
  rules_.ocsp_responder = true;
  leaf_.ocsp_no_check = true;
  EXPECT_THAT(refused_by("ocsp"), HasSubstr("nocheck"));
  leaf_.extended_key_usage.emplace_back(kOcspSigningOid);
  refused_by("ocsp");
  leaf_.extended_key_usage.clear();
  EXPECT_THAT(refused_by("ocsp"), HasSubstr("absent"));
}

TEST_F(FenceTest, LetsTlsThroughAndNoOtherPurposeUnlessItsRulesSaySo) {
  const auto server = eku_oid_from("serverAuth").value();
  const auto client = eku_oid_from("clientAuth").value();
  const auto code = eku_oid_from("codeSigning").value();
  leaf_.extended_key_usage = {server, client};
  EXPECT_TRUE(check().has_value());
  leaf_.extended_key_usage = {server, code};
  EXPECT_THAT(refused_by("eku"), AllOf(HasSubstr("has codeSigning"), HasSubstr("serverAuth, clientAuth")));
  leaf_.extended_key_usage = {"1.2.3"};
  EXPECT_THAT(refused_by("eku"), HasSubstr("1.2.3"));
  rules_.eku = {code};
  leaf_.extended_key_usage = {code};
  EXPECT_TRUE(check().has_value());
  leaf_.extended_key_usage = {server};
  refused_by("eku");
}

TEST_F(FenceTest, RefusesAbsentPurposesWhichWouldBeAllOfThem) {
  leaf_.extended_key_usage.clear();
  EXPECT_THAT(refused_by("eku"), HasSubstr("absent"));
  rules_.every_eku = true;
  EXPECT_TRUE(check().has_value());
  leaf_.extended_key_usage = {"1.2.3"};
  EXPECT_TRUE(check().has_value());
  leaf_.extended_key_usage = {std::string(kAnyExtendedKeyUsageOid)};
  refused_by("ocsp");
}

TEST_F(FenceTest, LetsOnlyNamesOfItsListsThrough) {
  rules_.names.dns = {"example.com"};
  EXPECT_THAT(refused_by("names"), AllOf(HasSubstr("DNS:payment-service"), HasSubstr("DNS:example.com")));
  leaf_.alt_names = AltNames{.dns = {"a.example.com", "*.example.com"}};
  EXPECT_THAT(refused_by("names"), HasSubstr("common name \"payment-service\"")) << "a verifier may take it for a host";
  leaf_.subject = Name::from_attributes({{"CN", "a.example.com"}}).value();
  EXPECT_TRUE(check().has_value());
  leaf_.alt_names->ips = {IpAddress::parse("10.0.0.1").value()};
  EXPECT_THAT(refused_by("names"), HasSubstr("IP:10.0.0.1"));
  rules_.names.ips = {IpNetwork::parse("10.0.0.0/8").value()};
  EXPECT_TRUE(check().has_value());
  leaf_.alt_names.reset();
  EXPECT_TRUE(check().has_value());
  leaf_.subject = Name::from_attributes({{"CN", "login.bank.test"}}).value();
  refused_by("names");
}

TEST_F(FenceTest, RefusesNameConstraintsOfAnEndEntity) {
  // { permitted { dNSName example.com } }
  leaf_.name_constraints = NameConstraints::parse(from_hex("3011a00f300d820b6578616d706c652e636f6d").value()).value();
  refused_by("name_constraints");
}

/// The CA of FenceTest may issue a CA, and does.
class CaFenceTest : public FenceTest {
 protected:
  CaFenceTest() {
    rules_.may_sign.insert(ArtifactKind::kCaCertificate);
    kind_ = ArtifactKind::kCaCertificate;
    set_own_path(1);
    leaf_.basic_constraints = BasicConstraints{.ca = true, .path_length = 0};
    rules_.longest_ca_validity = 5 * 365 * 24h;
    leaf_.key_usage = kKeyCertSign | kCrlSign;
    leaf_.alt_names.reset();
    leaf_.subject = Name::from_attributes({{"CN", "Sub CA"}}).value();
    leaf_.subject_key_id = Bytes(20, 7);
  }
  void set_own_path(std::optional<std::uint64_t> path) {
    ca_fields_.basic_constraints->path_length = path;
    ca_ = test::unsigned_certificate(ca_fields_);
  }
};

TEST_F(CaFenceTest, LetsACaOfItsOwnRulesThrough) {
  const auto result = check();
  EXPECT_TRUE(result.has_value()) << result.error().message;
  leaf_.key_usage = kKeyCertSign | kCrlSign | kDigitalSignature;
  EXPECT_TRUE(check().has_value());
}

TEST_F(CaFenceTest, IsOffUnlessTheRulesNameIt) {
  EXPECT_TRUE(check_kind(rules_, kind_).has_value());
  rules_.may_sign = {ArtifactKind::kEndEntityCertificate};
  const auto refused = check_kind(rules_, kind_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().field, "fence.kind");
  EXPECT_THAT(refused.error().message, HasSubstr("ca-certificate"));
}

TEST_F(CaFenceTest, TakesNoCaForAnEndEntityAndNoEndEntityForACa) {
  kind_ = ArtifactKind::kEndEntityCertificate;
  refused_by("basic_constraints");
  kind_ = ArtifactKind::kCaCertificate;
  leaf_ = test::leaf_fields(ca_, clock_.time);
  EXPECT_THAT(refused_by("basic_constraints"), HasSubstr("does not say CA:TRUE"));
}

TEST_F(CaFenceTest, KeepsThePathWithinItsRulesAndItsIssuers) {
  leaf_.basic_constraints->path_length = 1;
  EXPECT_THAT(refused_by("basic_constraints"), HasSubstr("is 1, more than longest_path, 0"));
  rules_.longest_path = 3;
  EXPECT_THAT(refused_by("basic_constraints"), HasSubstr("is 1, and the issuing CA's own is 1"));
  set_own_path(2);
  EXPECT_TRUE(check().has_value());
  set_own_path(std::nullopt);
  leaf_.basic_constraints->path_length = 3;
  EXPECT_TRUE(check().has_value());
  leaf_.basic_constraints->path_length.reset();
  EXPECT_THAT(refused_by("basic_constraints"), HasSubstr("without pathLenConstraint"));
}

TEST_F(CaFenceTest, RefusesEveryOtherKeyUsage) {
  for (const std::uint32_t usage : {kKeyCertSign + 0U, kCrlSign + 0U, kKeyCertSign | kCrlSign | kKeyEncipherment}) {
    leaf_.key_usage = usage;
    refused_by("key_usage");
  }
  leaf_.key_usage.reset();
  refused_by("key_usage");
}

TEST_F(CaFenceTest, RefusesACaWithoutKeyIdAndOneThatSpeaksAsItself) {
  const auto id = leaf_.subject_key_id;
  leaf_.subject_key_id.reset();
  refused_by("subject_key_id");
  leaf_.subject_key_id = id;
  leaf_.subject = ca_fields_.subject;
  refused_by("subject");
}

TEST_F(CaFenceTest, LetsNoCaAnswerForThisOneAndNoneBeIrrevocable) {
  leaf_.extended_key_usage = {std::string(kOcspSigningOid)};
  refused_by("ocsp");
  rules_.ocsp_responder = true;
  EXPECT_TRUE(check().has_value());
  leaf_.ocsp_no_check = true;
  refused_by("ocsp");
}

TEST_F(CaFenceTest, RefusesAlternativeNames) {
  leaf_.alt_names = AltNames{.dns = {"login.example"}};
  EXPECT_THAT(refused_by("subject_alt_name"), HasSubstr("DNS:login.example"));
}

TEST_F(CaFenceTest, IsValidAsLongAsItsOwnRuleSays) {
  leaf_.not_after = leaf_.not_before + rules_.longest_ca_validity;
  EXPECT_TRUE(check().has_value());
  leaf_.not_after += 1s;
  EXPECT_THAT(refused_by("validity"), HasSubstr("longer than longest_ca_validity, 1825d"));
}

TEST_F(CaFenceTest, NamesThePurposesBelowIt) {
  leaf_.extended_key_usage = {eku_oid_from("codeSigning").value()};
  refused_by("eku");
  leaf_.extended_key_usage.clear();
  EXPECT_THAT(refused_by("eku"), HasSubstr("absent"));
  rules_.every_eku = true;
  EXPECT_TRUE(check().has_value());
}

TEST_F(FenceTest, RefusesAnotherSignatureAlgorithmThanTheKeysOwn) {
  leaf_.algorithm = SignatureAlgorithm::kEcdsaSha384;
  EXPECT_THAT(refused_by("algorithm"), AllOf(HasSubstr("ecdsa-with-SHA384"), HasSubstr("ecdsa-with-SHA256")));
  leaf_.algorithm = SignatureAlgorithm::kRsaPkcs1Sha256;
  refused_by("algorithm");
}

TEST_F(FenceTest, RefusesAnotherIssuerName) {
  leaf_.issuer = Name::from_attributes({{"O", "Signet test"}, {"CN", "Other CA"}}).value();
  EXPECT_THAT(refused_by("issuer"), AllOf(HasSubstr("Other CA"), HasSubstr("Issuing CA")));
  leaf_.issuer = Name::from_attributes({{"O", "Signet test"}, {"CN", "issuing CA"}}).value();
  refused_by("issuer");  // bytes count, not what a name comparison would forgive
}

TEST_F(FenceTest, RefusesAnotherAuthorityKeyIdentifier) {
  leaf_.authority_key_id = Bytes(20, 0xAB);
  EXPECT_THAT(refused_by("authority_key_id"), HasSubstr("abababab"));
}

TEST_F(FenceTest, RefusesAnAbsentAuthorityKeyIdentifier) {
  leaf_.authority_key_id.reset();
  EXPECT_THAT(refused_by("authority_key_id"), HasSubstr("authorityKeyIdentifier is absent"));
}

TEST_F(FenceTest, OfACaWithoutKeyIdentifierItTakesNoAuthorityKeyIdentifierOnly) {
  ca_fields_.subject_key_id.reset();
  ca_ = test::unsigned_certificate(ca_fields_);
  EXPECT_THAT(refused_by("authority_key_id"), HasSubstr("subjectKeyIdentifier is absent"));
  leaf_.authority_key_id.reset();
  EXPECT_TRUE(check().has_value());
}

TEST_F(FenceTest, RefusesTheCasOwnNameAsSubject) {
  leaf_.subject = ca_fields_.subject;
  EXPECT_THAT(refused_by("subject"), HasSubstr("Issuing CA"));
}

/// O and CN, each an RDN, as strings of the type `tag`.
Name name_of(std::uint8_t tag, std::string_view organization, std::string_view common_name) {
  const auto rdn = [&](std::string_view oid, std::string_view value) {
    return der::element(der::kSet, der::sequence({der::oid(oid), der::element(tag, bytes_of(value))}));
  };
  return Name::parse(der::sequence({rdn("2.5.4.10", organization), rdn("2.5.4.3", common_name)})).value();
}

TEST_F(FenceTest, RefusesWhatAVerifierTakesForTheCasNameOrForThatOfTheOneAbove) {
  ca_fields_.issuer = name_of(der::kUtf8String, "Signet test", "Root");
  ca_ = test::unsigned_certificate(ca_fields_);
  for (const std::uint8_t tag : {der::kUtf8String, der::kPrintableString}) {
    for (const char* name : {"Issuing CA", "ISSUING ca", "Issuing  CA ", "Root", "rOOT"}) {
      SCOPED_TRACE(name);
      leaf_.subject = name_of(tag, "SIGNET test", name);
      EXPECT_THAT(refused_by("subject"), HasSubstr(leaf_.subject.text()));
    }
    leaf_.subject = name_of(tag, "Signet test", "Issuing CA 2");
    EXPECT_TRUE(check().has_value());
  }
}

TEST_F(FenceTest, RefusesCaTrue) {
  leaf_.basic_constraints = BasicConstraints{.ca = true, .path_length = {}};
  EXPECT_THAT(refused_by("basic_constraints"), HasSubstr("CA:TRUE"));
}

TEST_F(FenceTest, RefusesAbsentBasicConstraints) {
  leaf_.basic_constraints.reset();
  EXPECT_THAT(refused_by("basic_constraints"), HasSubstr("absent"));
}

TEST_F(FenceTest, RefusesAbsentKeyUsage) {
  leaf_.key_usage.reset();
  EXPECT_THAT(refused_by("key_usage"), HasSubstr("absent"));
}

TEST_F(FenceTest, RefusesKeyUsagesOfACa) {
  leaf_.key_usage = kDigitalSignature | kKeyCertSign;
  EXPECT_THAT(refused_by("key_usage"), HasSubstr("keyCertSign"));
  leaf_.key_usage = kCrlSign;
  EXPECT_THAT(refused_by("key_usage"), HasSubstr("cRLSign"));
}

TEST_F(FenceTest, RefusesToCertifyTheCasOwnKey) {
  leaf_.spki = copy_of(ca_key_.spki());
  EXPECT_THAT(refused_by("subject_key"), HasSubstr("own"));
}

Bytes spki_of(std::string_view algorithm, ByteView parameters, ByteView bits) {
  Bytes identifier = der::oid(algorithm);
  append(identifier, parameters);
  return der::sequence({der::element(der::kSequence, identifier), der::bit_string(bits)});
}

TEST_F(FenceTest, RefusesTheCasOwnKeyAsACompressedPoint) {
  const ByteView point = ca_key_.spki().last(65);  // 04 || X || Y
  ASSERT_EQ(point[0], 0x04);
  Bytes compressed{static_cast<std::uint8_t>(0x02 + point[64] % 2)};
  append(compressed, point.subspan(1, 32));
  leaf_.spki = spki_of("1.2.840.10045.2.1", der::oid("1.2.840.10045.3.1.7"), compressed);
  refused_by("subject_key");
}

TEST_F(FenceTest, RefusesWhatIsNoPublicKey) {
  leaf_.spki = spki_of("1.2.3", {}, Bytes(32, 0xAB));
  refused_by("subject_key");
  leaf_.spki = der::sequence({});
  refused_by("subject_key");
}

TEST_F(FenceTest, TakesNotBeforeUpToTheToleranceAndNotASecondMore) {
  leaf_.not_before = clock_.time - 1h;
  EXPECT_TRUE(check().has_value());
  leaf_.not_before = clock_.time + 1h;
  EXPECT_TRUE(check().has_value());
  leaf_.not_before = clock_.time - 1h - 1s;
  EXPECT_THAT(refused_by("not_before"),
              AllOf(HasSubstr("2026-01-02T01:59:59"), HasSubstr("1h"), HasSubstr("2026-01-02T03:00:00")));
  leaf_.not_before = clock_.time + 1h + 1s;
  refused_by("not_before");
}

TEST_F(FenceTest, MeasuresNotBeforeByItsOwnClock) {
  clock_.time += 24h * 30;
  refused_by("not_before");
}

TEST_F(FenceTest, RefusesNotAfterThatIsNotAfterNotBefore) {
  leaf_.not_after = leaf_.not_before;
  refused_by("not_after");
  leaf_.not_after = leaf_.not_before - 1s;
  refused_by("structure");  // the reader refuses this already
}

TEST_F(FenceTest, RefusesNotAfterPastTheIssuersOwn) {
  rules_.longest_validity = 36500 * 24h;
  leaf_.not_after = ca_fields_.not_after;
  EXPECT_TRUE(check().has_value());
  leaf_.not_after = ca_fields_.not_after + 1s;
  EXPECT_THAT(refused_by("not_after"), HasSubstr("past the CA certificate's own"));
}

TEST_F(FenceTest, TakesTheLongestValidityAndNotASecondMore) {
  leaf_.not_after = leaf_.not_before + 398 * 24h;
  EXPECT_TRUE(check().has_value());
  leaf_.not_after += 1s;
  EXPECT_THAT(refused_by("validity"), HasSubstr("398d"));
}

TEST_F(FenceTest, RefusesACertificateFor2098) {
  leaf_.not_after = std::chrono::sys_days{std::chrono::year{2098} / 1 / 1};
  refused_by("not_after");
}

}  // namespace
}  // namespace signet
