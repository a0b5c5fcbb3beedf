// A client made of stock OpenSSL, blocking, that can also misbehave.
#pragma once

#include <optional>
#include <string>

#include "base/file.h"
#include "pki.h"
#include "wire/signet.pb.h"

namespace signet::test {

struct ClientOptions {
  const Identity* identity = nullptr;  ///< null = no certificate
  const Identity* chain = nullptr;     ///< an intermediate that is sent behind it
  int chain_copies = 1;
  std::string alpn = "signet/1";  ///< empty = none
  int max_version = TLS1_3_VERSION;
  int security_level = 2;
  /// Little is under way: what the client does not read soon waits in the front.
  bool has_small_window = false;
};

class TlsClient {
 public:
  /// Connects and does its part of the handshake. In TLS 1.3 a client is done before the server has looked at its
  /// certificate: a refusal shows when it reads.
  TlsClient(std::uint16_t port, const ClientOptions& options);
  /// Over a connection that exists.
  TlsClient(UniqueFd socket, const ClientOptions& options);

  [[nodiscard]] bool is_connected() const noexcept { return connected_; }
  [[nodiscard]] const SSL* ssl() const noexcept { return ssl_.get(); }

  bool send_raw(const std::string& bytes);
  /// With its length before it.
  bool send_frame(const std::string& body);
  bool send_request(std::uint64_t number, const std::string& payload = "", v1::Method method = v1::METHOD_GET_STATUS);

  /// One KeyUpdate, which asks for none in return.
  bool update_keys();

  /// The next answer; nothing when the connection ends or 15 s pass.
  [[nodiscard]] std::optional<v1::Response> next_response();
  /// Reads until the server ends the connection; false when it did not within 15 s or said something.
  [[nodiscard]] bool is_closed_by_server();
  /// OpenSSL's reason for the last failure, such as "tlsv1 alert unknown ca".
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

  /// Says close_notify and goes on reading.
  void end_requests() { SSL_shutdown(ssl_.get()); }
  /// Closes without a word.
  void close() { socket_.reset(); }

 private:
  bool read_all(std::string& into);
  void note_failure();

  UniqueFd socket_;
  SslCtxPtr context_;
  SslPtr ssl_;
  bool connected_ = false;
  std::string failure_;
};

/// A TCP connection to the port, with time limits of 15 s.
[[nodiscard]] UniqueFd connect_tcp(std::uint16_t port, bool has_small_window = false);

}  // namespace signet::test
