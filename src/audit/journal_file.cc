#include "audit/journal_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "audit/entry_file.h"
#include "log/journal_record.h"

namespace signet::audit {
namespace {

constexpr std::size_t kReadBytes = 1024 * log::kJournalRecordBytes;

}  // namespace

Result<JournalFile> JournalFile::open(const std::string& path) {
  std::uint64_t size = 0;
  auto file = open_regular(path, size);
  if (!file.has_value()) return fail(ErrorCode::kInvalidArgument, file.error().message, "journal");
  return JournalFile(*std::move(file), path, size);
}

Result<JournalFile> JournalFile::again() const {
  SIGNET_TRY(JournalFile other, open(path_));
  other.size_ = std::min(other.size_, size_);
  return other;
}

std::string JournalFile::place(std::uint64_t number) const {
  return fmt::format("{}, record {}", printable(path_), number);
}

Result<ByteView> JournalFile::peek() {
  if (buffer_.size() - used_ < log::kJournalRecordBytes) {
    buffer_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kReadBytes, size_ - offset_)));
    used_ = 0;
    SIGNET_TRY(const std::size_t got, read_at(file_.get(), offset_, buffer_.data(), buffer_.size(), path_));
    buffer_.resize(got);
  }
  return ByteView(buffer_).subspan(used_);
}

Result<std::optional<JournalFile::Item>> JournalFile::next() {
  if (rest_ > 0) return std::nullopt;
  SIGNET_TRY(const ByteView bytes, peek());
  if (bytes.size() < log::kJournalRecordBytes) {
    rest_ = bytes.size();
    return std::nullopt;
  }
  log::RecordBytes whole;
  std::ranges::copy(bytes.first(whole.size()), whole.begin());
  const bool chained = log::follows(whole, previous_);
  const std::uint64_t left = size_ - offset_;
  if (!chained && left <= log::kJournalRecordBytes) {  // a write that was cut off
    rest_ = left;
    return std::nullopt;
  }
  const auto record = log::decode_record(whole);
  Item item{.number = number_++,
            .record = record.value_or(log::JournalRecord{}),
            .complaints = {},
            .usable = record.has_value()};
  if (!item.usable) {
    item.complaints.push_back(
        about(place(item.number), "journal-record", "is of no form that is known: " + record.error().message));
  }
  if (!chained) {
    item.complaints.push_back(about(place(item.number), "journal-chain",
                                    "its chain hash does not follow from this record and the one before"));
  }
  previous_ = whole;
  offset_ += whole.size();
  used_ += whole.size();
  return item;
}

}  // namespace signet::audit
