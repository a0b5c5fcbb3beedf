// Makes tiles and bundles of the entries of a log. Internal to log.
#pragma once

#include <cstdint>
#include <functional>

#include "log/entry_log.h"
#include "log/merkle.h"
#include "log/tile_folder.h"
#include "log/tile_tree.h"

namespace signet::log {

/// Asked now and then by what takes long: true ends it with kUnavailable. May be empty.
using Impatience = std::function<bool()>;

/// The first entries of a log as a tree: what is needed to let it grow.
struct GrowingTree {
  TileBuilder tiles;
  MerkleFrontier frontier;
  [[nodiscard]] std::uint64_t size() const noexcept { return frontier.size(); }
};

/// From the tiles of a tree of that size and root. Errors: kDataLoss when they have another root; those of `folder`.
[[nodiscard]] Result<GrowingTree> load_tree(TileFolder& folder, std::uint64_t size, const Sha256& root);

enum class Rewrite : std::uint8_t {
  kAlways,       ///< whatever is there already
  kIfDifferent,  ///< only what is missing, cannot be read, or has other bytes
};

/// Lets the tree grow to `size` entries, which are durable in `log`, and writes the bundles and tiles that changed: in
/// pieces, each bundle before the tiles above it, so that memory is bounded. After an error `tree` is as large as what
/// was written.
[[nodiscard]] Result<void> extend_tree(GrowingTree& tree, const EntryLog& log, TileFolder& folder, std::uint64_t size,
                                       Rewrite rewrite, const Impatience& stop = {});

/// Lets `tree` grow to `size` entries of the log, and writes nothing.
[[nodiscard]] Result<MerkleFrontier> grow(MerkleFrontier tree, const EntryLog& log, std::uint64_t size,
                                          const Impatience& stop = {});

/// The first of the log's entries [0, size) whose hash is not the one in the tiles of a tree of that size, or whose
/// tile cannot be read; `size` if none is. What grow() from the empty tree gave is written to `tree`.
[[nodiscard]] Result<std::uint64_t> compare_with_tiles(const EntryLog& log, TileFolder& folder, std::uint64_t size,
                                                       MerkleFrontier& tree);

}  // namespace signet::log
