#include <fmt/format.h>

#include "store/store.h"

namespace signet {
namespace {

constexpr std::size_t kBatchEntries = 1024;
constexpr std::size_t kBatchBytes = std::size_t{4} * 1024 * 1024;

std::unexpected<Error> of_another_log(std::uint64_t next_seq, std::string_view what) {
  return fail(
      ErrorCode::kDataLoss,
      fmt::format("the store has seen {} entries and the log {}. If an older copy of the log was put back, restore "
                  "the newest one; if its end was damaged, what was cut is beside it as entries.torn-*; if only the "
                  "store is wrong, delete it: it is rebuilt from the log",
                  next_seq, what));
}

/// Gathers entries and applies them in batches.
class Feeder {
 public:
  explicit Feeder(Store& store) : store_(store) {}

  Result<void> add(const log::Entry& entry) {
    bytes_ += entry.encoded.size();
    batch_.push_back(entry);
    if (batch_.size() < kBatchEntries && bytes_ < kBatchBytes) return {};
    return flush();
  }

  Result<void> flush() {
    SIGNET_CHECK(store_.apply(batch_));
    batch_.clear();
    bytes_ = 0;
    return {};
  }

 private:
  Store& store_;
  std::vector<log::Entry> batch_;
  std::size_t bytes_ = 0;
};

}  // namespace

Result<void> catch_up(const log::EntryLog& log, Store& store) {
  const std::uint64_t next = store.next_seq();
  if (next > log.size()) return of_another_log(next, fmt::format("has only {}", log.size()));
  // The last entry both know is read again, to see that they know the same.
  const std::uint64_t from = next == 0 ? 0 : next - 1;
  Feeder feeder(store);
  SIGNET_CHECK(log.read(from, [&](const log::Entry& entry) -> Result<void> {
    if (entry.seq >= next) return feeder.add(entry);
    if (store.last_leaf_hash() == log::leaf_hash(entry.encoded)) return {};
    return of_another_log(next, fmt::format("has another entry {} than the store saw", entry.seq));
  }));
  return feeder.flush();
}

}  // namespace signet
