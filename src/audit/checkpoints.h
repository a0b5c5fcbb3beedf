// The checkpoints of a log's folder, one after the other, with their signatures verified.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/findings.h"
#include "audit/work_pool.h"
#include "base/file.h"
#include "log/note.h"

namespace signet::audit {

struct Keys {
  std::optional<log::NoteVerifier> log;  ///< none: signatures of the log are not checked
  std::vector<log::NoteVerifier> witnesses;
};

/// A cosignature that verified.
struct Cosigned {
  std::string witness;  ///< name and key id
  std::chrono::sys_seconds time{};
};

struct CheckedCheckpoint {
  std::string place;  ///< "checkpoint", "checkpoints, byte 512"
  bool readable = false;
  bool by_log = false;  ///< signed by the log's key; without a key given, true
  std::string origin = {};
  std::uint64_t size = 0;
  Sha256 root{};
  std::vector<Cosigned> cosigned = {};
  std::string note;  ///< as it stands
  Complaints complaints = {};
};

/// Reads a note and verifies it. Thread-safe.
[[nodiscard]] CheckedCheckpoint check_checkpoint(std::string note, std::string place, const Keys& keys);

/// The file `checkpoints`, read ahead and verified on a pool. Bounded memory. Not thread-safe.
class CheckpointStream {
 public:
  /// A file that is not there has none. `pool` and `keys` must outlive the object. Error kInternal (cannot be read).
  [[nodiscard]] static Result<CheckpointStream> open(const std::string& directory, WorkPool& pool, const Keys& keys);

  /// The next one, which next() takes; nullptr at the end. Error kInternal.
  [[nodiscard]] Result<CheckedCheckpoint*> peek();
  void next() noexcept { ++at_; }

  /// Where the whole notes end, and how many bytes follow, once peek() has given nothing. More than one note can have
  /// are no torn write: the daemon cuts what a torn one left before it appends.
  [[nodiscard]] std::uint64_t end() const noexcept { return offset_; }
  [[nodiscard]] std::uint64_t rest_bytes() const noexcept { return size_ - offset_; }

 private:
  using Batch = std::vector<CheckedCheckpoint>;
  CheckpointStream(UniqueFd file, std::string path, std::uint64_t size, WorkPool& pool, const Keys& keys)
      : file_(std::move(file)),
        path_(std::move(path)),
        size_(size),
        pool_(&pool),
        keys_(&keys),
        batches_(2 * pool.threads() + 2) {}
  Result<bool> submit_batch();
  Result<std::optional<std::string>> read_note();

  UniqueFd file_;
  std::string path_;
  std::uint64_t size_;
  WorkPool* pool_;
  const Keys* keys_;
  std::uint64_t offset_ = 0;  // of the first byte of buffer_
  std::string buffer_;
  bool ended_ = false;
  Pipeline<Batch> batches_;
  Batch current_;
  std::size_t at_ = 0;
};

}  // namespace signet::audit
