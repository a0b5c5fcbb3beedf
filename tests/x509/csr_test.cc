#include "x509/csr.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <openssl/rsa.h>

#include "issuing.h"
#include "openssl_view.h"
#include "x509/der.h"

namespace signet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kSubjectAltName = "2.5.29.17";
constexpr std::string_view kBasicConstraints = "2.5.29.19";

/// "field: message" of the refusal.
std::string refusal(const auto& result) {
  if (result.has_value()) return "accepted";
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
  return result.error().field + ": " + result.error().message;
}

Bytes alt_name_extension(std::string_view dns) {
  const AltNames names{.dns = {std::string(dns)}};
  return test::extension(kSubjectAltName, false, names.encode());
}

Bytes concatenated(std::initializer_list<ByteView> parts) {
  Bytes all;
  for (const ByteView part : parts) append(all, part);
  return all;
}

class CsrOf : public ::testing::TestWithParam<KeyType> {};

TEST_P(CsrOf, OpenSslIsReadAndProvesPossession) {
  const EvpPkeyPtr key = test::make_key(GetParam());
  const Bytes der = test::make_csr(
      key.get(), "payment-service",
      {{"subjectAltName", "DNS:payment-service,DNS:p.example,IP:10.1.2.3,URI:spiffe://example/p,email:ops@example.com"},
       {"keyUsage", "critical,digitalSignature"},
       {"extendedKeyUsage", "serverAuth"},
       {"basicConstraints", "critical,CA:FALSE"},
       {"subjectKeyIdentifier", "hash"}});
  const Result<Csr> csr = Csr::parse(der);
  ASSERT_TRUE(csr.has_value()) << refusal(csr);
  EXPECT_EQ(csr->public_key().type(), GetParam());
  EXPECT_EQ(csr->subject().text(), "CN=payment-service");
  ASSERT_TRUE(csr->alt_names().has_value());
  EXPECT_THAT(csr->alt_names()->texts(), ElementsAre("DNS:payment-service", "DNS:p.example", "IP:10.1.2.3",
                                                     "URI:spiffe://example/p", "email:ops@example.com"));
  EXPECT_EQ(copy_of(csr->der()), der);
  EXPECT_EQ(refusal(csr->verify_possession()), "accepted");
}

TEST_P(CsrOf, ABadSignatureIsRefusedAsProofOfPossession) {
  const EvpPkeyPtr key = test::make_key(GetParam());
  Bytes der = test::make_csr(key.get(), "a.example", {});
  der.back() ^= 1U;
  const Result<Csr> csr = Csr::parse(der);
  ASSERT_TRUE(csr.has_value()) << refusal(csr);
  EXPECT_EQ(refusal(csr->verify_possession()), "csr.signature: the signature does not verify (rule csr.possession)");
}

INSTANTIATE_TEST_SUITE_P(Csr, CsrOf,
                         ::testing::Values(KeyType::kEcP256, KeyType::kEcP384, KeyType::kEcP521, KeyType::kEd25519,
                                           KeyType::kRsa),
                         [](const auto& suite) {
                           std::string name(name_of(suite.param));
                           std::erase(name, '-');
                           return name;
                         });

class CsrTest : public ::testing::Test {
 protected:
  Result<Csr> parse(const std::vector<std::pair<std::string, std::string>>& extensions) {
    return Csr::parse(test::make_csr(key_.get(), "a.example", extensions));
  }
  Result<Csr> parse_attributes(ByteView attributes) {
    return Csr::parse(test::make_csr_with_attributes(key_.get(), KeyType::kEcP256, attributes));
  }
  Result<Csr> parse_extensions(ByteView extensions) { return parse_attributes(test::extension_request(extensions)); }

  EvpPkeyPtr key_ = test::make_key(KeyType::kEcP256);
};

TEST_F(CsrTest, WithoutExtensionsHasNoAltNames) {
  const Result<Csr> csr = parse({});
  ASSERT_TRUE(csr.has_value());
  EXPECT_EQ(csr->alt_names(), std::nullopt);
  EXPECT_EQ(refusal(parse_attributes({})), "accepted");
}

