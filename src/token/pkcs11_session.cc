#include "token/pkcs11_session.h"

#include <fmt/format.h>

#include "token/pkcs11_error.h"

namespace signet {
namespace {

std::string where_is(const TokenInfo& token, const Pkcs11Module& module) {
  return fmt::format("on token '{}' (module {})", printable(token.label), printable(module.path()));
}

/// The error of a failed login, with what a person does next.
Error explain(Error error) {
  if (error.code == ErrorCode::kUnauthenticated) {
    error.message += "; the PIN was tried once and is not tried again, because tokens lock after a few wrong ones";
    error.field = "pin";
  }
  if (error.native == static_cast<std::int64_t>(CKR_USER_PIN_NOT_INITIALIZED)) {
    error.message += "; the token has no user PIN yet, or another process uses the same token folder";
  }
  return error;
}

}  // namespace

Result<void> check_pin_may_be_tried(const TokenInfo& token) {
  const auto refuse = [&](std::string_view state, std::string_view next_step) {
    return fail(
        ErrorCode::kFailedPrecondition,
        fmt::format("the user PIN of token '{}' {}: it was not tried; {}", printable(token.label), state, next_step),
        "pin");
  };
  if ((token.flags & CKF_USER_PIN_LOCKED) != 0) return refuse("is locked", "the security officer has to set a new one");
  constexpr std::string_view kByHand = "log in once by hand with the right PIN, which clears this, then start again";
  if ((token.flags & CKF_USER_PIN_FINAL_TRY) != 0) return refuse("has one try left before it locks", kByHand);
  if ((token.flags & CKF_USER_PIN_COUNT_LOW) != 0) return refuse("was entered wrongly since the last login", kByHand);
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

Result<void> Pkcs11Session::log_in(const Secret& pin) {
  SIGNET_TRY(const TokenInfo now, module_->token_in(token_.slot));
  SIGNET_CHECK(check_pin_may_be_tried(now));
  const CK_RV rv = pin.expose([&](std::span<const std::uint8_t> bytes) {
    // The parameter is not const in PKCS#11, although a module only reads it (section 5.6, C_Login).
    auto* text = const_cast<CK_UTF8CHAR*>(bytes.data());
    return functions().C_Login(handle_, CKU_USER, text, static_cast<CK_ULONG>(bytes.size()));
  });
  if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN) return {};
  return std::unexpected(explain(fail_pkcs11(rv, "C_Login", where()).error()));
}

}  // namespace signet
