#include "log/tile_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "log/entry.h"

namespace signet::log {
namespace {

/// So many entries are read before the tiles they make are written: 64 full tiles of 8 KiB.
constexpr std::uint64_t kPieceEntries = std::uint64_t{64} * kTileWidth;

Result<void> go_on(const Impatience& stop) {
  if (!stop || !stop()) return {};
  return fail(ErrorCode::kUnavailable, "the log is being closed before all its entries were read");
}

/// Writes bundles as they become full.
class BundleWriter {
 public:
  /// `first` is a multiple of kTileWidth.
  BundleWriter(TileFolder& folder, Rewrite rewrite, std::uint64_t first)
      : folder_(folder), rewrite_(rewrite), id_{.index = first / kTileWidth, .width = 0} {}

  Result<void> add(ByteView entry) {
    append_u16(bytes_, static_cast<std::uint16_t>(entry.size()));
    append(bytes_, entry);
    if (++id_.width < kTileWidth) return {};
    return finish();
  }

  /// Writes what was added since the last full one.
  Result<void> finish() {
    if (id_.width == 0) return {};
    SIGNET_CHECK(write());
    id_ = {.index = id_.index + 1, .width = 0};
    bytes_.clear();
    return {};
  }

 private:
  Result<void> write() {
    if (rewrite_ == Rewrite::kIfDifferent) {
      const auto there = folder_.read_bundle(id_);
      if (there && *there == bytes_) return {};
    }
    return folder_.write_bundle(id_, bytes_);
  }

  TileFolder& folder_;
  Rewrite rewrite_;
  BundleId id_;
  Bytes bytes_;
};

Result<void> write_tiles(TileFolder& folder, Rewrite rewrite, const std::vector<TileBuilder::Tile>& tiles) {
  for (const auto& [id, bytes] : tiles) {
    if (rewrite == Rewrite::kIfDifferent) {
      const auto there = folder.read_tile(id);
      if (there && *there == bytes) continue;
    }
    SIGNET_CHECK(folder.write_tile(id, bytes));
  }
  return {};
}

/// extend_tree() for few enough entries to be held.
Result<void> extend_by_piece(GrowingTree& tree, const EntryLog& log, TileFolder& folder, std::uint64_t size,
                             Rewrite rewrite) {
  folder.discard();  // of a try that could not read on
  GrowingTree grown = tree;
  const std::uint64_t first = tree.size() / kTileWidth * kTileWidth;  // of the bundle that is not full yet
  BundleWriter bundles(folder, rewrite, first);
  SIGNET_CHECK(log.read_raw(first, size, [&](std::uint64_t seq, ByteView entry) -> Result<void> {
    if (seq >= tree.size()) {
      const Sha256 leaf = leaf_hash(entry);
      grown.tiles.append(leaf);
      grown.frontier.append(leaf);
    }
    return bundles.add(entry);
  }));
  SIGNET_CHECK(bundles.finish());
  SIGNET_CHECK(write_tiles(folder, rewrite, grown.tiles.take()));
  // Crash in this: some of the first bundles and tiles are there; they are written again.
  SIGNET_CHECK(folder.commit());
  tree = std::move(grown);
  return {};
}

/// The hashes of tiles of level 0, read from left to right.
class Leaves {
 public:
  Leaves(TileFolder& folder, std::uint64_t size) : folder_(folder), size_(size) {}

  /// None if the tile cannot be read.
  std::optional<Sha256> at(std::uint64_t seq) {
    if (seq % kTileWidth == 0) {
      hashes_.clear();
      const auto id = tile_in_tree(0, seq / kTileWidth, size_);
      auto bytes = folder_.read_tile(*id);
      if (bytes) hashes_ = decode_tile(*id, *bytes).value_or(std::vector<Sha256>{});
    }
    if (hashes_.empty()) return std::nullopt;
    return hashes_[seq % kTileWidth];
  }

 private:
  TileFolder& folder_;
  std::uint64_t size_;
  std::vector<Sha256> hashes_;
};

}  // namespace

Result<GrowingTree> load_tree(TileFolder& folder, std::uint64_t size, const Sha256& root) {
  GrowingTree tree;
  SIGNET_TRY(tree.frontier, TiledTree(folder, size).frontier(size));
  if (const Sha256 found = tree.frontier.root(); found != root) {
    return fail(ErrorCode::kDataLoss,
                fmt::format("the tiles of {} entries have the root {}, not {}", size, to_hex(found), to_hex(root)));
  }
  SIGNET_TRY(tree.tiles, TileBuilder::load(folder, size));
  return tree;
}

Result<void> extend_tree(GrowingTree& tree, const EntryLog& log, TileFolder& folder, std::uint64_t size,
                         Rewrite rewrite, const Impatience& stop) {
  while (tree.size() < size) {
    SIGNET_CHECK(go_on(stop));
    const std::uint64_t end = std::min(size, (tree.size() / kPieceEntries + 1) * kPieceEntries);
    SIGNET_CHECK(extend_by_piece(tree, log, folder, end, rewrite));
  }
  return {};
}

Result<MerkleFrontier> grow(MerkleFrontier tree, const EntryLog& log, std::uint64_t size, const Impatience& stop) {
  if (tree.size() >= size) return tree;
  SIGNET_CHECK(log.read_raw(tree.size(), size, [&](std::uint64_t seq, ByteView entry) -> Result<void> {
    tree.append(leaf_hash(entry));
    return seq % kPieceEntries == 0 ? go_on(stop) : Result<void>{};
  }));
  return tree;
}

Result<std::uint64_t> compare_with_tiles(const EntryLog& log, TileFolder& folder, std::uint64_t size,
                                         MerkleFrontier& tree) {
  tree = {};
  std::uint64_t first = size;
  Leaves leaves(folder, size);
  SIGNET_CHECK(log.read_raw(0, size, [&](std::uint64_t seq, ByteView entry) -> Result<void> {
    const Sha256 leaf = leaf_hash(entry);
    tree.append(leaf);
    if (first == size && leaves.at(seq) != leaf) first = seq;
    return {};
  }));
  return first;
}

}  // namespace signet::log
