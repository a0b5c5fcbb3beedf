// How many sessions a process opens on its token.
#pragma once

#include <cstdint>
#include <string>

#include "token/pkcs11_module.h"

namespace signet {

/// What bounds the sessions of a process beside the token itself.
struct SessionBounds {
  unsigned threads_wanted = 1;      ///< of the configuration
  std::uint32_t profile_limit = 0;  ///< of the profile, all sessions of a process; 0 = unlimited
  ModuleThreads threads = ModuleThreads::kMany;
};

struct SessionPlan {
  unsigned workers = 1;         ///< threads that sign, a session each; one more session keeps the login
  std::string limited_by = {};  ///< what allowed no more than that; empty where all that were wanted are there
};

/// The least of what is wanted, what the profile allows and what the token has room for (`token` as it is before the
/// first session is opened), each less the session that keeps the login. All are read-only sessions, which count
/// against ulMaxSessionCount alone and not against ulMaxRwSessionCount. Errors: kFailedPrecondition where not even two
/// sessions are allowed; kResourceExhausted (retryable) where others have them open.
[[nodiscard]] Result<SessionPlan> plan_sessions(const TokenInfo& token, const SessionBounds& bounds);

}  // namespace signet
