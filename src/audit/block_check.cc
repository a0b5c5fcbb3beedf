#include "audit/block_check.h"

#include "audit/digest.h"

namespace signet::audit {

Sha256 complete_root(std::span<const Sha256> leaves) {
  std::vector<Sha256> row(leaves.begin(), leaves.end());
  for (std::size_t size = row.size(); size > 1; size /= 2) {
    for (std::size_t i = 0; i < size / 2; ++i) row[i] = digest().node(row[2 * i], row[2 * i + 1]);
  }
  return row.front();
}

CheckedBlock check_block(Block block, const DerivedFiles& files, const Sha256& secret) {
  CheckedBlock checked;
  const std::size_t count = block.frames.size();
  std::vector<ByteView> entries;
  for (std::size_t i = 0; i < count; ++i) {
    const ByteView entry = block.entry(i);
    entries.push_back(entry);
    checked.leaves.push_back(digest().leaf(entry));
    checked.whole.push_back(equal(block.hash(i), ByteView(checked.leaves.back()).first(block.hash(i).size())));
    checked.facts.push_back(read_entry(entry, block.first + i, secret, checked.complaints));
  }
  const std::uint64_t index = block.first / kBlockEntries;
  checked.files += files.check_tile(0, index, expected_tile(checked.leaves), checked.complaints);
  checked.files += files.check_bundle(index, expected_bundle(entries), checked.complaints);
  if (count == kBlockEntries) checked.root = complete_root(checked.leaves);
  // The entries and what was read of them are views into the bytes, which a move does not touch.
  checked.block = std::move(block);
  return checked;
}

}  // namespace signet::audit
