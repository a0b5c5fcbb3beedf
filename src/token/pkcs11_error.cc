#include "token/pkcs11_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace signet {
namespace {

// clang-format off
enum class Meaning : std::uint8_t { kTransient, kWrongPin, kPinUnusable, kRefused, kInternal };

struct Code { CK_RV value; std::string_view name; Meaning meaning; };

constexpr std::array kCodes = {
    Code{CKR_CANCEL, "CKR_CANCEL", Meaning::kTransient},
    Code{CKR_HOST_MEMORY, "CKR_HOST_MEMORY", Meaning::kTransient},
    Code{CKR_SLOT_ID_INVALID, "CKR_SLOT_ID_INVALID", Meaning::kTransient},
    Code{CKR_GENERAL_ERROR, "CKR_GENERAL_ERROR", Meaning::kTransient},
    Code{CKR_FUNCTION_FAILED, "CKR_FUNCTION_FAILED", Meaning::kTransient},
    Code{CKR_ARGUMENTS_BAD, "CKR_ARGUMENTS_BAD", Meaning::kInternal},
    Code{CKR_NEED_TO_CREATE_THREADS, "CKR_NEED_TO_CREATE_THREADS", Meaning::kRefused},
    Code{CKR_CANT_LOCK, "CKR_CANT_LOCK", Meaning::kRefused},
    Code{CKR_ATTRIBUTE_READ_ONLY, "CKR_ATTRIBUTE_READ_ONLY", Meaning::kRefused},
    Code{CKR_ATTRIBUTE_SENSITIVE, "CKR_ATTRIBUTE_SENSITIVE", Meaning::kRefused},
    Code{CKR_ATTRIBUTE_TYPE_INVALID, "CKR_ATTRIBUTE_TYPE_INVALID", Meaning::kRefused},
    Code{CKR_ATTRIBUTE_VALUE_INVALID, "CKR_ATTRIBUTE_VALUE_INVALID", Meaning::kRefused},
    Code{0x1BUL, "CKR_ACTION_PROHIBITED", Meaning::kRefused},
    Code{CKR_DATA_INVALID, "CKR_DATA_INVALID", Meaning::kInternal},
    Code{CKR_DATA_LEN_RANGE, "CKR_DATA_LEN_RANGE", Meaning::kInternal},
    Code{CKR_DEVICE_ERROR, "CKR_DEVICE_ERROR", Meaning::kTransient},
    Code{CKR_DEVICE_MEMORY, "CKR_DEVICE_MEMORY", Meaning::kTransient},
    Code{CKR_DEVICE_REMOVED, "CKR_DEVICE_REMOVED", Meaning::kTransient},
    Code{CKR_FUNCTION_CANCELED, "CKR_FUNCTION_CANCELED", Meaning::kTransient},
    Code{CKR_FUNCTION_NOT_PARALLEL, "CKR_FUNCTION_NOT_PARALLEL", Meaning::kInternal},
    Code{CKR_FUNCTION_NOT_SUPPORTED, "CKR_FUNCTION_NOT_SUPPORTED", Meaning::kRefused},
    Code{CKR_KEY_HANDLE_INVALID, "CKR_KEY_HANDLE_INVALID", Meaning::kTransient},
    Code{CKR_KEY_SIZE_RANGE, "CKR_KEY_SIZE_RANGE", Meaning::kRefused},
    Code{CKR_KEY_TYPE_INCONSISTENT, "CKR_KEY_TYPE_INCONSISTENT", Meaning::kRefused},
    Code{CKR_KEY_FUNCTION_NOT_PERMITTED, "CKR_KEY_FUNCTION_NOT_PERMITTED", Meaning::kRefused},
    Code{CKR_MECHANISM_INVALID, "CKR_MECHANISM_INVALID", Meaning::kRefused},
    Code{CKR_MECHANISM_PARAM_INVALID, "CKR_MECHANISM_PARAM_INVALID", Meaning::kRefused},
    Code{CKR_OBJECT_HANDLE_INVALID, "CKR_OBJECT_HANDLE_INVALID", Meaning::kTransient},
    Code{CKR_OPERATION_ACTIVE, "CKR_OPERATION_ACTIVE", Meaning::kTransient},
    Code{CKR_OPERATION_NOT_INITIALIZED, "CKR_OPERATION_NOT_INITIALIZED", Meaning::kTransient},
    Code{CKR_PIN_INCORRECT, "CKR_PIN_INCORRECT", Meaning::kWrongPin},
    Code{CKR_PIN_INVALID, "CKR_PIN_INVALID", Meaning::kWrongPin},
    Code{CKR_PIN_LEN_RANGE, "CKR_PIN_LEN_RANGE", Meaning::kWrongPin},
    Code{CKR_PIN_EXPIRED, "CKR_PIN_EXPIRED", Meaning::kPinUnusable},
    Code{CKR_PIN_LOCKED, "CKR_PIN_LOCKED", Meaning::kPinUnusable},
    Code{CKR_SESSION_CLOSED, "CKR_SESSION_CLOSED", Meaning::kTransient},
    Code{CKR_SESSION_COUNT, "CKR_SESSION_COUNT", Meaning::kTransient},
    Code{CKR_SESSION_HANDLE_INVALID, "CKR_SESSION_HANDLE_INVALID", Meaning::kTransient},
    Code{CKR_SESSION_PARALLEL_NOT_SUPPORTED, "CKR_SESSION_PARALLEL_NOT_SUPPORTED", Meaning::kInternal},
    Code{CKR_SESSION_READ_ONLY, "CKR_SESSION_READ_ONLY", Meaning::kInternal},
    Code{CKR_SESSION_EXISTS, "CKR_SESSION_EXISTS", Meaning::kInternal},
    Code{CKR_SESSION_READ_ONLY_EXISTS, "CKR_SESSION_READ_ONLY_EXISTS", Meaning::kInternal},
    Code{CKR_SESSION_READ_WRITE_SO_EXISTS, "CKR_SESSION_READ_WRITE_SO_EXISTS", Meaning::kInternal},
    Code{CKR_SIGNATURE_INVALID, "CKR_SIGNATURE_INVALID", Meaning::kInternal},
    Code{CKR_SIGNATURE_LEN_RANGE, "CKR_SIGNATURE_LEN_RANGE", Meaning::kInternal},
    Code{CKR_TEMPLATE_INCOMPLETE, "CKR_TEMPLATE_INCOMPLETE", Meaning::kRefused},
    Code{CKR_TEMPLATE_INCONSISTENT, "CKR_TEMPLATE_INCONSISTENT", Meaning::kRefused},
    Code{CKR_TOKEN_NOT_PRESENT, "CKR_TOKEN_NOT_PRESENT", Meaning::kTransient},
    Code{CKR_TOKEN_NOT_RECOGNIZED, "CKR_TOKEN_NOT_RECOGNIZED", Meaning::kTransient},
    Code{CKR_TOKEN_WRITE_PROTECTED, "CKR_TOKEN_WRITE_PROTECTED", Meaning::kRefused},
    Code{CKR_USER_ALREADY_LOGGED_IN, "CKR_USER_ALREADY_LOGGED_IN", Meaning::kInternal},
    Code{CKR_USER_NOT_LOGGED_IN, "CKR_USER_NOT_LOGGED_IN", Meaning::kTransient},
    Code{CKR_USER_PIN_NOT_INITIALIZED, "CKR_USER_PIN_NOT_INITIALIZED", Meaning::kTransient},
    Code{CKR_USER_TYPE_INVALID, "CKR_USER_TYPE_INVALID", Meaning::kInternal},
    Code{CKR_USER_ANOTHER_ALREADY_LOGGED_IN, "CKR_USER_ANOTHER_ALREADY_LOGGED_IN", Meaning::kRefused},
    Code{CKR_USER_TOO_MANY_TYPES, "CKR_USER_TOO_MANY_TYPES", Meaning::kRefused},
    Code{CKR_DOMAIN_PARAMS_INVALID, "CKR_DOMAIN_PARAMS_INVALID", Meaning::kRefused},
    Code{0x140UL, "CKR_CURVE_NOT_SUPPORTED", Meaning::kRefused},
    Code{CKR_BUFFER_TOO_SMALL, "CKR_BUFFER_TOO_SMALL", Meaning::kInternal},
    Code{CKR_CRYPTOKI_NOT_INITIALIZED, "CKR_CRYPTOKI_NOT_INITIALIZED", Meaning::kTransient},
    Code{CKR_CRYPTOKI_ALREADY_INITIALIZED, "CKR_CRYPTOKI_ALREADY_INITIALIZED", Meaning::kInternal},
    Code{CKR_MUTEX_BAD, "CKR_MUTEX_BAD", Meaning::kTransient},
    Code{CKR_FUNCTION_REJECTED, "CKR_FUNCTION_REJECTED", Meaning::kRefused},
};
// clang-format on

const Code* find_code(CK_RV value) noexcept {
  const auto* found = std::ranges::find(kCodes, value, &Code::value);
  return found == kCodes.end() ? nullptr : found;
}

bool is_vendor_defined(CK_RV value) noexcept { return (value & CKR_VENDOR_DEFINED) != 0; }

/// Codes a vendor defines mostly tell of a device that is busy, gone or not connected.
Meaning meaning_of(CK_RV value) noexcept {
  const Code* code = find_code(value);
  if (code != nullptr) return code->meaning;
  return is_vendor_defined(value) ? Meaning::kTransient : Meaning::kInternal;
}

ErrorCode error_code_of(Meaning meaning) noexcept {
  switch (meaning) {
    case Meaning::kTransient: return ErrorCode::kUnavailable;
    case Meaning::kWrongPin: return ErrorCode::kUnauthenticated;
    case Meaning::kPinUnusable:
    case Meaning::kRefused: return ErrorCode::kFailedPrecondition;
    case Meaning::kInternal: break;
  }
  return ErrorCode::kInternal;
}

bool native_is_one_of(const Error& error, std::initializer_list<CK_RV> codes) noexcept {
  return std::ranges::any_of(codes, [&](CK_RV code) { return error.native == static_cast<std::int64_t>(code); });
}

}  // namespace

