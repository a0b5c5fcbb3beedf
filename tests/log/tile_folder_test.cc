#include "log/tile_folder.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/file.h"
#include "file_faults.h"
#include "log/entry.h"
#include "merkle_reference.h"
#include "support/temp_directory.h"

namespace signet::log {
namespace {

using testing::HasSubstr;

class TileFolderTest : public testing::Test {
 protected:
  /// Hashes that differ in every tile.
  static Bytes tile_bytes(const TileId& id) {
    Bytes bytes;
    for (std::uint16_t i = 0; i < id.width; ++i) {
      append(bytes, sha256(bytes_of(std::to_string(id.level) + " " + std::to_string(id.index * 256 + i))));
    }
    return bytes;
  }
  static Bytes bundle_bytes(const BundleId& id) {
    Bytes bytes;
    for (std::uint16_t i = 0; i < id.width; ++i) {
      const std::string entry = std::to_string(id.index * 256 + i) + std::string(i, 'e');
      append_u16(bytes, static_cast<std::uint16_t>(entry.size()));
      append(bytes, bytes_of(entry));
    }
    return bytes;
  }
  void write(const TileId& id) { write(id, tile_bytes(id)); }
  void write(const BundleId& id) { write(id, bundle_bytes(id)); }
  void write(const TileId& id, const Bytes& bytes) {
    ASSERT_TRUE(folder_.write_tile(id, bytes).has_value());
    ASSERT_TRUE(folder_.commit().has_value());
  }
  void write(const BundleId& id, const Bytes& bytes) {
    ASSERT_TRUE(folder_.write_bundle(id, bytes).has_value());
    ASSERT_TRUE(folder_.commit().has_value());
  }
  [[nodiscard]] bool exists(const std::string& path) const { return std::filesystem::exists(directory_ / path); }
  [[nodiscard]] mode_t mode_of(const std::string& path) const {
    struct stat status{};
    return stat((directory_ / path).c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
  }

  test::TempDirectory directory_;
  TileFolder folder_{directory_.path().string()};
};

TEST_F(TileFolderTest, WritesEachTileToItsPathForItsUserOnly) {
  const TileId full{.level = 1, .index = 1'234'067};
  const TileId partial{.level = 0, .index = 273, .width = 112};
  const BundleId bundle{.index = 5, .width = 3};
  write(full);
  write(partial);
  write(bundle);
  EXPECT_EQ(folder_.read_tile(full).value(), tile_bytes(full));
  EXPECT_EQ(folder_.read_tile(partial).value(), tile_bytes(partial));
  EXPECT_EQ(folder_.read_bundle(bundle).value(), bundle_bytes(bundle));
  for (const char* const path : {"tile/1/x001/x234/067", "tile/0/273.p/112", "tile/entries/005.p/3"}) {
    EXPECT_EQ(mode_of(path), 0600U) << path;
  }
  for (const char* const path : {"tile", "tile/1/x001/x234", "tile/0/273.p", "tile/entries"}) {
    EXPECT_EQ(mode_of(path), 0700U) << path;
  }
}

TEST_F(TileFolderTest, WritesTheSameTileAgain) {
  const TileId id{.index = 7, .width = 9};
  write(id);
  write(id);
  EXPECT_EQ(folder_.read_tile(id).value(), tile_bytes(id));
}

TEST_F(TileFolderTest, ShowsNothingBeforeItIsCommitted) {
  const TileId id{.index = 7, .width = 9};
  ASSERT_TRUE(folder_.write_tile(id, tile_bytes(id)).has_value());
  EXPECT_EQ(folder_.read_tile(id).error().code, ErrorCode::kNotFound);
  folder_.discard();
  ASSERT_TRUE(folder_.commit().has_value());
  EXPECT_EQ(folder_.read_tile(id).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(std::filesystem::is_empty(directory_ / "tile/0/007.p"));
}

TEST_F(TileFolderTest, AnErrorAtAnyCallLeavesWhatCanBeTriedAgain) {
  for (const std::uint64_t tiles : {2U, 40U}) {
    for (const auto fault : {test::FileFault::kFailNotDone, test::FileFault::kFailAfterDone}) {
      for (std::size_t at = 1, reached = 1; reached >= at; ++at) {
        std::filesystem::remove_all(directory_ / "tile");
        TileFolder folder(directory_.path().string());
        const auto write_all = [&]() -> Result<void> {
          for (std::uint64_t i = 0; i < tiles; ++i) {
            SIGNET_CHECK(folder.write_tile({.index = i}, tile_bytes({.index = i})));
          }
          return folder.commit();
        };
        test::arm_file_fault(fault, at);
        const auto first = write_all();
        reached = test::disarm_file_fault();
        EXPECT_EQ(first.has_value(), reached < at);
        if (!first) {
          EXPECT_TRUE(write_all().has_value());
        }
        for (std::uint64_t i = 0; i < tiles; ++i) {
          ASSERT_EQ(folder.read_tile({.index = i}).value(), tile_bytes({.index = i})) << i << " at " << at;
        }
        std::size_t files = 0;
        for (const auto& name : std::filesystem::directory_iterator(directory_ / "tile/0")) {
          files += name.is_regular_file() ? 1U : 0U;
        }
        EXPECT_EQ(files, tiles) << "something was left at " << at;
      }
    }
  }
}

TEST_F(TileFolderTest, ReadsAPartialTileFromTheNarrowestWiderOne) {
  write(TileId{.index = 1, .width = 9});
  write(TileId{.index = 1, .width = 100});
  write(TileId{.index = 1, .width = 20});
  const TileId wanted{.index = 1, .width = 10};
  EXPECT_EQ(folder_.read_tile(wanted).value(), tile_bytes(wanted));
  ASSERT_TRUE(std::filesystem::remove(directory_ / "tile/0/001.p/20"));
  EXPECT_EQ(folder_.read_tile(wanted).value(), tile_bytes(wanted));
  ASSERT_TRUE(std::filesystem::remove(directory_ / "tile/0/001.p/100"));
  EXPECT_EQ(folder_.read_tile(wanted).error().code, ErrorCode::kNotFound);
  EXPECT_THAT(folder_.read_tile(wanted).error().message, HasSubstr("tile/0/001.p/10: "));
}

TEST_F(TileFolderTest, ReadsWhatIsPartialFromTheFullOne) {
  write(TileId{.level = 2, .index = 3});
  write(BundleId{.index = 3});
  const TileId tile{.level = 2, .index = 3, .width = 255};
  const BundleId bundle{.index = 3, .width = 1};
  EXPECT_EQ(folder_.read_tile(tile).value(), tile_bytes(tile));
  EXPECT_EQ(folder_.read_bundle(bundle).value(), bundle_bytes(bundle));
}

TEST_F(TileFolderTest, NeverReadsAFullTileFromAPartialOne) {
  write(TileId{.index = 3, .width = 255});
  write(BundleId{.index = 3, .width = 255});
  EXPECT_EQ(folder_.read_tile({.index = 3}).error().code, ErrorCode::kNotFound);
  EXPECT_THAT(folder_.read_tile({.index = 3}).error().message, HasSubstr("tile/0/003"));
  EXPECT_EQ(folder_.read_bundle({.index = 3}).error().code, ErrorCode::kNotFound);
}

TEST_F(TileFolderTest, RefusesWrongLengths) {
  const TileId tile{.index = 0, .width = 4};
  for (const std::size_t length : {std::size_t{0}, std::size_t{127}, std::size_t{129}, std::size_t{160}}) {
    write(tile, Bytes(length));
    const auto refused = folder_.read_tile(tile);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::kDataLoss);
    EXPECT_THAT(refused.error().message, HasSubstr("tile/0/000.p/4"));
  }
  write(TileId{.index = 1}, Bytes(8193));
  EXPECT_EQ(folder_.read_tile({.index = 1}).error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(folder_.read_tile({.index = 1, .width = 4}).error().code, ErrorCode::kDataLoss);
}

TEST_F(TileFolderTest, RefusesABundleThatIsNotExactlyItsEntries) {
  const BundleId id{.index = 0, .width = 4};
  Bytes bytes = bundle_bytes(id);
  bytes.push_back(0);
  write(id, bytes);
  EXPECT_EQ(folder_.read_bundle(id).error().code, ErrorCode::kDataLoss);
  bytes.resize(bytes.size() - 2);
  write(id, bytes);
  EXPECT_EQ(folder_.read_bundle(id).error().code, ErrorCode::kDataLoss);
  EXPECT_THAT(folder_.read_bundle(id).error().message, HasSubstr("tile/entries/000.p/4"));
}

TEST_F(TileFolderTest, RefusesAFolderWhereATileShouldBe) {
  std::filesystem::create_directories(directory_ / "tile/0/000");
  EXPECT_EQ(folder_.read_tile({.index = 0}).error().code, ErrorCode::kDataLoss);
}

TEST_F(TileFolderTest, RemovesPartialsOnlyOnceTheFullOneIsThere) {
  write(TileId{.index = 0, .width = 1});
  write(TileId{.index = 0, .width = 200});
  write(BundleId{.index = 0, .width = 200});
  folder_.remove_partials(TileId{.index = 0});
  folder_.remove_partials(BundleId{.index = 0});
  EXPECT_TRUE(exists("tile/0/000.p/1"));
  EXPECT_TRUE(exists("tile/entries/000.p/200"));
  write(TileId{.index = 0});
  write(BundleId{.index = 0});
  folder_.remove_partials(TileId{.index = 0});
  folder_.remove_partials(BundleId{.index = 0});
  folder_.remove_partials(TileId{.index = 0});
  EXPECT_FALSE(exists("tile/0/000.p"));
  EXPECT_FALSE(exists("tile/entries/000.p"));
  write(TileId{.index = 0, .width = 1});
  EXPECT_TRUE(exists("tile/0/000.p/1")) << "the folder is made again";
}

TEST_F(TileFolderTest, SaysWhatIsInTheWayAndWorksOnceItIsGone) {
  directory_.write("tile", "not a folder");
  const TileId id{.index = 0, .width = 1};
  const auto refused = folder_.write_tile(id, tile_bytes(id));
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("/tile"));
  ASSERT_TRUE(std::filesystem::remove(directory_ / "tile"));
  write(id);
}

TEST_F(TileFolderTest, MakesFoldersAgainThatSomebodyRemoved) {
  const TileId id{.index = 0, .width = 1};
  write(id);
  std::filesystem::remove_all(directory_ / "tile");
  EXPECT_FALSE(folder_.write_tile(id, tile_bytes(id)).has_value());
  write(id);
  EXPECT_EQ(folder_.read_tile(id).value(), tile_bytes(id));
}

TEST_F(TileFolderTest, SweepsWhatADeadProcessLeft) {
  write(TileId{.index = 0});
  write(TileId{.index = 0, .width = 3});
  write(TileId{.index = 1, .width = 3});
  write(BundleId{.index = 1'000});
  write(BundleId{.index = 1'000, .width = 7});
  directory_.write("tile/0/001.p/4.0123456789abcdef.new", "half a ti");
  directory_.write("tile/0/000.p/4.0123456789abcdef.new", "half a ti");
  folder_.sweep([] { return true; });
  EXPECT_TRUE(exists("tile/0/000.p/3"));
  folder_.sweep([] { return false; });
  EXPECT_FALSE(exists("tile/0/000.p"));
  EXPECT_FALSE(exists("tile/entries/x001/000.p"));
  EXPECT_FALSE(exists("tile/0/001.p/4.0123456789abcdef.new"));
  EXPECT_TRUE(exists("tile/0/000"));
  EXPECT_TRUE(exists("tile/0/001.p/3"));
  EXPECT_TRUE(exists("tile/entries/x001/000"));
  write(TileId{.index = 0, .width = 3});
}

TEST_F(TileFolderTest, GivesTheTreeItsProofs) {
  test::ReferenceTree reference(700);
  TileBuilder builder;
  for (const Sha256& leaf : reference.leaves()) builder.append(leaf);
  for (const auto& [id, bytes] : builder.take()) write(id, bytes);
  const TiledTree tree(folder_, 700);
  EXPECT_EQ(tree.root(700).value(), reference.root(700));
  EXPECT_EQ(tree.prove_inclusion(511, 700).value(), reference.path(511, 0, 700));
  EXPECT_EQ(tree.prove_consistency(300, 700).value(), reference.consistency(300, 700));
}

}  // namespace
}  // namespace signet::log
