// Room on the disk that the store can give back when there is no other. Internal to store.
#pragma once

#include <cstdint>
#include <string>

#include "log/file_ops.h"
#include "store/store.h"

namespace signet {

/// A file of zeros beside the database. What closes an intent is written to the log in room that was kept for it, and
/// must find its way into the store as well. Not thread-safe: its owner takes turns.
class Ballast {
 public:
  /// `ops` outlives it. Looks whether the file is there.
  Ballast(std::string path, StoreLimits limits, log::FileOps& ops);

  /// Gives its room back. False when there was none left to give.
  [[nodiscard]] bool drop();

  /// Makes it again where it is missing and more is free than it takes. Error kUnavailable, retryable: less is free
  /// than the limits say, or it could not be made.
  [[nodiscard]] Result<void> look();

 private:
  [[nodiscard]] Result<void> make();
  [[nodiscard]] Result<void> check_free(std::uint64_t needed) const;

  const std::string path_;
  const StoreLimits limits_;
  log::FileOps& ops_;
  bool there_;
};

}  // namespace signet
