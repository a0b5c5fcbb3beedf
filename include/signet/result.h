// How every function of Signet that can fail says so.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace signet {

/// What a caller can decide on. The names and meanings are gRPC's status codes, so that an error made deep
/// inside the daemon reaches an RPC client without being translated twice.
enum class ErrorCode : std::uint8_t {
  kInvalidArgument = 3,     ///< the input is wrong, whatever the state of the system
  kDeadlineExceeded = 4,    ///< it took too long; whether it happened is unknown
  kNotFound = 5,            ///< nothing has that name
  kAlreadyExists = 6,       ///< it is there, and nothing is overwritten
  kPermissionDenied = 7,    ///< known who asks, and not allowed
  kResourceExhausted = 8,   ///< a limit, a rate or a disk is used up
  kFailedPrecondition = 9,  ///< the system is not in the state this needs; a person has to act
  kUnimplemented = 12,      ///< not offered here
  kInternal = 13,           ///< something that should not happen
  kUnavailable = 14,        ///< not now; trying again can help
  kDataLoss = 15,           ///< stored data is damaged
  kUnauthenticated = 16,    ///< not known who asks
};

/// gRPC's name of a code, such as "INVALID_ARGUMENT". Never empty.
[[nodiscard]] std::string_view name_of(ErrorCode code) noexcept;

/// Why something did not happen. `message` is one sentence for a person: the value, the rule and the next step.
/// It never holds a secret.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  std::string field = {};   ///< which input was wrong, such as "csr.subjectAltName"; empty where none was
  std::int64_t native = 0;  ///< errno, CK_RV or OpenSSL reason; 0 where none
  bool retryable = false;   ///< the same call may succeed later
  std::chrono::milliseconds retry_after{0};  ///< when to try again; 0 = at once
  std::string request_id = {};  ///< the daemon's name for the request, to look for in its log; can be empty
  bool from_daemon = false;     ///< a daemon answered with this error; false = this side found it
};

template <class T = void>
using Result = std::expected<T, Error>;

/// The usual way to leave a function: `return fail(ErrorCode::kNotFound, "no such key", "key.uri");`
[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message, std::string field = {}) {
  return std::unexpected(Error{.code = code, .message = std::move(message), .field = std::move(field)});
}

/// As fail(), for what may go away by itself (kUnavailable, kDeadlineExceeded, kResourceExhausted).
[[nodiscard]] inline std::unexpected<Error> fail_retryable(ErrorCode code, std::string message,
                                                           std::chrono::milliseconds retry_after) {
  return std::unexpected(
      Error{.code = code, .message = std::move(message), .retryable = true, .retry_after = retry_after});
}

/// As fail(), with the text of `errno_value` behind the message and the number in `native`.
[[nodiscard]] std::unexpected<Error> fail_errno(int errno_value, std::string message, std::string field = {});

}  // namespace signet

#define SIGNET_CONCAT_INNER(a, b) a##b
#define SIGNET_CONCAT(a, b) SIGNET_CONCAT_INNER(a, b)
#define SIGNET_TRY_INNER(tmp, decl, ...)                                \
  auto tmp = (__VA_ARGS__);                                             \
  if (!tmp.has_value()) return std::unexpected(std::move(tmp).error()); \
  decl = *std::move(tmp)

/// SIGNET_TRY(auto key, find_key(uri)); declares `key`, or returns the error from the enclosing function.
#define SIGNET_TRY(decl, ...) SIGNET_TRY_INNER(SIGNET_CONCAT(signet_try_, __LINE__), decl, __VA_ARGS__)

/// SIGNET_CHECK(sync(fd)); goes on, or returns the error. For Result<void>.
#define SIGNET_CHECK(...)                                             \
  do {                                                                \
    if (auto signet_check = (__VA_ARGS__); !signet_check.has_value()) \
      return std::unexpected(std::move(signet_check).error());        \
  } while (false)