TEST_F(CsrTest, RefusesTheRightsOfACaUnlessItsReaderTakesThem) {
  const std::vector<std::pair<std::string, std::string>> constraints = {{"basicConstraints", "CA:TRUE,pathlen:0"}};
  const std::vector<std::pair<std::string, std::string>> usages = {
      {"keyUsage", "digitalSignature,keyCertSign,cRLSign"}};
  EXPECT_THAT(refusal(parse(constraints)), HasSubstr("csr.basicConstraints: CA:TRUE is requested"));
  EXPECT_THAT(refusal(parse(usages)), HasSubstr("csr.keyUsage: keyCertSign, cRLSign is requested"));
  for (const auto& extensions : {constraints, usages}) {
    const Bytes der = test::make_csr(key_.get(), "CA", extensions);
    EXPECT_EQ(refusal(Csr::parse(der, CaRequests::kTaken)), "accepted");
  }
}

TEST_F(CsrTest, IsReadFromPemOfBothLabelsOrDer) {
  const Bytes der = test::make_csr(key_.get(), "a.example", {});
  const std::string pem = encode_pem("CERTIFICATE REQUEST", der);
  for (const std::string& text : {pem, encode_pem("NEW CERTIFICATE REQUEST", der), "made on Monday\n" + pem + "end\n",
                                  std::string(text_of(der))}) {
    const auto csr = Csr::parse_any(bytes_of(text));
    ASSERT_TRUE(csr.has_value()) << refusal(csr);
    EXPECT_EQ(copy_of(csr->der()), der);
  }
}

TEST_F(CsrTest, TheShortestRequestIsDerToo) {
  const EvpPkeyPtr key = test::make_key(KeyType::kEd25519);
  const Bytes info = der::sequence({der::small_integer(0), der::sequence({}), test::spki_of(key.get()),
                                    der::element(der::context_constructed(0), {})});
  const Bytes der = der::sequence({info, algorithm_identifier(SignatureAlgorithm::kEd25519),
                                   der::bit_string(test::sign(key.get(), SignatureAlgorithm::kEd25519, info).view())});
  ASSERT_EQ(der[1], 127);
  EXPECT_EQ(refusal(Csr::parse_any(der)), "accepted");
}

TEST_F(CsrTest, OfAPemFileExactlyOneRequestIsTaken) {
  const Bytes der = test::make_csr(key_.get(), "a.example", {});
  const std::string pem = encode_pem("CERTIFICATE REQUEST", der);
  const auto read = [](const std::string& text) { return refusal(Csr::parse_any(bytes_of(text))); };
  EXPECT_THAT(read(pem + pem), HasSubstr("csr: 2 requests in one file"));
  EXPECT_THAT(read(pem + encode_pem("NEW CERTIFICATE REQUEST", der)), HasSubstr("csr: 2 requests in one file"));
  EXPECT_THAT(read(""), HasSubstr("csr: neither DER nor PEM"));
  EXPECT_THAT(read(encode_pem("CERTIFICATE", der)), HasSubstr("csr: neither DER nor PEM"));
  EXPECT_THAT(read(pem.substr(0, pem.size() / 2)), HasSubstr("has no end"));
  EXPECT_THAT(read(encode_pem("CERTIFICATE REQUEST", ByteView(der).first(50))), HasSubstr("csr: "));
}

TEST_F(CsrTest, RefusesAnUnknownCriticalExtensionAndIgnoresOthers) {
  EXPECT_THAT(refusal(parse({{"1.2.3.4", "critical,DER:0500"}})),
              HasSubstr("csr.extensions: extension 1.2.3.4 is critical"));
  EXPECT_EQ(refusal(parse({{"1.2.3.4", "DER:0500"}})), "accepted");
  EXPECT_THAT(refusal(parse({{"1.2.3.4", "DER:050100"}})), HasSubstr("NULL with contents"));
}

TEST_F(CsrTest, RefusesADuplicateExtension) {
  EXPECT_THAT(refusal(parse({{"subjectAltName", "DNS:a.example"}, {"subjectAltName", "DNS:b.example"}})),
              HasSubstr("csr.extensions: extension 2.5.29.17 stands there twice"));
  EXPECT_THAT(refusal(parse({{"1.2.3.4", "DER:0500"}, {"1.2.3.4", "DER:0500"}})), HasSubstr("twice"));
}

