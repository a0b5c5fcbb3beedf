#include "base/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <initializer_list>

namespace signet {
namespace {

bool is_closed(int fd) noexcept { return fcntl(fd, F_GETFD) < 0 && errno == EBADF; }

}  // namespace

void open_standard_streams() noexcept {
  // In this order the lowest number that is free, which open() gives, is the one that is wanted.
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (!is_closed(fd)) continue;
    if (open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY) != fd) std::abort();
  }
}

}  // namespace signet
