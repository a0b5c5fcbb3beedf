#include "issuer/constrained_ca.h"

#include <stdexcept>

#include "x509/openssl_view.h"

namespace signet::test {

Identity make_constrained_ca(const Identity& root, const std::string& common_name, const std::string& constraints,
                             const Tweak& tweak) {
  Identity ca = make_ca(root, common_name, tweak);
  const auto certificate = openssl_parse<X509Ptr, d2i_X509>(ca.certificate.der().view());
  X509V3_CTX context{};
  X509V3_set_ctx_nodb(&context);
  X509_EXTENSION* const extension = X509V3_EXT_nconf_nid(nullptr, &context, NID_name_constraints, constraints.c_str());
  if (extension == nullptr) throw std::runtime_error("OpenSSL writes no nameConstraints: " + constraints);
  X509_add_ext(certificate.get(), extension, -1);
  X509_EXTENSION_free(extension);
  if (X509_sign(certificate.get(), root.key.get(), EVP_sha256()) <= 0) throw std::runtime_error("X509_sign");
  ca.certificate = Certificate::parse(openssl_encode<i2d_X509>(certificate.get())).value();
  return ca;
}

}  // namespace signet::test
