// That no issuer used a serial number twice, in memory that does not grow with the log.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "audit/entry_facts.h"

namespace signet::audit {

/// First pass: a Bloom filter says of each number whether it may have been seen before. Those few are looked for in a
/// second pass, which is exact. Not thread-safe.
class Serials {
 public:
  /// `file_bytes` decides how large the filter is: a 128th of them, at most 128 MiB.
  explicit Serials(std::uint64_t file_bytes);

  /// First pass.
  void add(const SerialKey& key);
  [[nodiscard]] bool needs_second_pass() const noexcept { return !candidates_.empty(); }
  [[nodiscard]] bool is_candidate(const SerialKey& key) const { return candidates_.contains(key); }
  /// Second pass: the entry that had this number first, if it was not this one.
  [[nodiscard]] std::optional<std::uint64_t> first_use(const SerialKey& key, std::uint64_t entry);

 private:
  std::vector<std::uint64_t> filter_;
  std::map<SerialKey, std::optional<std::uint64_t>> candidates_;
};

}  // namespace signet::audit
