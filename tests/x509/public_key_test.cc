#include "x509/public_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include <atomic>
#include <thread>

#include "crypto.h"
#include "x509/der.h"

namespace signet {
namespace {

using ::testing::HasSubstr;

constexpr KeyType kKeyTypes[] = {KeyType::kEcP256, KeyType::kEcP384, KeyType::kEcP521, KeyType::kEd25519,
                                 KeyType::kRsa};

std::string refusal(ByteView spki) {
  const Result<PublicKey> key = PublicKey::from_spki(spki);
  if (key) return "accepted";
  EXPECT_EQ(key.error().field, "subjectPublicKeyInfo");
  EXPECT_EQ(key.error().code, ErrorCode::kInvalidArgument);
  return key.error().message;
}

/// The BIT STRING's contents of a SubjectPublicKeyInfo.
Bytes key_bits(ByteView spki) {
  der::Reader outer(spki);
  der::Reader reader = outer.enter(der::kSequence, "spki").value();
  (void)reader.any("algorithm");
  return copy_of(reader.bit_string_bytes("key").value());
}

Bytes odd_number(std::size_t bytes) {
  Bytes number(bytes, 0xFF);
  return number;
}

class EveryKeyType : public ::testing::TestWithParam<KeyType> {};

TEST_P(EveryKeyType, ReadsOpenSslsKeysAndVerifiesTheirSignatures) {
  const EvpPkeyPtr key = test::make_key(GetParam());
  const PublicKey read = test::public_key_of(key.get());
  EXPECT_EQ(read.type(), GetParam());
  EXPECT_EQ(copy_of(read.spki()), test::spki_of(key.get()));
  const SignatureAlgorithm algorithm = default_algorithm(GetParam());
  const SignatureValue signature = test::sign(key.get(), algorithm, bytes_of("message"));
  EXPECT_TRUE(read.verify(algorithm, bytes_of("message"), signature.view()).has_value());
}

TEST_P(EveryKeyType, RefusesOtherMessagesAndBrokenSignatures) {
  const EvpPkeyPtr key = test::make_key(GetParam());
  const PublicKey read = test::public_key_of(key.get());
  const SignatureAlgorithm algorithm = default_algorithm(GetParam());
  const SignatureValue signature = test::sign(key.get(), algorithm, bytes_of("message"));
  const Result<void> other = read.verify(algorithm, bytes_of("massage"), signature.view());
  EXPECT_EQ(other.error().message, "the signature does not verify");
  EXPECT_EQ(other.error().code, ErrorCode::kInvalidArgument);
  Bytes flipped = signature.bytes();
  flipped.back() ^= 1U;
  EXPECT_FALSE(read.verify(algorithm, bytes_of("message"), flipped).has_value());
  EXPECT_FALSE(read.verify(algorithm, bytes_of("message"), {}).has_value());
  EXPECT_FALSE(read.verify(algorithm, bytes_of("message"), signature.view().first(8)).has_value());
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST_P(EveryKeyType, RefusesAlgorithmsOfOtherKeys) {
  const EvpPkeyPtr key = test::make_key(GetParam());
  const PublicKey read = test::public_key_of(key.get());
  const SignatureAlgorithm other =
      GetParam() == KeyType::kRsa ? SignatureAlgorithm::kEcdsaSha256 : SignatureAlgorithm::kRsaPkcs1Sha256;
  EXPECT_THAT(read.verify(other, bytes_of("message"), Bytes(64)).error().message,
              HasSubstr("cannot be of a key of type"));
}

TEST_P(EveryKeyType, IsSharedByThreads) {
  const EvpPkeyPtr key = test::make_key(GetParam());
  const PublicKey read = test::public_key_of(key.get());
  const SignatureAlgorithm algorithm = default_algorithm(GetParam());
  const SignatureValue signature = test::sign(key.get(), algorithm, bytes_of("message"));
  std::atomic<int> verified = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, copy = read] {
        for (int n = 0; n < 20; ++n)
          verified += copy.verify(algorithm, bytes_of("message"), signature.view()).has_value();
      });
    }
  }
  EXPECT_EQ(verified, 80);
}

