#include "log/merkle.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "merkle_reference.h"

namespace signet::log {
namespace {

Sha256 hash_of(std::string_view hex) {
  Sha256 hash{};
  std::ranges::copy(from_hex(hex).value(), hash.begin());
  return hash;
}

Proof hashes_of(std::initializer_list<std::string_view> hex) {
  Proof proof;
  for (const std::string_view text : hex) proof.push_back(hash_of(text));
  return proof;
}

Sha256 flipped(Sha256 hash, std::size_t bit) {
  hash.at(bit / 8) ^= static_cast<std::uint8_t>(1U << (bit % 8));
  return hash;
}

void expect_refused(const Result<void>& result, std::string_view field) {
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(result.error().field, field) << result.error().message;
}

// The known answers of the reference implementation of RFC 6962: google/certificate-transparency,
// cpp/merkletree/merkle_tree_test.cc (kInputs, kSHA256Roots, kSHA256Paths, kSHA256Proofs), which counts leaves from 1.
// The consistency proof of 6 and 7 is from transparency-dev/merkle, proof/verify_test.go, which has the others too.
const std::vector<std::string_view> kInputs = {
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
const Proof kRoots = hashes_of({"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"});
struct KnownProof {
  std::uint64_t first;   // the leaf counted from 1, or the older size
  std::uint64_t second;  // the size, or the newer size
  Proof proof;
};
const std::vector<KnownProof> kPaths = {
    {1, 1, {}},
    {1, 8,
     hashes_of({"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"})},
    {6, 8,
     hashes_of({"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"})},
    {3, 3, hashes_of({"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"})},
    {2, 5,
     hashes_of({"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"})}};
const std::vector<KnownProof> kConsistency = {
    {1, 1, {}},
    {1, 8,
     hashes_of({"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"})},
    {6, 8,
     hashes_of({"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"})},
    {2, 5,
     hashes_of({"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"})},
    {6, 7,
     hashes_of({"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"})}};

TEST(Merkle, HasTheRootsOfTheReferenceImplementation) {
  MerkleFrontier tree;
  EXPECT_EQ(empty_root(), kRoots[0]);
  EXPECT_EQ(tree.root(), kRoots[0]);
  for (std::size_t i = 0; i < kInputs.size(); ++i) {
    tree.append(leaf_hash(from_hex(kInputs[i]).value()));
    EXPECT_EQ(tree.root(), kRoots[i + 1]) << i;
  }
}

TEST(Merkle, AcceptsTheProofsOfTheReferenceImplementation) {
  for (const KnownProof& known : kPaths) {
    const Sha256 leaf = leaf_hash(from_hex(kInputs[known.first - 1]).value());
    EXPECT_TRUE(verify_inclusion(known.first - 1, known.second, leaf, known.proof, kRoots[known.second]).has_value());
  }
  for (const KnownProof& known : kConsistency) {
    EXPECT_TRUE(verify_consistency(known.first, known.second, kRoots[known.first], kRoots[known.second], known.proof)
                    .has_value());
  }
}

TEST(Merkle, TiledTreeMakesTheProofsOfTheReferenceImplementation) {
  TileBuilder builder;
  for (const std::string_view input : kInputs) builder.append(leaf_hash(from_hex(input).value()));
  test::MemoryTiles tiles;
  tiles.write(builder.take());
  const TiledTree tree(tiles, kInputs.size());
  for (const KnownProof& known : kPaths) {
    EXPECT_EQ(tree.prove_inclusion(known.first - 1, known.second).value(), known.proof);
  }
  for (const KnownProof& known : kConsistency) {
    EXPECT_EQ(tree.prove_consistency(known.first, known.second).value(), known.proof);
  }
}

TEST(Merkle, RootIsThatOfTheDefinitionForEverySizeTo300) {
  test::ReferenceTree reference(300);
  MerkleFrontier tree;
  for (std::size_t size = 0; size <= 300; ++size) {
    EXPECT_EQ(tree.size(), size);
    EXPECT_EQ(tree.root(), reference.root(size)) << size;
    EXPECT_EQ(merkle_root(std::span(reference.leaves()).first(size)), reference.root(size)) << size;
    if (size < 300) tree.append(reference.leaf(size));
  }
}

TEST(Merkle, FrontierGoesOnWhereItWasSaved) {
  test::ReferenceTree reference(300);
  for (std::size_t saved = 0; saved <= 300; saved += 7) {
    MerkleFrontier before;
    for (std::size_t i = 0; i < saved; ++i) before.append(reference.leaf(i));
    auto tree = MerkleFrontier::restore(before.size(), before.peaks());
    ASSERT_TRUE(tree.has_value()) << tree.error().message;
    for (std::size_t i = saved; i < 300; ++i) tree->append(reference.leaf(i));
    EXPECT_EQ(tree->root(), reference.root(300));
    EXPECT_EQ(before.root(), reference.root(saved));
  }
}

TEST(Merkle, FrontierRefusesToBeRestoredFromTheWrongNumberOfPeaks) {
  const Sha256 hash{};
  EXPECT_EQ(MerkleFrontier::restore(0, {hash}).error().field, "peaks");
  EXPECT_EQ(MerkleFrontier::restore(3, {hash}).error().field, "peaks");
  EXPECT_EQ(MerkleFrontier::restore(4, {hash, hash}).error().field, "peaks");
  EXPECT_EQ(MerkleFrontier::restore(kMaxTreeSize + 1, {hash}).error().field, "size");
  EXPECT_TRUE(MerkleFrontier::restore(kMaxTreeSize, Proof(63, hash)).has_value());
}

TEST(Merkle, AcceptsTheInclusionProofOfEveryEntryToSize130AndRefusesItsChanges) {
  test::ReferenceTree tree(130);
  for (std::size_t size = 1; size <= 130; ++size) {
    const Sha256 root = tree.root(size);
    for (std::size_t index = 0; index < size; ++index) {
      Proof proof = tree.path(index, 0, size);
      const Sha256& leaf = tree.leaf(index);
      ASSERT_TRUE(verify_inclusion(index, size, leaf, proof, root).has_value()) << index << " of " << size;
      for (std::size_t i = 0; i < proof.size(); ++i) {
        const Sha256 right = std::exchange(proof[i], flipped(proof[i], (index * 31 + size * 7 + i) % 256));
        EXPECT_FALSE(verify_inclusion(index, size, leaf, proof, root).has_value()) << index << " of " << size;
        proof[i] = right;
      }
      proof.push_back(root);
      expect_refused(verify_inclusion(index, size, leaf, proof, root), "proof");
      proof.pop_back();
      if (proof.empty()) continue;
      proof.pop_back();
      expect_refused(verify_inclusion(index, size, leaf, proof, root), "proof");
    }
  }
}

TEST(Merkle, AcceptsTheConsistencyProofOfEveryPairToSize130AndRefusesItsChanges) {
  test::ReferenceTree tree(130);
  for (std::size_t size = 1; size <= 130; ++size) {
    const Sha256 root = tree.root(size);
    for (std::size_t old = 1; old <= size; ++old) {
      Proof proof = tree.consistency(old, size);
      const Sha256 old_root = tree.root(old);
      ASSERT_TRUE(verify_consistency(old, size, old_root, root, proof).has_value()) << old << " of " << size;
      EXPECT_FALSE(verify_consistency(old, size, flipped(old_root, old % 256), root, proof).has_value());
      EXPECT_FALSE(verify_consistency(old, size, old_root, flipped(root, old % 256), proof).has_value());
      for (std::size_t i = 0; i < proof.size(); ++i) {
        const Sha256 right = std::exchange(proof[i], flipped(proof[i], (old * 31 + size * 7 + i) % 256));
        EXPECT_FALSE(verify_consistency(old, size, old_root, root, proof).has_value()) << old << " of " << size;
        proof[i] = right;
      }
      proof.push_back(root);
      expect_refused(verify_consistency(old, size, old_root, root, proof), "proof");
      proof.pop_back();
      if (proof.empty()) continue;
      proof.pop_back();
      expect_refused(verify_consistency(old, size, old_root, root, proof), "proof");
    }
  }
}

TEST(Merkle, RefusesEverySingleBitChangedInAProof) {
  test::ReferenceTree tree(13);
  const Sha256 root = tree.root(13);
  const auto each_bit = [](Proof proof, const auto& refused) {
    for (Sha256& hash : proof) {
      for (std::size_t bit = 0; bit < 256; ++bit) {
        hash = flipped(hash, bit);
        EXPECT_TRUE(refused(proof)) << bit;
        hash = flipped(hash, bit);
      }
    }
  };
  for (std::size_t at = 0; at < 13; ++at) {
    each_bit(tree.path(at, 0, 13),
             [&](const Proof& proof) { return !verify_inclusion(at, 13, tree.leaf(at), proof, root).has_value(); });
    each_bit({tree.leaf(at)}, [&](const Proof& leaf) {
      return !verify_inclusion(at, 13, leaf[0], tree.path(at, 0, 13), root).has_value();
    });
    each_bit(tree.consistency(at + 1, 13), [&](const Proof& proof) {
      return !verify_consistency(at + 1, 13, tree.root(at + 1), root, proof).has_value();
    });
  }
}

// Where a proof made for one place also fits another by RFC 6962 (see verify_inclusion), the definition says so too.
TEST(Merkle, TakesAProofForAnotherIndexOrSizeOnlyWhereTheDefinitionDoes) {
  constexpr std::size_t kMost = 21;
  test::ReferenceTree tree(kMost);
  std::size_t accepted = 0;
  for (std::size_t size = 1; size <= kMost; ++size) {
    for (std::size_t index = 0; index < size; ++index) {
      const Proof proof = tree.path(index, 0, size);
      for (std::size_t claimed_size = 0; claimed_size <= kMost; ++claimed_size) {
        for (std::size_t claimed = 0; claimed <= kMost; ++claimed) {
          const bool valid =
              verify_inclusion(claimed, claimed_size, tree.leaf(index), proof, tree.root(size)).has_value();
          const bool other_root =
              verify_inclusion(claimed, claimed_size, tree.leaf(index), proof, tree.root(claimed_size)).has_value();
          const auto defined = test::reference_root(claimed, claimed_size, tree.leaf(index), proof);
          ASSERT_EQ(valid, defined == tree.root(size)) << claimed << " of " << claimed_size;
          EXPECT_EQ(other_root, claimed == index && claimed_size == size);
          if (valid) ++accepted;
        }
      }
    }
  }
  EXPECT_GT(accepted, kMost * (kMost + 1) / 2);
}

TEST(Merkle, TakesAConsistencyProofForOtherSizesOnlyWhereTheDefinitionDoes) {
  constexpr std::size_t kMost = 21;
  test::ReferenceTree tree(kMost);
  for (std::size_t size = 1; size <= kMost; ++size) {
    for (std::size_t old = 1; old < size; ++old) {
      const Proof proof = tree.consistency(old, size);
      for (std::size_t claimed = 1; claimed <= kMost; ++claimed) {
        for (std::size_t claimed_old = 0; claimed_old <= claimed + 1; ++claimed_old) {
          const bool valid =
              verify_consistency(claimed_old, claimed, tree.root(old), tree.root(size), proof).has_value();
          const bool in_range = claimed_old > 0 && claimed_old <= claimed;
          const auto roots =
              in_range ? test::reference_roots(claimed_old, claimed, tree.root(old), true, proof) : std::nullopt;
          ASSERT_EQ(valid, roots == std::pair(tree.root(old), tree.root(size))) << claimed_old << " of " << claimed;
          const std::size_t existing = std::min(claimed_old, kMost);
          EXPECT_EQ(
              verify_consistency(claimed_old, claimed, tree.root(existing), tree.root(claimed), proof).has_value(),
              claimed_old == old && claimed == size);
        }
      }
    }
  }
}

TEST(Merkle, RefusesPlacesOutsideTheTree) {
  const Sha256 leaf{1};
  expect_refused(verify_inclusion(0, 0, leaf, {}, empty_root()), "index");
  expect_refused(verify_inclusion(1, 1, leaf, {}, leaf), "index");
  expect_refused(verify_inclusion(UINT64_MAX, 1, leaf, {}, leaf), "index");
  expect_refused(verify_inclusion(0, kMaxTreeSize + 1, leaf, Proof(63, leaf), leaf), "size");
  expect_refused(verify_inclusion(0, UINT64_MAX, leaf, Proof(64, leaf), leaf), "size");
  expect_refused(verify_consistency(1, kMaxTreeSize + 1, leaf, leaf, Proof(63, leaf)), "size");
  expect_refused(verify_consistency(UINT64_MAX, UINT64_MAX, leaf, leaf, {}), "size");
  expect_refused(verify_consistency(2, 1, leaf, leaf, {}), "size");
}

TEST(Merkle, ChecksRootsEvenWhereNothingHasToBeProved) {
  const Sha256 one{1};
  const Sha256 two{2};
  EXPECT_TRUE(verify_consistency(0, 0, empty_root(), empty_root(), {}).has_value());
  EXPECT_TRUE(verify_consistency(0, 5, empty_root(), one, {}).has_value());
  EXPECT_TRUE(verify_consistency(5, 5, one, one, {}).has_value());
  expect_refused(verify_consistency(0, 5, one, two, {}), "old_root");
  expect_refused(verify_consistency(0, 0, empty_root(), one, {}), "new_root");
  expect_refused(verify_consistency(5, 5, one, two, {}), "new_root");
  expect_refused(verify_consistency(5, 5, one, one, Proof{one}), "proof");
  expect_refused(verify_consistency(0, 5, empty_root(), one, Proof{one}), "proof");
}

TEST(Merkle, SiblingsOfANodeThatIsNotThereAreNone) {
  EXPECT_TRUE(siblings(0, 0, 0).empty());
  EXPECT_TRUE(siblings(0, 5, 5).empty());
  EXPECT_TRUE(siblings(70, 0, 5).empty());
  EXPECT_TRUE(siblings(0, 0, UINT64_MAX).empty());
  using enum Sibling::Side;
  EXPECT_EQ(siblings(0, 4, 7), (std::vector<Sibling>{{0, 5, kRight}, {1, 3, kRight}, {2, 0, kLeft}}));
  EXPECT_EQ(siblings(0, 6, 7), (std::vector<Sibling>{{1, 2, kLeft}, {2, 0, kLeft}}));
}

}  // namespace
}  // namespace signet::log
