// What stands in a journal that is opened: how far it is whole, and what is remembered. Internal to log.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/journal.h"
#include "log/journal_record.h"

namespace signet::log {

/// The last record of each, as what was signed and not as its repeat; nothing where none was.
using LastRecords = std::map<LastOf, std::optional<JournalRecord>>;

/// What of a record is remembered.
[[nodiscard]] inline LastOf last_of(const JournalRecord& record) { return {record.key, signed_kind(record.kind)}; }
/// Of two structures of a kind that a key signed, whether the first one is the newer.
[[nodiscard]] bool is_beyond(const JournalRecord& record, const JournalRecord& other);
/// The record that repeats `record`, which is remembered; of nothing, that there is none of `last`.
[[nodiscard]] JournalRecord repeat_of(const LastOf& last, const std::optional<JournalRecord>& record);

struct JournalState {
  std::uint64_t records = 0;  ///< whole
  std::uint64_t rest_bytes = 0;
  RecordBytes last_record{};
  LastRecords last;  ///< of everything that was searched for or is carried
  std::vector<JournalRecord> certificates;
  /// Of what is to be cut and what starts before this one cut (`path`.torn-*), the newest of each; it may be older than
  /// what `last` has.
  LastRecords carried;
};

/// Changes nothing. Errors: kDataLoss naming the record.
[[nodiscard]] Result<JournalState> look(int fd, const std::string& path, const JournalSearch& search);
/// Behind the last whole record; saves it first (log/torn_tail.h).
[[nodiscard]] Result<void> cut_rest(int fd, const std::string& path, const JournalState& state);

[[nodiscard]] Result<std::uint64_t> size_of(int fd, const std::string& path);
/// Error kDataLoss: the record `what`.
[[nodiscard]] std::unexpected<Error> damaged(const std::string& path, std::uint64_t number, std::string_view what);
inline constexpr std::string_view kDoesNotFollow = "does not follow from the one before";

}  // namespace signet::log