TEST_F(CsrTest, RefusesTwoExtensionRequests) {
  const Bytes first = test::extension_request(alt_name_extension("a.example"));
  const Bytes second = test::extension_request(alt_name_extension("b.example"));
  EXPECT_THAT(refusal(parse_attributes(concatenated({first, second}))),
              HasSubstr("csr.attributes: more than one extensionRequest"));
}

TEST_F(CsrTest, RefusesAnExtensionRequestOfTwoValuesOrNone) {
  const Bytes first = der::element(der::kSequence, alt_name_extension("a.example"));
  const Bytes second = der::element(der::kSequence, alt_name_extension("b.example"));
  const Bytes type = der::oid("1.2.840.113549.1.9.14");
  const Bytes two = der::sequence({type, der::element(der::kSet, concatenated({first, second}))});
  EXPECT_THAT(refusal(parse_attributes(two)), HasSubstr("more than one extensionRequest"));
  EXPECT_THAT(refusal(parse_attributes(der::sequence({type, der::element(der::kSet, {})}))), HasSubstr("has no value"));
}

TEST_F(CsrTest, RefusesAnEmptyExtensionRequest) {
  EXPECT_THAT(refusal(parse_extensions({})), HasSubstr("csr.extensions: an empty list"));
}

TEST_F(CsrTest, IgnoresOtherAttributesButMicrosoftsExtensionRequest) {
  const Bytes value = der::element(der::kSet, der::utf8_string("secret"));
  const Bytes challenge_password = der::sequence({der::oid("1.2.840.113549.1.9.7"), value});
  EXPECT_EQ(refusal(parse_attributes(challenge_password)), "accepted");
  const Bytes microsoft = der::sequence({der::oid("1.3.6.1.4.1.311.2.1.14"), value});
  EXPECT_THAT(refusal(parse_attributes(microsoft)), HasSubstr("csr.attributes: attribute 1.3.6.1.4.1.311.2.1.14"));
}

TEST_F(CsrTest, RefusesAttributesOutOfOrder) {
  const Bytes value = der::element(der::kSet, der::utf8_string("x"));
  const Bytes first = der::sequence({der::oid("1.2.3"), value});
  const Bytes second = der::sequence({der::oid("1.2.4"), value});
  EXPECT_EQ(refusal(parse_attributes(concatenated({first, second}))), "accepted");
  EXPECT_THAT(refusal(parse_attributes(concatenated({second, first}))), HasSubstr("not in DER order"));
}

TEST_F(CsrTest, RefusesAnExplicitDefault) {
  const Bytes ca_false = der::sequence({der::boolean(false)});
  EXPECT_THAT(refusal(parse_extensions(test::extension(kBasicConstraints, true, ca_false))),
              HasSubstr("csr.basicConstraints: cA is FALSE explicitly"));
  const AltNames names{.dns = {"a.example"}};
  const Bytes not_critical =
      der::sequence({der::oid(kSubjectAltName), der::boolean(false), der::octet_string(names.encode())});
  EXPECT_THAT(refusal(parse_extensions(not_critical)), HasSubstr("csr.extensions: critical is FALSE explicitly"));
}

TEST_F(CsrTest, RefusesAltNamesOfOtherKindsAndWithNulBytes) {
  EXPECT_THAT(refusal(parse({{"subjectAltName", "DNS:a.example,RID:1.2.3"}})),
              HasSubstr("csr.subjectAltName: a GeneralName"));
  EXPECT_THAT(refusal(parse_extensions(alt_name_extension(std::string_view("a.example\0.b", 12)))),
              HasSubstr("csr.subjectAltName: dNSName \"a.example\\x00.b\""));
}

TEST_F(CsrTest, RefusesASubjectWithANulByte) {
  const Bytes der = test::make_csr(key_.get(), std::string("a\0b", 3), {});
  EXPECT_THAT(refusal(Csr::parse(der)), HasSubstr("csr.subject: CN: "));
}

