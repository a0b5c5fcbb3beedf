#include "x509/csr.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "x509/certificate.h"
#include "x509/der.h"
#include "x509/extensions.h"
#include "x509/field.h"
#include "x509/key_rule.h"
#include "x509/pss.h"

namespace signet {
namespace {

constexpr std::size_t kMaxCsrBytes = 32 * 1024;
constexpr std::array<std::string_view, 2> kLabels = {"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"};
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

// The rules of docs/policy.md that a request can break in itself.
constexpr std::string_view kDerRule = "csr.der";
constexpr std::string_view kSubjectRule = "subject.form";
constexpr std::string_view kNamesRule = "names.form";
constexpr std::string_view kKeyRule = "key.form";
constexpr std::string_view kAlgorithmRule = "csr.algorithm";
constexpr std::string_view kAttributesRule = "csr.attributes";
constexpr std::string_view kConstraintsRule = "csr.constraints";
constexpr std::string_view kCaRule = "csr.ca";
constexpr std::string_view kPossessionRule = "csr.possession";

constexpr std::uint8_t kAttributesTag = der::context_constructed(0);

std::unexpected<Error> refuse(std::string message, std::string field) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(field));
}

std::unexpected<Error> refuse_by(std::string_view rule, std::string message, std::string field) {
  return refuse(with_rule(std::move(message), rule), std::move(field));
}

/// "... (rule some.name)". Text of the request never stands at the end of a message without a quotation mark behind it.
bool names_a_rule(std::string_view message) noexcept {
  constexpr std::string_view kMark = " (rule ";
  const std::size_t start = message.rfind(kMark);
  return start != std::string_view::npos && message.ends_with(')') &&
         message.substr(start + kMark.size()).find_first_of(" \"") == std::string_view::npos;
}

/// `result` with `rule` behind its error's message, unless that names a narrower one.
template <class T>
Result<T> by_rule(std::string_view rule, Result<T> result) {
  if (result.has_value() || names_a_rule(result.error().message)) return result;
  result.error().message = with_rule(std::move(result.error().message), rule);
  return result;
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

Result<SignatureAlgorithm> parse_algorithm(ByteView identifier) {
  return is_pss_identifier(identifier) ? parse_pss_identifier(identifier) : parse_algorithm_identifier(identifier);
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
  SIGNET_TRY(parts.algorithm,
             in_field("signatureAlgorithm", by_rule(kAlgorithmRule, parse_algorithm(algorithm.whole))));
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
      return refuse_by(kAttributesRule,
                       fmt::format("attribute {}; request extensions by {} instead", attribute.type, kExtensionRequest),
                       {});
    }
    if (attribute.type != kExtensionRequest) continue;
    if (request || attribute.values.size() != 1)
      return refuse_by(kAttributesRule, "more than one extensionRequest", {});
    request = attribute.values.front();
  }
  return request;
}

/// The rights of a CA that the request asks for, by RFC 5280's names.
std::string ca_rights(const Extensions& extensions) {
  std::string rights;
  const auto add = [&rights](std::string_view right) { rights.append(rights.empty() ? "" : ", ").append(right); };
  if (extensions.basic_constraints && extensions.basic_constraints->ca) add("CA:TRUE");
  const std::uint32_t usage = extensions.key_usage.value_or(0);
  if ((usage & kKeyCertSign) != 0) add("keyCertSign");
  if ((usage & kCrlSign) != 0) add("cRLSign");
  return rights;
}

Result<void> check_ca_rights(const Extensions& extensions, CaRequests ca_requests) {
  const std::string rights = ca_rights(extensions);
  if (rights.empty() || ca_requests == CaRequests::kTaken) return {};
  const bool by_constraints = rights.starts_with("CA:TRUE");
  return refuse_by(kCaRule,
                   fmt::format("{} is requested; only a profile for CAs gives that: request it without", rights),
                   by_constraints ? "basicConstraints" : "keyUsage");
}

