// Well-formed DER is what our own writer makes of what our own reader read, and OpenSSL reads the same elements with
// the same values.
#pragma once

#include <openssl/asn1.h>
#include <openssl/objects.h>

#include <algorithm>
#include <ctime>

#include "openssl_view.h"
#include "property.h"
#include "x509/der.h"

namespace signet::test {

/// The element written again from the value it was read as; its own bytes where it holds no value of its type.
[[nodiscard]] inline Bytes rewrite_primitive(const der::Element& element) {
  const auto reader = [&] { return der::Reader(element.whole); };
  if (const auto value = reader().boolean("value")) return der::boolean(*value);
  if (const auto value = reader().small_integer("value")) return der::small_integer(*value);
  if (const auto value = reader().oid("value")) return der::oid(*value);
  if (const auto value = reader().time("value")) return der::time(*value);
  if (const auto value = reader().named_bits("value")) return der::named_bits(*value);
  if (const auto value = reader().bit_string_bytes("value")) return der::bit_string(*value);
  return der::element(element.tag, element.contents);
}

[[nodiscard]] inline Bytes rewrite_level(der::Reader reader) {
  Bytes all;
  while (!reader.at_end()) {
    const std::uint8_t tag = reader.peek();
    if ((tag & 0x20U) != 0) {
      append(all, der::element(tag, rewrite_level(*reader.enter(tag, "level"))));
    } else {
      append(all, rewrite_primitive(*reader.any("element")));
    }
  }
  return all;
}

using Asn1TypePtr = std::unique_ptr<ASN1_TYPE, Freer<&ASN1_TYPE_free>>;
using Asn1IntegerPtr = std::unique_ptr<ASN1_INTEGER, Freer<&ASN1_INTEGER_free>>;
using Asn1TimePtr = std::unique_ptr<ASN1_TIME, Freer<&ASN1_TIME_free>>;

[[nodiscard]] inline std::string oid_text(const ASN1_OBJECT* oid) {
  std::string text(static_cast<std::size_t>(std::max(OBJ_obj2txt(nullptr, 0, oid, 1), 0)), '\0');
  OBJ_obj2txt(text.data(), static_cast<int>(text.size()) + 1, oid, 1);
  return text;
}

[[nodiscard]] inline std::string time_violation(const ASN1_STRING* theirs, Time ours) {
  std::tm fields{};
  // An ASN1_TIME is an ASN1_STRING of one of the two types, in OpenSSL's own words.
  if (ASN1_TIME_to_tm(theirs, &fields) != 1) return "OpenSSL reads no time";
  return std::chrono::sys_seconds(std::chrono::seconds(timegm(&fields))) == ours ? "" : "another time";
}

[[nodiscard]] inline std::string bits_violation(const ASN1_BIT_STRING* theirs, std::uint32_t ours) {
  for (int bit = 0; bit < 32; ++bit) {
    if ((ASN1_BIT_STRING_get_bit(theirs, bit) != 0) != ((ours >> static_cast<unsigned>(bit) & 1U) != 0))
      return "another named bit";
  }
  return "";
}

/// What OpenSSL makes of a primitive element whose value we read.
[[nodiscard]] inline std::string value_violation(const der::Element& element) {
  const auto reader = [&] { return der::Reader(element.whole); };
  const auto boolean = reader().boolean("value");
  const auto integer = reader().small_integer("value");
  const auto oid = reader().oid("value");
  const auto time = reader().time("value");
  const auto bits = reader().named_bits("value");
  const bool known = boolean || integer || oid || time || bits || reader().bit_string_bytes("value");
  if (!known) return "";
  const auto theirs = openssl_parse<Asn1TypePtr, d2i_ASN1_TYPE>(element.whole);
  if (!theirs) return "OpenSSL reads no value";
  if (openssl_encode<i2d_ASN1_TYPE>(theirs.get()) != copy_of(element.whole))
    return "OpenSSL writes the value otherwise";
  if (boolean && (theirs->value.boolean != 0) != *boolean) return "another BOOLEAN";
  std::uint64_t number = 0;
  if (integer && (ASN1_INTEGER_get_uint64(&number, theirs->value.integer) != 1 || number != *integer))
    return "another INTEGER";
  if (oid && oid_text(theirs->value.object) != *oid) return "another OBJECT IDENTIFIER";
  if (time) return time_violation(theirs->value.asn1_string, *time);
  return bits ? bits_violation(theirs->value.bit_string, *bits) : "";
}

/// OpenSSL finds the same element at the start of `rest`.
[[nodiscard]] inline std::string header_violation(const der::Element& element, ByteView rest) {
  const unsigned char* at = rest.data();
  long length = 0;
  int tag = 0;
  int kind = 0;
  const int form = ASN1_get_object(&at, &length, &tag, &kind, static_cast<long>(rest.size()));
  if ((form & 0x81) != 0) return "OpenSSL finds no element, or one of indefinite length";
  const auto identifier = static_cast<unsigned>(tag) | static_cast<unsigned>(kind) | static_cast<unsigned>(form & 0x20);
  const bool same = identifier == element.tag && at == element.contents.data() &&
                    static_cast<std::size_t>(length) == element.contents.size();
  return same ? "" : "OpenSSL finds another element";
}

[[nodiscard]] inline std::string level_violation(der::Reader reader, ByteView rest) {
  while (!reader.at_end()) {
    der::Reader inside = reader;
    const der::Element element = *reader.any("element");
    std::string violation = header_violation(element, rest);
    if (violation.empty()) {
      violation = (element.tag & 0x20U) != 0 ? level_violation(*inside.enter(element.tag, "level"), element.contents)
                                             : value_violation(element);
    }
    if (!violation.empty()) return violation;
    rest = rest.subspan(element.whole.size());
  }
  return "";
}

[[nodiscard]] inline Outcome der_property(ByteView input) {
  if (!der::check_well_formed(input, "input")) return {};
  if (!equal(rewrite_level(der::Reader(input)), input))
    return {.accepted = true, .violation = "what was read is written differently"};
  return {.accepted = true, .violation = level_violation(der::Reader(input), input)};
}

}  // namespace signet::test
