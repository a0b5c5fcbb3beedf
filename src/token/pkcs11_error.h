// PKCS#11 return values as errors.
#pragma once

#include <p11-kit/pkcs11.h>

#include <string>
#include <string_view>

#include "signet/result.h"

namespace signet {

/// The name of a return value, such as "CKR_PIN_INCORRECT"; "vendor-defined" or "unknown" for those the standard has
/// not.
[[nodiscard]] std::string_view name_of_ckr(CK_RV code) noexcept;

/// "`call` `what` failed: CKR_... (0x..)", with the number in `native`. Trouble of a session, a token or its connection
/// is kUnavailable and retryable. A wrong PIN is kUnauthenticated, an unusable one kFailedPrecondition, both final.
/// What the token refuses to do (mechanism, template, attribute) is kFailedPrecondition. SoftHSM answers
/// CKR_GENERAL_ERROR, CKR_TOKEN_NOT_RECOGNIZED and CKR_USER_PIN_NOT_INITIALIZED where two processes share one token
/// folder: retryable.
[[nodiscard]] std::unexpected<Error> fail_pkcs11(CK_RV code, std::string_view call, std::string_view what);

/// The error says that the session or the key's handle was not valid any more: the token did nothing, and the same may
/// be tried once again with a new session.
[[nodiscard]] bool session_was_lost(const Error& error) noexcept;

/// The error says that the module has no login or no token any more; only a new process gets it back.
[[nodiscard]] bool login_was_lost(const Error& error) noexcept;

}  // namespace signet
