// Why a TLS handshake failed, in the words of the audit log.
#pragma once

#include <string>

#include "front/tls_context.h"

namespace signet {

/// `reason` is one of a fixed set, so that reports can be counted by it:
///   "tls-version"                 the client offered no TLS 1.3
///   "no-alpn"                     it did not name the protocol "signet/1"
///   "no-client-certificate"       it sent none
///   "unknown-ca"                  its certificate chains to no trusted root
///   "client-certificate-expired"  it, or one above it, is outside its validity
///   "client-certificate-purpose"  it, or one above it, may not be used for clientAuth
///   "client-certificate-invalid"  any other rule of RFC 5280
///   "refused-by-client"           the client ended the handshake with an alert
///   "not-tls"                     the bytes are no TLS
///   "handshake-aborted"           the client closed the connection in the middle
///   "tls-handshake"               anything else; `text` is OpenSSL's reason
struct TlsFailure {
  std::string reason;
  std::string text;  ///< one sentence part for a person, safe to show
};

/// `openssl_error` is what ERR_peek_error() said; 0 where the transport ended.
[[nodiscard]] TlsFailure describe_handshake_failure(unsigned long openssl_error, const TlsNotes& notes);

}  // namespace signet
