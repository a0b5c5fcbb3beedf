// What each type of entry does to the tables.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "log/entry.h"
#include "store/database.h"

namespace signet {

/// A log, as far as its entries have been applied: a row of the table `log`.
struct LogRow {
  std::int64_t id = 0;
  std::string origin;
  std::string log_key;  ///< verifier key string
  Sha256 genesis_leaf_hash{};
  std::uint64_t first = 0;     ///< position of its first entry
  std::uint64_t next_seq = 0;  ///< at least 1
  Sha256 last_leaf_hash{};
  std::uint64_t issued = 0;
  std::optional<std::string> successor_origin;  ///< when it is sealed
  std::optional<std::string> successor_key;
  [[nodiscard]] bool sealed() const noexcept { return successor_origin.has_value(); }
};

/// Applies one entry after the other, within a transaction of its caller. Not thread-safe.
class Projection {
 public:
  [[nodiscard]] static Result<Projection> prepare(Database& database);

  /// The row that `genesis`, entry 0 of a log, begins behind the log `before` (which must be sealed for it, and named
  /// by it; where there is none, it must be the first of all). Errors as Store::apply.
  [[nodiscard]] Result<LogRow> begin_log(const log::Entry& genesis, const std::optional<LogRow>& before);

  /// Applies the entry behind the last one of `row`, and brings `row` forward. Errors as Store::apply.
  [[nodiscard]] Result<void> apply(const log::Entry& entry, LogRow& row);

  /// Writes `row` to the table.
  [[nodiscard]] Result<void> save(const LogRow& row);

 private:
  struct ClosedIntent {
    std::string issuer;
    Bytes serial;
    TbsDer tbs;
  };

  Result<void> apply_type(const log::Entry& entry, LogRow& row);
  Result<void> apply_config(const log::Entry& entry);
  Result<void> apply_sealed(const log::Entry& entry, LogRow& row);
  Result<void> apply_intent(const log::Entry& entry, const LogRow& row);
  Result<void> apply_issued(const log::Entry& entry, const LogRow& row);
  Result<void> apply_rejected(const log::Entry& entry, const LogRow& row);
  Result<void> apply_orphaned(const log::Entry& entry, const LogRow& row);
  Result<void> set(std::string_view name, const Sha256& value);
  /// Gives an open intent its final state and returns what it was.
  Result<ClosedIntent> close_intent(const log::Entry& by, const LogRow& row, std::uint64_t intent,
                                    std::string_view state);

  Statement insert_log_;
  Statement update_log_;
  Statement set_;
  Statement any_open_;
  Statement insert_intent_;
  Statement find_open_intent_;
  Statement close_intent_;
  Statement insert_certificate_;
  Statement insert_revocation_;
};

}  // namespace signet
