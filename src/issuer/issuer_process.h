// The process signet-issuer: everything it opens, its threads, and its conversation with the supervisor.
#pragma once

#include <string>

#include "base/file.h"

namespace signet {

/// Runs until the supervisor says Drain (returns the status 0 after everything in flight is answered and logged) or
/// goes away (leaves at once). `control` is the socket to the supervisor. Errors that keep it from starting are sent to
/// the supervisor and make the status 1.
[[nodiscard]] int run_issuer(UniqueFd control);

}  // namespace signet
