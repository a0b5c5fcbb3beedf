#include "pki.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace signet::test {
namespace {

void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(what);
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  require(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, "extension");
  X509_EXTENSION_free(extension);
}

void set_serial(X509* certificate) {
  std::uint64_t serial = 0;
  require(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) == 1, "random");
  require(ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial | 1U) == 1, "serial");
}

Identity begin(const std::string& common_name, const LeafOptions& options) {
  EVP_PKEY* const key = options.rsa_bits == 0 ? EVP_EC_gen("P-256") : EVP_RSA_gen(options.rsa_bits);
  Identity identity{PkeyPtr{key}, X509Ptr{X509_new()}};
  X509* const certificate = identity.certificate.get();
  require(identity.key != nullptr && certificate != nullptr, "key");
  X509_set_version(certificate, X509_VERSION_3);
  set_serial(certificate);
  X509_gmtime_adj(X509_getm_notBefore(certificate), options.starts_in_seconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate), options.ends_in_seconds);
  X509_set_pubkey(certificate, identity.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
  return identity;
}

void sign(Identity& identity, const Identity& issuer, const LeafOptions& options = {}) {
  X509* const certificate = identity.certificate.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer.certificate.get()));
  add_extension(certificate, issuer.certificate.get(), NID_subject_key_identifier, "hash");
  if (&identity != &issuer && options.has_authority_key_identifier) {
    add_extension(certificate, issuer.certificate.get(), NID_authority_key_identifier, "keyid");
  }
  require(X509_sign(certificate, issuer.key.get(), EVP_sha256()) > 0, "signature");
}

Identity make_ca(const Identity* issuer, const std::string& common_name) {
  Identity identity = begin(common_name, {.ends_in_seconds = 7200});
  add_extension(identity.certificate.get(), nullptr, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(identity.certificate.get(), nullptr, NID_key_usage, "critical,keyCertSign,cRLSign");
  sign(identity, issuer != nullptr ? *issuer : identity);
  return identity;
}

}  // namespace

std::string Identity::certificate_pem() const {
  const BioPtr bio{BIO_new(BIO_s_mem())};
  require(PEM_write_bio_X509(bio.get(), certificate.get()) == 1, "PEM");
  return text_of(bio.get());
}

std::string Identity::key_pem() const {
  const BioPtr bio{BIO_new(BIO_s_mem())};
  require(PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1, "PEM");
  return text_of(bio.get());
}

Identity make_root(const std::string& common_name) { return make_ca(nullptr, common_name); }

Identity make_intermediate(const Identity& issuer, const std::string& common_name) {
  return make_ca(&issuer, common_name);
}

Identity make_leaf(const Identity& issuer, const std::string& common_name, const LeafOptions& options) {
  Identity identity = begin(common_name, options);
  X509* const certificate = identity.certificate.get();
  add_extension(certificate, nullptr, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate, nullptr, NID_key_usage, "critical,digitalSignature");
  if (!options.extended_key_usage.empty()) {
    add_extension(certificate, nullptr, NID_ext_key_usage, options.extended_key_usage);
  }
  sign(identity, issuer, options);
  return identity;
}

}  // namespace signet::test
