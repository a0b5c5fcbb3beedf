#include "keyholder/confine.h"

#include "config/hsm_profile.h"

namespace signet {

namespace {

// Beside what a module opens for each of its sessions: connections, object files, devices.
constexpr std::uint64_t kDescriptors = 256;
constexpr std::uint64_t kDescriptorsForEachSession = 32;

}  // namespace

Result<SandboxPlan> sandbox_of_keyholder(const DaemonConfig& config, const std::string& token) {
  const TokenConfig& configured = config.tokens.at(token);
  SIGNET_TRY(HsmProfile profile, load_hsm_setup(installation_of(configured)));
  HsmSandbox& needs = profile.sandbox;
  return SandboxPlan{.role = SandboxRole::kKeyholder,
                     .paths = {.readable = std::move(needs.readable),
                               .writable = std::move(needs.writable),
                               .devices = std::move(needs.devices),
                               .tcp_ports = std::move(needs.tcp_ports)},
                     .landlock = config.run.landlock(),
                     .max_descriptors = kDescriptors + kDescriptorsForEachSession * configured.sessions,
                     .unix_sockets = !needs.unix_sockets.empty(),
                     .makes_code = needs.makes_code,
                     .system_calls = std::move(needs.system_calls)};
}

}  // namespace signet
