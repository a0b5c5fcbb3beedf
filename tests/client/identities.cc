#include "client/identities.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace signet::test {
namespace {

void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("OpenSSL cannot ") + what);
}

std::shared_ptr<EVP_PKEY> make_key(const std::string& type) {
  EVP_PKEY* key = nullptr;
  if (type == "RSA") {
    key = EVP_RSA_gen(2048);
  } else if (type == "ED25519") {
    key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  } else {
    key = EVP_EC_gen(type.c_str());
  }
  require(key != nullptr, "make a key");
  return {key, EVP_PKEY_free};
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  require(extension != nullptr, "write an extension");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

/// Version, random serial, validity and key; the rest follows.
std::shared_ptr<X509> begin_certificate(EVP_PKEY* key, int not_before_seconds, int not_after_seconds) {
  std::shared_ptr<X509> certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  BIGNUM* const number = BN_new();
  BN_rand(number, 158, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.get()));
  BN_free(number);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), not_before_seconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), not_after_seconds);
  require(X509_set_pubkey(certificate.get(), key) == 1, "set a key");
  return certificate;
}

void set_name(X509* certificate, const std::string& common_name) {
  X509_NAME* const name = X509_get_subject_name(certificate);
  const auto* const text = reinterpret_cast<const unsigned char*>(common_name.c_str());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0);
}

const EVP_MD* digest_for_key(const EVP_PKEY* key) {
  return EVP_PKEY_is_a(key, "ED25519") != 0 ? nullptr : EVP_sha256();
}

void add_extensions(X509* certificate, X509* issuer, const std::string& usage, const std::string& alt_names) {
  const bool ca = usage.empty();
  add_extension(certificate, issuer, NID_basic_constraints, ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
  add_extension(certificate, issuer, NID_key_usage, ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
  if (!ca && usage != "none") add_extension(certificate, issuer, NID_ext_key_usage, usage);
  if (!alt_names.empty()) add_extension(certificate, issuer, NID_subject_alt_name, alt_names);
  add_extension(certificate, issuer, NID_subject_key_identifier, "hash");
  add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
}

template <class Write>
std::string pem_of(Write write) {
  BIO* const bio = BIO_new(BIO_s_mem());
  require(write(bio) == 1, "write PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string pem(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return pem;
}

template <class T>
Bytes der_by(int (*encode)(const T*, unsigned char**), const T* object) {
  unsigned char* data = nullptr;
  const int size = encode(object, &data);
  require(size > 0, "write DER");
  Bytes der(data, data + size);
  OPENSSL_free(data);
  return der;
}

}  // namespace

Identity make_identity(const TempDirectory& folder, const CertificateWish& wish, const Identity* issuer) {
  Identity made;
  made.key = make_key(wish.key_type);
  made.certificate = begin_certificate(made.key.get(), wish.not_before_seconds, wish.not_after_seconds);
  set_name(made.certificate.get(), wish.name);
  X509* const issuer_certificate = issuer != nullptr ? issuer->certificate.get() : made.certificate.get();
  EVP_PKEY* const issuer_key = issuer != nullptr ? issuer->key.get() : made.key.get();
  X509_set_issuer_name(made.certificate.get(), X509_get_subject_name(issuer_certificate));
  add_extensions(made.certificate.get(), issuer_certificate, wish.usage, wish.alt_names);
  require(X509_sign(made.certificate.get(), issuer_key, digest_for_key(issuer_key)) > 0, "sign a certificate");
  made.certificate_file = folder.write(
      wish.name + ".pem", pem_of([&](BIO* bio) { return PEM_write_bio_X509(bio, made.certificate.get()); }));
  made.key_file =
      folder.write(wish.name + ".key", pem_of([&](BIO* bio) {
                     return PEM_write_bio_PrivateKey(bio, made.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
                   }));
  return made;
}

Bytes make_csr(const std::string& dns_name, Asks asks) {
  const auto key = make_key("P-256");
  const std::shared_ptr<X509_REQ> request(X509_REQ_new(), X509_REQ_free);
  X509_REQ_set_version(request.get(), X509_REQ_VERSION_1);
  X509_REQ_set_pubkey(request.get(), key.get());
  STACK_OF(X509_EXTENSION)* extensions = nullptr;
  X509_EXTENSION* const names =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, ("DNS:" + dns_name).c_str());
  X509v3_add_ext(&extensions, names, -1);
  if (asks == Asks::kForACa) {
    X509_EXTENSION* const ca = X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE");
    X509v3_add_ext(&extensions, ca, -1);
    X509_EXTENSION_free(ca);
  }
  X509_REQ_add_extensions(request.get(), extensions);
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  X509_EXTENSION_free(names);
  require(X509_REQ_sign(request.get(), key.get(), EVP_sha256()) > 0, "sign a request");
  return der_by<X509_REQ>(i2d_X509_REQ, request.get());
}

Bytes issue_for(const Identity& issuer, ByteView csr_der) {
  const unsigned char* data = csr_der.data();
  const std::shared_ptr<X509_REQ> request(d2i_X509_REQ(nullptr, &data, static_cast<long>(csr_der.size())),
                                          X509_REQ_free);
  require(request != nullptr, "read the request");
  const auto certificate = begin_certificate(X509_REQ_get0_pubkey(request.get()), -60, 86400);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer.certificate.get()));
  set_name(certificate.get(), "issued");
  add_extensions(certificate.get(), issuer.certificate.get(), "serverAuth", "DNS:issued.example");
  require(X509_sign(certificate.get(), issuer.key.get(), EVP_sha256()) > 0, "sign a certificate");
  return der_of(certificate.get());
}

Bytes der_of(const X509* certificate) { return der_by<X509>(i2d_X509, certificate); }

}  // namespace signet::test
