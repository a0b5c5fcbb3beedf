#include "x509/ocsp_response.h"

#include <gmock/gmock.h>

#include "crypto.h"
#include "ocsp_property.h"

namespace signet {
namespace {

using testing::HasSubstr;

SerialNumber serial(std::uint8_t value) { return SerialNumber::from_der_contents(Bytes{value}).value(); }

/// What a CA answers about a good and a revoked certificate.
OcspFields usual() {
  const Time now = test::at("2026-03-04T05:06:07.000000Z");
  OcspFields fields{.responder_name = {}, .responder_key_hash = Bytes(20, 0xAB), .produced_at = now};
  for (const std::uint8_t number : Bytes{5, 6}) {
    fields.responses.push_back({.id = {.hash = OcspHash::kSha1,
                                       .issuer_name_hash = Bytes(20, 1),
                                       .issuer_key_hash = Bytes(20, 2),
                                       .serial = serial(number)},
                                .status = OcspStatus::kGood,
                                .this_update = now,
                                .next_update = now + std::chrono::days(1)});
  }
  fields.responses[1].status = OcspStatus::kRevoked;
  fields.responses[1].revoked = now - std::chrono::hours(1);
  fields.responses[1].reason = CrlReason::kKeyCompromise;
  return fields;
}

std::string refusal(ByteView der) {
  const auto result = parse_ocsp_data(der);
  return result.has_value() ? "accepted" : result.error().field + ": " + result.error().message;
}
std::string refusal_of(const OcspFields& fields) { return refusal(encode_ocsp_data(fields).view()); }

/// The ResponseData with these elements behind its responses.
Bytes with_behind(const OcspFields& fields, ByteView behind) {
  const OcspDataDer data = encode_ocsp_data(fields);
  der::Reader outer(data.view());
  Bytes contents = copy_of(outer.element(der::kSequence, "ResponseData").value().contents);
  append(contents, behind);
  return der::element(der::kSequence, contents);
}

Bytes extensions(ByteView list) {
  return der::element(der::context_constructed(1), der::element(der::kSequence, list));
}

TEST(OcspResponse, IsReadAsItWasWritten) {
  EXPECT_EQ(parse_ocsp_data(encode_ocsp_data(usual()).view()).value(), usual());
  OcspFields other = usual();
  other.responder_key_hash.reset();
  other.responder_name = test::name("CN=Issuing CA,O=Example");
  other.nonce = Bytes(32, 9);
  other.responses[0].status = OcspStatus::kUnknown;
  other.responses[0].next_update.reset();
  other.responses[0].id.hash = OcspHash::kSha256;
  other.responses[0].id.issuer_name_hash = Bytes(32, 1);
  other.responses[0].id.issuer_key_hash = Bytes(32, 2);
  other.responses[1].reason.reset();
  EXPECT_EQ(parse_ocsp_data(encode_ocsp_data(other).view()).value(), other);
  EXPECT_EQ(test::ocsp_property(encode_ocsp_data(usual()).view()).violation, "");
  EXPECT_EQ(test::ocsp_property(encode_ocsp_data(other).view()).violation, "");
}

TEST(OcspResponse, HashesAnIssuerAsOpenSslDoes) {
  const EvpPkeyPtr key = test::make_key(KeyType::kEcP256);
  const Name name = test::name("CN=Issuing CA,O=Example");
  const test::X509Ptr issuer(X509_new());
  const auto subject =
      test::openssl_parse<std::unique_ptr<X509_NAME, Freer<&X509_NAME_free>>, d2i_X509_NAME>(name.der());
  X509_set_subject_name(issuer.get(), subject.get());
  X509_set_pubkey(issuer.get(), key.get());
  const std::unique_ptr<ASN1_INTEGER, Freer<&ASN1_INTEGER_free>> number(ASN1_INTEGER_new());
  for (const OcspHash hash : {OcspHash::kSha1, OcspHash::kSha256}) {
    const std::unique_ptr<OCSP_CERTID, Freer<&OCSP_CERTID_free>> id(
        OCSP_cert_id_new(hash == OcspHash::kSha1 ? EVP_sha1() : EVP_sha256(), subject.get(),
                         X509_get0_pubkey_bitstr(issuer.get()), number.get()));
    ASN1_OCTET_STRING* name_hash = nullptr;
    ASN1_OCTET_STRING* key_hash = nullptr;
    OCSP_id_get0_info(&name_hash, nullptr, &key_hash, nullptr, id.get());
    EXPECT_EQ(test::bytes_in(name_hash), ocsp_hash_of(hash, name));
    EXPECT_EQ(test::bytes_in(key_hash), ocsp_hash_of(hash, test::public_key_of(key.get())));
  }
}

TEST(OcspResponse, RefusesNoAnswerAndTwoAboutOneCertificate) {
  OcspFields fields = usual();
  fields.responses.push_back(fields.responses[0]);
  EXPECT_EQ(refusal_of(fields), "responseData.responses: serial number 05 stands there twice");
  fields.responses.clear();
  EXPECT_THAT(refusal_of(fields), HasSubstr("at least one"));
}

TEST(OcspResponse, RefusesHashesOfAnotherLengthThanTheirs) {
  OcspFields fields = usual();
  fields.responses[0].id.issuer_key_hash.pop_back();
  EXPECT_THAT(refusal_of(fields), HasSubstr("issuerKeyHash has 19 bytes, and its hash 20"));
  fields = usual();
  fields.responder_key_hash = Bytes(32, 1);
  EXPECT_THAT(refusal_of(fields), HasSubstr("byKey has 32 bytes"));
}

TEST(OcspResponse, RefusesAVersionThatIsWritten) {
  const OcspDataDer data = encode_ocsp_data(usual());
  der::Reader outer(data.view());
  Bytes contents = der::element(der::context_constructed(0), der::small_integer(0));
  append(contents, outer.element(der::kSequence, "ResponseData").value().contents);
  EXPECT_THAT(refusal(der::element(der::kSequence, contents)), HasSubstr("responderID"));
}

TEST(OcspResponse, RefusesCriticalExtensionsThatItDoesNotKnowAndLeavesOutOthers) {
  const auto with = [](ByteView list) { return with_behind(usual(), extensions(list)); };
  EXPECT_EQ(refusal(with(test::extension("1.2.3", true, der::null()))),
            "responseData.responseExtensions: extension 1.2.3 is critical and not understood here");
  EXPECT_EQ(parse_ocsp_data(with(test::extension("1.2.3", false, der::null()))).value(), usual());
  EXPECT_THAT(refusal(with({})), HasSubstr("an empty list of extensions"));
  constexpr std::string_view kNonce = "1.3.6.1.5.5.7.48.1.2";
  const auto nonce = [&](std::size_t size, bool critical = false) {
    return refusal(with(test::extension(kNonce, critical, der::octet_string(Bytes(size, 1)))));
  };
  EXPECT_EQ(nonce(1), "accepted");
  EXPECT_EQ(nonce(128), "accepted");
  EXPECT_THAT(nonce(0), HasSubstr("a nonce of 0 bytes"));
  EXPECT_THAT(nonce(129), HasSubstr("a nonce of 129 bytes"));
  EXPECT_THAT(nonce(32, true), HasSubstr("the nonce is critical"));
  Bytes twice = test::extension("1.2.3", false, der::null());
  append(twice, copy_of(twice));
  EXPECT_THAT(refusal(with(twice)), HasSubstr("twice"));
}

TEST(OcspResponse, RefusesWhatIsTooLongAndEveryCut) {
  const OcspDataDer data = encode_ocsp_data(usual());
  for (std::size_t size = 0; size < data.bytes().size(); ++size)
    EXPECT_FALSE(parse_ocsp_data(data.view().first(size)).has_value()) << size;
  EXPECT_THAT(refusal(Bytes(kMaxOcspBytes + 1)), HasSubstr("has at most 65536"));
}

}  // namespace
}  // namespace signet
