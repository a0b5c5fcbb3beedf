#include "front/issuer_channel.h"

#include <array>
#include <deque>
#include <utility>

#include "base/ops_log.h"
#include "wire/frame.h"
#include "wire/message.h"

namespace signet {
namespace {

constexpr std::chrono::milliseconds kRetryAfter{500};

std::unexpected<Error> no_issuer() {
  return fail_retryable(ErrorCode::kUnavailable,
                        "the issuer was restarted or is not there yet; repeat the request (with its idempotency key "
                        "that is safe)",
                        kRetryAfter);
}

}  // namespace

/// One socket. Its coroutines own it; `owner_` is cleared when the channel has turned away from it.
class IssuerChannel::Link : public std::enable_shared_from_this<Link> {
 public:
  Link(IssuerChannel& owner, asio::io_context& io, UniqueFd socket)
      : owner_(&owner), socket_(io, asio::local::stream_protocol(), socket.release()) {}

  void start() { spawn(read_answers(), "reading from the issuer"); }

  void close() {
    owner_ = nullptr;
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

  [[nodiscard]] bool send(const internal::FrontToIssuer& message) {
    auto frame = encode_frame(encode(message), kMaxInternalBytes);
    if (!frame.has_value() || queued_bytes_ + frame->size() > kMaxQueuedBytes) return false;
    queued_bytes_ += frame->size();
    queue_.push_back(*std::move(frame));
    if (!writing_) {
      writing_ = true;
      spawn(write_queue(), "writing to the issuer");
    }
    return true;
  }

  [[nodiscard]] bool is_idle() const noexcept { return queue_.empty(); }

 private:
  /// Runs a coroutine of this link, which stays alive until it has ended.
  void spawn(awaitable<void> work, const char* what) {
    asio::co_spawn(socket_.get_executor(), std::move(work),
                   [self = shared_from_this(), what](std::exception_ptr thrown) {
                     if (!thrown) return;
                     ops::error("out of memory or a broken invariant", {{"while", what}});
                     if (self->owner_ != nullptr) self->owner_->lose(*self);
                   });
  }

  awaitable<void> read_answers() {
    while (owner_ != nullptr) {
      std::array<std::uint8_t, kFrameHeaderBytes> header{};
      const auto [no_header, header_size] = co_await asio::async_read(socket_, asio::buffer(header), kAsTuple);
      if (no_header) break;
      const auto length = decode_frame_length(header, kMaxInternalBytes);
      if (!length.has_value()) break;
      Bytes body(*length);
      const auto [no_body, body_size] = co_await asio::async_read(socket_, asio::buffer(body), kAsTuple);
      if (no_body) break;
      auto answer = parse_strict<internal::IssuerToFront>(body, "answer");
      if (!answer.has_value()) break;
      if (owner_ != nullptr) owner_->take_answer(*this, *std::move(answer));
    }
    if (owner_ != nullptr) owner_->lose(*this);
  }

  awaitable<void> write_queue() {
    while (!queue_.empty() && owner_ != nullptr) {
      const Bytes frame = std::move(queue_.front());
      const auto [failure, put] = co_await asio::async_write(socket_, asio::buffer(frame), kAsTuple);
      if (failure) break;
      queued_bytes_ -= frame.size();
      queue_.pop_front();
    }
    writing_ = false;
    if (!queue_.empty() && owner_ != nullptr) owner_->lose(*this);
  }

  IssuerChannel* owner_;
  asio::local::stream_protocol::socket socket_;
  std::deque<Bytes> queue_;
  std::size_t queued_bytes_ = 0;
  bool writing_ = false;
};

IssuerChannel::~IssuerChannel() {
  if (link_ != nullptr) link_->close();
}

void IssuerChannel::replace(std::uint64_t generation, UniqueFd socket) {
  if (generation <= generation_) {
    ops::warning("a channel to an issuer that is not newer was ignored", {{"generation", std::to_string(generation)}});
    return;
  }
  drop_link();
  generation_ = generation;
  link_ = std::make_shared<Link>(*this, io_, std::move(socket));
  link_->start();
  ops::info("connected to the issuer", {{"generation", std::to_string(generation)}});
}

void IssuerChannel::call(internal::Call call, AnswerHandler on_answer) {
  if (link_ == nullptr) return on_answer(no_issuer());
  const std::uint64_t id = ++last_id_;
  internal::FrontToIssuer message;
  *message.mutable_call() = std::move(call);
  message.mutable_call()->set_id(id);
  if (link_->send(message)) {
    calls_.emplace(id, std::move(on_answer));
  } else {
    on_answer(fail_retryable(ErrorCode::kResourceExhausted,
                             "too many requests wait for the issuer; send fewer at once and try again", kRetryAfter));
  }
}

bool IssuerChannel::report(internal::AccessFailure failure) {
  internal::FrontToIssuer message;
  *message.mutable_access_failure() = std::move(failure);
  return link_ != nullptr && link_->send(message);
}

bool IssuerChannel::is_idle() const { return link_ == nullptr || link_->is_idle(); }

void IssuerChannel::take_answer(const Link& from, internal::IssuerToFront answer) {
  if (&from != link_.get()) return;
  const auto found = calls_.find(answer.id());
  if (found == calls_.end()) return;
  const AnswerHandler on_answer = std::move(found->second);
  calls_.erase(found);
  on_answer(copy_of(bytes_of(answer.response())));
}

void IssuerChannel::lose(const Link& link) {
  if (&link != link_.get()) return;
  ops::warning("the issuer has gone",
               {{"generation", std::to_string(generation_)}, {"requests_in_flight", std::to_string(calls_.size())}});
  drop_link();
}

void IssuerChannel::drop_link() {
  if (const auto link = std::exchange(link_, nullptr); link != nullptr) link->close();
  const auto lost = std::exchange(calls_, {});
  for (const auto& [id, on_answer] : lost) on_answer(no_issuer());
}

}  // namespace signet
