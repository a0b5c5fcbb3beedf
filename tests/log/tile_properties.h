// What must hold for any path of a tile or bundle, any bundle and any proof.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "log/tile.h"
#include "merkle_reference.h"

namespace signet::log {

/// Reads the input of the fuzzer; what is behind its end is zero.
class FuzzInput {
 public:
  explicit FuzzInput(ByteView bytes) : bytes_(bytes) {}
  std::uint64_t number() {
    const Bytes taken = take(8);
    return read_u64(taken);
  }
  Sha256 hash() {
    Sha256 hash{};
    const Bytes taken = take(hash.size());
    std::ranges::copy(taken, hash.begin());
    return hash;
  }
  /// All that is left, at most 70 hashes.
  Proof proof() {
    Proof hashes;
    while (!bytes_.empty() && hashes.size() < 70) hashes.push_back(hash());
    return hashes;
  }

 private:
  Bytes take(std::size_t size) {
    Bytes taken = copy_of(bytes_.first(std::min(size, bytes_.size())));
    bytes_ = bytes_.subspan(taken.size());
    taken.resize(size);
    return taken;
  }
  ByteView bytes_;
};

inline void demand(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "property broken: %s\n", what);
  std::abort();
}

template <class Parsed>
bool check_path(const Parsed& parsed, ByteView bytes) {
  if (!parsed.has_value()) return false;
  demand(path_of(*parsed) == text_of(bytes), "an accepted path is the one that is written");
  return true;
}

/// One byte, the width less one; then the bundle.
inline bool check_bundle(ByteView bytes) {
  if (bytes.empty()) return false;
  const BundleId id{.index = 0, .width = static_cast<std::uint16_t>(bytes[0] + 1)};
  const auto entries = decode_bundle(id, bytes.subspan(1));
  if (!entries.has_value()) return false;
  const auto again = encode_bundle(*entries);
  demand(again.has_value() && equal(*again, bytes.subspan(1)), "an accepted bundle encodes to the same bytes");
  return true;
}

/// index, size, leaf hash, proof. What the definition finds to be the root is the only one that is accepted.
inline bool check_inclusion(ByteView bytes) {
  FuzzInput input(bytes);
  const std::uint64_t index = input.number();
  const std::uint64_t size = input.number();
  const Sha256 leaf = input.hash();
  const Proof proof = input.proof();
  const auto expected = size <= kMaxTreeSize ? test::reference_root(index, size, leaf, proof) : std::nullopt;
  const auto root = root_from_inclusion(index, size, leaf, proof);
  demand(root.has_value() == expected.has_value(), "an inclusion proof has a root when the definition gives one");
  if (!expected) return false;
  demand(*root == *expected, "the root of an inclusion proof is the definition's");
  demand(verify_inclusion(index, size, leaf, proof, *expected).has_value(), "the right root is accepted");
  Sha256 other = *expected;
  other[index % other.size()] ^= 1U;
  demand(!verify_inclusion(index, size, leaf, proof, other).has_value(), "no other root is accepted");
  return true;
}

/// older size, newer size, older root, proof.
inline bool check_consistency(ByteView bytes) {
  FuzzInput input(bytes);
  const std::uint64_t old_size = input.number();
  const std::uint64_t new_size = input.number();
  const Sha256 old_root = input.hash();
  const Proof proof = input.proof();
  const bool in_range = old_size > 0 && old_size <= new_size && new_size <= kMaxTreeSize;
  const auto roots = in_range ? test::reference_roots(old_size, new_size, old_root, true, proof) : std::nullopt;
  const Sha256 new_root = roots ? roots->second : old_root;
  const bool expected = (roots && roots->first == old_root) ||
                        (old_size == 0 && new_size <= kMaxTreeSize && proof.empty() && old_root == empty_root());
  const bool accepted = verify_consistency(old_size, new_size, old_root, new_root, proof).has_value();
  demand(accepted == expected, "a consistency proof is accepted when the definition gives both roots");
  return accepted;
}

/// The first byte says what the others are: t a tile's path, e a bundle's path, b a bundle, i an inclusion proof, c a
/// consistency proof. True when they are accepted. Ends the process when a property is broken.
inline bool check_tile_property(ByteView bytes) {
  if (bytes.empty()) return false;
  const ByteView rest = bytes.subspan(1);
  switch (bytes[0]) {
    case 't': return check_path(parse_tile_path(text_of(rest)), rest);
    case 'e': return check_path(parse_bundle_path(text_of(rest)), rest);
    case 'b': return check_bundle(rest);
    case 'i': return check_inclusion(rest);
    case 'c': return check_consistency(rest);
    default: return false;
  }
}

}  // namespace signet::log
