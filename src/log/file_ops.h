// The operations that can lose what was appended, or find no room for it, by reference so that tests can make them
// fail.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace signet::log {

/// Thread-safe: one thread writes and syncs while another asks for room.
class FileOps {
 public:
  virtual ~FileOps() = default;
  /// As pwrite(2): may write less than `size`, returns -1 and sets errno on failure.
  virtual ssize_t pwrite(int fd, const void* data, std::size_t size, off_t offset) = 0;
  /// As fdatasync(2).
  virtual int fdatasync(int fd) = 0;
  /// As posix_fallocate(3): what lies there stays, the rest reads as zeros. Returns the error's number, 0 = done.
  virtual int allocate(int fd, off_t offset, off_t size) = 0;
  /// Bytes that this user may still take on the file system of `fd`; -1 and errno on failure.
  virtual std::int64_t free_bytes(int fd) = 0;
};

/// The kernel's. Lives as long as the process.
[[nodiscard]] FileOps& system_file_ops();

}  // namespace signet::log
