#include "log/entry_log.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <ranges>
#include <thread>

#include "base/file.h"
#include "base/ops_log.h"
#include "log/checkpoint_file.h"
#include "log/entries_issuance.h"
#include "log/frame.h"
#include "log/recovery.h"
#include "log/room.h"

namespace signet::log {
namespace {

/// Appends that are written and synced together. Guarded by the log's mutex; while it is being committed, `entries`
/// belong to the committer alone.
struct Batch {
  std::vector<Entry> entries;
  std::size_t bytes = 0;         // frames included
  std::optional<Error> error;    // said before `finished` is
  std::atomic<int> finished{0};  // an int, because that is what a futex waits on; outside the mutex, so that the many
                                 // who are woken at once do not queue for it
};

/// The folder is synced each time: the process that made the file may have been killed before it did.
Result<UniqueFd> open_entries(const std::string& directory, const std::string& path) {
  UniqueFd file{open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file.valid()) return fail_errno(errno, path);
  SIGNET_CHECK(sync_directory(directory));
  return file;
}

Result<std::string> read_boot_id() {
  SIGNET_TRY(const Bytes text, read_file("/proc/sys/kernel/random/boot_id", 64, FileTrust::kAnyone, "boot id"));
  const std::string_view id = text_of(text);
  return std::string(id.substr(0, id.find('\n')));
}

Error stopped_because(const std::string& why) {
  return {.code = ErrorCode::kFailedPrecondition,
          .message = fmt::format("the log has stopped: {}; nothing is signed until a restart", why)};
}

std::string mark_path(const std::string& directory) { return directory + "/mark"; }

Result<void> check_closing(const Entry& entry) {
  if (const auto closed = closed_intent(entry); !closed) {
    return fail(ErrorCode::kInvalidArgument, closed.error().message, "intent");
  }
  return {};
}

Result<void> check_clock(const std::string& path, std::optional<Time> last, Time now, const LogLimits& limits) {
  if (!last || !limits.clock_tolerance || *last <= now + *limits.clock_tolerance) return {};
  return fail(
      ErrorCode::kFailedPrecondition,
      fmt::format("{}: its last entry is of {}, and the clock says {}. Set the clock right; if it is right, and was "
                  "wrong when that entry was written, begin a new log that has this one as [log.predecessor]; "
                  "otherwise the log is from the future and was put there",
                  path, to_rfc3339(*last), to_rfc3339(now)));
}

/// What is cut was never answered for, and so no checkpoint covers it.
Result<void> check_not_covered(const std::string& directory, const std::string& path, const Examined& examined) {
  const std::uint64_t covered = examined.rest_bytes > 0 ? claimed_size(directory) : 0;
  const std::uint64_t entries = examined.extent.entries();
  if (covered <= entries) return {};
  return fail(ErrorCode::kDataLoss,
              fmt::format("{}: damaged at byte {} (entry {}), and its newest checkpoint covers {} entries, so this is "
                          "no write that was cut off. Nothing was changed: restore the file from a copy",
                          path, examined.extent.bytes(), entries, covered));
}

}  // namespace

struct EntryLog::Impl {
  Impl(const Clock& clock_ref, FileOps& ops_ref) : clock(clock_ref), ops(ops_ref) {}

  [[nodiscard]] Result<void> check_accepting() const;
  [[nodiscard]] Stamp next_stamp() const;
  [[nodiscard]] std::shared_ptr<Batch> enqueue(Entry entry);
  [[nodiscard]] bool needs_new_batch(std::size_t bytes) const;
  void run();
  [[nodiscard]] Result<void> commit(const Batch& batch);
  [[nodiscard]] Result<void> write_frames(ByteView frames, std::uint64_t at);
  [[nodiscard]] Result<void> read_frames(std::uint64_t from_seq, std::uint64_t to_seq,
                                         const std::function<Result<void>(std::uint64_t, ByteView)>& use) const;
  void remember(Place passed) const;
  [[nodiscard]] std::optional<Place> lowest_open_intent() const;
  /// Where the frame of a durable entry begins, or of the next to come.
  [[nodiscard]] Result<Place> place_of(std::uint64_t seq) const;
  void finish(Batch& batch);
  void give_up(const Error& why);

