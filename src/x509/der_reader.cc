#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "x509/der.h"

namespace signet::der {
namespace {

constexpr unsigned kMaxDepth = 32;
constexpr std::size_t kMaxLengthBytes = 4;
constexpr std::uint8_t kConstructedBit = 0x20;

bool is_constructed(std::uint8_t tag) noexcept { return (tag & kConstructedBit) != 0; }

/// Of the universal types, EXTERNAL, EMBEDDED PDV, SEQUENCE and SET are constructed and all others primitive (X.690
/// section 10.2 for the strings); tag 0 would be the end of an indefinite length.
bool has_der_form(std::uint8_t tag) noexcept {
  if ((tag & 0xC0U) != 0) return true;
  const unsigned number = tag & 0x1FU;
  const bool must_be_constructed = number == 8 || number == 11 || number == 16 || number == 17;
  return number != 0 && is_constructed(tag) == must_be_constructed;
}

bool is_minimal_integer(ByteView contents) noexcept {
  if (contents.empty()) return false;
  if (contents.size() == 1) return true;
  const bool next_is_negative = (contents[1] & 0x80U) != 0;
  return !(contents[0] == 0x00 && !next_is_negative) && !(contents[0] == 0xFF && next_is_negative);
}

}  // namespace

std::unexpected<Error> Reader::refuse(std::string_view what, std::string_view problem) const {
  return fail(ErrorCode::kInvalidArgument, fmt::format("{} at byte {}: {}", what, offset_ + position_, problem));
}

Result<std::size_t> Reader::length(std::size_t& at, std::string_view what) const {
  if (at == bytes_.size()) return refuse(what, "the element ends before its length");
  const std::uint8_t first = bytes_[at++];
  if (first < 0x80) return first;
  if (first == 0x80) return refuse(what, "indefinite length, which DER does not have");
  const std::size_t count = first & 0x7FU;
  if (count > kMaxLengthBytes) return refuse(what, "a length of 4 GiB or more");
  if (count > bytes_.size() - at) return refuse(what, "the element ends within its length");
  std::size_t value = 0;
  for (const std::uint8_t byte : bytes_.subspan(at, count)) value = (value << 8U) | byte;
  if (bytes_[at] == 0 || value < 0x80) return refuse(what, "the length is not in its shortest form");
  at += count;
  return value;
}

Result<Element> Reader::any(std::string_view what) {
  if (at_end()) return refuse(what, "missing");
  const std::uint8_t tag = bytes_[position_];
  if ((tag & 0x1FU) == 0x1F) return refuse(what, "a tag number above 30, which X.509 does not have");
  if (!has_der_form(tag)) return refuse(what, fmt::format("tag 0x{:02x}, a form that DER does not have", tag));
  std::size_t at = position_ + 1;
  SIGNET_TRY(const std::size_t size, length(at, what));
  if (size > bytes_.size() - at) {
    return refuse(what, fmt::format("{} bytes long, but only {} are left", size, bytes_.size() - at));
  }
  const Element element{
      .tag = tag, .contents = bytes_.subspan(at, size), .whole = bytes_.subspan(position_, at - position_ + size)};
  position_ = at + size;
  return element;
}

Result<Element> Reader::element(std::uint8_t tag, std::string_view what) {
  if (at_end()) return refuse(what, "missing");
  if (peek() != tag) return refuse(what, fmt::format("tag 0x{:02x} where 0x{:02x} was expected", peek(), tag));
  return any(what);
}

Result<Reader> Reader::enter(std::uint8_t tag, std::string_view what) {
  if (!is_constructed(tag)) return refuse(what, "not a constructed element");
  if (depth_ >= kMaxDepth) return refuse(what, fmt::format("nested more than {} levels deep", kMaxDepth));
  SIGNET_TRY(const Element found, element(tag, what));
  const std::size_t start = position_ - found.contents.size();
  return Reader(found.contents, offset_ + start, depth_ + 1);
}

Result<std::optional<Element>> Reader::optional(std::uint8_t tag, std::string_view what) {
  if (at_end() || peek() != tag) return std::optional<Element>();
  SIGNET_TRY(const Element found, any(what));
  return std::optional(found);
}

Result<void> Reader::finish(std::string_view what) const {
  if (!at_end()) return refuse(what, fmt::format("{} bytes behind its end", bytes_.size() - position_));
  return {};
}

Result<ByteView> Reader::integer(std::string_view what) {
  Reader before = *this;
  SIGNET_TRY(const Element found, element(kInteger, what));
  if (!is_minimal_integer(found.contents)) return before.refuse(what, "an INTEGER that is not in its shortest form");
  return found.contents;
}

Result<std::uint64_t> Reader::small_integer(std::string_view what) {
  const Reader before = *this;
  SIGNET_TRY(ByteView contents, integer(what));
  if ((contents[0] & 0x80U) != 0) return before.refuse(what, "a negative INTEGER");
  if (contents[0] == 0) contents = contents.subspan(1);
  if (contents.size() > sizeof(std::uint64_t)) return before.refuse(what, "an INTEGER of more than 64 bits");
  std::uint64_t value = 0;
  for (const std::uint8_t byte : contents) value = (value << 8U) | byte;
  return value;
}

Result<bool> Reader::boolean(std::string_view what) {
  const Reader before = *this;
  SIGNET_TRY(const Element found, element(kBoolean, what));
  const bool one_byte = found.contents.size() == 1;
  if (one_byte && found.contents[0] == 0xFF) return true;
  if (one_byte && found.contents[0] == 0x00) return false;
  return before.refuse(what, "a BOOLEAN that is neither 0xFF nor 0x00");
}

namespace {

constexpr std::uint64_t kMaxArc = std::numeric_limits<std::uint64_t>::max() >> 1U;

/// The next base-128 number of an OBJECT IDENTIFIER; nothing where it is cut off, padded or too large.
std::optional<std::uint64_t> next_arc(ByteView& rest) noexcept {
  if (rest.empty() || rest[0] == 0x80) return std::nullopt;
  std::uint64_t value = 0;
  while (!rest.empty()) {
    if (value > (kMaxArc >> 7U)) return std::nullopt;
    const std::uint8_t byte = rest[0];
    rest = rest.subspan(1);
    value = (value << 7U) | (byte & 0x7FU);
    if ((byte & 0x80U) == 0) return value;
  }
  return std::nullopt;
}

/// The first number holds two arcs (X.690 section 8.19.4).
std::string first_arcs(std::uint64_t number) {
  const std::uint64_t root = std::min<std::uint64_t>(number / 40, 2);
  return fmt::format("{}.{}", root, number - root * 40);
}

}  // namespace

Result<std::string> Reader::oid(std::string_view what) {
  const Reader before = *this;
  SIGNET_TRY(const Element found, element(kOid, what));
  std::string dotted;
  ByteView rest = found.contents;
  do {
    const std::optional<std::uint64_t> arc = next_arc(rest);
    if (!arc) return before.refuse(what, "an OBJECT IDENTIFIER that is cut off, padded or beyond 63 bits in an arc");
    dotted += dotted.empty() ? first_arcs(*arc) : fmt::format(".{}", *arc);
  } while (!rest.empty());
  return dotted;
}

Result<ByteView> Reader::bit_string_bytes(std::string_view what) {
  const Reader before = *this;
  SIGNET_TRY(const Element found, element(kBitString, what));
  if (found.contents.empty() || found.contents[0] != 0) {
    return before.refuse(what, "a BIT STRING that is not of whole bytes");
  }
  return found.contents.subspan(1);
}

Result<std::uint32_t> Reader::named_bits(std::string_view what) {
  const Reader before = *this;
  SIGNET_TRY(const Element found, element(kBitString, what));
  const ByteView contents = found.contents;
  if (contents.empty() || contents.size() > 5)
    return before.refuse(what, "a BIT STRING without bits or of more than 32");
  const unsigned unused = contents[0];
  const ByteView bytes = contents.subspan(1);
  if (bytes.empty() && unused == 0) return 0U;
  // The last bit that is used must be set, and those behind it are zero.
  if (bytes.empty() || unused > 7 || (bytes.back() & ((2U << unused) - 1U)) != (1U << unused)) {
    return before.refuse(what, "a BIT STRING of named bits with trailing zero bits");
  }
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
    if ((bytes[i / 8] & (0x80U >> (i % 8))) != 0) bits |= 1U << i;
  }
  return bits;
}

