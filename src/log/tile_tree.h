// The Merkle tree as it stands in tiles: proofs out of it, and the tiles that appending makes.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "log/tile.h"

namespace signet::log {

/// Where tiles come from: a folder, a copy, a server.
class HashReader {
 public:
  virtual ~HashReader() = default;
  /// The bytes of this tile, exactly `width` hashes. Where a partial tile is gone because the log has grown meanwhile,
  /// they are the first hashes of the full one. Errors (such as kNotFound) pass through to whoever asked.
  [[nodiscard]] virtual Result<Bytes> read_tile(const TileId& tile) = 0;
};

/// A tree read from its own tiles. For proofs about it and about any smaller tree it began as, only tiles that this one
/// has (tile_in_tree) are read, so partial tiles of smaller sizes may be gone. One call reads a tile once and holds at
/// most 16 of them; between calls nothing is kept: that is for the reader to do.
/// Nothing is believed or checked here but the tiles' lengths: a proof from damaged tiles comes out wrong, so compare
/// root(size) with the signed checkpoint, and verify what leaves the house (verify_inclusion, verify_consistency).
/// Errors: kInvalidArgument (fields "size", "index") for what lies outside the tree; kDataLoss for a tile of a wrong
/// length; the reader's own. Threads: as the reader.
class TiledTree {
 public:
  /// `tiles` must outlive the object. `size` is at most kMaxTreeSize.
  TiledTree(HashReader& tiles, std::uint64_t size) noexcept : tiles_(&tiles), size_(size) {}

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

  /// In the following, `size` is that of the tree asked about, at most size().
  [[nodiscard]] Result<Sha256> root(std::uint64_t size) const;
  [[nodiscard]] Result<MerkleFrontier> frontier(std::uint64_t size) const;
  /// RFC 6962 section 2.1.1: that the entry at `index` is in the tree of `size` entries.
  [[nodiscard]] Result<Proof> prove_inclusion(std::uint64_t index, std::uint64_t size) const;
  /// RFC 6962 section 2.1.2: that the tree of `new_size` entries begins with that of `old_size`. Empty if nothing has
  /// to be proved (old_size is 0 or new_size).
  [[nodiscard]] Result<Proof> prove_consistency(std::uint64_t old_size, std::uint64_t new_size) const;

 private:
  HashReader* tiles_;
  std::uint64_t size_;
};

/// Makes the tiles of a tree that grows. Keeps the unfinished tile of each level (at most 64 KiB) and what was not yet
/// taken. Not thread-safe.
class TileBuilder {
 public:
  struct Tile {
    TileId id;
    Bytes bytes;
  };

  /// The tree without entries.
  TileBuilder() = default;
  /// Goes on where a tree of `size` entries stands in tiles: reads the partial tile of each level. It believes them, so
  /// compare TiledTree::root with the signed checkpoint first. Errors as TiledTree.
  [[nodiscard]] static Result<TileBuilder> load(HashReader& tiles, std::uint64_t size);

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// Only while size() < kMaxTreeSize.
  void append(const Sha256& leaf_hash);
  /// The tiles that changed since the last call (or load): those changed_tiles names, in its order. 8 KiB for each 256
  /// leaves appended in between, so a long rebuild calls it now and then.
  [[nodiscard]] std::vector<Tile> take();

 private:
  struct Level {
    std::vector<Sha256> unfinished;
    std::vector<Bytes> finished;  // not taken yet, from left to right
  };
  std::uint64_t size_ = 0;
  std::uint64_t taken_ = 0;
  std::array<Level, kTileLevels> levels_;
};

}  // namespace signet::log
