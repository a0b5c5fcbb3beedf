#include "issuer/issuer_process.h"

#include <unistd.h>

#include <atomic>
#include <memory>
#include <thread>

#include "base/ops_log.h"
#include "base/sandbox.h"
#include "issuer/service.h"
#include "wire/control.h"
#include "wire/status.h"

namespace signet {

namespace {

constexpr std::chrono::seconds kLongestSend{2};  // to the supervisor, which waits for nobody
constexpr std::size_t kMaxConfigBytes = std::size_t{1} << 20U;

ClockReference reference_in(const internal::ClockReference& message) {
  return {.wall = Time(std::chrono::microseconds(message.wall_micros())),
          .monotonic = std::chrono::microseconds(message.monotonic_micros())};
}

/// The policy and, where one is configured, the list of blocked keys, as the supervisor froze them.
Result<std::shared_ptr<const Rules>> read_rules(std::span<const UniqueFd> descriptors, const DaemonConfig& config) {
  const bool has_list = !config.issue.blocked_keys.empty();
  if (descriptors.size() != (has_list ? 2U : 1U))
    return fail(ErrorCode::kInternal, "the policy or the list of blocked keys did not come along");
  RuleFiles files{.policy = {}, .policy_name = config.policy};
  SIGNET_TRY(files.policy, read_memory_file(descriptors[0].get(), kMaxConfigBytes));
  if (!has_list) return parse_rules(files);
  files.blocked_keys_name = config.issue.blocked_keys;
  SIGNET_TRY(files.blocked_keys, read_memory_file(descriptors[1].get(), BlockedKeys::kLargestFile_bytes));
  return parse_rules(files);
}

/// The first message: everything as the supervisor froze it.
Result<std::unique_ptr<Service>> make_service(ControlChannel& control) {
  SIGNET_TRY(const auto first, control.receive<internal::SupervisorToChild>());
  if (!first.message.start().has_clock() || first.descriptors.empty())
    return fail(ErrorCode::kInternal, "the first message is not Start");
  const internal::Start& start = first.message.start();
  SIGNET_TRY(const Bytes config_text, read_memory_file(first.descriptors[0].get(), kMaxConfigBytes));
  SIGNET_TRY(DaemonConfig config, parse_daemon_config(config_text, start.config_file()));
  SIGNET_TRY(auto rules, read_rules(std::span(first.descriptors).subspan(1), config));
  const auto report_lost = [&control](std::uint64_t generation) {
    internal::ChildToSupervisor message;
    message.mutable_peer_lost()->set_generation(generation);
    static_cast<void>(control.send(message));  // a supervisor that has gone is noticed where it is listened to
  };
  return std::make_unique<Service>(std::move(config), std::move(rules), reference_in(start.clock()), report_lost);
}

int report_failure(ControlChannel& control, const Error& error) {
  ops::error("cannot start", {{"reason", error.message}});
  internal::ChildToSupervisor failed;
  *failed.mutable_failed() = to_failure(error);
  static_cast<void>(control.send(failed));
  return 1;
}

/// What the issuer opens while it works: the log and, at its beginning, the predecessor's and the ceremony's
/// transcript; the store. Beside the keyholders and the front a worker holds a few descriptors at most.
SandboxPlan sandbox_of(const DaemonConfig& config) {
  constexpr std::uint64_t kDescriptors = 256;
  constexpr std::uint64_t kDescriptorsForEachWorker = 8;
  SandboxPlan plan{.role = SandboxRole::kIssuer,
                   .paths = {.readable = {config.log.ceremony, "/proc/sys/kernel/random/boot_id"},
                             .writable = {config.log.directory, config.state.store_directory()}},
                   .landlock = config.run.landlock(),
                   .max_descriptors = kDescriptors + kDescriptorsForEachWorker * config.issue.workers};
  if (const auto& predecessor = config.log.predecessor; predecessor.has_value()) {
    plan.paths.writable.push_back(predecessor->directory);
    plan.paths.readable.push_back(config.keys.at(predecessor->key).public_key);
  }
  return plan;
}

/// Opens and starts the service beside the thread that listens to the supervisor: the start may take long (it reads the
/// log) and needs keyholders, which the supervisor introduces meanwhile.
class Starter {
 public:
  Starter(ControlChannel& control, Service& service)
      : control_(control), service_(service), thread_([this] { run(); }) {}
  ~Starter() { thread_.join(); }
  Starter(const Starter&) = delete;
  Starter& operator=(const Starter&) = delete;

