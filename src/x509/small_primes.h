// The primes below 752 and what a large number leaves when divided by each. Internal to x509: rules of RSA keys start
// from it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace signet {

/// The CA/Browser Forum's Baseline Requirements, section 6.1.6: an RSA modulus has no factor smaller than 752.
inline constexpr std::uint16_t kSmallFactorBound = 752;

namespace detail {

constexpr bool is_small_prime(unsigned number) noexcept {
  for (unsigned divisor = 2; divisor * divisor <= number; ++divisor) {
    if (number % divisor == 0) return false;
  }
  return number >= 2;
}

constexpr std::size_t count_small_primes() noexcept {
  std::size_t count = 0;
  for (unsigned number = 2; number < kSmallFactorBound; ++number) count += is_small_prime(number) ? 1 : 0;
  return count;
}

}  // namespace detail

/// 2, 3, 5, ... 751.
inline constexpr auto kSmallPrimes = [] {
  std::array<std::uint16_t, detail::count_small_primes()> primes{};
  std::size_t next = 0;
  for (unsigned number = 2; number < kSmallFactorBound; ++number) {
    if (detail::is_small_prime(number)) primes[next++] = static_cast<std::uint16_t>(number);
  }
  return primes;
}();

/// For each of kSmallPrimes, in its order.
using SmallResidues = std::array<std::uint16_t, kSmallPrimes.size()>;

/// `big_endian` modulo each of kSmallPrimes.
[[nodiscard]] SmallResidues small_residues(ByteView big_endian) noexcept;

}  // namespace signet