namespace {

/// The number that `count` decimal digits at the start of `rest` make, or -1.
int take_digits(std::string_view& rest, std::size_t count) noexcept {
  if (rest.size() < count) return -1;
  int value = 0;
  for (const char digit : rest.substr(0, count)) {
    if (digit < '0' || digit > '9') return -1;
    value = value * 10 + (digit - '0');
  }
  rest.remove_prefix(count);
  return value;
}

/// The part behind the year: MMDDHHMMSSZ.
std::optional<Time> time_of(int year, std::string_view rest) noexcept {
  const int month = take_digits(rest, 2);
  const int day = take_digits(rest, 2);
  const int hour = take_digits(rest, 2);
  const int minute = take_digits(rest, 2);
  const int second = take_digits(rest, 2);
  const bool in_range = month > 0 && day > 0 && hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 &&
                        second < 60 && rest == "Z";
  if (!in_range) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

}  // namespace

Result<Time> Reader::time(std::string_view what) {
  const Reader before = *this;
  const bool utc_time = peek() == kUtcTime;
  SIGNET_TRY(const Element found, element(utc_time ? kUtcTime : kGeneralizedTime, what));
  std::string_view rest = text_of(found.contents);
  int year = take_digits(rest, utc_time ? 2 : 4);
  if (year < 0) return before.refuse(what, "not a time");
  if (utc_time) year += year < 50 ? 2000 : 1900;
  if (!utc_time && year < 2050) return before.refuse(what, "a GeneralizedTime before 2050, where UTCTime is used");
  const std::optional<Time> time = time_of(year, rest);
  if (!time) return before.refuse(what, "not a time with seconds and 'Z'");
  return *time;
}

namespace {

Result<void> check_contents(const Element& element, std::string_view what) {
  Reader reader(element.whole);
  if (element.tag == kBoolean) {
    SIGNET_CHECK(reader.boolean(what));
  } else if (element.tag == kInteger) {
    SIGNET_CHECK(reader.integer(what));
  } else if (element.tag == kNull && !element.contents.empty()) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{}: a NULL with contents", what));
  }
  return {};
}

Result<void> check_level(Reader& reader, std::string_view what) {
  while (!reader.at_end()) {
    if (is_constructed(reader.peek())) {
      SIGNET_TRY(Reader inner, reader.enter(reader.peek(), what));
      SIGNET_CHECK(check_level(inner, what));
    } else {
      SIGNET_TRY(const Element element, reader.any(what));
      SIGNET_CHECK(check_contents(element, what));
    }
  }
  return {};
}

}  // namespace

Result<void> check_well_formed(ByteView bytes, std::string_view what) {
  Reader counter(bytes);
  SIGNET_CHECK(counter.any(what));
  SIGNET_CHECK(counter.finish(what));
  Reader reader(bytes);
  return check_level(reader, what);
}

bool precedes(ByteView earlier, ByteView later) noexcept {
  return std::ranges::lexicographical_compare(earlier, later);
}

}  // namespace signet::der
