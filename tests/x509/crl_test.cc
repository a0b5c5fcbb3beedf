#include "x509/crl.h"

#include <gmock/gmock.h>

#include "base/rng.h"
#include "crl_property.h"
#include "crypto.h"
#include "x509/der.h"

namespace signet {
namespace {

using testing::HasSubstr;

SerialNumber serial(std::uint64_t value) {
  const Bytes encoded = der::small_integer(value);
  return SerialNumber::from_der_contents(ByteView(encoded).subspan(2)).value();
}

/// The CRL of a CA with two certificates revoked.
CrlFields usual() {
  CrlFields fields{.issuer = test::name("CN=Issuing CA,O=Example"),
                   .this_update = test::at("2026-03-04T05:06:07.000000Z"),
                   .next_update = test::at("2026-03-11T05:06:07.000000Z")};
  fields.revoked = {{.serial = serial(4711), .revoked = test::at("2026-03-01T00:00:00.000000Z")},
                    {.serial = serial(17),
                     .revoked = test::at("2026-03-02T00:00:00.000000Z"),
                     .reason = CrlReason::kKeyCompromise,
                     .invalid_since = test::at("2026-02-28T23:59:59.000000Z")}};
  fields.authority_key_id = Bytes(20, 0xAB);
  fields.number = CrlNumber(42);
  return fields;
}

std::string refusal(const auto& result) {
  return result.has_value() ? "accepted" : result.error().field + ": " + result.error().message;
}

std::string refusal_of(const CrlFields& fields) { return refusal(parse_tbs_crl(encode_tbs_crl(fields).view())); }

/// The TBSCertList with one more extension behind the others.
Bytes with_extension(const CrlFields& fields, ByteView extension) {
  const TbsCrlDer tbs = encode_tbs_crl(fields);
  der::Reader outer(tbs.view());
  der::Reader inner = outer.enter(der::kSequence, "TBSCertList").value();
  Bytes contents;
  while (inner.peek() != der::context_constructed(0)) append(contents, inner.any("field").value().whole);
  der::Reader wrapper = inner.enter(der::context_constructed(0), "extensions").value();
  Bytes extensions = copy_of(wrapper.element(der::kSequence, "Extensions").value().contents);
  append(extensions, extension);
  append(contents, der::element(der::context_constructed(0), der::element(der::kSequence, extensions)));
  return der::element(der::kSequence, contents);
}

/// The TBSCertList of `usual()` with these bytes for its list of entries.
Bytes with_entries(ByteView entries) {
  CrlFields fields = usual();
  fields.revoked.clear();
  const TbsCrlDer tbs = encode_tbs_crl(fields);
  der::Reader outer(tbs.view());
  der::Reader inner = outer.enter(der::kSequence, "TBSCertList").value();
  Bytes contents;
  while (inner.peek() != der::context_constructed(0)) append(contents, inner.any("field").value().whole);
  append(contents, entries);
  append(contents, inner.any("extensions").value().whole);
  return der::element(der::kSequence, contents);
}

Bytes entry_with(ByteView extensions) {
  return der::element(der::kSequence,
                      der::sequence({der::small_integer(5), der::time(test::at("2026-03-01T00:00:00.000000Z")),
                                     der::element(der::kSequence, extensions)}));
}

Bytes reason_extension(ByteView value, bool critical = false) { return test::extension("2.5.29.21", critical, value); }

CrlDer signed_crl(const CrlFields& fields, EVP_PKEY* key) {
  const TbsCrlDer tbs = encode_tbs_crl(fields);
  return assemble_crl(tbs, fields.algorithm, test::sign(key, fields.algorithm, tbs.view()));
}

TEST(Crl, IsReadAsItWasWritten) {
  EXPECT_EQ(parse_tbs_crl(encode_tbs_crl(usual()).view()).value(), usual());
  CrlFields bare = usual();
  bare.revoked.clear();
  bare.authority_key_id.reset();
  bare.number.reset();
  EXPECT_EQ(parse_tbs_crl(encode_tbs_crl(bare).view()).value(), bare);
  CrlFields full = usual();
  full.delta_base = CrlNumber(41);
  full.revoked[0].reason = CrlReason::kRemoveFromCrl;
  full.revoked[1].invalid_since = test::at("2061-01-01T00:00:00.000000Z");
  full.scope = CrlScope{.urls = {"http://a.example/1.crl", "http://b.example/1.crl"}, .only_user_certificates = true};
  full.next_update = test::at("2055-01-01T00:00:00.000000Z");
  EXPECT_EQ(parse_tbs_crl(encode_tbs_crl(full).view()).value(), full);
}

TEST(Crl, IsSignedAndVerified) {
  const EvpPkeyPtr key = test::make_key(KeyType::kEcP256);
  const EvpPkeyPtr other = test::make_key(KeyType::kEcP256);
  const Crl crl = Crl::parse(signed_crl(usual(), key.get()).view()).value();
  EXPECT_EQ(crl.fields(), usual());
  EXPECT_TRUE(crl.verify_signed_by(test::public_key_of(key.get())).has_value());
  EXPECT_FALSE(crl.verify_signed_by(test::public_key_of(other.get())).has_value());
}

TEST(Crl, OpenSslReadsAndVerifiesIt) {
  const EvpPkeyPtr key = test::make_key(KeyType::kEcP256);
  const CrlDer crl = signed_crl(usual(), key.get());
  EXPECT_EQ(test::crl_property(crl.view()).violation, "");
  const auto theirs = test::openssl_parse<test::CrlPtr, d2i_X509_CRL>(crl.view());
  ASSERT_TRUE(theirs);
  EXPECT_EQ(X509_CRL_verify(theirs.get(), key.get()), 1);
  X509_REVOKED* entry = nullptr;
  const test::Asn1IntegerPtr wanted(ASN1_INTEGER_new());
  ASN1_INTEGER_set(wanted.get(), 17);
  EXPECT_EQ(X509_CRL_get0_by_serial(theirs.get(), &entry, wanted.get()), 1);
}

TEST(Crl, RefusesAnotherAlgorithmOutsideThanInside) {
  const TbsCrlDer tbs = encode_tbs_crl(usual());
  const CrlDer crl = assemble_crl(tbs, SignatureAlgorithm::kEd25519, SignatureValue(Bytes(64)));
  EXPECT_THAT(refusal(Crl::parse(crl.view())), HasSubstr("crl.signatureAlgorithm: ED25519 here and ecdsa-with-SHA256"));
}

TEST(Crl, RefusesASerialNumberThatStandsThereTwice) {
  CrlFields fields = usual();
  fields.revoked.push_back(fields.revoked[0]);
  EXPECT_EQ(refusal_of(fields), "tbsCertList.revokedCertificates: serial number 1267 stands there twice");
  fields.revoked = {fields.revoked[0], fields.revoked[0]};
  EXPECT_THAT(refusal_of(fields), HasSubstr("twice"));
}

TEST(Crl, TakesRemoveFromCrlInADeltaOnly) {
  CrlFields fields = usual();
  fields.revoked[0].reason = CrlReason::kRemoveFromCrl;
  EXPECT_THAT(refusal_of(fields), HasSubstr("serial number 1267 has removeFromCRL, and the CRL is no delta CRL"));
  fields.delta_base = CrlNumber(1);
  EXPECT_EQ(refusal_of(fields), "accepted");
}

TEST(Crl, RefusesTimesInTheWrongOrder) {
  CrlFields fields = usual();
  fields.next_update = fields.this_update;
  EXPECT_EQ(refusal_of(fields), "accepted");
  fields.next_update = fields.this_update - std::chrono::seconds(1);
  EXPECT_EQ(refusal_of(fields), "tbsCertList.nextUpdate: before thisUpdate");
}

TEST(Crl, RefusesWhatHasNoNextUpdateOrNoVersion) {
  const CrlFields fields = usual();
  const auto tbs = [&](ByteView version, ByteView next_update) {
    return der::sequence({version, algorithm_identifier(fields.algorithm), fields.issuer.der(),
                          der::time(fields.this_update), next_update});
  };
  const Bytes next = der::time(fields.next_update);
  EXPECT_EQ(refusal(parse_tbs_crl(tbs(der::small_integer(1), next))), "accepted");
  EXPECT_THAT(refusal(parse_tbs_crl(tbs(der::small_integer(1), {}))), HasSubstr("nextUpdate: absent"));
  EXPECT_THAT(refusal(parse_tbs_crl(tbs({}, next))), HasSubstr("version: no version"));
  EXPECT_THAT(refusal(parse_tbs_crl(tbs(der::small_integer(0), next))), HasSubstr("version: version 1"));
}

TEST(Crl, RefusesCriticalExtensionsThatItDoesNotKnowAndLeavesOutOthers) {
  const Bytes unknown = test::extension("1.2.3", true, der::null());
  EXPECT_EQ(refusal(parse_tbs_crl(with_extension(usual(), unknown))),
            "tbsCertList.crlExtensions: extension 1.2.3 is critical and not understood here");
  const Bytes passed_over = with_extension(usual(), test::extension("1.2.3", false, der::null()));
  EXPECT_EQ(parse_tbs_crl(passed_over).value(), usual());
  EXPECT_NE(encode_tbs_crl(parse_tbs_crl(passed_over).value()).bytes(), passed_over);
  EXPECT_THAT(refusal(parse_tbs_crl(with_extension(usual(), test::extension("1.2.3", false, Bytes{0x30})))),
              HasSubstr("1.2.3"));
}

TEST(Crl, RefusesAnExtensionThatStandsThereTwice) {
  EXPECT_THAT(
      refusal(parse_tbs_crl(with_extension(usual(), test::extension("2.5.29.20", false, der::small_integer(1))))),
      HasSubstr("extension 2.5.29.20 stands there twice"));
}

TEST(Crl, RefusesADeltaAndAScopeThatAreNotCritical) {
  for (const char* oid : {"2.5.29.27", "2.5.29.28"}) {
    const Bytes value = oid == std::string("2.5.29.27") ? der::small_integer(1)
                                                        : der::sequence({der::element(der::context(1), Bytes{0xFF})});
    EXPECT_THAT(refusal(parse_tbs_crl(with_extension(usual(), test::extension(oid, false, value)))),
                HasSubstr("is not critical"));
    EXPECT_EQ(refusal(parse_tbs_crl(with_extension(usual(), test::extension(oid, true, value)))), "accepted");
  }
}

TEST(Crl, RefusesScopesThatChangeItsMeaning) {
  const auto scope = [](ByteView contents) {
    return refusal(parse_tbs_crl(
        with_extension(usual(), test::extension("2.5.29.28", true, der::element(der::kSequence, contents)))));
  };
  const auto flag = [](unsigned tag, std::uint8_t value = 0xFF) {
    return der::element(der::context(tag), Bytes{value});
  };
  Bytes both = flag(1);
  append(both, flag(2));
  EXPECT_EQ(scope(flag(2)), "accepted");
  EXPECT_THAT(scope({}), HasSubstr("empty sequence"));
  EXPECT_THAT(scope(both), HasSubstr("exclude each other"));
  EXPECT_THAT(scope(flag(1, 0)), HasSubstr("leaves the default out"));
  EXPECT_THAT(scope(flag(4)), HasSubstr("indirectCRL"));
  EXPECT_THAT(scope(flag(5)), HasSubstr("onlyContainsAttributeCerts"));
  EXPECT_THAT(scope(der::element(der::context(3), Bytes{1, 6})), HasSubstr("onlySomeReasons"));
  const auto point = [&](ByteView name) {
    return scope(der::element(der::context_constructed(0), der::element(der::context_constructed(0), name)));
  };
  EXPECT_EQ(point(der::element(der::context(6), bytes_of("http://a.example/"))), "accepted");
  EXPECT_THAT(point(der::element(der::context(2), bytes_of("a.example"))), HasSubstr("uniformResourceIdentifier"));
  EXPECT_THAT(point(der::element(der::context(6), bytes_of("http://a b/"))), HasSubstr("printable ASCII"));
  EXPECT_THAT(point({}), HasSubstr("without a name"));
}

TEST(Crl, RefusesEntriesThatAreNone) {
  EXPECT_THAT(refusal(parse_tbs_crl(with_entries(der::sequence({})))), HasSubstr("an empty list"));
  EXPECT_THAT(refusal(parse_tbs_crl(with_entries(entry_with({})))), HasSubstr("an empty list of extensions"));
  const auto with_reason = [](std::uint8_t number) { return entry_with(reason_extension(Bytes{0x0A, 1, number})); };
  EXPECT_EQ(refusal(parse_tbs_crl(with_entries(with_reason(1)))), "accepted");
  EXPECT_THAT(refusal(parse_tbs_crl(with_entries(with_reason(7)))), HasSubstr("does not define"));
  EXPECT_THAT(refusal(parse_tbs_crl(with_entries(with_reason(11)))), HasSubstr("does not define"));
  EXPECT_THAT(refusal(parse_tbs_crl(with_entries(entry_with(reason_extension(Bytes{0x0A, 1, 1}, true))))),
              HasSubstr("reasonCode is critical"));
  const Bytes issuer = test::extension("2.5.29.29", true, der::sequence({}));
  EXPECT_THAT(refusal(parse_tbs_crl(with_entries(entry_with(issuer)))),
              HasSubstr("extension 2.5.29.29 of an entry is critical"));
  const auto since = [](std::string_view text, std::uint8_t tag = der::kGeneralizedTime) {
    return refusal(parse_tbs_crl(
        with_entries(entry_with(test::extension("2.5.29.24", false, der::element(tag, bytes_of(text)))))));
  };
  EXPECT_EQ(since("20260228235959Z"), "accepted");
  EXPECT_THAT(since("260228235959Z", der::kUtcTime), HasSubstr("invalidityDate"));
  for (const char* text : {"19491231235959Z", "2026", "20260228235959", "20260231235959Z", "20260228235959.0Z",
                           "2\x01"
                           "260228235959Z",
                           "18260228235959Z", "19260228235959Z", "20990228235959", ""})
    EXPECT_THAT(since(text), HasSubstr("invalidityDate")) << text;
}

TEST(Crl, RefusesEveryCut) {
  const TbsCrlDer tbs = encode_tbs_crl(usual());
  for (std::size_t size = 0; size < tbs.bytes().size(); ++size)
    EXPECT_FALSE(parse_tbs_crl(tbs.view().first(size)).has_value()) << size;
}

/// Anything quadratic would take hours. (An optimised build reads a million in about a second.)
TEST(Crl, HundredsOfThousandsOfEntriesInAnyOrderAreReadAndWrittenAgain) {
  constexpr std::uint64_t kMany = 300'000;
  const Bytes revoked = der::time(test::at("2026-03-01T00:00:00.000000Z"));
  Bytes list;
  for (std::uint64_t i = 1; i <= kMany; ++i) {
    append(list, Bytes{der::kSequence, static_cast<std::uint8_t>(11 + revoked.size()), der::kInteger, 9, 0x40});
    append_u64(list, i * 0x9E3779B97F4A7C15U);  // odd: each number once, and in no order
    append(list, revoked);
  }
  const Bytes tbs = with_entries(der::element(der::kSequence, list));
  const auto crl = parse_tbs_crl(tbs);
  ASSERT_TRUE(crl.has_value()) << crl.error().message;
  EXPECT_EQ(crl->revoked.size(), kMany);
  EXPECT_TRUE(encode_tbs_crl(*crl).bytes() == tbs);
}

TEST(CrlNumber, HasUpToTwentyOctets) {
  const auto number = [](std::string_view hex) { return CrlNumber::from_der_contents(from_hex(hex).value()); };
  EXPECT_EQ(number("00").value(), CrlNumber());
  EXPECT_EQ(number("00ff").value(), CrlNumber(255));
  EXPECT_EQ(number("7fffffffffffffffffffffffffffffffffffffff").value(), CrlNumber::highest());
  EXPECT_FALSE(number("007fffffffffffffffffffffffffffffffffffffff").has_value());
  EXPECT_FALSE(number("ff").has_value());
  EXPECT_FALSE(number("").has_value());
  EXPECT_EQ(CrlNumber(0).decimal(), "0");
  EXPECT_EQ(CrlNumber(18446744073709551615U).decimal(), "18446744073709551615");
  EXPECT_EQ(CrlNumber::highest().decimal(), "730750818665451459101842416358141509827966271487");
  EXPECT_LT(CrlNumber(255), CrlNumber(256));
  EXPECT_EQ(CrlNumber::from_padded(CrlNumber(258).padded()).value(), CrlNumber(258));
}

TEST(CrlNumber, KnowsHowFarItIsAboveAnother) {
  EXPECT_TRUE(CrlNumber(1).is_shortly_after(CrlNumber(0)));
  EXPECT_TRUE(CrlNumber(~std::uint64_t{0}).is_shortly_after(CrlNumber(0)));
  EXPECT_FALSE(CrlNumber(0).is_shortly_after(CrlNumber(0)));
  EXPECT_FALSE(CrlNumber(1).is_shortly_after(CrlNumber(2)));
  CrlNumber::Padded far{};
  far[11] = 1;  // 2^64
  const CrlNumber step = CrlNumber::from_padded(far).value();
  EXPECT_FALSE(step.is_shortly_after(CrlNumber(0)));
  EXPECT_TRUE(step.is_shortly_after(CrlNumber(1)));
  EXPECT_FALSE(CrlNumber::highest().is_shortly_after(step));
}

}  // namespace
}  // namespace signet
