#include "log/file_ops.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace signet::log {
namespace {

class SystemFileOps final : public FileOps {
 public:
  ssize_t pwrite(int fd, const void* data, std::size_t size, off_t offset) override {
    return ::pwrite(fd, data, size, offset);
  }
  int fdatasync(int fd) override { return ::fdatasync(fd); }
  int allocate(int fd, off_t offset, off_t size) override { return ::posix_fallocate(fd, offset, size); }
  std::int64_t free_bytes(int fd) override {
    struct statvfs status{};
    if (::fstatvfs(fd, &status) != 0) return -1;
    return static_cast<std::int64_t>(status.f_bavail) * static_cast<std::int64_t>(status.f_frsize);
  }
};

}  // namespace

FileOps& system_file_ops() {
  static SystemFileOps ops;
  return ops;
}

}  // namespace signet::log
