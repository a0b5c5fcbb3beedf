#include "log/merkle.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <ranges>

namespace signet::log {
namespace {

constexpr std::uint8_t kNodePrefix = 0x01;

std::unexpected<Error> invalid(std::string message, std::string field) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(field));
}

Result<void> check_size(std::uint64_t size) {
  if (size <= kMaxTreeSize) return {};
  return invalid(fmt::format("a tree of {} entries is larger than 2^63 - 1", size), "size");
}

Result<void> check_length(std::span<const Sha256> proof, std::size_t needed) {
  if (proof.size() == needed) return {};
  return invalid(fmt::format("the proof has {} hashes, and this place in the tree needs {}", proof.size(), needed),
                 "proof");
}

Result<void> check_root(const Sha256& found, const Sha256& root, std::string_view which, std::string field) {
  if (found == root) return {};
  return invalid(fmt::format("the proof leads to the {}root {}, not to {}", which, to_hex(found), to_hex(root)),
                 std::move(field));
}

/// `hash` and the hash of its sibling, joined.
Sha256 join(const Sha256& hash, const Sha256& sibling, Sibling::Side side) {
  return side == Sibling::Side::kLeft ? node_hash(sibling, hash) : node_hash(hash, sibling);
}

/// For what needs no proof: the older tree is empty or as large as the newer one.
Result<void> verify_trivial(std::uint64_t old_size, std::uint64_t new_size, const Sha256& old_root,
                            const Sha256& new_root, std::span<const Sha256> proof) {
  SIGNET_CHECK(check_length(proof, 0));
  if (old_size == 0 && old_root != empty_root()) {
    return invalid(fmt::format("{} is not the root of a tree without entries", to_hex(old_root)), "old_root");
  }
  if (old_size == new_size && old_root != new_root) {
    return invalid(fmt::format("two trees of {} entries have different roots, {} and {}: one log shows two histories",
                               old_size, to_hex(old_root), to_hex(new_root)),
                   "new_root");
  }
  return {};
}

}  // namespace

Sha256 empty_root() { return sha256({}); }

Sha256 node_hash(const Sha256& left, const Sha256& right) {
  std::array<std::uint8_t, 1 + 2 * sizeof(Sha256)> node{};
  node[0] = kNodePrefix;
  std::ranges::copy(left, node.begin() + 1);
  std::ranges::copy(right, node.begin() + 1 + sizeof(Sha256));
  return sha256(node);
}

Sha256 merkle_root(std::span<const Sha256> leaf_hashes) {
  MerkleFrontier frontier;
  for (const Sha256& hash : leaf_hashes) frontier.append(hash);
  return frontier.root();
}

Result<MerkleFrontier> MerkleFrontier::restore(std::uint64_t size, std::vector<Sha256> peaks) {
  SIGNET_CHECK(check_size(size));
  if (const auto needed = static_cast<std::size_t>(std::popcount(size)); peaks.size() != needed) {
    return invalid(fmt::format("a tree of {} entries has {} peaks, not {}", size, needed, peaks.size()), "peaks");
  }
  MerkleFrontier frontier;
  frontier.size_ = size;
  frontier.peaks_ = std::move(peaks);
  return frontier;
}

void MerkleFrontier::append(const Sha256& leaf_hash) {
  Sha256 hash = leaf_hash;
  for (std::uint64_t carry = size_; (carry & 1U) != 0; carry >>= 1U) {
    hash = node_hash(peaks_.back(), hash);
    peaks_.pop_back();
  }
  peaks_.push_back(hash);
  ++size_;
}

Sha256 MerkleFrontier::root() const {
  if (peaks_.empty()) return empty_root();
  Sha256 hash = peaks_.back();
  for (const Sha256& peak : peaks_ | std::views::reverse | std::views::drop(1)) hash = node_hash(peak, hash);
  return hash;
}

std::vector<Sibling> siblings(unsigned height, std::uint64_t index, std::uint64_t size) {
  std::vector<Sibling> way;
  if (size == 0 || size > kMaxTreeSize || height >= 63) return way;
  std::uint64_t last = (size - 1) >> height;
  if (index > last) return way;
  for (; last > 0; ++height, index >>= 1U, last >>= 1U) {
    if ((index & 1U) != 0) {
      way.push_back({.height = height, .index = index - 1, .side = Sibling::Side::kLeft});
    } else if (index < last) {
      way.push_back({.height = height, .index = index + 1, .side = Sibling::Side::kRight});
    }  // else the node has no sibling yet: its parent is the same subtree
  }
  return way;
}

ConsistencyStart consistency_start(std::uint64_t old_size) {
  const auto height = static_cast<unsigned>(std::countr_zero(old_size));
  return {.height = height, .index = (old_size >> height) - 1, .is_old_root = std::has_single_bit(old_size)};
}

Result<Sha256> root_from_inclusion(std::uint64_t index, std::uint64_t size, const Sha256& leaf_hash,
                                   std::span<const Sha256> proof) {
  SIGNET_CHECK(check_size(size));
  if (index >= size) return invalid(fmt::format("index {} is outside a tree of {} entries", index, size), "index");
  const std::vector<Sibling> way = siblings(0, index, size);
  SIGNET_CHECK(check_length(proof, way.size()));
  Sha256 hash = leaf_hash;
  for (std::size_t i = 0; i < way.size(); ++i) hash = join(hash, proof[i], way[i].side);
  return hash;
}

Result<void> verify_inclusion(std::uint64_t index, std::uint64_t size, const Sha256& leaf_hash,
                              std::span<const Sha256> proof, const Sha256& root) {
  SIGNET_TRY(const Sha256 found, root_from_inclusion(index, size, leaf_hash, proof));
  return check_root(found, root, "", "root");
}

Result<void> verify_consistency(std::uint64_t old_size, std::uint64_t new_size, const Sha256& old_root,
                                const Sha256& new_root, std::span<const Sha256> proof) {
  SIGNET_CHECK(check_size(new_size));
  if (old_size > new_size) {
    return invalid(fmt::format("the tree went back from {} entries to {}", old_size, new_size), "size");
  }
  if (old_size == 0 || old_size == new_size) return verify_trivial(old_size, new_size, old_root, new_root, proof);

  const ConsistencyStart start = consistency_start(old_size);
  const std::vector<Sibling> way = siblings(start.height, start.index, new_size);
  SIGNET_CHECK(check_length(proof, way.size() + (start.is_old_root ? 0 : 1)));
  Sha256 of_old = start.is_old_root ? old_root : proof.front();
  Sha256 of_new = of_old;
  const std::span<const Sha256> hashes = proof.last(way.size());
  for (std::size_t i = 0; i < way.size(); ++i) {
    // What stands to the right came after the older tree.
    if (way[i].side == Sibling::Side::kLeft) of_old = join(of_old, hashes[i], way[i].side);
    of_new = join(of_new, hashes[i], way[i].side);
  }
  SIGNET_CHECK(check_root(of_old, old_root, "older ", "old_root"));
  return check_root(of_new, new_root, "newer ", "new_root");
}

}  // namespace signet::log
