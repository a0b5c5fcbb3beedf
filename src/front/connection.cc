#include "front/connection.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <utility>

#include "base/ops_log.h"
#include "front/request_check.h"
#include "front/tls_failure.h"
#include "wire/frame.h"
#include "wire/message.h"
#include "wire/signet.pb.h"
#include "wire/status.h"

namespace signet {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

static_assert(kFrameHeaderBytes == 4, "the header's buffer");

Connection::Connection(std::unique_ptr<TlsStream> stream, std::string address, const ConnectionContext& context,
                       asio::any_io_executor executor, Gate gate)
    : stream_(std::move(stream)),
      address_(std::move(address)),
      context_(context),
      gate_(std::move(gate)),
      changed_(std::move(executor)) {
  enter(Phase::kHandshake, context_.limits.handshake_timeout);
}

awaitable<void> Connection::run() {
  const TlsEnd handshake = co_await stream_->handshake();
  if (handshake == TlsEnd::kDone) {
    peer_chain_ = verified_chain(stream_->ssl());
    if (may_stay()) co_await serve();
    enter_without_deadline(Phase::kWaiting);
    co_await wait_until([this] { return !is_busy(); });
  } else if (handshake != TlsEnd::kStopped) {
    report_handshake_failure();
  }
  enter(Phase::kClosing, kLinger);
  co_await stream_->close_gently();
}

bool Connection::may_stay() {
  const Result<void> place = gate_();
  if (!place.has_value()) report("too-many-connections", place.error().message);
  return place.has_value();
}

void Connection::make_room() {
  if (phase_ == Phase::kHandshake) {
    report("too-many-handshakes", "it was the oldest of too many connections whose handshake was not done");
  }
  abort();
}

void Connection::drain() {
  draining_ = true;
  if (phase_ == Phase::kHandshake) return abort();
  leave_if_drained();
}

// ---- time ----

void Connection::enter(Phase phase, milliseconds timeout) {
  phase_ = phase;
  deadline_ = steady_clock::now() + timeout;
}

void Connection::enter_without_deadline(Phase phase) {
  phase_ = phase;
  deadline_ = kNever;
}

void Connection::check_deadlines(TimePoint now) {
  if (now >= write_deadline_) {
    write_deadline_ = kNever;
    report("answers-not-read", "the client does not take its answers");
    return abort();
  }
  if (now < deadline_ || (phase_ == Phase::kIdle && is_busy())) return;
  deadline_ = kNever;
  switch (phase_) {
    case Phase::kHandshake:
      report("handshake-timeout",
             fmt::format("the handshake was not done within {}", format_duration(context_.limits.handshake_timeout)));
      return abort();
    case Phase::kIdle: return stream_->stop_reading();
    case Phase::kFrame: return refuse_slow_frame();
    case Phase::kWaiting: return;
    case Phase::kClosing: return abort();
  }
}

void Connection::refuse_slow_frame() {
  const auto text = fmt::format("a frame was not finished within {} of its first byte",
                                format_duration(context_.limits.frame_timeout));
  report("frame-timeout", text);
  respond(0, Error{.code = ErrorCode::kDeadlineExceeded, .message = text, .field = "frame"});
  stream_->stop_reading();
}

template <class Condition>
awaitable<void> Connection::wait_until(Condition condition) {
  while (!condition() && !stream_->is_aborted()) {
    changed_.expires_at(kNever);
    co_await changed_.async_wait(kAsTuple);
  }
}

void Connection::abort() {
  stream_->abort();
  changed_.cancel();
}

// ---- frames in ----

bool Connection::has_room() const noexcept {
  return in_flight_.size() + outgoing_.size() < context_.limits.max_requests_in_flight && outgoing_bytes_ < kPauseBytes;
}

awaitable<void> Connection::serve() {
  for (;;) {
    enter_without_deadline(Phase::kWaiting);
    co_await wait_until([this] { return has_room(); });
    const std::optional<Bytes> body = co_await read_frame();
    if (!body.has_value()) co_return;
    take_request(*body);
    // One client's full pipeline does not hold up the others.
    co_await asio::post(changed_.get_executor(), asio::use_awaitable);
  }
}

/// Nothing when the connection takes no more requests.
awaitable<std::optional<Bytes>> Connection::read_frame() {
  enter(Phase::kIdle, context_.limits.idle_timeout);
  const auto [end, got] = co_await stream_->read_some(header_);
  if (end != TlsEnd::kDone) {
    note_end_between_frames(end);
    co_return std::nullopt;
  }
  enter(Phase::kFrame, context_.limits.frame_timeout);
  co_return co_await read_rest_of_frame(got);
}

awaitable<std::optional<Bytes>> Connection::read_rest_of_frame(std::size_t header_bytes_read) {
  TlsEnd end = co_await stream_->read_all(std::span(header_).subspan(header_bytes_read));
  if (end == TlsEnd::kDone) {
    auto length = decode_frame_length(header_, kMaxRequestBytes);
    if (!length.has_value()) {
      refuse_length(std::move(length).error());
      co_return std::nullopt;
    }
    Bytes body(*length);
    end = co_await stream_->read_all(body);
    if (end == TlsEnd::kDone) {
      stream_->expect_data();
      co_return body;
    }
  }
  note_end_within_frame(end);
  co_return std::nullopt;
}

/// Where the next frame would start is unknown now, so the connection ends after this answer.
void Connection::refuse_length(Error error) {
  error.field = "frame.length";
  report(read_u32(header_) == 0 ? "frame-empty" : "frame-too-long", error.message);
  respond(0, error);
}

void Connection::note_end_between_frames(TlsEnd end) {
  if (end == TlsEnd::kFlooded) return cut_flood();
  if (end == TlsEnd::kFailed) note_broken_stream();
}

void Connection::note_end_within_frame(TlsEnd end) {
  if (end == TlsEnd::kFlooded) return cut_flood();
  if (end != TlsEnd::kStopped) report("frame-truncated", "the connection ended in the middle of a frame");
  if (end == TlsEnd::kFailed) abort();
}

void Connection::cut_flood() {
  report("key-update-flood", fmt::format("the client updated its TLS keys more than {} times without sending a frame",
                                         TlsNotes::kMaxKeyUpdates));
  abort();
}

/// A peer that just goes away between two frames, or ends with an alert, did nothing wrong.
void Connection::note_broken_stream() {
  const int reason = ERR_GET_REASON(stream_->error());
  if (ERR_GET_LIB(stream_->error()) == ERR_LIB_SSL && reason != SSL_R_UNEXPECTED_EOF_WHILE_READING &&
      reason < SSL_AD_REASON_OFFSET) {
    const char* const text = ERR_reason_error_string(stream_->error());
    report("tls-record", text != nullptr ? text : "no reason given");
  }
  abort();
}

// ---- requests ----

void Connection::take_request(ByteView body) {
  const CheckedRequest checked = check_request(body);
  if (checked.refusal.has_value()) {
    report("malformed-request", checked.refusal->message);
    return respond(checked.number, *checked.refusal);
  }
  if (in_flight_.contains(checked.number)) {
    const auto text = fmt::format("number {} is already in flight on this connection; use another", checked.number);
    report("malformed-request", text);
    return respond(checked.number,
                   Error{.code = ErrorCode::kInvalidArgument, .message = text, .field = "request.number"});
  }
  if (draining_) {
    return respond(checked.number,
                   fail_retryable(ErrorCode::kUnavailable,
                                  "the daemon is shutting down; connect again and repeat the request", kRetryAfter)
                       .error());
  }
  forward(checked.number, body);
}

void Connection::forward(std::uint64_t number, ByteView body) {
  internal::Call call;
  call.set_request(body.data(), body.size());
  for (const Bytes& certificate : peer_chain_) call.add_peer_chain(certificate.data(), certificate.size());
  call.set_address(address_);
  in_flight_.insert(number);
  context_.issuer.call(std::move(call), [weak = weak_from_this(), number](Result<Bytes> response) {
    if (const auto self = weak.lock(); self != nullptr) self->answer(number, std::move(response));
  });
}

void Connection::answer(std::uint64_t number, Result<Bytes> response) {
  in_flight_.erase(number);
  if (response.has_value()) {
    auto frame = encode_frame(*response, kMaxResponseBytes);
    if (frame.has_value()) return enqueue(*std::move(frame));
    ops::error("the issuer's answer cannot be sent", {{"why", frame.error().message}});
    response = fail(ErrorCode::kInternal, "the answer is empty or too long to be sent");
  }
  respond(number, response.error());
}

// ---- answers ----

void Connection::respond(std::uint64_t number, const Error& error) {
  v1::Response response;
  response.set_number(number);
  *response.mutable_error() = to_status(error, context_.origin);
  auto frame = encode_frame(encode(response), kMaxResponseBytes);
  if (frame.has_value()) enqueue(*std::move(frame));
}

void Connection::enqueue(Bytes frame) {
  if (stream_->is_aborted()) return;
  outgoing_bytes_ += frame.size();
  outgoing_.push_back(std::move(frame));
  if (outgoing_bytes_ > kMaxOutgoingBytes) {
    report("answers-not-read", "the client sends requests and does not take their answers");
    return abort();
  }
  if (std::exchange(writing_, true)) return;
  asio::co_spawn(changed_.get_executor(), write_outgoing(), [self = shared_from_this()](std::exception_ptr thrown) {
    if (thrown) self->abort();
  });
}

awaitable<void> Connection::write_outgoing() {
  while (!outgoing_.empty()) {
    write_deadline_ = steady_clock::now() + context_.limits.frame_timeout;
    const TlsEnd end = co_await stream_->write_all(outgoing_.front());
    if (end != TlsEnd::kDone) {
      abort();
      co_return;
    }
    outgoing_bytes_ -= outgoing_.front().size();
    outgoing_.pop_front();
    changed_.cancel();
  }
  write_deadline_ = kNever;
  writing_ = false;
  if (phase_ == Phase::kIdle) enter(Phase::kIdle, context_.limits.idle_timeout);
  leave_if_drained();
}

void Connection::leave_if_drained() {
  if (draining_ && !is_busy()) stream_->stop_reading();
}

// ---- reports ----

void Connection::report_handshake_failure() {
  // Who connects and leaves without a byte, as a load balancer's probe does, tried nothing.
  if (!stream_->has_received()) return;
  TlsFailure failure = describe_handshake_failure(stream_->error(), stream_->notes());
  report(std::move(failure.reason), std::move(failure.text));
}

void Connection::report(std::string reason, std::string text) {
  const Bytes& certificate = peer_chain_.empty() ? stream_->notes().peer_certificate : peer_chain_.front();
  context_.reports.add(AccessEvent{
      .address = address_, .reason = std::move(reason), .text = std::move(text), .peer_certificate = certificate});
}

}  // namespace signet
