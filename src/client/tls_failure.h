// What went wrong in TLS, as an Error somebody can act on.
#pragma once

#include <openssl/types.h>

#include <string>

#include "client/address.h"

namespace signet::client {

/// Empties this thread's OpenSSL error queue into one line; "no reason given" when it was empty.
[[nodiscard]] std::string take_openssl_error();

/// The error behind a failed SSL_connect, SSL_read or SSL_write on `ssl`, whose SSL_get_error was `status` (not
/// WANT_*). kUnauthenticated: one side refused the other or they share no protocol. kUnavailable (retryable): the
/// connection ended. `expected_name` is what the server's certificate was checked for.
[[nodiscard]] std::unexpected<Error> tls_failure(const SSL* ssl, int status, const Address& address,
                                                 const std::string& expected_name);

}  // namespace signet::client
