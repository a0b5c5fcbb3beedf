// A request we accept is one OpenSSL accepts, with the same subject, key, names and verdict on its signature.
#pragma once

#include "openssl_view.h"
#include "property.h"
#include "x509/csr.h"

namespace signet::test {

[[nodiscard]] inline std::optional<AltNames> alt_names_in(X509_REQ* request) {
  const ExtensionStackPtr extensions(X509_REQ_get_extensions(request));
  const GeneralNamesPtr names(
      static_cast<GENERAL_NAMES*>(X509V3_get_d2i(extensions.get(), NID_subject_alt_name, nullptr, nullptr)));
  return alt_names_of(names.get());
}

[[nodiscard]] inline std::string csr_violation(const Csr& csr) {
  const RequestPtr request = openssl_parse<RequestPtr, d2i_X509_REQ>(csr.der());
  if (!request) return "OpenSSL refuses it";
  if (openssl_encode<i2d_X509_REQ>(request.get()) != copy_of(csr.der())) return "OpenSSL writes it differently";
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

[[nodiscard]] inline Outcome csr_property(ByteView input) {
  const Result<Csr> csr = Csr::parse(input);
  if (!csr) return {};
  return {.accepted = true, .violation = csr_violation(*csr)};
}

}  // namespace signet::test
