// Well-formed DER is what our own writer makes of what our own reader read.
#pragma once

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

[[nodiscard]] inline Outcome der_property(ByteView input) {
  if (!der::check_well_formed(input, "input")) return {};
  const bool same = equal(rewrite_level(der::Reader(input)), input);
  return {.accepted = true, .violation = same ? "" : "what was read is written differently"};
}

}  // namespace signet::test
