// Running other programs from tests.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace signet::test {

struct CommandResult {
  int status = -1;  ///< exit status, or 128 + signal
  std::string out;
  std::string err;
};

/// Runs `arguments` (the first is looked up in PATH) to its end, without standard input unless given. `environment`
/// entries "NAME=value" are added to this process's own. Throws std::runtime_error when it cannot be started or runs
/// longer than `timeout` (it is killed then).
[[nodiscard]] CommandResult run_command(const std::vector<std::string>& arguments, const std::string& input = {},
                                        const std::vector<std::string>& environment = {},
                                        std::chrono::seconds timeout = std::chrono::seconds(120));

/// As run_command, and throws with both outputs unless the status is 0. Returns standard output.
std::string run_ok(const std::vector<std::string>& arguments, const std::string& input = {});

/// The same program with its streams as a shell's redirection makes them: "<&- >&- 2>&-" closes all, ">/dev/full" takes
/// nothing.
[[nodiscard]] std::vector<std::string> redirected(const std::string& redirection, std::vector<std::string> arguments);

/// A program that runs beside the test, its standard error in a file. Killed at the end of its life if it still runs.
class BackgroundProcess {
 public:
  BackgroundProcess(const std::vector<std::string>& arguments, const std::string& stderr_file);
  ~BackgroundProcess();
  BackgroundProcess(const BackgroundProcess&) = delete;
  BackgroundProcess& operator=(const BackgroundProcess&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  void send_signal(int signal) const;
  /// Waits for its end; 128 + signal when one ended it. -1 when it still runs after `timeout`.
  [[nodiscard]] int wait(std::chrono::milliseconds timeout = std::chrono::seconds(60));
  [[nodiscard]] bool running();

 private:
  pid_t pid_ = -1;
  int status_ = -1;
  bool ended_ = false;
};

/// The processes whose parent is `pid`, whose name (as /proc/<pid>/comm has it, at most 15 characters) starts with
/// `prefix`.
[[nodiscard]] std::vector<pid_t> children_of(pid_t pid, const std::string& prefix = {});

/// A file's content; empty when it cannot be read.
[[nodiscard]] std::string slurp(const std::string& path);

/// Calls `condition` until it is true; false after `timeout`.
template <class F>
[[nodiscard]] bool eventually(F condition, std::chrono::milliseconds timeout = std::chrono::seconds(30));

}  // namespace signet::test

#include <thread>

template <class F>
bool signet::test::eventually(F condition, std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}
