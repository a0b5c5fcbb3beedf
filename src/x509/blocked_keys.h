// Keys that are known to others: leaked ones, and those of Debian's broken OpenSSL. docs/key-quality.md has the file's
// format.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "x509/public_key.h"

namespace signet {

/// A list of keys for which no certificate is issued. Immutable, safe to read from any thread. 32 bytes of memory for
/// the SHA-256 of a SubjectPublicKeyInfo, 10 for a line of Debian's lists.
class BlockedKeys {
 public:
  /// 4 million SHA-256 hashes, 12 million lines of Debian's lists.
  static constexpr std::size_t kLargestFile_bytes = 256U << 20U;

  /// Blocks nothing.
  BlockedKeys() = default;

  /// Reads the file whole, which needs up to three times its size for the moment. It must belong to this user or root
  /// and be written by nobody else. `field` names the configuration value that gave the path.
  [[nodiscard]] static Result<BlockedKeys> load(const std::string& path, const std::string& field);
  /// `file` is used in messages only. Errors: kInvalidArgument, "file:line: what is wrong and what was expected", at
  /// the first bad line; a file that names no key is an error, too.
  [[nodiscard]] static Result<BlockedKeys> parse(ByteView text, const std::string& file);

  /// Errors: kInvalidArgument, field "csr.subjectPublicKeyInfo", rule key.blocked.
  [[nodiscard]] Result<void> check(const PublicKey& key) const;
  /// Of different keys.
  [[nodiscard]] std::size_t size() const noexcept { return spkis_.size() + moduli_.size(); }

 private:
  /// The last 80 bits of the SHA-1 of "Modulus=" and the modulus in upper-case hexadecimal and a line feed.
  using ModulusHash = std::array<std::uint8_t, 10>;
  [[nodiscard]] static ModulusHash hash_of_modulus(ByteView modulus);
  [[nodiscard]] bool add(std::string_view line);
  void sort();
  [[nodiscard]] bool contains(const PublicKey& key) const;

  std::vector<Sha256> spkis_;        // sorted, each once
  std::vector<ModulusHash> moduli_;  // likewise
};

}  // namespace signet
