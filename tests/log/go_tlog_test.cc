// Agreement with an implementation that is not ours: golang.org/x/mod/sumdb/tlog, by the program in go_tlog. It needs
// the packages golang-go and golang-golang-x-mod-dev (ci/install-deps).
#include <gtest/gtest.h>

#include "log/value.h"
#include "merkle_reference.h"
#include "support/command.h"

namespace signet::log {
namespace {

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

Value base64(ByteView bytes) { return to_base64(bytes); }

Value base64s(std::span<const Sha256> hashes) {
  Array array;
  for (const Sha256& hash : hashes) array.push_back(base64(hash));
  return array;
}

Value base64s(const std::map<std::string, Bytes>& files) {
  Object object;
  for (const auto& [path, bytes] : files) object.emplace(path, base64(bytes));
  return object;
}

/// What is said to the program, a line for each statement.
class Statements {
 public:
  void add(const Object& statement) {
    lines_ += text_of(encode_canonical(statement).value());
    lines_ += '\n';
    ++count_;
  }
  void inclusion(std::uint64_t index, std::uint64_t size, const Sha256& leaf, const Proof& proof, const Sha256& root) {
    add({{"kind", "inclusion"},
         {"index", number(index)},
         {"size", number(size)},
         {"leaf", base64(leaf)},
         {"proof", base64s(proof)},
         {"root", base64(root)},
         {"valid", Value::boolean(verify_inclusion(index, size, leaf, proof, root).has_value())}});
  }
  void consistency(std::uint64_t old_size, std::uint64_t size, const Sha256& old_root, const Sha256& root,
                   const Proof& proof) {
    add({{"kind", "consistency"},
         {"old_size", number(old_size)},
         {"size", number(size)},
         {"old_root", base64(old_root)},
         {"root", base64(root)},
         {"proof", base64s(proof)},
         {"valid", Value::boolean(verify_consistency(old_size, size, old_root, root, proof).has_value())}});
  }

  /// Runs the program over all of it. It is compiled from what is installed: no network, no modules.
  [[nodiscard]] test::CommandResult check() const {
    return test::run_command({"go", "run", SIGNET_SOURCE_DIR "/tests/log/go_tlog/main.go"}, lines_,
                             {"GO111MODULE=off", "GOFLAGS=", "GOPATH=/usr/share/gocode", "GOPROXY=off",
                              "GOTOOLCHAIN=local", "CGO_ENABLED=0", "GOCACHE=" SIGNET_BIN_DIR "/../go-cache"},
                             std::chrono::seconds(280));
  }
  void expect_agreement() const {
    const test::CommandResult result = check();
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.out, "checked " + std::to_string(count_) + "\n");
  }

