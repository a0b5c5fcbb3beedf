#include "log/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <set>
#include <utility>

#include "base/ops_log.h"
#include "log/journal_record.h"
#include "log/torn_tail.h"

namespace signet::log {
namespace {

/// What waits is synced by whoever adds to it beyond this. Those who add meanwhile wait for the same sync, so it is far
/// from kMaxUnsyncedBytes: 256 writers at once would have to stand in between.
constexpr std::uint64_t kSyncAfterBytes = kMaxUnsyncedBytes / 2;

Result<std::uint64_t> size_of(int fd, const std::string& path) {
  struct stat status{};
  if (fstat(fd, &status) != 0) return fail_errno(errno, path);
  return static_cast<std::uint64_t>(status.st_size);
}

std::unexpected<Error> damaged(const std::string& path, std::uint64_t number, std::string_view what) {
  return fail(ErrorCode::kDataLoss,
              fmt::format("{}: record {} (byte {}) {}. Nothing was changed: restore the journal from a copy", path,
                          number, number * kJournalRecordBytes, what));
}

constexpr std::string_view kDoesNotFollow = "does not follow from the one before";

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

/// The last checkpoint or CRL of each key: a key signs one of the two, and never both.
using LastRecords = std::map<Sha256, JournalRecord>;

/// Of the kinds of which a key remembers the last.
bool is_remembered(JournalKind kind) { return kind == JournalKind::kLogCheckpoint || kind == JournalKind::kCrl; }

/// What the newer one of a key's structures is.
bool is_beyond(const JournalRecord& record, const JournalRecord& other) {
  return record.kind == JournalKind::kCrl ? record.number > other.number : record.size > other.size;
}

/// What stands in the file when it is opened.
struct Found {
  std::uint64_t records = 0;  ///< whole
  std::uint64_t rest_bytes = 0;
  RecordBytes last{};
  LastRecords remembered;
  std::vector<JournalRecord> certificates;
  LastRecords carried;  // from the rest that is to be cut
};

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

/// Fills `remembered` and `certificates`.
Result<void> look_back(RecordFile& file, const std::string& path, const JournalSearch& search, Found& found) {
  std::set<Sha256> wanted(search.keys.begin(), search.keys.end());
  const std::uint64_t nearby = found.records - std::min(found.records, search.certificates_in);
  for (std::uint64_t number = found.records; number-- > 0 && (!wanted.empty() || number >= nearby);) {
    SIGNET_TRY(JournalRecord record, read_backwards(file, path, number));
    if (is_certificate(record.kind) && number >= nearby && record.number != JournalNumber{})
      found.certificates.push_back(record);
    if (is_remembered(record.kind) && wanted.erase(record.key) > 0) found.remembered.emplace(record.key, record);
  }
  return {};
}

/// What a killed keyholder left unsynced counts, so it has to last. After a sync that failed, the kernel may show bytes
/// that never reached the disk: what may be such is read from the disk.
Result<void> make_durable(int fd, const std::string& path, FileOps& ops) {
  if (ops.fdatasync(fd) != 0) return fail_errno(errno, path + ": sync");
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  return {};
}

/// The last checkpoint or CRL of each of `keys` that can still be told in the records behind the last whole one: its
/// own chain hash fits what stands in front of it. A checkpoint that was signed must not be forgotten for a byte that
/// broke in front of it; one that was written and never signed does no harm, because the log covers what it asks for.
Result<LastRecords> find_carried(RecordFile& file, std::uint64_t whole, std::uint64_t records,
                                 std::span<const Sha256> keys) {
  LastRecords carried;
  for (std::uint64_t number = whole + 1; number < records; ++number) {
    SIGNET_TRY(const RecordBytes bytes, file.read(number));
    SIGNET_TRY(const RecordBytes before, file.read_before(number));
    const auto record = decode_record(bytes);
    if (!follows(bytes, before) || !record || !is_remembered(record->kind)) continue;
    if (std::ranges::find(keys, record->key) == keys.end()) continue;
    const auto [known, is_new] = carried.emplace(record->key, *record);
    if (!is_new && is_beyond(*record, known->second)) known->second = *record;
  }
  return carried;
}

/// All that was not yet synced lies within kMaxUnsyncedBytes of the end, so no record in front of that can be torn.
Result<Found> look(int fd, const std::string& path, const JournalSearch& search) {
  SIGNET_TRY(const std::uint64_t size, size_of(fd, path));
  const std::uint64_t records = size / kJournalRecordBytes;
  RecordFile file(fd, path, records);
  const std::uint64_t synced = (size - std::min<std::uint64_t>(size, kMaxUnsyncedBytes)) / kJournalRecordBytes;
  Found found;
  SIGNET_TRY(found.records, count_whole(file, synced, records));
  found.rest_bytes = size - found.records * kJournalRecordBytes;
  if (found.rest_bytes > kMaxUnsyncedBytes) return damaged(path, found.records, kDoesNotFollow);
  SIGNET_TRY(found.last, file.read_before(found.records));
  SIGNET_CHECK(look_back(file, path, search, found));
  SIGNET_TRY(found.carried, find_carried(file, found.records, records, search.keys));
  return found;
}

Result<void> cut_rest(int fd, const std::string& path, const Found& found) {
  if (found.rest_bytes == 0) return {};
  const std::uint64_t end = found.records * kJournalRecordBytes;
  SIGNET_TRY(const std::string saved, save_torn_tail(fd, path, end, found.rest_bytes));
  // Crash here: the rest is saved and still there; the next start finds it saved and goes on.
  if (ftruncate(fd, static_cast<off_t>(end)) != 0) return fail_errno(errno, path + ": truncate");
  ops::warning("a torn tail of the journal was cut",
               {{"bytes", std::to_string(found.rest_bytes)}, {"saved_as", saved}});
  return {};
}

Result<void> check_head(JournalKind kind, bool has_head) {
  if (kind == JournalKind::kCrl) return fail(ErrorCode::kInvalidArgument, "a CRL is noted with its number");
  if ((kind == JournalKind::kLogCheckpoint) == has_head) return {};
  return fail(ErrorCode::kInvalidArgument, "a tree's size and root belong to checkpoints, and to nothing else");
}

}  // namespace

struct Journal::Impl {
  Impl(std::string path_text, const Clock& clock_ref, FileOps& ops_ref)
      : path(std::move(path_text)), clock(clock_ref), ops(ops_ref) {}

