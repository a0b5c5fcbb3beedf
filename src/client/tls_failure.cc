#include "client/tls_failure.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>

#include "base/bytes.h"

namespace signet::client {
namespace {

std::unexpected<Error> ended(const Address& address, int errno_value) {
  const std::string what = fmt::format("the connection to {} ended before the answer", printable(address.text()));
  if (errno_value == 0) return fail_retryable(ErrorCode::kUnavailable, what, std::chrono::milliseconds(0));
  auto failure = fail_errno(errno_value, what);
  failure.error().code = ErrorCode::kUnavailable;
  failure.error().retryable = true;
  return failure;
}

std::unexpected<Error> unauthenticated(std::string message, unsigned long native, std::string field = {}) {
  auto failure = fail(ErrorCode::kUnauthenticated, std::move(message), std::move(field));
  failure.error().native = static_cast<std::int64_t>(native);
  return failure;
}

std::unexpected<Error> server_refused(const Address& address, long verdict, const std::string& expected_name) {
  const std::string reason = X509_verify_cert_error_string(verdict);
  const auto native = static_cast<unsigned long>(verdict);
  if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    return unauthenticated(
        fmt::format(
            "the certificate of {} is not for \"{}\" ({}); set server_name to a name in the daemon's certificate",
            printable(address.text()), printable(expected_name), reason),
        native, "server_name");
  }
  if (verdict == X509_V_ERR_INVALID_PURPOSE) {
    return unauthenticated(
        fmt::format("the certificate of {} is not one of a TLS server ({}); it must name the extended key usage "
                    "serverAuth: the daemon's operator has to replace it",
                    printable(address.text()), reason),
        native);
  }
  return unauthenticated(
      fmt::format("the certificate of {} is not trusted: {}; the trust file must hold the root it chains to",
                  printable(address.text()), reason),
      native, "trust");
}

/// What an alert of the daemon means for the person at the client; empty where OpenSSL's own words must do.
std::string_view advice_for(int reason) {
  switch (reason) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED: return "it demands a client certificate; set certificate and key";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      return "it does not know the CA of this client's certificate; its client_trust file must hold the root, and the "
             "certificate file the intermediates";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED: return "this client's certificate has expired; get a new one";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED: return "this client's certificate was revoked";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
      return "it does not accept this client's certificate; it needs the extended key usage clientAuth and a chain to "
             "the "
             "daemon's client_trust file";
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL: return "it does not speak TLS 1.3; is this a Signet daemon?";
    case SSL_R_WRONG_VERSION_NUMBER: return "it does not speak TLS; is this a Signet daemon?";
    default: return {};
  }
}

}  // namespace

std::string take_openssl_error() {
  const unsigned long first = ERR_get_error();
  ERR_clear_error();
  if (first == 0) return "no reason given";
  const char* const reason = ERR_reason_error_string(first);
  return reason != nullptr ? reason : fmt::format("OpenSSL error {:#x}", first);
}

std::unexpected<Error> tls_failure(const SSL* ssl, int status, const Address& address,
                                   const std::string& expected_name) {
  const int errno_value = status == SSL_ERROR_SYSCALL ? errno : 0;
  const unsigned long error = ERR_peek_error();
  const int reason = ERR_GET_REASON(error);
  const std::string text = take_openssl_error();
  if (const long verdict = SSL_get_verify_result(ssl); verdict != X509_V_OK) {
    return server_refused(address, verdict, expected_name);
  }
  const bool end_of_file = reason == SSL_R_UNEXPECTED_EOF_WHILE_READING && ERR_GET_LIB(error) == ERR_LIB_SSL;
  if (status != SSL_ERROR_SSL || error == 0 || end_of_file) return ended(address, errno_value);
  const std::string_view advice = advice_for(reason);
  const std::string explained = advice.empty() ? text : fmt::format("{} ({})", advice, text);
  return unauthenticated(fmt::format("no TLS connection with {}: {}", printable(address.text()), explained), error);
}

}  // namespace signet::client
