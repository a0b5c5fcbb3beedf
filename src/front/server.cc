#include "front/server.h"

#include <fmt/format.h>

#include <utility>

#include "base/ops_log.h"

namespace signet {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kTick{100};         // how exactly timeouts are kept
constexpr milliseconds kAcceptPause{100};  // after an accept that failed (no descriptors, no memory)
constexpr milliseconds kDrainPoll{20};
constexpr milliseconds kLastReports{1000};

std::string text_of(const tcp::endpoint& peer) {
  const auto host = peer.address().to_string();
  return fmt::format(fmt::runtime(peer.address().is_v6() ? "[{}]:{}" : "{}:{}"), host, peer.port());
}

Network network_of_peer(const tcp::endpoint& peer) {
  if (peer.address().is_v4()) return network_of(peer.address().to_v4().to_bytes());
  return network_of(peer.address().to_v6().to_bytes());
}

}  // namespace

Server::Server(asio::io_context& io, const DaemonConfig& config, SslCtxPtr tls, tcp::acceptor acceptor)
    : io_(io),
      tls_(std::move(tls)),
      acceptor_(std::move(acceptor)),
      issuer_(io),
      reports_(system_clock(), [this](internal::AccessFailure failure) { return issuer_.report(std::move(failure)); }),
      context_{.limits = config.listen, .origin = config.origin, .issuer = issuer_, .reports = reports_},
      places_(config.listen.max_connections, config.listen.max_connections_per_address) {}

void Server::start() {
  spawn(accept_connections(), "accepting");
  spawn(tick(), "keeping time");
}

void Server::drain() {
  if (std::exchange(draining_, true)) return;
  spawn(finish_drain(), "draining");
}

/// What runs as long as the process cannot do without it: an exception ends the process, and the supervisor starts a
/// new one.
template <class Work>
void Server::spawn(Work work, const char* what) {
  asio::co_spawn(io_, std::move(work), [what](std::exception_ptr thrown) {
    if (!thrown) return;
    ops::error("out of memory or a broken invariant", {{"while", what}});
    std::rethrow_exception(thrown);
  });
}

awaitable<void> Server::pause(milliseconds time) {
  asio::steady_timer timer(io_, time);
  co_await timer.async_wait(kAsTuple);
}

awaitable<void> Server::accept_connections() {
  while (acceptor_.is_open()) {
    auto [failure, socket] = co_await acceptor_.async_accept(kAsTuple);
    if (!failure) {
      admit(std::move(socket));
    } else if (failure != asio::error::operation_aborted) {
      ops::warning("a connection could not be accepted", {{"why", failure.message()}});
      co_await pause(kAcceptPause);
    }
  }
}

void Server::admit(tcp::socket socket) {
  boost::system::error_code gone;
  const tcp::endpoint peer = socket.remote_endpoint(gone);
  if (gone || draining_) return;
  const Network network = network_of_peer(peer);
  if (!may_begin(peer, network)) return;
  auto stream = TlsStream::create(*tls_, std::move(socket));
  if (!stream.has_value()) {
    ops::warning("a connection could not be set up", {{"why", stream.error().message}});
    return;
  }
  const Places::Number number = ++last_number_;
  if (const auto cut = places_.begin(number, network); cut.has_value()) connections_.at(*cut)->make_room();
  run(number, *std::move(stream), peer);
}

bool Server::may_begin(const tcp::endpoint& peer, const Network& network) {
  const Result<void> place = places_.check(network);
  if (place.has_value()) return true;
  reports_.add(AccessEvent{.address = text_of(peer), .reason = "too-many-connections", .text = place.error().message});
  return false;
}

void Server::run(Places::Number number, std::unique_ptr<TlsStream> stream, const tcp::endpoint& peer) {
  auto connection = std::make_shared<Connection>(std::move(stream), text_of(peer), context_, io_.get_executor(),
                                                 [this, number] { return places_.authenticate(number); });
  connections_.emplace(number, connection);
  asio::co_spawn(io_, connection->run(), [this, connection, number](std::exception_ptr thrown) {
    if (thrown) ops::error("out of memory or a broken invariant", {{"while", "serving a connection"}});
    places_.end(number);
    connections_.erase(number);
  });
}

awaitable<void> Server::tick() {
  for (;;) {
    co_await pause(kTick);
    const auto now = steady_clock::now();
    for (const auto& [number, connection] : connections_) connection->check_deadlines(now);
    reports_.flush();
  }
}

awaitable<void> Server::finish_drain() {
  const auto end = steady_clock::now() + kDrainTime;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  for (const auto& [number, connection] : connections_) connection->drain();
  while (!connections_.empty() && steady_clock::now() < end) co_await pause(kDrainPoll);
  reports_.flush_all();
  const auto last = steady_clock::now() + kLastReports;
  while (!issuer_.is_idle() && steady_clock::now() < last) co_await pause(kDrainPoll);
  io_.stop();
}

}  // namespace signet
