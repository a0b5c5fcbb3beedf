#include "x509/close_primes.h"

#include "x509/openssl_handles.h"

namespace signet {
namespace {

/// Primes of the sieve, from the second on: of 2 every number is a square. What is no square passes one prime in about
/// half of the cases, all 32 in one of four billion.
constexpr std::size_t kSievePrimes = 32;

using IsSquare = std::array<bool, 256>;
static_assert(kSmallPrimes[kSievePrimes] < IsSquare().size());

constexpr auto kSquares = [] {
  std::array<IsSquare, kSievePrimes + 1> squares{};
  for (std::size_t i = 1; i <= kSievePrimes; ++i) {
    const unsigned prime = kSmallPrimes[i];
    for (unsigned root = 0; root < prime; ++root) squares[i][root * root % prime] = true;
  }
  return squares;
}();

/// False only where (root + round)^2 - n is no square: then it is none modulo some prime either, and no large number is
/// needed to see it.
bool may_be_square(const SmallResidues& root, unsigned round, const SmallResidues& n) noexcept {
  for (std::size_t i = 1; i <= kSievePrimes; ++i) {
    const unsigned prime = kSmallPrimes[i];
    const unsigned a = (root[i] + round) % prime;
    if (!kSquares[i][(a * a + prime - n[i]) % prime]) return false;
  }
  return true;
}

/// root = floor(sqrt(n)) for n > 0, by Newton's iteration from above: it falls until it is there. False: out of memory.
bool floor_sqrt(BIGNUM* root, const BIGNUM* n, BN_CTX* context) {
  const BignumPtr next(BN_new());
  BN_zero(root);
  if (!next || BN_set_bit(root, (BN_num_bits(n) + 1) / 2) != 1) return false;
  while (true) {
    if (BN_div(next.get(), nullptr, n, root, context) != 1 || BN_add(next.get(), next.get(), root) != 1 ||
        BN_rshift1(next.get(), next.get()) != 1) {
      return false;
    }
    if (BN_cmp(next.get(), root) >= 0) return true;
    BN_swap(root, next.get());
  }
}

struct Numbers {
  BignumContextPtr context{BN_CTX_new()};
  BignumPtr n{BN_new()};
  BignumPtr root{BN_new()};  ///< floor(sqrt(n))
  BignumPtr difference{BN_new()};
  BignumPtr test{BN_new()};
  [[nodiscard]] bool ready() const { return context && n && root && difference && test; }
};

std::unexpected<Error> out_of_memory() {
  return fail(ErrorCode::kInternal, "OpenSSL cannot look for close primes of an RSA modulus");
}

/// (root + round)^2 - n is a square; of round 0 whether it is nothing.
Result<bool> is_square(Numbers& numbers, unsigned round) {
  BIGNUM* const difference = numbers.difference.get();
  BIGNUM* const test = numbers.test.get();
  BN_CTX* const context = numbers.context.get();
  if (BN_copy(test, numbers.root.get()) == nullptr || BN_add_word(test, round) != 1 ||
      BN_sqr(difference, test, context) != 1 || BN_sub(difference, difference, numbers.n.get()) != 1) {
    return out_of_memory();
  }
  if (BN_is_zero(difference)) return true;
  if (BN_is_negative(difference)) return false;
  if (!floor_sqrt(test, difference, context) || BN_sqr(test, test, context) != 1) return out_of_memory();
  return BN_cmp(test, difference) == 0;
}

Result<SmallResidues> residues_of(const BIGNUM* number) {
  Bytes bytes(static_cast<std::size_t>(BN_num_bytes(number)));
  if (BN_bn2bin(number, bytes.data()) < 0) return out_of_memory();
  return small_residues(bytes);
}

}  // namespace

Result<std::optional<unsigned>> fermat_round(ByteView modulus, const SmallResidues& residues, unsigned rounds) {
  Numbers numbers;
  if (!numbers.ready() || BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), numbers.n.get()) == nullptr ||
      !floor_sqrt(numbers.root.get(), numbers.n.get(), numbers.context.get())) {
    return out_of_memory();
  }
  SIGNET_TRY(const SmallResidues root, residues_of(numbers.root.get()));
  for (unsigned round = 0; round <= rounds; ++round) {
    if (!may_be_square(root, round, residues)) continue;
    SIGNET_TRY(const bool found, is_square(numbers, round));
    if (found) return round;
  }
  return std::nullopt;
}

}  // namespace signet
