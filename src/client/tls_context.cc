#include "client/tls_context.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <vector>

#include "base/file.h"
#include "base/openssl_ptr.h"
#include "client/tls_failure.h"
#include "wire/frame.h"

namespace signet::client {
namespace {

constexpr std::size_t kMaxPemBytes = std::size_t{1024} * 1024;
constexpr std::size_t kMaxPathBytes = 4096;

BioPtr memory_bio(ByteView bytes) { return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size()))); }

/// OpenSSL would ask for a pass phrase on the terminal by itself.
int no_pass_phrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return -1; }

Result<std::vector<X509Ptr>> read_certificates(const std::string& path, FileTrust trust, const std::string& field) {
  SIGNET_TRY(const Bytes pem, read_file(path, kMaxPemBytes, trust, field));
  const BioPtr bio = memory_bio(pem);
  std::vector<X509Ptr> certificates;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, no_pass_phrase, nullptr)) {
    certificates.emplace_back(certificate);
  }
  const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string reason = take_openssl_error();
  if (ended && !certificates.empty()) return certificates;
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{}: PEM certificates (-----BEGIN CERTIFICATE-----) were expected: {}",
                          printable(path, kMaxPathBytes), reason),
              field);
}

Result<PkeyPtr> read_key(const std::string& path) {
  SIGNET_TRY(Bytes pem, read_file(path, kMaxPemBytes, FileTrust::kOwnerOnly, "key"));
  PkeyPtr key(PEM_read_bio_PrivateKey(memory_bio(pem).get(), nullptr, no_pass_phrase, nullptr));
  OPENSSL_cleanse(pem.data(), pem.size());
  if (key != nullptr) return key;
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{}: an unencrypted PEM private key was expected: {}", printable(path, kMaxPathBytes),
                          take_openssl_error()),
              "key");
}

Result<void> use_identity(SSL_CTX& context, const TlsFiles& files) {
  SIGNET_TRY(const auto certificates, read_certificates(files.certificate, FileTrust::kAnyone, "certificate"));
  SIGNET_TRY(const PkeyPtr key, read_key(files.key));
  bool used = SSL_CTX_use_certificate(&context, certificates.front().get()) == 1;
  for (std::size_t i = 1; used && i < certificates.size(); ++i) {
    used = SSL_CTX_add1_chain_cert(&context, certificates[i].get()) == 1;
  }
  if (!used) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: {}", printable(files.certificate, kMaxPathBytes), take_openssl_error()),
                "certificate");
  }
  if (SSL_CTX_use_PrivateKey(&context, key.get()) == 1 && SSL_CTX_check_private_key(&context) == 1) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} is not the key of the first certificate in {}: {}", printable(files.key, kMaxPathBytes),
                          printable(files.certificate, kMaxPathBytes), take_openssl_error()),
              "key");
}

/// OpenSSL takes a certificate without extendedKeyUsage for one of every use; a daemon's has to name serverAuth.
int require_server_auth(int ok, X509_STORE_CTX* store) {
  if (ok != 1 || X509_STORE_CTX_get_error_depth(store) != 0) return ok;
  X509* const certificate = X509_STORE_CTX_get_current_cert(store);
  const bool has_usages = (X509_get_extension_flags(certificate) & EXFLAG_XKUSAGE) != 0;
  if (has_usages && (X509_get_extended_key_usage(certificate) & XKU_SSL_SERVER) != 0) return 1;
  X509_STORE_CTX_set_error(store, X509_V_ERR_INVALID_PURPOSE);
  return 0;
}

Result<void> use_trust(SSL_CTX& context, const std::string& path) {
  SIGNET_TRY(const auto certificates, read_certificates(path, FileTrust::kNotWritable, "trust"));
  for (const X509Ptr& certificate : certificates) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(&context), certificate.get()) != 1) {
      return fail(ErrorCode::kInternal, fmt::format("{}: {}", printable(path, kMaxPathBytes), take_openssl_error()),
                  "trust");
    }
  }
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER, require_server_auth);
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(&context), X509_V_FLAG_X509_STRICT);
  return {};
}

bool set_protocol(SSL_CTX& context) {
  Bytes protocols{static_cast<std::uint8_t>(kAlpn.size())};
  append(protocols, bytes_of(kAlpn));
  SSL_CTX_set_options(&context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_security_level(&context, 2);  // 112 bits: whatever the system's configuration says
  SSL_CTX_set_mode(&context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_clear_mode(&context, SSL_MODE_AUTO_RETRY);  // so that deadlines are looked at between any two records
  return SSL_CTX_set_min_proto_version(&context, TLS1_3_VERSION) == 1 &&
         SSL_CTX_set_alpn_protos(&context, protocols.data(), static_cast<unsigned>(protocols.size())) == 0;
}

/// The hash of an ECDSA or RSA signature; null for Ed25519, which hashes by itself.
Result<const EVP_MD*> digest_of(const EVP_PKEY* key) {
  const int bits = key != nullptr ? EVP_PKEY_get_bits(key) : 0;
  switch (key != nullptr ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE) {
    case EVP_PKEY_ED25519: return nullptr;
    case EVP_PKEY_RSA: return EVP_sha256();
    case EVP_PKEY_EC:
      if (bits == 256) return EVP_sha256();
      if (bits == 384) return EVP_sha384();
      if (bits == 521) return EVP_sha512();
      break;
    default: break;
  }
  return fail(
      ErrorCode::kFailedPrecondition,
      "requests can be signed with keys on P-256, P-384 or P-521, RSA and Ed25519 keys; this client has another",
      "key");
}

}  // namespace

Result<TlsContext> TlsContext::load(const TlsFiles& files) {
  ERR_clear_error();
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  if (context == nullptr || !set_protocol(*context)) {
    return fail(ErrorCode::kInternal, fmt::format("TLS cannot be set up: {}", take_openssl_error()));
  }
  SIGNET_CHECK(use_trust(*context, files.trust));
  if (!files.certificate.empty() || !files.key.empty()) SIGNET_CHECK(use_identity(*context, files));
  return TlsContext(std::move(context));
}

Bytes TlsContext::certificate() const {
  X509* const own = SSL_CTX_get0_certificate(context_.get());
  unsigned char* der = nullptr;
  const int size = own == nullptr ? 0 : i2d_X509(own, &der);
  if (size <= 0) return {};
  Bytes bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

Result<Bytes> TlsContext::sign(ByteView message) const {
  EVP_PKEY* const key = SSL_CTX_get0_privatekey(context_.get());
  SIGNET_TRY(const EVP_MD* const digest, digest_of(key));
  const MdCtxPtr signer(EVP_MD_CTX_new());
  std::size_t size = 0;
  bool done = signer != nullptr && EVP_DigestSignInit(signer.get(), nullptr, digest, nullptr, key) == 1 &&
              EVP_DigestSign(signer.get(), nullptr, &size, message.data(), message.size()) == 1;
  Bytes signature(size);
  done = done && EVP_DigestSign(signer.get(), signature.data(), &size, message.data(), message.size()) == 1;
  if (!done)
    return fail(ErrorCode::kInternal, fmt::format("the request cannot be signed: {}", take_openssl_error()), "key");
  signature.resize(size);
  return signature;
}

}  // namespace signet::client