  [[nodiscard]] bool done() const noexcept { return done_; }

 private:
  Result<void> open_and_start() {
    SIGNET_CHECK(service_.open());
    SIGNET_CHECK(enter_sandbox(sandbox_of(service_.config())));
    return service_.start();
  }

  void run() {
    // The other thread waits for messages and has nothing to put away.
    if (const auto started = open_and_start(); !started.has_value()) _exit(report_failure(control_, started.error()));
    done_ = true;
    internal::ChildToSupervisor ready;
    ready.mutable_ready();
    static_cast<void>(control_.send(ready));  // a supervisor that has gone is noticed where it is listened to
  }

  ControlChannel& control_;
  Service& service_;
  std::atomic<bool> done_{false};
  std::thread thread_;  // last: it uses all of the above
};

void introduce(Service& service, const internal::Peer& peer, std::vector<UniqueFd> descriptors, bool started) {
  if (descriptors.size() != 1) return;
  if (peer.role() == internal::Peer::ROLE_KEYHOLDER) {
    service.connect_keyholder(peer.token(), std::move(descriptors[0]), peer.generation());
  }
  if (peer.role() == internal::Peer::ROLE_FRONT && started)
    service.connect_front(std::move(descriptors[0]), peer.generation());
}

/// Takes the rules that the supervisor sent, or says why not.
void reload(ControlChannel& control, Service& service, std::span<const UniqueFd> descriptors) {
  auto rules = read_rules(descriptors, service.config());
  const Result<void> done =
      rules.has_value() ? service.reload(*std::move(rules)) : Result<void>(std::unexpected(rules.error()));
  internal::ChildToSupervisor message;
  internal::Reloaded& reloaded = *message.mutable_reloaded();
  if (!done.has_value()) *reloaded.mutable_refused() = to_failure(done.error());
  static_cast<void>(control.send(message));  // a supervisor that has gone is noticed where it is listened to
}

void answer_status(ControlChannel& control, const Service& service, std::uint64_t id) {
  internal::ChildToSupervisor message;
  *message.mutable_issuer_status() = service.status();
  message.mutable_issuer_status()->set_id(id);
  static_cast<void>(control.send(message));  // a supervisor that has gone is noticed where it is listened to
}

void use_token(ControlChannel& control, Service& service, const internal::TokenUse& use) {
  service.use_token(use, [&control, token = use.token()] {
    internal::ChildToSupervisor message;
    message.mutable_token_drained()->set_token(token);
    static_cast<void>(control.send(message));
  });
}

/// What the supervisor does not get back as recorded, it sends to the next issuer.
void record(ControlChannel& control, Service& service, const internal::SupervisorToChild& message) {
  const bool recorded =
      message.has_crash() ? service.log_crash(message.crash()) : service.log_admin_act(message.admin_act());
  if (!recorded) return;
  internal::ChildToSupervisor answer;
  answer.mutable_recorded()->set_report(message.report());
  static_cast<void>(control.send(answer));  // a supervisor that has gone is noticed where it is listened to
}

/// What an operator asks, of an issuer that is ready.
void serve_operator(ControlChannel& control, Service& service, const internal::SupervisorToChild& message) {
  if (message.has_status()) answer_status(control, service, message.status().id());
  if (message.has_token_use()) use_token(control, service, message.token_use());
}

/// True when told to drain, false when the supervisor has gone.
bool serve(ControlChannel& control, Service& service, const Starter& starter) {
  while (true) {
    auto received = control.receive<internal::SupervisorToChild>();
    if (!received.has_value()) return false;
    const internal::SupervisorToChild& message = received->message;
    if (message.has_drain()) return true;
    if (starter.done() && (message.has_crash() || message.has_admin_act())) record(control, service, message);
    if (starter.done()) serve_operator(control, service, message);
    if (message.has_reload() && starter.done()) reload(control, service, received->descriptors);
    if (message.has_peer()) introduce(service, message.peer(), std::move(received->descriptors), starter.done());
  }
}

}  // namespace

int run_issuer(UniqueFd control_socket) {
  ControlChannel control(std::move(control_socket));
  control.limit_send_time(kLongestSend);
  auto service = make_service(control);
  if (!service.has_value()) return report_failure(control, service.error());
  const Starter starter(control, **service);
  // Without a supervisor nobody waits for answers: leaving at once is what a crash would be, and as safe. So it is
  // while the start is not over.
  if (!serve(control, **service, starter) || !starter.done()) _exit(0);
  (*service)->finish();
  return 0;
}

}  // namespace signet
