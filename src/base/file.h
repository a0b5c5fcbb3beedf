// Files, opened and written so that nothing is followed, half written or overwritten by accident.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <utility>

#include "base/bytes.h"

namespace signet {

/// Owns one file descriptor and closes it.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
  void reset() noexcept;

 private:
  int fd_ = -1;
};

/// Who may have a file that is read.
enum class FileTrust {
  kAnyone,       ///< content that is checked by itself, such as a CSR
  kNotWritable,  ///< configuration: owned by this user or root, written by nobody else
  kOwnerOnly,    ///< secrets: owned by this user or root, read and written by nobody else
  kCredential,   ///< secrets that systemd put there: as kOwnerOnly, but a group may read it. With User= the mode shows
                 ///< the mask of an ACL there, which names that user alone (systemd.exec(5), LoadCredential=)
};

/// Opens a regular file for reading, as read_file does: for who reads it by himself. Close-on-exec.
[[nodiscard]] Result<UniqueFd> open_file(const std::string& path, FileTrust trust, const std::string& field);

/// Reads a whole regular file of at most `max_bytes`. Symbolic links are not followed for kNotWritable and kOwnerOnly;
/// owner and mode are checked on the descriptor that is read. `field` names the configuration value or argument that
/// gave the path, for the error.
[[nodiscard]] Result<Bytes> read_file(const std::string& path, std::size_t max_bytes, FileTrust trust,
                                      const std::string& field);

/// Writes a file that must not exist: beside, synced, linked to its name, its folder synced. kAlreadyExists means that
/// `path` itself does, whoever made it. After a crash the file is whole or absent, and `path`.<random>.new may be left.
[[nodiscard]] Result<void> write_new_file(const std::string& path, ByteView bytes, mode_t mode);

/// As write_new_file, for a file that is meant to be replaced: after a crash the old or the new one is there, whole.
[[nodiscard]] Result<void> replace_file(const std::string& path, ByteView bytes, mode_t mode);

/// Writes all of `bytes`, going on after short writes and EINTR.
[[nodiscard]] Result<void> write_all(int fd, ByteView bytes);

/// Syncs the folder itself, so that names made in it survive a power cut.
[[nodiscard]] Result<void> sync_directory(const std::string& path);

/// Makes the folder `path` with `mode` (less the umask) where it is missing; its parent must be there. A folder that is
/// there keeps its mode. Its name survives a power cut in either case: whoever made it may have died before that was
/// so. (Where the parent cannot be opened or synced, only the folder itself is: file systems with a journal keep the
/// name with it.) Fails with ENOTDIR as `native` when the name belongs to something else.
[[nodiscard]] Result<void> make_directory(const std::string& path, mode_t mode);

/// Opens `path`, made if it is not there (mode 0600), and takes an exclusive lock that lasts as long as the descriptor.
/// kFailedPrecondition when another process holds it.
[[nodiscard]] Result<UniqueFd> lock_file(const std::string& path);

/// `path` itself when absolute, otherwise `base_directory`/`path`.
[[nodiscard]] std::string resolve_path(const std::string& base_directory, const std::string& path);
/// The folder part of `path`; "." when it has none.
[[nodiscard]] std::string directory_of(const std::string& path);

}  // namespace signet