Result<Extensions> requested_extensions(ByteView attributes_der) {
  SIGNET_TRY(const auto attributes, in_field("attributes", read_attributes(attributes_der)));
  SIGNET_TRY(const auto request, in_field("attributes", find_extension_request(attributes)));
  if (!request) return Extensions();
  auto extensions = parse_extensions(*request, ExtensionsOf::kRequest);
  if (!extensions) return by_rule(extensions.error().field == "subjectAltName" ? kNamesRule : kDerRule, extensions);
  // It is read, but never written: whoever asks for this restriction must not believe to have it.
  if (extensions->name_constraints)
    return refuse_by(kConstraintsRule, "nameConstraints are not given on request; request it without",
                     "nameConstraints");
  return extensions;
}

Result<void> check_algorithm(SignatureAlgorithm algorithm, const PublicKey& key) {
  if (fits(algorithm, key.type())) return {};
  return refuse_by(kAlgorithmRule,
                   fmt::format("{} does not fit the request's key, {}", name_of(algorithm), key.describe()),
                   "signatureAlgorithm");
}

Result<void> check_size(ByteView der) {
  if (der.size() <= kMaxCsrBytes) return {};
  return refuse(fmt::format("{} bytes; a request has at most {}", der.size(), kMaxCsrBytes), {});
}

/// DER begins with SEQUENCE and a length that no text has in its second place: the shortest request, of an Ed25519 key
/// without a name, has 127 bytes behind the two.
bool looks_like_der(ByteView bytes) noexcept {
  constexpr std::uint8_t kShortest = 127;
  return bytes.size() > 1 && bytes[0] == der::kSequence && bytes[1] >= kShortest;
}

/// The one request of a PEM text.
Result<Bytes> decode_one(std::string_view text) {
  std::vector<Bytes> requests;
  for (const std::string_view label : kLabels) {
    if (text.find(fmt::format("-----BEGIN {}-----", label)) == std::string_view::npos) continue;
    SIGNET_TRY(std::vector<Bytes> blocks, decode_pem(text, label));
    std::ranges::move(blocks, std::back_inserter(requests));
  }
  if (requests.size() == 1) return std::move(requests.front());
  if (!requests.empty()) return refuse(fmt::format("{} requests in one file, where one is taken", requests.size()), {});
  return refuse(fmt::format("neither DER nor PEM with a block \"-----BEGIN {}-----\"", kLabels[0]), {});
}

}  // namespace

Result<Csr> Csr::parse_any(ByteView pem_or_der, CaRequests ca_requests) {
  if (looks_like_der(pem_or_der)) return parse(pem_or_der, ca_requests);
  SIGNET_TRY(const Bytes der, in_field("csr", by_rule(kDerRule, decode_one(text_of(pem_or_der)))));
  return parse(der, ca_requests);
}

Result<Csr> Csr::parse(ByteView der, CaRequests ca_requests) {
  SIGNET_CHECK(in_field("csr", by_rule(kDerRule, check_size(der))));
  SIGNET_TRY(const Parts parts, in_field("csr", by_rule(kDerRule, split(der))));
  SIGNET_TRY(Name subject, in_field("csr.subject", by_rule(kSubjectRule, Name::parse(parts.subject))));
  SIGNET_TRY(PublicKey key, in_field("csr", by_rule(kKeyRule, PublicKey::from_spki(parts.spki))));
  SIGNET_CHECK(in_field("csr", check_algorithm(parts.algorithm, key)));
  SIGNET_TRY(Extensions extensions, in_field("csr", by_rule(kDerRule, requested_extensions(parts.attributes))));
  SIGNET_CHECK(in_field("csr", check_ca_rights(extensions, ca_requests)));
  Csr csr(copy_of(der), std::move(subject), std::move(key));
  csr.alt_names_ = std::move(extensions.alt_names);
  csr.info_ = copy_of(parts.info);
  csr.algorithm_ = parts.algorithm;
  csr.signature_ = copy_of(parts.signature);
  return csr;
}

Result<void> Csr::verify_possession() const {
  const auto verified = public_key_.verify(algorithm_, info_, signature_);
  return in_field("csr.signature", by_rule(kPossessionRule, verified));
}

}  // namespace signet
