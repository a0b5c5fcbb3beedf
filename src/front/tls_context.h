// The TLS rules of the daemon: TLS 1.3 only, ALPN "signet/1", a client certificate for clientAuth that chains to the
// configured trust; no resumption and no early data, so every connection is fully authenticated. Keys and signatures of
// less than 112 bits (OpenSSL's security level 2) and certificates that break RFC 5280 are refused, whatever the
// machine's openssl.cnf allows.
#pragma once

#include "base/bytes.h"
#include "base/openssl_ptr.h"
#include "config/daemon_config.h"

namespace signet {

/// What the callbacks of a connection notice and OpenSSL does not keep. One per connection; a TlsStream owns it.
struct TlsNotes {
  /// KeyUpdates that a peer may send without a frame. An honest one sends one in 2^24 records or so (RFC 8446 section
  /// 5.5).
  static constexpr unsigned kMaxKeyUpdates = 32;

  bool no_alpn = false;      ///< the ClientHello named no protocol at all
  int verify_error = 0;      ///< the first X509_V_ERR_* of the client's chain; 0 where there was none
  int verify_depth = 0;      ///< 0 = the client's own certificate
  Bytes peer_certificate;    ///< DER of the leaf that was refused
  unsigned key_updates = 0;  ///< KeyUpdate messages (RFC 8446 section 4.6.3) of the peer
};

/// Reads the daemon's certificate, key and client trust, and makes the context all connections share.
/// Errors: kInvalidArgument or kFailedPrecondition with the field "listen.certificate", "listen.key" or
/// "listen.client_trust". A daemon certificate outside its validity is only warned of, in the operations log: clients
/// will refuse it, but an operator must be able to reach the rest of the daemon and replace it.
[[nodiscard]] Result<SslCtxPtr> make_tls_context(const ListenConfig& listen);

/// Has the callbacks of `ssl`, which was made from such a context, write to `notes`, which must live as long.
[[nodiscard]] bool attach_notes(SSL& ssl, TlsNotes& notes) noexcept;

/// The DER of a certificate; empty where OpenSSL cannot write it.
[[nodiscard]] Bytes der_of(const X509* certificate);

/// The verified chain of the peer as DER, leaf first, without the self-signed root. Empty before the handshake is done.
[[nodiscard]] std::vector<Bytes> verified_chain(const SSL& ssl);

}  // namespace signet
