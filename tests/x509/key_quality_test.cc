#include "x509/key_quality.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include <atomic>
#include <thread>

#include "crypto.h"
#include "weak_keys.h"
#include "x509/csr.h"
#include "x509/der.h"

namespace signet {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;

/// "" where the key is taken.
std::string refusal(const PublicKey& key, const KeyRules& rules = {}) {
  const Result<void> checked = check_key_quality(key, rules);
  EXPECT_EQ(ERR_peek_error(), 0U);
  if (checked.has_value()) return "";
  EXPECT_EQ(checked.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(checked.error().field, "csr.subjectPublicKeyInfo");
  return checked.error().message;
}

/// What reading says to a key that is never made; "" where it is taken.
std::string refusal_to_read(ByteView spki) {
  const Result<PublicKey> key = PublicKey::from_spki(spki);
  return key.has_value() ? "" : key.error().message;
}

class FreshKeys : public ::testing::TestWithParam<KeyType> {};

TEST_P(FreshKeys, AreTaken) {
  const int keys = GetParam() == KeyType::kRsa ? 20 : 50;
  for (int i = 0; i < keys; ++i) EXPECT_EQ(refusal(test::public_key_of(test::make_key(GetParam()).get())), "");
}

INSTANTIATE_TEST_SUITE_P(KeyQuality, FreshKeys,
                         ::testing::Values(KeyType::kEcP256, KeyType::kEcP384, KeyType::kEcP521, KeyType::kEd25519,
                                           KeyType::kRsa),
                         [](const auto& suite) {
                           std::string name(name_of(suite.param));
                           std::erase(name, '-');
                           return name;
                         });

TEST(KeyQuality, TakesFreshRsaKeysOfEverySize) {
  for (const unsigned bits : {2048U, 2056U, 3072U, 4096U})
    EXPECT_EQ(refusal(test::public_key_of(EvpPkeyPtr(EVP_RSA_gen(bits)).get())), "") << bits;
}

TEST(KeyQuality, HoldsTheSizeOfAnRsaModulusWithinTheRules) {
  const PublicKey key = test::public_key_of(EvpPkeyPtr(EVP_RSA_gen(3072)).get());
  EXPECT_EQ(refusal(key, {.rsa_bits_min = 3072, .rsa_bits_max = 3072}), "");
  EXPECT_EQ(refusal(key, {.rsa_bits_min = 3073}),
            "the RSA modulus has 3072 bits; 3073 to 8192 are taken (rule key.rsa-size)");
  EXPECT_EQ(refusal(key, {.rsa_bits_max = 3071}),
            "the RSA modulus has 3072 bits; 2048 to 3071 are taken (rule key.rsa-size)");
  const PublicKey odd_size =
      test::rsa_key(test::product(test::random_prime(1024).get(), test::random_prime(1025).get()).get());
  EXPECT_EQ(refusal(odd_size), "the RSA modulus has 2049 bits, which is no multiple of 8 (rule key.rsa-size)");
}

TEST(KeyQuality, RefusesSizesThatAreNotSupportedAtAllWhenTheKeyIsRead) {
  const Bytes exponent = {1, 0, 1};
  EXPECT_THAT(refusal_to_read(rsa_spki(test::bytes_of(test::random_odd(2047).get()), exponent)),
              AllOf(HasSubstr("2047 bits"), EndsWith("(rule key.rsa-size)")));
  EXPECT_THAT(refusal_to_read(rsa_spki(test::bytes_of(test::random_odd(8193).get()), exponent)),
              AllOf(HasSubstr("8193 bits"), EndsWith("(rule key.rsa-size)")));
}

TEST(KeyQuality, TakesOtherExponentsOnlyWhereTheRulesDo) {
  const BignumPtr modulus = test::product(test::random_prime(1024).get(), test::random_prime(1024).get());
  EXPECT_EQ(refusal(test::rsa_key(modulus.get(), 3)), "the RSA exponent is 3; taken is 65537 (rule key.rsa-exponent)");
  EXPECT_EQ(refusal(test::rsa_key(modulus.get(), 3), {.rsa_exponents = {3, 65537}}), "");
  EXPECT_EQ(refusal(test::rsa_key(modulus.get(), 65537), {.rsa_exponents = {3, 17}}),
            "the RSA exponent is 65537; taken is 3 or 17 (rule key.rsa-exponent)");
  const std::uint64_t largest = UINT64_MAX;
  EXPECT_THAT(refusal(test::rsa_key(modulus.get(), largest)), HasSubstr("is 18446744073709551615;"));
  EXPECT_EQ(refusal(test::rsa_key(modulus.get(), largest), {.rsa_exponents = {largest}}), "");
  EXPECT_THAT(refusal_to_read(rsa_spki(test::bytes_of(modulus.get()), Bytes{2})), EndsWith("(rule key.rsa-exponent)"));
}

TEST(KeyQuality, RefusesAnEvenModulusWhenTheKeyIsRead) {
  const BignumPtr even = test::product(test::random_prime(2047).get(), test::number(2).get());
  ASSERT_EQ(BN_num_bits(even.get()), 2048);
  EXPECT_THAT(refusal_to_read(rsa_spki(test::bytes_of(even.get()), Bytes{1, 0, 1})), EndsWith("(rule key.rsa-even)"));
}

TEST(KeyQuality, RefusesSmallFactorsAndNamesTheSmallest) {
  for (const std::uint64_t factor : {3U, 5U, 167U, 743U, 751U}) {
    BignumPtr modulus = test::random_odd(2048);
    while (BN_mod_word(modulus.get(), factor) != 0) BN_sub_word(modulus.get(), 2);
    const std::string message = refusal(test::rsa_key(modulus.get()));
    EXPECT_THAT(message, EndsWith("make a new key (rule key.rsa-small-factor)"));
    unsigned smallest = 3;
    while (BN_mod_word(modulus.get(), smallest) != 0) smallest += 2;
    EXPECT_THAT(message, HasSubstr("divisible by " + std::to_string(smallest) + ";"));
  }
}

TEST(KeyQuality, LooksForNoFactorFrom752On) {
  const BignumPtr large = test::random_prime(2038);
  const BignumPtr modulus = test::product(large.get(), test::number(757).get());
  ASSERT_EQ(BN_num_bits(modulus.get()), 2048);
  EXPECT_EQ(refusal(test::rsa_key(modulus.get())), "");
}

TEST(KeyQuality, RefusesASquare) {
  const BignumPtr prime = test::random_prime(1024);
  EXPECT_EQ(refusal(test::rsa_key(test::product(prime.get(), prime.get()).get())),
            "the RSA modulus is the square of a number; make a new key (rule key.rsa-square)");
}

TEST(KeyQuality, RefusesNeighbouringPrimes) {
  const BignumPtr p = test::random_prime(1024);
  BignumPtr next(BN_dup(p.get()));
  BN_add_word(next.get(), 2);
  const BignumPtr q = test::prime_from(next.get());
  EXPECT_THAT(refusal(test::rsa_key(test::product(p.get(), q.get()).get())),
              AllOf(HasSubstr("round 1 of Fermat's method"), EndsWith("(rule key.rsa-close-primes)")));
}

TEST(KeyQuality, RefusesWhat110RoundsFindAndNotWhatTakesOneMore) {
  const BignumPtr p = test::random_prime(1024);
  const auto refusal_in_round = [&](unsigned round) {
    const test::PrimePair pair = test::close_primes(p.get(), round);
    return refusal(test::rsa_key(test::product(pair.p.get(), pair.q.get()).get()));
  };
  EXPECT_THAT(refusal_in_round(100), HasSubstr("round 100 of"));
  EXPECT_THAT(refusal_in_round(110), HasSubstr("round 110 of"));
  EXPECT_EQ(refusal_in_round(111), "");
}

TEST(KeyQuality, RefusesKeysOfTheBrokenInfineonLibrary) {
  const BignumPtr p = test::roca_prime(1024, 126);  // the M of keys of 1984 to 3936 bits
  const BignumPtr q = test::roca_prime(1024, 126);
  const PublicKey key = test::rsa_key(test::product(p.get(), q.get()).get());
  ASSERT_EQ(key.bits(), 2048U);
  EXPECT_THAT(refusal(key), AllOf(HasSubstr("CVE-2017-15361"), EndsWith("(rule key.roca)")));
  // One such prime alone is not that library's, and does not look like it.
  EXPECT_EQ(refusal(test::rsa_key(test::product(p.get(), test::random_prime(1024).get()).get())), "");
}

TEST(KeyQuality, RefusesLargeKeysOfTheBrokenInfineonLibrary) {
  const BignumPtr p = test::roca_prime(2048, 225);  // the M of keys of 3968 bits and more
  const PublicKey key = test::rsa_key(test::product(p.get(), test::roca_prime(2048, 225).get()).get());
  ASSERT_EQ(key.bits(), 4096U);
  EXPECT_THAT(refusal(key), EndsWith("(rule key.roca)"));
}

TEST(KeyQuality, RefusesPointsThatAreNoneWhenTheKeyIsRead) {
  const struct {
    KeyType curve;
    std::size_t field_bytes;
  } cases[] = {{KeyType::kEcP256, 32}, {KeyType::kEcP384, 48}, {KeyType::kEcP521, 66}};
  for (const auto& c : cases) {
    const EvpPkeyPtr good = test::make_key(c.curve);
    Bytes off = test::spki_of(good.get());
    off.back() ^= 1U;
    EXPECT_THAT(refusal_to_read(off), EndsWith("(rule key.ec-point)"));
    Bytes origin(1 + 2 * c.field_bytes);  // (0, 0), which some programs mean by infinity
    origin[0] = 4;
    EXPECT_THAT(refusal_to_read(ec_spki(c.curve, origin).value()), EndsWith("(rule key.ec-point)"));
    Bytes beyond_field(1 + 2 * c.field_bytes, 0xFF);
    beyond_field[0] = 4;
    EXPECT_THAT(refusal_to_read(ec_spki(c.curve, beyond_field).value()), EndsWith("(rule key.ec-point)"));
    const Bytes spki = test::spki_of(good.get());
    der::Reader outer(spki);
    const Bytes algorithm = copy_of(outer.enter(der::kSequence, "spki").value().any("algorithm").value().whole);
    for (const Bytes& point : {Bytes{0}, Bytes(1 + c.field_bytes, 2)}) {  // infinity; compressed
      EXPECT_THAT(refusal_to_read(der::sequence({algorithm, der::bit_string(point)})), EndsWith("(rule key.ec-point)"));
    }
  }
}

TEST(KeyQuality, RefusesOtherCurvesAndAlgorithmsWhenTheKeyIsRead) {
  for (const char* curve : {"1.3.132.0.10", "1.3.132.0.33", "1.3.36.3.3.2.8.1.1.7"}) {
    const Bytes algorithm = der::sequence({der::oid("1.2.840.10045.2.1"), der::oid(curve)});
    EXPECT_THAT(refusal_to_read(der::sequence({algorithm, der::bit_string(Bytes(65, 4))})),
                AllOf(HasSubstr(curve), EndsWith("(rule key.ec-curve)")));
  }
  for (const char* algorithm : {"1.2.840.10040.4.1", "1.3.101.110", "1.3.101.113"}) {  // DSA, X25519, Ed448
    EXPECT_THAT(refusal_to_read(der::sequence({der::sequence({der::oid(algorithm)}), der::bit_string(Bytes(32, 4))})),
                AllOf(HasSubstr(algorithm), EndsWith("(rule key.algorithm)")));
  }
}

TEST(KeyQuality, ARefusalWhileReadingARequestNamesTheSameField) {
  const EvpPkeyPtr key = test::make_key(KeyType::kEcP256);
  Bytes request = test::make_csr(key.get(), "a", {});
  const Bytes spki = test::spki_of(key.get());
  const auto at = std::ranges::search(request, spki);
  ASSERT_FALSE(at.empty());
  at.back() ^= 1U;
  const auto csr = Csr::parse(request);
  ASSERT_FALSE(csr.has_value());
  EXPECT_EQ(csr.error().field, "csr.subjectPublicKeyInfo");
  EXPECT_THAT(csr.error().message, EndsWith("(rule key.ec-point)"));
}

TEST(KeyQuality, IsSharedByThreads) {
  const PublicKey rsa = test::public_key_of(test::make_key(KeyType::kRsa).get());
  const PublicKey ed25519 = test::public_key_of(test::make_key(KeyType::kEd25519).get());
  std::atomic<int> taken = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (const PublicKey& key : {rsa, ed25519, rsa, ed25519}) taken += check_key_quality(key, {}).has_value();
      });
    }
  }
  EXPECT_EQ(taken, 16);
}

}  // namespace
}  // namespace signet
