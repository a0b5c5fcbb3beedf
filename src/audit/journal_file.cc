#include "audit/journal_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "audit/digest.h"
#include "audit/entry_file.h"

namespace signet::audit {
namespace {

constexpr std::size_t kReadBytes = 1024 * log::kJournalRecordBytes;
constexpr std::size_t kChained = 120;  // what stands before the chain hash

Sha256 hash_at(ByteView record, std::size_t offset) {
  Sha256 hash{};
  std::ranges::copy(record.subspan(offset, hash.size()), hash.begin());
  return hash;
}

bool is_zero(ByteView bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

/// False for a record of no form this version knows.
bool read_record(ByteView bytes, log::JournalRecord& record) {
  const std::uint8_t kind = bytes[0];
  const std::uint64_t micros = read_u64(bytes.subspan(8));
  const auto known_kind = static_cast<log::JournalKind>(kind);
  const bool is_checkpoint = known_kind == log::JournalKind::kLogCheckpoint;
  const bool has_number = known_kind == log::JournalKind::kCrl || log::is_certificate(known_kind);
  const bool is_bare = known_kind == log::JournalKind::kStart || known_kind == log::JournalKind::kOcspResponse;
  if (!is_checkpoint && !has_number && !is_bare) return false;
  if (!is_zero(bytes.subspan(1, 7))) return false;
  if (micros > static_cast<std::uint64_t>(kLatestTime.time_since_epoch().count())) return false;
  if (!is_checkpoint && !is_zero(bytes.subspan(80, has_number ? 20 : 40))) return false;
  record = {.kind = known_kind,
            .time = Time(std::chrono::microseconds(static_cast<std::int64_t>(micros))),
            .key = hash_at(bytes, 16),
            .structure = hash_at(bytes, 48)};
  if (has_number) std::ranges::copy(bytes.subspan(100, record.number.size()), record.number.begin());
  if (is_checkpoint) {
    record.size = read_u64(bytes.subspan(80));
    record.root = hash_at(bytes, 88);
  }
  return true;
}

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
  const ByteView whole = bytes.first(log::kJournalRecordBytes);
  const Sha256 chain = digest().of(previous_, whole.first(kChained));
  const bool chained = equal(whole.subspan(kChained), ByteView(chain).first(whole.size() - kChained));
  const std::uint64_t left = size_ - offset_;
  if (!chained && left <= log::kJournalRecordBytes) {  // a write that was cut off
    rest_ = left;
    return std::nullopt;
  }
  Item item{.number = number_++, .record = {}, .complaints = {}, .usable = true};
  item.usable = read_record(whole, item.record);
  if (!item.usable) {
    item.complaints.push_back(about(place(item.number), "journal-record", "is of no form that is known"));
  }
  if (!chained) {
    item.complaints.push_back(about(place(item.number), "journal-chain",
                                    "its chain hash does not follow from this record and the one before"));
  }
  std::ranges::copy(whole, previous_.begin());
  offset_ += whole.size();
  used_ += whole.size();
  return item;
}

}  // namespace signet::audit