std::string_view name_of_ckr(CK_RV code) noexcept {
  if (code == CKR_OK) return "CKR_OK";
  const Code* found = find_code(code);
  if (found != nullptr) return found->name;
  return is_vendor_defined(code) ? "vendor-defined" : "unknown";
}

std::unexpected<Error> fail_pkcs11(CK_RV code, std::string_view call, std::string_view what) {
  const Meaning meaning = meaning_of(code);
  return std::unexpected(Error{
      .code = error_code_of(meaning),
      .message = fmt::format("{} {} failed: {} (0x{:x})", call, what, name_of_ckr(code), code),
      .native = static_cast<std::int64_t>(code),
      .retryable = meaning == Meaning::kTransient,
      .retry_after = std::chrono::milliseconds(meaning == Meaning::kTransient ? 100 : 0),
  });
}

bool session_was_lost(const Error& error) noexcept {
  return native_is_one_of(error, {CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED, CKR_KEY_HANDLE_INVALID,
                                  CKR_OBJECT_HANDLE_INVALID, CKR_OPERATION_NOT_INITIALIZED, CKR_OPERATION_ACTIVE});
}

bool login_was_lost(const Error& error) noexcept {
  return native_is_one_of(error, {CKR_USER_NOT_LOGGED_IN, CKR_TOKEN_NOT_PRESENT, CKR_TOKEN_NOT_RECOGNIZED,
                                  CKR_DEVICE_REMOVED, CKR_SLOT_ID_INVALID, CKR_CRYPTOKI_NOT_INITIALIZED});
}

}  // namespace signet
