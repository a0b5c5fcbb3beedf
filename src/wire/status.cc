#include "wire/status.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "wire/internal.pb.h"
#include "wire/signet.pb.h"

namespace signet {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxMessageBytes = 4096;
constexpr std::size_t kMaxFailureBytes = std::size_t{32} * 1024;
constexpr std::uint64_t kMaxRetryAfterMillis = 3'600'000;

/// printable() of every line: configuration errors have a line per complaint.
std::string printable_lines(std::string_view text, std::size_t max_bytes) {
  std::string safe;
  for (;;) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    safe += printable(text.substr(0, end), max_bytes - safe.size());
    if (end == text.size() || safe.size() >= max_bytes) return safe;
    safe += '\n';
    text.remove_prefix(end + 1);
  }
}

/// Zero and the codes of gRPC that this project does not use have no ErrorCode.
bool is_known(std::uint32_t code) noexcept {
  switch (static_cast<ErrorCode>(code)) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kNotFound:
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kPermissionDenied:
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kFailedPrecondition:
    case ErrorCode::kUnimplemented:
    case ErrorCode::kInternal:
    case ErrorCode::kUnavailable:
    case ErrorCode::kDataLoss:
    case ErrorCode::kUnauthenticated: return code <= 0xFF;
  }
  return false;
}

milliseconds bounded_retry_after(std::uint64_t millis) {
  return milliseconds(static_cast<std::int64_t>(std::min(millis, kMaxRetryAfterMillis)));
}

std::uint64_t retry_after_of(const Error& error) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(error.retry_after.count(), 0));
}

/// What both kinds of message have.
template <class M>
void fill(M& message, const Error& error, std::size_t max_bytes) {
  message.set_code(static_cast<std::uint32_t>(error.code));
  message.set_message(printable_lines(error.message, max_bytes));
  message.set_field(printable(error.field));
  message.set_retryable(error.retryable);
  message.set_retry_after_millis(retry_after_of(error));
}

template <class M>
Error read(const M& message, std::size_t max_bytes) {
  Error error;
  error.message = printable_lines(message.message(), max_bytes);
  if (is_known(message.code())) {
    error.code = static_cast<ErrorCode>(message.code());
  } else {
    error.message = fmt::format("{} (status code {}, which has no name here)", error.message, message.code());
  }
  error.field = printable(message.field());
  error.retryable = message.retryable();
  error.retry_after = bounded_retry_after(message.retry_after_millis());
  return error;
}

}  // namespace

v1::Status to_status(const Error& error, std::string_view origin) {
  v1::Status status;
  fill(status, error, kMaxMessageBytes);
  status.set_origin(std::string(origin));
  return status;
}

Error from_status(const v1::Status& status, std::string_view request_id) {
  Error error = read(status, kMaxMessageBytes);
  error.request_id = printable(request_id);
  return error;
}

internal::Failure to_failure(const Error& error) {
  internal::Failure failure;
  fill(failure, error, kMaxFailureBytes);
  failure.set_native(error.native);
  return failure;
}

Error from_failure(const internal::Failure& failure) {
  Error error = read(failure, kMaxFailureBytes);
  error.native = failure.native();
  return error;
}

}  // namespace signet