INSTANTIATE_TEST_SUITE_P(PublicKey, EveryKeyType, ::testing::ValuesIn(kKeyTypes), [](const auto& suite) {
  std::string name(name_of(suite.param));
  std::erase(name, '-');
  return name;
});

TEST(PublicKey, DescribesItself) {
  EXPECT_EQ(test::public_key_of(test::make_key(KeyType::kEcP521).get()).describe(), "ec-p521");
  EXPECT_EQ(test::public_key_of(test::make_key(KeyType::kEcP521).get()).bits(), 521U);
  EXPECT_EQ(test::public_key_of(test::make_key(KeyType::kRsa).get()).describe(), "rsa-2048");
  EXPECT_EQ(test::public_key_of(test::make_key(KeyType::kEd25519).get()).describe(), "ed25519");
}

TEST(PublicKey, KeyIdIsSha1OfTheBitString) {
  const EvpPkeyPtr key = test::make_key(KeyType::kEcP256);
  const Bytes point = key_bits(test::spki_of(key.get()));
  Bytes expected(20);
  EVP_Digest(point.data(), point.size(), expected.data(), nullptr, EVP_sha1(), nullptr);
  EXPECT_EQ(copy_of(test::public_key_of(key.get()).key_id()), expected);
}

TEST(PublicKey, IsMadeFromItsParts) {
  const EvpPkeyPtr ec = test::make_key(KeyType::kEcP384);
  EXPECT_EQ(ec_spki(KeyType::kEcP384, key_bits(test::spki_of(ec.get()))).value(), test::spki_of(ec.get()));
  const EvpPkeyPtr ed = test::make_key(KeyType::kEd25519);
  EXPECT_EQ(ed25519_spki(key_bits(test::spki_of(ed.get()))).value(), test::spki_of(ed.get()));
  const EvpPkeyPtr rsa = test::make_key(KeyType::kRsa);
  const Bytes rsa_key = key_bits(test::spki_of(rsa.get()));
  der::Reader outer(rsa_key);
  der::Reader reader = outer.enter(der::kSequence, "key").value();
  const ByteView modulus = reader.integer("n").value();
  const ByteView exponent = reader.integer("e").value();
  EXPECT_EQ(rsa_spki(modulus, exponent), test::spki_of(rsa.get()));
}

TEST(PublicKey, PartsOfWrongSizesAreRefused) {
  EXPECT_FALSE(ec_spki(KeyType::kEcP256, Bytes(65)).has_value());
  EXPECT_FALSE(ec_spki(KeyType::kEcP256, Bytes(64, 4)).has_value());
  EXPECT_FALSE(ec_spki(KeyType::kRsa, Bytes(65, 4)).has_value());
  EXPECT_FALSE(ed25519_spki(Bytes(31)).has_value());
}

