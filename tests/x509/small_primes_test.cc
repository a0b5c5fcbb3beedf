#include "x509/small_primes.h"

#include <gtest/gtest.h>

#include "weak_keys.h"

namespace signet {
namespace {

TEST(SmallPrimes, AreThoseBelow752) {
  EXPECT_EQ(kSmallPrimes.size(), 133U);
  EXPECT_EQ(kSmallPrimes.front(), 2U);
  EXPECT_EQ(kSmallPrimes.back(), 751U);
  for (const std::uint16_t prime : kSmallPrimes)
    EXPECT_EQ(BN_check_prime(test::number(prime).get(), nullptr, nullptr), 1) << prime;
}

TEST(SmallPrimes, LeaveWhatOpenSslSays) {
  for (const int bits : {1, 7, 8, 9, 31, 32, 33, 65, 1024, 2047, 2048, 8192}) {
    const BignumPtr number = test::random_odd(bits);
    const SmallResidues residues = small_residues(test::bytes_of(number.get()));
    for (std::size_t i = 0; i < kSmallPrimes.size(); ++i)
      EXPECT_EQ(residues[i], BN_mod_word(number.get(), kSmallPrimes[i])) << bits << " bits, " << kSmallPrimes[i];
  }
}

TEST(SmallPrimes, OfNothingLeaveNothing) { EXPECT_EQ(small_residues({}), SmallResidues()); }

}  // namespace
}  // namespace signet
