// How a keyholder leaves by itself.
#pragma once

#include <poll.h>
#include <unistd.h>

#include "wire/control.h"
#include "wire/internal.pb.h"
#include "wire/status.h"

namespace signet {

/// Ends the process (status 1) once signetd was told why, or had no room for a message for a second. Retryable says
/// that the token may come back by itself, so that it is away; anything else a person has to mend. Thread-safe.
[[noreturn]] inline void leave(ControlChannel& control, const Error& why) {
  internal::ChildToSupervisor failed;
  *failed.mutable_failed() = to_failure(why);
  pollfd signetd{.fd = control.fd(), .events = POLLOUT, .revents = 0};
  if (poll(&signetd, 1, 1000) > 0) static_cast<void>(control.send(failed));
  _exit(1);
}

}  // namespace signet
