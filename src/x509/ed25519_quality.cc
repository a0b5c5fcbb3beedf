#include "x509/ed25519_quality.h"

#include <fmt/format.h>

#include "x509/key_rule.h"
#include "x509/openssl_handles.h"

namespace signet {
namespace {

BignumPtr from_hex_digits(const char* digits) {
  BIGNUM* number = nullptr;
  BN_hex2bn(&number, digits);
  return BignumPtr(number);
}

/// RFC 8032 section 5.1: -x^2 + y^2 = 1 + d x^2 y^2 modulo p.
struct Edwards25519 {
  BignumPtr p = from_hex_digits("7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFED");
  BignumPtr d = from_hex_digits("52036CEE2B6FFE738CC740797779E89800700A4D4141D8AB75EB4DCA135978A3");
};

const Edwards25519& curve() {
  static const Edwards25519 constants;
  return constants;
}

/// Of a point with this y: what decides whether it is on the curve, and whether its order is small.
struct Values {
  BignumContextPtr context{BN_CTX_new()};
  BignumPtr y{BN_new()};
  BignumPtr y2{BN_new()};     ///< y^2
  BignumPtr u{BN_new()};      ///< y^2 - 1
  BignumPtr v{BN_new()};      ///< d y^2 + 1; never 0, because -1/d is no square
  BignumPtr uv{BN_new()};     ///< x^2 = u/v, which is a square where uv is one
  BignumPtr eight{BN_new()};  ///< d y^4 + 2 y^2 - 1
  [[nodiscard]] bool ready() const { return curve().p && curve().d && context && y && y2 && u && v && uv && eight; }
};

std::unexpected<Error> out_of_memory() {
  return fail(ErrorCode::kInternal, "OpenSSL cannot compute with an Ed25519 key");
}

/// The encoding is y in little-endian order, whose highest bit is the sign of x.
bool read_y(Values& values, ByteView public_key) {
  Bytes bytes = copy_of(public_key);
  bytes.back() &= 0x7FU;
  return BN_lebin2bn(bytes.data(), static_cast<int>(bytes.size()), values.y.get()) != nullptr;
}

bool compute(Values& values) {
  const BIGNUM* const p = curve().p.get();
  const BIGNUM* const one = BN_value_one();
  BN_CTX* const context = values.context.get();
  BIGNUM* const y2 = values.y2.get();
  BIGNUM* const eight = values.eight.get();
  return BN_mod_sqr(y2, values.y.get(), p, context) == 1 && BN_mod_sub(values.u.get(), y2, one, p, context) == 1 &&
         BN_mod_mul(eight, curve().d.get(), y2, p, context) == 1 &&
         BN_mod_add(values.v.get(), eight, one, p, context) == 1 &&
         BN_mod_mul(values.uv.get(), values.u.get(), values.v.get(), p, context) == 1 &&
         BN_mod_add(eight, values.v.get(), one, p, context) == 1 && BN_mod_mul(eight, eight, y2, p, context) == 1 &&
         BN_mod_sub(eight, eight, one, p, context) == 1;
}

/// The points of order 1 and 2 have y = 1 and -1, those of order 4 have y = 0. A point of order 8 becomes one with
/// y = 0 when doubled, that is x^2 + y^2 = 0; put into the curve's equation: d y^4 + 2 y^2 - 1 = 0.
bool is_of_small_order(const Values& values) {
  return BN_is_zero(values.y.get()) || BN_is_zero(values.u.get()) || BN_is_zero(values.eight.get());
}

}  // namespace

Result<void> check_ed25519_quality(ByteView public_key) {
  Values values;
  if (!values.ready() || !read_y(values, public_key)) return out_of_memory();
  if (BN_cmp(values.y.get(), curve().p.get()) >= 0) {
    return refuse_key(
        "key.ed25519-point",
        fmt::format("the Ed25519 key {} has a coordinate that is not below 2^255 - 19", to_hex(public_key)));
  }
  if (!compute(values)) return out_of_memory();
  if (is_of_small_order(values)) {
    return refuse_key("key.ed25519-order",
                      fmt::format("the Ed25519 key {} is a point of an order of at most 8, under which anybody can "
                                  "sign; make a new key",
                                  to_hex(public_key)));
  }
  const int square = BN_kronecker(values.uv.get(), curve().p.get(), values.context.get());
  if (square == -2) return out_of_memory();
  if (square == 1) return {};
  return refuse_key("key.ed25519-point",
                    fmt::format("the Ed25519 key {} is no point of the curve", to_hex(public_key)));
}

}  // namespace signet
