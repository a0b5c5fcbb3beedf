#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "x509/der.h"

namespace signet::der {
namespace {

void append_length(Bytes& to, std::size_t size) {
  if (size < 0x80) {
    to.push_back(static_cast<std::uint8_t>(size));
    return;
  }
  const auto count = static_cast<unsigned>((std::bit_width(size) + 7) / 8);
  to.push_back(static_cast<std::uint8_t>(0x80U | count));
  for (unsigned i = count; i > 0; --i) to.push_back(static_cast<std::uint8_t>(size >> (8U * (i - 1))));
}

void append_arc(Bytes& to, std::uint64_t arc) {
  unsigned shift = 0;
  while ((arc >> shift) > 0x7F) shift += 7;
  for (; shift > 0; shift -= 7) to.push_back(static_cast<std::uint8_t>(0x80U | ((arc >> shift) & 0x7FU)));
  to.push_back(static_cast<std::uint8_t>(arc & 0x7FU));
}

/// The next arc of dotted text, with the dot behind it; nothing where there is no canonical decimal number.
std::optional<std::uint64_t> take_arc(std::string_view& rest) noexcept {
  std::uint64_t arc = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), arc);
  const auto digits = static_cast<std::size_t>(end - rest.data());
  if (error != std::errc() || (digits > 1 && rest[0] == '0') || arc > (~std::uint64_t{0} >> 1U)) return std::nullopt;
  rest.remove_prefix(digits);
  if (rest.empty()) return arc;
  if (rest[0] != '.' || rest.size() == 1) return std::nullopt;
  rest.remove_prefix(1);
  return arc;
}

std::optional<Bytes> oid_contents(std::string_view dotted) {
  const std::optional<std::uint64_t> root = take_arc(dotted);
  if (!root || *root > 2 || dotted.empty()) return std::nullopt;
  const std::optional<std::uint64_t> second = take_arc(dotted);
  if (!second || (*root < 2 && *second > 39) || *second > (~std::uint64_t{0} >> 1U) - 80) return std::nullopt;
  Bytes contents;
  append_arc(contents, *root * 40 + *second);
  while (!dotted.empty()) {
    const std::optional<std::uint64_t> arc = take_arc(dotted);
    if (!arc) return std::nullopt;
    append_arc(contents, *arc);
  }
  return contents;
}

}  // namespace

Bytes element(std::uint8_t tag, ByteView contents) {
  Bytes whole;
  whole.reserve(contents.size() + 6);
  whole.push_back(tag);
  append_length(whole, contents.size());
  append(whole, contents);
  return whole;
}

Bytes sequence(std::initializer_list<ByteView> parts) {
  Bytes contents;
  for (const ByteView part : parts) append(contents, part);
  return element(kSequence, contents);
}

Bytes unsigned_integer(ByteView big_endian) {
  while (!big_endian.empty() && big_endian[0] == 0) big_endian = big_endian.subspan(1);
  Bytes contents;
  if (big_endian.empty() || (big_endian[0] & 0x80U) != 0) contents.push_back(0);
  append(contents, big_endian);
  return element(kInteger, contents);
}

Bytes small_integer(std::uint64_t value) {
  Bytes big_endian;
  append_u64(big_endian, value);
  return unsigned_integer(big_endian);
}

Bytes boolean(bool value) { return {kBoolean, 1, static_cast<std::uint8_t>(value ? 0xFF : 0x00)}; }

Bytes null() { return {kNull, 0}; }

bool is_oid(std::string_view dotted) noexcept { return oid_contents(dotted).has_value(); }

Bytes oid(std::string_view dotted) {
  const std::optional<Bytes> contents = oid_contents(dotted);
  if (!contents) {
    fmt::print(stderr, "not an object identifier: {}\n", printable(dotted));
    std::abort();
  }
  return element(kOid, *contents);
}

Bytes bit_string(ByteView bytes) {
  Bytes contents = {0};
  append(contents, bytes);
  return element(kBitString, contents);
}

Bytes named_bits(std::uint32_t bits) {
  const auto used = static_cast<std::size_t>(std::bit_width(bits));
  Bytes contents(1 + (used + 7) / 8);
  contents[0] = static_cast<std::uint8_t>((8 - used % 8) % 8);
  for (std::size_t i = 0; i < used; ++i) {
    const bool set = ((bits >> i) & 1U) != 0;
    if (set) contents[1 + i / 8] = static_cast<std::uint8_t>(contents[1 + i / 8] | (0x80U >> (i % 8)));
  }
  return element(kBitString, contents);
}

Bytes octet_string(ByteView bytes) { return element(kOctetString, bytes); }

Bytes utf8_string(std::string_view text) { return element(kUtf8String, bytes_of(text)); }

Bytes time(Time time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(seconds - day);
  const int year = static_cast<int>(date.year());
  const bool utc_time = year >= 1950 && year < 2050;
  const std::string text = fmt::format("{}{:02}{:02}{:02}{:02}{:02}Z",
                                       utc_time ? fmt::format("{:02}", year % 100) : fmt::format("{:04}", year),
                                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                       clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  return element(utc_time ? kUtcTime : kGeneralizedTime, bytes_of(text));
}

}  // namespace signet::der