  const Clock& clock;
  FileOps& ops;
  std::string directory;
  std::string boot;
  UniqueFd lock;
  UniqueFd file;
  Recovery recovery;
  Observer* observer = nullptr;  // set once, before the committer starts

  mutable std::mutex mutex;  // guards what follows
  std::condition_variable work;
  std::deque<std::shared_ptr<Batch>> queue;
  std::uint64_t next_seq = 0;
  std::uint64_t end = 0;          // where the frames will end when all that waits is written
  std::optional<Time> last_time;  // of the entry before next_seq
  std::unique_ptr<Room> room;     // set by open()
  mutable Extent durable;         // its end is changed by the committer alone
  bool stopping = false;
  std::optional<Error> failure;

  std::mutex join_mutex;  // guards the thread object
  std::thread committer;
};

Result<void> EntryLog::Impl::check_accepting() const {
  if (failure) return std::unexpected(*failure);
  if (stopping) return fail(ErrorCode::kFailedPrecondition, "the log is closed; nothing is signed until a restart");
  if (observer == nullptr) return fail(ErrorCode::kFailedPrecondition, "the log has not been started");
  return {};
}

Stamp EntryLog::Impl::next_stamp() const {
  const Time now = clock.now();
  return {
      .seq = next_seq, .time = last_time ? std::max(*last_time, now) : now, .mono = clock.monotonic(), .boot = boot};
}

bool EntryLog::Impl::needs_new_batch(std::size_t bytes) const {
  return queue.empty() || queue.back()->bytes + bytes > kMaxBatchBytes;
}

std::shared_ptr<Batch> EntryLog::Impl::enqueue(Entry entry) {
  const std::size_t bytes = kFrameHeaderBytes + entry.encoded.size();
  if (needs_new_batch(bytes)) queue.push_back(std::make_shared<Batch>());
  queue.back()->bytes += bytes;
  queue.back()->entries.push_back(std::move(entry));
  ++next_seq;
  end += bytes;
  work.notify_one();
  return queue.back();
}

/// The committer's thread: while it commits one batch, the next one gathers.
void EntryLog::Impl::run() {
  std::unique_lock guard(mutex);
  while (true) {
    work.wait(guard, [this] { return stopping || !queue.empty(); });
    if (queue.empty()) return;
    const std::shared_ptr<Batch> batch = std::move(queue.front());
    queue.pop_front();
    guard.unlock();
    const Result<void> committed = commit(*batch);
    guard.lock();
    if (!committed) {
      give_up(committed.error());
      batch->error = failure;
    }
    finish(*batch);
    if (!committed) return;
  }
}

Result<void> EntryLog::Impl::commit(const Batch& batch) {
  Bytes frames;
  frames.reserve(batch.bytes);
  for (const Entry& entry : batch.entries) append_frame(frames, entry.encoded);
  // Crash before this: none of the entries exist, and nobody was told that one does.
  SIGNET_CHECK(write_frames(frames, durable.bytes()));
  // Crash here: some, all or none of them exist, and parts of any. The next start keeps those in front of the first
  // that is not whole, and cuts the rest.
  if (ops.fdatasync(file.get()) != 0) return fail_errno(errno, "sync of the log");
  // Crash from here on: all of them exist, and whoever is told learns what lasts.
  {
    const std::lock_guard guard(mutex);
    for (const Entry& entry : batch.entries) SIGNET_CHECK(durable.add(entry));
  }
  return observer->apply(batch.entries);
}

Result<void> EntryLog::Impl::write_frames(ByteView frames, std::uint64_t at) {
  while (!frames.empty()) {
    const ssize_t written = ops.pwrite(file.get(), frames.data(), frames.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail_errno(written < 0 ? errno : EIO, "write to the log");
    frames = frames.subspan(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
  return {};
}

void EntryLog::Impl::finish(Batch& batch) {
  batch.finished.store(1, std::memory_order_release);
  batch.finished.notify_all();
}

void EntryLog::Impl::give_up(const Error& why) {
  failure = stopped_because(why.message);
  failure->native = why.native;
  ops::error("the log has stopped", {{"why", why.message}});
  for (const auto& batch : queue) {
    batch->error = failure;
    finish(*batch);
  }
  queue.clear();
}

EntryLog::EntryLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EntryLog::~EntryLog() { stop(); }

Result<std::unique_ptr<EntryLog>> EntryLog::open(const std::string& directory, const Clock& clock, FileOps& ops,
                                                 LogLimits limits) {
  auto impl = std::make_unique<Impl>(clock, ops);
  impl->directory = directory;
  SIGNET_TRY(impl->boot, read_boot_id());
  SIGNET_CHECK(make_directory(directory, 0700));
  SIGNET_TRY(impl->lock, lock_file(directory + "/lock"));
  const std::string path = directory + "/entries";
  SIGNET_TRY(impl->file, open_entries(directory, path));
  SIGNET_TRY(Examined examined, examine(impl->file.get(), path, read_mark(mark_path(directory)), ops));
  SIGNET_CHECK(check_clock(path, examined.last_time, clock.now(), limits));
  SIGNET_CHECK(check_not_covered(directory, path, examined));
  SIGNET_TRY(impl->recovery, recover(impl->file.get(), path, examined, ops));
  impl->durable = std::move(examined.extent);
  impl->last_time = examined.last_time;
  impl->next_seq = impl->durable.entries();
  impl->end = impl->durable.bytes();
  impl->room = std::make_unique<Room>(impl->file.get(), path, impl->end, ops, limits);
  if (impl->recovery.cut_bytes > 0) {
    ops::warning("a torn tail of the log was cut",
                 {{"bytes", std::to_string(impl->recovery.cut_bytes)}, {"saved_as", impl->recovery.cut_saved_as}});
  }
  return std::unique_ptr<EntryLog>(new EntryLog(std::move(impl)));
}

const Recovery& EntryLog::recovery() const noexcept { return impl_->recovery; }

void EntryLog::Impl::remember(Place passed) const {
  const std::lock_guard guard(mutex);
  durable.passed(passed);
}

Result<void> EntryLog::Impl::read_frames(std::uint64_t from_seq, std::uint64_t to_seq,
                                         const std::function<Result<void>(std::uint64_t, ByteView)>& use) const {
  std::unique_lock guard(mutex);
  const Place begin = durable.place_before(from_seq);
  FrameReader frames(file.get(), begin.bytes, durable.bytes());
  guard.unlock();
  for (std::uint64_t seq = begin.seq; seq < to_seq; ++seq) {
    if (seq % kIndexStride == 0) remember({.seq = seq, .bytes = frames.offset()});
    SIGNET_TRY(const auto encoded, frames.next());
    if (!encoded) {
      return fail(ErrorCode::kDataLoss, fmt::format("the log is damaged at byte {} (entry {})", frames.offset(), seq));
    }
    if (seq >= from_seq) SIGNET_CHECK(use(seq, *encoded));
  }
  return {};
}

std::optional<Place> EntryLog::Impl::lowest_open_intent() const {
  const std::lock_guard guard(mutex);
  const auto& intents = durable.open_intents();
  if (intents.empty()) return std::nullopt;
  return Place{.seq = intents.begin()->first, .bytes = intents.begin()->second};
}

Result<Place> EntryLog::Impl::place_of(std::uint64_t seq) const {
  Place place;
  {
    const std::lock_guard guard(mutex);
    if (seq == durable.entries()) return Place{.seq = seq, .bytes = durable.bytes()};
    place = durable.place_before(seq);
  }
  SIGNET_CHECK(read_frames(place.seq, seq, [&](std::uint64_t, ByteView encoded) -> Result<void> {
    place.bytes += kFrameHeaderBytes + encoded.size();
    return {};
  }));
  place.seq = seq;
  return place;
}

Result<void> EntryLog::read(std::uint64_t from_seq, const std::function<Result<void>(const Entry&)>& use) const {
  const std::uint64_t to_seq = size();
  if (from_seq >= to_seq) return {};
  return impl_->read_frames(from_seq, to_seq, [&](std::uint64_t seq, ByteView encoded) -> Result<void> {
    SIGNET_TRY(const Entry entry, parse_entry(copy_of(encoded), seq));
    return use(entry);
  });
}

Result<void> EntryLog::read_raw(std::uint64_t from_seq, std::uint64_t to_seq,
                                const std::function<Result<void>(std::uint64_t, ByteView)>& use) const {
  if (const std::uint64_t durable = size(); from_seq > to_seq || to_seq > durable) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the log has {} entries, and {} to below {} are asked for", durable, from_seq, to_seq));
  }
  if (from_seq == to_seq) return {};
  return impl_->read_frames(from_seq, to_seq, use);
}

std::vector<std::uint64_t> EntryLog::open_intents() const {
  const std::lock_guard guard(impl_->mutex);
  const auto seqs = std::views::keys(impl_->durable.open_intents());
  return {seqs.begin(), seqs.end()};
}

Result<Mark> EntryLog::mark_for(std::uint64_t size) const {
  if (const std::uint64_t durable = this->size(); size == 0 || size > durable) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the log has {} entries: a mark for {} cannot be made", durable, size));
  }
  const std::optional<Place> open = impl_->lowest_open_intent();
  SIGNET_TRY(const Place end, impl_->place_of(size));
  SIGNET_TRY(const Place last, impl_->place_of(size - 1));
  const Place from = open && open->seq < size ? *open : last;
  return Mark{.size = size, .bytes = end.bytes, .lowest_open = from.seq, .lowest_open_bytes = from.bytes};
}

Result<void> EntryLog::write_mark(const Mark& mark) const {
  SIGNET_TRY(const Bytes bytes, format_mark(mark));
  return replace_file(mark_path(impl_->directory), bytes, 0600);
}

Result<void> EntryLog::start(Observer& observer) {
  const std::lock_guard guard(impl_->mutex);
  if (impl_->observer != nullptr || impl_->stopping) {
    return fail(ErrorCode::kFailedPrecondition, "the log can be started once only");
  }
  impl_->observer = &observer;
  const std::lock_guard join_guard(impl_->join_mutex);
  impl_->committer = std::thread([impl = impl_.get()] { impl->run(); });
  return {};
}

Result<std::uint64_t> EntryLog::append(Draft draft, Urgency urgency) {
  std::unique_lock guard(impl_->mutex);
  SIGNET_CHECK(impl_->check_accepting());
  const Stamp stamp = impl_->next_stamp();
  SIGNET_TRY(Entry entry, make_entry(std::move(draft), stamp));
  SIGNET_CHECK(check_closing(entry));
  const std::size_t bytes = kFrameHeaderBytes + entry.encoded.size();
  SIGNET_CHECK(impl_->room->make(impl_->end + bytes, urgency, impl_->needs_new_batch(bytes)));
  const std::shared_ptr<Batch> batch = impl_->enqueue(std::move(entry));
  impl_->last_time = stamp.time;
  guard.unlock();
  batch->finished.wait(0, std::memory_order_acquire);
  if (batch->error) return std::unexpected(*batch->error);
  return stamp.seq;
}

bool EntryLog::failed() const {
  const std::lock_guard guard(impl_->mutex);
  return impl_->failure.has_value();
}

std::uint64_t EntryLog::size() const {
  const std::lock_guard guard(impl_->mutex);
  return impl_->durable.entries();
}

void EntryLog::stop() {
  {
    const std::lock_guard guard(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->work.notify_all();
  const std::lock_guard guard(impl_->join_mutex);
  if (impl_->committer.joinable()) impl_->committer.join();
}

}  // namespace signet::log
