#include "front/tls_context.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "base/file.h"
#include "base/ops_log.h"
#include "wire/frame.h"
#include "x509/certificate.h"

namespace signet {
namespace {

constexpr std::size_t kMaxPemBytes = std::size_t{1024} * 1024;
constexpr int kMaxChainDepth = 8;
constexpr long kMaxPeerChainBytes = 32L * 1024;
constexpr int kSecurityLevel = 2;  // 112 bits: RSA and DH of 2048 bits, no SHA-1

std::unexpected<Error> fail_openssl(std::string what, std::string field) {
  const unsigned long code = ERR_peek_error();
  const char* const reason = ERR_reason_error_string(code);
  ERR_clear_error();
  auto failure = fail(ErrorCode::kInvalidArgument,
                      fmt::format("{}: {}", what, reason != nullptr ? reason : "no reason given"), std::move(field));
  failure.error().native = ERR_GET_REASON(code);
  return failure;
}

// ---- the daemon's own identity ----

Result<std::vector<X509Ptr>> read_certificates(const std::string& path, const std::string& field) {
  SIGNET_TRY(const Bytes text, read_file(path, kMaxPemBytes, FileTrust::kNotWritable, field));
  auto blocks = decode_pem(text_of(text), "CERTIFICATE");
  if (!blocks.has_value()) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", printable(path), blocks.error().message), field);
  }
  std::vector<X509Ptr> certificates;
  for (const Bytes& der : *blocks) {
    const unsigned char* position = der.data();
    X509Ptr certificate{d2i_X509(nullptr, &position, static_cast<long>(der.size()))};
    if (certificate == nullptr || position != der.data() + der.size()) {
      return fail_openssl(fmt::format("{}: certificate {} cannot be read", printable(path), certificates.size() + 1),
                          field);
    }
    certificates.push_back(std::move(certificate));
  }
  return certificates;
}

/// A key in an encrypted file is refused: nobody is there to type a passphrase.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) { return 0; }

Result<PkeyPtr> read_private_key(const std::string& path) {
  SIGNET_TRY(Bytes text, read_file(path, kMaxPemBytes, FileTrust::kOwnerOnly, "listen.key"));
  const BioPtr bio{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
  PkeyPtr key{bio == nullptr ? nullptr : PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_passphrase, nullptr)};
  OPENSSL_cleanse(text.data(), text.size());
  if (key == nullptr) {
    return fail_openssl(fmt::format("{} holds no private key as PEM without a passphrase", printable(path)),
                        "listen.key");
  }
  return key;
}

void warn_of_validity(const X509& leaf, const std::string& path) {
  if (X509_cmp_current_time(X509_get0_notBefore(&leaf)) > 0) {
    ops::warning("the daemon's certificate is not valid yet; clients will refuse it", {{"listen.certificate", path}});
  }
  if (X509_cmp_current_time(X509_get0_notAfter(&leaf)) < 0) {
    ops::warning("the daemon's certificate has expired; clients will refuse it", {{"listen.certificate", path}});
  }
}

Result<void> use_identity(SSL_CTX& context, const ListenConfig& listen) {
  SIGNET_TRY(const auto chain, read_certificates(listen.certificate, "listen.certificate"));
  SIGNET_TRY(const PkeyPtr key, read_private_key(listen.key));
  if (SSL_CTX_use_certificate(&context, chain.front().get()) != 1) {
    return fail_openssl(fmt::format("{} cannot be used", printable(listen.certificate)), "listen.certificate");
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(&context, chain[i].get()) != 1) {
      return fail_openssl(fmt::format("{}: certificate {} cannot be used", printable(listen.certificate), i + 1),
                          "listen.certificate");
    }
  }
  if (X509_check_private_key(chain.front().get(), key.get()) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("the key in {} does not belong to the first certificate in {}", printable(listen.key),
                            printable(listen.certificate)),
                "listen.key");
  }
  if (SSL_CTX_use_PrivateKey(&context, key.get()) != 1) {
    return fail_openssl(fmt::format("{} cannot be used", printable(listen.key)), "listen.key");
  }
  warn_of_validity(*chain.front(), listen.certificate);
  return {};
}

// ---- what client certificates are checked against ----

bool is_self_signed(X509* certificate) { return (X509_get_extension_flags(certificate) & EXFLAG_SS) != 0; }

Result<void> use_client_trust(SSL_CTX& context, const std::string& path) {
  SIGNET_TRY(const auto certificates, read_certificates(path, "listen.client_trust"));
  if (std::ranges::none_of(certificates, [](const X509Ptr& each) { return is_self_signed(each.get()); })) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("{} holds no self-signed root; every client certificate must chain to one", printable(path)),
        "listen.client_trust");
  }
  X509_STORE* const store = SSL_CTX_get_cert_store(&context);
  for (const X509Ptr& each : certificates) {
    if (X509_STORE_add_cert(store, each.get()) != 1) return fail_openssl(printable(path), "listen.client_trust");
  }
  return {};
}

int notes_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

TlsNotes* notes_of(const SSL* ssl) { return static_cast<TlsNotes*>(SSL_get_ex_data(ssl, notes_index())); }

/// OpenSSL's own purpose check lets a certificate without extendedKeyUsage pass; docs/rpc.md demands clientAuth.
bool names_client_auth(X509* leaf) {
  const std::uint32_t usages = X509_get_extended_key_usage(leaf);
  return usages != UINT32_MAX && (usages & XKU_SSL_CLIENT) != 0;
}

