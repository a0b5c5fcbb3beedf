#include "x509/roca.h"

namespace signet {
namespace {

constexpr unsigned kGenerator = 65537;
constexpr std::size_t kLargestPrime = 167;
static_assert(kSmallPrimes[1] == 3 && kSmallPrimes[kRocaPrimes] == kLargestPrime);

using IsPower = std::array<bool, kLargestPrime + 1>;

/// For each prime which numbers are powers of the generator. Of 2 all odd numbers are, which says nothing.
constexpr auto kPowers = [] {
  std::array<IsPower, kRocaPrimes + 1> powers{};
  for (std::size_t i = 1; i <= kRocaPrimes; ++i) {
    const unsigned prime = kSmallPrimes[i];
    for (unsigned power = 1; !powers[i][power]; power = power * kGenerator % prime) powers[i][power] = true;
  }
  return powers;
}();

}  // namespace

bool has_roca_fingerprint(const SmallResidues& modulus) noexcept {
  for (std::size_t i = 1; i <= kRocaPrimes; ++i) {
    if (!kPowers[i][modulus[i]]) return false;
  }
  return true;
}

}  // namespace signet
