#include "x509/information_extensions.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "x509/der.h"

namespace signet {
namespace {

constexpr std::string_view kCps = "1.3.6.1.5.5.7.2.1";
constexpr std::string_view kOcsp = "1.3.6.1.5.5.7.48.1";
constexpr std::string_view kCaIssuers = "1.3.6.1.5.5.7.48.2";
constexpr std::uint8_t kUri = der::context(6);
constexpr std::uint8_t kFullName = der::context_constructed(0);
constexpr std::uint64_t kStatusRequest = 5;  // RFC 7633 section 4.1, RFC 6066 section 8

std::unexpected<Error> refuse(std::string message) { return fail(ErrorCode::kInvalidArgument, std::move(message)); }

/// A reader inside the SEQUENCE that is the whole value and has at least one element.
Result<der::Reader> enter_list(ByteView value, std::string_view what) {
  der::Reader outer(value);
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, what));
  SIGNET_CHECK(outer.finish(what));
  if (reader.at_end()) return refuse(fmt::format("an empty {}", what));
  return reader;
}

/// An IA5String with the characters that URIs have; empty where it holds others.
std::string uri_from(ByteView contents) {
  const std::string_view text = text_of(contents);
  const bool visible = std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
  return visible ? std::string(text) : std::string();
}

/// PolicyQualifierInfo ::= SEQUENCE { policyQualifierId, qualifier }: the one CPS pointer that a policy may have here.
Result<Taken> read_qualifiers(der::Reader policy, CertificatePolicy& into) {
  SIGNET_TRY(der::Reader list, policy.enter(der::kSequence, "policyQualifiers"));
  SIGNET_CHECK(policy.finish("PolicyInformation"));
  if (list.at_end()) return refuse("empty policyQualifiers");
  Taken taken = Taken::kWhole;
  while (!list.at_end()) {
    SIGNET_TRY(der::Reader qualifier, list.enter(der::kSequence, "PolicyQualifierInfo"));
    SIGNET_TRY(const std::string id, qualifier.oid("policyQualifierId"));
    SIGNET_TRY(const der::Element value, qualifier.any("qualifier"));
    SIGNET_CHECK(qualifier.finish("PolicyQualifierInfo"));
    SIGNET_CHECK(der::check_well_formed(value.whole, "qualifier"));
    const bool another = !into.cps.empty();
    if (id == kCps && value.tag == der::kIa5String) into.cps = uri_from(value.contents);
    if (another || id != kCps || into.cps.empty()) taken = Taken::kNot;
  }
  return taken;
}

/// AccessDescription ::= SEQUENCE { accessMethod, accessLocation }. The OCSP responders stand first.
Result<Taken> read_access(der::Reader& list, Extensions& into) {
  SIGNET_TRY(der::Reader access, list.enter(der::kSequence, "AccessDescription"));
  SIGNET_TRY(const std::string method, access.oid("accessMethod"));
  SIGNET_TRY(const der::Element location, access.any("accessLocation"));
  SIGNET_CHECK(access.finish("AccessDescription"));
  std::string url = location.tag == kUri ? uri_from(location.contents) : std::string();
  const bool is_ocsp = method == kOcsp;
  if (url.empty() || (!is_ocsp && method != kCaIssuers) || (is_ocsp && !into.ca_issuers_urls.empty()))
    return Taken::kNot;
  (is_ocsp ? into.ocsp_urls : into.ca_issuers_urls).push_back(std::move(url));
  return Taken::kWhole;
}

/// DistributionPoint ::= SEQUENCE { [0] { [0] fullName }, ... }
Result<Taken> read_full_name(der::Reader point, std::vector<std::string>& urls) {
  if (point.peek() != kFullName) return Taken::kNot;
  SIGNET_TRY(der::Reader name, point.enter(kFullName, "distributionPoint"));
  if (!point.at_end() || name.peek() != kFullName) return Taken::kNot;
  SIGNET_TRY(der::Reader names, name.enter(kFullName, "fullName"));
  SIGNET_CHECK(name.finish("distributionPoint"));
  if (names.at_end()) return refuse("an empty fullName");
  while (!names.at_end()) {
    SIGNET_TRY(const der::Element location, names.any("GeneralName"));
    std::string url = location.tag == kUri ? uri_from(location.contents) : std::string();
    if (url.empty()) return Taken::kNot;
    urls.push_back(std::move(url));
  }
  return Taken::kWhole;
}

Bytes encode_uri(std::string_view uri) { return der::element(kUri, bytes_of(uri)); }

