// The signals that the supervisor lives by, as a descriptor.
#pragma once

#include <vector>

#include "base/file.h"

namespace signet {

/// Single-threaded.
class Signals {
 public:
  /// Blocks SIGTERM, SIGINT, SIGHUP and SIGCHLD in this (single-threaded) process; they are read from here on.
  [[nodiscard]] Result<void> open();
  /// Those that came. Never waits.
  [[nodiscard]] std::vector<int> read() const;
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  UniqueFd fd_;
};

}  // namespace signet