TEST(PublicKey, RefusesPointsThatAreNotOnTheCurve) {
  const EvpPkeyPtr key = test::make_key(KeyType::kEcP256);
  Bytes point = key_bits(test::spki_of(key.get()));
  point.back() ^= 1U;
  EXPECT_THAT(refusal(ec_spki(KeyType::kEcP256, point).value()), HasSubstr("on its curve"));
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(PublicKey, RefusesCompressedPointsAndInfinity) {
  const EvpPkeyPtr key = test::make_key(KeyType::kEcP256);
  const Bytes algorithm = der::sequence({der::oid("1.2.840.10045.2.1"), der::oid("1.2.840.10045.3.1.7")});
  Bytes compressed = key_bits(test::spki_of(key.get()));
  compressed[0] = static_cast<std::uint8_t>(2 + (compressed.back() & 1U));
  Bytes hybrid = compressed;
  hybrid[0] = static_cast<std::uint8_t>(hybrid[0] + 4);
  compressed.resize(33);
  for (const Bytes& point : {compressed, hybrid, Bytes{0}, Bytes()}) {
    EXPECT_THAT(refusal(der::sequence({algorithm, der::bit_string(point)})), HasSubstr("not uncompressed"));
  }
}

TEST(PublicKey, RefusesUnknownCurvesAndAlgorithms) {
  const Bytes secp256k1 = der::sequence({der::oid("1.2.840.10045.2.1"), der::oid("1.3.132.0.10")});
  EXPECT_THAT(refusal(der::sequence({secp256k1, der::bit_string(Bytes(65, 4))})), HasSubstr("curve 1.3.132.0.10"));
  const Bytes dsa = der::sequence({der::oid("1.2.840.10040.4.1")});
  EXPECT_THAT(refusal(der::sequence({dsa, der::bit_string(Bytes(65))})),
              HasSubstr("1.2.840.10040.4.1 is not supported"));
}

TEST(PublicKey, RefusesOtherParameters) {
  const Bytes key = key_bits(test::spki_of(test::make_key(KeyType::kRsa).get()));
  EXPECT_NE(refusal(der::sequence({der::sequence({der::oid("1.2.840.113549.1.1.1")}), der::bit_string(key)})),
            "accepted");
  const Bytes ed25519_null = der::sequence({der::oid("1.3.101.112"), der::null()});
  EXPECT_NE(refusal(der::sequence({ed25519_null, der::bit_string(Bytes(32, 1))})), "accepted");
  const Bytes explicit_curve = der::sequence({der::oid("1.2.840.10045.2.1"), der::sequence({})});
  EXPECT_NE(refusal(der::sequence({explicit_curve, der::bit_string(Bytes(65, 4))})), "accepted");
}

TEST(PublicKey, RefusesBytesBehind) {
  Bytes spki = test::spki_of(test::make_key(KeyType::kEd25519).get());
  spki.push_back(0);
  EXPECT_THAT(refusal(spki), HasSubstr("behind its end"));
}

TEST(PublicKey, RefusesWeakRsaKeys) {
  const Bytes e = {1, 0, 1};
  EXPECT_EQ(refusal(rsa_spki(odd_number(256), e)), "accepted");
  EXPECT_EQ(refusal(rsa_spki(odd_number(1024), Bytes{3})), "accepted");
  EXPECT_THAT(refusal(rsa_spki(odd_number(255), e)), HasSubstr("2040 bits"));
  EXPECT_THAT(refusal(rsa_spki(odd_number(1025), e)), HasSubstr("8200 bits"));
  Bytes even = odd_number(256);
  even.back() = 0xFE;
  EXPECT_THAT(refusal(rsa_spki(even, e)), HasSubstr("even RSA modulus"));
  for (const Bytes& exponent : {Bytes{}, Bytes{1}, Bytes{2}, Bytes{1, 0, 0}, Bytes(9, 1)}) {
    EXPECT_THAT(refusal(rsa_spki(odd_number(256), exponent)), HasSubstr("exponent"));
  }
}

TEST(EcdsaSignature, IsMadeFromRawHalves) {
  Bytes raw(64);
  raw[31] = 0x01;  // r = 1
  raw[32] = 0x80;  // s needs a sign byte
  const Bytes der = ecdsa_signature_from_raw(raw).value();
  EXPECT_EQ(to_hex(der), "30260201010221" + std::string("0080") + std::string(62, '0'));
}

TEST(EcdsaSignature, RefusesOddEmptyLongAndZero) {
  EXPECT_FALSE(ecdsa_signature_from_raw({}).has_value());
  EXPECT_FALSE(ecdsa_signature_from_raw(Bytes(63, 1)).has_value());
  EXPECT_FALSE(ecdsa_signature_from_raw(Bytes(134, 1)).has_value());
  Bytes zero_s(64);
  zero_s[0] = 1;
  EXPECT_THAT(ecdsa_signature_from_raw(zero_s).error().message, HasSubstr("zero"));
}

}  // namespace
}  // namespace signet
