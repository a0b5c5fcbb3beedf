#include "x509/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509_vfy.h>

#include "crypto.h"
#include "issuing.h"
#include "openssl_view.h"
#include "x509/der.h"

namespace signet {
namespace {

using test::openssl_parse;
using test::X509Ptr;
using ::testing::HasSubstr;

std::string refusal(const auto& result) {
  if (result.has_value()) return "accepted";
  return result.error().field + ": " + result.error().message;
}

X509Ptr openssl(const CertificateDer& certificate) { return openssl_parse<X509Ptr, d2i_X509>(certificate.view()); }

/// What `openssl verify -x509_strict -purpose sslserver` would say of `leaf` under `root` in the middle of 2026.
std::string strict_verification(X509* leaf, X509* root) {
  const std::unique_ptr<X509_STORE, Freer<&X509_STORE_free>> store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), root);
  const std::unique_ptr<X509_STORE_CTX, Freer<&X509_STORE_CTX_free>> context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), leaf, nullptr);
  X509_STORE_CTX_set_flags(context.get(), X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
  X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_SERVER);
  const auto june = std::chrono::floor<std::chrono::seconds>(test::at("2026-06-01T00:00:00.000000Z"));
  X509_STORE_CTX_set_time(context.get(), 0, june.time_since_epoch().count());
  X509_verify_cert(context.get());
  return X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
}

Time time_in(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return Time(std::chrono::seconds(timegm(&parts)));
}

struct Signer {
  KeyType type;
  SignatureAlgorithm algorithm;
};

class Hierarchy : public ::testing::TestWithParam<Signer> {
 protected:
  [[nodiscard]] static TbsFields root_fields(EVP_PKEY* key) {
    TbsFields fields = test::root_fields(key);
    fields.algorithm = GetParam().algorithm;
    return fields;
  }

  EvpPkeyPtr root_key_ = test::make_key(GetParam().type);
  EvpPkeyPtr leaf_key_ = test::make_key(KeyType::kEcP256);
  TbsFields root_ = root_fields(root_key_.get());
  TbsFields leaf_ = test::leaf_fields(leaf_key_.get(), root_);
  CertificateDer root_der_ = test::issue(root_, root_key_.get());
  CertificateDer leaf_der_ = test::issue(leaf_, root_key_.get());
};

TEST_P(Hierarchy, SatisfiesOpenSslStrictly) {
  EXPECT_EQ(strict_verification(openssl(leaf_der_).get(), openssl(root_der_).get()), "ok");
}

TEST_P(Hierarchy, IsSatisfiedByOurVerificationToo) {
  const Certificate root = Certificate::parse(root_der_.view()).value();
  const Certificate leaf = Certificate::parse(leaf_der_.view()).value();
  EXPECT_TRUE(root.is_self_issued());
  EXPECT_FALSE(leaf.is_self_issued());
  EXPECT_TRUE(root.verify_signed_by(root.public_key()).has_value());
  EXPECT_TRUE(leaf.verify_signed_by(root.public_key()).has_value());
  EXPECT_THAT(refusal(root.verify_signed_by(leaf.public_key())), HasSubstr("certificate.signatureValue: "));
}

INSTANTIATE_TEST_SUITE_P(Certificate, Hierarchy,
                         ::testing::Values(Signer{KeyType::kEcP256, SignatureAlgorithm::kEcdsaSha256},
                                           Signer{KeyType::kEcP384, SignatureAlgorithm::kEcdsaSha384},
                                           Signer{KeyType::kEcP521, SignatureAlgorithm::kEcdsaSha512},
                                           Signer{KeyType::kEd25519, SignatureAlgorithm::kEd25519},
                                           Signer{KeyType::kRsa, SignatureAlgorithm::kRsaPkcs1Sha256},
                                           Signer{KeyType::kRsa, SignatureAlgorithm::kRsaPkcs1Sha512},
                                           Signer{KeyType::kRsa, SignatureAlgorithm::kRsaPssSha256},
                                           Signer{KeyType::kRsa, SignatureAlgorithm::kRsaPssSha384},
                                           Signer{KeyType::kRsa, SignatureAlgorithm::kRsaPssSha512}),
                         [](const auto& suite) {
                           std::string name =
                               fmt::format("{}_{}", name_of(suite.param.type), name_of(suite.param.algorithm));
                           std::erase(name, '-');
                           return name;
                         });

