#include "x509/crl.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "x509/crl_extensions.h"
#include "x509/der.h"
#include "x509/field.h"
#include "x509/signed_structure.h"

namespace signet {
namespace {

constexpr std::uint64_t kVersion2 = 1;
constexpr std::uint8_t kExtensionsTag = der::context_constructed(0);

std::unexpected<Error> refuse(std::string message, std::string field) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(field));
}

Result<void> read_version(der::Reader& reader) {
  if (reader.peek() != der::kInteger) return refuse("no version; version 2 is needed", "version");
  SIGNET_TRY(const std::uint64_t version, in_field("version", reader.small_integer("version")));
  if (version != kVersion2) return refuse(fmt::format("version {}; version 2 is needed", version + 1), "version");
  return {};
}

Result<SignatureAlgorithm> read_algorithm(der::Reader& reader) {
  SIGNET_TRY(const der::Element element, reader.element(der::kSequence, "AlgorithmIdentifier"));
  return parse_algorithm_identifier(element.whole);
}

Result<Name> read_issuer(der::Reader& reader) {
  SIGNET_TRY(const der::Element element, reader.element(der::kSequence, "Name"));
  SIGNET_TRY(Name name, Name::parse(element.whole));
  if (name.empty()) return refuse("an empty name", "");
  return name;
}

Result<void> read_times(der::Reader& reader, CrlFields& into) {
  SIGNET_TRY(into.this_update, in_field("thisUpdate", reader.time("thisUpdate")));
  if (reader.peek() != der::kUtcTime && reader.peek() != der::kGeneralizedTime)
    return refuse("absent; RFC 5280 section 5.1.2.5 requires it", "nextUpdate");
  SIGNET_TRY(into.next_update, in_field("nextUpdate", reader.time("nextUpdate")));
  if (into.next_update < into.this_update) return refuse("before thisUpdate", "nextUpdate");
  return {};
}

Result<RevokedCertificate> read_entry(der::Reader& list) {
  SIGNET_TRY(der::Reader reader, list.enter(der::kSequence, "an entry"));
  SIGNET_TRY(const ByteView serial, reader.integer("userCertificate"));
  SIGNET_TRY(SerialNumber number, SerialNumber::from_der_contents(serial));
  RevokedCertificate entry{.serial = std::move(number)};
  SIGNET_TRY(entry.revoked, reader.time("revocationDate"));
  if (!reader.at_end()) {
    SIGNET_TRY(const der::Element extensions, reader.element(der::kSequence, "crlEntryExtensions"));
    SIGNET_CHECK(read_entry_extensions(extensions.whole, entry));
  }
  SIGNET_CHECK(reader.finish("an entry"));
  return entry;
}

/// Any order will do: shorter ones first.
bool is_less(const RevokedCertificate& a, const RevokedCertificate& b) {
  const ByteView left = a.serial.bytes();
  const ByteView right = b.serial.bytes();
  if (left.size() != right.size()) return left.size() < right.size();
  return std::memcmp(left.data(), right.data(), left.size()) < 0;
}

/// CRLs are mostly in some order of time; one that is in the order of serial numbers needs no sorting.
Result<void> check_unique(const std::vector<RevokedCertificate>& entries) {
  if (std::ranges::adjacent_find(entries, [](const auto& a, const auto& b) { return !is_less(a, b); }) == entries.end())
    return {};
  std::vector<const RevokedCertificate*> sorted;
  sorted.reserve(entries.size());
  for (const RevokedCertificate& entry : entries) sorted.push_back(&entry);
  std::ranges::sort(sorted, [](const auto* a, const auto* b) { return is_less(*a, *b); });
  const auto twice =
      std::ranges::adjacent_find(sorted, [](const auto* a, const auto* b) { return a->serial == b->serial; });
  if (twice == sorted.end()) return {};
  return refuse(fmt::format("serial number {} stands there twice", (*twice)->serial.hex()), "revokedCertificates");
}

Result<void> read_entries(der::Reader& reader, CrlFields& into) {
  if (reader.peek() != der::kSequence) return {};  // nothing is revoked
  SIGNET_TRY(der::Reader list, reader.enter(der::kSequence, "revokedCertificates"));
  if (list.at_end())
    return refuse("an empty list; it is absent where nothing is revoked (RFC 5280 section 5.1.2.6)",
                  "revokedCertificates");
  while (!list.at_end()) {
    SIGNET_TRY(RevokedCertificate entry, in_field("revokedCertificates", read_entry(list)));
    into.revoked.push_back(std::move(entry));
  }
  return check_unique(into.revoked);
}

