#include "log_range.h"

#include <fmt/format.h>

#include <bit>
#include <map>
#include <utility>

namespace signet::cli {
namespace {

/// The tree from its root down to what is known: hashes of the proofs, and leaves.
class Range {
 public:
  Range(std::uint64_t first, std::uint64_t size, std::span<const Sha256> leaf_hashes)
      : first_(first), size_(size), leaves_(leaf_hashes) {}

  Result<void> add(std::uint64_t index, const log::Proof& proof) {
    const auto places = log::siblings(0, index, size_);
    if (places.size() != proof.size()) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("the proof of entry {} has {} hashes, and its place in a tree of {} needs {}", index,
                              proof.size(), size_, places.size()),
                  "proof");
    }
    for (std::size_t i = 0; i < places.size(); ++i)
      known_.emplace(std::pair(places[i].height, places[i].index), proof[i]);
    return {};
  }

  [[nodiscard]] Sha256 root() const { return node(static_cast<unsigned>(std::bit_width(size_ - 1)), 0); }

 private:
  /// The hash of a node as log::Sibling counts them. What a proof has of nodes that hold leaves of the range does not
  /// count: the leaves do.
  [[nodiscard]] Sha256 node(unsigned height, std::uint64_t index) const {
    const std::uint64_t begin = index << height;
    const std::uint64_t end = std::min(begin + (std::uint64_t{1} << height), size_);
    const bool outside = end <= first_ || begin >= first_ + leaves_.size();
    if (outside) {
      if (const auto found = known_.find({height, index}); found != known_.end()) return found->second;
    }
    if (height == 0) return leaves_[begin - first_];
    const Sha256 left = node(height - 1, 2 * index);
    const std::uint64_t middle = (2 * index + 1) << (height - 1);
    return middle >= size_ ? left : log::node_hash(left, node(height - 1, 2 * index + 1));
  }

  std::uint64_t first_;
  std::uint64_t size_;
  std::span<const Sha256> leaves_;
  std::map<std::pair<unsigned, std::uint64_t>, Sha256> known_;
};

}  // namespace

Result<Sha256> root_from_range(std::uint64_t first, std::uint64_t size, std::span<const Sha256> leaf_hashes,
                               const log::Proof& first_proof, const log::Proof& last_proof) {
  if (leaf_hashes.empty() || size > log::kMaxTreeSize || first >= size || leaf_hashes.size() > size - first) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} entries from {} on are not in a tree of {}", leaf_hashes.size(), first, size), "index");
  }
  Range range(first, size, leaf_hashes);
  SIGNET_CHECK(range.add(first, first_proof));
  SIGNET_CHECK(range.add(first + leaf_hashes.size() - 1, last_proof));
  return range.root();
}

}  // namespace signet::cli
