// Whether a key that somebody wants certified is one that only he can use. docs/key-quality.md is for operators.
#pragma once

#include <cstdint>
#include <set>

#include "x509/public_key.h"

namespace signet {

/// What a profile decides of the keys it takes; everything else is the same for all.
struct KeyRules {
  unsigned rsa_bits_min = 2048;
  unsigned rsa_bits_max = 8192;
  std::set<std::uint64_t> rsa_exponents = {65537};
  friend bool operator==(const KeyRules&, const KeyRules&) = default;
};

/// How many rounds of Fermat's factorization an RSA modulus withstands; the Baseline Requirements, section 6.1.1.3, ask
/// for 100.
inline constexpr unsigned kFermatRounds = 110;

/// The key is sound as far as its public half shows. What PublicKey::from_spki refuses is not looked at again; that an
/// RSA modulus has two prime factors, and no more structure than these rules know, is not shown by them.
/// Errors: kInvalidArgument, field "csr.subjectPublicKeyInfo"; the message has the offending value and ends in the name
/// of the first rule that is broken:
///   key.rsa-size           below rsa_bits_min, beyond rsa_bits_max, or no multiple of 8 bits
///   key.rsa-exponent       none of rsa_exponents
///   key.rsa-small-factor   a prime below 752 divides the modulus
///   key.rsa-square         the modulus is a square
///   key.rsa-close-primes   kFermatRounds rounds of Fermat's method factor the modulus
///   key.roca               the modulus has the structure of CVE-2017-15361
///   key.ed25519-point      no point of the curve, or a coordinate not below 2^255 - 19 (RFC 8032 section 5.1.3)
///   key.ed25519-order      a point of order 1, 2, 4 or 8, under which anybody signs
/// An EC key that was read is sound: P-256, P-384 and P-521 have prime order, and infinity has no uncompressed form.
/// Cost: 24 us for RSA-2048, 55 us for RSA-4096, 10 us for Ed25519, nothing for EC. Thread-safe.
[[nodiscard]] Result<void> check_key_quality(const PublicKey& key, const KeyRules& rules);

}  // namespace signet
