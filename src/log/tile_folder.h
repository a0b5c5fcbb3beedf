// The tiles and entry bundles of one log as they lie in its folder.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "log/file_batch.h"
#include "log/tile.h"
#include "log/tile_tree.h"

namespace signet::log {

/// Reads and writes `tile/...` below a log's folder. Several readers, one writer; a writer never shows a reader half a
/// file. Not thread-safe by itself: one object per thread.
class TileFolder : public HashReader {
 public:
  explicit TileFolder(std::string directory) : directory_(std::move(directory)) {}

  /// A partial tile that is not there is read from the full one or from a wider partial one. Errors: kNotFound, naming
  /// the path; kDataLoss for a wrong length; otherwise it cannot be read.
  [[nodiscard]] Result<Bytes> read_tile(const TileId& tile) override;
  /// The bundle's bytes, `width` entries of it; as above. Nothing is known of the entries but that they have lengths.
  [[nodiscard]] Result<Bytes> read_bundle(const BundleId& bundle);

  /// Writes a file beside; it gets its name, and lasts, with the next commit(). Folders are made and synced. Writing
  /// the same bytes again is allowed. After an error nothing is left of what was written since the last commit().
  [[nodiscard]] Result<void> write_tile(const TileId& tile, ByteView bytes);
  [[nodiscard]] Result<void> write_bundle(const BundleId& bundle, ByteView bytes);
  /// In the order in which they were written. After an error some of the first may have their names.
  [[nodiscard]] Result<void> commit();
  /// Forgets what was written since the last commit().
  void discard() noexcept { batch_.discard(); }

  /// Removes the partial tiles (bundles) whose full one is there. What is not there already is no error.
  void remove_partials(const TileId& full) noexcept;
  void remove_partials(const BundleId& full) noexcept;

  /// Removes what a process that died has left: partial tiles and bundles whose full one is there, and files below
  /// `tile` that were never finished. Looks at every name there, so it takes a while; ends early once `stop` says true.
  /// Only while nobody else writes.
  void sweep(const std::function<bool()>& stop) noexcept;

 private:
  [[nodiscard]] Result<void> write(const std::string& path, ByteView bytes);
  [[nodiscard]] Result<void> make_folders(const std::string& path);
  void give_up() noexcept;
  void remove_folder_of_partials(const std::string& folder, const std::string& full) noexcept;

  std::string directory_;
  std::set<std::string> made_;  // folders that this object made durable
  FileBatch batch_;
};

}  // namespace signet::log
