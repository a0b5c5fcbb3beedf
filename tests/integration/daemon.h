// signetd, run by a test.
#pragma once

#include <memory>
#include <string>

#include "integration/installation.h"
#include "signet/client.h"
#include "support/command.h"

namespace signet::test {

/// Starts signetd on an installation and waits until it is ready; throws, with its standard error, when it does not get
/// there. Killed (by pid) at the end of its life if it still runs; its children leave with it.
class Daemon {
 public:
  explicit Daemon(const Installation& installation, const std::string& signetd = program("signetd"),
                  std::chrono::milliseconds patience = std::chrono::seconds(60));

  [[nodiscard]] const std::string& address() const noexcept { return address_; }
  [[nodiscard]] pid_t pid() const noexcept { return process_->pid(); }
  /// The pid of a child by its process name; throws when there is not exactly one.
  [[nodiscard]] pid_t child(const std::string& name) const;
  [[nodiscard]] std::string stderr_text() const { return slurp(stderr_file_); }

  /// SIGTERM, and its exit status.
  int stop();
  /// SIGKILL to signetd alone; returns when its children have left too.
  void kill_supervisor();
  [[nodiscard]] BackgroundProcess& process() { return *process_; }

  /// A client as `who`, with a deadline of 10 s.
  [[nodiscard]] std::unique_ptr<Client> client(const std::string& who) const;
  [[nodiscard]] ClientOptions options(const std::string& who) const;

 private:
  const Installation& installation_;
  std::string stderr_file_;
  std::unique_ptr<BackgroundProcess> process_;
  std::string address_;
};

}  // namespace signet::test
