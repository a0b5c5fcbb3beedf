#include "audit/derived_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "audit/entry_file.h"
#include "base/file.h"
#include "log/entry.h"
#include "log/text_format.h"

namespace signet::audit {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChunkBytes = std::size_t{64} * 1024;
constexpr int kDeepestPath = 16;  // tile/<L>/ and seven groups of digits, <N>.p/<W>
constexpr std::string_view kUnreadable = "tile-unreadable";
constexpr std::size_t kMaxBundleBytes = log::kTileWidth * (log::kMaxEntryBytes + 2);

using DirectoryPtr = std::unique_ptr<DIR, decltype([](DIR* open) { closedir(open); })>;

/// The widths of the partial files in a folder.
std::vector<std::uint16_t> widths_in(const std::string& folder) {
  std::vector<std::uint16_t> widths;
  UniqueFd fd{open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)};
  if (!fd.valid()) return widths;
  const DirectoryPtr directory(fdopendir(fd.get()));
  if (!directory) return widths;
  static_cast<void>(fd.release());
  while (const dirent* const file = readdir(directory.get())) {
    const auto width = log::parse_decimal(static_cast<const char*>(file->d_name));
    // What has another name is found by check_names().
    if (width && *width >= 1 && *width < log::kTileWidth) widths.push_back(static_cast<std::uint16_t>(*width));
  }
  std::ranges::sort(widths);
  return widths;
}

/// Left over where a process died while it wrote a file beside its place.
bool is_leftover(std::string_view name) noexcept { return name.ends_with(".new"); }

/// The first byte that differs, or where the shorter one ends.
Result<std::uint64_t> first_difference(int fd, ByteView expected, const std::string& path) {
  Bytes chunk(std::min(kChunkBytes, std::max<std::size_t>(expected.size(), 1)));
  for (std::size_t at = 0; at < expected.size();) {
    const ByteView wanted = expected.subspan(at, std::min(chunk.size(), expected.size() - at));
    SIGNET_TRY(const std::size_t got, read_at(fd, at, chunk.data(), wanted.size(), path));
    const auto differs =
        std::mismatch(wanted.begin(), wanted.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(got))
            .first;
    const auto same = static_cast<std::size_t>(std::distance(wanted.begin(), differs));
    if (same < wanted.size()) return at + same;
    at += same;
  }
  return expected.size();
}

}  // namespace

Expected expected_tile(std::span<const Sha256> hashes) {
  Expected expected{.bytes = log::encode_tile(hashes), .ends = {}};
  for (std::size_t i = 1; i <= hashes.size(); ++i) expected.ends.push_back(i * sizeof(Sha256));
  return expected;
}

Expected expected_bundle(std::span<const ByteView> entries) {
  Expected expected;
  for (const ByteView entry : entries) {
    append_u16(expected.bytes, static_cast<std::uint16_t>(entry.size()));
    append(expected.bytes, entry);
    expected.ends.push_back(expected.bytes.size());
  }
  return expected;
}

/// What tiles and bundles differ in.
struct DerivedFiles::Kind {
  unsigned level;
  std::uint64_t index;
  bool is_bundle;

  [[nodiscard]] std::string path(std::uint16_t width) const {
    if (is_bundle) return log::path_of(log::BundleId{.index = index, .width = width});
    return log::path_of(tile(width));
  }
  [[nodiscard]] std::string folder() const {
    if (is_bundle) return log::partials_folder(log::BundleId{.index = index});
    return log::partials_folder(tile(log::kTileWidth));
  }
  [[nodiscard]] log::TileId tile(std::uint16_t width) const {
    return {.level = static_cast<std::uint8_t>(level), .index = index, .width = width};
  }
  [[nodiscard]] std::string_view differs() const { return is_bundle ? "bundle-differs" : "tile-differs"; }
  [[nodiscard]] std::string_view missing() const { return is_bundle ? "bundle-missing" : "tile-missing"; }
  [[nodiscard]] std::string item(std::size_t i) const {
    if (is_bundle) return fmt::format("entry {}", index * log::kTileWidth + i);
    if (level == 0) return fmt::format("the hash of entry {}", index * log::kTileWidth + i);
    return fmt::format("hash {}", i);
  }
};

