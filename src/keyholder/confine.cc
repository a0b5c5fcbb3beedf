#include "keyholder/confine.h"

namespace signet {

namespace {

// Beside what a module opens for each of its sessions: connections, object files, devices.
constexpr std::uint64_t kDescriptors = 256;
constexpr std::uint64_t kDescriptorsForEachSession = 32;

LateCode late_code_of(const HsmSandbox& needs) {
  if (needs.makes_code) return LateCode::kMade;
  return needs.loads_code ? LateCode::kLoaded : LateCode::kNone;
}

}  // namespace

SandboxPlan sandbox_of_keyholder(const DaemonConfig& config, const std::string& token, const HsmProfile& profile) {
  const HsmSandbox& needs = profile.sandbox;
  return SandboxPlan{.role = SandboxRole::kKeyholder,
                     .paths = {.readable = needs.readable,
                               .writable = needs.writable,
                               .devices = needs.devices,
                               .tcp_ports = needs.tcp_ports},
                     .landlock = config.run.landlock(),
                     .max_descriptors = kDescriptors + kDescriptorsForEachSession * config.tokens.at(token).sessions,
                     .unix_sockets = !needs.unix_sockets.empty(),
                     .late_code = late_code_of(needs),
                     .system_calls = needs.system_calls};
}

}  // namespace signet
