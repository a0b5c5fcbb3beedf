#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto.h"
#include "issuing.h"
#include "x509/certificate.h"
#include "x509/der.h"

namespace signet {
namespace {

using ::testing::HasSubstr;

/// The elements of a TBSCertificate, to be replaced one by one.
struct TbsParts {
  Bytes version = der::element(der::context_constructed(0), der::small_integer(2));
  Bytes serial = der::small_integer(1);
  Bytes algorithm = copy_of(algorithm_identifier(SignatureAlgorithm::kEcdsaSha256));
  Bytes issuer = copy_of(test::name("CN=Root").der());
  Bytes validity = der::sequence(
      {der::time(test::at("2026-01-01T00:00:00.000000Z")), der::time(test::at("2027-01-01T00:00:00.000000Z"))});
  Bytes subject = copy_of(test::name("CN=a.example").der());
  Bytes spki = ed25519_spki(Bytes(32, 7)).value();
  Bytes unique_ids;
  Bytes extensions;  // a concatenation of Extension elements
  Bytes behind;

  [[nodiscard]] std::string parsed() const {
    const Bytes list = der::element(der::context_constructed(3), der::element(der::kSequence, extensions));
    const Result<TbsFields> fields =
        parse_tbs(der::sequence({version, serial, algorithm, issuer, validity, subject, spki, unique_ids,
                                 extensions.empty() ? Bytes() : list, behind}));
    if (fields) return "accepted";
    EXPECT_EQ(fields.error().code, ErrorCode::kInvalidArgument);
    return fields.error().field + ": " + fields.error().message;
  }
};

std::string with_extensions(std::initializer_list<ByteView> extensions) {
  TbsParts parts;
  for (const ByteView extension : extensions) append(parts.extensions, extension);
  return parts.parsed();
}

/// { permitted { dNSName example.com } }
constexpr std::string_view kConstraints = "3011a00f300d820b6578616d706c652e636f6d";

TEST(Tbs, PartsAsTheyAreAreAccepted) { EXPECT_EQ(TbsParts().parsed(), "accepted"); }

TEST(Tbs, IsReadAsWritten) {
  const EvpPkeyPtr root_key = test::make_key(KeyType::kEcP384);
  const TbsFields root = test::root_fields(root_key.get());
  TbsFields late = test::leaf_fields(root_key.get(), root);
  late.not_after = test::at("2055-01-01T00:00:00.000000Z");
  TbsFields bare{.serial = SerialNumber::from_der_contents(Bytes{1}).value()};
  bare.issuer = bare.subject = test::name("CN=bare");
  TbsFields full = test::leaf_fields(root_key.get(), root);
  full.policies = {{.oid = "2.23.140.1.2.1"}, {.oid = "1.2.3", .cps = "https://a.example/cps"}};
  full.ocsp_urls = {"http://a.example/ocsp", "http://b.example/ocsp"};
  full.ca_issuers_urls = {"http://a.example/ca.cer"};
  full.crl_urls = {"http://a.example/crl", "http://b.example/crl"};
  full.must_staple = true;
  full.ocsp_no_check = true;
  full.extra_extensions = {{.oid = "1.2.3", .critical = true, .value = der::null()},
                           {.oid = "1.2.4", .value = der::utf8_string("a")}};
  TbsFields constrained = root;
  constrained.name_constraints = NameConstraints::parse(from_hex(kConstraints).value()).value();
  bare.spki = root.spki;
  bare.not_before = bare.not_after = test::at("2026-01-01T00:00:00.000000Z");
  for (const TbsFields& fields : {root, test::leaf_fields(root_key.get(), root), late, bare, full, constrained}) {
    const TbsDer written = encode_tbs(fields);
    const Result<TbsFields> read = parse_tbs(written.view());
    ASSERT_TRUE(read.has_value()) << read.error().field << ": " << read.error().message;
    EXPECT_EQ(encode_tbs(*read), written);
    EXPECT_EQ(*read, fields);
    EXPECT_EQ(read->serial, fields.serial);
    EXPECT_EQ(read->subject, fields.subject);
    EXPECT_EQ(read->not_before, fields.not_before);
    EXPECT_EQ(read->not_after, fields.not_after);
    EXPECT_EQ(read->key_usage, fields.key_usage);
    EXPECT_EQ(read->extended_key_usage, fields.extended_key_usage);
    EXPECT_EQ(read->alt_names, fields.alt_names);
    EXPECT_EQ(read->authority_key_id, fields.authority_key_id);
    EXPECT_EQ(read->basic_constraints.has_value(), fields.basic_constraints.has_value());
  }
}

TEST(Tbs, DropsFractionsOfASecond) {
  const EvpPkeyPtr key = test::make_key(KeyType::kEd25519);
  TbsFields fields = test::root_fields(key.get());
  fields.not_before = test::at("2026-01-01T00:00:00.999999Z");
  EXPECT_EQ(parse_tbs(encode_tbs(fields).view())->not_before, test::at("2026-01-01T00:00:00.000000Z"));
}

TEST(Tbs, OnlyVersionThreeIsTaken) {
  TbsParts parts;
  parts.version = der::element(der::context_constructed(0), der::small_integer(1));
  EXPECT_THAT(parts.parsed(), HasSubstr("tbsCertificate.version: version 2"));
  parts.version.clear();
  EXPECT_THAT(parts.parsed(), HasSubstr("tbsCertificate.version: no version"));
  parts.version = der::element(der::context_constructed(0), der::small_integer(0));
  EXPECT_THAT(parts.parsed(), HasSubstr("version 1"));
}

TEST(Tbs, SerialsMustBePositiveMinimalAndShort) {
  TbsParts parts;
  for (const char* wrong : {"020100", "0201FF", "0202007F", "0200", "0A0101"}) {
    parts.serial = from_hex(wrong).value();
    EXPECT_THAT(parts.parsed(), HasSubstr("tbsCertificate.serialNumber: ")) << wrong;
  }
  parts.serial = der::element(der::kInteger, Bytes(21, 1));
  EXPECT_THAT(parts.parsed(), HasSubstr("more than 20 octets"));
}

TEST(Tbs, ValidityMustNotEndBeforeItBegins) {
  TbsParts parts;
  const Bytes early = der::time(test::at("2026-01-01T00:00:00.000000Z"));
  const Bytes late = der::time(test::at("2027-01-01T00:00:00.000000Z"));
  parts.validity = der::sequence({late, early});
  EXPECT_THAT(parts.parsed(), HasSubstr("tbsCertificate.validity: notAfter is before notBefore"));
  parts.validity = der::sequence({early, late, late});
  EXPECT_THAT(parts.parsed(), HasSubstr("tbsCertificate.validity: Validity"));
}

TEST(Tbs, GeneralizedTimeBefore2050IsRefused) {
  TbsParts parts;
  parts.validity = der::sequence({der::element(der::kGeneralizedTime, bytes_of("20260101000000Z")),
                                  der::element(der::kGeneralizedTime, bytes_of("20270101000000Z"))});
  EXPECT_THAT(parts.parsed(), HasSubstr("before 2050"));
}

TEST(Tbs, UniqueIdsAreRefused) {
  TbsParts parts;
  parts.unique_ids = der::element(der::context(1), Bytes{0, 1});
  EXPECT_NE(parts.parsed(), "accepted");
  parts.unique_ids = der::element(der::context(2), Bytes{0, 1});
  EXPECT_NE(parts.parsed(), "accepted");
}

TEST(Tbs, NothingMayStandBehindTheExtensions) {
  TbsParts parts;
  parts.behind = der::null();
  EXPECT_NE(parts.parsed(), "accepted");
  parts.extensions = test::extension("2.5.29.19", true, der::sequence({}));
  EXPECT_THAT(parts.parsed(), HasSubstr("behind its end"));
}

TEST(Tbs, NamesFollowRfc5280) {
  TbsParts parts;
  const Bytes empty = {0x30, 0x00};
  parts.issuer = empty;
  EXPECT_THAT(parts.parsed(), HasSubstr("tbsCertificate.issuer: an empty name"));
  parts = TbsParts();
  parts.subject = empty;
  EXPECT_THAT(parts.parsed(), HasSubstr("tbsCertificate.subject: an empty name without a critical subjectAltName"));
  const Bytes names = AltNames{.dns = {"a"}}.encode();
  parts.extensions = test::extension("2.5.29.17", false, names);
  EXPECT_THAT(parts.parsed(), HasSubstr("tbsCertificate.subject: "));
  parts.extensions = test::extension("2.5.29.17", true, names);
  EXPECT_EQ(parts.parsed(), "accepted");
}

TEST(Tbs, KeysMustBeWellFormed) {
  TbsParts parts;
  parts.spki = from_hex("30800000").value();
  EXPECT_THAT(parts.parsed(), HasSubstr("tbsCertificate.subjectPublicKeyInfo: "));
}

TEST(TbsExtensions, EachAtMostOnce) {
  const Bytes constraints = test::extension("2.5.29.19", true, der::sequence({}));
  EXPECT_THAT(with_extensions({constraints, constraints}), HasSubstr("extension 2.5.29.19 stands there twice"));
  const Bytes unknown = test::extension("1.2.3", false, der::null());
  EXPECT_THAT(with_extensions({unknown, constraints, unknown}), HasSubstr("extension 1.2.3 stands there twice"));
}

TEST(TbsExtensions, UnknownOnesAreKeptAndMustBeDer) {
  TbsFields fields{.serial = SerialNumber::from_der_contents(Bytes{1}).value()};
  const EvpPkeyPtr key = test::make_key(KeyType::kEcP256);
  fields = test::root_fields(key.get());
  fields.extra_extensions = {{.oid = "1.2.3", .critical = true, .value = der::null()}};
  EXPECT_EQ(parse_tbs(encode_tbs(fields).view())->extra_extensions, fields.extra_extensions);
  EXPECT_EQ(with_extensions({test::extension("1.2.3", false, der::null())}), "accepted");
  EXPECT_NE(with_extensions({test::extension("1.2.3", false, bytes_of("no DER"))}), "accepted");
  EXPECT_NE(with_extensions({test::extension("1.2.3", false, {})}), "accepted");
}

TEST(TbsExtensions, AnUnknownCriticalOneIsRefusedByWhoReliesOnTheCertificate) {
  const EvpPkeyPtr key = test::make_key(KeyType::kEcP256);
  TbsFields fields = test::root_fields(key.get());
  fields.extra_extensions = {{.oid = "1.2.3", .critical = true, .value = der::null()}};
  const CertificateDer certificate = test::issue(fields, key.get());
  const auto refused = Certificate::parse(certificate.view());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().field, "certificate.tbsCertificate.extensions");
  EXPECT_THAT(refused.error().message, HasSubstr("extension 1.2.3 is critical and not understood here"));
  EXPECT_TRUE(Certificate::parse(certificate.view(), UnknownCritical::kTaken).has_value());
}

TEST(TbsExtensions, ACaWithNameConstraintsIsRead) {
  const EvpPkeyPtr key = test::make_key(KeyType::kEcP256);
  TbsFields fields = test::root_fields(key.get());
  fields.name_constraints = NameConstraints::parse(from_hex(kConstraints).value()).value();
  const auto read = Certificate::parse(test::issue(fields, key.get()).view());
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->fields().name_constraints, fields.name_constraints);
  EXPECT_THAT(with_extensions({test::extension("2.5.29.30", true, der::sequence({}))}),
              HasSubstr("tbsCertificate.nameConstraints: "));
}

