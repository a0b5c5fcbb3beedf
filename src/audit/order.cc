#include "audit/order.h"

#include <fmt/format.h>

#include "base/clock.h"

namespace signet::audit {
namespace {

/// More keys that sign CRLs than any CA has; what comes later is not compared.
constexpr std::size_t kMaxKeys = 4'096;

std::string time_text(std::int64_t micros) { return to_rfc3339(Time(std::chrono::microseconds(micros))); }

/// Of decimal numbers without leading zeros.
bool is_less(const std::string& a, const std::string& b) { return a.size() != b.size() ? a.size() < b.size() : a < b; }

}  // namespace

void Order::check(const EntryFacts& facts, std::uint64_t entry, Complaints& complaints) {
  check_place(facts, entry, complaints);
  if (!facts.readable) {
    ++next_seq_;
    return;
  }
  check_seq(facts, entry, complaints);
  check_time(facts, entry, complaints);
  if (const auto* crl = std::get_if<CrlFacts>(&facts.what)) check_crl(*crl, entry, complaints);
  if (facts.type == EntryType::kSealed) sealed_ = true;
  if (facts.type == EntryType::kOther) ++of_other_types_;
}

void Order::check_place(const EntryFacts& facts, std::uint64_t entry, Complaints& complaints) {
  if (entry == 0 && facts.type != EntryType::kGenesis) {
    complaints.push_back(about_entry(entry, "genesis-missing",
                                     fmt::format("the first entry is of type {}, expected genesis",
                                                 facts.readable ? printable(facts.type_name, 40) : "unknown")));
  }
  if (entry > 0 && facts.type == EntryType::kGenesis) {
    complaints.push_back(about_entry(entry, "genesis-repeated", "only the first entry of a log is a genesis"));
  }
  if (sealed_) {
    complaints.push_back(about_entry(entry, "entry-behind-sealed",
                                     fmt::format("an entry of type {} stands behind sealed, which is the last of a log",
                                                 printable(facts.type_name, 40))));
  }
}

/// One gap is one complaint: behind it counting goes on from what was found.
void Order::check_seq(const EntryFacts& facts, std::uint64_t entry, Complaints& complaints) {
  if (!facts.has_seq) {
    ++next_seq_;
    return;
  }
  if (facts.seq != next_seq_) {
    complaints.push_back(
        about_entry(entry, "entry-seq", fmt::format("the field seq is {}, expected {}", facts.seq, next_seq_)));
  }
  next_seq_ = facts.seq + 1;
}

void Order::check_time(const EntryFacts& facts, std::uint64_t entry, Complaints& complaints) {
  if (!facts.has_time) return;
  if (!has_time_) first_time_ = facts.time_micros;
  if (has_time_ && facts.time_micros < last_time_) {
    complaints.push_back(about_entry(entry, "time-backwards",
                                     fmt::format("the time is {}, that of the entry before {}",
                                                 time_text(facts.time_micros), time_text(last_time_))));
  }
  if (facts.boot == boot_ && facts.mono < mono_) {
    complaints.push_back(
        about_entry(entry, "mono-backwards",
                    fmt::format("mono is {}, that of the entry before {}, in the same boot", facts.mono, mono_)));
  }
  has_time_ = true;
  last_time_ = facts.time_micros;
  boot_ = facts.boot;
  mono_ = facts.mono;
}

/// Of a key, as its keyholder remembers them: the issuer's name is what whoever writes the entry makes it, and a CA
/// that has a new key may begin anew under the old name.
void Order::check_crl(const CrlFacts& crl, std::uint64_t entry, Complaints& complaints) {
  const auto last = crl_numbers_.find(crl.spki_sha256);
  if (last == crl_numbers_.end()) {
    if (crl_numbers_.size() < kMaxKeys) crl_numbers_.emplace(crl.spki_sha256, crl.number);
    return;
  }
  if (!is_less(last->second, crl.number)) {
    complaints.push_back(about_entry(
        entry, "crl-number",
        fmt::format("the CRL number of {} is {}; the one before of its key {} was {}, and they "
                    "rise",
                    printable(crl.issuer), printable(crl.number), to_hex(crl.spki_sha256), printable(last->second))));
  }
  last->second = crl.number;
}

}  // namespace signet::audit
