// signet-front as a process: what it does between the first and the last message of the supervisor.
#pragma once

#include "base/file.h"

namespace signet {

/// Takes Start from the control socket (SOCK_SEQPACKET, wire/control.h), opens what the configuration names, enters the
/// sandbox, says Ready and serves until the supervisor says Drain or closes the socket. Returns the exit status: 0, or
/// 1 after a Failure was sent.
[[nodiscard]] int run_front(UniqueFd control);

}  // namespace signet