int on_verify(int accepted, X509_STORE_CTX* store) {
  if (accepted == 1 && X509_STORE_CTX_get_error_depth(store) == 0 &&
      !names_client_auth(X509_STORE_CTX_get0_cert(store))) {
    X509_STORE_CTX_set_error(store, X509_V_ERR_INVALID_PURPOSE);
    accepted = 0;
  }
  if (accepted == 1) return 1;
  const void* const ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
  if (TlsNotes* const notes = notes_of(static_cast<const SSL*>(ssl)); notes != nullptr) {
    notes->verify_error = X509_STORE_CTX_get_error(store);
    notes->verify_depth = X509_STORE_CTX_get_error_depth(store);
    notes->peer_certificate = der_of(X509_STORE_CTX_get0_cert(store));
  }
  return 0;
}

// ---- ALPN (RFC 7301) ----

/// The selection callback below is not called for a client that names no protocol. One that cannot speak TLS 1.3 either
/// is left to the version check, whose alert tells it more.
int on_client_hello(SSL* ssl, int* alert, void* /*unused*/) {
  const unsigned char* extension = nullptr;
  std::size_t size = 0;
  const auto has = [&](unsigned type) { return SSL_client_hello_get0_ext(ssl, type, &extension, &size) == 1; };
  if (!has(TLSEXT_TYPE_supported_versions)) return SSL_CLIENT_HELLO_SUCCESS;
  if (has(TLSEXT_TYPE_application_layer_protocol_negotiation)) return SSL_CLIENT_HELLO_SUCCESS;
  if (TlsNotes* const notes = notes_of(ssl); notes != nullptr) notes->no_alpn = true;
  *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
  return SSL_CLIENT_HELLO_ERROR;
}

int on_alpn(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered,
            unsigned offered_size, void* /*unused*/) {
  for (unsigned at = 0; at < offered_size; at += 1U + offered[at]) {
    const ByteView name(offered + at + 1, offered[at]);
    if (text_of(name) != kAlpn) continue;
    *chosen = name.data();
    *chosen_size = offered[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// ---- the rules ----

void on_message(int sent, int /*version*/, int type, const void* data, std::size_t size, SSL* ssl, void* /*unused*/) {
  if (sent != 0 || type != SSL3_RT_HANDSHAKE || size == 0) return;
  if (*static_cast<const unsigned char*>(data) != SSL3_MT_KEY_UPDATE) return;
  if (TlsNotes* const notes = notes_of(ssl); notes != nullptr) ++notes->key_updates;
}

/// openssl.cnf may ask for more than this, not for less.
bool set_strength(SSL_CTX& context) {
  SSL_CTX_set_security_level(&context, std::max(SSL_CTX_get_security_level(&context), kSecurityLevel));
  SSL_CTX_set_max_cert_list(&context, kMaxPeerChainBytes);
  return X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(&context), X509_V_FLAG_X509_STRICT) == 1;
}

Result<void> set_rules(SSL_CTX& context) {
  const bool set = SSL_CTX_set_min_proto_version(&context, TLS1_3_VERSION) == 1 &&
                   SSL_CTX_set_max_proto_version(&context, TLS1_3_VERSION) == 1 &&
                   SSL_CTX_set_num_tickets(&context, 0) == 1 && SSL_CTX_set_max_early_data(&context, 0) == 1 &&
                   SSL_CTX_set_purpose(&context, X509_PURPOSE_SSL_CLIENT) == 1 && set_strength(context);
  if (!set) return fail_openssl("TLS 1.3 without resumption cannot be set up", "");
  SSL_CTX_set_options(&context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
  // A connection costs 18 KiB with released buffers and 51 without.
  SSL_CTX_set_mode(&context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // By default one SSL_read handles records without data as long as the socket has any, and nobody else is served.
  SSL_CTX_clear_mode(&context, SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_msg_callback(&context, &on_message);
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, &on_verify);
  SSL_CTX_set_verify_depth(&context, kMaxChainDepth);
  SSL_CTX_set_client_hello_cb(&context, &on_client_hello, nullptr);
  SSL_CTX_set_alpn_select_cb(&context, &on_alpn, nullptr);
  return {};
}

}  // namespace

Bytes der_of(const X509* certificate) {
  unsigned char* der = nullptr;
  const int size = certificate == nullptr ? 0 : i2d_X509(certificate, &der);
  if (size <= 0) return {};
  Bytes copy(der, der + size);
  OPENSSL_free(der);
  return copy;
}

Result<SslCtxPtr> make_tls_context(const ListenConfig& listen) {
  SslCtxPtr context{SSL_CTX_new(TLS_server_method())};
  if (context == nullptr || notes_index() < 0) return fail_openssl("no TLS context can be made", "");
  SIGNET_CHECK(set_rules(*context));
  SIGNET_CHECK(use_identity(*context, listen));
  SIGNET_CHECK(use_client_trust(*context, listen.client_trust));
  return context;
}

bool attach_notes(SSL& ssl, TlsNotes& notes) noexcept { return SSL_set_ex_data(&ssl, notes_index(), &notes) == 1; }

std::vector<Bytes> verified_chain(const SSL& ssl) {
  std::vector<Bytes> chain;
  const STACK_OF(X509)* const verified = SSL_get0_verified_chain(&ssl);
  for (int i = 0; i < sk_X509_num(verified); ++i) {
    X509* const certificate = sk_X509_value(verified, i);
    if (i > 0 && is_self_signed(certificate)) break;
    chain.push_back(der_of(certificate));
  }
  return chain;
}

}  // namespace signet
