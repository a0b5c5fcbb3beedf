// The keys that this CA uses itself, and so certifies for nobody.
#pragma once

#include "config/daemon_config.h"
#include "issuer/trust_bundle.h"
#include "policy/decision.h"

namespace signet {

/// The keys of `bundle`, those that sign logs, and the one that the daemon's connections are made with. Reads files:
/// before the sandbox. A daemon's certificate that cannot be read is the front's error, and only a warning here.
/// Errors: those of load_log_key().
[[nodiscard]] Result<OwnKeys> load_own_keys(const DaemonConfig& config, const TrustBundle& bundle);

}  // namespace signet
