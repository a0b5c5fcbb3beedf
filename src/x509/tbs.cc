#include <fmt/format.h>

#include "x509/certificate.h"
#include "x509/der.h"
#include "x509/extensions.h"
#include "x509/field.h"

namespace signet {
namespace {

constexpr std::uint64_t kVersion3 = 2;
constexpr std::uint8_t kVersionTag = der::context_constructed(0);
constexpr std::uint8_t kExtensionsTag = der::context_constructed(3);

std::unexpected<Error> refuse(std::string message, std::string field) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(field));
}

Result<void> read_version(der::Reader& reader) {
  if (reader.peek() != kVersionTag) return refuse("no version; version 3 is needed", "version");
  SIGNET_TRY(der::Reader inner, reader.enter(kVersionTag, "version"));
  SIGNET_TRY(const std::uint64_t version, inner.small_integer("version"));
  SIGNET_CHECK(inner.finish("version"));
  if (version != kVersion3) return refuse(fmt::format("version {}; version 3 is needed", version + 1), "version");
  return {};
}

Result<SerialNumber> read_serial(der::Reader& reader) {
  SIGNET_TRY(const ByteView contents, in_field("serialNumber", reader.integer("serialNumber")));
  return SerialNumber::from_der_contents(contents);
}

Result<SignatureAlgorithm> read_algorithm(der::Reader& reader) {
  SIGNET_TRY(const der::Element element, reader.element(der::kSequence, "AlgorithmIdentifier"));
  return parse_algorithm_identifier(element.whole);
}

Result<Name> read_name(der::Reader& reader) {
  SIGNET_TRY(const der::Element element, reader.element(der::kSequence, "Name"));
  return Name::parse(element.whole);
}

struct Validity {
  Time not_before;
  Time not_after;
};

Result<Validity> read_validity(der::Reader& reader) {
  SIGNET_TRY(der::Reader inner, reader.enter(der::kSequence, "Validity"));
  SIGNET_TRY(const Time not_before, inner.time("notBefore"));
  SIGNET_TRY(const Time not_after, inner.time("notAfter"));
  SIGNET_CHECK(inner.finish("Validity"));
  if (not_after < not_before) return fail(ErrorCode::kInvalidArgument, "notAfter is before notBefore");
  return Validity{not_before, not_after};
}

Result<Bytes> read_spki(der::Reader& reader) {
  SIGNET_TRY(const der::Element element, reader.element(der::kSequence, "SubjectPublicKeyInfo"));
  SIGNET_CHECK(der::check_well_formed(element.whole, "SubjectPublicKeyInfo"));
  return copy_of(element.whole);
}

/// What is left of the TBSCertificate behind the key: [1] and [2] are the unique ids, which nobody uses.
Result<Extensions> read_extensions(der::Reader& reader) {
  if (reader.at_end()) return Extensions();
  SIGNET_TRY(der::Reader inner, in_field("extensions", reader.enter(kExtensionsTag, "extensions")));
  SIGNET_TRY(const der::Element list, in_field("extensions", inner.element(der::kSequence, "Extensions")));
  SIGNET_CHECK(in_field("extensions", inner.finish("extensions")));
  return parse_extensions(list.whole, ExtensionsOf::kCertificate);
}

/// RFC 5280 sections 4.1.2.4 and 4.1.2.6.
Result<void> check_names(const Name& issuer, const Name& subject, const Extensions& extensions) {
  if (issuer.empty()) return refuse("an empty name", "issuer");
  const bool named_by_san = extensions.alt_names && extensions.alt_names_critical;
  if (subject.empty() && !named_by_san) return refuse("an empty name without a critical subjectAltName", "subject");
  return {};
}

Result<TbsFields> parse_fields(ByteView tbs_der) {
  der::Reader outer(tbs_der);
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, "TBSCertificate"));
  SIGNET_CHECK(outer.finish("TBSCertificate"));
  SIGNET_CHECK(read_version(reader));
  SIGNET_TRY(SerialNumber serial, read_serial(reader));
  SIGNET_TRY(const SignatureAlgorithm algorithm, in_field("signature", read_algorithm(reader)));
  SIGNET_TRY(Name issuer, in_field("issuer", read_name(reader)));
  SIGNET_TRY(const Validity validity, in_field("validity", read_validity(reader)));
  SIGNET_TRY(Name subject, in_field("subject", read_name(reader)));
  SIGNET_TRY(Bytes spki, in_field("subjectPublicKeyInfo", read_spki(reader)));
  SIGNET_TRY(Extensions extensions, read_extensions(reader));
  SIGNET_CHECK(reader.finish("TBSCertificate"));
  SIGNET_CHECK(check_names(issuer, subject, extensions));
  return TbsFields{
      .serial = std::move(serial),
      .algorithm = algorithm,
      .issuer = std::move(issuer),
      .not_before = validity.not_before,
      .not_after = validity.not_after,
      .subject = std::move(subject),
      .spki = std::move(spki),
      .basic_constraints = extensions.basic_constraints,
      .key_usage = extensions.key_usage,
      .extended_key_usage = std::move(extensions.extended_key_usage),
      .alt_names = std::move(extensions.alt_names),
      .subject_key_id = std::move(extensions.subject_key_id),
      .authority_key_id = std::move(extensions.authority_key_id),
      .name_constraints = std::move(extensions.name_constraints),
      .policies = std::move(extensions.policies),
      .ocsp_urls = std::move(extensions.ocsp_urls),
      .ca_issuers_urls = std::move(extensions.ca_issuers_urls),
      .crl_urls = std::move(extensions.crl_urls),
      .must_staple = extensions.must_staple,
      .ocsp_no_check = extensions.ocsp_no_check,
      .extra_extensions = std::move(extensions.extra),
  };
}

}  // namespace

TbsDer encode_tbs(const TbsFields& fields) { return encode_tbs(fields, prepare_extensions(fields)); }

TbsDer encode_tbs(const TbsFields& fields, const PreparedExtensions& prepared) {
  const Bytes extensions = encode_extensions(fields, prepared);
  return TbsDer(der::sequence({
      der::element(kVersionTag, der::small_integer(kVersion3)),
      der::element(der::kInteger, fields.serial.bytes()),
      algorithm_identifier(fields.algorithm),
      fields.issuer.der(),
      der::sequence({der::time(fields.not_before), der::time(fields.not_after)}),
      fields.subject.der(),
      fields.spki,
      extensions.empty() ? Bytes() : der::element(kExtensionsTag, extensions),
  }));
}

Result<TbsFields> parse_tbs(ByteView tbs_der) { return in_field("tbsCertificate", parse_fields(tbs_der)); }

}  // namespace signet
