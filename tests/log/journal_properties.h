// What must hold for any bytes given to the readers of a journal.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "log/journal.h"
#include "log/journal_record.h"
#include "support/temp_directory.h"

namespace signet::log {

inline void must_hold_of_journal(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "property broken: %s\n", what);
  std::abort();
}

/// A record that is accepted has exactly these bytes as its encoding: behind the same predecessor the same 128 if its
/// chain is right, and the same 120 whatever its chain is. Ends the process if not.
inline void check_record_property(const RecordBytes& bytes, const RecordBytes& before) {
  const auto record = decode_record(bytes);
  if (!record.has_value()) return;
  const RecordBytes again = encode_record(*record, before);
  must_hold_of_journal(follows(again, before), "what is encoded follows");
  must_hold_of_journal(equal(ByteView(again).first(kJournalChainAt), ByteView(bytes).first(kJournalChainAt)),
                       "what is accepted re-encodes to the same bytes");
  must_hold_of_journal((again == bytes) == follows(bytes, before), "one chain hash is right, and no other");
}

/// Each record of a file, and the reading of the whole: every record that is handed over is the next one of the file,
/// and the end is where the first does not fit. Ends the process if not.
inline void check_journal_property(ByteView bytes) {
  RecordBytes before{};
  for (std::size_t at = 0; at + kJournalRecordBytes <= bytes.size(); at += kJournalRecordBytes) {
    RecordBytes record;
    std::ranges::copy(bytes.subspan(at, kJournalRecordBytes), record.begin());
    check_record_property(record, before);
    before = record;
  }
  const signet::test::TempDirectory directory;
  const std::string path = directory.write("journal", text_of(bytes));
  Bytes whole;
  RecordBytes last{};
  const auto end = read_journal(path, [&](std::uint64_t number, const JournalRecord& record) -> Result<void> {
    must_hold_of_journal(number == whole.size() / kJournalRecordBytes, "records come in their order");
    last = encode_record(record, last);
    append(whole, last);
    return {};
  });
  must_hold_of_journal(whole.size() <= bytes.size() && equal(whole, bytes.first(whole.size())),
                       "what is read is what the file begins with");
  if (!end.has_value()) return;
  must_hold_of_journal(end->records * kJournalRecordBytes == whole.size(), "all that is counted was read");
  must_hold_of_journal(end->rest_bytes == bytes.size() - whole.size(), "the rest is what was not read");
}

}  // namespace signet::log