TEST_F(CsrTest, RefusesMalformedKeyUsages) {
  EXPECT_THAT(refusal(parse_extensions(test::extension("2.5.29.15", true, der::named_bits(0)))),
              HasSubstr("csr.keyUsage: no bit is set"));
  EXPECT_THAT(refusal(parse_extensions(test::extension("2.5.29.15", true, der::named_bits(1U << 9U)))),
              HasSubstr("csr.keyUsage: a bit above 8"));
  EXPECT_THAT(refusal(parse_extensions(test::extension("2.5.29.37", false, der::sequence({})))),
              HasSubstr("csr.extendedKeyUsage: no purpose"));
}

TEST_F(CsrTest, RefusesTrailingBytesEverywhere) {
  Bytes behind = test::make_csr(key_.get(), "a.example", {});
  behind.push_back(0);
  EXPECT_THAT(refusal(Csr::parse(behind)), HasSubstr("csr: CertificationRequest"));
  Bytes names = AltNames{.dns = {"a.example"}}.encode();
  append(names, der::null());
  EXPECT_THAT(refusal(parse_extensions(test::extension(kSubjectAltName, false, names))),
              HasSubstr("csr.subjectAltName"));
}

TEST_F(CsrTest, RefusesEveryTruncation) {
  const Bytes whole = test::make_csr(key_.get(), "a.example", {{"subjectAltName", "DNS:a.example"}});
  ASSERT_TRUE(Csr::parse(whole).has_value());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ASSERT_FALSE(Csr::parse(ByteView(whole).first(size)).has_value()) << size;
  }
}

TEST_F(CsrTest, RefusesMoreThan32KiB) {
  EXPECT_THAT(refusal(Csr::parse(Bytes(32 * 1024 + 1, 0x30))),
              HasSubstr("csr: 32769 bytes; a request has at most 32768"));
}

TEST_F(CsrTest, RefusesAnotherVersionAndMissingAttributes) {
  const Name subject = test::name("CN=a");
  const Bytes spki = test::spki_of(key_.get());
  const Bytes tail = concatenated({algorithm_identifier(SignatureAlgorithm::kEcdsaSha256), der::bit_string(Bytes(64))});
  const auto parse_info = [&](ByteView info) { return refusal(Csr::parse(der::sequence({info, tail}))); };
  const Bytes no_attributes = der::element(der::context_constructed(0), {});
  EXPECT_THAT(parse_info(der::sequence({der::small_integer(1), subject.der(), spki, no_attributes})),
              HasSubstr("csr.version: version 1"));
  EXPECT_THAT(parse_info(der::sequence({der::small_integer(0), subject.der(), spki})), HasSubstr("csr.attributes: "));
}

/// A request of an RSA key, signed by OpenSSL with RSASSA-PSS.
Bytes make_pss_csr(EVP_PKEY* key, const EVP_MD* digest, const EVP_MD* mask_digest, int salt_bytes) {
  const test::RequestPtr request(X509_REQ_new());
  X509_REQ_set_pubkey(request.get(), key);
  const EvpMdCtxPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* settings = nullptr;
  EVP_DigestSignInit(context.get(), &settings, digest, nullptr, key);
  EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING);
  EVP_PKEY_CTX_set_rsa_mgf1_md(settings, mask_digest);
  EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, salt_bytes);
  EXPECT_GT(X509_REQ_sign_ctx(request.get(), context.get()), 0);
  return test::openssl_encode<i2d_X509_REQ>(request.get());
}

class PssCsrTest : public ::testing::Test {
 protected:
  EvpPkeyPtr key_ = test::make_key(KeyType::kRsa);
};

TEST_F(PssCsrTest, ProvesPossessionWithEachHash) {
  const std::vector<std::pair<const EVP_MD*, int>> hashes = {
      {EVP_sha256(), 32}, {EVP_sha384(), 48}, {EVP_sha512(), 64}};
  for (const auto& [digest, salt_bytes] : hashes) {
    Bytes der = make_pss_csr(key_.get(), digest, digest, salt_bytes);
    auto csr = Csr::parse(der);
    ASSERT_TRUE(csr.has_value()) << refusal(csr);
    EXPECT_EQ(refusal(csr->verify_possession()), "accepted");
    der.back() ^= 1U;
    EXPECT_EQ(refusal(Csr::parse(der).value().verify_possession()),
              "csr.signature: the signature does not verify (rule csr.possession)");
  }
}

