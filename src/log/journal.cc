#include "log/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <utility>

#include "base/ops_log.h"
#include "log/journal_record.h"
#include "log/journal_state.h"

namespace signet::log {
namespace {

/// What waits is synced by whoever adds to it beyond this. Those who add meanwhile wait for the same sync, so it is far
/// from kMaxUnsyncedBytes: 256 writers at once would have to stand in between.
constexpr std::uint64_t kSyncAfterBytes = kMaxUnsyncedBytes / 2;

constexpr std::uint64_t kRepeatAfterBytes = kRepeatEvery * kJournalRecordBytes;

/// What a killed keyholder left unsynced counts, so it has to last. After a sync that failed, the kernel may show bytes
/// that never reached the disk: what may be such is read from the disk.
Result<void> make_durable(int fd, const std::string& path, FileOps& ops) {
  if (ops.fdatasync(fd) != 0) return fail_errno(errno, path + ": sync");
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  return {};
}

Result<void> check_head(JournalKind kind, bool has_head) {
  if (is_repeat(kind)) return fail(ErrorCode::kInvalidArgument, "repeats are the journal's own");
  if (kind == JournalKind::kCrl) return fail(ErrorCode::kInvalidArgument, "a CRL is noted with its number");
  if ((kind == JournalKind::kLogCheckpoint) == has_head) return {};
  return fail(ErrorCode::kInvalidArgument, "a tree's size and root belong to checkpoints, and to nothing else");
}

}  // namespace

struct Journal::Impl {
  Impl(std::string path_text, const Clock& clock_ref, FileOps& ops_ref)
      : path(std::move(path_text)), clock(clock_ref), ops(ops_ref) {}

  [[nodiscard]] Result<void> check() const;
  [[nodiscard]] Result<void> write(JournalRecord& record);
  [[nodiscard]] Result<void> write_bytes(ByteView bytes);
  [[nodiscard]] Result<void> write_repeat(const LastOf& last);
  [[nodiscard]] Result<void> sync_up_to(std::uint64_t bytes);
  [[nodiscard]] Result<void> sync_enough(std::uint64_t bytes);
  [[nodiscard]] bool is_time_to_repeat();
  [[nodiscard]] std::vector<LastOf> all_remembered();
  [[nodiscard]] std::optional<JournalRecord> last(const Sha256& key, JournalKind kind);
  [[nodiscard]] std::unexpected<Error> give_up(Error why);

  const std::string path;
  const Clock& clock;
  FileOps& ops;
  UniqueFd file;

  std::mutex sync_mutex;  // held while the file is synced; taken before `mutex`
  std::atomic<std::uint64_t> synced = 0;

