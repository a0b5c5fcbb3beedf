// A log that only grows, as an issuer has it: checkpoints and the proofs between them.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "log/checkpoint.h"
#include "log/journal.h"
#include "log/merkle_reference.h"

namespace signet::test {

class GrownLog {
 public:
  explicit GrownLog(std::string origin = "ca.example/test", const std::string& what = "entry")
      : origin_(std::move(origin)), tree_(leaves(what)) {}

  /// A log with the same first `size` entries, and others behind them.
  [[nodiscard]] GrownLog forked_at(std::size_t size) const {
    std::vector<Sha256> hashes = leaves("entry behind a fork");
    std::copy_n(tree_.leaves().begin(), size, hashes.begin());
    GrownLog fork(origin_);
    fork.tree_ = ReferenceTree(std::move(hashes));
    return fork;
  }

  [[nodiscard]] Sha256 root(std::size_t size) { return tree_.root(size); }
  [[nodiscard]] log::TreeHead head(std::size_t size) { return {.size = size, .root = root(size)}; }
  /// The text of a checkpoint.
  [[nodiscard]] std::string text(std::size_t size) {
    return log::format_checkpoint({.origin = origin_, .size = size, .root = root(size)}).value();
  }
  /// RFC 6962 section 2.1.2. Empty where there is none: before the first tree, and backwards.
  [[nodiscard]] log::Proof proof(std::size_t old_size, std::size_t new_size) {
    return old_size == 0 || old_size > new_size ? log::Proof{} : tree_.consistency(old_size, new_size);
  }

 private:
  static std::vector<Sha256> leaves(const std::string& what) {
    constexpr int kEntries = 200;
    std::vector<Sha256> hashes;
    for (int i = 0; i < kEntries; ++i) hashes.push_back(log::leaf_hash(bytes_of(what + std::to_string(i))));
    return hashes;
  }

  std::string origin_;
  ReferenceTree tree_;
};

}  // namespace signet::test
