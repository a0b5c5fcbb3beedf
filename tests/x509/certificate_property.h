// A certificate we accept is one OpenSSL accepts, with the same serial, names, key and usages; and what encode_tbs
// makes of its fields is read back to the same bytes.
#pragma once

#include "openssl_view.h"
#include "property.h"
#include "x509/certificate.h"

namespace signet::test {

[[nodiscard]] inline std::optional<AltNames> alt_names_in(const X509* certificate) {
  const GeneralNamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  return alt_names_of(names.get());
}

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

[[nodiscard]] inline std::string compare(const TbsFields& ours, X509* theirs) {
  if (bytes_in(X509_get0_serialNumber(theirs)) != unsigned_magnitude(ours.serial.bytes()))
    return "another serial number";
  if (openssl_encode<i2d_X509_NAME>(X509_get_subject_name(theirs)) != copy_of(ours.subject.der()))
    return "another subject";
  if (openssl_encode<i2d_X509_NAME>(X509_get_issuer_name(theirs)) != copy_of(ours.issuer.der()))
    return "another issuer";
  if (alt_names_in(theirs) != ours.alt_names) return "other alternative names";
  if (X509_get_key_usage(theirs) != openssl_key_usage(ours)) return "other key usages";
  const bool ca = ours.basic_constraints && ours.basic_constraints->ca;
  if (((X509_get_extension_flags(theirs) & EXFLAG_CA) != 0) != ca) return "another opinion on CA";
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
