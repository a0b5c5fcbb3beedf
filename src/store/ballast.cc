#include "store/ballast.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/ops_log.h"

namespace signet {
namespace {

constexpr std::chrono::seconds kRetryAfter{10};

/// An error of the system, told as what it means here.
std::unexpected<Error> nearly_full(int error, const std::string& why) {
  auto refused = fail_errno(error, "the store's disk is nearly full: " + why);
  refused.error().code = ErrorCode::kUnavailable;
  refused.error().retryable = true;
  refused.error().retry_after = kRetryAfter;
  return refused;
}

/// Of another length it was made by another version, or only begun.
bool is_whole(const std::string& path, std::uint64_t bytes) {
  struct stat found{};
  return lstat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) &&
         static_cast<std::uint64_t>(found.st_size) == bytes;
}

}  // namespace

Ballast::Ballast(std::string path, StoreLimits limits, log::FileOps& ops)
    : path_(std::move(path)), limits_(limits), ops_(ops), there_(is_whole(path_, limits.reserve_bytes)) {}

bool Ballast::drop() {
  if (!there_ || unlink(path_.c_str()) != 0) return false;
  there_ = false;
  ops::warning("the store's disk is full; its reserve is given back", {{"path", path_}});
  return true;
}

Result<void> Ballast::look() {
  if (there_ || limits_.reserve_bytes == 0) return check_free(limits_.min_free_bytes);
  // Behind it as much must be left as ordinary work needs: otherwise it would be made and given back in turns.
  SIGNET_CHECK(check_free(limits_.min_free_bytes + limits_.reserve_bytes));
  return make();
}

Result<void> Ballast::make() {
  static_cast<void>(unlink(path_.c_str()));  // of another length
  const UniqueFd file{open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file.valid()) return nearly_full(errno, path_ + " cannot be made");
  const int error = ops_.allocate(file.get(), 0, static_cast<off_t>(limits_.reserve_bytes));
  if (error != 0) {
    static_cast<void>(unlink(path_.c_str()));
    return nearly_full(error, fmt::format("{} bytes cannot be kept in {}", limits_.reserve_bytes, path_));
  }
  there_ = true;
  return {};
}

Result<void> Ballast::check_free(std::uint64_t needed) const {
  const std::string folder = directory_of(path_);
  const UniqueFd opened{open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!opened.valid()) return nearly_full(errno, folder + " cannot be opened");
  const std::int64_t free = ops_.free_bytes(opened.get());
  if (free < 0) return nearly_full(errno, fmt::format("the file system of {} does not tell what is free", folder));
  if (static_cast<std::uint64_t>(free) >= needed) return {};
  return fail_retryable(
      ErrorCode::kUnavailable,
      fmt::format("the store's disk is nearly full: {} bytes are free on the file system of {}, and {} must be; make "
                  "room there",
                  free, folder, needed),
      kRetryAfter);
}

}  // namespace signet
