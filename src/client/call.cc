#include "client/call.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <thread>

#include "base/clock.h"
#include "base/rng.h"
#include "client/backoff.h"
#include "wire/message.h"
#include "wire/request_signature.h"
#include "wire/status.h"

namespace signet::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Another attempt with less time than this is not worth the wait for it.
constexpr milliseconds kShortestAttempt{50};

/// The connection said nothing about the request: it can be sent again over a new one.
bool is_lost_connection(const Error& error) noexcept {
  return error.code == ErrorCode::kUnavailable && error.retryable;
}

unsigned random16() {
  std::array<std::uint8_t, 2> bytes{};
  if (!system_rng().fill(bytes).has_value()) return 0;  // only spreads waits
  return bytes[0] * 256U + bytes[1];
}

}  // namespace

std::unexpected<Error> bad_answer(std::string_view why, const std::string& request_id) {
  auto failure = fail(ErrorCode::kInternal, fmt::format("the daemon's answer cannot be used: {}", why));
  failure.error().request_id = request_id;
  return failure;
}

Caller::Caller(ClientOptions options, Address address, TlsContext context)
    : options_(std::move(options)),
      address_(std::move(address)),
      context_(std::move(context)),
      origin_(options_.origin) {}

Result<Answer> Caller::call(v1::Method method, const std::string& payload) {
  const Deadline deadline = steady_clock::now() + options_.deadline;
  const bool can_be_unsigned = method == v1::METHOD_GET_TRUST_BUNDLE && origin_.empty();
  if (!options_.sign_requests || can_be_unsigned) return call_until(method, payload, Signing::kUnsigned, deadline);
  if (origin_.empty()) SIGNET_CHECK(learn_origin(deadline));
  return call_until(method, payload, Signing::kSigned, deadline);
}

Result<void> Caller::learn_origin(Deadline deadline) {
  origin_in_error_.clear();
  const std::string request = v1::GetTrustBundleRequest().SerializeAsString();
  const auto answer = call_until(v1::METHOD_GET_TRUST_BUNDLE, request, Signing::kUnsigned, deadline);
  if (answer.has_value()) {
    const auto bundle = parse_lenient<v1::GetTrustBundleResponse>(bytes_of(answer->payload), "response");
    if (!bundle.has_value()) return bad_answer(bundle.error().message, answer->request_id);
    origin_ = bundle->origin();
  } else if (!origin_in_error_.empty()) {
    origin_ = origin_in_error_;  // refused, but named: the request proper gets the error that counts
  } else {
    return std::unexpected(answer.error());
  }
  if (!origin_.empty() && origin_.size() <= kMaxOriginBytes) return {};
  origin_.clear();
  return bad_answer(fmt::format("it names no origin of 1 to {} bytes, which a signature needs; set the option origin",
                                kMaxOriginBytes),
                    answer.has_value() ? answer->request_id : answer.error().request_id);
}

Result<Answer> Caller::call_until(v1::Method method, const std::string& payload, Signing signing, Deadline deadline) {
  Backoff backoff;
  for (int attempts = 1;; ++attempts) {
    const bool was_used = connection_.has_value() && connection_is_used_;
    auto answer = attempt(method, payload, signing, deadline);
    if (answer.has_value() || !answer.error().retryable) return answer;
    if (was_used && !connection_.has_value() && is_lost_connection(answer.error()))
      continue;  // at once, over a new one
    const milliseconds wait = backoff.next(answer.error().retry_after, random16());
    SIGNET_CHECK(wait_to_retry(answer.error(), wait, attempts, deadline));
  }
}

