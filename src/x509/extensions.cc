#include "x509/extensions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "x509/der.h"
#include "x509/extension_reader.h"
#include "x509/field.h"
#include "x509/information_extensions.h"

namespace signet {
namespace {

constexpr std::string_view kSubjectKeyIdentifier = "2.5.29.14";
constexpr std::string_view kKeyUsageOid = "2.5.29.15";
constexpr std::string_view kSubjectAltName = "2.5.29.17";
constexpr std::string_view kBasicConstraints = "2.5.29.19";
constexpr std::string_view kExtendedKeyUsage = "2.5.29.37";
constexpr std::string_view kNameConstraints = "2.5.29.30";
constexpr std::string_view kCrlDistributionPoints = "2.5.29.31";
constexpr std::string_view kCertificatePolicies = "2.5.29.32";
constexpr std::string_view kAuthorityInfoAccess = "1.3.6.1.5.5.7.1.1";
constexpr std::string_view kTlsFeature = "1.3.6.1.5.5.7.1.24";
constexpr std::string_view kOcspNoCheck = "1.3.6.1.5.5.7.48.1.5";
constexpr std::uint32_t kKnownKeyUsages = (kDecipherOnly << 1U) - 1U;

std::unexpected<Error> refuse(std::string message) { return fail(ErrorCode::kInvalidArgument, std::move(message)); }

Result<void> read_basic_constraints(const Extension& extension, Extensions& into) {
  der::Reader outer(extension.value);
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, "BasicConstraints"));
  SIGNET_CHECK(outer.finish("BasicConstraints"));
  BasicConstraints constraints;
  SIGNET_TRY(constraints.ca, default_false(reader, "cA"));
  if (!reader.at_end()) {
    SIGNET_TRY(constraints.path_length, reader.small_integer("pathLenConstraint"));
    if (!constraints.ca) return refuse("pathLenConstraint without cA (RFC 5280 section 4.2.1.9)");
  }
  SIGNET_CHECK(reader.finish("BasicConstraints"));
  into.basic_constraints = constraints;
  return {};
}

Result<void> read_key_usage(const Extension& extension, Extensions& into) {
  der::Reader reader(extension.value);
  SIGNET_TRY(const std::uint32_t bits, reader.named_bits("KeyUsage"));
  SIGNET_CHECK(reader.finish("KeyUsage"));
  if (bits == 0) return refuse("no bit is set (RFC 5280 section 4.2.1.3)");
  if ((bits & ~kKnownKeyUsages) != 0) return refuse("a bit above 8 is set, which RFC 5280 does not define");
  into.key_usage = bits;
  return {};
}

Result<void> read_extended_key_usage(const Extension& extension, Extensions& into) {
  der::Reader outer(extension.value);
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, "ExtKeyUsageSyntax"));
  SIGNET_CHECK(outer.finish("ExtKeyUsageSyntax"));
  if (reader.at_end()) return refuse("no purpose; at least one is needed (RFC 5280 section 4.2.1.12)");
  while (!reader.at_end()) {
    SIGNET_TRY(std::string oid, reader.oid("KeyPurposeId"));
    into.extended_key_usage.push_back(std::move(oid));
  }
  return {};
}

Result<void> read_alt_names(const Extension& extension, Extensions& into) {
  Result<AltNames> names = AltNames::parse(extension.value);
  if (!names) return refuse(names.error().message);
  into.alt_names = *std::move(names);
  into.alt_names_critical = extension.critical;
  return {};
}

Result<void> read_subject_key_id(const Extension& extension, Extensions& into) {
  der::Reader reader(extension.value);
  SIGNET_TRY(const der::Element id, reader.element(der::kOctetString, "KeyIdentifier"));
  SIGNET_CHECK(reader.finish("KeyIdentifier"));
  if (id.contents.empty()) return refuse("an empty KeyIdentifier");
  into.subject_key_id = copy_of(id.contents);
  return {};
}

Result<void> read_authority(const Extension& extension, Extensions& into) {
  SIGNET_TRY(into.authority_key_id, read_authority_key_id(extension.value));
  return {};
}

Result<void> read_name_constraints(const Extension& extension, Extensions& into) {
  using Criticality = NameConstraints::Criticality;
  SIGNET_TRY(
      into.name_constraints,
      NameConstraints::parse(extension.value, extension.critical ? Criticality::kCritical : Criticality::kNotCritical));
  return {};
}

/// Of a value that is taken as a whole or not at all. What is critical has to be understood as a whole.
template <Result<Taken> (*read)(ByteView, Extensions&)>
Result<void> read_whole(const Extension& extension, Extensions& into) {
  SIGNET_TRY(const Taken taken, read(extension.value, into));
  if (taken == Taken::kWhole || !extension.critical) return {};
  return refuse("it is critical and has parts that are not understood here");
}

struct Kind {
  std::string_view oid;
  std::string_view name;
  bool in_requests;
  Result<void> (*read)(const Extension&, Extensions&);
};

constexpr std::array kKinds = {
    Kind{kBasicConstraints, "basicConstraints", true, read_basic_constraints},
    Kind{kKeyUsageOid, "keyUsage", true, read_key_usage},
    Kind{kExtendedKeyUsage, "extendedKeyUsage", true, read_extended_key_usage},
    Kind{kSubjectAltName, "subjectAltName", true, read_alt_names},
    Kind{kSubjectKeyIdentifier, "subjectKeyIdentifier", true, read_subject_key_id},
    Kind{kAuthorityKeyIdentifierOid, "authorityKeyIdentifier", true, read_authority},
    Kind{kNameConstraints, "nameConstraints", true, read_name_constraints},
    Kind{kCertificatePolicies, "certificatePolicies", false, read_whole<read_policies>},
    Kind{kAuthorityInfoAccess, "authorityInfoAccess", false, read_whole<read_information_access>},
    Kind{kCrlDistributionPoints, "cRLDistributionPoints", false, read_whole<read_crl_points>},
    Kind{kTlsFeature, "TLS feature", false, read_whole<read_tls_feature>},
    Kind{kOcspNoCheck, "OCSP no-check", false, read_whole<read_ocsp_no_check>},
};

