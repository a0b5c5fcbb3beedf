// What each type of entry does to the tables.
#pragma once

#include "log/entry.h"
#include "store/database.h"

namespace signet {

/// Applies one entry after the other, within a transaction of its caller. Not thread-safe.
class Projection {
 public:
  [[nodiscard]] static Result<Projection> prepare(Database& database);

  /// What the entry adds to the number of certificates: 0 or 1. Errors as Store::apply.
  [[nodiscard]] Result<unsigned> apply(const log::Entry& entry);

 private:
  struct ClosedIntent {
    std::string issuer;
    Bytes serial;
    TbsDer tbs;
  };

  Result<void> apply_intent(const log::Entry& entry);
  Result<void> apply_issued(const log::Entry& entry);
  Result<void> apply_rejected(const log::Entry& entry);
  Result<void> apply_orphaned(const log::Entry& entry);
  /// Gives an open intent its final state and returns what it was.
  Result<ClosedIntent> close_intent(const log::Entry& by, std::uint64_t intent, std::string_view state);

  Statement insert_intent_;
  Statement find_open_intent_;
  Statement close_intent_;
  Statement insert_certificate_;
  Statement insert_revocation_;
};

}  // namespace signet
