#include "x509/crl_extensions.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "x509/extension_reader.h"
#include "x509/field.h"
#include "x509/generalized_time.h"

namespace signet {
namespace {

constexpr std::string_view kCrlNumberOid = "2.5.29.20";
constexpr std::string_view kReasonCodeOid = "2.5.29.21";
constexpr std::string_view kInvalidityDateOid = "2.5.29.24";
constexpr std::string_view kDeltaCrlIndicatorOid = "2.5.29.27";
constexpr std::string_view kIssuingDistributionPointOid = "2.5.29.28";

constexpr std::uint8_t kEnumerated = 0x0A;
constexpr std::uint8_t kUri = der::context(6);

// IssuingDistributionPoint's fields.
constexpr std::uint8_t kDistributionPoint = der::context_constructed(0);
constexpr std::uint8_t kFullName = der::context_constructed(0);
constexpr std::uint8_t kOnlyUserCertificates = der::context(1);
constexpr std::uint8_t kOnlyCaCertificates = der::context(2);

std::unexpected<Error> refuse(std::string message) { return fail(ErrorCode::kInvalidArgument, std::move(message)); }

Result<CrlNumber> read_number(ByteView value, std::string_view what) {
  der::Reader reader(value);
  SIGNET_TRY(const ByteView contents, reader.integer(what));
  SIGNET_CHECK(reader.finish(what));
  return CrlNumber::from_der_contents(contents);
}

Result<std::string> read_url(der::Reader& names) {
  SIGNET_TRY(const der::Element name, names.element(kUri, "uniformResourceIdentifier"));
  const std::string_view url = text_of(name.contents);
  const bool visible = std::ranges::all_of(url, [](char c) { return c > ' ' && c < 0x7F; });
  if (url.empty() || !visible) return refuse("a URI that is empty or not printable ASCII without spaces");
  return std::string(url);
}

/// DistributionPointName, of which fullName with URIs is understood.
Result<std::vector<std::string>> read_full_name(der::Reader& reader) {
  SIGNET_TRY(der::Reader point, reader.enter(kDistributionPoint, "distributionPoint"));
  SIGNET_TRY(der::Reader names, point.enter(kFullName, "fullName"));
  SIGNET_CHECK(point.finish("distributionPoint"));
  std::vector<std::string> urls;
  while (!names.at_end()) {
    SIGNET_TRY(std::string url, read_url(names));
    urls.push_back(std::move(url));
  }
  if (urls.empty()) return refuse("a fullName without a name");
  return urls;
}

/// [n] IMPLICIT BOOLEAN DEFAULT FALSE.
Result<bool> read_flag(der::Reader& reader, std::uint8_t tag, std::string_view what) {
  SIGNET_TRY(const auto flag, reader.optional(tag, what));
  if (!flag) return false;
  if (flag->contents.size() == 1 && flag->contents[0] == 0xFF) return true;
  return refuse(fmt::format("{} is not TRUE; DER leaves the default out", what));
}

Result<CrlScope> read_scope(ByteView value) {
  der::Reader outer(value);
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, "IssuingDistributionPoint"));
  SIGNET_CHECK(outer.finish("IssuingDistributionPoint"));
  if (reader.at_end()) return refuse("an empty sequence (RFC 5280 section 5.2.5)");
  CrlScope scope;
  if (reader.peek() == kDistributionPoint) {
    SIGNET_TRY(scope.urls, read_full_name(reader));
  }
  SIGNET_TRY(scope.only_user_certificates, read_flag(reader, kOnlyUserCertificates, "onlyContainsUserCerts"));
  SIGNET_TRY(scope.only_ca_certificates, read_flag(reader, kOnlyCaCertificates, "onlyContainsCACerts"));
  if (scope.only_user_certificates && scope.only_ca_certificates)
    return refuse("onlyContainsUserCerts and onlyContainsCACerts exclude each other (RFC 5280 section 5.2.5)");
  if (!reader.at_end())
    return refuse("onlySomeReasons, indirectCRL or onlyContainsAttributeCerts, which are not understood here");
  return scope;
}

Result<void> read_crl_extension(const Extension& extension, CrlFields& into) {
  if (extension.oid == kAuthorityKeyIdentifierOid) {
    SIGNET_TRY(into.authority_key_id, in_field("authorityKeyIdentifier", read_authority_key_id(extension.value)));
  } else if (extension.oid == kCrlNumberOid) {
    SIGNET_TRY(into.number, in_field("cRLNumber", read_number(extension.value, "cRLNumber")));
  } else if (extension.oid == kDeltaCrlIndicatorOid) {
    SIGNET_TRY(into.delta_base, in_field("deltaCRLIndicator", read_number(extension.value, "BaseCRLNumber")));
    if (!extension.critical) return refuse("deltaCRLIndicator is not critical (RFC 5280 section 5.2.4)");
  } else if (extension.oid == kIssuingDistributionPointOid) {
    SIGNET_TRY(into.scope, in_field("issuingDistributionPoint", read_scope(extension.value)));
    if (!extension.critical) return refuse("issuingDistributionPoint is not critical (RFC 5280 section 5.2.5)");
  } else if (extension.critical) {
    return refuse(fmt::format("extension {} is critical and not understood here", extension.oid));
  } else {
    SIGNET_CHECK(der::check_well_formed(extension.value, "extension " + extension.oid));
  }
  return {};
}

