#include "base/bytes.h"

#include <gtest/gtest.h>

namespace signet {
namespace {

TEST(Bytes, HexIsLowerCaseAndTakesBothCases) {
  const Bytes bytes{0x00, 0x7F, 0xAB, 0xFF};
  EXPECT_EQ(to_hex(bytes), "007fabff");
  EXPECT_EQ(from_hex("007FabFF").value(), bytes);
  EXPECT_FALSE(from_hex("0").has_value());
  EXPECT_FALSE(from_hex("0g").has_value());
}

// RFC 4648 section 10.
TEST(Bytes, Base64FollowsThePublishedVectors) {
  const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(to_base64(bytes_of(plain)), encoded);
    EXPECT_EQ(text_of(from_base64(encoded).value()), plain);
  }
}

TEST(Bytes, Base64RefusesEveryOtherSpelling) {
  for (const std::string_view text : {"Zg", "Zg=", "Zh==", "Zm9v\n", " Zg==", "Zg==Zg==", "Z===", "====", "Zm9_"}) {
    EXPECT_FALSE(from_base64(text).has_value()) << text;
  }
}

TEST(Bytes, IntegersAreBigEndian) {
  Bytes bytes;
  append_u16(bytes, 0x0102);
  append_u32(bytes, 0x03040506);
  append_u64(bytes, 0x0708090A0B0C0D0EU);
  EXPECT_EQ(to_hex(bytes), "0102030405060708090a0b0c0d0e");
  EXPECT_EQ(read_u32(ByteView(bytes).subspan(2)), 0x03040506U);
  EXPECT_EQ(read_u64(ByteView(bytes).subspan(6)), 0x0708090A0B0C0D0EU);
}

// FIPS 180-4, "abc".
TEST(Bytes, Sha256OfAbc) {
  EXPECT_EQ(to_hex(sha256(bytes_of("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Bytes, ConstantTimeComparisonComparesLengthsToo) {
  EXPECT_TRUE(equal_constant_time(bytes_of("secret"), bytes_of("secret")));
  EXPECT_FALSE(equal_constant_time(bytes_of("secret"), bytes_of("secreT")));
  EXPECT_FALSE(equal_constant_time(bytes_of("secret"), bytes_of("secret ")));
}

TEST(Printable, KeepsWellFormedUtf8) { EXPECT_EQ(printable("Zürich — 東京 😀"), "Zürich — 東京 😀"); }

TEST(Printable, EscapesControlCharactersAndBrokenUtf8) {
  using namespace std::string_view_literals;
  EXPECT_EQ(printable("a\0b\n\x1b[31m\x7f"sv), "a\\x00b\\x0a\\x1b[31m\\x7f");
  EXPECT_EQ(printable("\xC2\x9B"), "\\xc2\\x9b");                    // C1 control
  EXPECT_EQ(printable("\xC0\xAF"), "\\xc0\\xaf");                    // overlong
  EXPECT_EQ(printable("\xED\xA0\x80"), "\\xed\\xa0\\x80");           // surrogate
  EXPECT_EQ(printable("\xF4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond U+10FFFF
  EXPECT_EQ(printable("\xE6\x9D"), "\\xe6\\x9d");                    // cut
}

TEST(Printable, CutsLongText) { EXPECT_EQ(printable(std::string(300, 'x'), 10), "xxxxxxxxxx..."); }

}  // namespace
}  // namespace signet
