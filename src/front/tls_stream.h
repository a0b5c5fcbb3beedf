// TLS over a non-blocking socket. OpenSSL reads and writes the socket itself and Asio only waits for it, which spares
// the 34 KiB of buffers that Asio's own ssl::stream adds to every connection.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "front/asio.h"
#include "front/tls_context.h"

namespace signet {

/// How an operation on a TlsStream ended.
enum class TlsEnd {
  kDone,     ///< as asked
  kClosed,   ///< the peer said close_notify
  kStopped,  ///< stop_reading() or abort() was called here
  kFlooded,  ///< the peer updates its keys again and again and sends nothing else; only reading ends so
  kFailed,   ///< error() says why; nothing works on the stream any more
};

/// One connection's TLS, server side. Single-threaded. One coroutine reads and one may write at the same time. It must
/// outlive its operations: stop them with abort() and let them return.
class TlsStream {
 public:
  /// Errors: kInternal when OpenSSL or the socket refuse (memory).
  [[nodiscard]] static Result<std::unique_ptr<TlsStream>> create(SSL_CTX& context, tcp::socket socket);

  [[nodiscard]] awaitable<TlsEnd> handshake();

  /// Others are served between two records that carry no data, and between two parts of what read_all() reads: no peer
  /// keeps the thread by sending fast.
  ///
  /// Reads at least one byte and at most into.size(); the number is in `second`, 0 unless kDone.
  [[nodiscard]] awaitable<std::pair<TlsEnd, std::size_t>> read_some(std::span<std::uint8_t> into);
  /// Fills all of `into`.
  [[nodiscard]] awaitable<TlsEnd> read_all(std::span<std::uint8_t> into);
  /// What the peer sent was worth something: it may update its keys TlsNotes::kMaxKeyUpdates times from here.
  void expect_data() noexcept { notes_.key_updates = 0; }
  /// Writes all of `bytes`, which must stay as they are until then.
  [[nodiscard]] awaitable<TlsEnd> write_all(ByteView bytes);

  /// Ends reading, now and later, with kStopped; writing goes on.
  void stop_reading();
  /// Ends both.
  void abort();
  [[nodiscard]] bool is_aborted() const noexcept { return aborted_; }

  /// Says close_notify (unless the stream failed) and ends the sending direction; then reads and drops what still
  /// comes, until the peer closes or abort() is called. Without that, bytes unread here would make the kernel reset the
  /// connection and the peer lose our last words.
  [[nodiscard]] awaitable<void> close_gently();

  [[nodiscard]] const SSL& ssl() const noexcept { return *ssl_; }
  [[nodiscard]] const TlsNotes& notes() const noexcept { return notes_; }
  /// The OpenSSL error that made an operation fail; 0 where the transport ended.
  [[nodiscard]] unsigned long error() const noexcept { return error_; }
  /// Whether the peer has sent anything at all.
  [[nodiscard]] bool has_received() const noexcept;

 private:
  enum class Direction { kReading, kWriting };
  explicit TlsStream(tcp::socket socket) : socket_(std::move(socket)) {}

  template <class Operation>
  awaitable<TlsEnd> drive(Direction direction, Operation operation);
  [[nodiscard]] bool is_stopped(Direction direction) const noexcept {
    return aborted_ || (reading_stopped_ && direction == Direction::kReading);
  }
  void cancel_waits();

  tcp::socket socket_;
  TlsNotes notes_;
  SslPtr ssl_;
  unsigned long error_ = 0;
  bool failed_ = false;
  bool reading_stopped_ = false;
  bool aborted_ = false;
};

}  // namespace signet
