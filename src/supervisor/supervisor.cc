#include "supervisor/supervisor.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <deque>
#include <optional>

#include "base/ops_log.h"
#include "base/sandbox.h"
#include "supervisor/notify.h"
#include "supervisor/plan.h"
#include "supervisor/reload.h"
#include "wire/channel.h"
#include "wire/status.h"

namespace signet {

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::chrono::seconds kStartTimeout{60};  // a front or keyholder that is not ready by then is ended
constexpr std::chrono::seconds kDrainTimeout{30};  // per process, at shutdown
constexpr std::size_t kMaxPendingCrashes = 1000;

constexpr std::string_view kFront = "signet-front";
constexpr std::string_view kIssuer = "signet-issuer";
constexpr std::string_view kKeyholder = "signet-keyholder";

internal::Peer::Role role_of(const Child& child) {
  if (child.process() == kFront) return internal::Peer::ROLE_FRONT;
  if (child.process() == kIssuer) return internal::Peer::ROLE_ISSUER;
  return internal::Peer::ROLE_KEYHOLDER;
}

/// The event loop. Single-threaded; everything happens in turn().
class Supervisor {
 public:
  Supervisor(LoadedConfig loaded, UniqueFd listener, std::string ready_file)
      : loaded_(std::move(loaded)), listener_(std::move(listener)), ready_file_(std::move(ready_file)) {}

  Result<void> run() {
    SIGNET_CHECK(open_signals());
    if (!ready_file_.empty()) unlink(ready_file_.c_str());  // of a daemon that was killed
    SIGNET_CHECK(start_children());
    while (!finished()) {
      SIGNET_CHECK(wait_for_events());
      act_on_time();
    }
    if (!ready_file_.empty()) unlink(ready_file_.c_str());
    if (failure_.has_value()) return std::unexpected(*failure_);
    ops::info("stopped");
    return {};
  }

 private:
  // Starting -----------------------------------------------------------------------------------------------------

