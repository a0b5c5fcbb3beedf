// Sessions with a token.
#pragma once

#include <p11-kit/pkcs11.h>

#include <memory>
#include <string>

#include "base/secret.h"
#include "token/pkcs11_module.h"

namespace signet {

/// What a person takes upon himself, who knows that the PIN is right.
struct PinTolerance {
  bool count_low = false;  ///< a wrong one was tried since the last login
  bool final_try = false;  ///< this try may lock the token
};

/// Whether the user PIN may be tried: kFailedPrecondition when the token's flags say that it is locked (field "pin"),
/// and, unless tolerated, on its final try ("pin.final_try") or that a wrong one was tried since the last login
/// ("pin.count_low").
[[nodiscard]] Result<void> check_pin_may_be_tried(const TokenInfo& token, PinTolerance tolerance = {});

/// What CKR_GENERAL_ERROR of C_Login tells of.
enum class GeneralErrorAtLogin : std::uint8_t {
  kMayTellOfThePin,
  kIsTransient,  ///< ModuleOptions say so: SoftHSM, where two processes log in to one token folder at once
};

/// Why C_Login failed with `code`, once it was called with a PIN.
/// Retryable (kUnavailable) only where the PIN cannot have been counted as wrong: the session or the token was not
/// there, the token had no PIN to compare with, or it said CKR_GENERAL_ERROR and that is transient. Every other failure
/// is kUnauthenticated and final, also one that tells of a device (CKR_FUNCTION_FAILED, CKR_DEVICE_ERROR, a vendor's
/// own): a supervisor that starts the process again would try the PIN again, and not every token shows in its flags
/// that it counted.
[[nodiscard]] Error login_error(CK_RV code, GeneralErrorAtLogin general_error, const std::string& where);

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
  [[nodiscard]] Result<void> log_in(const Secret& pin, PinTolerance tolerance = {});

  [[nodiscard]] const CK_FUNCTION_LIST& functions() const noexcept { return module_->functions(); }
  [[nodiscard]] const ModuleOptions& options() const noexcept { return module_->options(); }
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
