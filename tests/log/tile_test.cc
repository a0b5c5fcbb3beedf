#include "log/tile.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "base/file.h"
#include "log/entry.h"
#include "tile_properties.h"

namespace signet::log {
namespace {

void expect_bad_path(std::string_view path) {
  const auto tile = parse_tile_path(path);
  ASSERT_FALSE(tile.has_value()) << path;
  EXPECT_EQ(tile.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(tile.error().field, "path");
  EXPECT_FALSE(parse_bundle_path(path).has_value()) << path;
}

TEST(Tile, PathsAreThoseOfTheSpecification) {
  EXPECT_EQ(path_of(TileId{.level = 0, .index = 1'234'067}), "tile/0/x001/x234/067");
  EXPECT_EQ(path_of(TileId{.level = 0, .index = 273, .width = 112}), "tile/0/273.p/112");
  EXPECT_EQ(path_of(TileId{.level = 63, .index = 0, .width = 1}), "tile/63/000.p/1");
  EXPECT_EQ(path_of(TileId{.level = 2, .index = 1000}), "tile/2/x001/000");
  EXPECT_EQ(path_of(BundleId{.index = 1'234'067, .width = 255}), "tile/entries/x001/x234/067.p/255");
  EXPECT_EQ(path_of(BundleId{.index = 0}), "tile/entries/000");
  EXPECT_EQ(partials_folder(TileId{.level = 1, .index = 1001, .width = 7}), "tile/1/x001/001.p");
  EXPECT_EQ(partials_folder(BundleId{.index = 1}), "tile/entries/001.p");
}

TEST(Tile, ReadsThePathsItWrites) {
  for (const std::uint64_t index :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{999}, std::uint64_t{1000}, std::uint64_t{999'999},
        std::uint64_t{1'000'000}, std::uint64_t{1'234'067}, std::uint64_t{1} << 55, kMaxTreeSize}) {
    for (const std::uint16_t width : std::initializer_list<std::uint16_t>{1, 9, 10, 99, 100, 255, 256}) {
      const BundleId bundle{.index = index, .width = width};
      EXPECT_EQ(parse_bundle_path(path_of(bundle)).value(), bundle);
      for (const std::uint8_t level : std::initializer_list<std::uint8_t>{0, 1, 7, 9, 10, 63}) {
        const TileId tile{.level = level, .index = index, .width = width};
        EXPECT_EQ(parse_tile_path(path_of(tile)).value(), tile);
      }
    }
  }
}

TEST(Tile, RefusesEveryOtherPath) {
  for (const std::string_view path : {"",
                                      "/",
                                      "tile",
                                      "tile/",
                                      "tile/0",
                                      "tile/0/",
                                      "/tile/0/000",
                                      "tile//000",
                                      "Tile/0/000",
                                      "tile/0/000/",
                                      "tile/00/000",
                                      "tile/01/000",
                                      "tile/64/000",
                                      "tile/256/000",
                                      "tile/-1/000",
                                      "tile/+1/000",
                                      "tile/ 1/000",
                                      "tile/0/0",
                                      "tile/0/00",
                                      "tile/0/0000",
                                      "tile/0/-01",
                                      "tile/0/+01",
                                      "tile/0/ 01",
                                      "tile/0/0x1",
                                      "tile/0/x01",
                                      "tile/0/x001",
                                      "tile/0/x001/",
                                      "tile/0/x000/000",
                                      "tile/0/x000/x001/000",
                                      "tile/0/x001/x000",
                                      "tile/0/001/000",
                                      "tile/0/x001/00",
                                      "tile/0/x001//000",
                                      "tile/0/x001/x/000",
                                      "tile/0/X001/000",
                                      "tile/0/x1000/000",
                                      "tile/0/000.p",
                                      "tile/0/000.p/",
                                      "tile/0/000.p/0",
                                      "tile/0/000.p/256",
                                      "tile/0/000.p/65537",
                                      "tile/0/000.p/01",
                                      "tile/0/000.p/-1",
                                      "tile/0/000.p/1/",
                                      "tile/0/000.p/1.p/1",
                                      "tile/0/000.p/x01",
                                      "tile/0/000p/1",
                                      "tile/0/x001.p/1",
                                      "tile/0/../000",
                                      "tile/0/000?",
                                      "tile/data/000",
                                      "tile/8/0/000",
                                      "tile/entries",
                                      "tile/entries/",
                                      "tile/entries/0",
                                      "tile/entries/000.p/256",
                                      "tile/entries/x000/000",
                                      "tile/entries/000.p/0",
                                      "entries/000"}) {
    expect_bad_path(path);
  }
  expect_bad_path(std::string_view("tile/0/00\0", 10));
  EXPECT_TRUE(parse_tile_path("tile/0/x009/x223/x372/x036/x854/x775/807").has_value());  // 2^63 - 1
  expect_bad_path("tile/0/x009/x223/x372/x036/x854/x775/808");
  expect_bad_path("tile/0/x018/x446/x744/x073/x709/x551/616");  // 2^64
  expect_bad_path("tile/0/x001" + std::string(200, 'x'));
  EXPECT_FALSE(parse_bundle_path("tile/0/000").has_value());
  EXPECT_FALSE(parse_tile_path("tile/entries/000").has_value());
}

// The examples of C2SP tlog-tiles, section "Partial Tiles".
TEST(Tile, ATreeHasTheTilesTheSpecificationSays) {
  EXPECT_EQ(level_tiles(70'000, 0), (LevelTiles{.full = 273, .partial = 112}));
  EXPECT_EQ(level_tiles(70'000, 1), (LevelTiles{.full = 1, .partial = 17}));
  EXPECT_EQ(level_tiles(70'000, 2), (LevelTiles{.full = 0, .partial = 1}));
  EXPECT_EQ(level_tiles(70'000, 3), LevelTiles{});
  EXPECT_EQ(level_count(70'000), 3U);
  EXPECT_EQ(level_tiles(256, 0), (LevelTiles{.full = 1, .partial = 0}));
  EXPECT_EQ(level_tiles(256, 1), (LevelTiles{.full = 0, .partial = 1}));
  EXPECT_EQ(level_count(256), 2U);
}

TEST(Tile, CountsAtTheLimits) {
  EXPECT_EQ(level_count(0), 0U);
  EXPECT_EQ(level_count(1), 1U);
  EXPECT_EQ(level_count(255), 1U);
  EXPECT_EQ(level_count(65'535), 2U);
  EXPECT_EQ(level_count(65'536), 3U);
  EXPECT_EQ(level_count(kMaxTreeSize), 8U);
  EXPECT_EQ(level_tiles(kMaxTreeSize, 7), (LevelTiles{.full = 0, .partial = 127}));
  EXPECT_EQ(level_tiles(kMaxTreeSize, 8), LevelTiles{});
  EXPECT_EQ(level_tiles(UINT64_MAX, 63), LevelTiles{});
  EXPECT_EQ(tile_in_tree(0, 273, 70'000), (TileId{.level = 0, .index = 273, .width = 112}));
  EXPECT_EQ(tile_in_tree(0, 272, 70'000), (TileId{.level = 0, .index = 272}));
  EXPECT_EQ(tile_in_tree(0, 274, 70'000), std::nullopt);
  EXPECT_EQ(tile_in_tree(0, 1, 256), std::nullopt);
  EXPECT_EQ(tile_in_tree(0, 0, 0), std::nullopt);
  EXPECT_EQ(tile_in_tree(9, 0, kMaxTreeSize), std::nullopt);
}

/// All tiles of a tree, from the definition: hash i of tile n at level l needs (n * 256 + i + 1) * 256^l entries.
std::set<TileId> tiles_of(std::uint64_t size) {
  std::set<TileId> tiles;
  std::uint64_t span = 1;
  for (std::uint8_t level = 0; span <= size; ++level, span *= 256) {
    for (std::uint64_t index = 0; (index * 256 + 1) * span <= size; ++index) {
      std::uint16_t width = 0;
      while (width < 256 && (index * 256 + width + 1) * span <= size) ++width;
      tiles.insert({.level = level, .index = index, .width = width});
    }
  }
  return tiles;
}

TEST(Tile, ChangedAreExactlyTheTilesTheOlderTreeHadNot) {
  const std::vector<std::uint64_t> sizes = {0,      1,      2,      3,      254,    255,    256,     257,     258,
                                            511,    512,    513,    514,    700,    1024,   1279,    65'279,  65'280,
                                            65'535, 65'536, 65'537, 65'792, 65'793, 70'000, 131'071, 131'072, 131'073};
  for (const std::uint64_t older : sizes) {
    for (const std::uint64_t newer : sizes) {
      std::set<TileId> expected;
      if (newer > older) {
        const auto had = tiles_of(older);
        for (const TileId& tile : tiles_of(newer)) {
          if (!had.contains(tile)) expected.insert(tile);
        }
      }
      // Sorted by level and index, so what a tile stands on comes before it.
      const std::vector<TileId> in_order(expected.begin(), expected.end());
      ASSERT_EQ(changed_tiles(older, newer), in_order) << older << " to " << newer;
      std::vector<BundleId> bundles;
      for (const TileId& tile : in_order) {
        if (tile.level == 0) bundles.push_back({.index = tile.index, .width = tile.width});
      }
      ASSERT_EQ(changed_bundles(older, newer), bundles) << older << " to " << newer;
    }
  }
}

TEST(Tile, ABundleHoldsItsEntriesBehindTheirLengths) {
  const Bytes longest(kMaxEntryBytes, 0x5A);
  const std::vector<ByteView> entries = {bytes_of("abc"), {}, longest};
  const Bytes bytes = encode_bundle(entries).value();
  ASSERT_EQ(bytes.size(), 3 * 2 + 3 + kMaxEntryBytes);
  EXPECT_EQ(to_hex(ByteView(bytes).first(10)), "00036162630000ffff5a");
  const auto again = decode_bundle({.index = 0, .width = 3}, bytes);
  ASSERT_TRUE(again.has_value()) << again.error().message;
  ASSERT_EQ(again->size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(equal((*again)[i], entries[i]));
}

TEST(Tile, RefusesToWriteABundleThatCannotBe) {
  EXPECT_FALSE(encode_bundle({}).has_value());
  EXPECT_FALSE(encode_bundle(std::vector<ByteView>(257)).has_value());
  EXPECT_TRUE(encode_bundle(std::vector<ByteView>(256)).has_value());
  const Bytes too_long(kMaxEntryBytes + 1);
  EXPECT_FALSE(encode_bundle(std::vector<ByteView>{too_long}).has_value());
}

TEST(Tile, RefusesABundleCutAnywhereOrWithMoreBehind) {
  const std::vector<ByteView> entries = {bytes_of("abc"), bytes_of("de")};
  Bytes bytes = encode_bundle(entries).value();
  const BundleId id{.index = 7, .width = 2};
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto cut = decode_bundle(id, ByteView(bytes).first(size));
    ASSERT_FALSE(cut.has_value()) << size;
    EXPECT_EQ(cut.error().code, ErrorCode::kDataLoss);
    EXPECT_NE(cut.error().message.find("tile/entries/007.p/2"), std::string::npos) << cut.error().message;
  }
  EXPECT_TRUE(decode_bundle(id, bytes).has_value());
  bytes.push_back(0);
  EXPECT_FALSE(decode_bundle(id, bytes).has_value());
}

TEST(Tile, RefusesATileOfTheWrongLength) {
  const TileId id{.level = 1, .index = 3, .width = 2};
  const std::vector<Sha256> hashes = {Sha256{1}, Sha256{2}};
  const Bytes bytes = encode_tile(hashes);
  EXPECT_EQ(decode_tile(id, bytes).value(), hashes);
  for (const std::size_t size : {0U, 32U, 63U, 65U, 96U}) {
    const auto wrong = decode_tile(id, Bytes(size));
    ASSERT_FALSE(wrong.has_value()) << size;
    EXPECT_EQ(wrong.error().code, ErrorCode::kDataLoss);
    EXPECT_NE(wrong.error().message.find("tile/1/003.p/2"), std::string::npos);
  }
}

// Names say what must become of a file; a find of the fuzzer is kept under one of the two.
TEST(Tile, FuzzPropertyHoldsForTheCorpus) {
  std::size_t accepted = 0;
  for (const auto& file : std::filesystem::directory_iterator(SIGNET_SOURCE_DIR "/tests/log/tile_corpus")) {
    const auto bytes = read_file(file.path().string(), 65'536, FileTrust::kAnyone, "corpus");
    ASSERT_TRUE(bytes.has_value());
    const std::string name = file.path().filename().string();
    EXPECT_TRUE(name.starts_with("valid_") || name.starts_with("refused_")) << name;
    const bool valid = check_tile_property(*bytes);
    EXPECT_EQ(valid, name.starts_with("valid_")) << name;
    if (valid) ++accepted;
  }
  EXPECT_GE(accepted, 8U);
}

}  // namespace
}  // namespace signet::log
