// The TLS rules of the daemon: TLS 1.3 only, ALPN "signet/1", a client certificate for clientAuth that chains to the
// configured trust; no resumption and no early data, so every connection is fully authenticated.
#pragma once

#include "config/daemon_config.h"
#include "front/openssl_ptr.h"

namespace signet {

/// What the handshake's callbacks notice and OpenSSL does not keep. One per connection; a TlsStream owns it.
struct HandshakeNotes {
  bool no_alpn = false;    ///< the ClientHello named no protocol at all
  int verify_error = 0;    ///< the first X509_V_ERR_* of the client's chain; 0 where there was none
  int verify_depth = 0;    ///< 0 = the client's own certificate
  Bytes peer_certificate;  ///< DER of the leaf that was refused
};

/// Reads the daemon's certificate, key and client trust, and makes the context all connections share.
/// Errors: kInvalidArgument or kFailedPrecondition with the field "listen.certificate", "listen.key" or
/// "listen.client_trust". A daemon certificate outside its validity is only warned of, in the operations log: clients
/// will refuse it, but an operator must be able to reach the rest of the daemon and replace it.
[[nodiscard]] Result<SslCtxPtr> make_tls_context(const ListenConfig& listen);

/// Has the callbacks of `ssl`, which was made from such a context, write to `notes`, which must live as long.
[[nodiscard]] bool attach_notes(SSL& ssl, HandshakeNotes& notes) noexcept;

/// The verified chain of the peer as DER, leaf first, without the self-signed root. Empty before the handshake is done.
[[nodiscard]] std::vector<Bytes> verified_chain(const SSL& ssl);

}  // namespace signet
