#include "crypto.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdexcept>

#include "x509/der.h"

namespace signet::test {
namespace {

using RequestPtr = std::unique_ptr<X509_REQ, Freer<&X509_REQ_free>>;

struct ExtensionsFree {
  void operator()(STACK_OF(X509_EXTENSION) * stack) const { sk_X509_EXTENSION_pop_free(stack, X509_EXTENSION_free); }
};
using ExtensionsPtr = std::unique_ptr<STACK_OF(X509_EXTENSION), ExtensionsFree>;

void require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(what);
}

void add_extensions(X509_REQ* request, const std::vector<std::pair<std::string, std::string>>& extensions) {
  if (extensions.empty()) return;
  X509V3_CTX context;
  X509V3_set_ctx(&context, nullptr, nullptr, request, nullptr, 0);
  X509V3_set_ctx_nodb(&context);
  const ExtensionsPtr stack(sk_X509_EXTENSION_new_null());
  for (const auto& [key, value] : extensions) {
    X509_EXTENSION* const made = X509V3_EXT_conf(nullptr, &context, key.c_str(), value.c_str());
    require(made != nullptr, "X509V3_EXT_conf");
    sk_X509_EXTENSION_push(stack.get(), made);
  }
  require(X509_REQ_add_extensions(request, stack.get()) == 1, "X509_REQ_add_extensions");
}

Bytes encode(X509_REQ* request) {
  Bytes der(static_cast<std::size_t>(i2d_X509_REQ(request, nullptr)));
  unsigned char* to = der.data();
  i2d_X509_REQ(request, &to);
  return der;
}

}  // namespace

EvpPkeyPtr make_key(KeyType type) {
  switch (type) {
    case KeyType::kEcP256: return EvpPkeyPtr(EVP_EC_gen("P-256"));
    case KeyType::kEcP384: return EvpPkeyPtr(EVP_EC_gen("P-384"));
    case KeyType::kEcP521: return EvpPkeyPtr(EVP_EC_gen("P-521"));
    case KeyType::kEd25519: return EvpPkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    case KeyType::kRsa: return EvpPkeyPtr(EVP_RSA_gen(2048));
  }
  return nullptr;
}

Bytes spki_of(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  require(size > 0, "i2d_PUBKEY");
  Bytes spki(der, der + size);
  OPENSSL_free(der);
  return spki;
}

PublicKey public_key_of(EVP_PKEY* key) { return PublicKey::from_spki(spki_of(key)).value(); }

SignatureValue sign(EVP_PKEY* key, SignatureAlgorithm algorithm, ByteView message) {
  const char* digest = nullptr;
  if (name_of(algorithm).find("256") != std::string_view::npos) digest = "SHA256";
  if (name_of(algorithm).find("384") != std::string_view::npos) digest = "SHA384";
  if (name_of(algorithm).find("512") != std::string_view::npos) digest = "SHA512";
  const EvpMdCtxPtr context(EVP_MD_CTX_new());
  std::size_t size = 0;
  EVP_PKEY_CTX* settings = nullptr;
  require(EVP_DigestSignInit_ex(context.get(), &settings, digest, nullptr, nullptr, key, nullptr) == 1,
          "DigestSignInit");
  if (is_pss(algorithm)) {
    require(EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) == 1, "rsa_padding");
    require(EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST) == 1, "rsa_pss_saltlen");
  }
  require(EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) == 1, "DigestSign size");
  Bytes signature(size);
  require(EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) == 1, "DigestSign");
  signature.resize(size);
  return SignatureValue(std::move(signature));
}

Bytes make_csr(EVP_PKEY* key, const std::string& common_name,
               const std::vector<std::pair<std::string, std::string>>& extensions) {
  const RequestPtr request(X509_REQ_new());
  X509_REQ_set_version(request.get(), X509_REQ_VERSION_1);
  X509_REQ_set_pubkey(request.get(), key);
  X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request.get()), "CN", MBSTRING_UTF8,
                             bytes_of(common_name).data(), static_cast<int>(common_name.size()), -1, 0);
  add_extensions(request.get(), extensions);
  const EVP_MD* digest = EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
  require(X509_REQ_sign(request.get(), key, digest) > 0, "X509_REQ_sign");
  return encode(request.get());
}

Bytes make_csr_with_attributes(EVP_PKEY* key, KeyType type, ByteView attributes) {
  const SignatureAlgorithm algorithm = default_algorithm(type);
  const Name subject = name("CN=a.example");
  const Bytes info = der::sequence(
      {der::small_integer(0), subject.der(), spki_of(key), der::element(der::context_constructed(0), attributes)});
  return der::sequence({info, algorithm_identifier(algorithm), der::bit_string(sign(key, algorithm, info).view())});
}

Bytes extension_request(ByteView extensions) {
  const Bytes value = der::element(der::kSequence, extensions);
  return der::sequence({der::oid("1.2.840.113549.1.9.14"), der::element(der::kSet, value)});
}

Bytes extension(std::string_view oid, bool critical, ByteView value) {
  return der::sequence({der::oid(oid), critical ? der::boolean(true) : Bytes(), der::octet_string(value)});
}

Name name(std::string_view rfc4514) { return Name::from_text(rfc4514).value(); }

Time at(std::string_view rfc3339) { return parse_rfc3339(rfc3339).value(); }

}  // namespace signet::test