/// Correct, and more than the fields hold.
TEST(TbsExtensions, WhatHasNoFieldIsLeftOutUnlessItIsCritical) {
  const Bytes notice = der::sequence({der::oid("1.3.6.1.5.5.7.2.2"), der::sequence({})});
  const Bytes policies = der::sequence({der::sequence({der::oid("1.2.3"), der::sequence({notice})})});
  const Bytes directory = der::element(der::context_constructed(4), test::name("CN=a").der());
  const Bytes access = der::sequence({der::sequence({der::oid("1.3.6.1.5.5.7.48.1"), directory})});
  const Bytes by_issuer = der::sequence({der::sequence({der::element(der::context_constructed(2), directory)})});
  const Bytes features = der::sequence({der::small_integer(5), der::small_integer(17)});
  for (const auto& [oid, value] : std::vector<std::pair<std::string, Bytes>>{{"2.5.29.32", policies},
                                                                             {"1.3.6.1.5.5.7.1.1", access},
                                                                             {"2.5.29.31", by_issuer},
                                                                             {"1.3.6.1.5.5.7.1.24", features}}) {
    EXPECT_EQ(with_extensions({test::extension(oid, false, value)}), "accepted") << oid;
    EXPECT_THAT(with_extensions({test::extension(oid, true, value)}), HasSubstr("parts that are not understood"))
        << oid;
  }
}

