#include "log/file_ops.h"

#include <unistd.h>

namespace signet::log {
namespace {

class SystemFileOps final : public FileOps {
 public:
  ssize_t write(int fd, const void* data, std::size_t size) override { return ::write(fd, data, size); }
  int fdatasync(int fd) override { return ::fdatasync(fd); }
};

}  // namespace

FileOps& system_file_ops() {
  static SystemFileOps ops;
  return ops;
}

}  // namespace signet::log