Result<void> read_extensions(der::Reader& reader, CrlFields& into) {
  if (reader.at_end()) return {};
  SIGNET_TRY(der::Reader inner, in_field("crlExtensions", reader.enter(kExtensionsTag, "crlExtensions")));
  SIGNET_TRY(const der::Element list, in_field("crlExtensions", inner.element(der::kSequence, "Extensions")));
  SIGNET_CHECK(in_field("crlExtensions", inner.finish("crlExtensions")));
  return in_field("crlExtensions", read_crl_extensions(list.whole, into));
}

/// Without a delta's base there is nothing that a certificate could be removed from: to a verifier it would be not
/// revoked at all (RFC 5280 section 5.3.1).
Result<void> check_reasons(const CrlFields& fields) {
  if (fields.delta_base) return {};
  const auto removed =
      std::ranges::find(fields.revoked, std::optional(CrlReason::kRemoveFromCrl), &RevokedCertificate::reason);
  if (removed == fields.revoked.end()) return {};
  return refuse(fmt::format("serial number {} has removeFromCRL, and the CRL is no delta CRL", removed->serial.hex()),
                "revokedCertificates");
}

Result<void> check_size(ByteView der) {
  if (der.size() <= kMaxCrlBytes) return {};
  return refuse(fmt::format("{} bytes; a CRL has at most {}", der.size(), kMaxCrlBytes), "");
}

Result<CrlFields> parse_fields(ByteView tbs_der) {
  SIGNET_CHECK(check_size(tbs_der));
  der::Reader outer(tbs_der);
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, "TBSCertList"));
  SIGNET_CHECK(outer.finish("TBSCertList"));
  CrlFields fields;
  SIGNET_CHECK(read_version(reader));
  SIGNET_TRY(fields.algorithm, in_field("signature", read_algorithm(reader)));
  SIGNET_TRY(fields.issuer, in_field("issuer", read_issuer(reader)));
  SIGNET_CHECK(read_times(reader, fields));
  SIGNET_CHECK(read_entries(reader, fields));
  SIGNET_CHECK(read_extensions(reader, fields));
  SIGNET_CHECK(reader.finish("TBSCertList"));
  SIGNET_CHECK(check_reasons(fields));
  return fields;
}

Bytes encode_entries(const std::vector<RevokedCertificate>& entries) {
  Bytes list;
  for (const RevokedCertificate& entry : entries) {
    append(list, der::sequence({der::element(der::kInteger, entry.serial.bytes()), der::time(entry.revoked),
                                encode_entry_extensions(entry)}));
  }
  return list.empty() ? Bytes() : der::element(der::kSequence, list);
}

}  // namespace

TbsCrlDer encode_tbs_crl(const CrlFields& fields) {
  const Bytes extensions = encode_crl_extensions(fields);
  return TbsCrlDer(der::sequence({
      der::small_integer(kVersion2),
      algorithm_identifier(fields.algorithm),
      fields.issuer.der(),
      der::time(fields.this_update),
      der::time(fields.next_update),
      encode_entries(fields.revoked),
      extensions.empty() ? Bytes() : der::element(kExtensionsTag, extensions),
  }));
}

Result<CrlFields> parse_tbs_crl(ByteView tbs_der) { return in_field("tbsCertList", parse_fields(tbs_der)); }

CrlDer assemble_crl(const TbsCrlDer& tbs, SignatureAlgorithm algorithm, const SignatureValue& signature) {
  return CrlDer(assemble_signed(tbs.view(), algorithm, signature.view()));
}

Result<Crl> Crl::parse(ByteView der) {
  SIGNET_CHECK(in_field("crl", check_size(der)));
  SIGNET_TRY(const SignedParts parts, in_field("crl", split_signed(der, "CertificateList", "TBSCertList")));
  Crl crl;
  SIGNET_TRY(crl.fields_, in_field("crl", parse_tbs_crl(parts.tbs)));
  SIGNET_CHECK(in_field("crl", check_same_algorithm(parts, crl.fields_.algorithm, "TBSCertList", "5.1.1.2")));
  crl.der_ = CrlDer(copy_of(der));
  crl.tbs_offset_ = static_cast<std::size_t>(parts.tbs.data() - der.data());
  crl.tbs_size_ = parts.tbs.size();
  crl.signature_ = copy_of(parts.signature);
  return crl;
}

Result<void> Crl::verify_signed_by(const PublicKey& issuer) const {
  return in_field("crl.signatureValue", issuer.verify(fields_.algorithm, tbs(), signature_));
}

}  // namespace signet
