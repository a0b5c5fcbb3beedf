// RSA numbers made to be weak in one chosen way, for tests.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "x509/openssl_handles.h"
#include "x509/public_key.h"

namespace signet::test {

[[nodiscard]] Bytes bytes_of(const BIGNUM* number);
[[nodiscard]] BignumPtr number(std::uint64_t value);
[[nodiscard]] BignumPtr product(const BIGNUM* a, const BIGNUM* b);

/// Its two highest bits are set, so that two of them have a product of twice as many bits.
[[nodiscard]] BignumPtr random_prime(int bits);
/// The first prime from `from` on.
[[nodiscard]] BignumPtr prime_from(const BIGNUM* from);

/// Odd, of exactly so many bits, not looked at any further.
[[nodiscard]] BignumPtr random_odd(int bits);

/// Two primes whose product Fermat's method factors in just this round, which starts at 1.
struct PrimePair {
  BignumPtr p;
  BignumPtr q;
};
[[nodiscard]] PrimePair close_primes(const BIGNUM* p, unsigned round);

/// The product of the first `primes` primes.
[[nodiscard]] BignumPtr primorial(unsigned primes);
/// A prime k*M + (65537^a mod M), where M is primorial(primes), and k and a are random (Nemec et al. 2017, section 2).
[[nodiscard]] BignumPtr roca_prime(int bits, unsigned primes);

[[nodiscard]] PublicKey rsa_key(const BIGNUM* modulus, std::uint64_t exponent = 65537);

}  // namespace signet::test
