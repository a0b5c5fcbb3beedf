// One client: handshake, requests in, answers out, within the limits of the configuration.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "config/daemon_config.h"
#include "front/access_reports.h"
#include "front/asio.h"
#include "front/issuer_channel.h"
#include "front/tls_stream.h"

namespace signet {

/// What all connections share. It outlives them.
struct ConnectionContext {
  const ListenConfig& limits;
  const std::string& origin;  ///< of the CA, named in every error
  IssuerChannel& issuer;
  AccessReports& reports;
};

/// Memory bound: one request of at most 64 KiB being read, kMaxOutgoingBytes of answers, and OpenSSL's own. Reading
/// pauses while the limit of requests in flight is reached or kPauseBytes of answers wait for the client to take them.
/// Single-threaded; owned by its coroutines and the server's list.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  static constexpr std::size_t kPauseBytes = std::size_t{256} * 1024;
  static constexpr std::size_t kMaxOutgoingBytes = std::size_t{4} * 1024 * 1024;
  /// What a client that was refused because of the daemon's state is told to wait.
  static constexpr std::chrono::milliseconds kRetryAfter{500};
  /// How long a connection that is closed from here may take to hear it.
  static constexpr std::chrono::milliseconds kLinger{1000};

  /// Asked once, when the client is authenticated: whether it may stay, or why not.
  using Gate = std::function<Result<void>()>;

  Connection(std::unique_ptr<TlsStream> stream, std::string address, const ConnectionContext& context,
             asio::any_io_executor executor, Gate gate);

  /// The connection's whole life; everything is written and said when it returns. Call it once.
  [[nodiscard]] awaitable<void> run();

  /// Refuses new requests with kUnavailable, and ends once every answer is written.
  void drain();

  /// Ends it, whose client has not authenticated, because another one needs the place.
  void make_room();

  /// Ends what has run out of time. Call it several times a second.
  void check_deadlines(TimePoint now);

 private:
  enum class Phase {
    kHandshake,
    kIdle,     ///< waiting for a frame's first byte
    kFrame,    ///< waiting for the rest of it
    kWaiting,  ///< reading is paused, or has ended while answers are outstanding
    kClosing,  ///< the peer may still read what was said last
  };
  static constexpr TimePoint kNever = TimePoint::max();

  void enter(Phase phase, std::chrono::milliseconds timeout);
  void enter_without_deadline(Phase phase);
  [[nodiscard]] bool is_busy() const noexcept { return !in_flight_.empty() || !outgoing_.empty(); }
  [[nodiscard]] bool has_room() const noexcept;
  template <class Condition>
  awaitable<void> wait_until(Condition condition);
  void abort();

  [[nodiscard]] bool may_stay();
  awaitable<void> serve();
  awaitable<std::optional<Bytes>> read_frame();
  awaitable<std::optional<Bytes>> read_rest_of_frame(std::size_t header_bytes_read);
  void note_end_between_frames(TlsEnd end);
  void note_end_within_frame(TlsEnd end);
  void note_broken_stream();
  void cut_flood();
  void refuse_length(Error error);
  void refuse_slow_frame();

  void take_request(ByteView body);
  void forward(std::uint64_t number, ByteView body);
  void answer(std::uint64_t number, Result<Bytes> response);
  void respond(std::uint64_t number, const Error& error);
  void enqueue(Bytes frame);
  awaitable<void> write_outgoing();
  void leave_if_drained();

  void report_handshake_failure();
  void report(std::string reason, std::string text);

  std::unique_ptr<TlsStream> stream_;
  std::string address_;
  const ConnectionContext& context_;
  Gate gate_;
  asio::steady_timer changed_;  // never expires: cancelled to wake who waits for a condition

  Phase phase_ = Phase::kHandshake;
  TimePoint deadline_ = kNever;        // of the phase
  TimePoint write_deadline_ = kNever;  // of the frame being written
  bool draining_ = false;

  std::vector<Bytes> peer_chain_;  // DER, leaf first; set by the handshake
  std::array<std::uint8_t, 4> header_{};
  std::unordered_set<std::uint64_t> in_flight_;  // the numbers the issuer has
  std::deque<Bytes> outgoing_;                   // frames
  std::size_t outgoing_bytes_ = 0;
  bool writing_ = false;
};

}  // namespace signet
