#include "log/tile_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <utility>

namespace signet::log {
namespace {

constexpr unsigned kTileHeight = 8;  // 2^8 = kTileWidth

Result<void> check_sizes(std::uint64_t size, std::uint64_t stored) {
  if (stored > kMaxTreeSize) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("a tree of {} entries is larger than 2^63 - 1", stored),
                "size");
  }
  if (size > stored) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("size {} is beyond the tree, which has {}", size, stored),
                "size");
  }
  return {};
}

/// Hashes of nodes of one stored tree; remembers the tiles it has read.
class Nodes {
 public:
  Nodes(HashReader& tiles, std::uint64_t size) : tiles_(tiles), size_(size) {}

  /// The roots of the largest complete subtrees of the entries from `begin` to below `end`, left to right. `begin` is a
  /// multiple of the power of two that is not smaller than end - begin, as in every subtree.
  Result<std::vector<Sha256>> peaks(std::uint64_t begin, std::uint64_t end) {
    std::vector<Sha256> peaks;
    while (begin < end) {
      const std::uint64_t leaves = std::bit_floor(end - begin);
      const auto height = static_cast<unsigned>(std::countr_zero(leaves));
      SIGNET_TRY(const Sha256 hash, complete(height, begin >> height));
      peaks.push_back(hash);
      begin += leaves;
    }
    return peaks;
  }

  /// The hash of a node of the tree of `size` entries (see Sibling), which may be its ragged right edge.
  Result<Sha256> node(unsigned height, std::uint64_t index, std::uint64_t size) {
    const std::uint64_t begin = index << height;
    const std::uint64_t end = std::min((index + 1) << height, size);
    SIGNET_TRY(std::vector<Sha256> parts, peaks(begin, end));
    SIGNET_TRY(const MerkleFrontier frontier, MerkleFrontier::restore(end - begin, std::move(parts)));
    return frontier.root();
  }

  /// Appends the hashes of all siblings on the way from a node to the root.
  Result<void> append_way(Proof& proof, unsigned height, std::uint64_t index, std::uint64_t size) {
    for (const Sibling& sibling : siblings(height, index, size)) {
      SIGNET_TRY(const Sha256 hash, node(sibling.height, sibling.index, size));
      proof.push_back(hash);
    }
    return {};
  }

 private:
  /// The root of 2^height entries, all of which the tree has: it stands in a tile, or follows from hashes of one tile.
  Result<Sha256> complete(unsigned height, std::uint64_t index) {
    const unsigned below = height % kTileHeight;
    const std::uint64_t first = index << below;
    SIGNET_TRY(const std::span<const Sha256> hashes, tile(height / kTileHeight, first / kTileWidth));
    return merkle_root(hashes.subspan(first % kTileWidth, std::size_t{1} << below));
  }

  Result<std::span<const Sha256>> tile(unsigned level, std::uint64_t index) {
    const std::pair key(level, index);
    if (const auto known = read_.find(key); known != read_.end()) return known->second;
    const auto id = tile_in_tree(level, index, size_);
    if (!id) return fail(ErrorCode::kInternal, fmt::format("no tile {} at level {} of {}", index, level, size_));
    SIGNET_TRY(const Bytes bytes, tiles_.read_tile(*id));
    SIGNET_TRY(std::vector<Sha256> hashes, decode_tile(*id, bytes));
    return read_.emplace(key, std::move(hashes)).first->second;
  }

  HashReader& tiles_;
  std::uint64_t size_;
  std::map<std::pair<unsigned, std::uint64_t>, std::vector<Sha256>> read_;
};

}  // namespace

Result<MerkleFrontier> TiledTree::frontier(std::uint64_t size) const {
  SIGNET_CHECK(check_sizes(size, size_));
  SIGNET_TRY(std::vector<Sha256> peaks, Nodes(*tiles_, size_).peaks(0, size));
  return MerkleFrontier::restore(size, std::move(peaks));
}

Result<Sha256> TiledTree::root(std::uint64_t size) const {
  SIGNET_TRY(const MerkleFrontier tree, frontier(size));
  return tree.root();
}

Result<Proof> TiledTree::prove_inclusion(std::uint64_t index, std::uint64_t size) const {
  SIGNET_CHECK(check_sizes(size, size_));
  if (index >= size) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("index {} is outside a tree of {} entries", index, size),
                "index");
  }
  Proof proof;
  SIGNET_CHECK(Nodes(*tiles_, size_).append_way(proof, 0, index, size));
  return proof;
}

Result<Proof> TiledTree::prove_consistency(std::uint64_t old_size, std::uint64_t new_size) const {
  SIGNET_CHECK(check_sizes(new_size, size_));
  SIGNET_CHECK(check_sizes(old_size, new_size));
  Proof proof;
  if (old_size == 0 || old_size == new_size) return proof;
  Nodes nodes(*tiles_, size_);
  const ConsistencyStart start = consistency_start(old_size);
  if (!start.is_old_root) {
    SIGNET_TRY(const Sha256 hash, nodes.node(start.height, start.index, new_size));
    proof.push_back(hash);
  }
  SIGNET_CHECK(nodes.append_way(proof, start.height, start.index, new_size));
  return proof;
}

Result<TileBuilder> TileBuilder::load(HashReader& tiles, std::uint64_t size) {
  SIGNET_CHECK(check_sizes(size, size));
  TileBuilder builder;
  builder.size_ = builder.taken_ = size;
  for (unsigned level = 0; level < level_count(size); ++level) {
    const auto last = tile_in_tree(level, level_tiles(size, level).full, size);
    if (!last) continue;
    SIGNET_TRY(const Bytes bytes, tiles.read_tile(*last));
    SIGNET_TRY(builder.levels_.at(level).unfinished, decode_tile(*last, bytes));
  }
  return builder;
}

void TileBuilder::append(const Sha256& leaf_hash) {
  Sha256 hash = leaf_hash;
  for (Level& level : levels_) {
    level.unfinished.push_back(hash);
    if (level.unfinished.size() < kTileWidth) break;
    hash = merkle_root(level.unfinished);
    level.finished.push_back(encode_tile(level.unfinished));
    level.unfinished.clear();
  }
  ++size_;
}

std::vector<TileBuilder::Tile> TileBuilder::take() {
  std::vector<Tile> tiles;
  for (const TileId& id : changed_tiles(taken_, size_)) {
    Level& level = levels_.at(id.level);
    const std::uint64_t first = level_tiles(taken_, id.level).full;
    tiles.push_back({.id = id,
                     .bytes = id.full() ? std::move(level.finished.at(static_cast<std::size_t>(id.index - first)))
                                        : encode_tile(level.unfinished)});
  }
  for (Level& level : levels_) level.finished.clear();
  taken_ = size_;
  return tiles;
}

}  // namespace signet::log
