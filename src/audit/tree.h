// The tree that the entries make, with the root at any size on the way, and the tiles above the lowest level.
#pragma once

#include <array>
#include <vector>

#include "audit/derived_files.h"
#include "log/merkle.h"

namespace signet::audit {

/// Takes blocks of kBlockEntries leaf hashes. Not thread-safe.
class Tree {
 public:
  explicit Tree(const DerivedFiles& files) : files_(files) {}

  /// The leaves behind those that were taken: at most a block, fewer only at the end. They must live until the next
  /// block begins.
  void begin_block(std::span<const Sha256> leaves);
  /// `root` is that of a full block.
  void end_block(const Sha256& root, Complaints& complaints);
  /// Compares the partial tiles above the lowest level.
  void finish(Complaints& complaints);

  /// Leaves, the current block's included.
  [[nodiscard]] std::uint64_t size() const noexcept { return blocks_.size() * log::kTileWidth + leaves_.size(); }
  /// Of a size from the beginning of the current block on, up to size().
  [[nodiscard]] Sha256 root_at(std::uint64_t size);
  [[nodiscard]] std::uint64_t files() const noexcept { return compared_; }

 private:
  void push(unsigned level, const Sha256& hash, Complaints& complaints);
  void check_tile(unsigned level, Complaints& complaints);

  struct Level {
    std::uint64_t index = 0;  // of the tile that is being filled
    std::vector<Sha256> hashes;
  };
  const DerivedFiles& files_;
  std::uint64_t compared_ = 0;
  log::MerkleFrontier blocks_;  // its leaves are the roots of full blocks
  std::array<Level, log::kTileLevels + 1> levels_;
  std::span<const Sha256> leaves_;
  log::MerkleFrontier begun_;  // of the first of `leaves_`, as far as a root was asked for
};

}  // namespace signet::audit
