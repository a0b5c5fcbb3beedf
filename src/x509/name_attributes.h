// The attributes names are made of, shared by the DER and the RFC 4514 form. Internal to x509.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "x509/der.h"

namespace signet {

struct AttributeType {
  std::string_view key;
  std::string_view oid;
  std::size_t max_characters;  ///< X.520's upper bound, as RFC 5280 appendix A.1 has it
  std::uint8_t tag;            ///< the string type it is written as
};

inline constexpr std::array kAttributeTypes = {
    AttributeType{"C", "2.5.4.6", 2, der::kPrintableString},
    AttributeType{"ST", "2.5.4.8", 128, der::kUtf8String},
    AttributeType{"L", "2.5.4.7", 128, der::kUtf8String},
    AttributeType{"O", "2.5.4.10", 64, der::kUtf8String},
    AttributeType{"OU", "2.5.4.11", 64, der::kUtf8String},
    AttributeType{"CN", "2.5.4.3", 64, der::kUtf8String},
    AttributeType{"serialNumber", "2.5.4.5", 64, der::kPrintableString},
};

/// The short name of an attribute, or its OID where it has none here.
[[nodiscard]] std::string attribute_key(std::string_view oid);

/// The value of an AttributeTypeAndValue as UTF-8: UTF8String, PrintableString, and IA5String and TeletexString as far
/// as they are ASCII; not empty, no control characters.
[[nodiscard]] Result<std::string> attribute_value(const der::Element& value);

}  // namespace signet
