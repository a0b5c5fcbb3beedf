#include "log/journal_state.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/ops_log.h"
#include "log/torn_tail.h"

namespace signet::log {
namespace {

constexpr std::uint64_t kBetweenProgress = std::uint64_t{1} << 18U;  // records

/// The number of records in front of the first, from `from` on, whose chain is wrong.
Result<std::uint64_t> count_whole(RecordFile& file, std::uint64_t from, std::uint64_t records) {
  SIGNET_TRY(RecordBytes before, file.read_before(from));
  for (std::uint64_t number = from; number < records; ++number) {
    SIGNET_TRY(const RecordBytes record, file.read(number));
    if (!follows(record, before)) return number;
    before = record;
  }
  return records;
}

/// Reading backwards, damage in a record is first seen at the one behind it.
Result<std::uint64_t> damaged_record(RecordFile& file, std::uint64_t seen_at) {
  if (seen_at == 0) return seen_at;
  SIGNET_TRY(const RecordBytes record, file.read(seen_at - 1));
  SIGNET_TRY(const RecordBytes before, file.read_before(seen_at - 1));
  return follows(record, before) ? seen_at : seen_at - 1;
}

Result<JournalRecord> read_backwards(RecordFile& file, const std::string& path, std::uint64_t number) {
  SIGNET_TRY(const RecordBytes bytes, file.read(number));
  SIGNET_TRY(const RecordBytes before, file.read_before(number));
  if (!follows(bytes, before)) {
    SIGNET_TRY(const std::uint64_t which, damaged_record(file, number));
    return damaged(path, which, kDoesNotFollow);
  }
  auto record = decode_record(bytes);
  if (!record) return damaged(path, number, "has a form nobody writes: " + record.error().message);
  return record;
}

/// What was signed, of a record of it or of its repeat.
std::optional<JournalRecord> as_signed(JournalRecord record) {
  if (is_repeat(record.kind) && record.structure == Sha256{}) return {};
  record.kind = signed_kind(record.kind);
  return record;
}

/// Fills `last` and `certificates`. The newest record of what is wanted says what the last one is, and a repeat says
/// what stands in front of it: it was written while nothing else was.
Result<void> look_back(RecordFile& file, const std::string& path, const JournalSearch& search, JournalState& state) {
  std::set<LastOf> wanted(search.last.begin(), search.last.end());
  const std::uint64_t nearby = state.records - std::min(state.records, search.certificates_in);
  for (std::uint64_t number = state.records; number-- > 0 && (!wanted.empty() || number >= nearby);) {
    const std::uint64_t read = state.records - number;
    if (read % kBetweenProgress == 0 && search.progress) search.progress(read, state.records);
    SIGNET_TRY(JournalRecord record, read_backwards(file, path, number));
    if (is_certificate(record.kind) && number >= nearby && record.number != JournalNumber{})
      state.certificates.push_back(record);
    const LastOf last = last_of(record);
    if (is_remembered(last.kind) && wanted.erase(last) > 0) state.last.emplace(last, as_signed(record));
  }
  for (const LastOf& never : wanted) state.last.emplace(never, std::nullopt);
  return {};
}

/// Of what was cut, or is to be, a checkpoint or CRL that can still be told: the record's own chain hash fits what
/// stands in front of it. One that was signed must not be forgotten for a byte that broke in front of it; one that was
/// written and never signed does no harm, because the log covers what it asks for. A repeat is as good as what it
/// repeats, which may be what is broken.
void carry(const RecordBytes& bytes, const RecordBytes& before, LastRecords& carried) {
  if (!follows(bytes, before)) return;
  const auto record = decode_record(bytes);
  if (!record || !is_remembered(last_of(*record).kind)) return;
  const std::optional<JournalRecord> was_signed = as_signed(*record);
  if (!was_signed) return;
  const auto [known, is_new] = carried.emplace(last_of(*was_signed), was_signed);
  if (!is_new && is_beyond(*was_signed, *known->second)) known->second = was_signed;
}

/// In the first record of a tail nothing can be told: it is what does not fit.
Result<void> carry_from_rest(RecordFile& file, std::uint64_t whole, std::uint64_t records, LastRecords& carried) {
  for (std::uint64_t number = whole + 1; number < records; ++number) {
    SIGNET_TRY(const RecordBytes bytes, file.read(number));
    SIGNET_TRY(const RecordBytes before, file.read_before(number));
    carry(bytes, before, carried);
  }
  return {};
}

RecordBytes record_in(const Bytes& tail, std::size_t number) {
  RecordBytes record;
  std::ranges::copy(ByteView(tail).subspan(number * kJournalRecordBytes, kJournalRecordBytes), record.begin());
  return record;
}

/// Every tail that was ever cut is read again, whichever start cut it: whether that one, or one since, came as far as
/// writing again what the tail holds, cannot be told from the journal with less. What is written again since, or older
/// than what was signed since, is not beyond what the journal says and changes nothing. At most 512 records each.
Result<void> carry_from_saved(const std::string& path, LastRecords& carried) {
  SIGNET_TRY(const std::vector<std::string> names, saved_torn_tails(path));
  for (const std::string& name : names) {
    SIGNET_TRY(const Bytes tail, read_torn_tail(name));
    for (std::size_t number = 1; number < tail.size() / kJournalRecordBytes; ++number) {
      carry(record_in(tail, number), record_in(tail, number - 1), carried);
    }
  }
  return {};
}

/// With the keys of what is carried: a key that is not asked for today is asked for once more some day, and whether
/// what is carried is the last of it, only what stands in front can say.
JournalSearch with_carried(JournalSearch search, const LastRecords& carried) {
  for (const auto& [last, record] : carried) search.last.push_back(last);
  return search;
}

}  // namespace

bool is_beyond(const JournalRecord& record, const JournalRecord& other) {
  return record.kind == JournalKind::kCrl ? record.number > other.number : record.size > other.size;
}

JournalRecord repeat_of(const LastOf& last, const std::optional<JournalRecord>& record) {
  JournalRecord repeat = record.value_or(JournalRecord{.key = last.key});
  repeat.kind = last.kind == JournalKind::kCrl ? JournalKind::kLastCrl : JournalKind::kLastCheckpoint;
  return repeat;
}

/// All that was not yet synced lies within kMaxUnsyncedBytes of the end, so no record in front of that can be torn.
Result<JournalState> look(int fd, const std::string& path, const JournalSearch& search) {
  SIGNET_TRY(const std::uint64_t size, size_of(fd, path));
  const std::uint64_t records = size / kJournalRecordBytes;
  RecordFile file(fd, path, records);
  const std::uint64_t synced = (size - std::min<std::uint64_t>(size, kMaxUnsyncedBytes)) / kJournalRecordBytes;
  JournalState state;
  SIGNET_TRY(state.records, count_whole(file, synced, records));
  state.rest_bytes = size - state.records * kJournalRecordBytes;
  if (state.rest_bytes > kMaxUnsyncedBytes) return damaged(path, state.records, kDoesNotFollow);
  SIGNET_TRY(state.last_record, file.read_before(state.records));
  SIGNET_CHECK(carry_from_rest(file, state.records, records, state.carried));
  SIGNET_CHECK(carry_from_saved(path, state.carried));
  SIGNET_CHECK(look_back(file, path, with_carried(search, state.carried), state));
  return state;
}

Result<void> cut_rest(int fd, const std::string& path, const JournalState& state) {
  if (state.rest_bytes == 0) return {};
  const std::uint64_t end = state.records * kJournalRecordBytes;
  SIGNET_TRY(const std::string saved, save_torn_tail(fd, path, end, state.rest_bytes));
  // Crash here: the rest is saved and still there; the next start finds it in both places, and saves nothing new.
  if (ftruncate(fd, static_cast<off_t>(end)) != 0) return fail_errno(errno, path + ": truncate");
  // Crash from here on: what the rest held is in the saved file, which every start reads.
  ops::warning("a torn tail of the journal was cut",
               {{"bytes", std::to_string(state.rest_bytes)}, {"saved_as", saved}});
  return {};
}

Result<std::uint64_t> size_of(int fd, const std::string& path) {
  struct stat status{};
  if (fstat(fd, &status) != 0) return fail_errno(errno, path);
  return static_cast<std::uint64_t>(status.st_size);
}

std::unexpected<Error> damaged(const std::string& path, std::uint64_t number, std::string_view what) {
  return fail(ErrorCode::kDataLoss,
              fmt::format("{}: record {} (byte {}) {}. Nothing was changed: put the {} bytes there back from a copy, "
                          "and keep what stands behind them, because with an older journal the keyholder forgets what "
                          "it signed since; docs/fence.md has the commands",
                          path, number, number * kJournalRecordBytes, what, kJournalRecordBytes));
}

}  // namespace signet::log
