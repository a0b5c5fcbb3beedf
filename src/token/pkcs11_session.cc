#include "token/pkcs11_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "token/pkcs11_error.h"

namespace signet {
namespace {

std::string where_is(const TokenInfo& token, const Pkcs11Module& module) {
  return fmt::format("on token '{}' (module {})", printable(token.label), printable(module.path()));
}

/// The code says that no PIN was compared, or that the token went away meanwhile.
bool leaves_pin_uncounted(CK_RV code, GeneralErrorAtLogin general_error) {
  constexpr std::array kCodes = {CKR_SLOT_ID_INVALID,         CKR_DEVICE_REMOVED,       CKR_SESSION_CLOSED,
                                 CKR_SESSION_COUNT,           CKR_OPERATION_ACTIVE,     CKR_SESSION_HANDLE_INVALID,
                                 CKR_TOKEN_NOT_PRESENT,       CKR_TOKEN_NOT_RECOGNIZED, CKR_USER_PIN_NOT_INITIALIZED,
                                 CKR_CRYPTOKI_NOT_INITIALIZED};
  if (code == CKR_GENERAL_ERROR) return general_error == GeneralErrorAtLogin::kIsTransient;
  return std::ranges::find(kCodes, code) != kCodes.end();
}

}  // namespace

Error login_error(CK_RV code, GeneralErrorAtLogin general_error, const std::string& where) {
  Error error = fail_pkcs11(code, "C_Login", where).error();
  if (leaves_pin_uncounted(code, general_error)) {
    if (code == CKR_USER_PIN_NOT_INITIALIZED) {
      error.message += "; the token has no user PIN yet, or another process uses the same token folder";
    }
    return error;
  }
  error.message += error.code == ErrorCode::kUnauthenticated
                       ? "; the PIN was tried once and is not tried again, because tokens lock after a few wrong ones"
                       : "; the PIN may have been counted as wrong, so it is not tried again: find the cause, log in "
                         "once by hand, then start again";
  error.code = ErrorCode::kUnauthenticated;
  error.field = "pin";
  error.retryable = false;
  error.retry_after = {};
  return error;
}

Result<void> check_pin_may_be_tried(const TokenInfo& token, PinTolerance tolerance) {
  const auto refuse = [&](std::string_view state, std::string_view next_step, const char* field = "pin") {
    return fail(
        ErrorCode::kFailedPrecondition,
        fmt::format("the user PIN of token '{}' {}: it was not tried; {}", printable(token.label), state, next_step),
        field);
  };
  if ((token.flags & CKF_USER_PIN_LOCKED) != 0) return refuse("is locked", "the security officer has to set a new one");
  constexpr std::string_view kByHand = "log in once by hand with the right PIN, which clears this, then start again";
  if ((token.flags & CKF_USER_PIN_FINAL_TRY) != 0 && !tolerance.final_try)
    return refuse("has one try left before it locks", kByHand, "pin.final_try");
  // A token on its final try has a low count, too: who tolerates the one has been told of the other.
  const bool tolerated = tolerance.count_low || tolerance.final_try;
  if ((token.flags & CKF_USER_PIN_COUNT_LOW) != 0 && !tolerated)
    return refuse("was entered wrongly since the last login", kByHand, "pin.count_low");
  return {};
}

Result<Pkcs11Session> Pkcs11Session::open(std::shared_ptr<const Pkcs11Module> module, const TokenInfo& token,
                                          SessionAccess access) {
  const CK_FLAGS flags = CKF_SERIAL_SESSION | (access == SessionAccess::kReadWrite ? CKF_RW_SESSION : 0);
  CK_SESSION_HANDLE handle = 0;
  const CK_RV rv = module->functions().C_OpenSession(token.slot, flags, nullptr, nullptr, &handle);
  if (rv != CKR_OK) return fail_pkcs11(rv, "C_OpenSession", where_is(token, *module));
  return Pkcs11Session(std::move(module), token, handle);
}

Pkcs11Session::Pkcs11Session(Pkcs11Session&& other) noexcept
    : module_(std::move(other.module_)), token_(std::move(other.token_)), handle_(std::exchange(other.handle_, 0)) {}

Pkcs11Session& Pkcs11Session::operator=(Pkcs11Session&& other) noexcept {
  if (this == &other) return *this;
  close();
  module_ = std::move(other.module_);
  token_ = std::move(other.token_);
  handle_ = std::exchange(other.handle_, 0);
  return *this;
}

Pkcs11Session::~Pkcs11Session() { close(); }

void Pkcs11Session::close() noexcept {
  if (handle_ != 0) module_->functions().C_CloseSession(handle_);
  handle_ = 0;
}

std::string Pkcs11Session::where() const { return where_is(token_, *module_); }

Result<void> Pkcs11Session::log_in(const Secret& pin, PinTolerance tolerance) {
  SIGNET_TRY(const TokenInfo now, module_->token_in(token_.slot));
  SIGNET_CHECK(check_pin_may_be_tried(now, tolerance));
  const CK_RV rv = pin.expose([&](std::span<const std::uint8_t> bytes) {
    // The parameter is not const in PKCS#11, although a module only reads it (section 5.6, C_Login).
    auto* text = const_cast<CK_UTF8CHAR*>(bytes.data());
    return functions().C_Login(handle_, CKU_USER, text, static_cast<CK_ULONG>(bytes.size()));
  });
  if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN) return {};
  const auto general_error = module_->options().general_error_at_login_is_transient
                                 ? GeneralErrorAtLogin::kIsTransient
                                 : GeneralErrorAtLogin::kMayTellOfThePin;
  return std::unexpected(login_error(rv, general_error, where()));
}

}  // namespace signet