std::uint64_t DerivedFiles::check_tile(unsigned level, std::uint64_t index, const Expected& expected,
                                       Complaints& complaints) const {
  return check(Kind{.level = level, .index = index, .is_bundle = false}, expected, complaints);
}

std::uint64_t DerivedFiles::check_bundle(std::uint64_t index, const Expected& expected, Complaints& complaints) const {
  return check(Kind{.level = 0, .index = index, .is_bundle = true}, expected, complaints);
}

std::uint64_t DerivedFiles::check(const Kind& kind, const Expected& expected, Complaints& complaints) const {
  std::vector<std::uint16_t> widths = widths_in(directory_ + "/" + kind.folder());
  widths.push_back(log::kTileWidth);
  std::uint64_t compared = 0;
  std::uint16_t widest_right = 0;
  for (const std::uint16_t width : widths) {
    if (width > expected.ends.size()) continue;
    bool right = false;
    if (check_file(kind, width, expected, complaints, right)) ++compared;
    if (right) widest_right = width;
  }
  // A partial one that is gone is read from a wider one: the log has grown meanwhile.
  const auto wanted = log::tile_in_tree(kind.level, kind.index, published_);
  const bool complained =
      !complaints.empty() && (complaints.back().id == kind.differs() || complaints.back().id == kUnreadable);
  if (wanted && widest_right < wanted->width && !complained) {
    complaints.push_back(about(kind.path(wanted->width), kind.missing(),
                               fmt::format("is missing; the newest checkpoint, of {} entries, needs it", published_)));
  }
  return compared;
}

/// False when the file is not there. `right` becomes true when it is as expected.
bool DerivedFiles::check_file(const Kind& kind, std::uint16_t width, const Expected& expected, Complaints& complaints,
                              bool& right) const {
  const std::string name = kind.path(width);
  const std::string path = directory_ + "/" + name;
  std::uint64_t size = 0;
  const auto file = open_regular(path, size);
  if (!file.has_value()) {
    if (file.error().native == ENOENT || file.error().native == ENOTDIR) return false;
    const bool is_other = file.error().native == 0;  // a link, a pipe
    complaints.push_back(
        about(name, is_other ? kind.differs() : kUnreadable, "cannot be read: " + printable(file.error().message)));
    return true;
  }
  const ByteView wanted = ByteView(expected.bytes).first(expected.ends[width - 1U]);
  const auto same = first_difference(file->get(), wanted, path);
  if (!same.has_value()) {
    complaints.push_back(about(name, kUnreadable, "cannot be read: " + printable(same.error().message)));
  } else if (*same < wanted.size() && *same < size) {
    const auto item = std::ranges::upper_bound(expected.ends, static_cast<std::size_t>(*same));
    complaints.push_back(
        about(name, kind.differs(),
              fmt::format("differs at byte {} from what the entries make, which is in {}", *same,
                          kind.item(static_cast<std::size_t>(std::distance(expected.ends.begin(), item))))));
  } else if (size != wanted.size()) {
    complaints.push_back(
        about(name, kind.differs(), fmt::format("has {} bytes; the entries make {}", size, wanted.size())));
  } else {
    right = true;
  }
  return true;
}

namespace {

/// Whether a tree of that size has this file.
bool has_file(std::string_view path, std::uint64_t entries) {
  if (const auto tile = log::parse_tile_path(path)) {
    const auto there = log::tile_in_tree(tile->level, tile->index, entries);
    return there && tile->width <= there->width;
  }
  if (const auto bundle = log::parse_bundle_path(path)) {
    const auto there = log::tile_in_tree(0, bundle->index, entries);
    return there && bundle->width <= there->width;
  }
  return false;
}

}  // namespace

