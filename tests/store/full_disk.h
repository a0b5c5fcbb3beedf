// A disk that is full for SQLite.
#pragma once

#include <string>

namespace signet::test {

/// While it lives, SQLite can lengthen what it opens only as long as there is room: what one of the files whose names
/// begin with `prefix` gives back, another may take. Not more than one at a time.
class FullDisk {
 public:
  explicit FullDisk(std::string prefix);
  ~FullDisk();
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

  /// No more than there is now.
  void fill();
  void empty();
  /// How often a write found no room.
  [[nodiscard]] int refusals() const;
};

}  // namespace signet::test
