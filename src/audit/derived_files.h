// Tiles and bundles in the folder, compared byte for byte with what the entries demand.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "audit/findings.h"
#include "log/tile.h"
#include "log/tile_tree.h"

namespace signet::audit {

/// What a tile or bundle must have: the first ends[w - 1] bytes for a width of w.
struct Expected {
  Bytes bytes;
  std::vector<std::size_t> ends;
};
[[nodiscard]] Expected expected_tile(std::span<const Sha256> hashes);
[[nodiscard]] Expected expected_bundle(std::span<const ByteView> entries);

/// The files derived from the entries of one log. Thread-safe: every method only reads.
class DerivedFiles {
 public:
  /// `published` is the size of the tree whose tiles must be there.
  DerivedFiles(std::string directory, std::uint64_t published)
      : directory_(std::move(directory)), published_(published) {}

  /// Compares every file there is of that tile: the full one and the partial ones. `expected` holds as many items as
  /// the entries make. Returns how many files were compared.
  std::uint64_t check_tile(unsigned level, std::uint64_t index, const Expected& expected, Complaints& complaints) const;
  std::uint64_t check_bundle(std::uint64_t index, const Expected& expected, Complaints& complaints) const;

  /// Looks for the files that a tree of `new_size` entries needs and one of `old_size` does not.
  void check_present(std::uint64_t old_size, std::uint64_t new_size,
                     const std::function<void(Complaint)>& complain) const;
  /// Looks for what a tree of `entries` entries does not have. `complain` is called for each.
  void check_names(std::uint64_t entries, const std::function<void(Complaint)>& complain) const;

 private:
  struct Kind;
  std::uint64_t check(const Kind& kind, const Expected& expected, Complaints& complaints) const;
  bool check_file(const Kind& kind, std::uint16_t width, const Expected& expected, Complaints& complaints,
                  bool& right) const;

  std::string directory_;
  std::uint64_t published_;
};

/// Tiles as TiledTree wants them, of a folder that anybody may have written. A partial tile that is gone is read from
/// a wider one.
class FolderTiles : public log::HashReader {
 public:
  explicit FolderTiles(std::string directory) : directory_(std::move(directory)) {}
  [[nodiscard]] Result<Bytes> read_tile(const log::TileId& tile) override;
  /// An entry of a bundle; `size` is that of the tree. Error kDataLoss for a bundle that is none.
  [[nodiscard]] Result<Bytes> read_entry(std::uint64_t index, std::uint64_t size);

 private:
  std::string directory_;
};

}  // namespace signet::audit
