#include "log/tile_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/file.h"
#include "log/entry.h"

namespace signet::log {
namespace {

constexpr std::size_t kHashBytes = sizeof(Sha256);
constexpr std::size_t kLengthBytes = 2;
constexpr std::size_t kMaxBundleBytes = kTileWidth * (kLengthBytes + kMaxEntryBytes);
constexpr std::string_view kPartials = ".p";
constexpr std::string_view kUnfinished = ".new";  // as base/file.h names them

Result<Bytes> read_whole(const std::string& path, std::size_t max_bytes) {
  auto bytes = read_file(path, max_bytes, FileTrust::kAnyone, {});
  if (!bytes && bytes.error().code == ErrorCode::kInvalidArgument) {  // no file, or too large a one
    return fail(ErrorCode::kDataLoss, bytes.error().message);
  }
  return bytes;
}

std::optional<std::uint16_t> width_of(const std::string& name) {
  std::uint16_t width = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), width);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return width;
}

/// The narrowest of the partial ones in `folder` that has at least `width`; 0 if there is none.
std::uint16_t wider_partial(const std::string& folder, std::uint16_t width) {
  std::uint16_t best = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const auto found = width_of(at->path().filename().string());
    if (found && *found >= width && (best == 0 || *found < best)) best = *found;
  }
  return best;
}

/// What was read, and how wide it is.
template <class Id>
struct Found {
  Id id;
  Bytes bytes;
};

/// The full one is looked for last but one: a writer removes the partial ones only once it is there.
template <class Id>
Result<Found<Id>> read_at_least(const std::string& directory, const Id& wanted, std::size_t max_bytes) {
  auto exact = read_whole(directory + "/" + path_of(wanted), max_bytes);
  if (exact) return Found<Id>{wanted, *std::move(exact)};
  if (wanted.full() || exact.error().code != ErrorCode::kNotFound) return std::unexpected(std::move(exact).error());
  Id other = wanted;
  other.width = wider_partial(directory + "/" + partials_folder(wanted), wanted.width);
  if (other.width == 0) other.width = kTileWidth;
  auto wider = read_whole(directory + "/" + path_of(other), max_bytes);
  if (!wider && !other.full() && wider.error().code == ErrorCode::kNotFound) {  // removed just now
    other.width = kTileWidth;
    wider = read_whole(directory + "/" + path_of(other), max_bytes);
  }
  if (wider) return Found<Id>{other, *std::move(wider)};
  if (wider.error().code != ErrorCode::kNotFound) return std::unexpected(std::move(wider).error());
  return fail(ErrorCode::kNotFound, fmt::format("{}: neither it nor a wider one is there", path_of(wanted)));
}

/// How many bytes the first `width` entries of a bundle have. The bundle was decoded before.
std::size_t length_of_entries(ByteView bundle, std::uint16_t width) {
  std::size_t at = 0;
  for (std::uint16_t i = 0; i < width; ++i) at += kLengthBytes + bundle[at] * 256U + bundle[at + 1];
  return at;
}

}  // namespace

Result<Bytes> TileFolder::read_tile(const TileId& tile) {
  SIGNET_TRY(auto found, read_at_least(directory_, tile, kTileWidth * kHashBytes));
  SIGNET_CHECK([&]() -> Result<void> {
    SIGNET_TRY([[maybe_unused]] const auto hashes, decode_tile(found.id, found.bytes));
    return {};
  }());
  found.bytes.resize(tile.width * kHashBytes);
  return std::move(found.bytes);
}

Result<Bytes> TileFolder::read_bundle(const BundleId& bundle) {
  SIGNET_TRY(auto found, read_at_least(directory_, bundle, kMaxBundleBytes));
  SIGNET_CHECK([&]() -> Result<void> {
    SIGNET_TRY([[maybe_unused]] const auto entries, decode_bundle(found.id, found.bytes));
    return {};
  }());
  found.bytes.resize(length_of_entries(found.bytes, bundle.width));
  return std::move(found.bytes);
}

Result<void> TileFolder::make_folders(const std::string& path) {
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    if (made_.contains(folder)) continue;
    SIGNET_CHECK(make_directory(directory_ + "/" + folder, 0700));
    made_.insert(folder);
  }
  return {};
}

Result<void> TileFolder::write(const std::string& path, ByteView bytes) {
  Result<void> written = make_folders(path);
  if (written) written = batch_.add(directory_ + "/" + path, bytes);
  if (!written) give_up();
  return written;
}

Result<void> TileFolder::commit() {
  Result<void> done = batch_.commit();
  if (!done) give_up();
  return done;
}

/// Somebody may have removed a folder: the next try makes it again.
void TileFolder::give_up() noexcept {
  batch_.discard();
  made_.clear();
}

Result<void> TileFolder::write_tile(const TileId& tile, ByteView bytes) { return write(path_of(tile), bytes); }

Result<void> TileFolder::write_bundle(const BundleId& bundle, ByteView bytes) { return write(path_of(bundle), bytes); }

void TileFolder::remove_folder_of_partials(const std::string& folder, const std::string& full) noexcept {
  std::error_code error;
  if (!std::filesystem::is_regular_file(directory_ + "/" + full, error)) return;
  std::filesystem::remove_all(directory_ + "/" + folder, error);
  made_.erase(folder);
}

void TileFolder::remove_partials(const TileId& full) noexcept {
  remove_folder_of_partials(partials_folder(full), path_of(TileId{.level = full.level, .index = full.index}));
}

void TileFolder::remove_partials(const BundleId& full) noexcept {
  remove_folder_of_partials(partials_folder(full), path_of(BundleId{.index = full.index}));
}

void TileFolder::sweep(const std::function<bool()>& stop) noexcept {
  // A name that is removed while a folder is being read may hide others from the reader: first look, then remove.
  std::set<std::filesystem::path> leftovers;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator at(directory_ + "/tile", error), end;
       !error && at != end && !stop(); at.increment(error)) {
    const std::string name = at->path().string();
    if (name.ends_with(kUnfinished)) leftovers.insert(at->path());
    if (!name.ends_with(kPartials)) continue;
    std::error_code unknown;
    if (std::filesystem::is_regular_file(name.substr(0, name.size() - kPartials.size()), unknown)) {
      leftovers.insert(at->path());
    }
  }
  for (const auto& leftover : leftovers) std::filesystem::remove_all(leftover, error);
  if (!leftovers.empty()) made_.clear();
}

}  // namespace signet::log