Result<void> Caller::wait_to_retry(const Error& error, milliseconds wait, int attempts, Deadline deadline) const {
  const auto left = std::chrono::floor<milliseconds>(deadline - steady_clock::now());
  // A backoff that would use up the time is cut, but never below what the daemon asks for; a quarter is for the answer.
  wait = std::min(wait, std::max(error.retry_after, left - left / 4));
  if (left - wait >= kShortestAttempt) {
    if (options_.on_retry) options_.on_retry(error, wait);
    std::this_thread::sleep_for(wait);
    return {};
  }
  Error last = error;
  last.message = fmt::format("{} (gave up after {} attempt{} within {} ms)", error.message, attempts,
                             attempts == 1 ? "" : "s", options_.deadline.count());
  return std::unexpected(std::move(last));
}

Result<Answer> Caller::attempt(v1::Method method, const std::string& payload, Signing signing, Deadline deadline) {
  v1::Request request;
  request.set_number(++last_number_);
  request.set_method(method);
  request.set_payload(payload);
  if (signing == Signing::kSigned) SIGNET_CHECK(sign(request));
  auto response = exchange(request, deadline);
  if (!response.has_value()) {
    connection_.reset();  // an answer may be on its way to nobody
    return std::unexpected(response.error());
  }
  connection_is_used_ = true;
  if (response->has_error()) return std::unexpected(error_of(*response));
  return Answer{std::move(*response->mutable_payload()), printable(response->request_id())};
}

Result<v1::Response> Caller::exchange(const v1::Request& request, Deadline deadline) {
  if (!connection_.has_value()) SIGNET_CHECK(connect(deadline));
  SIGNET_CHECK(connection_->send(encode(request), deadline));
  SIGNET_TRY(const Bytes body, connection_->receive(deadline));
  auto response = parse_lenient<v1::Response>(body, "response");
  if (!response.has_value()) return bad_answer(response.error().message, {});
  if (response->number() == 0 && response->has_error()) return response;  // it could not read the request's number
  if (response->number() != request.number()) {
    return bad_answer(
        fmt::format("it is for request {}, which was not asked, instead of {}", response->number(), request.number()),
        printable(response->request_id()));
  }
  if (response->result_case() == v1::Response::RESULT_NOT_SET) {
    return bad_answer("it holds neither a result nor an error", printable(response->request_id()));
  }
  return response;
}

Result<void> Caller::connect(Deadline deadline) {
  const Deadline until = std::min(deadline, steady_clock::now() + options_.connect_timeout);
  const std::string& name = options_.server_name.empty() ? address_.host : options_.server_name;
  auto opened = RpcConnection::open(context_, address_, name, until, options_.connect_timeout);
  if (!opened.has_value()) {
    Error error = std::move(opened).error();
    // Nothing was asked yet, so unlike a late answer this is not a doubt: it is "not now".
    if (error.code == ErrorCode::kDeadlineExceeded) {
      error.code = ErrorCode::kUnavailable;
      error.message = fmt::format("no connection to {} in time", printable(address_.text()));
    }
    return std::unexpected(std::move(error));
  }
  connection_.emplace(*std::move(opened));
  connection_is_used_ = false;
  return {};
}

Result<void> Caller::sign(v1::Request& request) const {
  const std::int64_t now = system_clock().now().time_since_epoch().count();
  const Bytes bytes =
      signed_request_bytes(origin_, static_cast<std::uint32_t>(request.method()), now, bytes_of(request.payload()));
  SIGNET_TRY(const Bytes signature, context_.sign(bytes));
  request.mutable_signature()->set_time_micros(now);
  request.mutable_signature()->set_signature(signature.data(), signature.size());
  return {};
}

Error Caller::error_of(const v1::Response& response) {
  Error error = from_status(response.error(), response.request_id());
  error.from_daemon = true;
  origin_in_error_ = response.error().origin();
  if (!origin_.empty() && !origin_in_error_.empty() && origin_ != origin_in_error_) {
    error.message = fmt::format("{} (requests were signed for the origin \"{}\"; this daemon's is \"{}\")",
                                error.message, printable(origin_), printable(origin_in_error_));
  }
  return error;
}

}  // namespace signet::client
