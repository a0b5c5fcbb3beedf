// What holds between an entry and those before it, intents apart.
#pragma once

#include <map>
#include <string>

#include "audit/entry_facts.h"

namespace signet::audit {

/// Takes the entries in order. Not thread-safe.
class Order {
 public:
  void check(const EntryFacts& facts, std::uint64_t entry, Complaints& complaints);

  /// Of the first and last entry that had one; microseconds since 1970.
  [[nodiscard]] std::int64_t first_time() const noexcept { return first_time_; }
  [[nodiscard]] std::int64_t last_time() const noexcept { return last_time_; }
  [[nodiscard]] bool has_time() const noexcept { return has_time_; }
  [[nodiscard]] bool sealed() const noexcept { return sealed_; }
  /// Types this version does not know, and how many entries have one.
  [[nodiscard]] std::uint64_t of_other_types() const noexcept { return of_other_types_; }

 private:
  void check_seq(const EntryFacts& facts, std::uint64_t entry, Complaints& complaints);
  void check_time(const EntryFacts& facts, std::uint64_t entry, Complaints& complaints);
  void check_place(const EntryFacts& facts, std::uint64_t entry, Complaints& complaints);
  void check_crl(const CrlFacts& crl, std::uint64_t entry, Complaints& complaints);

  std::uint64_t next_seq_ = 0;
  bool has_time_ = false;
  std::int64_t first_time_ = 0;
  std::int64_t last_time_ = 0;
  std::string boot_;
  std::int64_t mono_ = 0;
  bool sealed_ = false;
  std::uint64_t of_other_types_ = 0;
  std::map<Sha256, std::string> crl_numbers_;  // by key
};

}  // namespace signet::audit
