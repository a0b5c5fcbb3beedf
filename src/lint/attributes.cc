#include "lint/attributes.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"

namespace signet::lint {
namespace {

// Upper bounds: RFC 5280 appendix A.1; postalCode and streetAddress as X.520 had them.
constexpr std::array kRules = {
    AttributeRule{oid::kCommonName, "commonName", 64, StringKind::kDirectory},
    AttributeRule{oid::kCountry, "countryName", 2, StringKind::kPrintable},
    AttributeRule{oid::kOrganization, "organizationName", 64, StringKind::kDirectory},
    AttributeRule{oid::kOrganizationalUnit, "organizationalUnitName", 64, StringKind::kDirectory},
    AttributeRule{oid::kState, "stateOrProvinceName", 128, StringKind::kDirectory},
    AttributeRule{oid::kLocality, "localityName", 128, StringKind::kDirectory},
    AttributeRule{oid::kSerialNumber, "serialNumber", 64, StringKind::kPrintable},
    AttributeRule{oid::kStreet, "streetAddress", 128, StringKind::kDirectory},
    AttributeRule{oid::kPostalCode, "postalCode", 40, StringKind::kDirectory},
    AttributeRule{oid::kTitle, "title", 64, StringKind::kDirectory},
    AttributeRule{oid::kSurname, "surname", 32768, StringKind::kDirectory},
    AttributeRule{oid::kGivenName, "givenName", 32768, StringKind::kDirectory},
    AttributeRule{oid::kPseudonym, "pseudonym", 128, StringKind::kDirectory},
    AttributeRule{oid::kDnQualifier, "dnQualifier", 64, StringKind::kPrintable},
    AttributeRule{oid::kBusinessCategory, "businessCategory", 128, StringKind::kDirectory},
    AttributeRule{oid::kOrganizationIdentifier, "organizationIdentifier", 256, StringKind::kDirectory},
    AttributeRule{oid::kEmailAddress, "emailAddress", 255, StringKind::kIa5},
    AttributeRule{oid::kDomainComponent, "domainComponent", 63, StringKind::kIa5},
    AttributeRule{oid::kJurisdictionCountry, "jurisdictionCountry", 2, StringKind::kPrintable},
    AttributeRule{oid::kJurisdictionState, "jurisdictionStateOrProvince", 128, StringKind::kDirectory},
    AttributeRule{oid::kJurisdictionLocality, "jurisdictionLocality", 128, StringKind::kDirectory},
};

constexpr std::uint8_t kUniversalString = 0x1C;
constexpr std::uint8_t kBmpString = 0x1E;

}  // namespace

const AttributeRule* rule_of(Oid type) noexcept {
  const auto* const rule = std::ranges::find(kRules, type, &AttributeRule::oid);
  return rule == kRules.end() ? nullptr : rule;
}

std::string attribute_name(Oid type) {
  const AttributeRule* const rule = rule_of(type);
  return rule == nullptr ? dotted(type) : std::string(rule->name);
}

std::optional<std::size_t> count_characters(const Attribute& attribute) noexcept {
  const std::string_view value = attribute.value;
  if (attribute.tag == kBmpString) return value.size() / 2;
  if (attribute.tag == kUniversalString) return value.size() / 4;
  if (attribute.tag != der::kUtf8String) return value.size();
  if (!is_utf8(value)) return std::nullopt;
  return static_cast<std::size_t>(
      std::ranges::count_if(value, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace signet::lint