 private:
  std::string lines_;
  std::size_t count_ = 0;
};

test::MemoryTiles tiles_of(std::span<const Sha256> leaves) {
  TileBuilder builder;
  for (const Sha256& leaf : leaves) builder.append(leaf);
  test::MemoryTiles tiles;
  tiles.write(builder.take());
  return tiles;
}

std::span<const Sha256> first_leaves(const test::ReferenceTree& tree, std::size_t size) {
  return std::span(tree.leaves()).first(size);
}

TEST(GoTlog, HashesLeavesRootsAndTilesAsWeDo) {
  const test::ReferenceTree tree(66'000);
  Statements statements;
  for (const std::string_view entry : {"", "a", "{\"seq\":0}"}) {
    statements.add(
        {{"kind", "leaf"}, {"entry", base64(bytes_of(entry))}, {"leaf", base64(leaf_hash(bytes_of(entry)))}});
  }
  // Not 0: the older versions of tlog know no root of a tree without entries.
  for (const std::size_t size : {1U, 2U, 3U, 5U, 8U, 255U, 256U, 257U, 300U, 513U, 66'000U}) {
    const test::MemoryTiles tiles = tiles_of(first_leaves(tree, size));
    Array paths;
    for (const auto& [path, bytes] : tiles.files) paths.emplace_back(path);
    statements.add({{"kind", "root"},
                    {"leaves", base64s(first_leaves(tree, size))},
                    {"root", base64(merkle_root(first_leaves(tree, size)))},
                    {"tiles", base64s(tiles.files)},
                    {"paths", paths}});
  }
  statements.expect_agreement();
}

TEST(GoTlog, AcceptsAndRefusesProofsAsWeDo) {
  constexpr std::size_t kMost = 40;
  test::ReferenceTree tree(kMost);
  test::MemoryTiles tiles = tiles_of(tree.leaves());
  const TiledTree ours(tiles, kMost);
  Statements statements;
  for (std::size_t size = 1; size <= kMost; ++size) {
    const Sha256 root = ours.root(size).value();
    for (std::size_t index = 0; index < size; ++index) {
      Proof proof = ours.prove_inclusion(index, size).value();
      for (const std::size_t other : {index, index ^ 1U, index + 1, size}) {
        for (const std::size_t other_size : {size, size + 1, size - 1, size * 2}) {
          statements.inclusion(other, other_size, tree.leaf(index), proof, root);
        }
      }
      if (!proof.empty()) proof[index % proof.size()][size % 32] ^= 1U;
      statements.inclusion(index, size, tree.leaf(index), proof, root);
      proof.push_back(root);
      statements.inclusion(index, size, tree.leaf(index), proof, root);
    }
    for (std::size_t old = 1; old <= size; ++old) {
      Proof proof = ours.prove_consistency(old, size).value();
      for (const std::size_t other_size : {size, size + 1, size - 1, size * 2}) {
        // tlog has no proofs that begin with a tree without entries, and refuses that size.
        for (const std::size_t other : {old, old + 1}) {
          statements.consistency(other, other_size, tree.root(old), root, proof);
        }
      }
      if (!proof.empty()) proof[old % proof.size()][size % 32] ^= 1U;
      statements.consistency(old, size, tree.root(old), root, proof);
      proof.push_back(root);
      statements.consistency(old, size, tree.root(old), root, proof);
    }
  }
  statements.expect_agreement();
}

/// Our tiles of a tree, and our proofs from them, which tlog makes again from the same tiles.
Object tiles_statement(test::MemoryTiles& tiles, std::uint64_t size) {
  const TiledTree tree(tiles, size);
  Array proofs;
  for (const std::uint64_t at : {std::uint64_t{0}, size / 3, size / 2, size & ~std::uint64_t{255}, size - 1}) {
    if (at >= size) continue;
    proofs.push_back(Object{{"index", number(at)}, {"proof", base64s(tree.prove_inclusion(at, size).value())}});
    proofs.push_back(
        Object{{"old_size", number(at + 1)}, {"proof", base64s(tree.prove_consistency(at + 1, size).value())}});
  }
  return {{"kind", "tiles"},
          {"size", number(size)},
          {"proofs", proofs},
          {"root", base64(tree.root(size).value())},
          {"valid", Value::boolean(true)},
          {"tiles", base64s(tiles.files)}};
}

TEST(GoTlog, MakesTheSameProofsFromOurTiles) {
  const test::ReferenceTree tree(70'000);
  Statements statements;
  for (const std::size_t size : {1U, 2U, 7U, 255U, 256U, 257U, 511U, 512U, 513U, 65'535U, 65'536U, 65'537U, 70'000U}) {
    test::MemoryTiles tiles = tiles_of(first_leaves(tree, size));
    statements.add(tiles_statement(tiles, size));
  }
  test::MemoryTiles damaged = tiles_of(first_leaves(tree, 600));
  Object statement = tiles_statement(damaged, 600);
  damaged.files.at("tile/0/001")[77] ^= 1U;
  statement.insert_or_assign("tiles", base64s(damaged.files));
  statement.insert_or_assign("valid", Value::boolean(false));
  statements.add(statement);
  statements.expect_agreement();
}

TEST(GoTlog, NamesTheSameNewTiles) {
  Statements statements;
  for (const std::uint64_t older : {0U, 1U, 44U, 255U, 256U, 257U, 511U, 65'279U, 65'535U, 65'536U, 65'537U, 70'000U}) {
    for (const std::uint64_t step : {1U, 2U, 211U, 256U, 257U, 4096U, 65'536U}) {
      Array paths;
      for (const TileId& tile : changed_tiles(older, older + step)) paths.emplace_back(path_of(tile));
      statements.add({{"kind", "new"}, {"old_size", number(older)}, {"size", number(older + step)}, {"paths", paths}});
    }
  }
  statements.expect_agreement();
}

TEST(GoTlog, SaysSoWhenItDisagrees) {
  Statements statements;
  statements.add({{"kind", "leaf"}, {"entry", base64(bytes_of("a"))}, {"leaf", base64(leaf_hash(bytes_of("b")))}});
  const test::CommandResult result = statements.check();
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.err.find("line 1, leaf: the leaf hash is"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace signet::log
