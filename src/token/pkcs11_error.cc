#include "token/pkcs11_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace signet {
namespace {

/// What kind of error a caller is given.
enum class Meaning : std::uint8_t { kTransient, kWrongPin, kPinUnusable, kRefused, kInternal };

struct Code {
  CK_RV value;
  std::string_view name;
  Meaning meaning;
  Pkcs11Remedy remedy;
};

// PKCS#11 3.0, as the standard's header numbers them: p11-kit's has other numbers for those from 0x1B5 on. In ascending
// order.
// clang-format off
constexpr std::array kCodes = {
    Code{0x001, "CKR_CANCEL", Meaning::kTransient, Pkcs11Remedy::kNewSession},
    Code{0x002, "CKR_HOST_MEMORY", Meaning::kTransient, Pkcs11Remedy::kReopen},
    Code{0x003, "CKR_SLOT_ID_INVALID", Meaning::kTransient, Pkcs11Remedy::kTokenGone},
    Code{0x005, "CKR_GENERAL_ERROR", Meaning::kTransient, Pkcs11Remedy::kNewSession},
    Code{0x006, "CKR_FUNCTION_FAILED", Meaning::kTransient, Pkcs11Remedy::kNewSession},
    Code{0x007, "CKR_ARGUMENTS_BAD", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x008, "CKR_NO_EVENT", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x009, "CKR_NEED_TO_CREATE_THREADS", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x00A, "CKR_CANT_LOCK", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x010, "CKR_ATTRIBUTE_READ_ONLY", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x011, "CKR_ATTRIBUTE_SENSITIVE", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x012, "CKR_ATTRIBUTE_TYPE_INVALID", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x013, "CKR_ATTRIBUTE_VALUE_INVALID", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x01B, "CKR_ACTION_PROHIBITED", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x020, "CKR_DATA_INVALID", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x021, "CKR_DATA_LEN_RANGE", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x030, "CKR_DEVICE_ERROR", Meaning::kTransient, Pkcs11Remedy::kReopen},
    Code{0x031, "CKR_DEVICE_MEMORY", Meaning::kTransient, Pkcs11Remedy::kNewSession},
    Code{0x032, "CKR_DEVICE_REMOVED", Meaning::kTransient, Pkcs11Remedy::kTokenGone},
    Code{0x040, "CKR_ENCRYPTED_DATA_INVALID", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x041, "CKR_ENCRYPTED_DATA_LEN_RANGE", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x042, "CKR_AEAD_DECRYPT_FAILED", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x050, "CKR_FUNCTION_CANCELED", Meaning::kTransient, Pkcs11Remedy::kNewSession},
    Code{0x051, "CKR_FUNCTION_NOT_PARALLEL", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x054, "CKR_FUNCTION_NOT_SUPPORTED", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x060, "CKR_KEY_HANDLE_INVALID", Meaning::kTransient, Pkcs11Remedy::kNewSession},
    Code{0x062, "CKR_KEY_SIZE_RANGE", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x063, "CKR_KEY_TYPE_INCONSISTENT", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x064, "CKR_KEY_NOT_NEEDED", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x065, "CKR_KEY_CHANGED", Meaning::kTransient, Pkcs11Remedy::kNewSession},
    Code{0x066, "CKR_KEY_NEEDED", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x067, "CKR_KEY_INDIGESTIBLE", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x068, "CKR_KEY_FUNCTION_NOT_PERMITTED", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x069, "CKR_KEY_NOT_WRAPPABLE", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x06A, "CKR_KEY_UNEXTRACTABLE", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x070, "CKR_MECHANISM_INVALID", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x071, "CKR_MECHANISM_PARAM_INVALID", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x082, "CKR_OBJECT_HANDLE_INVALID", Meaning::kTransient, Pkcs11Remedy::kNewSession},
    Code{0x090, "CKR_OPERATION_ACTIVE", Meaning::kTransient, Pkcs11Remedy::kNewSession},
    Code{0x091, "CKR_OPERATION_NOT_INITIALIZED", Meaning::kTransient, Pkcs11Remedy::kNewSession},
    Code{0x0A0, "CKR_PIN_INCORRECT", Meaning::kWrongPin, Pkcs11Remedy::kPinLocked},
    Code{0x0A1, "CKR_PIN_INVALID", Meaning::kWrongPin, Pkcs11Remedy::kPinLocked},
    Code{0x0A2, "CKR_PIN_LEN_RANGE", Meaning::kWrongPin, Pkcs11Remedy::kPinLocked},
    Code{0x0A3, "CKR_PIN_EXPIRED", Meaning::kPinUnusable, Pkcs11Remedy::kPinLocked},
    Code{0x0A4, "CKR_PIN_LOCKED", Meaning::kPinUnusable, Pkcs11Remedy::kPinLocked},
    Code{0x0B0, "CKR_SESSION_CLOSED", Meaning::kTransient, Pkcs11Remedy::kNewSession},
    Code{0x0B1, "CKR_SESSION_COUNT", Meaning::kTransient, Pkcs11Remedy::kNewSession},
    Code{0x0B3, "CKR_SESSION_HANDLE_INVALID", Meaning::kTransient, Pkcs11Remedy::kNewSession},
    Code{0x0B4, "CKR_SESSION_PARALLEL_NOT_SUPPORTED", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x0B5, "CKR_SESSION_READ_ONLY", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x0B6, "CKR_SESSION_EXISTS", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x0B7, "CKR_SESSION_READ_ONLY_EXISTS", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x0B8, "CKR_SESSION_READ_WRITE_SO_EXISTS", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x0C0, "CKR_SIGNATURE_INVALID", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x0C1, "CKR_SIGNATURE_LEN_RANGE", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x0D0, "CKR_TEMPLATE_INCOMPLETE", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x0D1, "CKR_TEMPLATE_INCONSISTENT", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x0E0, "CKR_TOKEN_NOT_PRESENT", Meaning::kTransient, Pkcs11Remedy::kTokenGone},
    Code{0x0E1, "CKR_TOKEN_NOT_RECOGNIZED", Meaning::kTransient, Pkcs11Remedy::kTokenGone},
    Code{0x0E2, "CKR_TOKEN_WRITE_PROTECTED", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x0F0, "CKR_UNWRAPPING_KEY_HANDLE_INVALID", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x0F1, "CKR_UNWRAPPING_KEY_SIZE_RANGE", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x0F2, "CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x100, "CKR_USER_ALREADY_LOGGED_IN", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x101, "CKR_USER_NOT_LOGGED_IN", Meaning::kTransient, Pkcs11Remedy::kReopen},
    Code{0x102, "CKR_USER_PIN_NOT_INITIALIZED", Meaning::kTransient, Pkcs11Remedy::kReopen},
    Code{0x103, "CKR_USER_TYPE_INVALID", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x104, "CKR_USER_ANOTHER_ALREADY_LOGGED_IN", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x105, "CKR_USER_TOO_MANY_TYPES", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x110, "CKR_WRAPPED_KEY_INVALID", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x112, "CKR_WRAPPED_KEY_LEN_RANGE", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x113, "CKR_WRAPPING_KEY_HANDLE_INVALID", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x114, "CKR_WRAPPING_KEY_SIZE_RANGE", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x115, "CKR_WRAPPING_KEY_TYPE_INCONSISTENT", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x120, "CKR_RANDOM_SEED_NOT_SUPPORTED", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x121, "CKR_RANDOM_NO_RNG", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x130, "CKR_DOMAIN_PARAMS_INVALID", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x140, "CKR_CURVE_NOT_SUPPORTED", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x150, "CKR_BUFFER_TOO_SMALL", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x160, "CKR_SAVED_STATE_INVALID", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x170, "CKR_INFORMATION_SENSITIVE", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x180, "CKR_STATE_UNSAVEABLE", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x190, "CKR_CRYPTOKI_NOT_INITIALIZED", Meaning::kTransient, Pkcs11Remedy::kReopen},
    Code{0x191, "CKR_CRYPTOKI_ALREADY_INITIALIZED", Meaning::kInternal, Pkcs11Remedy::kCaller},
    Code{0x1A0, "CKR_MUTEX_BAD", Meaning::kTransient, Pkcs11Remedy::kReopen},
    Code{0x1A1, "CKR_MUTEX_NOT_LOCKED", Meaning::kTransient, Pkcs11Remedy::kReopen},
    Code{0x1B0, "CKR_NEW_PIN_MODE", Meaning::kPinUnusable, Pkcs11Remedy::kPinLocked},
    Code{0x1B1, "CKR_NEXT_OTP", Meaning::kPinUnusable, Pkcs11Remedy::kPinLocked},
    Code{0x1B5, "CKR_EXCEEDED_MAX_ITERATIONS", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x1B6, "CKR_FIPS_SELF_TEST_FAILED", Meaning::kTransient, Pkcs11Remedy::kTokenGone},
    Code{0x1B7, "CKR_LIBRARY_LOAD_FAILED", Meaning::kTransient, Pkcs11Remedy::kReopen},
    Code{0x1B8, "CKR_PIN_TOO_WEAK", Meaning::kPinUnusable, Pkcs11Remedy::kPinLocked},
    Code{0x1B9, "CKR_PUBLIC_KEY_INVALID", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x200, "CKR_FUNCTION_REJECTED", Meaning::kRefused, Pkcs11Remedy::kCaller},
    Code{0x201, "CKR_TOKEN_RESOURCE_EXCEEDED", Meaning::kTransient, Pkcs11Remedy::kNewSession},
    Code{0x202, "CKR_OPERATION_CANCEL_FAILED", Meaning::kTransient, Pkcs11Remedy::kNewSession},
};
// clang-format on

const Code* find_code(CK_RV value) noexcept {
  const auto* found = std::ranges::lower_bound(kCodes, value, {}, &Code::value);
  return found == kCodes.end() || found->value != value ? nullptr : found;
}

bool is_vendor_defined(CK_RV value) noexcept { return (value & CKR_VENDOR_DEFINED) != 0; }

constexpr std::array<CK_RV, kCodes.size()> values_of_codes() {
  std::array<CK_RV, kCodes.size()> values{};
  std::ranges::transform(kCodes, values.begin(), &Code::value);
  return values;
}

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

std::string_view name_of(Pkcs11Remedy remedy) noexcept {
  switch (remedy) {
    case Pkcs11Remedy::kNewSession: return "new session";
    case Pkcs11Remedy::kReopen: return "reopen";
    case Pkcs11Remedy::kTokenGone: return "token gone";
    case Pkcs11Remedy::kPinLocked: return "PIN locked";
    case Pkcs11Remedy::kCaller: return "caller's fault";
  }
  return "unknown";
}

Pkcs11Remedy remedy_for(CK_RV code) noexcept {
  const Code* found = find_code(code);
  return found == nullptr ? Pkcs11Remedy::kNewSession : found->remedy;
}

Pkcs11Remedy remedy_for(const Error& error) noexcept {
  return error.native == 0 ? Pkcs11Remedy::kCaller : remedy_for(static_cast<CK_RV>(error.native));
}

std::span<const CK_RV> named_ckrs() noexcept {
  static constexpr std::array kValues = values_of_codes();
  return kValues;
}

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

/// Not CKR_SESSION_CLOSED: that is a session closed while the call was running, which may have signed.
bool session_was_lost(const Error& error) noexcept {
  return native_is_one_of(error, {CKR_SESSION_HANDLE_INVALID, CKR_KEY_HANDLE_INVALID, CKR_OBJECT_HANDLE_INVALID,
                                  CKR_OPERATION_NOT_INITIALIZED, CKR_OPERATION_ACTIVE});
}

bool login_was_lost(const Error& error) noexcept {
  const Pkcs11Remedy remedy = remedy_for(error);
  return remedy == Pkcs11Remedy::kReopen || remedy == Pkcs11Remedy::kTokenGone;
}

}  // namespace signet