Result<Time> read_invalidity_date(ByteView value) {
  der::Reader reader(value);
  SIGNET_TRY(const Time time, read_generalized_time(reader, "invalidityDate"));
  SIGNET_CHECK(reader.finish("invalidityDate"));
  return time;
}

Result<void> read_entry_extension(const Extension& extension, RevokedCertificate& into) {
  if (extension.oid == kReasonCodeOid) {
    SIGNET_TRY(into.reason, in_field("reasonCode", read_reason(extension.value)));
    if (extension.critical) return refuse("reasonCode is critical (RFC 5280 section 5.3.1)");
  } else if (extension.oid == kInvalidityDateOid) {
    SIGNET_TRY(into.invalid_since, in_field("invalidityDate", read_invalidity_date(extension.value)));
    if (extension.critical) return refuse("invalidityDate is critical (RFC 5280 section 5.3.2)");
  } else if (extension.critical) {
    return refuse(fmt::format("extension {} of an entry is critical and not understood here", extension.oid));
  } else {
    SIGNET_CHECK(der::check_well_formed(extension.value, "extension " + extension.oid));
  }
  return {};
}

template <class Into>
Result<void> read_all(ByteView der, Into& into, Result<void> (*read)(const Extension&, Into&)) {
  der::Reader outer(der);
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, "Extensions"));
  SIGNET_CHECK(outer.finish("Extensions"));
  if (reader.at_end()) return refuse("an empty list of extensions");
  std::set<std::string> seen;
  while (!reader.at_end()) {
    SIGNET_TRY(const Extension extension, read_extension(reader));
    if (!seen.insert(extension.oid).second)
      return refuse(fmt::format("extension {} stands there twice", extension.oid));
    SIGNET_CHECK(read(extension, into));
  }
  return {};
}

Bytes encode_number(const CrlNumber& number) { return der::unsigned_integer(number.padded()); }

Bytes encode_scope(const CrlScope& scope) {
  constexpr std::uint8_t kTrue[] = {0xFF};
  Bytes contents;
  if (!scope.urls.empty()) {
    Bytes names;
    for (const std::string& url : scope.urls) append(names, der::element(kUri, bytes_of(url)));
    append(contents, der::element(kDistributionPoint, der::element(kFullName, names)));
  }
  if (scope.only_user_certificates) append(contents, der::element(kOnlyUserCertificates, kTrue));
  if (scope.only_ca_certificates) append(contents, der::element(kOnlyCaCertificates, kTrue));
  return der::element(der::kSequence, contents);
}

}  // namespace

Result<CrlReason> read_reason(ByteView value) {
  constexpr std::uint8_t kNoReason = 7;
  der::Reader reader(value);
  SIGNET_TRY(const der::Element element, reader.element(kEnumerated, "CRLReason"));
  SIGNET_CHECK(reader.finish("CRLReason"));
  const ByteView number = element.contents;
  if (number.size() != 1 || number[0] == kNoReason || number[0] > static_cast<std::uint8_t>(CrlReason::kAaCompromise))
    return refuse("a reason that RFC 5280 section 5.3.1 does not define");
  return static_cast<CrlReason>(number[0]);
}

Bytes encode_reason(CrlReason reason) {
  const std::uint8_t number[] = {static_cast<std::uint8_t>(reason)};
  return der::element(kEnumerated, number);
}

Result<void> read_crl_extensions(ByteView der, CrlFields& into) { return read_all(der, into, &read_crl_extension); }

Result<void> read_entry_extensions(ByteView der, RevokedCertificate& into) {
  return read_all(der, into, &read_entry_extension);
}

Bytes encode_crl_extensions(const CrlFields& fields) {
  Bytes list;
  if (fields.authority_key_id) {
    append_extension(list, kAuthorityKeyIdentifierOid, Criticality::kNotCritical,
                     encode_authority_key_id(*fields.authority_key_id));
  }
  if (fields.number) append_extension(list, kCrlNumberOid, Criticality::kNotCritical, encode_number(*fields.number));
  if (fields.delta_base)
    append_extension(list, kDeltaCrlIndicatorOid, Criticality::kCritical, encode_number(*fields.delta_base));
  if (fields.scope)
    append_extension(list, kIssuingDistributionPointOid, Criticality::kCritical, encode_scope(*fields.scope));
  return list.empty() ? Bytes() : der::element(der::kSequence, list);
}

Bytes encode_entry_extensions(const RevokedCertificate& entry) {
  if (!entry.reason && !entry.invalid_since) return {};
  Bytes list;
  if (entry.reason) append_extension(list, kReasonCodeOid, Criticality::kNotCritical, encode_reason(*entry.reason));
  if (entry.invalid_since)
    append_extension(list, kInvalidityDateOid, Criticality::kNotCritical, generalized_time(*entry.invalid_since));
  return der::element(der::kSequence, list);
}

}  // namespace signet
