#include "front/tls_failure.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>

#include <string_view>

namespace signet {
namespace {

std::string_view reason_of_verify_error(int error) {
  switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return "unknown-ca";
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED: return "client-certificate-expired";
    case X509_V_ERR_INVALID_PURPOSE: return "client-certificate-purpose";
    default: return "client-certificate-invalid";
  }
}

std::string_view reason_of_tls_error(int reason) {
  switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_WRONG_SSL_VERSION: return "tls-version";
    case SSL_R_NO_APPLICATION_PROTOCOL: return "no-alpn";
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return "no-client-certificate";
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_RECORD_LENGTH_MISMATCH:
    case SSL_R_RECORD_TOO_SMALL:
    case SSL_R_UNKNOWN_PROTOCOL: return "not-tls";
    case SSL_R_UNEXPECTED_EOF_WHILE_READING: return "handshake-aborted";
    // Alerts the peer sent; OpenSSL adds 1000 to their number.
    default: return reason >= SSL_AD_REASON_OFFSET ? "refused-by-client" : "tls-handshake";
  }
}

}  // namespace

TlsFailure describe_handshake_failure(unsigned long openssl_error, const TlsNotes& notes) {
  if (notes.verify_error != 0) {
    return {std::string(reason_of_verify_error(notes.verify_error)),
            fmt::format("the client's certificate is refused at depth {} of its chain: {}", notes.verify_depth,
                        X509_verify_cert_error_string(notes.verify_error))};
  }
  if (notes.no_alpn) return {"no-alpn", "the client named no application protocol; \"signet/1\" is the only one here"};
  const bool is_tls = ERR_GET_LIB(openssl_error) == ERR_LIB_SSL;
  if (openssl_error == 0 || ERR_GET_LIB(openssl_error) == ERR_LIB_SYS) {
    return {"handshake-aborted", "the client closed the connection before the handshake was done"};
  }
  const char* const text = ERR_reason_error_string(openssl_error);
  return {std::string(is_tls ? reason_of_tls_error(ERR_GET_REASON(openssl_error)) : "tls-handshake"),
          text != nullptr ? text : "no reason given"};
}

}  // namespace signet
