// The sandbox of a keyholder: what its module needs is known by the HSM profile alone.
#pragma once

#include <string>

#include "base/sandbox.h"
#include "config/daemon_config.h"

namespace signet {

/// What the keyholder of this token keeps once everything is open: the journal that is open, and what the profile and
/// the configuration say of the module. Errors: those of load_hsm_setup.
[[nodiscard]] Result<SandboxPlan> sandbox_of_keyholder(const DaemonConfig& config, const std::string& token);

}  // namespace signet
