// Tiles and entry bundles of C2SP tlog-tiles: their names, their bytes, and which of them a tree has.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "log/merkle.h"

namespace signet::log {

/// Hashes in a full tile, entries in a full bundle.
inline constexpr std::uint16_t kTileWidth = 256;
/// The highest level a path may name.
inline constexpr std::uint8_t kMaxTileLevel = 63;
/// Levels that a tree of at most kMaxTreeSize entries can have.
inline constexpr unsigned kTileLevels = 8;

/// Hash i of tile `index` at level l is the root of the entries from (index * 256 + i) * 256^l on, 256^l of them; it
/// is also the root of full tile index * 256 + i of the level below. A tile with fewer than 256 hashes is partial.
struct TileId {
  std::uint8_t level = 0;            ///< 0 to kMaxTileLevel
  std::uint64_t index = 0;           ///< within the level, at most kMaxTreeSize
  std::uint16_t width = kTileWidth;  ///< 1 to kTileWidth
  [[nodiscard]] bool full() const noexcept { return width == kTileWidth; }
  friend auto operator<=>(const TileId&, const TileId&) = default;
};

/// The entries whose leaf hashes tile `index` of level 0 holds.
struct BundleId {
  std::uint64_t index = 0;
  std::uint16_t width = kTileWidth;
  [[nodiscard]] bool full() const noexcept { return width == kTileWidth; }
  friend auto operator<=>(const BundleId&, const BundleId&) = default;
};

/// `tile/<L>/<N>[.p/<W>]` and `tile/entries/<N>[.p/<W>]`: 1234067 is `x001/x234/067`. Relative to the log's folder.
[[nodiscard]] std::string path_of(const TileId& tile);
[[nodiscard]] std::string path_of(const BundleId& bundle);
/// The folder in which all partial tiles (bundles) of that level and index stand, such as `tile/0/273.p`. It may go
/// once the full one is durable.
[[nodiscard]] std::string partials_folder(const TileId& tile);
[[nodiscard]] std::string partials_folder(const BundleId& bundle);

/// Take exactly what path_of writes. Error kInvalidArgument, field "path".
[[nodiscard]] Result<TileId> parse_tile_path(std::string_view path);
[[nodiscard]] Result<BundleId> parse_bundle_path(std::string_view path);

/// What a tree has at one level.
struct LevelTiles {
  std::uint64_t full = 0;
  std::uint16_t partial = 0;  ///< hashes of the partial tile behind the full ones; 0 = there is none
  friend bool operator==(const LevelTiles&, const LevelTiles&) = default;
};
/// floor(size / 256^level) hashes. Nothing above the highest level.
[[nodiscard]] LevelTiles level_tiles(std::uint64_t size, unsigned level);
/// How many levels are not empty.
[[nodiscard]] unsigned level_count(std::uint64_t size);
/// The tile as a tree of that size has it; none if the tree does not reach so far.
[[nodiscard]] std::optional<TileId> tile_in_tree(unsigned level, std::uint64_t index, std::uint64_t size);

/// The bundles and tiles that a tree of `new_size` entries has and one of `old_size` had not: those that became full or
/// are new, and the last partial one of a level if it changed. About (new_size - old_size) / 256 of each; none if
/// old_size is not smaller. Write all bundles first, then the tiles in this order (levels from 0 up, from left to
/// right), then the checkpoint: after a crash in between, whatever a tile or checkpoint stands on is there.
[[nodiscard]] std::vector<BundleId> changed_bundles(std::uint64_t old_size, std::uint64_t new_size);
[[nodiscard]] std::vector<TileId> changed_tiles(std::uint64_t old_size, std::uint64_t new_size);

/// A tile's bytes: its hashes, one after the other.
[[nodiscard]] Bytes encode_tile(std::span<const Sha256> hashes);
/// Error kDataLoss naming the tile's path, when there are not `width` times 32 bytes.
[[nodiscard]] Result<std::vector<Sha256>> decode_tile(const TileId& tile, ByteView bytes);

/// A bundle's bytes: each entry's length as a big-endian uint16, and the entry. Error kInvalidArgument, naming which:
/// no entries or more than kTileWidth, an entry longer than kMaxEntryBytes.
[[nodiscard]] Result<Bytes> encode_bundle(std::span<const ByteView> entries);
/// The entries, which live as long as `bytes`. Error kDataLoss naming the bundle's path, when the bytes are not exactly
/// `width` entries.
[[nodiscard]] Result<std::vector<ByteView>> decode_bundle(const BundleId& bundle, ByteView bytes);

}  // namespace signet::log