TEST(TbsExtensions, WhatBreaksItsDefinitionIsRefused) {
  const Bytes empty = der::sequence({});
  for (const auto& [oid, field] :
       std::vector<std::pair<std::string, std::string>>{{"2.5.29.32", "certificatePolicies"},
                                                        {"1.3.6.1.5.5.7.1.1", "authorityInfoAccess"},
                                                        {"2.5.29.31", "cRLDistributionPoints"},
                                                        {"1.3.6.1.5.5.7.1.24", "TLS feature"}}) {
    EXPECT_THAT(with_extensions({test::extension(oid, false, empty)}), HasSubstr("tbsCertificate." + field + ": "));
    EXPECT_THAT(with_extensions({test::extension(oid, false, der::null())}),
                HasSubstr("tbsCertificate." + field + ": "));
  }
  const Bytes policy = der::sequence({der::oid("1.2.3")});
  EXPECT_THAT(with_extensions({test::extension("2.5.29.32", false, der::sequence({policy, policy}))}),
              HasSubstr("policy 1.2.3 stands there twice"));
  EXPECT_THAT(with_extensions({test::extension("1.3.6.1.5.5.7.48.1.5", false, empty)}), HasSubstr("not NULL"));
}

TEST(ExtraExtensions, NoneIsTakenThatThisCaWritesOrThatChangesMeanings) {
  for (const char* taken : {"1.2.3", "1.3.6.1.4.1.311.20.2", "1.3.6.1.5.5.7.1.3", "2.5.290", "1.3.6.1.5.5.7.1.240"})
    EXPECT_TRUE(check_extra_extension(taken).has_value()) << taken;
  for (const char* reserved :
       {"2.5.29.15", "2.5.29.30", "2.5.29", "1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.1.24", "1.3.6.1.5.5.7.48.1.5",
        "1.3.6.1.5.5.7.1.14", "2.16.840.1.113730.1.1", "1.3.6.1.4.1.11129.2.4.3", "1.3.6.1.4.1.311.21.10",
        "1.3.6.1.4.1.311.25.2", "1.3.6.1.4.1.311.25.2.1", "1.3.6.1.5.5.7.1.26", "1.2.x", ""})
    EXPECT_FALSE(check_extra_extension(reserved).has_value()) << reserved;
}

