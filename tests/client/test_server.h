// A daemon's outside in a thread: TLS and frames, with answers that the test chooses.
#pragma once

#include <openssl/types.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "client/identities.h"
#include "wire/signet.pb.h"

namespace signet::test {

struct ServerOptions {
  Identity identity;
  std::string client_trust;  ///< PEM file of roots that client certificates must chain to
  int tls_version = 0x0304;  ///< the only one it speaks
  bool alpn = true;
  bool floods_key_updates = false;  ///< instead of answers, until the connection ends
};

/// Answers every request with the bytes that `handler` returns, as they are; nullopt closes the connection. Listens on
/// an ephemeral port of 127.0.0.1 until the end of its life; one connection at a time.
class TestServer {
 public:
  using Handler = std::function<std::optional<Bytes>(const v1::Request&)>;

  TestServer(ServerOptions options, Handler handler);
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  /// For handlers: closes the connection behind the answer that is being made.
  void close_after_next_answer() { close_next_ = true; }

  [[nodiscard]] std::string address() const;  ///< "127.0.0.1:port"
  [[nodiscard]] std::string port() const;
  [[nodiscard]] std::vector<v1::Request> requests() const;        ///< all so far
  [[nodiscard]] int connections() const { return connections_; }  ///< whose handshake succeeded

 private:
  void serve();
  void serve_connection(int fd);
  std::optional<v1::Request> read_request(SSL* ssl);
  void flood_key_updates(SSL* ssl);

  ServerOptions options_;
  Handler handler_;
  UniqueFd listener_;
  std::shared_ptr<SSL_CTX> context_;
  mutable std::mutex mutex_;
  std::vector<v1::Request> requests_;  // guarded by mutex_
  std::atomic<int> connections_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> close_next_ = false;
  std::atomic<int> current_ = -1;  // the connection being served
  std::thread thread_;             // last: it uses everything above
};

/// A Response in its frame.
[[nodiscard]] Bytes frame_of(const v1::Response& response);
/// Success with a payload, and an error, as answers to `request`.
[[nodiscard]] Bytes answer(const v1::Request& request, const google::protobuf::Message& payload);
[[nodiscard]] Bytes refuse(const v1::Request& request, const Error& error,
                           const std::string& origin = "ca.example/test");

}  // namespace signet::test
