// RFC 6962 section 2.1 word for word: recursive and slow, for comparison.
#pragma once

#include <bit>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "log/entry.h"
#include "log/merkle.h"
#include "log/tile_tree.h"

namespace signet::test {

/// The largest power of two smaller than n.
[[nodiscard]] inline std::uint64_t split_of(std::uint64_t n) { return std::bit_floor(n - 1); }

/// SHA-256(0x01 || left || right), not by the function under test.
[[nodiscard]] inline Sha256 reference_node(const Sha256& left, const Sha256& right) {
  Bytes bytes = {0x01};
  append(bytes, left);
  append(bytes, right);
  return sha256(bytes);
}

/// A tree over leaves that differ, or that are given, which remembers what it has computed.
class ReferenceTree {
 public:
  explicit ReferenceTree(std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) leaves_.push_back(log::leaf_hash(bytes_of("entry " + std::to_string(i))));
  }

  explicit ReferenceTree(std::vector<Sha256> leaves) : leaves_(std::move(leaves)) {}

  [[nodiscard]] const std::vector<Sha256>& leaves() const { return leaves_; }
  [[nodiscard]] const Sha256& leaf(std::size_t index) const { return leaves_.at(index); }

  /// MTH(D[begin:end])
  Sha256 root(std::size_t begin, std::size_t end) {
    if (begin == end) return sha256({});
    if (end - begin == 1) return leaves_.at(begin);
    const auto known = roots_.find({begin, end});
    if (known != roots_.end()) return known->second;
    const std::size_t middle = begin + split_of(end - begin);
    const Sha256 hash = reference_node(root(begin, middle), root(middle, end));
    roots_.emplace(std::pair(begin, end), hash);
    return hash;
  }
  Sha256 root(std::size_t size) { return root(0, size); }

  /// PATH(index - begin, D[begin:end])
  log::Proof path(std::size_t index, std::size_t begin, std::size_t end) {
    if (end - begin == 1) return {};
    const std::size_t middle = begin + split_of(end - begin);
    const bool left = index < middle;
    log::Proof proof = left ? path(index, begin, middle) : path(index, middle, end);
    proof.push_back(left ? root(middle, end) : root(begin, middle));
    return proof;
  }

  /// PROOF(old_size, D[0:new_size]), for 0 < old_size.
  log::Proof consistency(std::size_t old_size, std::size_t new_size) { return subproof(old_size, 0, new_size, true); }

 private:
  /// SUBPROOF(m - begin, D[begin:end], whole)
  log::Proof subproof(std::size_t m, std::size_t begin, std::size_t end, bool whole) {
    if (m == end) return whole ? log::Proof{} : log::Proof{root(begin, end)};
    const std::size_t middle = begin + split_of(end - begin);
    const bool left = m <= middle;
    log::Proof proof = left ? subproof(m, begin, middle, whole) : subproof(m, middle, end, false);
    proof.push_back(left ? root(middle, end) : root(begin, middle));
    return proof;
  }

  std::vector<Sha256> leaves_;
  std::map<std::pair<std::size_t, std::size_t>, Sha256> roots_;
};

/// The root that PATH(index, D[size]) leads to, by the definition: the proof's last hash belongs to the topmost split.
[[nodiscard]] inline std::optional<Sha256> reference_root(std::uint64_t index, std::uint64_t size, const Sha256& leaf,
                                                          std::span<const Sha256> proof) {
  if (index >= size) return std::nullopt;
  if (size == 1) return proof.empty() ? std::optional(leaf) : std::nullopt;
  if (proof.empty()) return std::nullopt;
  const std::uint64_t split = split_of(size);
  const auto rest = proof.first(proof.size() - 1);
  const bool left = index < split;
  const auto below =
      left ? reference_root(index, split, leaf, rest) : reference_root(index - split, size - split, leaf, rest);
  if (!below) return std::nullopt;
  return left ? reference_node(*below, proof.back()) : reference_node(proof.back(), *below);
}

/// The older and the newer root that SUBPROOF(old_size, D[size], whole) leads to, for 0 < old_size <= size.
[[nodiscard]] inline std::optional<std::pair<Sha256, Sha256>> reference_roots(std::uint64_t old_size,
                                                                              std::uint64_t size,
                                                                              const Sha256& old_root, bool whole,
                                                                              std::span<const Sha256> proof) {
  if (old_size == size) {
    if (proof.size() != (whole ? 0U : 1U)) return std::nullopt;
    const Sha256 root = whole ? old_root : proof.front();
    return std::pair(root, root);
  }
  if (proof.empty()) return std::nullopt;
  const std::uint64_t split = split_of(size);
  const auto rest = proof.first(proof.size() - 1);
  if (old_size <= split) {
    const auto below = reference_roots(old_size, split, old_root, whole, rest);
    if (!below) return std::nullopt;
    return std::pair(below->first, reference_node(below->second, proof.back()));
  }
  const auto below = reference_roots(old_size - split, size - split, old_root, false, rest);
  if (!below) return std::nullopt;
  return std::pair(reference_node(proof.back(), below->first), reference_node(proof.back(), below->second));
}

/// Tiles by path, as a log's folder has them.
class MemoryTiles : public log::HashReader {
 public:
  Result<Bytes> read_tile(const log::TileId& tile) override {
    ++reads;
    const auto found = files.find(path_of(tile));
    if (found == files.end()) return fail(ErrorCode::kNotFound, path_of(tile));
    return found->second;
  }
  void write(const std::vector<log::TileBuilder::Tile>& tiles) {
    for (const auto& tile : tiles) files[path_of(tile.id)] = tile.bytes;
  }

  std::map<std::string, Bytes> files;
  std::size_t reads = 0;
};

}  // namespace signet::test
