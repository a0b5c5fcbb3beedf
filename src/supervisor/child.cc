#include "supervisor/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/ops_log.h"
#include "supervisor/token_door.h"

namespace signet {

namespace {

constexpr int kControlDescriptor = 3;
constexpr int kNotStarted = 127;  // exit status of a child that did not become its program
constexpr std::chrono::milliseconds kFirstDelay{100};
constexpr std::chrono::seconds kStartTimeout{60};
constexpr int kSlowerStart = 3;  // than the longest one that was good
constexpr std::chrono::seconds kCountsAsRunning{60};
constexpr std::chrono::seconds kTimeToLeave{5};
constexpr std::chrono::seconds kLongestSend{2};

/// Children inherit nothing of the environment but what the sanitizers of a test build need.
std::vector<std::string> child_environment() {
  std::vector<std::string> environment;
  for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name); value != nullptr) environment.push_back(std::string(name) + "=" + value);
  }
  return environment;
}

/// In the child after fork: only async-signal-safe calls from here on. Standard error is the supervisor's, and what is
/// said there is all that anybody hears of a step that failed.
[[noreturn]] void give_up_starting(const ChildPlan& plan, const char* step) {
  const char* const error = strerrorname_np(errno);
  for (const char* part : {"signetd: ", plan.process.c_str(), " was not started: ", step,
                           " failed: ", error == nullptr ? "for a reason that has no name" : error, "\n"}) {
    if (write(STDERR_FILENO, part, strlen(part)) < 0) break;
  }
  _exit(kNotStarted);
}

/// Likewise. Without capabilities and as its own user it is before any line of its program runs.
[[noreturn]] void execute(const ChildPlan& plan, char* const* arguments, char* const* environment, int control,
                          int null_device, pid_t supervisor) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (setsid() < 0) give_up_starting(plan, "setsid");  // no terminal: what is typed there is for signetd's operator
  const char* const kept = plan.user.has_value() ? become(*plan.user) : nullptr;
  if (kept != nullptr) give_up_starting(plan, kept);
  if (!drop_capabilities()) give_up_starting(plan, "dropping its capabilities");
  // Should this process ever outlive the supervisor without noticing, the kernel ends it. Behind become(), at which it
  // forgets.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) give_up_starting(plan, "prctl(PR_SET_PDEATHSIG)");
  if (getppid() != supervisor) _exit(kNotStarted);
  if (dup2(null_device, STDIN_FILENO) < 0) give_up_starting(plan, "dup2 of /dev/null");
  // dup2 onto itself would leave close-on-exec set.
  if (control == kControlDescriptor ? fcntl(control, F_SETFD, 0) < 0 : dup2(control, kControlDescriptor) < 0)
    give_up_starting(plan, "dup2 of the control socket");
  if (close_range(kControlDescriptor + 1, ~0U, 0) != 0) give_up_starting(plan, "close_range");
  execve(plan.path.c_str(), arguments, environment);
  give_up_starting(plan, "execve");
}

}  // namespace

bool Exit::was_not_started() const noexcept { return signal == 0 && status == kNotStarted; }

std::string Exit::text() const {
  if (signal != 0) return fmt::format("signal {} ({})", signal, strsignal(signal));
  if (was_not_started()) return fmt::format("exit status {} (not started; standard error says why)", status);
  return fmt::format("exit status {}", status);
}

std::string Child::name() const { return token().empty() ? process() : fmt::format("{}({})", process(), token()); }

