// Project Wycheproof's signature vectors.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "x509/csr.h"

namespace signet {
namespace {

constexpr const char* kVectors = SIGNET_SOURCE_DIR "/../shared/vectors";

struct Suite {
  const char* name;
  const char* file;
  SignatureAlgorithm algorithm;
};

void PrintTo(const Suite& suite, std::ostream* to) { *to << suite.file; }

class Wycheproof : public ::testing::TestWithParam<Suite> {};

/// What Csr::verify_possession() does with a request's key, algorithm, signed part and signature.
bool verifies(const PublicKey& key, const Suite& suite, ByteView message, ByteView signature) {
  return key.verify(suite.algorithm, message, signature).has_value();
}

void check_case(const PublicKey& key, const Suite& suite, const nlohmann::json& test) {
  const Bytes message = from_hex(test.at("msg").get<std::string>()).value();
  const Bytes signature = from_hex(test.at("sig").get<std::string>()).value();
  // What Wycheproof calls acceptable (PKCS#1 v1.5 without the NULL) has two encodings, and one is enough.
  EXPECT_EQ(verifies(key, suite, message, signature), test.at("result") == "valid")
      << "tcId " << test.at("tcId") << ": " << test.at("comment");
}

TEST_P(Wycheproof, ValidOnesVerifyAndInvalidOnesDoNot) {
  if (!std::filesystem::is_directory(kVectors)) GTEST_SKIP() << "no test vectors in " << kVectors;
  std::ifstream file(std::filesystem::path(kVectors) / GetParam().file);
  ASSERT_TRUE(file.is_open()) << GetParam().file;
  const nlohmann::json vectors = nlohmann::json::parse(file);
  std::size_t cases = 0;
  for (const nlohmann::json& group : vectors.at("testGroups")) {
    const Bytes spki = from_hex(group.at("publicKeyDer").get<std::string>()).value();
    const Result<PublicKey> key = PublicKey::from_spki(spki);
    ASSERT_TRUE(key.has_value()) << key.error().message;
    for (const nlohmann::json& test : group.at("tests")) check_case(*key, GetParam(), test);
    cases += group.at("tests").size();
  }
  EXPECT_EQ(cases, vectors.at("numberOfTests"));
}

INSTANTIATE_TEST_SUITE_P(
    Signatures, Wycheproof,
    ::testing::Values(
        Suite{"EcdsaP256", "wycheproof_ecdsa_secp256r1_sha256_test.json", SignatureAlgorithm::kEcdsaSha256},
        Suite{"EcdsaP384", "wycheproof_ecdsa_secp384r1_sha384_test.json", SignatureAlgorithm::kEcdsaSha384},
        Suite{"Ed25519", "wycheproof_ed25519_test.json", SignatureAlgorithm::kEd25519},
        Suite{"Rsa2048", "wycheproof_rsa_signature_2048_sha256_test.json", SignatureAlgorithm::kRsaPkcs1Sha256},
        Suite{"RsaPss2048", "wycheproof_rsa_pss_2048_sha256_mgf1_32_test.json", SignatureAlgorithm::kRsaPssSha256}),
    [](const auto& suite) { return std::string(suite.param.name); });

}  // namespace
}  // namespace signet
