// PKCS#11 return values as errors, and what helps after each.
#pragma once

#include <p11-kit/pkcs11.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "signet/result.h"

namespace signet {

/// What helps after a return value that is not CKR_OK. Whatever it is, the session it came from is not used again.
enum class Pkcs11Remedy : std::uint8_t {
  kNewSession,  ///< a new session, with handles looked up anew; where that does not help either, kReopen
  kReopen,      ///< leave the process and be restarted: the module's state or the login is lost
  kTokenGone,   ///< leave likewise, but the token or the way to it is not there: it may take long to come back
  kPinLocked,   ///< from C_Login: a person has to see to the PIN, which is not tried again. From another call: as
                ///< kReopen, and the flags of the token decide whether the next login tries it
  kCaller,      ///< the token is well: what was asked of it is wrong, or it does not offer it; asking again is no use
};

/// "new session", "reopen", "token gone", "PIN locked", "caller's fault": for the operations log.
[[nodiscard]] std::string_view name_of(Pkcs11Remedy remedy) noexcept;

/// Of every code of PKCS#11 3.0 (pkcs11_error.cc has the table). A vendor's own code, and a number that nobody defines,
/// is kNewSession; where a profile knows better (HsmProfile::restart_codes), that comes first.
[[nodiscard]] Pkcs11Remedy remedy_for(CK_RV code) noexcept;
/// Of an error made by fail_pkcs11 or login_error; nothing of PKCS#11 in it (native is 0): kCaller.
[[nodiscard]] Pkcs11Remedy remedy_for(const Error& error) noexcept;

/// The name of a return value, such as "CKR_PIN_INCORRECT"; "vendor-defined" or "unknown" for those the standard has
/// not.
[[nodiscard]] std::string_view name_of_ckr(CK_RV code) noexcept;

/// All codes the standard names but CKR_OK, in ascending order.
[[nodiscard]] std::span<const CK_RV> named_ckrs() noexcept;

/// "`call` `what` failed: CKR_... (0x..)", with the number in `native`. Trouble of a session, a token or its connection
/// is kUnavailable and retryable. A wrong PIN is kUnauthenticated, an unusable one kFailedPrecondition, both final.
/// What the token refuses to do (mechanism, template, attribute) is kFailedPrecondition. SoftHSM answers
/// CKR_GENERAL_ERROR, CKR_TOKEN_NOT_RECOGNIZED and CKR_USER_PIN_NOT_INITIALIZED where two processes share one token
/// folder: retryable.
[[nodiscard]] std::unexpected<Error> fail_pkcs11(CK_RV code, std::string_view call, std::string_view what);

/// The error says that the session or the key's handle was not valid any more when the call began: the token did
/// nothing, and the same may be tried once again with a new session.
[[nodiscard]] bool session_was_lost(const Error& error) noexcept;

/// The error says that the module has no login or no token any more (kReopen, kTokenGone); only a new process gets it
/// back.
[[nodiscard]] bool login_was_lost(const Error& error) noexcept;

}  // namespace signet
