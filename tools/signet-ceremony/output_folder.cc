#include "output_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/file.h"

namespace signet::ceremony {

Result<void> OutputFolder::check(const std::string& path) {
  struct stat info{};
  if (lstat(path.c_str(), &info) == 0) {
    return fail(ErrorCode::kAlreadyExists,
                path + ": is there already; a ceremony never overwrites: move it away, or choose another output",
                "output");
  }
  if (errno != ENOENT) return fail_errno(errno, path, "output");
  const std::string parent = directory_of(path);
  if (access(parent.c_str(), W_OK | X_OK) != 0)
    return fail_errno(errno, parent + ": cannot hold the output folder", "output");
  return {};
}

Result<OutputFolder> OutputFolder::make(const std::string& path) {
  SIGNET_CHECK(check(path));
  std::string staging = path + ".unfinished-XXXXXX";
  if (mkdtemp(staging.data()) == nullptr) return fail_errno(errno, staging, "output");
  OutputFolder folder(path, staging);
  if (chmod(staging.c_str(), 0755) != 0) return fail_errno(errno, staging, "output");
  SIGNET_CHECK(sync_directory(directory_of(path)));  // what is written into it must be found after a crash
  return folder;
}

OutputFolder::~OutputFolder() {
  std::error_code ignored;
  if (!staging_.empty()) std::filesystem::remove_all(staging_, ignored);
}

Result<void> OutputFolder::write(const std::string& name, std::string_view content) {
  return write_new_file(staging_ + "/" + name, bytes_of(content), 0644);
}

Result<void> OutputFolder::append(const std::string& name, std::string_view content) {
  const std::string path = staging_ + "/" + name;
  const UniqueFd file{open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644)};
  if (!file.valid() || fchmod(file.get(), 0644) != 0) return fail_errno(errno, path, "output");
  if (const auto written = write_all(file.get(), bytes_of(content)); !written) {
    return fail(written.error().code, path + ": " + written.error().message, "output");
  }
  if (fsync(file.get()) != 0) return fail_errno(errno, path + ": sync", "output");
  return sync_directory(staging_);
}

Result<void> OutputFolder::publish() {
  const std::string staging = std::exchange(staging_, std::string());
  if (renameat2(AT_FDCWD, staging.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) != 0) {
    return fail_errno(
        errno, fmt::format("{}: cannot be renamed to {}; everything is in it, rename it by hand", staging, path_),
        "output");
  }
  return sync_directory(directory_of(path_));
}

}  // namespace signet::ceremony
