#include "supervisor/supervisor.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <deque>
#include <optional>

#include "base/ops_log.h"
#include "base/sandbox.h"
#include "supervisor/admin_desk.h"
#include "supervisor/child_messages.h"
#include "supervisor/links.h"
#include "supervisor/log_reports.h"
#include "supervisor/notify.h"
#include "supervisor/plan.h"
#include "supervisor/readiness.h"
#include "supervisor/reload.h"
#include "supervisor/shutdown.h"
#include "supervisor/signals.h"
#include "supervisor/tokens.h"
#include "wire/status.h"

namespace signet {

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::size_t kLongestReason = 4096;

/// The event loop. Single-threaded; everything happens in turn().
class Supervisor {
 public:
  Supervisor(LoadedConfig loaded, UniqueFd listener, AdminSocket admin, std::string ready_file)
      : loaded_(std::move(loaded)),
        listener_(std::move(listener)),
        readiness_(loaded_.config, children_, tokens_, std::move(ready_file)),
        desk_(desk_world(), std::move(admin)) {}

  Result<void> run(InheritedDescriptors inherited) {
    SIGNET_CHECK(tokens_.prepare(inherited));  // may wait for a pipe, and a signal still ends that
    inherited = {};
    SIGNET_CHECK(signals_.open());
    SIGNET_CHECK(start_children());
    while (!shutdown_.finished()) {
      SIGNET_CHECK(wait_for_events());
      act_on_time();
    }
    if (failure_.has_value()) return std::unexpected(*failure_);
    ops::info("stopped");
    return {};
  }

 private:
  // Starting -----------------------------------------------------------------------------------------------------

  Result<void> start_children() {
    SIGNET_TRY(const std::vector<ChildPlan> plans, plan_children(loaded_, listener_));
    for (const ChildPlan& plan : plans) children_.emplace_back(plan);
    tokens_.know(children_);
    for (Child& child : children_) SIGNET_CHECK(start(child));
    return {};  // no keyholder is ready yet: each is joined with the issuer when it says so
  }

  /// A keyholder whose token waits for an operator is left as it is.
  Result<void> start(Child& child) { return child.process() == kKeyholder ? tokens_.start(child) : child.start(); }

  /// Whatever becomes ready, is held or is away may be the last that was waited for.
  void announce_if_ready() {
    if (readiness_.announced() || shutdown_.begun() || !readiness_.is_reached()) return;
    reload_.set_announced(true);
    check(readiness_.announce(address_of(listener_).value_or("?")));
  }

  // Events -------------------------------------------------------------------------------------------------------

  Result<void> wait_for_events() {
    std::vector<pollfd> watched{{.fd = signals_.fd(), .events = POLLIN, .revents = 0}};
    for (const Child& child : children_) watched.push_back({.fd = child.control_fd(), .events = POLLIN, .revents = 0});
    const std::size_t first_of_desk = watched.size();
    if (!shutdown_.begun()) desk_.watch(watched);
    if (poll(watched.data(), watched.size(), milliseconds_to_next_timer()) < 0 && errno != EINTR)
      return fail_errno(errno, "poll");
    for (std::size_t i = 0; i < children_.size(); ++i) {
      if (watched[i + 1].revents != 0) read_child(children_[i]);
    }
    if (watched[0].revents != 0) read_signals();
    const auto of_desk = std::span(watched).subspan(first_of_desk);
    const bool asked = std::ranges::any_of(of_desk, [](const pollfd& each) { return each.revents != 0; });
    if (asked && !shutdown_.begun()) desk_.serve(std::chrono::steady_clock::now());
    return {};
  }

  void read_child(Child& child) {
    const auto message = child.read_control();
    if (!message.has_value()) return;
    if (!may_say(child.process(), message->message_case())) return on_lie(child, message->message_case());
    switch (message->message_case()) {
      case internal::ChildToSupervisor::kReady: return on_ready(child);
      case internal::ChildToSupervisor::kFailed: return note_failure(child, from_failure(message->failed()));
      case internal::ChildToSupervisor::kPeerLost: return on_peer_lost(message->peer_lost().generation());
      case internal::ChildToSupervisor::kLoggingIn:
      case internal::ChildToSupervisor::kLoggedIn: return on_login(child, message->has_logged_in());
      case internal::ChildToSupervisor::kAlive: child.alive = message->alive(); return;
      case internal::ChildToSupervisor::kTokenDrained:
        return tokens_.issuer_is_done_with(message->token_drained().token());
      case internal::ChildToSupervisor::kRecorded:
        reports_.recorded(message->recorded().report());
        return reports_.send(*find(kIssuer));
      case internal::ChildToSupervisor::kIssuerStatus: return desk_.answered(message->issuer_status());
      case internal::ChildToSupervisor::kReloaded:
        reload_.answered(message->reloaded(), child);
        return go_on_reloading();
      case internal::ChildToSupervisor::kStillStarting:  // the child knows (Child::ultimatum)
      case internal::ChildToSupervisor::MESSAGE_NOT_SET: return;
    }
  }

