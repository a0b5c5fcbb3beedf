// What cannot be undone is tried in a process of its own.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

namespace signet::test {

/// Runs `act` in a child of its own, which a filter cannot be taken off again, and says how that ended: its status, or
/// 128 + signal.
inline int in_child(const std::function<int()>& act) {
  const pid_t pid = fork();
  if (pid == 0) _exit(act());
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/// 0 when the call failed with this error.
inline int failed_with(int error, long result) { return result < 0 && errno == error ? 0 : 1; }

}  // namespace signet::test
