// What an RSA key signs with is the configuration's to say, and the fence holds it to that.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "keyholder/authority.h"
#include "keyholder/process_harness.h"

namespace signet::test {
namespace {

using ::testing::HasSubstr;

TbsFields leaf_signed_with(const Scenario& scenario, SignatureAlgorithm algorithm) {
  TbsFields fields = leaf_fields(*scenario.ca, system_clock().now());
  fields.algorithm = algorithm;
  return fields;
}

TEST(KeyholderRsaSignature, PssIsMadeWhereItIsConfiguredAndPkcs1IsThenRefused) {
  Scenario scenario(KeyType::kRsa, 2048);
  scenario.signature = "rsa-pss-sha256";
  Keyholder keyholder(scenario);
  ASSERT_TRUE(keyholder.started().has_ready());
  const auto channel = keyholder.connect();
  const TbsDer pss = encode_tbs(leaf_signed_with(scenario, SignatureAlgorithm::kRsaPssSha256));
  const auto signed_one = ask(*channel, pss.view());
  ASSERT_TRUE(signed_one.has_signature()) << signed_one.ShortDebugString();
  EXPECT_TRUE(scenario.ca->public_key()
                  .verify(SignatureAlgorithm::kRsaPssSha256, pss.view(), bytes_of(signed_one.signature()))
                  .has_value());
  for (const auto other : {SignatureAlgorithm::kRsaPkcs1Sha256, SignatureAlgorithm::kRsaPssSha384}) {
    const auto refused = ask(*channel, encode_tbs(leaf_signed_with(scenario, other)).view());
    ASSERT_FALSE(refused.has_signature());
    EXPECT_EQ(refused.error().field(), "fence.algorithm");
    EXPECT_THAT(refused.error().message(), HasSubstr("this key signs with rsassaPss-SHA256"));
  }
}

TEST(KeyholderRsaSignature, Pkcs1IsTheDefaultAndPssIsThenRefused) {
  Scenario scenario(KeyType::kRsa, 2048);
  Keyholder keyholder(scenario);
  ASSERT_TRUE(keyholder.started().has_ready());
  const auto channel = keyholder.connect();
  EXPECT_TRUE(ask(*channel, encode_tbs(leaf_signed_with(scenario, SignatureAlgorithm::kRsaPkcs1Sha256)).view())
                  .has_signature());
  const auto refused = ask(*channel, encode_tbs(leaf_signed_with(scenario, SignatureAlgorithm::kRsaPssSha256)).view());
  EXPECT_EQ(refused.error().field(), "fence.algorithm");
}

TEST(KeyholderRsaSignature, OfAnEcKeyIsRefusedAtTheStart) {
  Scenario scenario;
  scenario.signature = "rsa-pss-sha256";
  Keyholder keyholder(scenario);
  const auto failure = keyholder.failure();
  EXPECT_EQ(failure.field(), "key.issuing-1.signature");
  EXPECT_THAT(failure.message(), HasSubstr("is for RSA keys, and this key is ec-p256"));
}

}  // namespace
}  // namespace signet::test
