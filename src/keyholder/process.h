// The life of signet-keyholder.
#pragma once

namespace signet {

/// Takes the control socket the supervisor left, hardens the process, waits for internal::Start, opens the token,
/// enters the sandbox, says internal::Ready (or internal::Failure and leaves with status 1) and signs until it is told
/// to drain or the control socket closes. It leaves by _exit, always: modules are known to crash in exit handlers, and
/// one that hangs must not hold the process. The control socket is read by the calling thread from the first moment on,
/// so that it can leave while a module hangs.
[[noreturn]] void run_keyholder();

}  // namespace signet
