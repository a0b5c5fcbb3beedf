#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/rng.h"

namespace signet {

void UniqueFd::reset() noexcept {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

namespace {

Result<void> check_trust(int fd, const std::string& path, FileTrust trust, const std::string& field) {
  struct stat status{};
  if (fstat(fd, &status) != 0) return fail_errno(errno, path, field);
  if (!S_ISREG(status.st_mode)) return fail(ErrorCode::kInvalidArgument, path + ": not a regular file", field);
  if (trust == FileTrust::kAnyone) return {};
  const bool secret = trust != FileTrust::kNotWritable;
  const mode_t forbidden = trust == FileTrust::kOwnerOnly ? 0077 : trust == FileTrust::kCredential ? 0037 : 0022;
  if (status.st_uid != geteuid() && status.st_uid != 0) {
    return fail(
        ErrorCode::kPermissionDenied,
        fmt::format("{}: belongs to user {}; it must belong to this user ({}) or root", path, status.st_uid, geteuid()),
        field);
  }
  if ((status.st_mode & forbidden) != 0) {
    return fail(ErrorCode::kPermissionDenied,
                fmt::format("{}: its mode is {:04o}; others must not {} it: chmod {}", path, status.st_mode & 07777U,
                            secret ? "read or write" : "write", secret ? "0600" : "go-w"),
                field);
  }
  return {};
}

/// Reads to the end, at most `max_bytes` + 1 bytes.
Result<Bytes> read_up_to(int fd, std::size_t max_bytes, const std::string& path, const std::string& field) {
  Bytes content;
  while (content.size() <= max_bytes) {
    const std::size_t had = content.size();
    content.resize(had + std::min<std::size_t>(65'536, max_bytes + 1 - had));
    const ssize_t got = read(fd, content.data() + had, content.size() - had);
    if (got < 0 && errno != EINTR) return fail_errno(errno, path, field);
    content.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) break;
  }
  return content;
}

}  // namespace

Result<UniqueFd> open_file(const std::string& path, FileTrust trust, const std::string& field) {
  const int follow = trust == FileTrust::kAnyone ? 0 : O_NOFOLLOW;
  UniqueFd file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | follow)};
  if (!file.valid() && errno == ELOOP) {
    return fail(ErrorCode::kPermissionDenied,
                path + ": is a symbolic link, which is not followed; name the file itself", field);
  }
  if (!file.valid()) return fail_errno(errno, path, field);
  SIGNET_CHECK(check_trust(file.get(), path, trust, field));
  return file;
}

Result<Bytes> read_file(const std::string& path, std::size_t max_bytes, FileTrust trust, const std::string& field) {
  SIGNET_TRY(const UniqueFd file, open_file(path, trust, field));
  SIGNET_TRY(Bytes content, read_up_to(file.get(), max_bytes, path, field));
  if (content.size() > max_bytes) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{}: larger than the {} bytes allowed here", path, max_bytes),
                field);
  }
  return content;
}

Result<void> write_all(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno(errno, "write");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> sync_directory(const std::string& path) {
  const UniqueFd directory{open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!directory.valid()) return fail_errno(errno, path);
  if (fsync(directory.get()) != 0) return fail_errno(errno, path + ": sync");
  return {};
}

namespace {

/// Syncs the folder that `path` is in. Without the right to open that one, or where its file system knows no sync of a
/// folder, it syncs `path` itself: a journal that has the folder has its name too.
Result<void> sync_name_of_directory(const std::string& path) {
  // ".." and not the text before the last slash: "state/" has a parent too.
  const Result<void> synced = sync_directory(path + "/..");
  if (synced.has_value() || (synced.error().native != EACCES && synced.error().native != EINVAL)) return synced;
  return sync_directory(path);
}

}  // namespace

Result<void> make_directory(const std::string& path, mode_t mode) {
  if (mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return fail_errno(errno, path);
  return sync_name_of_directory(path);
}

namespace {

/// A new file beside another. Its name is deleted at the end, unless it was renamed.
class FileBeside {
 public:
  /// The name is random: a leftover of a process that died may have any number that is counted, and even this process's
  /// id. If the name is taken all the same, the file of that name is left alone.
  static Result<FileBeside> create(const std::string& path, mode_t mode) {
    std::array<std::uint8_t, 8> random{};
    SIGNET_CHECK(system_rng().fill(random));
    std::string name = fmt::format("{}.{}.new", path, to_hex(random));
    UniqueFd file{open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)};
    if (!file.valid() && errno == EEXIST) {
      return fail(ErrorCode::kInternal, name + ": a name made at random is taken; try again");
    }
    if (!file.valid()) return fail_errno(errno, name);
    return FileBeside(std::move(name), std::move(file));
  }
  FileBeside(FileBeside&& other) noexcept : name_(std::exchange(other.name_, {})), file_(std::move(other.file_)) {}
  FileBeside& operator=(FileBeside&&) = delete;
  FileBeside(const FileBeside&) = delete;
  FileBeside& operator=(const FileBeside&) = delete;
  ~FileBeside() {
    if (!name_.empty()) unlink(name_.c_str());
  }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  [[nodiscard]] Result<void> write_and_sync(ByteView bytes, mode_t mode) const {
    if (fchmod(file_.get(), mode) != 0) return fail_errno(errno, name_);  // whatever the umask is
    SIGNET_CHECK(write_all(file_.get(), bytes));
    if (fsync(file_.get()) != 0) return fail_errno(errno, name_ + ": sync");
    return {};
  }

 private:
  FileBeside(std::string name, UniqueFd file) : name_(std::move(name)), file_(std::move(file)) {}

  std::string name_;
  UniqueFd file_;
};

/// Writes beside and gives the file its name by `place` (link or rename).
template <class Place>
Result<void> write_beside(const std::string& path, ByteView bytes, mode_t mode, Place place) {
  {
    SIGNET_TRY(const FileBeside beside, FileBeside::create(path, mode));
    SIGNET_CHECK(beside.write_and_sync(bytes, mode));
    if (place(beside.name().c_str(), path.c_str()) != 0) return fail_errno(errno, path);
  }
  return sync_directory(directory_of(path));
}

}  // namespace

Result<void> write_new_file(const std::string& path, ByteView bytes, mode_t mode) {
  return write_beside(path, bytes, mode, [](const char* from, const char* to) { return link(from, to); });
}

Result<void> replace_file(const std::string& path, ByteView bytes, mode_t mode) {
  return write_beside(path, bytes, mode, [](const char* from, const char* to) { return rename(from, to); });
}

Result<UniqueFd> lock_file(const std::string& path) {
  UniqueFd file{open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file.valid()) return fail_errno(errno, path);
  if (flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
  if (errno != EWOULDBLOCK) return fail_errno(errno, path + ": lock");
  return fail(ErrorCode::kFailedPrecondition,
              path + ": another process holds this lock; only one may run on this folder");
}

std::string resolve_path(const std::string& base_directory, const std::string& path) {
  return path.starts_with('/') ? path : base_directory + "/" + path;
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace signet
