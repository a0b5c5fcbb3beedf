// Proofs about a log out of its folder, each verified before it is given away. Internal to log.
#pragma once

#include <cstdint>
#include <string>

#include "log/entry_log.h"
#include "log/merkle.h"
#include "log/published_log.h"

namespace signet::log {

/// A result and whether files on the way to it were found damaged: tiles that do not lead to the signed root, or a
/// bundle with another entry than the log's.
template <class T>
struct FromTiles {
  Result<T> result;
  bool damaged = false;
};

/// A tlog-proof of the entry `index`, which is below the head's size, with the entry as extra data. The entry comes
/// from its bundle, or from the log where the bundle does not have the right one.
[[nodiscard]] FromTiles<Bytes> prove_entry(const std::string& directory, const EntryLog& log, const SignedHead& head,
                                           const NoteVerifier& verifier, std::uint64_t index);

/// From the tree of `old_size` entries, as the tiles have it, to that of `size` with this root.
[[nodiscard]] FromTiles<Proof> prove_growth(const std::string& directory, std::uint64_t old_size, std::uint64_t size,
                                            const Sha256& root);

}  // namespace signet::log