  [[nodiscard]] Result<void> check() const;
  [[nodiscard]] Result<void> write(const JournalRecord& record);
  [[nodiscard]] Result<void> write_bytes(ByteView bytes);
  [[nodiscard]] Result<void> sync_up_to(std::uint64_t bytes);
  [[nodiscard]] std::optional<JournalRecord> last_of(const Sha256& key, JournalKind kind);
  [[nodiscard]] std::unexpected<Error> give_up(Error why);

  const std::string path;
  const Clock& clock;
  FileOps& ops;
  UniqueFd file;

  std::mutex sync_mutex;  // held while the file is synced; taken before `mutex`
  std::atomic<std::uint64_t> synced = 0;

  std::mutex mutex;  // guards what follows
  std::uint64_t written = 0;
  RecordBytes last{};
  LastRecords remembered;
  std::vector<JournalRecord> certificates;
  std::optional<Error> failure;
};

/// With `mutex` held.
Result<void> Journal::Impl::check() const {
  if (failure) return std::unexpected(*failure);
  return {};
}

/// With `mutex` held.
Result<void> Journal::Impl::write(const JournalRecord& record) {
  SIGNET_CHECK(check());
  const RecordBytes bytes = encode_record(record, last);
  // Crash in here: the record is there in part or not at all, and nothing was signed for it. The next start cuts it.
  if (auto done = write_bytes(bytes); !done) return give_up(done.error());
  // Crash from here on: it is there unless the power fails before a sync, whether or not the signature was made.
  last = bytes;
  written += bytes.size();
  return {};
}

Result<void> Journal::Impl::write_bytes(ByteView bytes) {
  for (std::uint64_t at = written; !bytes.empty();) {
    const ssize_t done = ops.pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return fail_errno(done < 0 ? errno : EIO, path + ": write");
    bytes = bytes.subspan(static_cast<std::size_t>(done));
    at += static_cast<std::uint64_t>(done);
  }
  return {};
}

/// Makes the first `bytes` of the file durable. Whoever waits for a sync under way finds that it was enough, or makes
/// one for all who came meanwhile.
Result<void> Journal::Impl::sync_up_to(std::uint64_t bytes) {
  if (synced >= bytes) return {};
  const std::lock_guard sync_guard(sync_mutex);
  if (synced >= bytes) return {};
  std::uint64_t covered = 0;
  {
    const std::lock_guard guard(mutex);
    SIGNET_CHECK(check());
    covered = written;
  }
  if (ops.fdatasync(file.get()) != 0) {
    Error why = fail_errno(errno, path + ": sync").error();
    const std::lock_guard guard(mutex);
    return give_up(std::move(why));
  }
  synced = covered;
  return {};
}

std::optional<JournalRecord> Journal::Impl::last_of(const Sha256& key, JournalKind kind) {
  const std::lock_guard guard(mutex);
  const auto known = remembered.find(key);
  return known != remembered.end() && known->second.kind == kind ? std::optional(known->second) : std::nullopt;
}

/// With `mutex` held. After a failed write or sync nobody knows what the file holds until it is opened again.
std::unexpected<Error> Journal::Impl::give_up(Error why) {
  if (!failure) failure = std::move(why);
  return std::unexpected(*failure);
}

Journal::Journal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Journal::~Journal() = default;

Result<std::unique_ptr<Journal>> Journal::open(const std::string& path, const JournalSearch& search, const Clock& clock,
                                               FileOps& ops) {
  auto impl = std::make_unique<Impl>(path, clock, ops);
  SIGNET_TRY(impl->file, lock_file(path));
  SIGNET_CHECK(sync_directory(directory_of(path)));
  SIGNET_CHECK(make_durable(impl->file.get(), path, ops));
  SIGNET_TRY(Found found, look(impl->file.get(), path, search));
  SIGNET_CHECK(cut_rest(impl->file.get(), path, found));
  impl->written = found.records * kJournalRecordBytes;
  impl->last = found.last;
  impl->remembered = std::move(found.remembered);
  impl->certificates = std::move(found.certificates);
  std::unique_ptr<Journal> journal(new Journal(std::move(impl)));
  SIGNET_CHECK(journal->append(JournalKind::kStart, {}, {}));
  for (const auto& [key, record] : found.carried) {
    const auto known = journal->impl_->last_of(key, record.kind);
    if (known && !is_beyond(record, *known)) continue;
    ops::warning("what a key signed last, in the journal's torn tail, is kept",
                 {{"key", to_hex(key)}, {"structure", to_hex(record.structure)}});
    SIGNET_CHECK(journal->note(record));
  }
  SIGNET_CHECK(journal->sync());
  return journal;
}

std::optional<TreeHead> Journal::last_checkpoint(const Sha256& key) const {
  const auto last = impl_->last_of(key, JournalKind::kLogCheckpoint);
  return last ? std::optional(TreeHead{.size = last->size, .root = last->root}) : std::nullopt;
}

std::optional<JournalNumber> Journal::last_crl_number(const Sha256& key) const {
  const auto last = impl_->last_of(key, JournalKind::kCrl);
  return last ? std::optional(last->number) : std::nullopt;
}

std::vector<JournalRecord> Journal::take_certificates() noexcept { return std::exchange(impl_->certificates, {}); }

Result<void> Journal::append(JournalKind kind, const Sha256& key, const Sha256& structure,
                             std::optional<TreeHead> head) {
  SIGNET_CHECK(check_head(kind, head.has_value()));
  const TreeHead tree = head.value_or(TreeHead{});
  return note({.kind = kind, .key = key, .structure = structure, .size = tree.size, .root = tree.root});
}

Result<void> Journal::append_numbered(JournalKind kind, const Sha256& key, const Sha256& structure,
                                      const JournalNumber& number) {
  if (kind != JournalKind::kCrl && !is_certificate(kind))
    return fail(ErrorCode::kInvalidArgument, "a number belongs to certificates and CRLs, and to nothing else");
  return note({.kind = kind, .key = key, .structure = structure, .number = number});
}

/// Its time is that of the call.
Result<void> Journal::note(JournalRecord record) {
  std::uint64_t end = 0;
  {
    const std::lock_guard guard(impl_->mutex);
    record.time = impl_->clock.now();
    SIGNET_CHECK(impl_->write(record));
    end = impl_->written;
  }
  if (!is_remembered(record.kind)) return impl_->sync_up_to(end - std::min(end, kSyncAfterBytes));
  SIGNET_CHECK(impl_->sync_up_to(end));
  const std::lock_guard guard(impl_->mutex);
  impl_->remembered.insert_or_assign(record.key, record);
  return {};
}

Result<void> Journal::sync() {
  std::uint64_t end = 0;
  {
    const std::lock_guard guard(impl_->mutex);
    SIGNET_CHECK(impl_->check());
    end = impl_->written;
  }
  return impl_->sync_up_to(end);
}

Result<JournalEnd> read_journal(const std::string& path,
                                const std::function<Result<void>(std::uint64_t, const JournalRecord&)>& use) {
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!file.valid()) return fail_errno(errno, path);
  SIGNET_TRY(const std::uint64_t size, size_of(file.get(), path));
  const std::uint64_t records = size / kJournalRecordBytes;
  RecordFile reader(file.get(), path, records);
  RecordBytes before{};
  std::uint64_t number = 0;
  for (; number < records; ++number) {
    SIGNET_TRY(const RecordBytes bytes, reader.read(number));
    if (!follows(bytes, before)) break;
    const auto record = decode_record(bytes);
    if (!record) return damaged(path, number, "has a form nobody writes: " + record.error().message);
    SIGNET_CHECK(use(number, *record));
    before = bytes;
  }
  const std::uint64_t rest = size - number * kJournalRecordBytes;
  if (rest > kMaxUnsyncedBytes) return damaged(path, number, kDoesNotFollow);
  return JournalEnd{.records = number, .rest_bytes = rest};
}

}  // namespace signet::log