  /// Somebody else's program runs in it, or one with a bug; what it said is not acted on. Its death is logged.
  static void on_lie(Child& child, internal::ChildToSupervisor::MessageCase message) {
    ops::error("process said what is not for it to say, and is killed",
               {{"process", child.name()}, {"message", name_of_message(message)}});
    child.kill_now();
  }

  void on_login(const Child& child, bool done) {
    TokenDoor& door = tokens_.of(child).door;
    done ? door.pin_was_right() : door.pin_is_tried();
  }

  void on_peer_lost(std::uint64_t generation) {
    if (!shutdown_.begun()) check(links_.join_again(generation));
  }

  /// What ends the daemon when it fails.
  void check(const Result<void>& result) {
    if (!result.has_value()) give_up(result.error());
  }

  /// The child said why it cannot go on. Before the daemon was ready that is the end of all, and later it is restarted.
  /// But one that could not log in leaves its token shut until an operator opens it; and one whose token is away is
  /// restarted from the beginning, where other tokens have the keys.
  void note_failure(Child& child, const Error& error) {
    child.last_failure = printable(error.message, kLongestReason);
    ops::error("process cannot go on", {{"process", child.name()}, {"reason", child.last_failure}});
    const bool closed = child.process() == kKeyholder && tokens_.of(child).door.closes_for(error);
    if (closed) desk_.not_opened(child.token(), error);
    if (shutdown_.begun()) return;  // it leaves anyway, and is not what ends the daemon
    if (closed) return readiness_.tell_what_is_waited_for();
    if (child.process() == kKeyholder && error.retryable) return on_token_away(child, error);
    if (child.process() == kKeyholder) tokens_.not_away(child);
    if (!readiness_.announced())
      give_up(Error{
          .code = error.code, .message = child.name() + ": " + child.last_failure, .field = printable(error.field)});
  }

  void on_token_away(const Child& keyholder, const Error& why) {
    tokens_.gone_away(keyholder, why);
    if (!readiness_.announced()) check(tokens_.check_keys());
    if (!shutdown_.begun()) readiness_.tell_what_is_waited_for();  // unless the check ended the start
  }

  void on_ready(Child& child) {
    ops::info("process ready", {{"process", child.name()}, {"pid", std::to_string(child.pid())}});
    check(links_.join_new(child));
    if (child.process() == kIssuer) {
      reports_.send(child);
      tokens_.issuer_is_ready();
      go_on_reloading();
    }
    if (child.process() == kKeyholder) on_token_open(child);
    announce_if_ready();
  }

  void on_token_open(Child& keyholder) {
    tokens_.of(keyholder).door.opened();
    tokens_.not_away(keyholder);
    keyholder.last_failure.clear();
    desk_.opened(keyholder.token());
    readiness_.tell_what_is_waited_for();
  }

  void read_signals() {
    for (const int number : signals_.read()) on_signal(number);
    for (Child& child : children_) reap(child);
  }

  void on_signal(int number) {
    if (number == SIGCHLD) return;
    if (number != SIGHUP) return begin_stop(fmt::format("signal {}", number));
    reload_.want();
    go_on_reloading();
  }

  void go_on_reloading() {
    if (!shutdown_.begun()) reload_.go_on(*find(kIssuer));
  }

  static bool has_ended(pid_t pid) {
    siginfo_t ended{};
    return waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == pid;
  }

  void reap(Child& child) {
    if (child.pid() <= 0 || !has_ended(child.pid())) return;
    // Its last words; never waits for more. Until waitpid() its id is nobody else's, so that whatever they make us do
    // to it hits nobody.
    while (child.has_said_something()) read_child(child);
    int status = 0;
    if (waitpid(child.pid(), &status, WNOHANG) != child.pid()) return;
    const Exit exit{.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                    .status = WIFEXITED(status) ? WEXITSTATUS(status) : 0,
                    .was_ready = child.state() == Child::State::kReady};
    child.reaped();
    child.last_exit = exit.text();
    if (child.process() == kIssuer) on_issuer_died();
    if (child.process() == kKeyholder) tokens_.of(child).door.left();
    if (shutdown_.begun()) return on_exit_while_stopping(child, exit);
    if (child.process() == kKeyholder) on_keyholder_left(child);
    if (child.process() == kKeyholder && tokens_.is_held(child)) return leave_down(child, exit);
    if (lost_its_token(child, exit)) on_token_away(child, how_it_left(child, exit));
    if (shutdown_.begun()) return;
    const bool may_be_away = child.process() == kKeyholder && tokens_.is_away(child);
    if (!readiness_.announced() && !may_be_away) return give_up(how_it_left(child, exit));
    schedule_restart(child, exit);
    announce_if_ready();
  }

