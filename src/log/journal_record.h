// One record of the journal as its bytes. log/journal.h has the layout.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "log/journal.h"

namespace signet::log {

/// Where the chain hash begins.
inline constexpr std::size_t kJournalChainAt = 120;

using RecordBytes = std::array<std::uint8_t, kJournalRecordBytes>;

[[nodiscard]] RecordBytes encode_record(const JournalRecord& record, const RecordBytes& before);
/// Whether the chain hash of `record` is right. `before` is all zeros in front of the first record.
[[nodiscard]] bool follows(const RecordBytes& record, const RecordBytes& before);
/// Error kDataLoss for what encode_record never writes.
[[nodiscard]] Result<JournalRecord> decode_record(const RecordBytes& bytes);

/// Reads records through a buffer, forwards or backwards. Internal to log.
class RecordFile {
 public:
  RecordFile(int fd, std::string path, std::uint64_t records) : fd_(fd), path_(std::move(path)), records_(records) {}
  /// Record `number`, below `records`.
  [[nodiscard]] Result<RecordBytes> read(std::uint64_t number);
  /// The one in front of it: zeros in front of the first.
  [[nodiscard]] Result<RecordBytes> read_before(std::uint64_t number);

 private:
  [[nodiscard]] Result<void> fill(std::uint64_t number);

  int fd_;
  std::string path_;
  std::uint64_t records_;
  Bytes buffer_;
  std::uint64_t buffer_begin_ = 0;  // the number of its first record
};

}  // namespace signet::log
