// When the daemon is up, and who is told.
#pragma once

#include <deque>
#include <string>

#include "config/daemon_config.h"
#include "supervisor/child.h"
#include "supervisor/tokens.h"

namespace signet {

/// Single-threaded. What it is given outlives it.
class Readiness {
 public:
  /// `ready_file` is written at announce(); empty = none. One of a daemon that was killed is removed.
  Readiness(const DaemonConfig& config, const std::deque<Child>& children, Tokens& tokens, std::string ready_file);
  /// Removes the file.
  ~Readiness();
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  /// All that can run does. Where a token waits for an operator, the daemon is ready for him and says UNAVAILABLE to
  /// everybody else: a service manager that gave up on it would start it again, and it would wait again. A token that
  /// is away is waited for by nobody: its keys are on other tokens (Tokens::check_keys).
  [[nodiscard]] bool is_reached();
  /// Tells the service manager and whoever reads the file, once. Errors: the file cannot be written.
  [[nodiscard]] Result<void> announce(const std::string& address);
  [[nodiscard]] bool announced() const noexcept { return announced_; }
  /// What `systemctl status` shows.
  void tell_what_is_waited_for() const;

 private:
  [[nodiscard]] bool issuer_waits_for_an_operator();

  const DaemonConfig& config_;
  const std::deque<Child>& children_;
  Tokens& tokens_;
  std::string file_;
  bool announced_ = false;
};

}  // namespace signet
