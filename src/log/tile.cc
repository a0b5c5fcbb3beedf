#include "log/tile.h"

#include <fmt/format.h>

#include <algorithm>

#include "log/entry.h"

namespace signet::log {
namespace {

constexpr std::string_view kTiles = "tile/";
constexpr std::string_view kBundles = "tile/entries/";
constexpr std::string_view kPartial = ".p/";
constexpr std::uint64_t kGroup = 1000;
constexpr std::size_t kGroupDigits = 3;
constexpr std::size_t kLengthBytes = 2;

std::unexpected<Error> bad_path(std::string_view path, std::string_view rule) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("\"{}\" is not the path of a tile: {}", printable(path), rule),
              "path");
}

std::string number_path(std::uint64_t index) {
  std::string path = fmt::format("{:03}", index % kGroup);
  for (index /= kGroup; index > 0; index /= kGroup) path = fmt::format("x{:03}/{}", index % kGroup, path);
  return path;
}

std::string with_width(std::string path, std::uint16_t width) {
  if (width != kTileWidth) path += fmt::format("{}{}", kPartial, width);
  return path;
}

/// Digits only. At most three of them: no number of a path has more.
std::optional<std::uint16_t> digits(std::string_view text) {
  if (text.empty() || text.size() > kGroupDigits) return std::nullopt;
  std::uint16_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = static_cast<std::uint16_t>(value * 10 + (c - '0'));
  }
  return value;
}

/// A decimal number without leading zeros, between the two limits.
std::optional<std::uint16_t> decimal(std::string_view text, std::uint16_t least, std::uint16_t most) {
  const auto value = digits(text);
  if (!value || *value < least || *value > most) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return value;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  for (bool first = true;; first = false) {
    const bool more = text.starts_with('x');
    const auto group = digits(text.substr(more ? 1 : 0, kGroupDigits));
    const std::size_t used = kGroupDigits + (more ? 2 : 0);
    if (!group || text.size() < used || (more && text[used - 1] != '/')) return std::nullopt;
    if (more && first && *group == 0) return std::nullopt;
    if (value > (kMaxTreeSize - *group) / kGroup) return std::nullopt;
    value = value * kGroup + *group;
    text.remove_prefix(used);
    if (!more) return text.empty() ? std::optional(value) : std::nullopt;
  }
}

/// `<N>[.p/<W>]`, the end of `path`.
Result<BundleId> parse_place(std::string_view path, std::string_view place) {
  BundleId id;
  if (const std::size_t at = place.find(kPartial); at != std::string_view::npos) {
    const auto width = decimal(place.substr(at + kPartial.size()), 1, kTileWidth - 1);
    if (!width) return bad_path(path, "behind .p/ stands the width, 1 to 255 without leading zeros");
    id.width = *width;
    place = place.substr(0, at);
  }
  const auto index = parse_number(place);
  if (!index) {
    return bad_path(path, "its index is written in groups of three digits, each but the last as x000/, up to 2^63 - 1");
  }
  id.index = *index;
  return id;
}

std::uint64_t hashes_at(std::uint64_t size, unsigned level) { return level < kTileLevels ? size >> (8 * level) : 0; }

}  // namespace

std::string path_of(const TileId& tile) {
  return with_width(fmt::format("{}{}/{}", kTiles, tile.level, number_path(tile.index)), tile.width);
}

std::string path_of(const BundleId& bundle) {
  return with_width(fmt::format("{}{}", kBundles, number_path(bundle.index)), bundle.width);
}

std::string partials_folder(const TileId& tile) {
  return path_of(TileId{.level = tile.level, .index = tile.index}) + ".p";
}

std::string partials_folder(const BundleId& bundle) { return path_of(BundleId{.index = bundle.index}) + ".p"; }

Result<TileId> parse_tile_path(std::string_view path) {
  if (!path.starts_with(kTiles)) return bad_path(path, "it begins with tile/");
  const std::string_view rest = path.substr(kTiles.size());
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return bad_path(path, "it has the form tile/<level>/<index>");
  const auto level = decimal(rest.substr(0, slash), 0, kMaxTileLevel);
  if (!level) return bad_path(path, "its level is a number from 0 to 63 without leading zeros");
  SIGNET_TRY(const BundleId place, parse_place(path, rest.substr(slash + 1)));
  return TileId{.level = static_cast<std::uint8_t>(*level), .index = place.index, .width = place.width};
}

