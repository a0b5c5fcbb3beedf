#include "base/standard_streams.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace signet {
namespace {

/// The exit status of a child that closes `closed`, calls open_standard_streams() and returns what `look` returns.
template <class F>
int in_child(std::initializer_list<int> closed, F look) {
  const pid_t pid = fork();
  if (pid == 0) {
    for (const int fd : closed) close(fd);
    open_standard_streams();
    _exit(look());
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool is_null_device(int fd) {
  struct stat it{};
  struct stat null{};
  return fstat(fd, &it) == 0 && stat("/dev/null", &null) == 0 && it.st_rdev == null.st_rdev;
}

TEST(StandardStreams, ThoseThatAreClosedBecomeTheNullDevice) {
  const auto look = [] {
    for (const int fd : {0, 1, 2}) {
      if (!is_null_device(fd)) return 10 + fd;
    }
    char byte = 'x';
    if (read(0, &byte, 1) != 0) return 1;  // empty
    if (write(2, &byte, 1) != 1) return 3;
    return open("/dev/null", O_RDONLY) > 2 ? 0 : 4;
  };
  EXPECT_EQ(in_child({0, 1, 2}, look), 0);
}

TEST(StandardStreams, WritingToAStandardOutputThatWasClosedFails) {
  const auto look = [] { return write(1, "x", 1) < 0 && errno == EBADF ? 0 : 1; };
  EXPECT_EQ(in_child({1}, look), 0);
}

TEST(StandardStreams, ThoseThatAreOpenStayAsTheyAre) {
  struct stat before{};
  ASSERT_EQ(fstat(2, &before), 0);
  const auto look = [&] {
    struct stat after{};
    return fstat(2, &after) == 0 && after.st_ino == before.st_ino && after.st_dev == before.st_dev ? 0 : 1;
  };
  EXPECT_EQ(in_child({1}, look), 0);
}

}  // namespace
}  // namespace signet
