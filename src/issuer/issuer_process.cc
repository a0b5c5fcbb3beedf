#include "issuer/issuer_process.h"

#include <unistd.h>

#include "base/ops_log.h"
#include "base/sandbox.h"
#include "issuer/service.h"
#include "wire/control.h"
#include "wire/status.h"

namespace signet {

namespace {

constexpr std::chrono::seconds kLongestSend{2};  // to the supervisor, which waits for nobody
constexpr std::size_t kMaxConfigBytes = std::size_t{1} << 20U;

/// The first message: configuration and policy as the supervisor froze them.
Result<std::unique_ptr<Service>> open_service(ControlChannel& control) {
  SIGNET_TRY(const auto first, control.receive<internal::SupervisorToChild>());
  if (!first.message.has_start() || first.descriptors.size() != 2)
    return fail(ErrorCode::kInternal, "the first message is not Start");
  const internal::Start& start = first.message.start();
  SIGNET_TRY(const Bytes config_text, read_memory_file(first.descriptors[0].get(), kMaxConfigBytes));
  SIGNET_TRY(const Bytes policy_text, read_memory_file(first.descriptors[1].get(), kMaxConfigBytes));
  SIGNET_TRY(DaemonConfig config, parse_daemon_config(config_text, start.config_file()));
  const auto report_lost = [&control](std::uint64_t generation) {
    internal::ChildToSupervisor message;
    message.mutable_peer_lost()->set_generation(generation);
    static_cast<void>(control.send(message));  // a supervisor that has gone is noticed where it is listened to
  };
  return Service::open(std::move(config), policy_text, start.policy_file(), report_lost);
}

Result<std::unique_ptr<Service>> start_service(ControlChannel& control) {
  SIGNET_TRY(std::unique_ptr<Service> service, open_service(control));
  SIGNET_CHECK(enter_sandbox({SandboxNeed::kReadFiles, SandboxNeed::kWriteFiles}));
  SIGNET_CHECK(service->start());
  internal::ChildToSupervisor ready;
  ready.mutable_ready();
  SIGNET_CHECK(control.send(ready));
  return service;
}

void introduce(Service& service, const internal::Peer& peer, std::vector<UniqueFd> descriptors) {
  if (descriptors.size() != 1) return;
  if (peer.role() == internal::Peer::ROLE_FRONT) service.connect_front(std::move(descriptors[0]), peer.generation());
  if (peer.role() == internal::Peer::ROLE_KEYHOLDER) {
    service.connect_keyholder(peer.token(), std::move(descriptors[0]), peer.generation());
  }
}

/// True when told to drain, false when the supervisor has gone.
bool serve(ControlChannel& control, Service& service) {
  while (true) {
    auto received = control.receive<internal::SupervisorToChild>();
    if (!received.has_value()) return false;
    const internal::SupervisorToChild& message = received->message;
    if (message.has_drain()) return true;
    if (message.has_crash()) service.log_crash(message.crash());
    if (message.has_peer()) introduce(service, message.peer(), std::move(received->descriptors));
  }
}

}  // namespace

int run_issuer(UniqueFd control_socket) {
  ControlChannel control(std::move(control_socket));
  control.limit_send_time(kLongestSend);
  auto service = start_service(control);
  if (!service.has_value()) {
    ops::error("cannot start", {{"reason", service.error().message}});
    internal::ChildToSupervisor failed;
    *failed.mutable_failed() = to_failure(service.error());
    static_cast<void>(control.send(failed));
    return 1;
  }
  // Without a supervisor nobody waits for answers: leaving at once is what a crash would be, and as safe.
  if (!serve(control, **service)) _exit(0);
  (*service)->finish();
  return 0;
}

}  // namespace signet
