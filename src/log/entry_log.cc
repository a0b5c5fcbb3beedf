#include "log/entry_log.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "base/file.h"
#include "base/ops_log.h"
#include "log/frame.h"
#include "log/recovery.h"

namespace signet::log {
namespace {

/// Appends that are written and synced together. Guarded by the log's mutex; while it is being committed, `entries`
/// belong to the committer alone.
struct Batch {
  std::vector<Entry> entries;
  std::size_t bytes = 0;  // frames included
  bool finished = false;
  std::optional<Error> error;
  std::condition_variable done;
};

/// The folder is synced each time: the process that made the file may have been killed before it did.
Result<UniqueFd> open_entries(const std::string& directory, const std::string& path) {
  UniqueFd file{open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
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

}  // namespace

struct EntryLog::Impl {
  Impl(const Clock& clock_ref, FileOps& ops_ref) : clock(clock_ref), ops(ops_ref) {}

  [[nodiscard]] Result<void> check_accepting() const;
  [[nodiscard]] Stamp next_stamp() const;
  [[nodiscard]] std::shared_ptr<Batch> batch_with_room(std::size_t bytes);
  void run();
  [[nodiscard]] Result<void> commit(const Batch& batch);
  [[nodiscard]] Result<void> write_frames(ByteView frames);
  void finish(Batch& batch);
  void give_up(const Error& why);

  const Clock& clock;
  FileOps& ops;
  std::string boot;
  UniqueFd lock;
  UniqueFd file;
  Recovery recovery;
  Observer* observer = nullptr;  // set once, before the committer starts

  mutable std::mutex mutex;  // guards what follows
  std::condition_variable work;
  std::deque<std::shared_ptr<Batch>> queue;
  std::uint64_t next_seq = 0;
  Extent durable;
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
  return {.seq = next_seq, .time = clock.now(), .mono = clock.monotonic(), .boot = boot};
}

std::shared_ptr<Batch> EntryLog::Impl::batch_with_room(std::size_t bytes) {
  if (queue.empty() || queue.back()->bytes + bytes > kMaxBatchBytes) queue.push_back(std::make_shared<Batch>());
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
  SIGNET_CHECK(write_frames(frames));
  // Crash here: some, all or none of them exist. What is there of the last one is cut at the next start.
  if (ops.fdatasync(file.get()) != 0) return fail_errno(errno, "sync of the log");
  // Crash from here on: all of them exist, and whoever is told learns what lasts.
  {
    const std::lock_guard guard(mutex);
    for (const Entry& entry : batch.entries) durable.add(kFrameHeaderBytes + entry.encoded.size());
  }
  return observer->apply(batch.entries);
}

Result<void> EntryLog::Impl::write_frames(ByteView frames) {
  while (!frames.empty()) {
    const ssize_t written = ops.write(file.get(), frames.data(), frames.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail_errno(written < 0 ? errno : EIO, "write to the log");
    frames = frames.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

void EntryLog::Impl::finish(Batch& batch) {
  batch.finished = true;
  batch.done.notify_all();
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

Result<std::unique_ptr<EntryLog>> EntryLog::open(const std::string& directory, const Clock& clock, FileOps& ops) {
  auto impl = std::make_unique<Impl>(clock, ops);
  SIGNET_TRY(impl->boot, read_boot_id());
  SIGNET_CHECK(make_directory(directory, 0700));
  SIGNET_TRY(impl->lock, lock_file(directory + "/lock"));
  const std::string path = directory + "/entries";
  SIGNET_TRY(impl->file, open_entries(directory, path));
  SIGNET_TRY(Recovered recovered, recover(impl->file.get(), path, ops));
  impl->recovery = std::move(recovered.recovery);
  impl->durable = std::move(recovered.extent);
  impl->next_seq = impl->durable.entries;
  if (impl->recovery.cut_bytes > 0) {
    ops::warning("a torn tail of the log was cut",
                 {{"bytes", std::to_string(impl->recovery.cut_bytes)}, {"saved_as", impl->recovery.cut_saved_as}});
  }
  return std::unique_ptr<EntryLog>(new EntryLog(std::move(impl)));
}

const Recovery& EntryLog::recovery() const noexcept { return impl_->recovery; }

Result<void> EntryLog::read(std::uint64_t from_seq, const std::function<Result<void>(const Entry&)>& use) const {
  std::unique_lock guard(impl_->mutex);
  const Extent& durable = impl_->durable;
  const std::uint64_t end_seq = durable.entries;
  if (from_seq >= end_seq) return {};
  FrameReader frames(impl_->file.get(), durable.index[from_seq / kIndexStride], durable.bytes);
  guard.unlock();
  for (std::uint64_t seq = from_seq / kIndexStride * kIndexStride; seq < end_seq; ++seq) {
    SIGNET_TRY(const auto encoded, frames.next());
    if (!encoded) {
      return fail(ErrorCode::kDataLoss, fmt::format("the log is damaged at byte {} (entry {})", frames.offset(), seq));
    }
    if (seq < from_seq) continue;
    SIGNET_TRY(const Entry entry, parse_entry(copy_of(*encoded), seq));
    SIGNET_CHECK(use(entry));
  }
  return {};
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

Result<std::uint64_t> EntryLog::append(Draft draft) {
  std::unique_lock guard(impl_->mutex);
  SIGNET_CHECK(impl_->check_accepting());
  SIGNET_TRY(Entry entry, make_entry(std::move(draft), impl_->next_stamp()));
  const std::uint64_t seq = impl_->next_seq++;
  const std::size_t frame_bytes = kFrameHeaderBytes + entry.encoded.size();
  const std::shared_ptr<Batch> batch = impl_->batch_with_room(frame_bytes);
  batch->bytes += frame_bytes;
  batch->entries.push_back(std::move(entry));
  impl_->work.notify_one();
  batch->done.wait(guard, [&] { return batch->finished; });
  if (batch->error) return std::unexpected(*batch->error);
  return seq;
}

bool EntryLog::failed() const {
  const std::lock_guard guard(impl_->mutex);
  return impl_->failure.has_value();
}

std::uint64_t EntryLog::size() const {
  const std::lock_guard guard(impl_->mutex);
  return impl_->durable.entries;
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