void DerivedFiles::check_names(std::uint64_t entries, const std::function<void(Complaint)>& complain) const {
  std::error_code error;
  fs::recursive_directory_iterator file(directory_ + "/tile", error);
  for (; !error && file != fs::end(file); file.increment(error)) {
    const std::string path = file->path().string().substr(directory_.size() + 1);
    std::error_code ignored;
    const bool is_directory = file->symlink_status(ignored).type() == fs::file_type::directory;
    if (is_directory && file.depth() < kDeepestPath) continue;
    if (is_directory) file.disable_recursion_pending();
    if (is_leftover(path) || (!is_directory && has_file(path, entries))) continue;
    complain(about(printable(path), "tile-extra",
                   fmt::format("a tree of {} entries has no tile or bundle of this name", entries)));
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    complain(about("tile", kUnreadable, "cannot be listed: " + error.message()));
  }
}

void DerivedFiles::check_present(std::uint64_t old_size, std::uint64_t new_size,
                                 const std::function<void(Complaint)>& complain) const {
  const auto look_for = [&](const auto& id, std::string_view kind) {
    std::vector<std::uint16_t> widths = widths_in(directory_ + "/" + log::partials_folder(id));
    std::error_code ignored;
    auto full = id;
    full.width = log::kTileWidth;
    if (fs::exists(directory_ + "/" + log::path_of(full), ignored)) widths.push_back(log::kTileWidth);
    if (!widths.empty() && widths.back() >= id.width) return;
    complain(about(log::path_of(id), kind,
                   fmt::format("is missing; the newest checkpoint, of {} entries, needs it", new_size)));
  };
  for (const auto& id : log::changed_bundles(old_size, new_size)) look_for(id, "bundle-missing");
  for (const auto& id : log::changed_tiles(old_size, new_size)) look_for(id, "tile-missing");
}

namespace {

/// The file of the wanted width, or of the nearest one that is wider.
template <class Id>
Result<Bytes> read_derived(const std::string& directory, Id id, std::size_t max_bytes) {
  std::vector<std::uint16_t> widths = widths_in(directory + "/" + log::partials_folder(id));
  widths.push_back(log::kTileWidth);
  const std::string wanted = log::path_of(id);
  for (const std::uint16_t width : widths) {
    if (width < id.width) continue;
    id.width = width;
    auto bytes = read_file(directory + "/" + log::path_of(id), max_bytes, FileTrust::kAnyone, "");
    if (bytes.has_value() || bytes.error().native != ENOENT) return bytes;
  }
  return fail(ErrorCode::kNotFound, fmt::format("{} is missing in {}", wanted, directory));
}

}  // namespace

Result<Bytes> FolderTiles::read_tile(const log::TileId& tile) {
  SIGNET_TRY(Bytes bytes, read_derived(directory_, tile, log::kTileWidth * sizeof(Sha256)));
  const std::size_t needed = tile.width * sizeof(Sha256);
  if (bytes.size() < needed) {
    return fail(ErrorCode::kDataLoss,
                fmt::format("{} has {} bytes, needed are {}", log::path_of(tile), bytes.size(), needed));
  }
  bytes.resize(needed);
  return bytes;
}

Result<Bytes> FolderTiles::read_entry(std::uint64_t index, std::uint64_t size) {
  const auto there = log::tile_in_tree(0, index / log::kTileWidth, size);
  if (!there) return fail(ErrorCode::kInvalidArgument, fmt::format("there is no entry {}", index), "index");
  const log::BundleId id{.index = there->index, .width = there->width};
  SIGNET_TRY(const Bytes bytes, read_derived(directory_, id, kMaxBundleBytes));
  ByteView rest = bytes;
  for (std::uint64_t skip = index % log::kTileWidth; rest.size() >= 2; --skip) {
    const std::size_t length = rest[0] * std::size_t{256} + rest[1];
    if (rest.size() - 2 < length) break;
    if (skip == 0) return copy_of(rest.subspan(2, length));
    rest = rest.subspan(2 + length);
  }
  return fail(ErrorCode::kDataLoss, fmt::format("{} does not have its entries", log::path_of(id)));
}

}  // namespace signet::audit
