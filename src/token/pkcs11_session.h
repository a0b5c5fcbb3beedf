// Sessions with a token.
#pragma once

#include <p11-kit/pkcs11.h>

#include <memory>
#include <string>

#include "base/secret.h"
#include "token/pkcs11_module.h"

namespace signet {

/// Whether the user PIN may be tried: kFailedPrecondition when the token's flags say that it is locked, on its final
/// try or that a wrong one was tried since the last login. The try that locks a token is made by a person.
[[nodiscard]] Result<void> check_pin_may_be_tried(const TokenInfo& token);

/// Why C_Login failed with `code`, once it was called with a PIN. `token` as it was just before.
/// Retryable (kUnavailable) only where the PIN cannot have been counted as wrong: the session or the token was not
/// there, the token had no PIN to compare with, or it is SoftHSM and said CKR_GENERAL_ERROR, which it does where two
/// processes log in to one token folder at once. Every other failure is kUnauthenticated and final, also one that tells
/// of a device (CKR_FUNCTION_FAILED, CKR_DEVICE_ERROR, a vendor's own): a supervisor that starts the process again
/// would try the PIN again, and not every token shows in its flags that it counted.
[[nodiscard]] Error login_error(CK_RV code, const TokenInfo& token, const std::string& where);

enum class SessionAccess : std::uint8_t { kRead, kReadWrite };

/// Owns one open session. Move-only. A session is used by one thread at a time; threads have a session each.
///
/// The login belongs to the token, not to a session: it covers every session this process has with it and ends with the
/// last of them. Whoever logs in therefore keeps that session open and leaves the others to the signing threads.
/// Nothing here ever calls C_Logout.
class Pkcs11Session {
 public:
  [[nodiscard]] static Result<Pkcs11Session> open(std::shared_ptr<const Pkcs11Module> module, const TokenInfo& token,
                                                  SessionAccess access);
  Pkcs11Session(Pkcs11Session&& other) noexcept;
  Pkcs11Session& operator=(Pkcs11Session&& other) noexcept;
  Pkcs11Session(const Pkcs11Session&) = delete;
  Pkcs11Session& operator=(const Pkcs11Session&) = delete;
  ~Pkcs11Session();

  /// Logs in as the user, with exactly one try of the PIN, and none unless check_pin_may_be_tried says yes of the token
  /// as it is now. Errors of the try itself are login_error's. A process that is logged in already stays so.
  [[nodiscard]] Result<void> log_in(const Secret& pin);

  [[nodiscard]] const CK_FUNCTION_LIST& functions() const noexcept { return module_->functions(); }
  [[nodiscard]] CK_SESSION_HANDLE handle() const noexcept { return handle_; }
  [[nodiscard]] const TokenInfo& token() const noexcept { return token_; }
  /// "on token 'issuing' (module /usr/lib/...)": for messages.
  [[nodiscard]] std::string where() const;

 private:
  Pkcs11Session(std::shared_ptr<const Pkcs11Module> module, TokenInfo token, CK_SESSION_HANDLE handle)
      : module_(std::move(module)), token_(std::move(token)), handle_(handle) {}
  void close() noexcept;

  std::shared_ptr<const Pkcs11Module> module_;
  TokenInfo token_;
  CK_SESSION_HANDLE handle_ = 0;  // 0 (CK_INVALID_HANDLE) once moved from
};

}  // namespace signet