Result<void> interpret(const Extension& extension, ExtensionsOf whose, Extensions& into) {
  const auto* const kind = std::ranges::find(kKinds, std::string_view(extension.oid), &Kind::oid);
  if (kind != kKinds.end() && (kind->in_requests || whose == ExtensionsOf::kCertificate))
    return in_field(kind->name, kind->read(extension, into));
  if (whose == ExtensionsOf::kRequest && extension.critical) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("extension {} is critical and not understood here; request it without (rule csr.critical)",
                            extension.oid),
                "extensions");
  }
  SIGNET_CHECK(in_field("extensions", der::check_well_formed(extension.value, "extension " + extension.oid)));
  into.extra.push_back({.oid = extension.oid, .critical = extension.critical, .value = copy_of(extension.value)});
  return {};
}

Bytes encode_basic_constraints(const BasicConstraints& constraints) {
  const Bytes ca = constraints.ca ? der::boolean(true) : Bytes();
  const Bytes path = constraints.path_length ? der::small_integer(*constraints.path_length) : Bytes();
  return der::sequence({ca, path});
}

Bytes encode_purposes(const std::vector<std::string>& oids) {
  Bytes purposes;
  for (const std::string& oid : oids) append(purposes, der::oid(oid));
  return der::element(der::kSequence, purposes);
}

}  // namespace

Result<Extensions> parse_extensions(ByteView der, ExtensionsOf whose) {
  der::Reader outer(der);
  SIGNET_TRY(der::Reader reader, in_field("extensions", outer.enter(der::kSequence, "Extensions")));
  SIGNET_CHECK(in_field("extensions", outer.finish("Extensions")));
  if (reader.at_end()) return fail(ErrorCode::kInvalidArgument, "an empty list of extensions", "extensions");
  Extensions extensions;
  std::set<std::string> seen;
  while (!reader.at_end()) {
    SIGNET_TRY(const Extension extension, in_field("extensions", read_extension(reader)));
    if (!seen.insert(extension.oid).second) {
      return fail(ErrorCode::kInvalidArgument, fmt::format("extension {} stands there twice", extension.oid),
                  "extensions");
    }
    SIGNET_CHECK(interpret(extension, whose, extensions));
  }
  return extensions;
}

namespace {

/// What it may be used for.
void append_usages(Bytes& list, const TbsFields& fields) {
  if (fields.basic_constraints) {
    append_extension(list, kBasicConstraints, Criticality::kCritical,
                     encode_basic_constraints(*fields.basic_constraints));
  }
  if (fields.key_usage) {
    append_extension(list, kKeyUsageOid, Criticality::kCritical, der::named_bits(*fields.key_usage));
  }
  if (!fields.extended_key_usage.empty()) {
    append_extension(list, kExtendedKeyUsage, Criticality::kNotCritical, encode_purposes(fields.extended_key_usage));
  }
}

/// Whose it is, and by whom.
void append_identities(Bytes& list, const TbsFields& fields) {
  if (fields.alt_names) {
    append_extension(list, kSubjectAltName, fields.subject.empty() ? Criticality::kCritical : Criticality::kNotCritical,
                     fields.alt_names->encode());
  }
  if (fields.subject_key_id) {
    append_extension(list, kSubjectKeyIdentifier, Criticality::kNotCritical, der::octet_string(*fields.subject_key_id));
  }
  if (fields.authority_key_id) {
    append_extension(list, kAuthorityKeyIdentifierOid, Criticality::kNotCritical,
                     encode_authority_key_id(*fields.authority_key_id));
  }
  if (fields.name_constraints)
    append_extension(list, kNameConstraints, Criticality::kCritical, fields.name_constraints->der());
}

/// What tells whoever relies on the certificate where to look and what to expect.
void append_information(Bytes& list, const TbsFields& fields) {
  constexpr auto kNotCritical = Criticality::kNotCritical;
  if (!fields.policies.empty())
    append_extension(list, kCertificatePolicies, kNotCritical, encode_policies(fields.policies));
  if (!fields.ocsp_urls.empty() || !fields.ca_issuers_urls.empty()) {
    append_extension(list, kAuthorityInfoAccess, kNotCritical,
                     encode_information_access(fields.ocsp_urls, fields.ca_issuers_urls));
  }
  if (!fields.crl_urls.empty())
    append_extension(list, kCrlDistributionPoints, kNotCritical, encode_crl_points(fields.crl_urls));
  if (fields.must_staple) append_extension(list, kTlsFeature, kNotCritical, encode_must_staple());
  if (fields.ocsp_no_check) append_extension(list, kOcspNoCheck, kNotCritical, der::null());
  for (const ExtraExtension& extra : fields.extra_extensions) {
    append_extension(list, extra.oid, extra.critical ? Criticality::kCritical : Criticality::kNotCritical, extra.value);
  }
}

}  // namespace

PreparedExtensions prepare_extensions(const TbsFields& fields) {
  PreparedExtensions prepared;
  append_usages(prepared.usages, fields);
  append_information(prepared.information, fields);
  return prepared;
}

Bytes encode_extensions(const TbsFields& fields, const PreparedExtensions& prepared) {
  Bytes list = prepared.usages;
  append_identities(list, fields);
  append(list, prepared.information);
  return list.empty() ? Bytes() : der::element(der::kSequence, list);
}

}  // namespace signet
