// Several files that are replaced together, with few syncs. Internal to log.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/file.h"

namespace signet::log {

/// As replace_file of base/file.h, for many files: each is written beside, all are synced, each gets its name, their
/// folders are synced. After a crash each file is the old or the new one, whole; <path>.<random>.new may be left.
/// Not thread-safe.
class FileBatch {
 public:
  FileBatch() = default;
  ~FileBatch() { discard(); }
  FileBatch(const FileBatch&) = delete;
  FileBatch& operator=(const FileBatch&) = delete;

  /// Writes `bytes` beside `path`, whose folder is there. Mode 0600.
  [[nodiscard]] Result<void> add(const std::string& path, ByteView bytes);
  /// Once it returns, all of them last under their names, which they got in the order of add(). After an error some of
  /// the first may have theirs, and the others are discarded.
  [[nodiscard]] Result<void> commit();
  /// Forgets what was added and not committed.
  void discard() noexcept;

 private:
  struct Waiting {
    std::string path;
    std::string beside;
    UniqueFd file;  // closed again when there are many
  };
  [[nodiscard]] Result<void> sync_all() const;
  [[nodiscard]] Result<void> rename_all();

  std::vector<Waiting> waiting_;
};

}  // namespace signet::log
