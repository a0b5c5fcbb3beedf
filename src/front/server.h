// The listening socket and all connections.
#pragma once

#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "front/connection.h"
#include "front/places.h"

namespace signet {

/// Accepts within the limits of the configuration, and drains. It must be destroyed before `io`, and its connections
/// end with `io`. Single-threaded.
class Server {
 public:
  /// In flight when a drain begins: how long clients and issuer may take to finish.
  static constexpr std::chrono::seconds kDrainTime{20};

  /// `config` outlives it.
  Server(asio::io_context& io, const DaemonConfig& config, SslCtxPtr tls, tcp::acceptor acceptor);

  /// Begins to accept.
  void start();
  void use_issuer(std::uint64_t generation, UniqueFd socket) { issuer_.replace(generation, std::move(socket)); }
  /// Accepts nothing new, lets what is in flight be answered and written, then stops `io`.
  void drain();

 private:
  template <class Work>
  void spawn(Work work, const char* what);
  awaitable<void> accept_connections();
  awaitable<void> tick();
  awaitable<void> finish_drain();
  awaitable<void> pause(std::chrono::milliseconds time);

  void admit(tcp::socket socket);
  [[nodiscard]] bool may_begin(const tcp::endpoint& peer, const Network& network);
  void run(Places::Number number, std::unique_ptr<TlsStream> stream, const tcp::endpoint& peer);

  asio::io_context& io_;
  SslCtxPtr tls_;
  tcp::acceptor acceptor_;
  IssuerChannel issuer_;
  AccessReports reports_;
  ConnectionContext context_;
  Places places_;
  std::unordered_map<Places::Number, std::shared_ptr<Connection>> connections_;
  Places::Number last_number_ = 0;
  bool draining_ = false;
};

}  // namespace signet
