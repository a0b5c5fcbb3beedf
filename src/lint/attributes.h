// What X.520 and RFC 5280 say of the attributes of names.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "lint/view.h"

namespace signet::lint {

enum class StringKind : std::uint8_t {
  kDirectory,  ///< DirectoryString: PrintableString or UTF8String; in old certificates also others
  kPrintable,  ///< PrintableString only
  kIa5,        ///< IA5String only
};

struct AttributeRule {
  Oid oid;
  std::string_view name;
  std::size_t max_characters;
  StringKind kind;
};

/// Null for attributes that have no rule here.
[[nodiscard]] const AttributeRule* rule_of(Oid type) noexcept;
/// "commonName", or dotted.
[[nodiscard]] std::string attribute_name(Oid type);

/// The value in characters: code points of UTF-8, two bytes of a BMPString, four of a UniversalString. Nothing where it
/// cannot be counted.
[[nodiscard]] std::optional<std::size_t> count_characters(const Attribute& attribute) noexcept;
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

}  // namespace signet::lint
