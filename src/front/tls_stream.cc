#include "front/tls_stream.h"

#include <openssl/err.h>

#include <array>

namespace signet {

Result<std::unique_ptr<TlsStream>> TlsStream::create(SSL_CTX& context, tcp::socket socket) {
  boost::system::error_code failure;
  socket.native_non_blocking(true, failure);
  if (!failure) socket.set_option(tcp::no_delay(true), failure);
  if (failure) return fail_errno(failure.value(), "the connection's socket cannot be set up");
  std::unique_ptr<TlsStream> stream(new TlsStream(std::move(socket)));
  stream->ssl_.reset(SSL_new(&context));
  SSL* const ssl = stream->ssl_.get();
  if (ssl == nullptr || !attach_notes(*ssl, stream->notes_) || SSL_set_fd(ssl, stream->socket_.native_handle()) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::kInternal, "no TLS connection can be made");
  }
  SSL_set_accept_state(ssl);
  return stream;
}

/// Repeats `operation` until it has succeeded, waiting for the socket whenever OpenSSL wants it.
template <class Operation>
awaitable<TlsEnd> TlsStream::drive(Direction direction, Operation operation) {
  for (;;) {
    if (is_stopped(direction)) co_return TlsEnd::kStopped;
    if (failed_) co_return TlsEnd::kFailed;
    ERR_clear_error();
    const int result = operation(ssl_.get());
    if (result > 0) co_return TlsEnd::kDone;
    const int want = SSL_get_error(ssl_.get(), result);
    if (want == SSL_ERROR_ZERO_RETURN) co_return TlsEnd::kClosed;
    if (want != SSL_ERROR_WANT_READ && want != SSL_ERROR_WANT_WRITE) {
      error_ = ERR_peek_error();
      failed_ = true;
      ERR_clear_error();
      co_return TlsEnd::kFailed;
    }
    if (direction == Direction::kReading && notes_.key_updates > TlsNotes::kMaxKeyUpdates) co_return TlsEnd::kFlooded;
    const auto direction_wanted = want == SSL_ERROR_WANT_READ ? tcp::socket::wait_read : tcp::socket::wait_write;
    // A cancelled wait may have been meant for the other direction: the loop looks again.
    const auto [failure] = co_await socket_.async_wait(direction_wanted, kAsTuple);
    if (failure && failure != asio::error::operation_aborted) failed_ = true;
  }
}

awaitable<TlsEnd> TlsStream::handshake() {
  return drive(Direction::kReading, [](SSL* ssl) { return SSL_accept(ssl); });
}

awaitable<std::pair<TlsEnd, std::size_t>> TlsStream::read_some(std::span<std::uint8_t> into) {
  std::size_t got = 0;
  const TlsEnd end = co_await drive(
      Direction::kReading, [into, &got](SSL* ssl) { return SSL_read_ex(ssl, into.data(), into.size(), &got); });
  co_return std::pair(end, got);
}

awaitable<TlsEnd> TlsStream::read_all(std::span<std::uint8_t> into) {
  while (!into.empty()) {
    const auto [end, got] = co_await read_some(into);
    if (end != TlsEnd::kDone) co_return end;
    into = into.subspan(got);
    // A peer may send a frame in records of one byte.
    if (!into.empty()) co_await asio::post(socket_.get_executor(), asio::use_awaitable);
  }
  co_return TlsEnd::kDone;
}

awaitable<TlsEnd> TlsStream::write_all(ByteView bytes) {
  while (!bytes.empty()) {
    std::size_t put = 0;
    const TlsEnd end = co_await drive(
        Direction::kWriting, [bytes, &put](SSL* ssl) { return SSL_write_ex(ssl, bytes.data(), bytes.size(), &put); });
    if (end != TlsEnd::kDone) co_return end;
    bytes = bytes.subspan(put);
  }
  co_return TlsEnd::kDone;
}

void TlsStream::cancel_waits() {
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void TlsStream::stop_reading() {
  reading_stopped_ = true;
  cancel_waits();
}

void TlsStream::abort() {
  aborted_ = true;
  cancel_waits();
}

awaitable<void> TlsStream::close_gently() {
  if (!failed_ && SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());
  ERR_clear_error();
  boost::system::error_code failure;
  socket_.shutdown(tcp::socket::shutdown_send, failure);
  std::array<char, 4096> dropped{};
  while (!failure && !aborted_) {
    const auto [ended] = co_await socket_.async_wait(tcp::socket::wait_read, kAsTuple);
    if (ended || aborted_) break;
    socket_.read_some(asio::buffer(dropped), failure);
    if (failure == asio::error::would_block) failure.clear();
  }
}

bool TlsStream::has_received() const noexcept { return BIO_number_read(SSL_get_rbio(ssl_.get())) > 0; }

}  // namespace signet