  /// A module that crashes, hangs or ends its process is as good as a token that is not there. A keyholder that leaves
  /// for a reason of its own says so.
  static bool lost_its_token(const Child& child, const Exit& exit) {
    return child.process() == kKeyholder && !child.gave_a_reason() && !exit.was_not_started();
  }

  void on_issuer_died() {
    reports_.issuer_died();
    reload_.issuer_died();
    tokens_.issuer_died();
    desk_.issuer_died();
  }

  void on_keyholder_left(const Child& child) {
    std::string why = child.last_failure.empty() ? child.last_exit : child.last_failure;
    if (tokens_.of(child).door.pin_waits()) why += "; the PIN was not tried, and waits in memory until it is";
    desk_.not_opened(child.token(),
                     Error{.code = ErrorCode::kUnavailable, .message = fmt::format("{} left: {}", child.name(), why)});
    desk_.has_left(child.token());
  }

  void remember_crash(const Child& child, const Exit& exit) {
    reports_.add(child, exit);
    reports_.send(*find(kIssuer));
  }

  /// An operator starts it again. One that was drained leaves as it is meant to.
  void leave_down(const Child& child, const Exit& exit) {
    const bool clean = exit.signal == 0 && exit.status == 0;
    if (!clean) remember_crash(child, exit);
    tokens_.not_away(child);  // whoever acts for it will see
    ops::warning("process stays down until an operator acts",
                 {{"process", child.name()}, {"how", exit.text()}, {"next", tokens_.of(child).door.next_step()}});
    readiness_.tell_what_is_waited_for();
    announce_if_ready();
  }

  void schedule_restart(Child& child, const Exit& exit) {
    remember_crash(child, exit);
    const auto now = std::chrono::steady_clock::now();
    const auto delay = child.next_delay(now);
    child.restart_at = now + delay;
    ops::error("process died; it is restarted",
               {{"process", child.name()}, {"how", exit.text()}, {"in_ms", std::to_string(delay.count())}});
    if (child.process() == kKeyholder) readiness_.tell_what_is_waited_for();
  }

  // Stopping -----------------------------------------------------------------------------------------------------

  void begin_stop(const std::string& why) {
    if (shutdown_.begun()) return;
    shutdown_.begin();
    reload_.set_announced(false);
    ops::info("stopping", {{"why", why}});
    desk_.stop();
    notify_service_manager("STOPPING=1");
    shutdown_.go_on();
  }

  void give_up(const Error& error) {
    if (!failure_.has_value()) failure_ = error;
    begin_stop("failure");
  }

  Error how_it_left(const Child& child, const Exit& exit) const {
    const char* const when = readiness_.announced() ? "left" : "left before the daemon was ready";
    return {.code = ErrorCode::kInternal, .message = fmt::format("{} {}: {}", child.name(), when, exit.text())};
  }

  void on_exit_while_stopping(const Child& child, const Exit& exit) {
    const bool clean = exit.signal == 0 && exit.status == 0;
    if (!clean) remember_crash(child, exit);
    if (!clean) ops::warning("process did not leave cleanly", {{"process", child.name()}, {"how", exit.text()}});
    shutdown_.has_left();
  }

  // Time ---------------------------------------------------------------------------------------------------------

  void act_on_time() {
    const SteadyTime now = std::chrono::steady_clock::now();
    desk_.act_on_time(now);
    for (Child& child : children_) {
      if (child.restart_at.has_value() && *child.restart_at <= now) restart(child);
      const auto ultimatum = child.ultimatum();
      if (ultimatum.has_value() && ultimatum->at <= now && !child.has_said_something()) end(child, *ultimatum);
    }
    shutdown_.act_on_time(now);
  }

  static void end(Child& child, const Ultimatum& ultimatum) {
    ops::error("process is killed", {{"process", child.name()}, {"why", std::string(ultimatum.why)}});
    child.kill_now();
    child.kill_at = std::chrono::steady_clock::now() + std::chrono::seconds(1);  // it is said once
  }