TEST(TbsExtensions, DefaultsAreNotEncoded) {
  const Bytes explicit_false =
      der::sequence({der::oid("2.5.29.19"), der::boolean(false), der::octet_string(der::sequence({}))});
  EXPECT_THAT(with_extensions({explicit_false}), HasSubstr("critical is FALSE explicitly"));
  const Bytes ca_false = test::extension("2.5.29.19", true, der::sequence({der::boolean(false)}));
  EXPECT_THAT(with_extensions({ca_false}), HasSubstr("tbsCertificate.basicConstraints: cA is FALSE explicitly"));
}

TEST(TbsExtensions, BooleansAreDer) {
  const Bytes one = der::element(der::kBoolean, Bytes{1});
  const Bytes critical = der::sequence({der::oid("2.5.29.19"), one, der::octet_string(der::sequence({}))});
  EXPECT_THAT(with_extensions({critical}), HasSubstr("neither 0xFF nor 0x00"));
  EXPECT_THAT(with_extensions({test::extension("2.5.29.19", true, der::sequence({one}))}),
              HasSubstr("neither 0xFF nor 0x00"));
}

TEST(TbsExtensions, PathLengthNeedsCa) {
  const auto constraints = [](std::initializer_list<ByteView> parts) {
    return with_extensions({test::extension("2.5.29.19", true, der::sequence(parts))});
  };
  EXPECT_EQ(constraints({der::boolean(true), der::small_integer(0)}), "accepted");
  EXPECT_THAT(constraints({der::small_integer(0)}), HasSubstr("pathLenConstraint without cA"));
  EXPECT_THAT(constraints({der::boolean(true), der::element(der::kInteger, Bytes{0xFF})}), HasSubstr("negative"));
  EXPECT_THAT(constraints({der::boolean(true), der::small_integer(0), der::null()}), HasSubstr("behind its end"));
}

