#include "x509/csr.h"

#include <fmt/format.h>

#include "x509/der.h"
#include "x509/extensions.h"
#include "x509/field.h"

namespace signet {
namespace {

constexpr std::size_t kMaxCsrBytes = 32 * 1024;
constexpr std::string_view kExtensionRequest = "1.2.840.113549.1.9.14";  // RFC 2985 section 5.4.2
constexpr std::string_view kMicrosoftExtensionRequest = "1.3.6.1.4.1.311.2.1.14";

/// The parts of a CertificationRequest; views into its bytes.
struct Parts {
  ByteView info;
  ByteView subject;
  ByteView spki;
  ByteView attributes;  // a SET OF Attribute, under its IMPLICIT tag
  SignatureAlgorithm algorithm = SignatureAlgorithm::kEcdsaSha256;
  ByteView signature;
};

constexpr std::uint8_t kAttributesTag = der::context_constructed(0);

std::unexpected<Error> refuse(std::string message, std::string field) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(field));
}

Result<void> split_info(der::Reader& info, Parts& parts) {
  SIGNET_TRY(const std::uint64_t version, in_field("version", info.small_integer("version")));
  if (version != 0) return refuse(fmt::format("version {}; PKCS#10 has only version 0", version), "version");
  SIGNET_TRY(const der::Element subject, in_field("subject", info.element(der::kSequence, "subject")));
  SIGNET_TRY(const der::Element spki,
             in_field("subjectPublicKeyInfo", info.element(der::kSequence, "SubjectPublicKeyInfo")));
  SIGNET_TRY(const der::Element attributes, in_field("attributes", info.element(kAttributesTag, "attributes")));
  SIGNET_CHECK(info.finish("CertificationRequestInfo"));
  parts.subject = subject.whole;
  parts.spki = spki.whole;
  parts.attributes = attributes.whole;
  return {};
}

Result<Parts> split(ByteView der) {
  der::Reader outer(der);
  SIGNET_TRY(der::Reader request, outer.enter(der::kSequence, "CertificationRequest"));
  SIGNET_CHECK(outer.finish("CertificationRequest"));
  der::Reader signed_part = request;
  Parts parts;
  SIGNET_TRY(const der::Element info, request.element(der::kSequence, "CertificationRequestInfo"));
  SIGNET_TRY(der::Reader inner, signed_part.enter(der::kSequence, "CertificationRequestInfo"));
  SIGNET_CHECK(split_info(inner, parts));
  SIGNET_TRY(const der::Element algorithm,
             in_field("signatureAlgorithm", request.element(der::kSequence, "signatureAlgorithm")));
  SIGNET_TRY(parts.algorithm, in_field("signatureAlgorithm", parse_algorithm_identifier(algorithm.whole)));
  SIGNET_TRY(parts.signature, in_field("signature", request.bit_string_bytes("signature")));
  SIGNET_CHECK(request.finish("CertificationRequest"));
  parts.info = info.whole;
  return parts;
}

/// Attribute ::= SEQUENCE { type, SET SIZE (1..MAX) OF value }
struct Attribute {
  std::string type;
  std::vector<ByteView> values;
};

Result<Attribute> read_attribute(ByteView der) {
  der::Reader outer(der);
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, "Attribute"));
  Attribute attribute;
  SIGNET_TRY(attribute.type, reader.oid("attribute type"));
  SIGNET_TRY(der::Reader values, reader.enter(der::kSet, "attribute values"));
  SIGNET_CHECK(reader.finish("Attribute"));
  while (!values.at_end()) {
    SIGNET_TRY(const der::Element value, values.any("attribute value"));
    SIGNET_CHECK(der::check_well_formed(value.whole, "attribute value"));
    const bool ordered = attribute.values.empty() || der::precedes(attribute.values.back(), value.whole);
    if (!ordered) return refuse(fmt::format("the values of attribute {} are not in DER order", attribute.type), {});
    attribute.values.push_back(value.whole);
  }
  if (attribute.values.empty()) return refuse(fmt::format("attribute {} has no value", attribute.type), {});
  return attribute;
}

/// The attributes, in the order DER wants a SET OF in.
Result<std::vector<Attribute>> read_attributes(ByteView der) {
  der::Reader outer(der);
  SIGNET_TRY(der::Reader reader, outer.enter(kAttributesTag, "attributes"));
  std::vector<Attribute> attributes;
  ByteView previous;
  while (!reader.at_end()) {
    SIGNET_TRY(const der::Element element, reader.element(der::kSequence, "Attribute"));
    if (!der::precedes(previous, element.whole)) return refuse("the attributes are not in DER order", {});
    SIGNET_TRY(Attribute attribute, read_attribute(element.whole));
    attributes.push_back(std::move(attribute));
    previous = element.whole;
  }
  return attributes;
}

/// The Extensions of the one extensionRequest, or nothing.
Result<std::optional<ByteView>> find_extension_request(const std::vector<Attribute>& attributes) {
  std::optional<ByteView> request;
  for (const Attribute& attribute : attributes) {
    // Some readers take this one for an extensionRequest: to ignore it would drop what was asked for.
    if (attribute.type == kMicrosoftExtensionRequest) {
      return refuse(fmt::format("attribute {}; request extensions by {} instead", attribute.type, kExtensionRequest),
                    {});
    }
    if (attribute.type != kExtensionRequest) continue;
    if (request || attribute.values.size() != 1) return refuse("more than one extensionRequest", {});
    request = attribute.values.front();
  }
  return request;
}

Result<Extensions> requested_extensions(ByteView attributes_der) {
  SIGNET_TRY(const auto attributes, in_field("attributes", read_attributes(attributes_der)));
  SIGNET_TRY(const auto request, in_field("attributes", find_extension_request(attributes)));
  if (!request) return Extensions();
  SIGNET_TRY(Extensions extensions, parse_extensions(*request));
  if (extensions.basic_constraints && extensions.basic_constraints->ca) {
    return refuse("CA:TRUE is requested; this CA issues no CA certificates by request", "basicConstraints");
  }
  return extensions;
}

Result<void> check_algorithm(SignatureAlgorithm algorithm, const PublicKey& key) {
  if (fits(algorithm, key.type())) return {};
  return refuse(fmt::format("{} does not fit the request's key, {}", name_of(algorithm), key.describe()),
                "signatureAlgorithm");
}

Result<void> check_size(ByteView der) {
  if (der.size() <= kMaxCsrBytes) return {};
  return refuse(fmt::format("{} bytes; a request has at most {}", der.size(), kMaxCsrBytes), {});
}

}  // namespace

Result<Csr> Csr::parse(ByteView der) {
  SIGNET_CHECK(in_field("csr", check_size(der)));
  SIGNET_TRY(const Parts parts, in_field("csr", split(der)));
  SIGNET_TRY(Name subject, in_field("csr.subject", Name::parse(parts.subject)));
  SIGNET_TRY(PublicKey key, in_field("csr", PublicKey::from_spki(parts.spki)));
  SIGNET_CHECK(in_field("csr", check_algorithm(parts.algorithm, key)));
  SIGNET_TRY(Extensions extensions, in_field("csr", requested_extensions(parts.attributes)));
  Csr csr(copy_of(der), std::move(subject), std::move(key));
  csr.alt_names_ = std::move(extensions.alt_names);
  csr.info_ = copy_of(parts.info);
  csr.algorithm_ = parts.algorithm;
  csr.signature_ = copy_of(parts.signature);
  return csr;
}

Result<void> Csr::verify_possession() const {
  return in_field("csr.signature", public_key_.verify(algorithm_, info_, signature_));
}

}  // namespace signet
