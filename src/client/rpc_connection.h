// One TLS connection to a daemon, and frames over it. Knows nothing of what is in them.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>

#include "base/bytes.h"
#include "client/address.h"
#include "client/socket.h"
#include "client/tls_context.h"

namespace signet::client {

/// Connected from open() on. After any error but a refused oversize request it is of no more use. For one thread.
/// Errors of all: kUnavailable (retryable) when the connection ended, kDeadlineExceeded (retryable), kUnauthenticated
/// when TLS failed; that the daemon refuses the client's certificate is told by the first receive() (or send()),
/// because in TLS 1.3 the client's handshake ends before the server has looked at it.
class RpcConnection {
 public:
  /// Connects, shakes hands and verifies that the daemon's certificate is for `server_name` (a DNS name or IP address)
  /// and that it speaks kAlpn.
  /// `longest_silence` as connect_tcp() has it.
  [[nodiscard]] static Result<RpcConnection> open(const TlsContext& context, const Address& address,
                                                  const std::string& server_name, Deadline deadline,
                                                  std::chrono::milliseconds longest_silence = std::chrono::seconds(10));

  /// Sends `body` as a frame of at most kMaxRequestBytes.
  [[nodiscard]] Result<void> send(ByteView body, Deadline deadline);

  /// Sends bytes as they are, whether they are frames or not: for tests of a daemon.
  [[nodiscard]] Result<void> send_raw(ByteView bytes, Deadline deadline);

  /// The body of the next frame, at most kMaxResponseBytes. Error kInternal for a frame that breaks that rule.
  [[nodiscard]] Result<Bytes> receive(Deadline deadline);

 private:
  struct Impl;
  explicit RpcConnection(std::unique_ptr<Impl> impl);

 public:
  RpcConnection(RpcConnection&&) noexcept;
  RpcConnection& operator=(RpcConnection&&) noexcept;
  ~RpcConnection();

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace signet::client
