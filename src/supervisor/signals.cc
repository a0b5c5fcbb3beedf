#include "supervisor/signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

namespace signet {

Result<void> Signals::open() {
  sigset_t watched;
  sigemptyset(&watched);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&watched, number);
  if (signal(SIGCHLD, SIG_DFL) == SIG_ERR) return fail_errno(errno, "signal");  // ignored, deaths would go unseen
  if (sigprocmask(SIG_BLOCK, &watched, nullptr) != 0) return fail_errno(errno, "sigprocmask");
  fd_ = UniqueFd{signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK)};
  if (!fd_.valid()) return fail_errno(errno, "signalfd");
  return {};
}

std::vector<int> Signals::read() const {
  std::vector<int> numbers;
  signalfd_siginfo info{};
  while (::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info))
    numbers.push_back(static_cast<int>(info.ssi_signo));
  return numbers;
}

}  // namespace signet
