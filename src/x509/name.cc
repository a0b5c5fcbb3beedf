#include "x509/name.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "base/ascii.h"
#include "x509/name_attributes.h"
#include "x509/name_subtree.h"

namespace signet {
namespace {

using Attribute = std::pair<std::string, std::string>;

std::unexpected<Error> refuse(std::string message) { return fail(ErrorCode::kInvalidArgument, std::move(message)); }

bool is_printable_string(std::string_view text) noexcept {
  return std::ranges::all_of(text, ascii::is_printable_string);
}

/// Well-formed UTF-8 without control characters: what printable() leaves as it is.
bool is_clean(std::string_view text) { return printable(text, std::numeric_limits<std::size_t>::max()) == text; }

std::size_t count_characters(std::string_view utf8) noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

std::string known_keys() {
  std::vector<std::string_view> keys;
  for (const AttributeType& type : kAttributeTypes) keys.push_back(type.key);
  return fmt::format("{}", fmt::join(keys, ", "));
}

Result<void> check_value(const AttributeType& type, std::string_view value) {
  const auto refuse_value = [&](std::string_view rule) {
    return refuse(fmt::format("{} \"{}\" {}", type.key, printable(value), rule));
  };
  if (value.empty()) return refuse_value("is empty");
  if (!is_clean(value)) return refuse_value("has control characters or is not UTF-8");
  if (count_characters(value) > type.max_characters) {
    return refuse_value(fmt::format("is longer than {} characters (RFC 5280 appendix A.1)", type.max_characters));
  }
  if (type.tag == der::kPrintableString && !is_printable_string(value)) {
    return refuse_value("has characters a PrintableString does not have");
  }
  if (type.key == "C" && (value.size() != 2 || !std::ranges::all_of(value, ascii::is_letter))) {
    return refuse_value("is not a country code of two letters (ISO 3166)");
  }
  return {};
}

Result<Bytes> encode_rdn(const Attribute& attribute) {
  const auto* const type = std::ranges::find(kAttributeTypes, std::string_view(attribute.first), &AttributeType::key);
  if (type == kAttributeTypes.end()) {
    return refuse(fmt::format("unknown attribute \"{}\"; known are {}", printable(attribute.first), known_keys()));
  }
  SIGNET_CHECK(check_value(*type, attribute.second));
  const Bytes value = der::element(type->tag, bytes_of(attribute.second));
  return der::element(der::kSet, der::sequence({der::oid(type->oid), value}));
}

Result<Attribute> read_attribute(ByteView der) {
  der::Reader outer(der);
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, "AttributeTypeAndValue"));
  SIGNET_TRY(const std::string oid, reader.oid("attribute type"));
  SIGNET_TRY(const der::Element value, reader.any("attribute value"));
  SIGNET_CHECK(reader.finish("AttributeTypeAndValue"));
  std::string key = attribute_key(oid);
  Result<std::string> text = attribute_value(value);
  if (!text) return refuse(fmt::format("{}: {}", key, text.error().message));
  return Attribute(std::move(key), *std::move(text));
}

Result<void> read_rdn(der::Reader rdn, std::vector<Attribute>& to) {
  if (rdn.at_end()) return refuse("a RelativeDistinguishedName without attributes");
  ByteView previous;
  while (!rdn.at_end()) {
    SIGNET_TRY(const der::Element element, rdn.element(der::kSequence, "AttributeTypeAndValue"));
    if (!der::precedes(previous, element.whole)) return refuse("a RelativeDistinguishedName that is not in DER order");
    SIGNET_TRY(Attribute attribute, read_attribute(element.whole));
    to.push_back(std::move(attribute));
    previous = element.whole;
  }
  return {};
}

}  // namespace

std::string attribute_key(std::string_view oid) {
  const auto* const type = std::ranges::find(kAttributeTypes, oid, &AttributeType::oid);
  return std::string(type == kAttributeTypes.end() ? oid : type->key);
}

Result<std::string> attribute_value(const der::Element& value) {
  const std::string_view text = text_of(value.contents);
  switch (value.tag) {
    case der::kUtf8String: break;
    case der::kPrintableString:
      if (!is_printable_string(text)) return refuse("characters a PrintableString does not have");
      break;
    case der::kIa5String:
    case der::kTeletexString:
      if (!ascii::is_all_ascii(text)) return refuse("a string that is not ASCII; use UTF8String");
      break;
    default: return refuse(fmt::format("a value of tag 0x{:02x}; use UTF8String", value.tag));
  }
  if (text.empty()) return refuse("an empty value");
  if (!is_clean(text))
    return refuse(fmt::format("control characters or bytes that are not UTF-8 in \"{}\"", printable(text)));
  return std::string(text);
}

Result<Name> Name::from_attributes(const std::vector<std::pair<std::string, std::string>>& attributes) {
  Bytes rdns;
  for (const Attribute& attribute : attributes) {
    SIGNET_TRY(const Bytes rdn, encode_rdn(attribute));
    append(rdns, rdn);
  }
  Name name;
  name.der_ = der::element(der::kSequence, rdns);
  name.attributes_ = attributes;
  return name;
}

Result<Name> Name::parse(ByteView der) {
  der::Reader outer(der);
  SIGNET_TRY(der::Reader rdns, outer.enter(der::kSequence, "Name"));
  SIGNET_CHECK(outer.finish("Name"));
  Name name;
  while (!rdns.at_end()) {
    SIGNET_TRY(const der::Reader rdn, rdns.enter(der::kSet, "RelativeDistinguishedName"));
    SIGNET_CHECK(read_rdn(rdn, name.attributes_));
  }
  name.der_ = copy_of(der);
  return name;
}

bool same_name(const Name& a, const Name& b) {
  if (equal(a.der(), b.der())) return true;
  return a.attributes().size() == b.attributes().size() && comparable_rdns(a) == comparable_rdns(b);
}

std::vector<std::string> Name::common_names() const {
  std::vector<std::string> values;
  for (const auto& [key, value] : attributes_) {
    if (key == "CN") values.push_back(value);
  }
  return values;
}

}  // namespace signet
