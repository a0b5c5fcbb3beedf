#include "log/journal_record.h"

#include <fmt/format.h>

#include <algorithm>

#include "log/torn_tail.h"

namespace signet::log {
namespace {

constexpr std::size_t kTimeAt = 8;
constexpr std::size_t kKeyAt = 16;
constexpr std::size_t kStructureAt = 48;
constexpr std::size_t kSizeAt = 80;
constexpr std::size_t kRootAt = 88;
constexpr std::size_t kNumberAt = 100;
constexpr std::uint64_t kBufferRecords = 2048;

void put(RecordBytes& record, std::size_t at, ByteView bytes) {
  std::ranges::copy(bytes, record.begin() + static_cast<std::ptrdiff_t>(at));
}

void put_u64(RecordBytes& record, std::size_t at, std::uint64_t value) {
  Bytes bytes;
  append_u64(bytes, value);
  put(record, at, bytes);
}

Sha256 hash_at(const RecordBytes& record, std::size_t at) {
  Sha256 hash{};
  std::ranges::copy(ByteView(record).subspan(at, hash.size()), hash.begin());
  return hash;
}

Sha256 chain(const RecordBytes& record, const RecordBytes& before) {
  Bytes both = copy_of(before);
  append(both, ByteView(record).first(kJournalChainAt));
  return sha256(both);
}

std::unexpected<Error> malformed(const char* what) { return fail(ErrorCode::kDataLoss, what); }

bool has_number(JournalKind kind) { return signed_kind(kind) == JournalKind::kCrl || is_certificate(kind); }
bool has_tree(JournalKind kind) { return signed_kind(kind) == JournalKind::kLogCheckpoint; }

/// Where a checkpoint has its root, others have zeros and perhaps their number.
void read_tree_or_number(const RecordBytes& bytes, JournalRecord& record) {
  if (has_number(record.kind)) {
    std::ranges::copy(ByteView(bytes).subspan(kNumberAt, record.number.size()), record.number.begin());
  }
  if (!has_tree(record.kind)) return;
  record.size = read_u64(ByteView(bytes).subspan(kSizeAt));
  record.root = hash_at(bytes, kRootAt);
}

bool is_known(JournalKind kind) {
  return kind == JournalKind::kStart || kind == JournalKind::kOcspResponse || has_tree(kind) || has_number(kind);
}

/// Where what stands behind the structure's hash begins; in front of it are zeros.
std::size_t details_at(JournalKind kind) {
  if (has_tree(kind)) return kSizeAt;
  return has_number(kind) ? kNumberAt : kJournalChainAt;
}

Result<void> check_form(const RecordBytes& bytes, const JournalRecord& record) {
  const auto is_zero = [&](std::size_t from, std::size_t to) {
    return std::ranges::all_of(ByteView(bytes).subspan(from, to - from), [](std::uint8_t byte) { return byte == 0; });
  };
  if (!is_known(record.kind)) return malformed("unknown kind");
  if (!is_zero(1, kTimeAt)) return malformed("reserved bytes are set");
  const bool start = record.kind == JournalKind::kStart;
  if (start && (record.key != Sha256{} || record.structure != Sha256{})) return malformed("a start with a key");
  if (!is_zero(kSizeAt, details_at(record.kind))) return malformed("a tree of no checkpoint");
  if (is_repeat(record.kind) && record.structure == Sha256{} && !is_zero(kSizeAt, kJournalChainAt))
    return malformed("a repeat of nothing with a tree or a number");
  return {};
}

}  // namespace

RecordBytes encode_record(const JournalRecord& record, const RecordBytes& before) {
  RecordBytes bytes{};
  bytes[0] = static_cast<std::uint8_t>(record.kind);
  put_u64(bytes, kTimeAt, static_cast<std::uint64_t>(record.time.time_since_epoch().count()));
  put(bytes, kKeyAt, record.key);
  put(bytes, kStructureAt, record.structure);
  put_u64(bytes, kSizeAt, record.size);
  put(bytes, kRootAt, record.root);
  if (has_number(record.kind)) put(bytes, kNumberAt, record.number);
  put(bytes, kJournalChainAt, ByteView(chain(bytes, before)).first(kJournalRecordBytes - kJournalChainAt));
  return bytes;
}

bool follows(const RecordBytes& record, const RecordBytes& before) {
  return equal(ByteView(record).subspan(kJournalChainAt),
               ByteView(chain(record, before)).first(kJournalRecordBytes - kJournalChainAt));
}

Result<JournalRecord> decode_record(const RecordBytes& bytes) {
  const std::uint64_t micros = read_u64(ByteView(bytes).subspan(kTimeAt));
  if (micros > static_cast<std::uint64_t>(kLatestTime.time_since_epoch().count())) {
    return malformed("a time after the year 9999");
  }
  JournalRecord record{.kind = static_cast<JournalKind>(bytes[0]),
                       .time = Time(std::chrono::microseconds(static_cast<std::int64_t>(micros))),
                       .key = hash_at(bytes, kKeyAt),
                       .structure = hash_at(bytes, kStructureAt)};
  read_tree_or_number(bytes, record);
  SIGNET_CHECK(check_form(bytes, record));
  return record;
}

/// Whoever reads forwards asks for the record in front of each, and backwards likewise: neighbours on both sides.
Result<void> RecordFile::fill(std::uint64_t number) {
  const bool backwards = number < buffer_begin_;
  const std::uint64_t begin =
      backwards ? number + 1 - std::min(number + 1, kBufferRecords) : number - std::min<std::uint64_t>(number, 1);
  const std::uint64_t end = backwards ? number + 1 : std::min(begin + kBufferRecords, records_);
  SIGNET_TRY(buffer_, read_at(fd_, path_, begin * kJournalRecordBytes, (end - begin) * kJournalRecordBytes));
  buffer_begin_ = begin;
  return {};
}

Result<RecordBytes> RecordFile::read(std::uint64_t number) {
  if (number < buffer_begin_ || number >= buffer_begin_ + buffer_.size() / kJournalRecordBytes) {
    SIGNET_CHECK(fill(number));
  }
  RecordBytes record;
  std::ranges::copy(ByteView(buffer_).subspan((number - buffer_begin_) * kJournalRecordBytes, kJournalRecordBytes),
                    record.begin());
  return record;
}

Result<RecordBytes> RecordFile::read_before(std::uint64_t number) {
  if (number == 0) return RecordBytes{};
  return read(number - 1);
}

}  // namespace signet::log
