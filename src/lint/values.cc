#include "lint/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lint/view.h"
#include "x509/certificate.h"
#include "x509/der.h"

namespace signet::lint {
namespace {

std::unexpected<Error> wrong(std::string message) { return fail(ErrorCode::kInvalidArgument, std::move(message)); }

/// A reader inside the SEQUENCE that `value` is and nothing else.
Result<der::Reader> enter_only(ByteView value, std::string_view what) {
  der::Reader outer(value);
  SIGNET_TRY(const der::Reader inner, outer.enter(der::kSequence, what));
  SIGNET_CHECK(outer.finish(what));
  return inner;
}

Result<Oid> read_oid(der::Reader& reader, std::string_view what) {
  SIGNET_TRY(const der::Element element, reader.element(der::kOid, what));
  if (element.contents.empty()) return wrong(fmt::format("{}: an empty object identifier", what));
  return text_of(element.contents);
}

Result<GeneralName> read_general_name(der::Reader& reader) {
  SIGNET_TRY(const der::Element element, reader.any("GeneralName"));
  switch (element.tag) {
    case kOtherName:
    case kEmail:
    case kDns:
    case kX400:
    case kDirectoryName:
    case kEdiParty:
    case kUri:
    case kIp:
    case kRegisteredId: return GeneralName{.tag = element.tag, .text = text_of(element.contents)};
    default: return wrong(fmt::format("tag 0x{:02x} is no GeneralName", element.tag));
  }
}

Result<std::vector<GeneralName>> read_general_names(der::Reader reader) {
  std::vector<GeneralName> names;
  while (!reader.at_end()) {
    SIGNET_TRY(const GeneralName name, read_general_name(reader));
    names.push_back(name);
  }
  return names;
}

Result<std::vector<Oid>> read_oids(der::Reader reader, std::string_view what) {
  std::vector<Oid> oids;
  while (!reader.at_end()) {
    SIGNET_TRY(const Oid oid, read_oid(reader, what));
    oids.push_back(oid);
  }
  return oids;
}

Result<void> read_basic_constraints(ByteView value, Values& into) {
  SIGNET_TRY(der::Reader reader, enter_only(value, "BasicConstraints"));
  BasicConstraintsValue constraints;
  if (reader.peek() == der::kBoolean) {
    SIGNET_TRY(constraints.ca, reader.boolean("cA"));
    constraints.has_ca_false = !constraints.ca;
  }
  if (!reader.at_end()) {
    SIGNET_TRY(constraints.path_length, reader.small_integer("pathLenConstraint"));
  }
  SIGNET_CHECK(reader.finish("BasicConstraints"));
  into.basic_constraints = constraints;
  return {};
}

Result<void> read_key_usage(ByteView value, Values& into) {
  der::Reader reader(value);
  SIGNET_TRY(const std::uint32_t bits, reader.named_bits("KeyUsage"));
  SIGNET_CHECK(reader.finish("KeyUsage"));
  into.key_usage = bits;
  return {};
}

Result<void> read_extended_key_usage(ByteView value, Values& into) {
  SIGNET_TRY(const der::Reader reader, enter_only(value, "ExtKeyUsageSyntax"));
  SIGNET_TRY(into.extended_key_usage, read_oids(reader, "KeyPurposeId"));
  return {};
}

Result<void> read_subject_alt_name(ByteView value, Values& into) {
  SIGNET_TRY(const der::Reader reader, enter_only(value, "GeneralNames"));
  SIGNET_TRY(into.subject_alt_name, read_general_names(reader));
  return {};
}

Result<void> read_issuer_alt_name(ByteView value, Values& into) {
  SIGNET_TRY(const der::Reader reader, enter_only(value, "GeneralNames"));
  SIGNET_TRY(into.issuer_alt_name, read_general_names(reader));
  return {};
}

Result<void> read_subject_key_id(ByteView value, Values& into) {
  der::Reader reader(value);
  SIGNET_TRY(const der::Element id, reader.element(der::kOctetString, "KeyIdentifier"));
  SIGNET_CHECK(reader.finish("KeyIdentifier"));
  into.subject_key_id = id.contents;
  return {};
}

Result<void> read_authority_key_id(ByteView value, Values& into) {
  constexpr std::string_view what = "AuthorityKeyIdentifier";
  SIGNET_TRY(der::Reader reader, enter_only(value, what));
  SIGNET_TRY(const auto id, reader.optional(der::context(0), what));
  SIGNET_TRY(const auto issuer, reader.optional(der::context_constructed(1), what));
  SIGNET_TRY(const auto serial, reader.optional(der::context(2), what));
  SIGNET_CHECK(reader.finish(what));
  into.authority_key_id = AuthorityKeyIdValue{.key_id = id ? std::optional(id->contents) : std::nullopt,
                                              .has_issuer = issuer.has_value(),
                                              .has_serial = serial.has_value()};
  return {};
}

Result<void> read_policies(ByteView value, Values& into) {
  constexpr std::string_view what = "PolicyInformation";
  SIGNET_TRY(der::Reader list, enter_only(value, "certificatePolicies"));
  std::vector<Oid> policies;
  while (!list.at_end()) {
    SIGNET_TRY(der::Reader reader, list.enter(der::kSequence, what));
    SIGNET_TRY(const Oid policy, read_oid(reader, what));
    SIGNET_CHECK(reader.optional(der::kSequence, "policyQualifiers"));
    SIGNET_CHECK(reader.finish(what));
    policies.push_back(policy);
  }
  into.policies = std::move(policies);
  return {};
}

/// DistributionPointName ::= CHOICE { fullName [0] GeneralNames, nameRelativeToCRLIssuer [1] }, inside a [0].
Result<void> read_point_name(der::Reader& reader, DistributionPoint& point) {
  constexpr std::string_view what = "DistributionPointName";
  SIGNET_TRY(der::Reader choice, reader.enter(der::context_constructed(0), what));
  point.has_name = true;
  if (choice.peek() != der::context_constructed(0)) {
    SIGNET_CHECK(choice.element(der::context_constructed(1), what));
    return choice.finish(what);
  }
  SIGNET_TRY(const der::Reader names, choice.enter(der::context_constructed(0), what));
  point.is_full_name = true;
  SIGNET_TRY(point.full_name, read_general_names(names));
  return choice.finish(what);
}

Result<DistributionPoint> read_distribution_point(der::Reader& list) {
  constexpr std::string_view what = "DistributionPoint";
  SIGNET_TRY(der::Reader reader, list.enter(der::kSequence, what));
  DistributionPoint point;
  if (reader.peek() == der::context_constructed(0)) SIGNET_CHECK(read_point_name(reader, point));
  SIGNET_TRY(const auto reasons, reader.optional(der::context(1), what));
  SIGNET_TRY(const auto issuer, reader.optional(der::context_constructed(2), what));
  SIGNET_CHECK(reader.finish(what));
  point.has_reasons = reasons.has_value();
  point.has_crl_issuer = issuer.has_value();
  return point;
}

Result<std::vector<DistributionPoint>> read_points(ByteView value) {
  SIGNET_TRY(der::Reader list, enter_only(value, "CRLDistributionPoints"));
  std::vector<DistributionPoint> points;
  while (!list.at_end()) {
    SIGNET_TRY(DistributionPoint point, read_distribution_point(list));
    points.push_back(std::move(point));
  }
  return points;
}

Result<void> read_distribution_points(ByteView value, Values& into) {
  SIGNET_TRY(into.distribution_points, read_points(value));
  return {};
}

Result<void> check_distribution_points(ByteView value, Values& /*into*/) {
  SIGNET_CHECK(read_points(value));
  return {};
}

Result<std::vector<AccessDescription>> read_accesses(ByteView value) {
  constexpr std::string_view what = "AccessDescription";
  SIGNET_TRY(der::Reader list, enter_only(value, what));
  std::vector<AccessDescription> accesses;
  while (!list.at_end()) {
    SIGNET_TRY(der::Reader reader, list.enter(der::kSequence, what));
    SIGNET_TRY(const Oid method, read_oid(reader, what));
    SIGNET_TRY(const GeneralName location, read_general_name(reader));
    SIGNET_CHECK(reader.finish(what));
    accesses.push_back({.method = method, .location = location});
  }
  return accesses;
}

Result<void> read_authority_info_access(ByteView value, Values& into) {
  SIGNET_TRY(into.authority_info_access, read_accesses(value));
  return {};
}

Result<void> check_accesses(ByteView value, Values& /*into*/) {
  SIGNET_CHECK(read_accesses(value));
  return {};
}

Result<std::vector<Subtree>> read_subtrees(der::Reader& outer, std::uint8_t tag) {
  std::vector<Subtree> subtrees;
  if (outer.peek() != tag) return subtrees;
  SIGNET_TRY(der::Reader list, outer.enter(tag, "GeneralSubtrees"));
  while (!list.at_end()) {
    SIGNET_TRY(der::Reader reader, list.enter(der::kSequence, "GeneralSubtree"));
    SIGNET_TRY(const GeneralName base, read_general_name(reader));
    subtrees.push_back({.base = base, .has_bounds = !reader.at_end()});
  }
  return subtrees;
}

Result<void> read_name_constraints(ByteView value, Values& into) {
  SIGNET_TRY(der::Reader reader, enter_only(value, "NameConstraints"));
  NameConstraintsValue constraints;
  SIGNET_TRY(constraints.permitted, read_subtrees(reader, der::context_constructed(0)));
  SIGNET_TRY(constraints.excluded, read_subtrees(reader, der::context_constructed(1)));
  SIGNET_CHECK(reader.finish("NameConstraints"));
  into.name_constraints = std::move(constraints);
  return {};
}

Result<void> read_policy_mappings(ByteView value, Values& into) {
  constexpr std::string_view what = "PolicyMappings";
  SIGNET_TRY(der::Reader list, enter_only(value, what));
  std::vector<PolicyMapping> mappings;
  while (!list.at_end()) {
    SIGNET_TRY(der::Reader reader, list.enter(der::kSequence, what));
    PolicyMapping mapping;
    SIGNET_TRY(mapping.issuer, read_oid(reader, what));
    SIGNET_TRY(mapping.subject, read_oid(reader, what));
    SIGNET_CHECK(reader.finish(what));
    mappings.push_back(mapping);
  }
  into.policy_mappings = std::move(mappings);
  return {};
}

Result<void> read_policy_constraints(ByteView value, Values& into) {
  constexpr std::string_view what = "PolicyConstraints";
  SIGNET_TRY(der::Reader reader, enter_only(value, what));
  SIGNET_TRY(const auto require, reader.optional(der::context(0), what));
  SIGNET_TRY(const auto inhibit, reader.optional(der::context(1), what));
  SIGNET_CHECK(reader.finish(what));
  into.has_empty_policy_constraints = !require && !inhibit;
  return {};
}

Result<void> check_inhibit_any_policy(ByteView value, Values& /*into*/) {
  der::Reader reader(value);
  SIGNET_CHECK(reader.small_integer("SkipCerts"));
  return reader.finish("SkipCerts");
}

/// TLSFeature ::= SEQUENCE OF INTEGER (RFC 7633 section 4.1).
Result<void> check_tls_feature(ByteView value, Values& /*into*/) {
  SIGNET_TRY(der::Reader reader, enter_only(value, "TLSFeature"));
  if (reader.at_end()) return wrong("TLSFeature: no feature");
  while (!reader.at_end()) SIGNET_CHECK(reader.small_integer("TLSFeature"));
  return {};
}

Result<void> check_null(ByteView value, Values& /*into*/) {
  der::Reader reader(value);
  SIGNET_CHECK(reader.element(der::kNull, "NULL"));
  return reader.finish("NULL");
}

/// An OCTET STRING that carries a SignedCertificateTimestampList in TLS's form (RFC 6962 section 3.3).
Result<void> check_sct_list(ByteView value, Values& /*into*/) {
  der::Reader reader(value);
  SIGNET_CHECK(reader.element(der::kOctetString, "SignedCertificateTimestampList"));
  return reader.finish("SignedCertificateTimestampList");
}

Result<void> check_attributes(ByteView value, Values& /*into*/) {
  SIGNET_CHECK(enter_only(value, "SubjectDirectoryAttributes"));
  return {};
}

struct Known {
  Oid oid;
  std::string_view name;
  Result<void> (*read)(ByteView, Values&);
};

constexpr std::array kKnown = {
    Known{oid::kBasicConstraints, "basicConstraints", read_basic_constraints},
    Known{oid::kKeyUsage, "keyUsage", read_key_usage},
    Known{oid::kExtendedKeyUsage, "extKeyUsage", read_extended_key_usage},
    Known{oid::kSubjectAltName, "subjectAltName", read_subject_alt_name},
    Known{oid::kSubjectKeyIdentifier, "subjectKeyIdentifier", read_subject_key_id},
    Known{oid::kAuthorityKeyIdentifier, "authorityKeyIdentifier", read_authority_key_id},
    Known{oid::kCertificatePolicies, "certificatePolicies", read_policies},
    Known{oid::kCrlDistributionPoints, "cRLDistributionPoints", read_distribution_points},
    Known{oid::kAuthorityInfoAccess, "authorityInfoAccess", read_authority_info_access},
    Known{oid::kNameConstraints, "nameConstraints", read_name_constraints},
    Known{oid::kPolicyMappings, "policyMappings", read_policy_mappings},
    Known{oid::kPolicyConstraints, "policyConstraints", read_policy_constraints},
    Known{oid::kInhibitAnyPolicy, "inhibitAnyPolicy", check_inhibit_any_policy},
    Known{oid::kIssuerAltName, "issuerAltName", read_issuer_alt_name},
    Known{oid::kSubjectDirectoryAttributes, "subjectDirectoryAttributes", check_attributes},
    Known{oid::kFreshestCrl, "freshestCRL", check_distribution_points},
    Known{oid::kSubjectInfoAccess, "subjectInfoAccess", check_accesses},
    Known{oid::kTlsFeature, "tlsfeature", check_tls_feature},
    Known{oid::kOcspNoCheck, "ocsp-nocheck", check_null},
    Known{oid::kSctList, "SignedCertificateTimestampList", check_sct_list},
    Known{oid::kPrecertificatePoison, "precertificate poison", check_null},
};

const Known* find_known(Oid oid) noexcept {
  const auto* const known = std::ranges::find(kKnown, oid, &Known::oid);
  return known == kKnown.end() ? nullptr : known;
}

}  // namespace

Values read_values(const std::vector<RawExtension>& extensions) {
  Values values;
  std::uint32_t seen = 0;
  static_assert(kKnown.size() <= 32);
  for (const RawExtension& extension : extensions) {
    const Known* const known = find_known(extension.oid);
    if (known == nullptr) continue;
    const std::uint32_t bit = 1U << static_cast<unsigned>(known - kKnown.data());
    if ((seen & bit) != 0) continue;
    seen |= bit;
    Result<void> read = known->read(extension.value, values);
    if (!read) values.problems.push_back({.extension = known->name, .message = std::move(read.error().message)});
  }
  return values;
}

bool is_known_extension(Oid oid) noexcept { return find_known(oid) != nullptr; }

std::string extension_name(Oid oid) {
  const Known* const known = find_known(oid);
  return known == nullptr ? dotted(oid) : std::string(known->name);
}

}  // namespace signet::lint
