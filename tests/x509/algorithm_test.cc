#include "x509/algorithm.h"

#include <gtest/gtest.h>

#include "x509/der.h"

namespace signet {
namespace {

constexpr KeyType kKeyTypes[] = {KeyType::kEcP256, KeyType::kEcP384, KeyType::kEcP521, KeyType::kEd25519,
                                 KeyType::kRsa};
constexpr SignatureAlgorithm kAlgorithms[] = {SignatureAlgorithm::kEcdsaSha256,    SignatureAlgorithm::kEcdsaSha384,
                                              SignatureAlgorithm::kEcdsaSha512,    SignatureAlgorithm::kRsaPkcs1Sha256,
                                              SignatureAlgorithm::kRsaPkcs1Sha384, SignatureAlgorithm::kRsaPkcs1Sha512,
                                              SignatureAlgorithm::kEd25519,        SignatureAlgorithm::kRsaPssSha256,
                                              SignatureAlgorithm::kRsaPssSha384,   SignatureAlgorithm::kRsaPssSha512};

TEST(KeyTypes, AreFoundByTheirNames) {
  for (const KeyType type : kKeyTypes) EXPECT_EQ(key_type_from(name_of(type)), type);
  EXPECT_EQ(key_type_from("EC-P256"), std::nullopt);
  EXPECT_EQ(key_type_names(), (std::vector<std::string>{"ec-p256", "ec-p384", "ec-p521", "ed25519", "rsa"}));
}

TEST(KeyTypes, SignWithAnAlgorithmThatFits) {
  for (const KeyType type : kKeyTypes) EXPECT_TRUE(fits(default_algorithm(type), type));
  EXPECT_TRUE(fits(SignatureAlgorithm::kEcdsaSha512, KeyType::kEcP256));
  EXPECT_FALSE(fits(SignatureAlgorithm::kEcdsaSha256, KeyType::kRsa));
  EXPECT_FALSE(fits(SignatureAlgorithm::kEd25519, KeyType::kEcP256));
  EXPECT_TRUE(fits(SignatureAlgorithm::kRsaPssSha256, KeyType::kRsa));
  EXPECT_FALSE(fits(SignatureAlgorithm::kRsaPssSha256, KeyType::kEcP256));
}

TEST(AlgorithmIdentifier, IsReadAsWritten) {
  for (const SignatureAlgorithm algorithm : kAlgorithms) {
    EXPECT_EQ(parse_algorithm_identifier(algorithm_identifier(algorithm)).value(), algorithm);
  }
}

TEST(AlgorithmIdentifier, HasTheBytesOfItsStandard) {
  EXPECT_EQ(to_hex(algorithm_identifier(SignatureAlgorithm::kEcdsaSha256)), "300a06082a8648ce3d040302");
  EXPECT_EQ(to_hex(algorithm_identifier(SignatureAlgorithm::kRsaPkcs1Sha256)), "300d06092a864886f70d01010b0500");
  EXPECT_EQ(to_hex(algorithm_identifier(SignatureAlgorithm::kEd25519)), "300506032b6570");
}

TEST(AlgorithmIdentifier, OfPssHasTheBytesOfTheBaselineRequirements) {
  const auto of = [](SignatureAlgorithm algorithm) { return to_hex(algorithm_identifier(algorithm)); };
  // CA/Browser Forum Baseline Requirements 7.1.3.2.1.
  EXPECT_EQ(
      of(SignatureAlgorithm::kRsaPssSha256),
      "304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d0609608648"
      "0165030402010500a203020120");
  EXPECT_EQ(
      of(SignatureAlgorithm::kRsaPssSha384),
      "304106092a864886f70d01010a3034a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d0609608648"
      "0165030402020500a203020130");
  EXPECT_EQ(
      of(SignatureAlgorithm::kRsaPssSha512),
      "304106092a864886f70d01010a3034a00f300d06096086480165030402030500a11c301a06092a864886f70d010108300d0609608648"
      "0165030402030500a203020140");
}

TEST(AlgorithmIdentifier, RefusesOtherParametersAndUnknownAlgorithms) {
  const Bytes ecdsa_with_null = der::sequence({der::oid("1.2.840.10045.4.3.2"), der::null()});
  const Bytes rsa_without_null = der::sequence({der::oid("1.2.840.113549.1.1.11")});
  const Bytes sha1_with_rsa = der::sequence({der::oid("1.2.840.113549.1.1.5"), der::null()});
  EXPECT_NE(parse_algorithm_identifier(ecdsa_with_null).error().message.find("parameters"), std::string::npos);
  EXPECT_NE(parse_algorithm_identifier(rsa_without_null).error().message.find("parameters"), std::string::npos);
  EXPECT_NE(parse_algorithm_identifier(sha1_with_rsa).error().message.find("not supported"), std::string::npos);
  EXPECT_FALSE(parse_algorithm_identifier({}).has_value());
}

TEST(DigestFor, IsSha2OfTheMessageAndTheMessageForEd25519) {
  const ByteView message = bytes_of("abc");
  EXPECT_EQ(to_hex(digest_for(SignatureAlgorithm::kEcdsaSha256, message)),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest_for(SignatureAlgorithm::kRsaPkcs1Sha384, message).size(), 48U);
  EXPECT_EQ(digest_for(SignatureAlgorithm::kEcdsaSha512, message).size(), 64U);
  EXPECT_EQ(digest_for(SignatureAlgorithm::kEd25519, message), copy_of(message));
}

}  // namespace
}  // namespace signet
