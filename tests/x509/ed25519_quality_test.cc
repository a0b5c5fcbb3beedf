#include "x509/ed25519_quality.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto.h"
#include "weak_keys.h"
#include "x509/key_quality.h"

namespace signet {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr const char* kP = "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFED";
constexpr const char* kD = "52036CEE2B6FFE738CC740797779E89800700A4D4141D8AB75EB4DCA135978A3";

BignumPtr from_hex_digits(const char* digits) {
  BIGNUM* number = nullptr;
  BN_hex2bn(&number, digits);
  return BignumPtr(number);
}

/// "" where the key is taken.
std::string refusal(ByteView key) {
  const auto checked = check_key_quality(PublicKey::from_spki(ed25519_spki(key).value()).value(), {});
  return checked.has_value() ? "" : checked.error().message;
}

Bytes with_sign(Bytes key) {
  key.back() |= 0x80U;
  return key;
}

/// Euler's criterion for x^2 = (y^2 - 1) / (d y^2 + 1), with the division done.
bool has_x(ByteView key) {
  const BignumContextPtr context(BN_CTX_new());
  const BignumPtr p = from_hex_digits(kP);
  const BignumPtr y(BN_lebin2bn(key.data(), static_cast<int>(key.size()), nullptr));
  const BignumPtr u(BN_new());
  const BignumPtr v(BN_new());
  BN_mod_sqr(u.get(), y.get(), p.get(), context.get());
  BN_mod_mul(v.get(), u.get(), from_hex_digits(kD).get(), p.get(), context.get());
  BN_sub_word(u.get(), 1);
  BN_add_word(v.get(), 1);
  BN_mod_inverse(v.get(), v.get(), p.get(), context.get());
  BN_mod_mul(u.get(), u.get(), v.get(), p.get(), context.get());
  const BignumPtr half(BN_dup(p.get()));
  BN_rshift1(half.get(), half.get());
  BN_mod_exp(u.get(), u.get(), half.get(), p.get(), context.get());
  return BN_is_one(u.get());
}

TEST(Ed25519Quality, RefusesThePointsOfSmallOrder) {
  const std::string points[] = {
      "01" + std::string(62, '0'),                                         // order 1
      "ec" + std::string(60, 'f') + "7f",                                  // order 2
      std::string(64, '0'),                                                // order 4
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",  // order 8
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",  // order 8
  };
  for (const std::string& point : points) {
    const Bytes key = from_hex(point).value();
    EXPECT_THAT(refusal(key), AllOf(HasSubstr(point), EndsWith("(rule key.ed25519-order)")));
    EXPECT_THAT(refusal(with_sign(key)), EndsWith("(rule key.ed25519-order)")) << point;
  }
}

TEST(Ed25519Quality, RefusesCoordinatesThatAreNotReduced) {
  for (unsigned excess = 0; excess < 19; ++excess) {  // p to 2^255 - 1
    Bytes key(32, 0xFF);
    key[0] = static_cast<std::uint8_t>(0xED + excess);
    key.back() = 0x7F;
    EXPECT_THAT(refusal(key), AllOf(HasSubstr("not below 2^255 - 19"), EndsWith("(rule key.ed25519-point)")));
    EXPECT_THAT(refusal(with_sign(key)), EndsWith("(rule key.ed25519-point)"));
  }
}

TEST(Ed25519Quality, TakesJustThePointsOfTheCurve) {
  int points = 0;
  for (int i = 0; i < 64; ++i) {
    Bytes key = test::bytes_of(test::random_odd(256).get());
    key.back() &= 0x3FU;
    const bool is_point = has_x(key);
    points += is_point ? 1 : 0;
    EXPECT_EQ(refusal(key).empty(), is_point) << to_hex(key);
    if (is_point) continue;
    EXPECT_THAT(refusal(key), EndsWith("is no point of the curve (rule key.ed25519-point)"));
  }
  EXPECT_GT(points, 8);
  EXPECT_LT(points, 56);
}

}  // namespace
}  // namespace signet
