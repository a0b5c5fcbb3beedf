#include "x509/roca.h"

#include <gtest/gtest.h>

#include <set>

#include "weak_keys.h"

namespace signet {
namespace {

/// Of a number that is 65537^`power` modulo the product of the first 126 primes, and anything beside.
SmallResidues residues_of_power(unsigned power) {
  const BignumPtr m = test::primorial(126);
  const BignumContextPtr context(BN_CTX_new());
  const BignumPtr number(BN_new());
  BN_mod_exp(number.get(), test::number(65537).get(), test::number(power).get(), m.get(), context.get());
  BN_add(number.get(), number.get(), test::product(m.get(), test::random_odd(1000).get()).get());
  return small_residues(test::bytes_of(number.get()));
}

/// The powers of 65537 modulo `prime`, by OpenSSL.
std::set<unsigned> powers_modulo(unsigned prime) {
  std::set<unsigned> powers;
  BignumPtr power = test::number(1);
  while (powers.insert(static_cast<unsigned>(BN_mod_word(power.get(), prime))).second)
    power = test::number(BN_mod_word(test::product(power.get(), test::number(65537).get()).get(), prime));
  return powers;
}

TEST(Roca, SeesEveryPowerOfTheGenerator) {
  for (const unsigned power : {0U, 1U, 2U, 3U, 1000U, 65536U, 123456789U})
    EXPECT_TRUE(has_roca_fingerprint(residues_of_power(power))) << power;
}

TEST(Roca, LooksAtEachOf38PrimesAndTakesJustThePowersOfEach) {
  const SmallResidues fingerprint = residues_of_power(4711);
  unsigned refused_everything_but_zero = 0;
  for (std::size_t i = 1; i <= kRocaPrimes; ++i) {
    const std::set<unsigned> powers = powers_modulo(kSmallPrimes[i]);
    for (unsigned residue = 0; residue < kSmallPrimes[i]; ++residue) {
      SmallResidues changed = fingerprint;
      changed[i] = static_cast<std::uint16_t>(residue);
      EXPECT_EQ(has_roca_fingerprint(changed), powers.contains(residue)) << residue << " modulo " << kSmallPrimes[i];
    }
    refused_everything_but_zero += powers.size() + 1 == kSmallPrimes[i] ? 1 : 0;
  }
  // 65537 generates all residues of these, so that they tell nothing; the other 17 primes are the ones that do.
  EXPECT_EQ(refused_everything_but_zero, 21U);
}

TEST(Roca, DoesNotSeeItInOtherNumbers) {
  for (int i = 0; i < 1000; ++i)
    EXPECT_FALSE(has_roca_fingerprint(small_residues(test::bytes_of(test::random_odd(2048).get()))));
}

}  // namespace
}  // namespace signet
