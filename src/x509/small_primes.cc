#include "x509/small_primes.h"

#include <limits>

namespace signet {
namespace {

constexpr std::uint64_t kGroupBound = std::numeric_limits<std::uint32_t>::max();

/// Where the group of consecutive primes that starts at `first` ends: their product fits in 32 bits, so that the large
/// number is divided once for all of them.
constexpr std::size_t end_of_group(std::size_t first) noexcept {
  std::uint64_t product = 1;
  while (first < kSmallPrimes.size() && product * kSmallPrimes[first] <= kGroupBound) product *= kSmallPrimes[first++];
  return first;
}

constexpr std::uint64_t product_of(std::size_t first, std::size_t end) noexcept {
  std::uint64_t product = 1;
  for (; first < end; ++first) product *= kSmallPrimes[first];
  return product;
}

std::uint64_t modulo(ByteView big_endian, std::uint64_t divisor) noexcept {
  std::uint64_t rest = 0;
  const std::size_t odd_bytes = big_endian.size() % 4;
  for (const std::uint8_t byte : big_endian.first(odd_bytes)) rest = (rest << 8U | byte) % divisor;
  for (ByteView words = big_endian.subspan(odd_bytes); !words.empty(); words = words.subspan(4))
    rest = (rest << 32U | read_u32(words)) % divisor;
  return rest;
}

}  // namespace

SmallResidues small_residues(ByteView big_endian) noexcept {
  SmallResidues residues{};
  for (std::size_t first = 0; first < kSmallPrimes.size();) {
    const std::size_t end = end_of_group(first);
    const std::uint64_t rest = modulo(big_endian, product_of(first, end));
    for (; first < end; ++first) residues[first] = static_cast<std::uint16_t>(rest % kSmallPrimes[first]);
  }
  return residues;
}

}  // namespace signet
