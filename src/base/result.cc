#include "signet/result.h"

#include <cstring>
#include <system_error>

namespace signet {

std::string_view name_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kInvalidArgument: return "INVALID_ARGUMENT";
    case ErrorCode::kDeadlineExceeded: return "DEADLINE_EXCEEDED";
    case ErrorCode::kNotFound: return "NOT_FOUND";
    case ErrorCode::kAlreadyExists: return "ALREADY_EXISTS";
    case ErrorCode::kPermissionDenied: return "PERMISSION_DENIED";
    case ErrorCode::kResourceExhausted: return "RESOURCE_EXHAUSTED";
    case ErrorCode::kFailedPrecondition: return "FAILED_PRECONDITION";
    case ErrorCode::kUnimplemented: return "UNIMPLEMENTED";
    case ErrorCode::kInternal: return "INTERNAL";
    case ErrorCode::kUnavailable: return "UNAVAILABLE";
    case ErrorCode::kDataLoss: return "DATA_LOSS";
    case ErrorCode::kUnauthenticated: return "UNAUTHENTICATED";
  }
  return "UNKNOWN";
}

std::unexpected<Error> fail_errno(int errno_value, std::string message, std::string field) {
  message += ": " + std::generic_category().message(errno_value);
  ErrorCode code = ErrorCode::kInternal;
  if (errno_value == ENOENT) code = ErrorCode::kNotFound;
  if (errno_value == EEXIST) code = ErrorCode::kAlreadyExists;
  if (errno_value == EACCES || errno_value == EPERM) code = ErrorCode::kPermissionDenied;
  if (errno_value == ENOSPC || errno_value == EMFILE || errno_value == ENFILE) code = ErrorCode::kResourceExhausted;
  return std::unexpected(
      Error{.code = code, .message = std::move(message), .field = std::move(field), .native = errno_value});
}

}  // namespace signet
