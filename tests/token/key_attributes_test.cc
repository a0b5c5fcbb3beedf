#include "token/key_attributes.h"

#include <gmock/gmock.h>

namespace signet {
namespace {

using testing::HasSubstr;

Bytes joined(Bytes header, std::size_t size) {
  header.resize(header.size() + size, 0x5A);
  return header;
}

TEST(EcPoint, IsTakenBareOrInsideAnOctetString) {
  struct Case {
    KeyType type;
    std::size_t size;
    Bytes header;
  };
  const Case cases[] = {{KeyType::kEcP256, 65, {0x04, 0x41}},
                        {KeyType::kEcP384, 97, {0x04, 0x61}},
                        {KeyType::kEcP521, 133, {0x04, 0x81, 0x85}},
                        {KeyType::kEd25519, 32, {0x04, 0x20}}};
  for (const Case& c : cases) {
    const Bytes bare = joined({}, c.size);
    EXPECT_EQ(bare_ec_point(c.type, bare).value(), bare) << name_of(c.type);
    EXPECT_EQ(bare_ec_point(c.type, joined(c.header, c.size)).value(), bare) << name_of(c.type);
  }
}

TEST(EcPoint, OfEd25519IsTakenInsideABitStringToo) {
  EXPECT_EQ(bare_ec_point(KeyType::kEd25519, joined({0x03, 0x21, 0x00}, 32)).value(), joined({}, 32));
}

TEST(EcPoint, OfABareKeyThatLooksLikeAHeaderIsDecidedByItsLength) {
  const Bytes bare = joined({0x04, 0x1E}, 30);  // 32 bytes, whose start reads like OCTET STRING of 30 bytes
  EXPECT_EQ(bare_ec_point(KeyType::kEd25519, bare).value(), bare);
}

TEST(EcPoint, OfAnotherLengthIsRefused) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{33}, std::size_t{64}, std::size_t{66}}) {
    const auto point = bare_ec_point(KeyType::kEcP256, Bytes(size, 0x04));
    ASSERT_FALSE(point.has_value()) << size;
    EXPECT_THAT(point.error().message, HasSubstr("ec-p256"));
  }
  EXPECT_FALSE(bare_ec_point(KeyType::kEcP256, joined({0x04, 0x40}, 65)).has_value()) << "the header's length is wrong";
}

TEST(EcParams, NameTheCurvesBothWays) {
  for (const KeyType type : {KeyType::kEcP256, KeyType::kEcP384, KeyType::kEcP521, KeyType::kEd25519}) {
    EXPECT_EQ(key_type_from_ec_params(ec_params_of(type)), type);
  }
  EXPECT_EQ(key_type_from_ec_params(Bytes{0x06, 0x03, 0x2B, 0x65, 0x70}), KeyType::kEd25519);         // RFC 8410
  EXPECT_EQ(key_type_from_ec_params(Bytes{0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x0A}), std::nullopt);  // secp256k1
  EXPECT_TRUE(ec_params_of(KeyType::kRsa).empty());
}

}  // namespace
}  // namespace signet
