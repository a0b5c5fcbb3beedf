#include "audit/tree.h"

#include "audit/block_check.h"

namespace signet::audit {

void Tree::begin_block(std::span<const Sha256> leaves) {
  leaves_ = leaves;
  begun_ = {};
}

void Tree::end_block(const Sha256& root, Complaints& complaints) {
  if (leaves_.size() < kBlockEntries) return;  // the last one, of which root_at() goes on telling
  blocks_.append(root);
  push(1, root, complaints);
  leaves_ = {};
  begun_ = {};
}

Sha256 Tree::root_at(std::uint64_t size) {
  const auto wanted = static_cast<std::size_t>(size - blocks_.size() * kBlockEntries);
  if (wanted < begun_.size()) begun_ = {};
  while (begun_.size() < wanted) begun_.append(leaves_[static_cast<std::size_t>(begun_.size())]);
  if (wanted == kBlockEntries) {
    log::MerkleFrontier whole = blocks_;
    whole.append(begun_.root());
    return whole.root();
  }
  std::vector<Sha256> peaks = blocks_.peaks();
  peaks.insert(peaks.end(), begun_.peaks().begin(), begun_.peaks().end());
  // One peak for each bit of the size: those of the blocks for the upper ones, those of the leaves for the lower eight.
  return log::MerkleFrontier::restore(size, std::move(peaks)).value().root();
}

void Tree::push(unsigned level, const Sha256& hash, Complaints& complaints) {
  Level& into = levels_.at(level);
  into.hashes.push_back(hash);
  if (into.hashes.size() < log::kTileWidth) return;
  check_tile(level, complaints);
  const Sha256 root = complete_root(into.hashes);
  into.hashes.clear();
  ++into.index;
  push(level + 1, root, complaints);
}

void Tree::check_tile(unsigned level, Complaints& complaints) {
  const Level& done = levels_.at(level);
  compared_ += files_.check_tile(level, done.index, expected_tile(done.hashes), complaints);
}

void Tree::finish(Complaints& complaints) {
  for (unsigned level = 1; level < levels_.size(); ++level) {
    if (!levels_.at(level).hashes.empty()) check_tile(level, complaints);
  }
}

}  // namespace signet::audit
