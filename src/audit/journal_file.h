// A keyholder's journal (log/journal.h), read record by record.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "audit/findings.h"
#include "base/file.h"
#include "log/journal.h"

namespace signet::audit {

/// Not thread-safe. Damage does not end the reading: whoever reads wants to see what else is there.
class JournalFile {
 public:
  struct Item {
    std::uint64_t number = 0;  ///< counted from 0
    log::JournalRecord record;
    Complaints complaints;  ///< its chain hash is wrong, or it has no form
    bool usable = true;     ///< the record is of a known form
  };

  /// What is appended after this call is not read. Errors: kInvalidArgument with field "journal".
  [[nodiscard]] static Result<JournalFile> open(const std::string& path);

  /// Nothing at the end. Error kInternal.
  [[nodiscard]] Result<std::optional<Item>> next();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Behind the last record: a write that was cut off.
  [[nodiscard]] std::uint64_t rest_bytes() const noexcept { return rest_; }
  [[nodiscard]] std::string place(std::uint64_t number) const;
  /// A second reader of the same bytes.
  [[nodiscard]] Result<JournalFile> again() const;

 private:
  JournalFile(UniqueFd file, std::string path, std::uint64_t size)
      : file_(std::move(file)), path_(std::move(path)), size_(size) {}
  Result<ByteView> peek();

  UniqueFd file_;
  std::string path_;
  std::uint64_t size_;
  std::uint64_t offset_ = 0;
  std::uint64_t number_ = 0;
  std::uint64_t rest_ = 0;
  Bytes buffer_;
  std::size_t used_ = 0;
  std::array<std::uint8_t, log::kJournalRecordBytes> previous_{};
};

}  // namespace signet::audit
