// The two operations that can lose what was appended, by reference so that tests can make them fail.
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace signet::log {

/// Used by one thread at a time.
class FileOps {
 public:
  virtual ~FileOps() = default;
  /// As write(2): may write less than `size`, returns -1 and sets errno on failure.
  virtual ssize_t write(int fd, const void* data, std::size_t size) = 0;
  /// As fdatasync(2).
  virtual int fdatasync(int fd) = 0;
};

/// The kernel's. Lives as long as the process.
[[nodiscard]] FileOps& system_file_ops();

}  // namespace signet::log
