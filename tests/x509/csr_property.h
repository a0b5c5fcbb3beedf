// A request we accept is one OpenSSL accepts, with the same subject, key, names and verdict on its signature; as PEM it
// is the same request; and it asks for the rights of a CA just where OpenSSL finds that it does.
#pragma once

#include "openssl_view.h"
#include "property.h"
#include "x509/certificate.h"
#include "x509/csr.h"

namespace signet::test {

using BasicConstraintsPtr = std::unique_ptr<BASIC_CONSTRAINTS, Freer<&BASIC_CONSTRAINTS_free>>;
using BitStringPtr = std::unique_ptr<ASN1_BIT_STRING, Freer<&ASN1_BIT_STRING_free>>;

[[nodiscard]] inline std::optional<AltNames> alt_names_in(X509_REQ* request) {
  const ExtensionStackPtr extensions(X509_REQ_get_extensions(request));
  const GeneralNamesPtr names(
      static_cast<GENERAL_NAMES*>(X509V3_get_d2i(extensions.get(), NID_subject_alt_name, nullptr, nullptr)));
  return alt_names_of(names.get());
}

/// CA:TRUE, keyCertSign or cRLSign.
[[nodiscard]] inline bool asks_for_ca(X509_REQ* request) {
  const ExtensionStackPtr extensions(X509_REQ_get_extensions(request));
  const BasicConstraintsPtr constraints(
      static_cast<BASIC_CONSTRAINTS*>(X509V3_get_d2i(extensions.get(), NID_basic_constraints, nullptr, nullptr)));
  if (constraints && constraints->ca != 0) return true;
  const BitStringPtr usage(
      static_cast<ASN1_BIT_STRING*>(X509V3_get_d2i(extensions.get(), NID_key_usage, nullptr, nullptr)));
  return usage && (ASN1_BIT_STRING_get_bit(usage.get(), 5) != 0 || ASN1_BIT_STRING_get_bit(usage.get(), 6) != 0);
}

[[nodiscard]] inline std::string form_violation(const Csr& csr, X509_REQ* request) {
  if (openssl_encode<i2d_X509_REQ>(request) != copy_of(csr.der())) return "OpenSSL writes it differently";
  const auto from_pem = Csr::parse_any(bytes_of(encode_pem("CERTIFICATE REQUEST", csr.der())), CaRequests::kTaken);
  if (!from_pem || !equal(from_pem->der(), csr.der())) return "as PEM it is another request";
  if (Csr::parse(csr.der()).has_value() == asks_for_ca(request)) return "another opinion on the rights of a CA";
  return "";
}

[[nodiscard]] inline std::string csr_violation(const Csr& csr) {
  const RequestPtr request = openssl_parse<RequestPtr, d2i_X509_REQ>(csr.der());
  if (!request) return "OpenSSL refuses it";
  if (std::string violation = form_violation(csr, request.get()); !violation.empty()) return violation;
  if (openssl_encode<i2d_X509_NAME>(X509_REQ_get_subject_name(request.get())) != copy_of(csr.subject().der())) {
    return "another subject";
  }
  EVP_PKEY* const key = X509_REQ_get0_pubkey(request.get());
  if (key == nullptr) return "OpenSSL refuses the key";
  if (openssl_encode<i2d_PUBKEY>(key) != copy_of(csr.public_key().spki())) return "another key";
  if (alt_names_in(request.get()) != csr.alt_names()) return "other alternative names";
  const bool verified = X509_REQ_verify(request.get(), key) == 1;
  return verified == csr.verify_possession().has_value() ? "" : "another verdict on the signature";
}

/// Accepted means: for an end entity.
[[nodiscard]] inline Outcome csr_property(ByteView input) {
  const Result<Csr> csr = Csr::parse(input, CaRequests::kTaken);
  if (!csr) return {};
  return {.accepted = Csr::parse(input).has_value(), .violation = csr_violation(*csr)};
}

}  // namespace signet::test
