#include "token/signing_mechanism.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/hsm_profile.h"

namespace signet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAreArray;

constexpr SignatureAlgorithm kAlgorithms[] = {
    SignatureAlgorithm::kEcdsaSha256,    SignatureAlgorithm::kEcdsaSha384,    SignatureAlgorithm::kEcdsaSha512,
    SignatureAlgorithm::kRsaPkcs1Sha256, SignatureAlgorithm::kRsaPkcs1Sha384, SignatureAlgorithm::kRsaPkcs1Sha512,
    SignatureAlgorithm::kEd25519,        SignatureAlgorithm::kRsaPssSha256,   SignatureAlgorithm::kRsaPssSha384,
    SignatureAlgorithm::kRsaPssSha512,
};

TEST(SigningMechanism, ThereIsOneForEveryAlgorithm) {
  for (const SignatureAlgorithm algorithm : kAlgorithms) {
    const auto chosen = choose_mechanism(algorithm, signing_mechanisms());
    ASSERT_TRUE(chosen.has_value()) << chosen.error().message;
    EXPECT_EQ(chosen->algorithm, algorithm);
  }
}

TEST(SigningMechanism, HashesHereWhereTheTokenTakesADigest) {
  const auto chosen = choose_mechanism(SignatureAlgorithm::kEcdsaSha384, signing_mechanisms());
  EXPECT_EQ(chosen->type, CKM_ECDSA);
  EXPECT_EQ(input_for(*chosen, bytes_of("m")), digest_for(SignatureAlgorithm::kEcdsaSha384, bytes_of("m")));
}

TEST(SigningMechanism, LetsATokenHashThatTakesNoDigest) {
  const std::vector<CK_MECHANISM_TYPE> combined = {CKM_ECDSA_SHA256, CKM_ECDSA_SHA384, CKM_SHA256_RSA_PKCS_PSS};
  const auto ecdsa = choose_mechanism(SignatureAlgorithm::kEcdsaSha384, combined);
  EXPECT_EQ(ecdsa->type, CKM_ECDSA_SHA384) << "of its own hash";
  EXPECT_EQ(input_for(*ecdsa, bytes_of("m")), copy_of(bytes_of("m")));
  EXPECT_EQ(choose_mechanism(SignatureAlgorithm::kRsaPssSha256, combined)->type, CKM_SHA256_RSA_PKCS_PSS);
}

TEST(SigningMechanism, AProfileMayNameEachOfThemAndNoOther) {
  const auto named = signing_mechanisms_from(hsm_mechanism_names());
  ASSERT_TRUE(named.has_value()) << named.error().message;
  EXPECT_THAT(*named, UnorderedElementsAreArray(signing_mechanisms()));
}

TEST(SigningMechanism, NamesWhatWouldDoWhereNothingDoes) {
  const std::vector<CK_MECHANISM_TYPE> offered = {CKM_SHA384_RSA_PKCS, CKM_EDDSA};
  const auto chosen = choose_mechanism(SignatureAlgorithm::kRsaPkcs1Sha256, offered);
  ASSERT_FALSE(chosen.has_value());
  EXPECT_EQ(chosen.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(
      chosen.error().message,
      "the token does not sign with sha256WithRSAEncryption: it offers none of CKM_RSA_PKCS, CKM_SHA256_RSA_PKCS");
}

TEST(SigningMechanism, WrapsTheDigestForRsaIntoADigestInfo) {
  const auto chosen = choose_mechanism(SignatureAlgorithm::kRsaPkcs1Sha256, signing_mechanisms());
  // RFC 8017 section 9.2, note 1.
  EXPECT_EQ(to_hex(input_for(*chosen, bytes_of(""))),
            "3031300d060960864801650304020105000420"
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(SigningMechanism, PssHasAMaskAndASaltOfItsOwnHash) {
  const CK_RSA_PKCS_PSS_PARAMS sha384 = pss_parameters(SignatureAlgorithm::kRsaPssSha384);
  EXPECT_EQ(sha384.hashAlg, CKM_SHA384);
  EXPECT_EQ(sha384.mgf, CKG_MGF1_SHA384);
  EXPECT_EQ(sha384.sLen, 48U);
  EXPECT_EQ(pss_parameters(SignatureAlgorithm::kRsaPssSha256).sLen, 32U);
  EXPECT_EQ(pss_parameters(SignatureAlgorithm::kRsaPssSha512).hashAlg, CKM_SHA512);
}

TEST(SigningMechanism, IsKnownByItsName) {
  EXPECT_THAT(signing_mechanisms_from({"CKM_ECDSA", "CKM_SHA512_RSA_PKCS_PSS"}).value(),
              ElementsAre(CKM_ECDSA, CKM_SHA512_RSA_PKCS_PSS));
  const auto unknown = signing_mechanisms_from({"CKM_MD5_RSA_PKCS"});
  ASSERT_FALSE(unknown.has_value());
  EXPECT_THAT(unknown.error().message, HasSubstr("CKM_MD5_RSA_PKCS"));
}

}  // namespace
}  // namespace signet
