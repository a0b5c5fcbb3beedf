// The serial numbers that were signed last.
#pragma once

#include <cstddef>
#include <deque>
#include <unordered_set>

#include "log/journal.h"

namespace signet {

/// Remembers so many that were noted last, of all keys together. Not thread-safe.
class SerialMemory {
 public:
  explicit SerialMemory(std::size_t capacity) : capacity_(capacity) {}

  /// False, and nothing changes, where it is remembered already.
  [[nodiscard]] bool add(const Sha256& key, const log::JournalNumber& serial);

 private:
  struct FirstBytes {
    std::size_t operator()(const Sha256& hash) const noexcept { return static_cast<std::size_t>(read_u64(hash)); }
  };

  const std::size_t capacity_;
  std::deque<Sha256> in_order_;  ///< SHA-256 of key and serial number, the oldest first
  std::unordered_set<Sha256, FirstBytes> known_;
};

}  // namespace signet
