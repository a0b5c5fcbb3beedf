// Who this client is and whom it trusts, as TLS needs it.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>

#include "base/bytes.h"

namespace signet::client {

struct TlsFiles {
  std::string
      certificate;    ///< PEM, leaf first; empty together with `key` = no client certificate (for tests of a daemon)
  std::string key;    ///< PEM, mode 0600
  std::string trust;  ///< PEM
};

/// TLS 1.3 only, ALPN kAlpn, the server's chain verified for serverAuth (which its certificate has to name) under
/// RFC 5280's strict rules, security level 2, no session tickets. Immutable; connections may share it.
class TlsContext {
 public:
  /// Errors: kInvalidArgument or kPermissionDenied, with the option's name as the field ("certificate", "key",
  /// "trust").
  [[nodiscard]] static Result<TlsContext> load(const TlsFiles& files);

  [[nodiscard]] SSL_CTX* get() const noexcept { return context_.get(); }

  /// The client's certificate, DER; empty when there is none.
  [[nodiscard]] Bytes certificate() const;

  /// Signs `message` with the certificate's key as signet.proto says: ECDSA with the curve's hash, RSA PKCS#1 v1.5 with
  /// SHA-256, Ed25519. Errors: kFailedPrecondition when there is no key, or one of another kind.
  [[nodiscard]] Result<Bytes> sign(ByteView message) const;

 private:
  explicit TlsContext(std::shared_ptr<SSL_CTX> context) : context_(std::move(context)) {}
  std::shared_ptr<SSL_CTX> context_;
};

}  // namespace signet::client
