#include "x509/close_primes.h"

#include <gtest/gtest.h>

#include "weak_keys.h"

namespace signet {
namespace {

using Round = std::optional<unsigned>;

Round round_of(const BIGNUM* modulus, unsigned rounds) {
  const Bytes bytes = test::bytes_of(modulus);
  return fermat_round(bytes, small_residues(bytes), rounds).value();
}

/// Fermat's method word for word, for numbers that fit into one.
Round slow_round(std::uint64_t n, unsigned rounds) {
  std::uint64_t root = 0;
  while ((root + 1) * (root + 1) <= n) ++root;
  if (root * root == n) return 0;
  for (unsigned round = 1; round <= rounds; ++round) {
    const std::uint64_t difference = (root + round) * (root + round) - n;
    std::uint64_t b = 0;
    while ((b + 1) * (b + 1) <= difference) ++b;
    if (b * b == difference) return round;
  }
  return {};
}

TEST(ClosePrimes, AreFoundInTheRoundThatTheMethodSays) {
  for (std::uint64_t n = 1; n < 20'000; n += 2) EXPECT_EQ(round_of(test::number(n).get(), 30), slow_round(n, 30)) << n;
}

TEST(ClosePrimes, OfEverySizeAreFoundInTheRoundTheyAreMadeFor) {
  for (const int bits : {256, 1024, 2048}) {
    const BignumPtr p = test::random_prime(bits);
    for (const unsigned round : {1U, 2U, 3U, 50U, 109U, 110U}) {
      const test::PrimePair pair = test::close_primes(p.get(), round);
      const BignumPtr modulus = test::product(pair.p.get(), pair.q.get());
      EXPECT_EQ(round_of(modulus.get(), 110), Round(round)) << bits;
      EXPECT_EQ(round_of(modulus.get(), round - 1), Round()) << bits;
    }
  }
}

TEST(ClosePrimes, ThatAreFarApartAreNotFound) {
  for (int i = 0; i < 5; ++i) {
    const BignumPtr modulus = test::product(test::random_prime(512).get(), test::random_prime(512).get());
    EXPECT_EQ(round_of(modulus.get(), 1000), Round());
  }
}

TEST(ClosePrimes, OfTheSameValueAreRoundZero) {
  for (const int bits : {64, 513, 1024, 4096}) {
    const BignumPtr root = test::random_odd(bits);
    EXPECT_EQ(round_of(test::product(root.get(), root.get()).get(), 0), Round(0U)) << bits;
  }
}

}  // namespace
}  // namespace signet
