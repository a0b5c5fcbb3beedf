// The front's end of the socket to the issuer: calls go out, answers come back in any order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

#include "base/file.h"
#include "front/asio.h"
#include "wire/internal.pb.h"

namespace signet {

/// Outlives the sockets it is given: the supervisor sends a new one whenever the issuer was restarted. Single-threaded.
class IssuerChannel {
 public:
  /// A v1.Response as the issuer encoded it, or why there is none (kUnavailable, retryable). Called once, possibly
  /// within call().
  using AnswerHandler = std::function<void(Result<Bytes>)>;

  /// What may wait to be written to the issuer. Above it calls are answered with kResourceExhausted (retryable) and
  /// reports are not taken.
  static constexpr std::size_t kMaxQueuedBytes = std::size_t{32} * 1024 * 1024;

  explicit IssuerChannel(asio::io_context& io) : io_(io) {}
  ~IssuerChannel();
  IssuerChannel(const IssuerChannel&) = delete;
  IssuerChannel& operator=(const IssuerChannel&) = delete;

  /// From now on calls go to this issuer. What is in flight with the one before is answered with kUnavailable, and what
  /// still comes from it is dropped. A generation that is not newer than the present one is ignored.
  void replace(std::uint64_t generation, UniqueFd socket);

  /// Sends the call (its id is set here) and has `on_answer` called.
  void call(internal::Call call, AnswerHandler on_answer);

  /// False when there is no issuer or too much waits to be written.
  [[nodiscard]] bool report(internal::AccessFailure failure);

  /// Everything given to it has been written.
  [[nodiscard]] bool is_idle() const;

 private:
  class Link;
  void take_answer(const Link& from, internal::IssuerToFront answer);
  void lose(const Link& link);
  void drop_link();

  asio::io_context& io_;
  std::shared_ptr<Link> link_;  // null while there is no issuer
  std::uint64_t generation_ = 0;
  std::uint64_t last_id_ = 0;  // never reused, so an answer of an older generation finds no call
  std::unordered_map<std::uint64_t, AnswerHandler> calls_;
};

}  // namespace signet
