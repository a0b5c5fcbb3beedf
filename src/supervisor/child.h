// One process of the daemon, as the supervisor sees it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/privileges.h"
#include "wire/control.h"
#include "wire/internal.pb.h"

namespace signet {

struct DoorKey;

/// How a child left.
struct Exit {
  int signal = 0;  ///< 0 when it exited by itself
  int status = 0;
  bool was_ready = false;  ///< before it left
  /// It never became its program.
  [[nodiscard]] bool was_not_started() const noexcept;
  [[nodiscard]] std::string text() const;
};

/// What a child is and how it is started. Descriptors are borrowed and live as long as the supervisor.
struct ChildPlan {
  std::string process;                            ///< the executable's name: "signet-front"
  std::string path;                               ///< where it is
  internal::Start start;                          ///< its first message
  std::vector<int> descriptors;                   ///< that travel with it
  std::optional<ProcessUser> user = {};           ///< whom it runs as; nothing = this process's own
  std::chrono::milliseconds longest_delay{5000};  ///< before it is started again
  /// It says all the time that it lives (internal::Alive); once ready, it is killed after so long a silence. 0 = it
  /// does not.
  std::chrono::milliseconds longest_silence{0};
};

/// When a child is to be killed, and why.
struct Ultimatum {
  std::chrono::steady_clock::time_point at;
  std::string_view why;
};

/// Starts, knows and ends one child. Single-threaded. A Child that is destroyed while its process runs closes the
/// control socket, at which the process leaves by itself.
class Child {
 public:
  enum class State { kStopped, kStarting, kReady };

  explicit Child(ChildPlan plan) : plan_(std::move(plan)) {}

  /// Forks and executes, and sends Start; to a keyholder with the PIN behind it. Errors: the process could not be made.
  [[nodiscard]] Result<void> start(const DoorKey* key = nullptr);
  /// Reads one message of the child, if there is one: never blocks. Nothing where there is none, or where the child has
  /// closed the socket (control_fd() is -1 then; its exit status follows by reaped()). A `Ready` changes state().
  [[nodiscard]] std::optional<internal::ChildToSupervisor> read_control();
  /// A child that takes no messages for two seconds is killed: the supervisor waits for nobody longer than that.
  [[nodiscard]] Result<void> send(const google::protobuf::Message& message, std::span<const int> descriptors = {});
  /// What travels with Start from the next start on.
  void replace_descriptors(std::vector<int> descriptors) { plan_.descriptors = std::move(descriptors); }
  /// waitpid() returned this child's pid.
  void reaped() noexcept;
  void kill_now() noexcept;

  /// The earliest reason to kill it: it has closed its socket and stays (kill_at), it is silent (ChildPlan), it does
  /// not become ready. The last is a minute, but never for the issuer, which reads its whole log however long that
  /// takes, and counted anew when a keyholder says that it reads a long journal (internal::StillStarting); and of a
  /// process that says that it lives and has been ready before, its longest silence or thrice the time it needed then,
  /// doubled with each start that was ended for that, up to a minute.
  [[nodiscard]] std::optional<Ultimatum> ultimatum() const noexcept;

  /// Restart back-off: 0.1 s, doubled up to the plan's longest_delay; a child that was ready for a minute begins anew.
  [[nodiscard]] std::chrono::milliseconds next_delay(std::chrono::steady_clock::time_point now) noexcept;

  [[nodiscard]] const std::string& process() const noexcept { return plan_.process; }
  [[nodiscard]] const std::string& token() const noexcept { return plan_.start.token(); }
  /// "signet-front" or "signet-keyholder(soft)".
  [[nodiscard]] std::string name() const;
  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] bool has_said_something() const noexcept { return control_.has_value() && control_->has_message(); }
  [[nodiscard]] int control_fd() const noexcept { return control_.has_value() ? control_->fd() : -1; }
  [[nodiscard]] std::uint32_t restarts() const noexcept { return restarts_; }
  /// The one that was started last said why it cannot go on (internal::Failure).
  [[nodiscard]] bool gave_a_reason() const noexcept { return gave_a_reason_; }
  [[nodiscard]] std::chrono::steady_clock::time_point started_at() const noexcept { return started_at_; }

  std::optional<std::chrono::steady_clock::time_point> restart_at;  ///< when the supervisor starts it again
  std::optional<std::chrono::steady_clock::time_point>
      kill_at;                           ///< when a child that has closed its socket must be gone
  std::uint64_t link_generation = 0;     ///< of the socket pair between it and the issuer
  std::string last_exit;                 ///< how it left the last time, for people
  std::string last_failure;              ///< why it said that it cannot go on, the last time
  std::optional<internal::Alive> alive;  ///< what a keyholder said of itself last

 private:
  void note_ready();
  [[nodiscard]] std::chrono::steady_clock::duration start_patience() const noexcept;
  [[nodiscard]] std::chrono::steady_clock::time_point start_deadline() const noexcept;

  ChildPlan plan_;
  State state_ = State::kStopped;
  pid_t pid_ = -1;
  std::optional<ControlChannel> control_;
  std::uint32_t restarts_ = 0;
  unsigned failures_in_a_row_ = 0;
  bool was_started_ = false;
  bool gave_a_reason_ = false;
  std::chrono::steady_clock::time_point started_at_{};
  std::chrono::steady_clock::time_point at_work_at_{};    // when a start began, or said that it goes on
  std::chrono::steady_clock::time_point heard_at_{};      // when it said something last
  std::chrono::steady_clock::duration longest_start_{0};  // of those that became ready without delay; 0 = none
  unsigned slow_starts_ = 0;                              // in a row, that were given up
};

}  // namespace signet
