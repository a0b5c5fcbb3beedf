// Entries that stand side by side in a log, checked all at once.
#pragma once

#include <span>

#include "log/merkle.h"

namespace signet::cli {

/// The root that a tree of `size` entries has, if these are the leaf hashes from `first` on (at least one, all below
/// `size`), and the inclusion proofs of the first and of the last of them are these (RFC 6962 section 2.1.1): together
/// the two have every subtree to the left and to the right. Errors: kInvalidArgument, when a proof has not as many
/// hashes as its place needs.
[[nodiscard]] Result<Sha256> root_from_range(std::uint64_t first, std::uint64_t size,
                                             std::span<const Sha256> leaf_hashes, const log::Proof& first_proof,
                                             const log::Proof& last_proof);

}  // namespace signet::cli