TEST(TbsExtensions, KeyIdentifiersAreNotEmptyAndIssuerComesWithSerial) {
  const auto authority = [](std::initializer_list<ByteView> parts) {
    return with_extensions({test::extension("2.5.29.35", false, der::sequence(parts))});
  };
  const Bytes id = der::element(der::context(0), Bytes(20, 1));
  const Bytes issuer =
      der::element(der::context_constructed(1), der::element(der::context_constructed(4), test::name("CN=a").der()));
  const Bytes serial = der::element(der::context(2), Bytes{1});
  EXPECT_EQ(authority({id}), "accepted");
  EXPECT_EQ(authority({id, issuer, serial}), "accepted");
  EXPECT_THAT(authority({id, issuer}), HasSubstr("stand together"));
  const Bytes broken =
      der::element(der::context_constructed(1), der::element(der::context_constructed(4), der::null()));
  EXPECT_THAT(authority({id, broken, serial}), HasSubstr("tbsCertificate.authorityKeyIdentifier: Name"));
  EXPECT_THAT(authority({id, issuer, der::element(der::context(2), {})}), HasSubstr("authorityCertSerialNumber: "));
  EXPECT_THAT(authority({der::element(der::context(0), {})}), HasSubstr("empty keyIdentifier"));
  EXPECT_NE(with_extensions({test::extension("2.5.29.14", false, der::octet_string({}))}), "accepted");
}

TEST(TbsExtensions, AnEmptyListIsRefused) {
  TbsParts parts;
  parts.behind = der::element(der::context_constructed(3), der::sequence({}));
  EXPECT_THAT(parts.parsed(), HasSubstr("an empty list of extensions"));
}

TEST(KeyUsageNames, AreInBitOrder) {
  EXPECT_EQ(key_usage_from("digitalSignature"), kDigitalSignature);
  EXPECT_EQ(key_usage_from("keyCertSign"), kKeyCertSign);
  EXPECT_EQ(key_usage_from("cRLSign"), kCrlSign);
  EXPECT_EQ(key_usage_from("decipherOnly"), kDecipherOnly);
  EXPECT_EQ(key_usage_from("crlSign"), std::nullopt);
  EXPECT_EQ(key_usage_names().size(), 9U);
}

TEST(ExtendedKeyUsageNames, AreTranslatedBothWays) {
  EXPECT_EQ(eku_oid_from("serverAuth").value(), "1.3.6.1.5.5.7.3.1");
  EXPECT_EQ(eku_oid_from("1.3.6.1.4.1.1").value(), "1.3.6.1.4.1.1");
  EXPECT_THAT(eku_oid_from("webServer").error().message, HasSubstr("\"webServer\" is not an extended key usage"));
  EXPECT_EQ(eku_name_of("1.3.6.1.5.5.7.3.9"), "OCSPSigning");
  EXPECT_EQ(eku_name_of("1.2.3"), "1.2.3");
}

}  // namespace
}  // namespace signet
