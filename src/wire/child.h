// What each of the daemon's children does before anything else.
#pragma once

#include <string_view>

#include "base/file.h"

namespace signet {

/// Opens the operations log under the name `process`, hardens the process, leaves signals to the supervisor, and takes
/// the control socket. Errors are logged already: the process was not started by signetd, or the kernel refuses to
/// harden.
[[nodiscard]] Result<UniqueFd> begin_child(std::string_view process);

}  // namespace signet
