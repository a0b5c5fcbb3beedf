// A certificate we accept is one OpenSSL accepts, with the same serial, names, times, key, key ids and usages; and what
// encode_tbs makes of its fields is read back to the same bytes.
#pragma once

#include <ctime>

#include "openssl_view.h"
#include "property.h"
#include "x509/certificate.h"

namespace signet::test {

[[nodiscard]] inline std::optional<AltNames> alt_names_in(const X509* certificate) {
  const GeneralNamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  return alt_names_of(names.get());
}

struct ExtendedKeyUsageFree {
  void operator()(EXTENDED_KEY_USAGE* purposes) const { sk_ASN1_OBJECT_pop_free(purposes, ASN1_OBJECT_free); }
};
using ExtendedKeyUsagePtr = std::unique_ptr<EXTENDED_KEY_USAGE, ExtendedKeyUsageFree>;

/// A serial number without its sign byte, as ASN1_INTEGER holds it.
[[nodiscard]] inline Bytes unsigned_magnitude(ByteView contents) {
  return copy_of(contents[0] == 0 ? contents.subspan(1) : contents);
}

/// X509_get_key_usage's bits are those of the BIT STRING's two bytes, the first in the low byte.
[[nodiscard]] inline std::uint32_t openssl_key_usage(const TbsFields& fields) {
  if (!fields.key_usage) return UINT32_MAX;
  std::uint32_t bits = 0;
  for (unsigned i = 0; i < 9; ++i) {
    if ((*fields.key_usage >> i & 1U) != 0) bits |= 0x80U >> (i % 8) << (i / 8 * 8);
  }
  return bits;
}

/// Dotted, in order; none where there is no such extension.
[[nodiscard]] inline std::vector<std::string> extended_key_usage_in(const X509* certificate) {
  const ExtendedKeyUsagePtr purposes(
      static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(certificate, NID_ext_key_usage, nullptr, nullptr)));
  std::vector<std::string> oids;
  for (int i = 0; purposes && i < sk_ASN1_OBJECT_num(purposes.get()); ++i) {
    const ASN1_OBJECT* const oid = sk_ASN1_OBJECT_value(purposes.get(), i);
    std::string text(static_cast<std::size_t>(OBJ_obj2txt(nullptr, 0, oid, 1)), '\0');
    OBJ_obj2txt(text.data(), static_cast<int>(text.size()) + 1, oid, 1);
    oids.push_back(text);
  }
  return oids;
}

[[nodiscard]] inline std::optional<Time> time_of(const ASN1_TIME* time) {
  std::tm fields{};
  if (ASN1_TIME_to_tm(time, &fields) != 1) return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(timegm(&fields)));
}

[[nodiscard]] inline std::optional<Bytes> key_id_of(const ASN1_OCTET_STRING* id) {
  if (id == nullptr) return std::nullopt;
  return bytes_in(id);
}

[[nodiscard]] inline std::string compare_extensions(const TbsFields& ours, X509* theirs) {
  if (alt_names_in(theirs) != ours.alt_names) return "other alternative names";
  if (X509_get_key_usage(theirs) != openssl_key_usage(ours)) return "other key usages";
  if (extended_key_usage_in(theirs) != ours.extended_key_usage) return "other extended key usages";
  const bool ca = ours.basic_constraints && ours.basic_constraints->ca;
  if (((X509_get_extension_flags(theirs) & EXFLAG_CA) != 0) != ca) return "another opinion on CA";
  if (key_id_of(X509_get0_subject_key_id(theirs)) != ours.subject_key_id) return "another subjectKeyIdentifier";
  if (key_id_of(X509_get0_authority_key_id(theirs)) != ours.authority_key_id) return "another authorityKeyIdentifier";
  return "";
}

[[nodiscard]] inline std::string compare(const TbsFields& ours, X509* theirs) {
  if (bytes_in(X509_get0_serialNumber(theirs)) != unsigned_magnitude(ours.serial.bytes()))
    return "another serial number";
  if (openssl_encode<i2d_X509_NAME>(X509_get_subject_name(theirs)) != copy_of(ours.subject.der()))
    return "another subject";
  if (openssl_encode<i2d_X509_NAME>(X509_get_issuer_name(theirs)) != copy_of(ours.issuer.der()))
    return "another issuer";
  if (time_of(X509_get0_notBefore(theirs)) != ours.not_before) return "another notBefore";
  if (time_of(X509_get0_notAfter(theirs)) != ours.not_after) return "another notAfter";
  if (std::string difference = compare_extensions(ours, theirs); !difference.empty()) return difference;
  EVP_PKEY* const key = X509_get0_pubkey(theirs);
  if (key == nullptr) return "OpenSSL refuses the key";
  return openssl_encode<i2d_PUBKEY>(key) == ours.spki ? "" : "another key";
}

[[nodiscard]] inline std::string certificate_violation(const Certificate& certificate) {
  const X509Ptr theirs = openssl_parse<X509Ptr, d2i_X509>(certificate.der().view());
  if (!theirs) return "OpenSSL refuses it";
  if (openssl_encode<i2d_X509>(theirs.get()) != certificate.der().bytes()) return "OpenSSL writes it differently";
  const TbsDer written = encode_tbs(certificate.fields());
  const Result<TbsFields> again = parse_tbs(written.view());
  if (!again) return "what encode_tbs writes is refused: " + again.error().message;
  if (encode_tbs(*again) != written) return "what encode_tbs writes is read differently";
  return compare(certificate.fields(), theirs.get());
}

[[nodiscard]] inline Outcome certificate_property(ByteView input) {
  const Result<Certificate> certificate = Certificate::parse(input);
  if (!certificate) return {};
  return {.accepted = true, .violation = certificate_violation(*certificate)};
}

}  // namespace signet::test
