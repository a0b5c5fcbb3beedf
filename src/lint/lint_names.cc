// Issuer and subject.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "lint/attributes.h"
#include "lint/lints.h"

namespace signet::lint {
namespace {

constexpr std::uint8_t kUniversalString = 0x1C;
constexpr std::uint8_t kBmpString = 0x1E;

void check_issuer_empty(const View& view, Report& report) {
  if (view.issuer.attributes.empty()) report.found("issuer is an empty name");
}

void check_ca_subject_empty(const View& view, Report& report) {
  if (view.subject.attributes.empty()) report.found("the subject of a CA is an empty name");
}

void check_subject_without_san(const View& view, Report& report) {
  if (view.subject.attributes.empty() && view.find(oid::kSubjectAltName) == nullptr)
    report.found("neither a subject nor a subjectAltName names the end entity");
}

void check_subject_email(const View& view, Report& report) {
  if (std::ranges::find(view.subject.attributes, oid::kEmailAddress, &Attribute::type) != view.subject.attributes.end())
    report.found("an e-mail address as an attribute of the subject; it belongs into subjectAltName");
}

/// Calls `check(name, field)` for both names.
template <class F>
void for_names(const View& view, F check) {
  check(view.issuer, "issuer");
  check(view.subject, "subject");
}

/// Calls `check(attribute, field)` for every attribute of both names.
template <class F>
void for_attributes(const View& view, F check) {
  for_names(view, [&](const RawName& name, std::string_view field) {
    for (const Attribute& attribute : name.attributes) check(attribute, field);
  });
}

std::string what(const Attribute& attribute, std::string_view field) {
  return fmt::format("{} {} \"{}\"", field, attribute_name(attribute.type), printable(attribute.value, 80));
}

void check_empty_rdn(const View& view, Report& report) {
  for_names(view, [&](const RawName& name, std::string_view field) {
    if (name.has_empty_rdn) report.found(fmt::format("a RelativeDistinguishedName of {} has no attribute", field));
  });
}

void check_rdn_order(const View& view, Report& report) {
  for_names(view, [&](const RawName& name, std::string_view field) {
    if (!name.is_sorted)
      report.found(fmt::format("a RelativeDistinguishedName of {} is not in the order of a SET OF", field));
  });
}

/// Names are short enough to compare each attribute with all before it.
void check_repeated(const View& view, Report& report) {
  for_names(view, [&](const RawName& name, std::string_view field) {
    for (auto at = name.attributes.begin(); at != name.attributes.end(); ++at) {
      const auto is_same = [&](const Attribute& other) { return other.rdn == at->rdn && other.type == at->type; };
      if (std::any_of(name.attributes.begin(), at, is_same)) {
        report.found(fmt::format("{} {} is twice in one RelativeDistinguishedName", field, attribute_name(at->type)));
      }
    }
  });
}

void check_empty_value(const View& view, Report& report) {
  for_attributes(view, [&](const Attribute& attribute, std::string_view field) {
    if (attribute.value.empty()) report.found(what(attribute, field) + " is empty");
  });
}

bool is_directory_string(std::uint8_t tag) noexcept {
  return tag == der::kUtf8String || tag == der::kPrintableString || tag == der::kTeletexString || tag == kBmpString ||
         tag == kUniversalString;
}

bool is_right_type(const AttributeRule& rule, std::uint8_t tag) noexcept {
  switch (rule.kind) {
    case StringKind::kDirectory: return is_directory_string(tag);
    case StringKind::kPrintable: return tag == der::kPrintableString;
    case StringKind::kIa5: return tag == der::kIa5String;
  }
  return false;
}

void check_string_type(const View& view, Report& report) {
  for_attributes(view, [&](const Attribute& attribute, std::string_view field) {
    const AttributeRule* const rule = rule_of(attribute.type);
    if (rule == nullptr || is_right_type(*rule, attribute.tag)) return;
    report.found(
        fmt::format("{} has tag 0x{:02x}, which this attribute does not have", what(attribute, field), attribute.tag));
  });
}

void check_old_type(const View& view, Report& report) {
  for_attributes(view, [&](const Attribute& attribute, std::string_view field) {
    const AttributeRule* const rule = rule_of(attribute.type);
    const bool old =
        attribute.tag == der::kTeletexString || attribute.tag == kBmpString || attribute.tag == kUniversalString;
    if (old && rule != nullptr && rule->kind == StringKind::kDirectory)
      report.found(what(attribute, field) + " is a TeletexString, BMPString or UniversalString; use UTF8String");
  });
}

void check_charset(const View& view, Report& report) {
  for_attributes(view, [&](const Attribute& attribute, std::string_view field) {
    const std::string_view value = attribute.value;
    if (attribute.tag == der::kPrintableString && !std::ranges::all_of(value, ascii::is_printable_string))
      report.found(what(attribute, field) + " has characters that a PrintableString does not have");
    if (attribute.tag == der::kIa5String && !ascii::is_all_ascii(value))
      report.found(what(attribute, field) + " has characters that an IA5String does not have");
    if (attribute.tag == der::kUtf8String && !is_utf8(value)) report.found(what(attribute, field) + " is not UTF-8");
  });
}

/// C0 controls and DEL; in a BMPString or UniversalString a unit whose leading bytes are zero.
bool has_control(const Attribute& attribute) noexcept {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  const std::size_t unit = attribute.tag == kBmpString ? 2 : attribute.tag == kUniversalString ? 4 : 1;
  const std::string_view value = attribute.value;
  for (std::size_t at = 0; at + unit <= value.size(); at += unit) {
    const std::string_view leading = value.substr(at, unit - 1);
    if (is_control(value[at + unit - 1]) && std::ranges::all_of(leading, [](char c) { return c == 0; })) return true;
  }
  return false;
}

bool is_text(const Attribute& attribute) noexcept {
  return is_directory_string(attribute.tag) || attribute.tag == der::kIa5String;
}

void check_control(const View& view, Report& report) {
  for_attributes(view, [&](const Attribute& attribute, std::string_view field) {
    if (is_text(attribute) && has_control(attribute)) report.found(what(attribute, field) + " has a control character");
  });
}

void check_blanks(const View& view, Report& report) {
  for_attributes(view, [&](const Attribute& attribute, std::string_view field) {
    if (attribute.value.starts_with(' ') || attribute.value.ends_with(' '))
      report.found(what(attribute, field) + " begins or ends with a blank");
  });
}

void check_length(const View& view, Report& report) {
  for_attributes(view, [&](const Attribute& attribute, std::string_view field) {
    const AttributeRule* const rule = rule_of(attribute.type);
    const auto characters = count_characters(attribute);
    if (rule == nullptr || !characters || *characters <= rule->max_characters) return;
    report.found(fmt::format("{} has {} characters; at most {} are allowed", what(attribute, field), *characters,
                             rule->max_characters));
  });
}

void check_country(const View& view, Report& report) {
  for_attributes(view, [&](const Attribute& attribute, std::string_view field) {
    if (attribute.type != oid::kCountry && attribute.type != oid::kJurisdictionCountry) return;
    const bool letters = std::ranges::all_of(attribute.value, ascii::is_upper);
    if (attribute.value.size() < 2 || (attribute.value.size() == 2 && !letters))
      report.found(what(attribute, field) + " is no country code of two upper-case letters");
  });
}

constexpr std::array kLints = {
    Lint{"issuer.empty", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.1.2.4", "the issuer has a name",
         check_issuer_empty},
    Lint{"subject.ca-empty", Severity::kError, Set::kPrivate, kCa, "RFC 5280 section 4.1.2.6",
         "the subject of a CA has a name", check_ca_subject_empty},
    Lint{"subject.unnamed", Severity::kError, Set::kPrivate, kEndEntity, "RFC 5280 section 4.1.2.6",
         "an end entity is named by its subject or by subjectAltName", check_subject_without_san},
    Lint{"subject.email", Severity::kWarning, Set::kPrivate, kAny, "RFC 5280 section 4.1.2.6",
         "e-mail addresses are in subjectAltName, not in the subject", check_subject_email},
    Lint{"name.empty-rdn", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.1.2.4",
         "every RelativeDistinguishedName has an attribute", check_empty_rdn},
    Lint{"name.rdn-order", Severity::kError, Set::kPrivate, kAny, "X.690 section 11.6",
         "the attributes of a RelativeDistinguishedName are in DER's order", check_rdn_order},
    Lint{"name.repeated-type", Severity::kError, Set::kPrivate, kAny, "X.501 section 9.3",
         "no attribute type is twice in one RelativeDistinguishedName", check_repeated},
    Lint{"name.empty-value", Severity::kError, Set::kPrivate, kAny, "RFC 5280 appendix A.1", "no attribute is empty",
         check_empty_value},
    Lint{"name.string-type", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.1.2.4 and appendix A.1",
         "attributes have the string type they are defined with", check_string_type},
    Lint{"name.old-string-type", Severity::kWarning, Set::kPrivate, kAny, "RFC 5280 section 4.1.2.4",
         "attributes are PrintableString or UTF8String, not TeletexString, BMPString or UniversalString",
         check_old_type},
    Lint{"name.charset", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.1.2.4; X.680 section 41.4",
         "PrintableString, IA5String and UTF8String have only their own characters", check_charset},
    Lint{"name.control", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 7.1; RFC 4518 section 2.4",
         "no attribute has NUL or another control character", check_control},
    Lint{"name.blanks", Severity::kWarning, Set::kPrivate, kAny, "RFC 5280 section 7.1; RFC 4518 section 2.6.1",
         "no attribute begins or ends with a blank", check_blanks},
    Lint{"name.too-long", Severity::kError, Set::kPrivate, kAny, "RFC 5280 appendix A.1",
         "attributes are within their upper bounds (commonName 64, countryName 2, ...)", check_length},
    Lint{"name.country", Severity::kError, Set::kPrivate, kAny, "RFC 5280 appendix A.1; ISO 3166-1",
         "a country is two upper-case letters", check_country},
};

}  // namespace

std::span<const Lint> name_lints() noexcept { return kLints; }

}  // namespace signet::lint
