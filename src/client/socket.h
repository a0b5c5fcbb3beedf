// TCP with a deadline, and the BIO that lets OpenSSL use it.
#pragma once

#include <openssl/types.h>

#include <chrono>

#include "base/file.h"
#include "client/address.h"

namespace signet::client {

using Deadline = std::chrono::steady_clock::time_point;

/// A non-blocking connection to the first of the host's addresses that accepts one; each gets its share of the time
/// that is left. What is sent over it and not acknowledged for `longest_silence` ends it (TCP_USER_TIMEOUT). Looking up
/// a name takes as long as the system's resolver takes. Errors: kUnavailable (retryable); kNotFound, field "address",
/// when there is no such name.
[[nodiscard]] Result<UniqueFd> connect_tcp(const Address& address, Deadline deadline,
                                           std::chrono::milliseconds longest_silence);

/// Error kDeadlineExceeded (retryable) when `deadline` has passed.
[[nodiscard]] Result<void> check_time_left(Deadline deadline);

/// Waits for poll's `events` on `fd`. Errors: kDeadlineExceeded (retryable).
[[nodiscard]] Result<void> wait_until_ready(int fd, short events, Deadline deadline);

/// A BIO over a non-blocking socket, which stays the caller's. Unlike OpenSSL's own it never raises SIGPIPE, because a
/// library must not ask its program to ignore signals. Null when out of memory.
[[nodiscard]] BIO* new_socket_bio(int fd);

}  // namespace signet::client