Result<BundleId> parse_bundle_path(std::string_view path) {
  if (!path.starts_with(kBundles)) return bad_path(path, "that of a bundle of entries begins with tile/entries/");
  return parse_place(path, path.substr(kBundles.size()));
}

LevelTiles level_tiles(std::uint64_t size, unsigned level) {
  const std::uint64_t hashes = hashes_at(size, level);
  return {.full = hashes / kTileWidth, .partial = static_cast<std::uint16_t>(hashes % kTileWidth)};
}

unsigned level_count(std::uint64_t size) {
  unsigned levels = 0;
  while (hashes_at(size, levels) > 0) ++levels;
  return levels;
}

std::optional<TileId> tile_in_tree(unsigned level, std::uint64_t index, std::uint64_t size) {
  const LevelTiles tiles = level_tiles(size, level);
  if (index > tiles.full || (index == tiles.full && tiles.partial == 0)) return std::nullopt;
  return TileId{.level = static_cast<std::uint8_t>(level),
                .index = index,
                .width = index < tiles.full ? kTileWidth : tiles.partial};
}

std::vector<TileId> changed_tiles(std::uint64_t old_size, std::uint64_t new_size) {
  std::vector<TileId> tiles;
  for (unsigned level = 0; hashes_at(old_size, level) < hashes_at(new_size, level); ++level) {
    std::uint64_t index = level_tiles(old_size, level).full;
    while (const auto tile = tile_in_tree(level, index++, new_size)) tiles.push_back(*tile);
  }
  return tiles;
}

std::vector<BundleId> changed_bundles(std::uint64_t old_size, std::uint64_t new_size) {
  std::vector<BundleId> bundles;
  if (old_size >= new_size) return bundles;
  std::uint64_t index = level_tiles(old_size, 0).full;
  while (const auto tile = tile_in_tree(0, index++, new_size)) {
    bundles.push_back({.index = tile->index, .width = tile->width});
  }
  return bundles;
}

Bytes encode_tile(std::span<const Sha256> hashes) {
  Bytes bytes;
  bytes.reserve(hashes.size_bytes());
  for (const Sha256& hash : hashes) append(bytes, hash);
  return bytes;
}

Result<std::vector<Sha256>> decode_tile(const TileId& tile, ByteView bytes) {
  const std::size_t needed = tile.width * sizeof(Sha256);
  if (bytes.size() != needed) {
    return fail(ErrorCode::kDataLoss, fmt::format("{} has {} bytes, not {}", path_of(tile), bytes.size(), needed));
  }
  std::vector<Sha256> hashes(tile.width);
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    std::ranges::copy(bytes.subspan(i * sizeof(Sha256), sizeof(Sha256)), hashes[i].begin());
  }
  return hashes;
}

Result<Bytes> encode_bundle(std::span<const ByteView> entries) {
  if (entries.empty() || entries.size() > kTileWidth) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("a bundle holds 1 to 256 entries, not {}", entries.size()));
  }
  Bytes bytes;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].size() > kMaxEntryBytes) {
      return fail(ErrorCode::kInvalidArgument, fmt::format("entry {} of the bundle has {} bytes; at most {} fit", i,
                                                           entries[i].size(), kMaxEntryBytes));
    }
    append_u16(bytes, static_cast<std::uint16_t>(entries[i].size()));
    append(bytes, entries[i]);
  }
  return bytes;
}

Result<std::vector<ByteView>> decode_bundle(const BundleId& bundle, ByteView bytes) {
  const auto damaged = [&](std::string_view what) {
    return fail(ErrorCode::kDataLoss, fmt::format("{}: {}", path_of(bundle), what));
  };
  std::vector<ByteView> entries;
  entries.reserve(bundle.width);
  while (entries.size() < bundle.width) {
    if (bytes.size() < kLengthBytes) return damaged(fmt::format("it ends before entry {}", entries.size()));
    const std::size_t length = bytes[0] * 256U + bytes[1];
    bytes = bytes.subspan(kLengthBytes);
    if (bytes.size() < length) return damaged(fmt::format("it ends within entry {}", entries.size()));
    entries.push_back(bytes.first(length));
    bytes = bytes.subspan(length);
  }
  if (!bytes.empty()) return damaged(fmt::format("{} bytes stand behind its last entry", bytes.size()));
  return entries;
}

}  // namespace signet::log
