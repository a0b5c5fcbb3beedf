#include "weak_keys.h"

#include <stdexcept>

namespace signet::test {
namespace {

void require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(what);
}

BignumContextPtr context() { return BignumContextPtr(BN_CTX_new()); }

bool is_prime(const BIGNUM* number) { return BN_check_prime(number, context().get(), nullptr) == 1; }

BignumPtr copy(const BIGNUM* number) { return BignumPtr(BN_dup(number)); }

/// floor(sqrt(number)), bit by bit: another way than the one that is tested.
BignumPtr square_root(const BIGNUM* number) {
  BignumPtr root(BN_new());
  for (int bit = BN_num_bits(number) / 2 + 1; bit >= 0; --bit) {
    BignumPtr tried = copy(root.get());
    BN_set_bit(tried.get(), bit);
    if (BN_cmp(product(tried.get(), tried.get()).get(), number) <= 0) root = std::move(tried);
  }
  return root;
}

}  // namespace

Bytes bytes_of(const BIGNUM* number) {
  Bytes bytes(static_cast<std::size_t>(BN_num_bytes(number)));
  BN_bn2bin(number, bytes.data());
  return bytes;
}

BignumPtr number(std::uint64_t value) {
  BignumPtr made(BN_new());
  BN_set_word(made.get(), value);
  return made;
}

BignumPtr product(const BIGNUM* a, const BIGNUM* b) {
  BignumPtr made(BN_new());
  require(BN_mul(made.get(), a, b, context().get()) == 1, "BN_mul");
  return made;
}

BignumPtr random_odd(int bits) {
  BignumPtr made(BN_new());
  require(BN_rand(made.get(), bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD) == 1, "BN_rand");
  return made;
}

BignumPtr random_prime(int bits) {
  BignumPtr made(BN_new());
  require(BN_generate_prime_ex(made.get(), bits, 0, nullptr, nullptr, nullptr) == 1, "BN_generate_prime_ex");
  return made;
}

BignumPtr prime_from(const BIGNUM* from) {
  BignumPtr prime = copy(from);
  if (BN_is_odd(prime.get()) == 0) BN_add_word(prime.get(), 1);
  while (!is_prime(prime.get())) BN_add_word(prime.get(), 2);
  return prime;
}

/// With p = a - b and q = a + b, a is about sqrt(pq) + b^2 / 2a. Round k finds them when that excess is between k - 1
/// and k; half-way, b is sqrt((2k - 1) a), and no gap between primes leads out of it.
PrimePair close_primes(const BIGNUM* p, unsigned round) {
  const BignumPtr b = square_root(product(p, number(2 * round - 1).get()).get());
  BignumPtr q = copy(p);
  require(BN_add(q.get(), q.get(), b.get()) == 1 && BN_add(q.get(), q.get(), b.get()) == 1, "BN_add");
  return {.p = copy(p), .q = prime_from(q.get())};
}

BignumPtr primorial(unsigned primes) {
  BignumPtr made = number(1);
  BignumPtr prime = number(2);
  for (unsigned i = 0; i < primes; ++i) {
    made = product(made.get(), prime.get());
    BN_add_word(prime.get(), 1);
    prime = prime_from(prime.get());
  }
  return made;
}

BignumPtr roca_prime(int bits, unsigned primes) {
  const BignumPtr m = primorial(primes);
  const BignumPtr a(BN_new());
  const BignumPtr power(BN_new());
  require(BN_rand_range(a.get(), m.get()) == 1, "BN_rand_range");
  require(BN_mod_exp(power.get(), number(65537).get(), a.get(), m.get(), context().get()) == 1, "BN_mod_exp");
  // k*M has the two highest bits of a prime of so many bits: 3 * 2^(bits - 2) / M is where k begins.
  BignumPtr k = number(3);
  BN_lshift(k.get(), k.get(), bits - 2);
  BN_div(k.get(), nullptr, k.get(), m.get(), context().get());
  const BignumPtr offset(BN_new());
  BN_rand(offset.get(), BN_num_bits(k.get()) - 4, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY);
  BN_add(k.get(), k.get(), offset.get());
  BignumPtr prime = product(k.get(), m.get());
  BN_add(prime.get(), prime.get(), power.get());
  while (!is_prime(prime.get())) BN_add(prime.get(), prime.get(), m.get());
  return prime;
}

PublicKey rsa_key(const BIGNUM* modulus, std::uint64_t exponent) {
  return PublicKey::from_spki(rsa_spki(bytes_of(modulus), bytes_of(number(exponent).get()))).value();
}

}  // namespace signet::test
