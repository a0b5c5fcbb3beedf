// Strict DER (ITU-T X.690 chapter 10): a reader that accepts one encoding of each value, and a writer that makes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"

namespace signet::der {

/// Identifier octets. Only low tag numbers (below 31) exist here; X.509 has no others.
enum Tag : std::uint8_t {
  kBoolean = 0x01,
  kInteger = 0x02,
  kBitString = 0x03,
  kOctetString = 0x04,
  kNull = 0x05,
  kOid = 0x06,
  kUtf8String = 0x0C,
  kPrintableString = 0x13,
  kTeletexString = 0x14,
  kIa5String = 0x16,
  kUtcTime = 0x17,
  kGeneralizedTime = 0x18,
  kSequence = 0x30,
  kSet = 0x31,
};
/// [n] of the context class: primitive (IMPLICIT of a primitive type) or constructed (EXPLICIT, or IMPLICIT of a
/// constructed).
[[nodiscard]] constexpr std::uint8_t context(unsigned number) noexcept {
  return static_cast<std::uint8_t>(0x80U | number);
}
[[nodiscard]] constexpr std::uint8_t context_constructed(unsigned number) noexcept {
  return static_cast<std::uint8_t>(0xA0U | number);
}

/// One element: its tag, its contents, and the whole of it.
struct Element {
  std::uint8_t tag = 0;
  ByteView contents;
  ByteView whole;
};

/// Walks over the elements of one level. A cheap view: it owns nothing and lives as long as the bytes it was given.
/// Refuses: indefinite and non-minimal lengths, high tag numbers, elements that reach past their parent, the tag 0, and
/// universal types in a form DER does not have (a constructed string, a primitive SEQUENCE).
/// Every error is kInvalidArgument with the byte offset from the outermost start, and names `what` was expected.
class Reader {
 public:
  explicit Reader(ByteView bytes) noexcept : Reader(bytes, 0, 0) {}

  [[nodiscard]] bool at_end() const noexcept { return position_ == bytes_.size(); }
  /// The tag of the next element, 0 at the end.
  [[nodiscard]] std::uint8_t peek() const noexcept { return at_end() ? 0 : bytes_[position_]; }
  /// The next element, whatever it is.
  [[nodiscard]] Result<Element> any(std::string_view what);
  /// The next element, which must have this tag.
  [[nodiscard]] Result<Element> element(std::uint8_t tag, std::string_view what);
  /// A reader inside the next element, which must be constructed and have this tag. At most 32 levels deep.
  [[nodiscard]] Result<Reader> enter(std::uint8_t tag, std::string_view what);
  /// The next element if it has this tag.
  [[nodiscard]] Result<std::optional<Element>> optional(std::uint8_t tag, std::string_view what);
  /// An error unless everything was read.
  [[nodiscard]] Result<void> finish(std::string_view what) const;

  /// The contents of an INTEGER: minimal two's complement, at least one byte.
  [[nodiscard]] Result<ByteView> integer(std::string_view what);
  /// A non-negative INTEGER that fits.
  [[nodiscard]] Result<std::uint64_t> small_integer(std::string_view what);
  /// TRUE is 0xFF and FALSE is 0x00.
  [[nodiscard]] Result<bool> boolean(std::string_view what);
  /// An OBJECT IDENTIFIER in dotted form. An arc (and 80 more than the second one) has at most 63 bits.
  [[nodiscard]] Result<std::string> oid(std::string_view what);
  /// A BIT STRING of whole bytes, without the unused-bits byte.
  [[nodiscard]] Result<ByteView> bit_string_bytes(std::string_view what);
  /// A BIT STRING of named bits (X.690 11.2.2: no trailing zero bits): bit i of the result is named bit i. At most 32
  /// bits.
  [[nodiscard]] Result<std::uint32_t> named_bits(std::string_view what);
  /// UTCTime for 1950-2049, GeneralizedTime from 2050 on, both with seconds and 'Z' (RFC 5280 section 4.1.2.5).
  [[nodiscard]] Result<Time> time(std::string_view what);

 private:
  Reader(ByteView bytes, std::size_t offset, unsigned depth) noexcept : bytes_(bytes), offset_(offset), depth_(depth) {}
  [[nodiscard]] std::unexpected<Error> refuse(std::string_view what, std::string_view problem) const;
  [[nodiscard]] Result<std::size_t> length(std::size_t& at, std::string_view what) const;
  ByteView bytes_;
  std::size_t position_ = 0;
  std::size_t offset_ = 0;  // of bytes_ from the outermost start, for messages
  unsigned depth_ = 0;
};

/// `bytes` is exactly one element and DER through all its levels, as far as the tags tell: everything Reader refuses,
/// and BOOLEAN, INTEGER and NULL contents. For structures that are carried without being understood.
[[nodiscard]] Result<void> check_well_formed(ByteView bytes, std::string_view what);

/// The order of a SET OF (X.690 section 11.6). Equal elements are in no order.
[[nodiscard]] bool precedes(ByteView earlier, ByteView later) noexcept;

/// `dotted` is an OBJECT IDENTIFIER that oid() can write.
[[nodiscard]] bool is_oid(std::string_view dotted) noexcept;

/// Writes DER. Each function returns a whole element; concatenation of elements is the contents of the next level.
[[nodiscard]] Bytes element(std::uint8_t tag, ByteView contents);
/// SEQUENCE { parts... }
[[nodiscard]] Bytes sequence(std::initializer_list<ByteView> parts);
/// INTEGER from an unsigned big-endian number; leading zeros are dropped, one is added where the top bit is set.
[[nodiscard]] Bytes unsigned_integer(ByteView big_endian);
[[nodiscard]] Bytes small_integer(std::uint64_t value);
[[nodiscard]] Bytes boolean(bool value);
[[nodiscard]] Bytes null();
/// `dotted` is a constant of the program or was parsed: an invalid one ends the process.
[[nodiscard]] Bytes oid(std::string_view dotted);
[[nodiscard]] Bytes bit_string(ByteView bytes);
[[nodiscard]] Bytes named_bits(std::uint32_t bits);
[[nodiscard]] Bytes octet_string(ByteView bytes);
[[nodiscard]] Bytes utf8_string(std::string_view text);
/// UTCTime or GeneralizedTime as RFC 5280 section 4.1.2.5 demands; fractions of a second are dropped. From 1950 to
/// 9999.
[[nodiscard]] Bytes time(Time time);

}  // namespace signet::der