  Result<void> open_signals() {
    sigset_t watched;
    sigemptyset(&watched);
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&watched, number);
    if (signal(SIGCHLD, SIG_DFL) == SIG_ERR) return fail_errno(errno, "signal");  // ignored, deaths would go unseen
    if (sigprocmask(SIG_BLOCK, &watched, nullptr) != 0) return fail_errno(errno, "sigprocmask");
    signals_ = UniqueFd{signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK)};
    if (!signals_.valid()) return fail_errno(errno, "signalfd");
    return {};
  }

  Result<void> start_children() {
    SIGNET_TRY(const std::vector<ChildPlan> plans, plan_children(loaded_, listener_));
    for (const ChildPlan& plan : plans) children_.emplace_back(plan);
    for (Child& child : children_) SIGNET_CHECK(child.start());
    return {};  // no keyholder is ready yet: each is joined with the issuer when it says so
  }

  void announce_ready() {
    announced_ = true;
    reload_.set_announced(true);
    const Result<std::string> address = address_of(listener_);
    const std::string where = address.value_or("?");
    if (!ready_file_.empty()) {
      const std::string text = fmt::format("{{\"address\":\"{}\",\"pid\":{}}}\n", where, getpid());
      if (const auto written = replace_file(ready_file_, bytes_of(text), 0644); !written.has_value()) {
        return give_up(written.error());
      }
    }
    notify_service_manager("READY=1");
    ops::info("ready", {{"address", where}});
  }

  // Events -------------------------------------------------------------------------------------------------------

  Result<void> wait_for_events() {
    std::vector<pollfd> watched{{.fd = signals_.get(), .events = POLLIN, .revents = 0}};
    for (const Child& child : children_) watched.push_back({.fd = child.control_fd(), .events = POLLIN, .revents = 0});
    if (poll(watched.data(), watched.size(), milliseconds_to_next_timer()) < 0 && errno != EINTR)
      return fail_errno(errno, "poll");
    for (std::size_t i = 0; i < children_.size(); ++i) {
      if (watched[i + 1].revents != 0) read_child(children_[i]);
    }
    if (watched[0].revents != 0) read_signals();
    return {};
  }

  void read_child(Child& child) {
    const auto message = child.read_control();
    if (!message.has_value()) return;
    if (message->has_ready()) on_ready(child);
    if (message->has_failed()) note_failure(child, from_failure(message->failed()));
    if (message->has_peer_lost()) join_again(message->peer_lost().generation());
    if (message->has_reloaded()) {
      reload_.answered(message->reloaded(), child);
      go_on_reloading();
    }
  }

  /// The child said why it cannot go on. Before the daemon was ready that is the end of all; later it is restarted,
  /// unless it could not log in.
  void note_failure(Child& child, const Error& error) {
    child.stays_down = error.code == ErrorCode::kUnauthenticated;
    ops::error("process cannot go on", {{"process", child.name()}, {"reason", error.message}});
    if (!announced_)
      give_up(Error{.code = error.code, .message = child.name() + ": " + error.message, .field = error.field});
  }

  void on_ready(Child& child) {
    ops::info("process ready", {{"process", child.name()}, {"pid", std::to_string(child.pid())}});
    join_new(child);
    if (child.process() == kIssuer) {
      send_pending_crashes();
      go_on_reloading();
    }
    const bool all = std::ranges::all_of(children_, [](const Child& c) { return c.state() == Child::State::kReady; });
    if (all && !announced_ && !stopping_) announce_ready();
  }

  void read_signals() {
    signalfd_siginfo info{};
    while (read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      on_signal(static_cast<int>(info.ssi_signo));
    }
    for (Child& child : children_) reap(child);
  }

  void on_signal(int number) {
    if (number == SIGCHLD) return;
    if (number != SIGHUP) return begin_stop(fmt::format("signal {}", number));
    reload_.want();
    go_on_reloading();
  }

  void go_on_reloading() {
    if (!stopping_) reload_.go_on(*find(kIssuer));
  }

  void reap(Child& child) {
    int status = 0;
    if (child.pid() <= 0 || waitpid(child.pid(), &status, WNOHANG) != child.pid()) return;
    while (child.has_said_something()) read_child(child);  // its last words; never waits for more
    const Exit exit{.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                    .status = WIFEXITED(status) ? WEXITSTATUS(status) : 0};
    child.reaped();
    if (child.process() == kIssuer) reload_.issuer_died();
    if (stopping_) return on_exit_while_stopping(child, exit);
    if (!announced_) return give_up_on(child, exit);
    schedule_restart(child, exit);
  }

  void schedule_restart(Child& child, const Exit& exit) {
    remember_crash(child, exit);
    if (child.stays_down) {
      return ops::error("process stays down until signetd is started again",
                        {{"process", child.name()}, {"how", exit.text()}});
    }
    const auto now = std::chrono::steady_clock::now();
    const auto delay = child.next_delay(now);
    child.restart_at = now + delay;
    ops::error("process died; it is restarted",
               {{"process", child.name()}, {"how", exit.text()}, {"in_ms", std::to_string(delay.count())}});
  }

  // Joining ------------------------------------------------------------------------------------------------------

  /// Whether the two can be joined now. The issuer needs its keyholders to become ready (it asks them what the log's
  /// key signed last), so it is joined with those that are ready while it starts; the front is for a ready one only.
  static bool can_join(const Child& issuer, const Child& other) {
    if (other.process() == kIssuer || other.state() != Child::State::kReady || other.control_fd() < 0) return false;
    if (issuer.control_fd() < 0) return false;
    return other.process() == kFront ? issuer.state() == Child::State::kReady
                                     : issuer.state() != Child::State::kStopped;
  }

  /// Joins `child`, which has just become ready, with whom it talks to. A keyholder that was joined with an issuer
  /// while that was starting stays joined when the issuer is ready.
  void join_new(Child& child) {
    Child* issuer = find(kIssuer);
    if (child.process() != kIssuer) return join_if_possible(*issuer, child);
    for (Child& other : children_) {
      if (other.process() == kFront) join_if_possible(*issuer, other);
    }
  }

  /// The issuer was started again: its keyholders stand there already.
  void join_keyholders(Child& issuer) {
    for (Child& other : children_) {
      if (other.process() == kKeyholder) join_if_possible(issuer, other);
    }
  }

  void join_if_possible(Child& issuer, Child& other) {
    if (can_join(issuer, other)) join(issuer, other);
  }

  /// A new socket pair for the issuer and one of the others.
  void join(Child& issuer, Child& other) {
    auto pair = make_stream_pair();
    if (!pair.has_value()) return give_up(pair.error());
    other.link_generation = ++generation_;
    send_peer(issuer, other, pair->first);
    send_peer(other, issuer, pair->second);
  }

  /// Tells `to` that `peer` is at the other end of `socket`. If `to` has just died this fails, and its restart joins
  /// anew.
  void send_peer(Child& to, const Child& peer, const UniqueFd& socket) {
    internal::SupervisorToChild message;
    message.mutable_peer()->set_role(role_of(peer));
    message.mutable_peer()->set_token(peer.token().empty() ? to.token() : peer.token());
    message.mutable_peer()->set_generation(generation_);
    const int descriptor = socket.get();
    if (const auto sent = to.send(message, std::span(&descriptor, 1)); !sent.has_value()) {
      ops::warning("a peer could not be announced", {{"process", to.name()}, {"reason", sent.error().message}});
    }
  }

  /// The issuer lost a link. If it is not an older one and its process lives on, the two get a new one.
  void join_again(std::uint64_t generation) {
    Child* issuer = find(kIssuer);
    for (Child& child : children_) {
      const bool lost = child.link_generation == generation && child.process() != kIssuer;
      if (!lost || !can_join(*issuer, child) || stopping_) continue;
      ops::warning("a link broke and is renewed",
                   {{"process", child.name()}, {"generation", std::to_string(generation)}});
      join(*issuer, child);
    }
  }

  // Crashes, for the audit log -----------------------------------------------------------------------------------

  void remember_crash(const Child& child, const Exit& exit) {
    internal::Crash crash;
    crash.set_process(child.name());
    crash.set_signal(exit.signal);
    crash.set_exit_status(exit.status);
    crash.set_restarts(child.restarts());
    if (crashes_.size() < kMaxPendingCrashes) crashes_.push_back(std::move(crash));
    send_pending_crashes();
  }

  void send_pending_crashes() {
    Child* issuer = find(kIssuer);
    while (issuer != nullptr && issuer->state() == Child::State::kReady && !crashes_.empty()) {
      internal::SupervisorToChild message;
      *message.mutable_crash() = crashes_.front();
      if (!issuer->send(message).has_value()) return;
      crashes_.pop_front();
    }
  }

  // Stopping -----------------------------------------------------------------------------------------------------

  void begin_stop(const std::string& why) {
    if (stopping_) return;
    stopping_ = true;
    reload_.set_announced(false);
    ops::info("stopping", {{"why", why}});
    notify_service_manager("STOPPING=1");
    for (Child& child : children_) child.restart_at.reset();
    drain_next();
  }

  void give_up(const Error& error) {
    if (!failure_.has_value()) failure_ = error;
    begin_stop("failure");
  }

  void give_up_on(const Child& child, const Exit& exit) {
    give_up(Error{.code = ErrorCode::kInternal,
                  .message = fmt::format("{} left before the daemon was ready: {}", child.name(), exit.text())});
  }

  /// The front first, so that every request in flight is answered; then the issuer; then the keyholders.
  void drain_next() {
    for (const std::string_view process : {kFront, kIssuer, kKeyholder}) {
      if (drain_all(process)) return;
    }
  }

  bool drain_all(std::string_view process) {
    bool any = false;
    for (Child& child : children_) {
      if (child.process() != process || child.pid() <= 0) continue;
      any = true;
      internal::SupervisorToChild message;
      message.mutable_drain();
      if (!child.send(message).has_value()) child.kill_now();
    }
    drain_deadline_ = std::chrono::steady_clock::now() + kDrainTimeout;
    draining_ = process;
    return any;
  }

  void on_exit_while_stopping(const Child& child, const Exit& exit) {
    const bool clean = exit.signal == 0 && exit.status == 0;
    if (!clean) remember_crash(child, exit);
    if (!clean) ops::warning("process did not leave cleanly", {{"process", child.name()}, {"how", exit.text()}});
    const bool more =
        std::ranges::any_of(children_, [&](const Child& c) { return c.process() == draining_ && c.pid() > 0; });
    if (!more) drain_next();
  }

  // Time ---------------------------------------------------------------------------------------------------------

  void act_on_time() {
    const SteadyTime now = std::chrono::steady_clock::now();
    for (Child& child : children_) {
      if (child.restart_at.has_value() && *child.restart_at <= now) restart(child);
      if (has_start_deadline(child) && now - child.started_at() > kStartTimeout) child.kill_now();
      if (child.kill_at.has_value() && *child.kill_at <= now) child.kill_now();
      if (stopping_ && child.process() == draining_ && now > drain_deadline_) child.kill_now();
    }
  }

  /// Not the issuer: it reads its whole log before it is ready, however long that is.
  static bool has_start_deadline(const Child& child) {
    return child.state() == Child::State::kStarting && child.process() != kIssuer;
  }

  void restart(Child& child) {
    child.restart_at.reset();
    if (const auto started = child.start(); !started.has_value()) {
      ops::error("process could not be started", {{"process", child.name()}, {"reason", started.error().message}});
      child.kill_now();
      if (child.pid() <= 0)
        child.restart_at = std::chrono::steady_clock::now() + child.next_delay(std::chrono::steady_clock::now());
      return;
    }
    if (child.process() == kIssuer) join_keyholders(child);
  }

  int milliseconds_to_next_timer() const {
    SteadyTime next = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (const Child& child : children_) {
      if (child.restart_at.has_value()) next = std::min(next, *child.restart_at);
      if (has_start_deadline(child)) next = std::min(next, child.started_at() + kStartTimeout);
      if (child.kill_at.has_value()) next = std::min(next, *child.kill_at);
    }
    if (stopping_) next = std::min(next, drain_deadline_);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - std::chrono::steady_clock::now());
    return static_cast<int>(std::max<std::int64_t>(left.count(), 1));
  }

  // ----------------------------------------------------------------------------------------------------------------

  Child* find(std::string_view process) {
    const auto found = std::ranges::find_if(children_, [&](const Child& c) { return c.process() == process; });
    return found == children_.end() ? nullptr : &*found;
  }

  bool finished() const {
    return stopping_ && std::ranges::all_of(children_, [](const Child& c) { return c.pid() <= 0; });
  }

  LoadedConfig loaded_;
  Reload reload_{loaded_};
  UniqueFd listener_;
  std::string ready_file_;
  UniqueFd signals_;
  std::deque<Child> children_;
  std::deque<internal::Crash> crashes_;  // that the issuer has not been told yet
  std::uint64_t generation_ = 0;
  bool announced_ = false;
  bool stopping_ = false;
  std::string_view draining_;
  SteadyTime drain_deadline_{};
  std::optional<Error> failure_;
};

}  // namespace

Result<void> check_configuration(const std::string& config_file) {
  SIGNET_TRY([[maybe_unused]] const LoadedConfig loaded, load_configuration(config_file));
  return {};
}

Result<void> run_daemon(const SupervisorOptions& options) {
  SIGNET_CHECK(harden_process());
  SIGNET_TRY(LoadedConfig loaded, load_configuration(options.config_file));
  SIGNET_TRY(UniqueFd listener, open_listener(loaded.config.listen.address));
  SIGNET_CHECK(enter_supervisor_sandbox());
  return Supervisor(std::move(loaded), std::move(listener), options.ready_file).run();
}

}  // namespace signet