TEST_F(PssCsrTest, RefusesOtherParametersThanThoseOfItsHash) {
  const auto read = [&](const EVP_MD* digest, const EVP_MD* mask, int salt) {
    return refusal(Csr::parse(make_pss_csr(key_.get(), digest, mask, salt)));
  };
  EXPECT_THAT(read(EVP_sha256(), EVP_sha256(), 20), HasSubstr("no saltLength"));
  EXPECT_THAT(read(EVP_sha256(), EVP_sha256(), 222), HasSubstr("a salt of 222 bytes, not 32"));
  EXPECT_THAT(read(EVP_sha256(), EVP_sha384(), 32), HasSubstr("MGF1 has another hash"));
  EXPECT_THAT(read(EVP_sha256(), EVP_sha1(), 32), HasSubstr("no maskGenAlgorithm"));
  EXPECT_THAT(read(EVP_sha1(), EVP_sha1(), 20), HasSubstr("csr.signatureAlgorithm: RSASSA-PSS: no hashAlgorithm"));
}

TEST_F(PssCsrTest, RefusesPssOfAKeyThatIsNotRsa) {
  const Bytes pss = make_pss_csr(key_.get(), EVP_sha256(), EVP_sha256(), 32);
  const auto request = test::openssl_parse<test::RequestPtr, d2i_X509_REQ>(pss);
  const X509_ALGOR* algorithm = nullptr;
  X509_REQ_get0_signature(request.get(), nullptr, &algorithm);
  const EvpPkeyPtr ec = test::make_key(KeyType::kEcP256);
  const Bytes info = der::sequence({der::small_integer(0), test::name("CN=a").der(), test::spki_of(ec.get()),
                                    der::element(der::context_constructed(0), {})});
  const Bytes der = der::sequence({info, test::openssl_encode<i2d_X509_ALGOR>(algorithm), der::bit_string(Bytes(256))});
  EXPECT_THAT(refusal(Csr::parse(der)), HasSubstr("rsassaPss-SHA256 does not fit the request's key, ec-p256"));
}

/// A self-signed certificate that OpenSSL signs with PSS and a salt of so many bytes.
Bytes pss_certificate(EVP_PKEY* key, int salt_bytes) {
  const Bytes issued = test::issue(test::root_fields(key), key).bytes();
  const auto certificate = test::openssl_parse<test::X509Ptr, d2i_X509>(issued);
  const EvpMdCtxPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* settings = nullptr;
  EVP_DigestSignInit(context.get(), &settings, EVP_sha256(), nullptr, key);
  EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING);
  EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, salt_bytes);
  EXPECT_GT(X509_sign_ctx(certificate.get(), context.get()), 0);
  return test::openssl_encode<i2d_X509>(certificate.get());
}

TEST_F(PssCsrTest, ACertificateThatOpenSslSignsWithPssIsTakenAndVerified) {
  const auto certificate = Certificate::parse(pss_certificate(key_.get(), 32));
  ASSERT_TRUE(certificate.has_value()) << certificate.error().message;
  EXPECT_EQ(certificate->fields().algorithm, SignatureAlgorithm::kRsaPssSha256);
  EXPECT_TRUE(certificate->verify_signed_by(certificate->public_key()).has_value());
}

TEST_F(PssCsrTest, ACertificateSignedWithAnotherSaltIsRefused) {
  EXPECT_THAT(refusal(Certificate::parse(pss_certificate(key_.get(), 222))),
              HasSubstr("signature algorithm 1.2.840.113549.1.1.10 has other parameters"));
}

TEST_F(CsrTest, RefusesAnAlgorithmThatDoesNotFitTheKey) {
  const Name subject = test::name("CN=a");
  const Bytes info = der::sequence(
      {der::small_integer(0), subject.der(), test::spki_of(key_.get()), der::element(der::context_constructed(0), {})});
  const Bytes der =
      der::sequence({info, algorithm_identifier(SignatureAlgorithm::kRsaPkcs1Sha256), der::bit_string(Bytes(256))});
  EXPECT_THAT(refusal(Csr::parse(der)), HasSubstr("csr.signatureAlgorithm: sha256WithRSAEncryption does not fit"));
}

}  // namespace
}  // namespace signet