class CertificateTest : public ::testing::Test {
 protected:
  EvpPkeyPtr root_key_ = test::make_key(KeyType::kEcP256);
  EvpPkeyPtr leaf_key_ = test::make_key(KeyType::kEcP256);
  TbsFields root_ = test::root_fields(root_key_.get());
  TbsFields leaf_ = test::leaf_fields(leaf_key_.get(), root_);
};

TEST_F(CertificateTest, OpenSslReadsTheSameSerialNamesValidityAndKey) {
  const X509Ptr read = openssl(test::issue(leaf_, root_key_.get()));
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(X509_get_version(read.get()), X509_VERSION_3);
  EXPECT_EQ(test::bytes_in(X509_get0_serialNumber(read.get())), copy_of(leaf_.serial.bytes()));
  EXPECT_EQ(test::openssl_encode<i2d_X509_NAME>(X509_get_subject_name(read.get())), copy_of(leaf_.subject.der()));
  EXPECT_EQ(test::openssl_encode<i2d_X509_NAME>(X509_get_issuer_name(read.get())), copy_of(leaf_.issuer.der()));
  EXPECT_EQ(time_in(X509_get0_notBefore(read.get())), leaf_.not_before);
  EXPECT_EQ(time_in(X509_get0_notAfter(read.get())), leaf_.not_after);
  EXPECT_EQ(test::spki_of(X509_get0_pubkey(read.get())), leaf_.spki);
}

TEST_F(CertificateTest, OpenSslReadsTheSameExtensions) {
  const X509Ptr read = openssl(test::issue(leaf_, root_key_.get()));
  ASSERT_NE(read, nullptr);
  const test::GeneralNamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(read.get(), NID_subject_alt_name, nullptr, nullptr)));
  EXPECT_EQ(test::alt_names_of(names.get()), leaf_.alt_names);
  EXPECT_EQ(X509_get_key_usage(read.get()), static_cast<std::uint32_t>(KU_DIGITAL_SIGNATURE));
  EXPECT_EQ(X509_get_extended_key_usage(read.get()), static_cast<std::uint32_t>(XKU_SSL_SERVER | XKU_SSL_CLIENT));
  EXPECT_EQ(X509_check_ca(read.get()), 0);
  EXPECT_EQ(test::bytes_in(X509_get0_subject_key_id(read.get())), leaf_.subject_key_id);
  EXPECT_EQ(test::bytes_in(X509_get0_authority_key_id(read.get())), leaf_.authority_key_id);
}

TEST_F(CertificateTest, OpenSslReadsARootAsACaWithItsPathLength) {
  const X509Ptr read = openssl(test::issue(root_, root_key_.get()));
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(X509_check_ca(read.get()), 1);
  EXPECT_EQ(X509_get_pathlen(read.get()), 1);
  EXPECT_EQ(X509_get_key_usage(read.get()), static_cast<std::uint32_t>(KU_KEY_CERT_SIGN | KU_CRL_SIGN));
}

TEST_F(CertificateTest, AnEmptySubjectMakesTheAltNamesCritical) {
  leaf_.subject = Name();
  const CertificateDer der = test::issue(leaf_, root_key_.get());
  EXPECT_EQ(refusal(Certificate::parse(der.view())), "accepted");
  const X509Ptr read = openssl(der);
  EXPECT_EQ(
      X509_EXTENSION_get_critical(X509_get_ext(read.get(), X509_get_ext_by_NID(read.get(), NID_subject_alt_name, -1))),
      1);
  EXPECT_EQ(strict_verification(read.get(), openssl(test::issue(root_, root_key_.get())).get()), "ok");
}