  void restart(Child& child) {
    child.restart_at.reset();
    if (const auto started = start(child); !started.has_value()) return on_not_started(child, started.error());
    if (child.process() == kIssuer) check(links_.join_keyholders(child));
  }

  void on_not_started(Child& child, const Error& error) {
    ops::error("process could not be started", {{"process", child.name()}, {"reason", error.message}});
    child.last_failure = printable(error.message, kLongestReason);
    if (child.process() == kKeyholder) desk_.not_opened(child.token(), error);
    child.kill_now();
    if (child.pid() > 0) return;  // reap() goes on
    const auto now = std::chrono::steady_clock::now();
    if (child.process() != kKeyholder) {
      child.restart_at = now + child.next_delay(now);
      return;
    }
    tokens_.of(child).door.left();
    const bool was_away = tokens_.is_away(child);
    tokens_.not_away(child);  // it may be back: something else keeps it from being used
    if (!tokens_.is_held(child)) child.restart_at = now + child.next_delay(now);
    if (was_away && !tokens_.is_held(child) && !readiness_.announced()) return give_up(error);  // as a mistake does
    readiness_.tell_what_is_waited_for();
    announce_if_ready();
  }

  int milliseconds_to_next_timer() const {
    SteadyTime next = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (const Child& child : children_) {
      if (child.restart_at.has_value()) next = std::min(next, *child.restart_at);
      if (const auto ultimatum = child.ultimatum(); ultimatum.has_value()) next = std::min(next, ultimatum->at);
    }
    next = std::min(next, shutdown_.next_time().value_or(next));
    next = std::min(next, desk_.next_time().value_or(next));
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - std::chrono::steady_clock::now());
    return static_cast<int>(std::max<std::int64_t>(left.count(), 1));
  }

  // ----------------------------------------------------------------------------------------------------------------

  AdminDeskWorld desk_world() {
    return {.tokens = tokens_,
            .reload = reload_,
            .reports = reports_,
            .clock = system_clock(),
            .issuer = [this]() -> Child& { return *find(kIssuer); },
            .facts = [this] { return facts(); },
            .start_keyholder = [this](Child& keyholder) { restart(keyholder); },
            .go_on_reloading = [this] { go_on_reloading(); }};
  }

  DaemonFacts facts() {
    return {.loaded = loaded_,
            .children = children_,
            .tokens = tokens_,
            .state = shutdown_.begun()        ? "stopping"
                     : readiness_.announced() ? "ready"
                                              : "starting",
            .address = address_of(listener_).value_or("?"),
            .started = started_};
  }

  Child* find(std::string_view process) {
    const auto found = std::ranges::find_if(children_, [&](const Child& c) { return c.process() == process; });
    return found == children_.end() ? nullptr : &*found;
  }

  LoadedConfig loaded_;
  Reload reload_{loaded_};
  UniqueFd listener_;
  Signals signals_;
  const Time started_ = system_clock().now();
  std::deque<Child> children_;
  Links links_{children_};
  Shutdown shutdown_{children_};
  LogReports reports_;
  Tokens tokens_{loaded_.config, loaded_.config.state.directory};
  Readiness readiness_;
  std::optional<Error> failure_;
  AdminDesk desk_;  // uses all of the above
};

/// Its folder is the state folder, unless somebody chose another: that one is there before the daemon is.
Result<AdminSocket> open_admin_socket(const DaemonConfig& config) {
  if (directory_of(config.admin.socket) == config.state.directory)
    SIGNET_CHECK(make_directory(config.state.directory, 0700));
  return AdminSocket::open(config.admin);
}

}  // namespace

Result<void> check_configuration(const std::string& config_file) {
  SIGNET_TRY([[maybe_unused]] const LoadedConfig loaded, load_configuration(config_file));
  return {};
}

Result<void> run_daemon(const SupervisorOptions& options, InheritedDescriptors inherited) {
  SIGNET_CHECK(harden_process());
  SIGNET_TRY(LoadedConfig loaded, load_configuration(options.config_file));
  SIGNET_CHECK(check_may_run(loaded, geteuid()));
  SIGNET_CHECK(prepare_state(loaded.config, loaded.users));
  SIGNET_TRY(UniqueFd listener, open_listener(loaded.config.listen.address));
  SIGNET_TRY(AdminSocket admin, open_admin_socket(loaded.config));
  SIGNET_CHECK(enter_supervisor_sandbox());
  return Supervisor(std::move(loaded), std::move(listener), std::move(admin), options.ready_file)
      .run(std::move(inherited));
}

}  // namespace signet
