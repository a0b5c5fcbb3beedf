#include "x509/der.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto.h"

namespace signet::der {
namespace {

using ::testing::HasSubstr;

Bytes hex(std::string_view text) { return from_hex(text).value(); }

std::string refusal(const auto& result) { return result.has_value() ? "accepted" : result.error().message; }

Bytes length_of(std::size_t size) {
  return {static_cast<std::uint8_t>(size >> 16U), static_cast<std::uint8_t>(size >> 8U),
          static_cast<std::uint8_t>(size)};
}

/// What Reader::any says of these bytes.
std::string any_of(std::string_view text) {
  const Bytes bytes = hex(text);
  return refusal(Reader(bytes).any("thing"));
}

TEST(DerReader, ReadsTagContentsAndTheWhole) {
  const Bytes bytes =
      hex("0403010203"
          "0500");
  Reader reader(bytes);
  const Result<Element> element = reader.any("thing");
  ASSERT_TRUE(element.has_value());
  EXPECT_EQ(element->tag, kOctetString);
  EXPECT_EQ(copy_of(element->contents), hex("010203"));
  EXPECT_EQ(copy_of(element->whole), hex("0403010203"));
  EXPECT_EQ(reader.peek(), kNull);
  EXPECT_FALSE(reader.at_end());
}

TEST(DerReader, RefusesAnIndefiniteLength) { EXPECT_THAT(any_of("30800000"), HasSubstr("indefinite length")); }

TEST(DerReader, RefusesALongLengthThatWouldFitTheShortForm) {
  EXPECT_THAT(any_of("04810101"), HasSubstr("shortest form"));
  EXPECT_THAT(any_of("04817F" + std::string(254, '0')), HasSubstr("shortest form"));
}

TEST(DerReader, RefusesALengthWithALeadingZero) {
  EXPECT_THAT(any_of("0482008000" + std::string(256, '0')), HasSubstr("shortest form"));
}

TEST(DerReader, TakesTheShortestLongLength) {
  EXPECT_EQ(any_of("048180" + std::string(256, '0')), "accepted");
  EXPECT_EQ(any_of("04820100" + std::string(512, '0')), "accepted");
}

TEST(DerReader, RefusesALengthBeyondTheEnd) {
  EXPECT_THAT(any_of("0402FF"), HasSubstr("2 bytes long, but only 1 are left"));
  EXPECT_THAT(any_of("0484FFFFFFFF00"), HasSubstr("4294967295 bytes long, but only 1 are left"));
}

TEST(DerReader, RefusesALengthOfMoreThanFourBytes) {
  EXPECT_THAT(any_of("0488FFFFFFFFFFFFFFFF00"), HasSubstr("4 GiB"));
  EXPECT_THAT(any_of("04FF00"), HasSubstr("4 GiB"));
}

TEST(DerReader, RefusesAnElementThatIsCutOffInItsHeader) {
  EXPECT_THAT(any_of(""), HasSubstr("missing"));
  EXPECT_THAT(any_of("04"), HasSubstr("before its length"));
  EXPECT_THAT(any_of("048201"), HasSubstr("within its length"));
}

TEST(DerReader, RefusesHighTagNumbers) {
  EXPECT_THAT(any_of("1F1F00"), HasSubstr("above 30"));
  EXPECT_THAT(any_of("BF8F0100"), HasSubstr("above 30"));
}

TEST(DerReader, RefusesFormsDerDoesNotHave) {
  EXPECT_THAT(any_of("0000"), HasSubstr("form that DER"));        // end-of-contents
  EXPECT_THAT(any_of("2403040101"), HasSubstr("form that DER"));  // constructed OCTET STRING
  EXPECT_THAT(any_of("1000"), HasSubstr("form that DER"));        // primitive SEQUENCE
}

TEST(DerReader, RefusesBytesBehindTheLastElement) {
  const Bytes bytes = hex("0500FF");
  Reader reader(bytes);
  ASSERT_TRUE(reader.element(kNull, "null").has_value());
  EXPECT_THAT(refusal(reader.finish("thing")), HasSubstr("thing at byte 2: 1 bytes behind its end"));
}

TEST(DerReader, RefusesAnotherTagAndNamesBoth) {
  const Bytes bytes = hex("0500");
  EXPECT_THAT(refusal(Reader(bytes).element(kInteger, "serial")), HasSubstr("serial at byte 0: tag 0x05 where 0x02"));
}

TEST(DerReader, CountsOffsetsFromTheOutermostStart) {
  const Bytes bytes =
      hex("3006"
          "3004"
          "0202"
          "0001");
  Reader outer(bytes);
  Reader middle = outer.enter(kSequence, "outer").value();
  Reader inner = middle.enter(kSequence, "inner").value();
  EXPECT_THAT(refusal(inner.integer("number")), HasSubstr("number at byte 4: "));
}

TEST(DerReader, DoesNotEnterWhatReachesPastItsParent) {
  const Bytes bytes =
      hex("3003"
          "3004"
          "02010100");
  Reader outer(bytes);
  Reader inner = outer.enter(kSequence, "outer").value();
  EXPECT_THAT(refusal(inner.enter(kSequence, "inner")), HasSubstr("only 1 are left"));
}

TEST(DerReader, StopsAtThirtyTwoLevels) {
  Bytes bomb;
  for (int level = 0; level < 32; ++level) bomb = element(kSequence, bomb);
  EXPECT_EQ(refusal(check_well_formed(bomb, "bomb")), "accepted");
  EXPECT_THAT(refusal(check_well_formed(element(kSequence, bomb), "bomb")), HasSubstr("more than 32 levels"));
}

TEST(DerReader, SurvivesABombOfFiftyThousandLevels) {
  constexpr std::size_t kBytes = 250'000;  // five bytes a level: SEQUENCE and a length of three bytes
  Bytes bomb;
  for (std::size_t left = kBytes; left > 5; left -= 5) append(bomb, hex("3083" + to_hex(length_of(left - 5))));
  append(bomb, hex("0500050005"));
  EXPECT_THAT(refusal(check_well_formed(bomb, "bomb")), HasSubstr("more than 32 levels"));
}

TEST(DerReader, OptionalGivesNothingAtTheEndAndForAnotherTag) {
  const Bytes bytes = hex("0500");
  Reader reader(bytes);
  EXPECT_EQ(reader.optional(kInteger, "number").value(), std::nullopt);
  EXPECT_TRUE(reader.optional(kNull, "null").value().has_value());
  EXPECT_EQ(reader.optional(kNull, "null").value(), std::nullopt);
}

std::string integer_of(std::string_view text) {
  const Bytes bytes = hex(text);
  Reader reader(bytes);
  const Result<ByteView> contents = reader.integer("number");
  return contents ? to_hex(*contents) : contents.error().message;
}

TEST(DerInteger, TakesTheShortestForms) {
  EXPECT_EQ(integer_of("020100"), "00");
  EXPECT_EQ(integer_of("02020080"), "0080");
  EXPECT_EQ(integer_of("0201FF"), "ff");
  EXPECT_EQ(integer_of("0202FF7F"), "ff7f");
}

TEST(DerInteger, RefusesPaddingAndEmptiness) {
  EXPECT_THAT(integer_of("0200"), HasSubstr("shortest form"));
  EXPECT_THAT(integer_of("0202007F"), HasSubstr("shortest form"));
  EXPECT_THAT(integer_of("0202FF80"), HasSubstr("shortest form"));
}

TEST(DerInteger, SmallOnesAreNotNegativeAndFitSixtyFourBits) {
  const auto small = [](std::string_view text) {
    const Bytes bytes = hex(text);
    return Reader(bytes).small_integer("number");
  };
  EXPECT_EQ(small("020900FFFFFFFFFFFFFFFF").value(), ~std::uint64_t{0});
  EXPECT_EQ(small("020100").value(), 0U);
  EXPECT_THAT(refusal(small("0201FF")), HasSubstr("negative"));
  EXPECT_THAT(refusal(small("0209010000000000000000")), HasSubstr("64 bits"));
}

TEST(DerBoolean, HasTwoEncodings) {
  const auto boolean_of = [](std::string_view text) {
    const Bytes bytes = hex(text);
    return Reader(bytes).boolean("flag");
  };
  EXPECT_TRUE(boolean_of("0101FF").value());
  EXPECT_FALSE(boolean_of("010100").value());
  EXPECT_FALSE(boolean_of("010101").has_value());
  EXPECT_FALSE(boolean_of("0102FFFF").has_value());
  EXPECT_FALSE(boolean_of("0100").has_value());
}

std::string oid_of(std::string_view text) {
  const Bytes bytes = hex(text);
  Reader reader(bytes);
  const Result<std::string> dotted = reader.oid("type");
  return dotted ? *dotted : dotted.error().message;
}

TEST(DerOid, ReadsDottedForms) {
  EXPECT_EQ(oid_of("06092A864886F70D01010B"), "1.2.840.113549.1.1.11");
  EXPECT_EQ(oid_of("0603883703"), "2.999.3");
  EXPECT_EQ(oid_of("060100"), "0.0");
  EXPECT_EQ(oid_of("060127"), "0.39");
  EXPECT_EQ(oid_of("060128"), "1.0");
  EXPECT_EQ(oid_of("060150"), "2.0");
}

TEST(DerOid, RefusesPaddingCutsAndHugeArcs) {
  EXPECT_THAT(oid_of("0600"), HasSubstr("cut off"));
  EXPECT_THAT(oid_of("06022A80"), HasSubstr("cut off"));
  EXPECT_THAT(oid_of("06032A8001"), HasSubstr("padded"));
  EXPECT_THAT(oid_of("060B2AFFFFFFFFFFFFFFFFFF7F"), HasSubstr("63 bits"));
}

TEST(DerOid, WritesWhatItReads) {
  for (const char* dotted :
       {"0.0", "1.39.1", "2.999.3", "1.2.840.10045.4.3.2", "2.9223372036854775727", "1.3.9223372036854775807"}) {
    ASSERT_TRUE(is_oid(dotted)) << dotted;
    EXPECT_EQ(oid_of(to_hex(oid(dotted))), dotted);
  }
}

TEST(DerOid, KnowsWhatIsNotOne) {
  for (const char* text : {"", "1", "1.", ".1", "3.1", "1.40", "0.40", "1.02", "1..2", "1.2.", "1.2 ", "-1.2", "1.+2",
                           "1.2.9223372036854775808", "2.9223372036854775807", "1.99999999999999999999"}) {
    EXPECT_FALSE(is_oid(text)) << text;
  }
}

TEST(DerOidDeathTest, WritingAnInvalidOneEndsTheProcess) { EXPECT_DEATH((void)oid("1.x"), "not an object identifier"); }

TEST(DerBitString, OfBytesHasNoUnusedBits) {
  const auto bytes_in = [](std::string_view text) {
    const Bytes bytes = hex(text);
    Reader reader(bytes);
    const Result<ByteView> contents = reader.bit_string_bytes("signature");
    return contents ? to_hex(*contents) : std::string("refused");
  };
  EXPECT_EQ(bytes_in("0303000102"), "0102");
  EXPECT_EQ(bytes_in("030100"), "");
  EXPECT_EQ(bytes_in("0300"), "refused");
  EXPECT_EQ(bytes_in("03020102"), "refused");
}

TEST(DerBitString, NamedBitsHaveNoTrailingZeros) {
  const auto bits_of = [](std::string_view text) {
    const Bytes bytes = hex(text);
    return Reader(bytes).named_bits("usage");
  };
  EXPECT_EQ(bits_of("03020780").value(), 1U);
  EXPECT_EQ(bits_of("03020106").value(), (1U << 5U) | (1U << 6U));
  EXPECT_EQ(bits_of("0303070080").value(), 1U << 8U);
  EXPECT_EQ(bits_of("030100").value(), 0U);
  for (const char* wrong : {"0300", "030107", "03020080", "03020680", "03020700", "03020781", "0302088000",
                            "0303078000", "0306000102030405"}) {
    EXPECT_FALSE(bits_of(wrong).has_value()) << wrong;
  }
}

TEST(DerBitString, NamedBitsAreReadAsWritten) {
  for (const std::uint32_t bits : {0U, 1U, 0x80U, 0x100U, 0x1FFU, 0x80000001U, 0xFFFFFFFFU}) {
    const Bytes written = named_bits(bits);
    EXPECT_EQ(Reader(written).named_bits("bits").value(), bits);
  }
}

std::string time_of(std::uint8_t tag, std::string_view text) {
  const Bytes bytes = element(tag, bytes_of(text));
  const Result<Time> time = Reader(bytes).time("notAfter");
  return time ? to_rfc3339(*time) : "refused: " + time.error().message;
}

TEST(DerTime, SplitsTheCenturiesAtFifty) {
  EXPECT_EQ(time_of(kUtcTime, "491231235959Z"), "2049-12-31T23:59:59.000000Z");
  EXPECT_EQ(time_of(kUtcTime, "500101000000Z"), "1950-01-01T00:00:00.000000Z");
  EXPECT_EQ(time_of(kGeneralizedTime, "20500101000000Z"), "2050-01-01T00:00:00.000000Z");
  EXPECT_EQ(time_of(kGeneralizedTime, "99991231235959Z"), "9999-12-31T23:59:59.000000Z");
}

TEST(DerTime, RefusesOtherFormsAndImpossibleDates) {
  EXPECT_THAT(time_of(kGeneralizedTime, "20491231235959Z"), HasSubstr("before 2050"));
  for (const char* wrong :
       {"4912312359Z", "491231235959", "491231235959+0000", "491231235960Z", "491231240000Z", "490229000000Z",
        "491301000000Z", "490001000000Z", "490100000000Z", "49123123595 Z", "", "491231235959ZZ", "+91231235959Z"}) {
    EXPECT_THAT(time_of(kUtcTime, wrong), HasSubstr("refused")) << wrong;
  }
  EXPECT_THAT(time_of(kGeneralizedTime, "20510101000000.5Z"), HasSubstr("refused"));
}

TEST(DerTime, IsReadAsWrittenWithoutFractions) {
  for (const char* text :
       {"1950-01-01T00:00:00.000000Z", "1969-12-31T23:59:59.999999Z", "2026-02-28T12:34:56.789000Z",
        "2049-12-31T23:59:59.000000Z", "2050-01-01T00:00:00.000001Z", "2400-02-29T01:02:03.000000Z"}) {
    const Time original = test::at(text);
    const Bytes written = time(original);
    EXPECT_EQ(Reader(written).time("time").value(), std::chrono::floor<std::chrono::seconds>(original)) << text;
  }
}

TEST(DerWriter, WritesShortestLengths) {
  EXPECT_EQ(to_hex(element(kOctetString, Bytes(127))).substr(0, 4), "047f");
  EXPECT_EQ(to_hex(element(kOctetString, Bytes(128))).substr(0, 6), "048180");
  EXPECT_EQ(to_hex(element(kOctetString, Bytes(65536))).substr(0, 10), "0483010000");
}

TEST(DerWriter, WritesUnsignedIntegersWithOneSignByteAtMost) {
  EXPECT_EQ(unsigned_integer(hex("")), hex("020100"));
  EXPECT_EQ(unsigned_integer(hex("0000")), hex("020100"));
  EXPECT_EQ(unsigned_integer(hex("00007F")), hex("02017F"));
  EXPECT_EQ(unsigned_integer(hex("80")), hex("02020080"));
  EXPECT_EQ(small_integer(256), hex("02020100"));
}

TEST(DerWellFormed, LooksIntoEveryLevel) {
  const auto check = [](std::string_view text) { return refusal(check_well_formed(hex(text), "thing")); };
  EXPECT_EQ(check("30060101FF020101"), "accepted");
  EXPECT_THAT(check("3003010101"), HasSubstr("BOOLEAN"));
  EXPECT_THAT(check("300402020001"), HasSubstr("INTEGER"));
  EXPECT_THAT(check("A003050100"), HasSubstr("NULL"));
  EXPECT_THAT(check("3002050000"), HasSubstr("behind its end"));
  EXPECT_THAT(check("300430800500"), HasSubstr("indefinite length"));
}

}  // namespace
}  // namespace signet::der
