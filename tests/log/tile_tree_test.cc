#include "log/tile_tree.h"

#include <gtest/gtest.h>

#include "merkle_reference.h"

namespace signet::log {
namespace {

/// The tiles of a tree, and nothing else: what changed_tiles(0, size) names.
test::MemoryTiles tiles_of(std::span<const Sha256> leaves) {
  TileBuilder builder;
  for (const Sha256& leaf : leaves) builder.append(leaf);
  test::MemoryTiles tiles;
  tiles.write(builder.take());
  return tiles;
}

TEST(TiledTree, MakesEveryInclusionProofToSize130) {
  test::ReferenceTree reference(130);
  for (std::size_t size = 1; size <= 130; ++size) {
    test::MemoryTiles tiles = tiles_of(std::span(reference.leaves()).first(size));
    const TiledTree tree(tiles, size);
    EXPECT_EQ(tree.root(size).value(), reference.root(size));
    for (std::size_t index = 0; index < size; ++index) {
      ASSERT_EQ(tree.prove_inclusion(index, size).value(), reference.path(index, 0, size)) << index << " of " << size;
    }
  }
}

TEST(TiledTree, ProvesForEverySmallerTreeFromItsOwnTilesAlone) {
  test::ReferenceTree reference(300);
  test::MemoryTiles tiles = tiles_of(reference.leaves());
  ASSERT_EQ(tiles.files.size(), 3U);  // a full one, the partial one beside it, the partial one above
  const TiledTree tree(tiles, 300);
  for (std::size_t size = 0; size <= 300; ++size) {
    EXPECT_EQ(tree.root(size).value(), reference.root(size));
    EXPECT_EQ(tree.frontier(size)->root(), reference.root(size));
    if (size % 37 < 2 || (size > 254 && size < 259)) {
      for (std::size_t index = 0; index < size; ++index) {
        ASSERT_EQ(tree.prove_inclusion(index, size).value(), reference.path(index, 0, size)) << index << " of " << size;
      }
      for (std::size_t old = 1; old <= size; ++old) {
        ASSERT_EQ(tree.prove_consistency(old, size).value(), reference.consistency(old, size)) << old << ", " << size;
      }
    }
    EXPECT_TRUE(tree.prove_consistency(0, size)->empty());
  }
}

TEST(TiledTree, ProvesAroundTheWidthsOfTiles) {
  constexpr std::size_t kMost = 70'000;
  test::ReferenceTree reference(kMost);
  for (const std::size_t stored : {std::size_t{65'535}, std::size_t{65'536}, std::size_t{65'537}, kMost}) {
    test::MemoryTiles tiles = tiles_of(std::span(reference.leaves()).first(stored));
    const TiledTree tree(tiles, stored);
    for (const std::size_t size : {255U, 256U, 257U, 511U, 512U, 513U, 65'279U, 65'280U, 65'281U, 65'535U, 65'536U,
                                   65'537U, 65'792U, 65'793U, 69'888U, 70'000U}) {
      if (size > stored) continue;
      const Sha256 root = tree.root(size).value();
      ASSERT_EQ(root, reference.root(size)) << size;
      for (const std::size_t at :
           {0U, 1U, 127U, 128U, 255U, 256U, 257U, 511U, 512U, 65'279U, 65'280U, 65'535U, 65'536U, 69'999U}) {
        if (at >= size) continue;
        const Proof path = tree.prove_inclusion(at, size).value();
        EXPECT_EQ(path, reference.path(at, 0, size)) << at << " of " << size;
        EXPECT_TRUE(verify_inclusion(at, size, reference.leaf(at), path, root).has_value());
        const Proof proof = tree.prove_consistency(at + 1, size).value();
        EXPECT_EQ(proof, reference.consistency(at + 1, size)) << at + 1 << ", " << size;
        EXPECT_TRUE(verify_consistency(at + 1, size, reference.root(at + 1), root, proof).has_value());
      }
    }
  }
}

// C2SP tlog-tiles, section "Partial Tiles".
TEST(TileBuilder, MakesTheTilesOfTheSpecificationsExample) {
  const test::ReferenceTree reference(70'000);
  const test::MemoryTiles tiles = tiles_of(reference.leaves());
  EXPECT_EQ(tiles.files.size(), 273U + 1 + 1 + 1 + 1);
  for (std::uint64_t i = 0; i < 273; ++i) EXPECT_EQ(tiles.files.at(path_of(TileId{.index = i})).size(), 8192U);
  EXPECT_EQ(tiles.files.at("tile/0/273.p/112").size(), 112U * 32);
  EXPECT_EQ(tiles.files.at("tile/1/000").size(), 8192U);
  EXPECT_EQ(tiles.files.at("tile/1/001.p/17").size(), 17U * 32);
  EXPECT_EQ(tiles.files.at("tile/2/000.p/1").size(), 32U);
}

TEST(TileBuilder, HashesOfATileAreTheRootsOfTheFullTilesBelow) {
  test::ReferenceTree reference(66'000);
  const test::MemoryTiles tiles = tiles_of(reference.leaves());
  for (const auto& [path, bytes] : tiles.files) {
    const TileId id = parse_tile_path(path).value();
    const std::vector<Sha256> hashes = decode_tile(id, bytes).value();
    const std::uint64_t span = std::uint64_t{1} << (8U * id.level);
    for (std::uint64_t i = 0; i < id.width; i += 37) {
      const std::uint64_t begin = (id.index * 256 + i) * span;
      ASSERT_EQ(hashes[i], reference.root(begin, begin + span)) << path << " " << i;
    }
  }
}

TEST(TileBuilder, GivesWhatChangedHoweverOftenItIsAskedAndLoaded) {
  test::ReferenceTree reference(66'200);
  const test::MemoryTiles whole = tiles_of(reference.leaves());
  test::MemoryTiles tiles;
  TileBuilder builder;
  std::uint64_t taken = 0;
  for (std::uint64_t size = 0; size < reference.leaves().size();) {
    const std::uint64_t step = std::min<std::uint64_t>(1 + size % 977, reference.leaves().size() - size);
    for (std::uint64_t i = 0; i < step; ++i) builder.append(reference.leaf(size++));
    const auto changed = builder.take();
    std::vector<TileId> ids;
    for (const auto& tile : changed) ids.push_back(tile.id);
    ASSERT_EQ(ids, changed_tiles(taken, size));
    EXPECT_TRUE(builder.take().empty());
    tiles.write(changed);
    taken = size;
    if (size % 3 != 0) continue;
    auto loaded = TileBuilder::load(tiles, size);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
    builder = *std::move(loaded);
    EXPECT_EQ(builder.size(), size);
    EXPECT_TRUE(builder.take().empty());
  }
  for (const auto& [path, bytes] : whole.files) EXPECT_EQ(tiles.files[path], bytes) << path;
}

// Every prefix of what is written before a crash must hold nothing that stands on a tile that is missing.
TEST(TileBuilder, OrdersTilesSoThatWhatATileStandsOnIsWrittenBefore) {
  TileBuilder builder;
  for (std::size_t i = 0; i < 65'800; ++i) builder.append(Sha256{1});
  test::MemoryTiles tiles;
  for (const auto& tile : builder.take()) {
    if (tile.id.level > 0) {
      for (std::uint64_t i = 0; i < tile.id.width; ++i) {
        const TileId below{.level = static_cast<std::uint8_t>(tile.id.level - 1), .index = tile.id.index * 256 + i};
        ASSERT_TRUE(tiles.files.contains(path_of(below))) << path_of(below) << " before " << path_of(tile.id);
      }
    }
    tiles.write({tile});
  }
}

/// A tree whose leaves are all the same, of any size: a tile's hashes depend on its level alone.
class UniformTiles : public HashReader {
 public:
  UniformTiles() {
    complete.push_back(leaf_hash(bytes_of("same")));
    while (complete.size() < 64) complete.push_back(test::reference_node(complete.back(), complete.back()));
  }
  Result<Bytes> read_tile(const TileId& tile) override {
    ++reads;
    return encode_tile(Proof(tile.width, complete.at(8U * tile.level)));
  }
  /// MTH by the definition.
  [[nodiscard]] Sha256 root(std::uint64_t size) const {
    if (std::has_single_bit(size)) return complete.at(static_cast<std::size_t>(std::countr_zero(size)));
    const std::uint64_t left = test::split_of(size);
    return test::reference_node(root(left), root(size - left));
  }
  std::vector<Sha256> complete;
  std::size_t reads = 0;
};

TEST(TiledTree, ProvesInTreesUpToTheLargestSizeReadingFewTiles) {
  UniformTiles tiles;
  for (const std::uint64_t size :
       {std::uint64_t{1} << 32U, (std::uint64_t{1} << 32U) + 1, std::uint64_t{1} << 56U, (std::uint64_t{1} << 62U) - 1,
        std::uint64_t{1} << 62U, (std::uint64_t{1} << 62U) + 1, kMaxTreeSize - 1, kMaxTreeSize}) {
    const TiledTree tree(tiles, size);
    const Sha256 root = tree.root(size).value();
    EXPECT_EQ(root, tiles.root(size));
    for (const std::uint64_t index : {std::uint64_t{0}, size / 3, size / 2, size - 2, size - 1}) {
      tiles.reads = 0;
      const Proof path = tree.prove_inclusion(index, size).value();
      EXPECT_TRUE(verify_inclusion(index, size, tiles.complete[0], path, root).has_value()) << index << " of " << size;
      EXPECT_LE(tiles.reads, 16U);
      EXPECT_EQ(test::reference_root(index, size, tiles.complete[0], path), root);
      tiles.reads = 0;
      const Proof proof = tree.prove_consistency(index + 1, size).value();
      EXPECT_TRUE(verify_consistency(index + 1, size, tiles.root(index + 1), root, proof).has_value()) << index;
      EXPECT_LE(tiles.reads, 16U);
    }
  }
}

TEST(TiledTree, RefusesWhatLiesOutsideTheTree) {
  test::ReferenceTree reference(10);
  test::MemoryTiles tiles = tiles_of(reference.leaves());
  const TiledTree tree(tiles, 10);
  EXPECT_EQ(tree.root(11).error().field, "size");
  EXPECT_EQ(tree.frontier(UINT64_MAX).error().field, "size");
  EXPECT_EQ(tree.prove_inclusion(0, 11).error().field, "size");
  EXPECT_EQ(tree.prove_inclusion(5, 5).error().field, "index");
  EXPECT_EQ(tree.prove_inclusion(0, 0).error().field, "index");
  EXPECT_EQ(tree.prove_consistency(6, 5).error().field, "size");
  EXPECT_EQ(tree.prove_consistency(5, 11).error().field, "size");
  EXPECT_EQ(TiledTree(tiles, kMaxTreeSize + 1).root(1).error().field, "size");
  EXPECT_EQ(TileBuilder::load(tiles, UINT64_MAX).error().field, "size");
  EXPECT_EQ(tree.root(0).value(), empty_root());
}

TEST(TiledTree, PassesOnAMissingTileAndNamesADamagedOne) {
  test::ReferenceTree reference(300);
  test::MemoryTiles tiles = tiles_of(reference.leaves());
  const TiledTree tree(tiles, 300);
  tiles.files.at("tile/0/000").pop_back();
  const auto damaged = tree.prove_inclusion(3, 300);
  ASSERT_FALSE(damaged.has_value());
  EXPECT_EQ(damaged.error().code, ErrorCode::kDataLoss);
  EXPECT_NE(damaged.error().message.find("tile/0/000"), std::string::npos);
  tiles.files.erase("tile/0/001.p/44");
  EXPECT_EQ(tree.prove_inclusion(3, 300).error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(tree.prove_inclusion(299, 300).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(TileBuilder::load(tiles, 300).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace signet::log