TEST_F(CertificateTest, ParsesWhatWasAssembled) {
  const CertificateDer der = test::issue(leaf_, root_key_.get());
  const Result<Certificate> certificate = Certificate::parse(der.view());
  ASSERT_TRUE(certificate.has_value()) << refusal(certificate);
  EXPECT_EQ(certificate->der(), der);
  EXPECT_EQ(copy_of(certificate->tbs()), encode_tbs(leaf_).bytes());
  EXPECT_EQ(encode_tbs(certificate->fields()), encode_tbs(leaf_));
  EXPECT_EQ(certificate->fingerprint(), sha256(der.view()));
  EXPECT_EQ(copy_of(certificate->public_key().spki()), leaf_.spki);
}

TEST_F(CertificateTest, RefusesTwoAlgorithmsThatDiffer) {
  const CertificateDer der =
      assemble_certificate(encode_tbs(leaf_), SignatureAlgorithm::kEcdsaSha384, SignatureValue(Bytes(70, 1)));
  EXPECT_THAT(refusal(Certificate::parse(der.view())),
              HasSubstr("certificate.signatureAlgorithm: ecdsa-with-SHA384 here and ecdsa-with-SHA256"));
}

TEST_F(CertificateTest, RefusesAKeyThatIsNotOnItsCurve) {
  leaf_.spki.back() ^= 1U;
  const CertificateDer der = test::issue(leaf_, root_key_.get());
  EXPECT_THAT(refusal(Certificate::parse(der.view())), HasSubstr("certificate.subjectPublicKeyInfo: "));
}

TEST_F(CertificateTest, RefusesEveryTruncationAndTrailingBytes) {
  Bytes whole = test::issue(leaf_, root_key_.get()).bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ASSERT_FALSE(Certificate::parse(ByteView(whole).first(size)).has_value()) << size;
  }
  whole.push_back(0);
  EXPECT_THAT(refusal(Certificate::parse(whole)), HasSubstr("certificate: Certificate"));
}

TEST_F(CertificateTest, RefusesMoreThan64KiB) {
  EXPECT_THAT(refusal(Certificate::parse(Bytes(64 * 1024 + 1, 0x30))), HasSubstr("at most 65536"));
}

TEST_F(CertificateTest, NoFlippedBitGoesUnnoticed) {
  const PublicKey issuer = test::public_key_of(root_key_.get());
  const CertificateDer der = test::issue(leaf_, root_key_.get());
  for (std::size_t bit = 0; bit < der.view().size() * 8; ++bit) {
    Bytes flipped = der.bytes();
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    const Result<Certificate> certificate = Certificate::parse(flipped);
    ASSERT_FALSE(certificate.has_value() && certificate->verify_signed_by(issuer).has_value()) << "bit " << bit;
  }
}

TEST_F(CertificateTest, IsReadFromPemAndDer) {
  const CertificateDer leaf = test::issue(leaf_, root_key_.get());
  const CertificateDer root = test::issue(root_, root_key_.get());
  const std::string pem = encode_pem("CERTIFICATE", leaf.view());
  EXPECT_EQ(Certificate::parse_any(leaf.view())->der(), leaf);
  EXPECT_EQ(Certificate::parse_any(bytes_of("0 a text before\n" + pem))->der(), leaf);
  const std::string both = pem + encode_pem("CERTIFICATE", root.view());
  EXPECT_THAT(refusal(Certificate::parse_any(bytes_of(both))), HasSubstr("2 certificates where one was expected"));
  const std::vector<Certificate> chain = parse_certificates(bytes_of(both)).value();
  ASSERT_EQ(chain.size(), 2U);
  EXPECT_EQ(chain[1].der(), root);
  EXPECT_THAT(refusal(parse_certificates(bytes_of("nothing"))), HasSubstr("certificate: no PEM block"));
}

}  // namespace
}  // namespace signet
