#include "wire/frame.h"

#include <gtest/gtest.h>

namespace signet {
namespace {

TEST(Frame, LengthIsFourBytesBigEndian) {
  const auto frame = encode_frame(Bytes(258, 0xAB), kMaxRequestBytes);
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(to_hex(ByteView(*frame).first(5)), "00000102ab");
  EXPECT_EQ(frame->size(), 262U);
}

TEST(Frame, AcceptsExactlyTheBound) {
  EXPECT_EQ(decode_frame_length(Bytes{0x00, 0x01, 0x00, 0x00}, kMaxRequestBytes).value(), kMaxRequestBytes);
  EXPECT_EQ(decode_frame_length(Bytes{0x00, 0x10, 0x00, 0x00}, kMaxResponseBytes).value(), kMaxResponseBytes);
  EXPECT_TRUE(encode_frame(Bytes(kMaxRequestBytes), kMaxRequestBytes).has_value());
}

TEST(Frame, RefusesOneByteMoreThanTheBoundAndNamesBoth) {
  const auto length = decode_frame_length(Bytes{0x00, 0x01, 0x00, 0x01}, kMaxRequestBytes);
  ASSERT_FALSE(length.has_value());
  EXPECT_EQ(length.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(length.error().message.find("65537"), std::string::npos) << length.error().message;
  EXPECT_NE(length.error().message.find("65536"), std::string::npos) << length.error().message;
  EXPECT_FALSE(encode_frame(Bytes(kMaxRequestBytes + 1), kMaxRequestBytes).has_value());
}

TEST(Frame, RefusesLengthsThatWouldBeNegativeOrHuge) {
  EXPECT_FALSE(decode_frame_length(Bytes{0x80, 0x00, 0x00, 0x01}, kMaxInternalBytes).has_value());
  EXPECT_FALSE(decode_frame_length(Bytes{0xFF, 0xFF, 0xFF, 0xFF}, kMaxInternalBytes).has_value());
}

TEST(Frame, RefusesAnEmptyFrame) {
  EXPECT_FALSE(decode_frame_length(Bytes{0, 0, 0, 0}, kMaxRequestBytes).has_value());
  EXPECT_FALSE(encode_frame({}, kMaxRequestBytes).has_value());
}

TEST(Frame, RefusesAHeaderOfAnotherSize) {
  EXPECT_FALSE(decode_frame_length(Bytes{0, 0, 1}, kMaxRequestBytes).has_value());
  EXPECT_FALSE(decode_frame_length(Bytes{0, 0, 0, 0, 1}, kMaxRequestBytes).has_value());
}

}  // namespace
}  // namespace signet
