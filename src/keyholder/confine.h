// The sandbox of a keyholder: what its module needs is known by the HSM profile alone.
#pragma once

#include <string>

#include "base/sandbox.h"
#include "config/daemon_config.h"
#include "config/hsm_profile.h"

namespace signet {

/// What the keyholder of this token keeps once everything is open: the journal that is open, and what `profile`, as
/// it applies to the installation (load_hsm_setup), says of the module.
[[nodiscard]] SandboxPlan sandbox_of_keyholder(const DaemonConfig& config, const std::string& token,
                                               const HsmProfile& profile);

}  // namespace signet
