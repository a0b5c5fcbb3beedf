// What a thread finds out about a block of entries without looking at others.
#pragma once

#include <vector>

#include "audit/derived_files.h"
#include "audit/entry_facts.h"
#include "audit/entry_file.h"

namespace signet::audit {

struct CheckedBlock {
  Block block;
  std::vector<Sha256> leaves;
  std::vector<bool> whole;  ///< the frame's hash is that of the entry
  std::vector<EntryFacts> facts;
  Complaints complaints;    ///< those of an entry carry its place
  std::uint64_t files = 0;  ///< tiles and bundles compared
  Sha256 root{};            ///< of a full block: its hash in the tile above
};

/// Hashes and reads every entry, and compares the tile of level 0 and the bundle of this block.
[[nodiscard]] CheckedBlock check_block(Block block, const DerivedFiles& files, const Sha256& secret);

/// The root of a complete subtree: a power of two leaves, at least one.
[[nodiscard]] Sha256 complete_root(std::span<const Sha256> leaves);

}  // namespace signet::audit