void append_access(Bytes& to, std::string_view method, const std::vector<std::string>& urls) {
  for (const std::string& url : urls) append(to, der::sequence({der::oid(method), encode_uri(url)}));
}

}  // namespace

Result<Taken> read_policies(ByteView value, Extensions& into) {
  SIGNET_CHECK(der::check_well_formed(value, "certificatePolicies"));
  SIGNET_TRY(der::Reader list, enter_list(value, "certificatePolicies"));
  std::vector<CertificatePolicy> policies;
  std::set<std::string> seen;
  Taken taken = Taken::kWhole;
  while (!list.at_end()) {
    SIGNET_TRY(der::Reader information, list.enter(der::kSequence, "PolicyInformation"));
    CertificatePolicy& policy = policies.emplace_back();
    SIGNET_TRY(policy.oid, information.oid("policyIdentifier"));
    if (!seen.insert(policy.oid).second) return refuse(fmt::format("policy {} stands there twice", policy.oid));
    if (information.at_end()) continue;
    SIGNET_TRY(const Taken qualifiers, read_qualifiers(information, policy));
    if (qualifiers == Taken::kNot) taken = Taken::kNot;
  }
  if (taken == Taken::kWhole) into.policies = std::move(policies);
  return taken;
}

Result<Taken> read_information_access(ByteView value, Extensions& into) {
  SIGNET_CHECK(der::check_well_formed(value, "authorityInfoAccess"));
  SIGNET_TRY(der::Reader list, enter_list(value, "authorityInfoAccess"));
  Taken taken = Taken::kWhole;
  while (!list.at_end()) {
    SIGNET_TRY(const Taken one, read_access(list, into));
    if (one == Taken::kNot) taken = Taken::kNot;
  }
  if (taken == Taken::kWhole) return taken;
  into.ocsp_urls.clear();
  into.ca_issuers_urls.clear();
  return taken;
}

Result<Taken> read_crl_points(ByteView value, Extensions& into) {
  SIGNET_CHECK(der::check_well_formed(value, "cRLDistributionPoints"));
  SIGNET_TRY(der::Reader list, enter_list(value, "cRLDistributionPoints"));
  SIGNET_TRY(const der::Reader point, list.enter(der::kSequence, "DistributionPoint"));
  std::vector<std::string> urls;
  SIGNET_TRY(const Taken taken, read_full_name(point, urls));
  if (!list.at_end() || taken == Taken::kNot) return Taken::kNot;
  into.crl_urls = std::move(urls);
  return Taken::kWhole;
}

Result<Taken> read_tls_feature(ByteView value, Extensions& into) {
  SIGNET_CHECK(der::check_well_formed(value, "Features"));
  SIGNET_TRY(der::Reader list, enter_list(value, "Features"));
  std::set<std::uint64_t> features;
  while (!list.at_end()) {
    SIGNET_TRY(const std::uint64_t feature, list.small_integer("feature"));
    if (!features.insert(feature).second) return refuse(fmt::format("feature {} stands there twice", feature));
  }
  if (features != std::set{kStatusRequest}) return Taken::kNot;
  into.must_staple = true;
  return Taken::kWhole;
}

Result<Taken> read_ocsp_no_check(ByteView value, Extensions& into) {
  if (!equal(value, der::null())) return refuse("not NULL");
  into.ocsp_no_check = true;
  return Taken::kWhole;
}

Bytes encode_policies(const std::vector<CertificatePolicy>& policies) {
  Bytes list;
  for (const CertificatePolicy& policy : policies) {
    const Bytes cps = der::sequence({der::oid(kCps), der::element(der::kIa5String, bytes_of(policy.cps))});
    append(list, der::sequence({der::oid(policy.oid), policy.cps.empty() ? Bytes() : der::sequence({cps})}));
  }
  return der::element(der::kSequence, list);
}

Bytes encode_information_access(const std::vector<std::string>& ocsp_urls,
                                const std::vector<std::string>& ca_issuers_urls) {
  Bytes list;
  append_access(list, kOcsp, ocsp_urls);
  append_access(list, kCaIssuers, ca_issuers_urls);
  return der::element(der::kSequence, list);
}

Bytes encode_crl_points(const std::vector<std::string>& urls) {
  Bytes names;
  for (const std::string& url : urls) append(names, encode_uri(url));
  const Bytes name = der::element(kFullName, der::element(kFullName, names));
  return der::sequence({der::sequence({name})});
}

Bytes encode_must_staple() { return der::sequence({der::small_integer(kStatusRequest)}); }

}  // namespace signet
