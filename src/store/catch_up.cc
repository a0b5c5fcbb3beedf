#include <fmt/format.h>

#include <algorithm>

#include "store/store.h"

namespace signet {
namespace {

constexpr std::size_t kBatchEntries = 1024;
constexpr std::size_t kBatchBytes = std::size_t{4} * 1024 * 1024;

std::unexpected<Error> of_another_log(const StoredLog& known, std::string_view what) {
  return fail(
      ErrorCode::kDataLoss,
      fmt::format("the store has seen {} entries of the log \"{}\", and the log {}. If an older copy of the log was "
                  "put back, restore the newest one; if its end was damaged, what was cut is beside it as "
                  "entries.torn-*; if only the store is wrong, delete it: it is rebuilt from the log",
                  known.next_seq, printable(known.origin), what));
}

/// Gathers entries and applies them in batches.
class Feeder {
 public:
  Feeder(Store& store, const CatchUpProgress& progress, std::uint64_t of)
      : store_(store), progress_(progress), of_(of) {}

  Result<void> add(const log::Entry& entry) {
    bytes_ += entry.encoded.size();
    batch_.push_back(entry);
    if (batch_.size() < kBatchEntries && bytes_ < kBatchBytes) return {};
    return flush();
  }

  Result<void> flush() {
    if (batch_.empty()) return {};
    SIGNET_CHECK(store_.apply(batch_));
    if (progress_) progress_(batch_.back().seq + 1, of_);
    batch_.clear();
    bytes_ = 0;
    return {};
  }

 private:
  Store& store_;
  const CatchUpProgress& progress_;
  const std::uint64_t of_;
  std::vector<log::Entry> batch_;
  std::size_t bytes_ = 0;
};

/// leaf_hash of an entry of the log.
Result<Sha256> leaf_hash_at(const log::EntryLog& log, std::uint64_t seq) {
  Sha256 hash{};
  SIGNET_CHECK(log.read_raw(seq, seq + 1, [&](std::uint64_t, ByteView encoded) -> Result<void> {
    hash = log::leaf_hash(encoded);
    return {};
  }));
  return hash;
}

/// The log and the store must know the same last entry of those both know.
Result<void> check_last(const log::EntryLog& log, const StoredLog& known) {
  if (known.next_seq > log.size()) return of_another_log(known, fmt::format("has only {}", log.size()));
  SIGNET_TRY(const Sha256 last, leaf_hash_at(log, known.next_seq - 1));
  if (last == known.last_leaf_hash) return {};
  return of_another_log(known, fmt::format("has another entry {} than the store saw", known.next_seq - 1));
}

/// The log's first entry that the store wants; the log's size where it wants none.
Result<std::uint64_t> first_new(const log::EntryLog& log, const std::vector<StoredLog>& known) {
  if (known.empty()) return 0;
  const StoredLog& present = known.back();
  if (log.size() == 0) {
    if (present.sealed) return 0;  // it is going to be the successor
    return of_another_log(present, "has only 0");
  }
  SIGNET_TRY(const Sha256 genesis, leaf_hash_at(log, 0));
  const auto same = std::ranges::find(known, genesis, &StoredLog::genesis_leaf_hash);
  if (same != known.end()) {
    SIGNET_CHECK(check_last(log, *same));
    if (!same->sealed || same->next_seq == log.size()) return same->next_seq;
    return of_another_log(*same, fmt::format("has {} though it was sealed", log.size()));
  }
  if (present.sealed) return 0;  // whether it is the successor, its first entry says
  return of_another_log(present, "has another entry 0 than the store saw");
}

}  // namespace

Result<void> catch_up(const log::EntryLog& log, Store& store, const CatchUpProgress& progress) {
  SIGNET_TRY(const std::vector<StoredLog> known, store.logs());
  SIGNET_TRY(const std::uint64_t from, first_new(log, known));
  Feeder feeder(store, progress, log.size());
  SIGNET_CHECK(log.read(from, [&](const log::Entry& entry) { return feeder.add(entry); }));
  return feeder.flush();
}

}  // namespace signet
