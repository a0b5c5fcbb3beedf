#include "log/file_batch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <set>

#include "base/rng.h"

namespace signet::log {
namespace {

/// So many are synced one by one. For more, one sync of the whole file system is several times faster: each sync of a
/// new file alone is a transaction of the file system's journal.
constexpr std::size_t kFewFiles = 16;

/// As base/file.h names them: a leftover of a process that died cannot have the name.
Result<std::string> name_beside(const std::string& path) {
  std::array<std::uint8_t, 8> random{};
  SIGNET_CHECK(system_rng().fill(random));
  return fmt::format("{}.{}.new", path, to_hex(random));
}

}  // namespace

Result<void> FileBatch::add(const std::string& path, ByteView bytes) {
  SIGNET_TRY(std::string beside, name_beside(path));
  UniqueFd file{open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file.valid()) return fail_errno(errno, beside);
  waiting_.push_back({.path = path, .beside = std::move(beside), .file = std::move(file)});
  Waiting& added = waiting_.back();
  if (fchmod(added.file.get(), 0600) != 0) return fail_errno(errno, added.beside);  // whatever the umask is
  if (auto written = write_all(added.file.get(), bytes); !written) {
    written.error().message = fmt::format("{}: {}", path, written.error().message);
    return written;
  }
  if (waiting_.size() > kFewFiles) added.file = UniqueFd();
  return {};
}

Result<void> FileBatch::sync_all() const {
  if (waiting_.size() > kFewFiles) {
    const Waiting& any = waiting_.front();
    if (syncfs(any.file.get()) != 0) return fail_errno(errno, any.path + ": sync of its file system");
    return {};
  }
  for (const Waiting& one : waiting_) {
    if (fsync(one.file.get()) != 0) return fail_errno(errno, one.path + ": sync");
  }
  return {};
}

Result<void> FileBatch::rename_all() {
  std::set<std::string> folders;
  for (Waiting& one : waiting_) {
    if (rename(one.beside.c_str(), one.path.c_str()) != 0) return fail_errno(errno, one.path);
    one.beside.clear();
    folders.insert(directory_of(one.path));
  }
  for (const std::string& folder : folders) SIGNET_CHECK(sync_directory(folder));
  return {};
}

Result<void> FileBatch::commit() {
  Result<void> done = sync_all();
  // Crash before this: none of them has its name. From here on: some have.
  if (done) done = rename_all();
  discard();
  return done;
}

void FileBatch::discard() noexcept {
  for (const Waiting& one : waiting_) {
    if (!one.beside.empty()) unlink(one.beside.c_str());
  }
  waiting_.clear();
}

}  // namespace signet::log
