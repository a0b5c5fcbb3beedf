// The Merkle tree of RFC 6962 section 2.1 over SHA-256: hashes, roots, and the two kinds of proof.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"

namespace signet::log {

/// 2^63 - 1. Every size and index of a tree is at most this, so that it fits a signed integer of other programs too.
inline constexpr std::uint64_t kMaxTreeSize = 0x7FFF'FFFF'FFFF'FFFF;

/// Hashes of an inclusion or consistency proof, in the order of RFC 6962 sections 2.1.1 and 2.1.2: from the bottom up.
using Proof = std::vector<Sha256>;

/// The root of the tree without entries: SHA-256 of nothing.
[[nodiscard]] Sha256 empty_root();

/// SHA-256(0x01 || left || right). (Leaf hashes: leaf_hash of log/entry.h.)
[[nodiscard]] Sha256 node_hash(const Sha256& left, const Sha256& right);

/// The root of the tree whose leaf hashes these are.
[[nodiscard]] Sha256 merkle_root(std::span<const Sha256> leaf_hashes);

/// A tree to which leaves are appended, of which only the right edge is kept: at most 63 hashes. Copyable, so that a
/// copy is the tree as it was.
class MerkleFrontier {
 public:
  /// The tree without entries.
  MerkleFrontier() = default;
  /// Takes what peaks() gave at that size. Error kInvalidArgument: more than kMaxTreeSize, or not one peak for each bit
  /// that is set in `size`. Whether the hashes are right only root() can tell, compared with one that is trusted.
  [[nodiscard]] static Result<MerkleFrontier> restore(std::uint64_t size, std::vector<Sha256> peaks);

  /// Only while size() < kMaxTreeSize.
  void append(const Sha256& leaf_hash);

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] Sha256 root() const;
  /// The roots of the largest complete subtrees, from left to right: one for each bit that is set in size(), the
  /// highest first.
  [[nodiscard]] const std::vector<Sha256>& peaks() const noexcept { return peaks_; }

 private:
  std::uint64_t size_ = 0;
  std::vector<Sha256> peaks_;
};

/// A node's brother on the way to the root. Node `index` of height h spans the leaves from index * 2^h to below
/// (index + 1) * 2^h, or to the end of the tree where that is nearer.
struct Sibling {
  enum class Side : std::uint8_t { kLeft, kRight };
  unsigned height = 0;
  std::uint64_t index = 0;
  Side side = Side::kLeft;  ///< where the sibling stands, seen from the way
  friend bool operator==(const Sibling&, const Sibling&) = default;
};

/// The siblings of every node from node `index` of `height` up to the root, bottom first: what a proof has hashes of.
/// Empty when the tree of that size has no such node.
[[nodiscard]] std::vector<Sibling> siblings(unsigned height, std::uint64_t index, std::uint64_t size);

/// The node a consistency proof starts from: the last complete subtree of the older tree (RFC 6962 section 2.1.2).
struct ConsistencyStart {
  unsigned height = 0;
  std::uint64_t index = 0;
  bool is_old_root = false;  ///< the older tree is this one subtree: the proof leaves its hash out
};
/// `old_size` is at least 1.
[[nodiscard]] ConsistencyStart consistency_start(std::uint64_t old_size);

/// The root that a tree of `size` entries has if `leaf_hash` stands at `index` and `proof` is right (RFC 6962 section
/// 2.1.1). Error kInvalidArgument (fields "size", "index", "proof"): larger than kMaxTreeSize, outside the tree, or not
/// the number of hashes this place needs.
[[nodiscard]] Result<Sha256> root_from_inclusion(std::uint64_t index, std::uint64_t size, const Sha256& leaf_hash,
                                                 std::span<const Sha256> proof);

/// Succeeds when the tree of `size` entries with this root has `leaf_hash` at `index`. Size and root must come from the
/// same signed checkpoint: a root does not tell its size, and a proof also fits every other place to which the way down
/// turns the same sides (index 5 of 6 and 3 of 4). Errors as above; field "root" when the root is another.
[[nodiscard]] Result<void> verify_inclusion(std::uint64_t index, std::uint64_t size, const Sha256& leaf_hash,
                                            std::span<const Sha256> proof, const Sha256& root);

/// Succeeds when the tree of `new_size` entries begins with that of `old_size` (RFC 6962 section 2.1.2). Sizes and
/// roots must come from signed checkpoints, as above. Where nothing has to be proved the proof must be empty: equal
/// sizes have equal roots, and the tree without entries, whose root is empty_root(), is the beginning of every tree.
/// Error kInvalidArgument (fields "size", "proof", "old_root", "new_root").
[[nodiscard]] Result<void> verify_consistency(std::uint64_t old_size, std::uint64_t new_size, const Sha256& old_root,
                                              const Sha256& new_root, std::span<const Sha256> proof);

}  // namespace signet::log