Result<void> Child::start(const DoorKey* key) {
  SIGNET_TRY(auto pair, make_control_pair());
  const UniqueFd null_device{open("/dev/null", O_RDONLY | O_CLOEXEC)};
  if (!null_device.valid()) return fail_errno(errno, "/dev/null");
  std::vector<std::string> environment = child_environment();
  std::vector<char*> environment_pointers;
  for (std::string& entry : environment) environment_pointers.push_back(entry.data());
  environment_pointers.push_back(nullptr);
  std::array<char*, 2> arguments{plan_.process.data(), nullptr};

  const pid_t supervisor = getpid();
  const pid_t pid = fork();
  if (pid < 0) return fail_errno(errno, name() + ": fork");
  if (pid == 0)
    execute(plan_, arguments.data(), environment_pointers.data(), pair.second.get(), null_device.get(), supervisor);

  pid_ = pid;
  control_.emplace(std::move(pair.first));
  control_->limit_send_time(kLongestSend);
  state_ = State::kStarting;
  at_work_at_ = started_at_ = std::chrono::steady_clock::now();
  if (was_started_) ++restarts_;
  was_started_ = true;
  gave_a_reason_ = false;
  plan_.start.set_restarts(restarts_);
  internal::SupervisorToChild message;
  *message.mutable_start() = plan_.start;
  if (key == nullptr) return send(message, plan_.descriptors);
  internal::Pin& pin = *message.mutable_start()->mutable_pin();
  pin.set_despite_count_low(key->despite_count_low);
  pin.set_despite_final_try(key->despite_final_try);
  SIGNET_CHECK(send(message, plan_.descriptors));
  auto sent = control_->send_secret(key->pin);
  if (!sent.has_value()) kill_now();
  return sent;
}

std::optional<internal::ChildToSupervisor> Child::read_control() {
  if (!control_.has_value() || !control_->has_message()) return std::nullopt;
  auto received = control_->receive<internal::ChildToSupervisor>();
  if (!received.has_value()) {
    control_.reset();
    kill_at = std::chrono::steady_clock::now() + kTimeToLeave;
    return std::nullopt;
  }
  heard_at_ = std::chrono::steady_clock::now();
  if (received->message.has_ready()) note_ready();
  if (received->message.has_failed()) gave_a_reason_ = true;
  if (received->message.has_still_starting()) at_work_at_ = heard_at_;
  return std::move(received->message);
}

void Child::note_ready() {
  state_ = State::kReady;
  slow_starts_ = 0;
  // One that read a long journal does so once: the next start need not take as long.
  if (at_work_at_ == started_at_) longest_start_ = std::max(longest_start_, heard_at_ - started_at_);
}

std::chrono::steady_clock::duration Child::start_patience() const noexcept {
  if (plan_.longest_silence.count() == 0 || longest_start_.count() == 0) return kStartTimeout;
  const auto patience =
      std::max<std::chrono::steady_clock::duration>(plan_.longest_silence, kSlowerStart * longest_start_);
  return std::min<std::chrono::steady_clock::duration>(patience * (1U << std::min(slow_starts_, 6U)), kStartTimeout);
}

std::chrono::steady_clock::time_point Child::start_deadline() const noexcept { return at_work_at_ + start_patience(); }

std::optional<Ultimatum> Child::ultimatum() const noexcept {
  if (pid_ <= 0) return std::nullopt;
  if (kill_at.has_value()) return Ultimatum{.at = *kill_at, .why = "it was to leave, and stays"};
  if (state_ == State::kReady && plan_.longest_silence.count() > 0)
    return Ultimatum{.at = heard_at_ + plan_.longest_silence, .why = "it does not say any more that it lives"};
  if (state_ == State::kStarting && process() != "signet-issuer")
    return Ultimatum{.at = start_deadline(), .why = "it does not become ready"};
  return std::nullopt;
}

Result<void> Child::send(const google::protobuf::Message& message, std::span<const int> descriptors) {
  if (!control_.has_value()) return fail(ErrorCode::kUnavailable, name() + " is not running");
  auto sent = control_->send(message, descriptors);
  if (!sent.has_value()) kill_now();
  return sent;
}

void Child::reaped() noexcept {
  if (state_ == State::kStarting && std::chrono::steady_clock::now() >= start_deadline()) ++slow_starts_;
  pid_ = -1;
  state_ = State::kStopped;
  control_.reset();
  kill_at.reset();
  alive.reset();
}

void Child::kill_now() noexcept {
  if (pid_ > 0) kill(pid_, SIGKILL);
}

std::chrono::milliseconds Child::next_delay(std::chrono::steady_clock::time_point now) noexcept {
  if (now - started_at_ > kCountsAsRunning) failures_in_a_row_ = 0;
  const unsigned doublings = std::min(failures_in_a_row_++, 6U);
  return std::min(kFirstDelay * (1U << doublings), plan_.longest_delay);
}

}  // namespace signet
