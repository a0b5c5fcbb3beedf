// Keys of the broken Infineon library, CVE-2017-15361: "The Return of Coppersmith's Attack", Nemec, Sys, Svenda,
// Klinec, Matyas, ACM CCS 2017. Internal to x509.
#pragma once

#include "x509/small_primes.h"

namespace signet {

/// How many of kSmallPrimes the fingerprint looks at, from the second on: 3 to 167.
inline constexpr std::size_t kRocaPrimes = 38;

/// The modulus has the structure of that library's keys, whose primes are k*M + (65537^a mod M), where M is the product
/// of the first 39 primes or of more. A modulus of two such primes is a power of 65537 modulo every prime that divides
/// M. It is true of every key of that library, and of one in 240 million other numbers that no small prime divides.
[[nodiscard]] bool has_roca_fingerprint(const SmallResidues& modulus) noexcept;

}  // namespace signet