  std::mutex mutex;  // guards what follows
  std::uint64_t written = 0;
  std::uint64_t repeat_at = 0;  // bytes
  RecordBytes last_record{};
  LastRecords in_file;  // durable or not: what a repeat has to say
  LastRecords durable;
  std::vector<JournalRecord> certificates;
  std::optional<Error> failure;
};

/// With `mutex` held.
Result<void> Journal::Impl::check() const {
  if (failure) return std::unexpected(*failure);
  return {};
}

/// With `mutex` held. The record's time is that of the call.
Result<void> Journal::Impl::write(JournalRecord& record) {
  SIGNET_CHECK(check());
  record.time = clock.now();
  const RecordBytes bytes = encode_record(record, last_record);
  // Crash in here: the record is there in part or not at all, and nothing was signed for it. The next start cuts it.
  if (auto done = write_bytes(bytes); !done) return give_up(done.error());
  // Crash from here on: it is there unless the power fails before a sync, whether or not the signature was made.
  last_record = bytes;
  written += bytes.size();
  if (is_remembered(record.kind)) in_file.insert_or_assign(last_of(record), record);
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

Result<void> Journal::Impl::sync_enough(std::uint64_t bytes) {
  return sync_up_to(bytes - std::min(bytes, kSyncAfterBytes));
}

/// What it says is right where it stands, whatever others append meanwhile, because looking and writing are one.
/// Crash before it is there, or before it lasts: the repeat in front of it is further away, and as right.
Result<void> Journal::Impl::write_repeat(const LastOf& last) {
  std::uint64_t end = 0;
  {
    const std::lock_guard guard(mutex);
    JournalRecord repeat = repeat_of(last, in_file[last]);
    SIGNET_CHECK(write(repeat));
    end = written;
  }
  return sync_enough(end);
}

/// With `mutex` held. True for one of those who ask.
bool Journal::Impl::is_time_to_repeat() {
  if (written < repeat_at) return false;
  repeat_at = written + kRepeatAfterBytes;
  return true;
}

std::vector<LastOf> Journal::Impl::all_remembered() {
  const std::lock_guard guard(mutex);
  std::vector<LastOf> all;
  for (const auto& [last, record] : in_file) all.push_back(last);
  return all;
}

std::optional<JournalRecord> Journal::Impl::last(const Sha256& key, JournalKind kind) {
  const std::lock_guard guard(mutex);
  const auto known = durable.find({key, kind});
  return known == durable.end() ? std::nullopt : known->second;
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
  SIGNET_TRY(JournalState found, look(impl->file.get(), path, search));
  SIGNET_CHECK(cut_rest(impl->file.get(), path, found));
  impl->written = found.records * kJournalRecordBytes;
  impl->repeat_at = impl->written + kRepeatAfterBytes;
  impl->last_record = found.last_record;
  impl->in_file = found.last;
  impl->durable = std::move(found.last);
  impl->certificates = std::move(found.certificates);
  std::unique_ptr<Journal> journal(new Journal(std::move(impl)));
  SIGNET_CHECK(journal->append(JournalKind::kStart, {}, {}));
  // Crash between these: what was not written again yet is found in the saved tail by the next start. What was, is its
  // key's newest record, and durable.
  for (const auto& [last, record] : found.carried) {
    const auto known = journal->impl_->last(last.key, last.kind);
    if (known && !is_beyond(*record, *known)) continue;
    ops::warning("what a key signed last, in the journal's torn tail, is kept",
                 {{"key", to_hex(last.key)}, {"structure", to_hex(record->structure)}});
    SIGNET_CHECK(journal->note(*record));
  }
  SIGNET_CHECK(journal->repeat_all());
  SIGNET_CHECK(journal->sync());
  // From here on the saved tails say nothing that the journal does not.
  return journal;
}

std::optional<TreeHead> Journal::last_checkpoint(const Sha256& key) const {
  const auto last = impl_->last(key, JournalKind::kLogCheckpoint);
  return last ? std::optional(TreeHead{.size = last->size, .root = last->root}) : std::nullopt;
}

std::optional<JournalNumber> Journal::last_crl_number(const Sha256& key) const {
  const auto last = impl_->last(key, JournalKind::kCrl);
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

Result<void> Journal::note(JournalRecord record) {
  std::uint64_t end = 0;
  bool repeat = false;
  {
    const std::lock_guard guard(impl_->mutex);
    SIGNET_CHECK(impl_->write(record));
    end = impl_->written;
    repeat = impl_->is_time_to_repeat();
  }
  if (is_remembered(record.kind)) {
    SIGNET_CHECK(impl_->sync_up_to(end));
    const std::lock_guard guard(impl_->mutex);
    impl_->durable.insert_or_assign(last_of(record), record);
  } else {
    SIGNET_CHECK(impl_->sync_enough(end));
  }
  return repeat ? repeat_all() : Result<void>{};
}

/// Of everything that was looked for, or signed since.
Result<void> Journal::repeat_all() {
  for (const LastOf& last : impl_->all_remembered()) SIGNET_CHECK(impl_->write_repeat(last));
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
