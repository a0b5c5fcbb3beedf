#include "x509/rsa_quality.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "x509/close_primes.h"
#include "x509/key_rule.h"
#include "x509/roca.h"

namespace signet {
namespace {

Result<void> check_size(unsigned bits, const KeyRules& rules) {
  if (bits < rules.rsa_bits_min || bits > rules.rsa_bits_max) {
    return refuse_key("key.rsa-size", fmt::format("the RSA modulus has {} bits; {} to {} are taken", bits,
                                                  rules.rsa_bits_min, rules.rsa_bits_max));
  }
  if (bits % 8 == 0) return {};
  return refuse_key("key.rsa-size", fmt::format("the RSA modulus has {} bits, which is no multiple of 8", bits));
}

/// PublicKey::from_spki takes no exponent of more than 64 bits.
std::uint64_t exponent_of(ByteView big_endian) {
  std::uint64_t exponent = 0;
  for (const std::uint8_t byte : big_endian) exponent = exponent << 8U | byte;
  return exponent;
}

Result<void> check_exponent(std::uint64_t exponent, const KeyRules& rules) {
  if (rules.rsa_exponents.contains(exponent)) return {};
  return refuse_key("key.rsa-exponent", fmt::format("the RSA exponent is {}; taken is {}", exponent,
                                                    fmt::join(rules.rsa_exponents, " or ")));
}

Result<void> check_small_factors(const SmallResidues& residues) {
  const auto* const divides = std::ranges::find(residues, 0);
  if (divides == residues.end()) return {};
  return refuse_key("key.rsa-small-factor",
                    fmt::format("the RSA modulus is divisible by {}; make a new key",
                                kSmallPrimes[static_cast<std::size_t>(divides - residues.begin())]));
}

Result<void> check_close_primes(ByteView modulus, const SmallResidues& residues) {
  SIGNET_TRY(const std::optional<unsigned> round, fermat_round(modulus, residues, kFermatRounds));
  if (!round) return {};
  if (*round == 0) return refuse_key("key.rsa-square", "the RSA modulus is the square of a number; make a new key");
  return refuse_key("key.rsa-close-primes",
                    fmt::format("the two factors of the RSA modulus are so close that round {} of Fermat's method "
                                "finds them; {} rounds are tried; make a new key with another program",
                                *round, kFermatRounds));
}

Result<void> check_roca(const SmallResidues& residues) {
  if (!has_roca_fingerprint(residues)) return {};
  return refuse_key("key.roca",
                    "the RSA modulus has the structure of keys that Infineon's chips made until 2017, which can be "
                    "factored (CVE-2017-15361); make the key outside of that token, or with newer firmware");
}

}  // namespace

Result<void> check_rsa_quality(const SpkiParts& key, const KeyRules& rules) {
  SIGNET_CHECK(check_size(key.bits, rules));
  SIGNET_CHECK(check_exponent(exponent_of(key.exponent), rules));
  const SmallResidues residues = small_residues(key.modulus);
  SIGNET_CHECK(check_small_factors(residues));
  SIGNET_CHECK(check_roca(residues));
  return check_close_primes(key.modulus, residues);
}

}  // namespace signet
