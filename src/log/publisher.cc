#include "log/publisher.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "base/ops_log.h"
#include "log/checkpoint_maker.h"
#include "log/log_proofs.h"
#include "log/newest_checkpoint.h"
#include "log/published_log.h"

namespace signet::log {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds kFirstRetry{100};
constexpr milliseconds kLastRetry{5000};
/// How often the log is asked for its size, at most and at least.
constexpr milliseconds kShortestLook{5};
constexpr milliseconds kLongestLook{100};
/// The same trouble is reported again after so long.
constexpr std::chrono::minutes kReportAgain{1};

milliseconds retry_delay(unsigned failures) {
  return std::min(kFirstRetry * (1U << std::min(failures - 1, 10U)), kLastRetry);
}

}  // namespace

struct Publisher::Impl {
  Impl(PublisherOptions given, EntryLog& log_ref, const Clock& clock_ref)
      : options(std::move(given)),
        log(log_ref),
        clock(clock_ref),
        maker(options, log, clock, newest, [this] { return out_of_time(); }) {}

  void run();
  [[nodiscard]] bool wait_for_work();
  [[nodiscard]] bool is_due(std::uint64_t size) const;
  void publish_last();
  [[nodiscard]] bool attempt();
  void succeeded();
  void failed(const Error& error);
  [[nodiscard]] bool is_stopping() const {
    const std::lock_guard guard(mutex);
    return stopping;
  }
  [[nodiscard]] bool out_of_time() const { return SteadyClock::now().time_since_epoch() >= give_up_at.load(); }

  [[nodiscard]] Result<Sha256> root_of(const PublishedState& state, const TreeHead& expected) const;
  template <class T>
  [[nodiscard]] Result<T> noted(FromTiles<T> found) {
    if (found.damaged) maker.report_damage();
    return std::move(found.result);
  }

  const PublisherOptions options;
  EntryLog& log;
  const Clock& clock;
  NewestCheckpoint newest;
  std::atomic<SteadyClock::duration> give_up_at = SteadyClock::duration::max();  // see stop()

  // The thread's own.
  CheckpointMaker maker;
  CheckpointKey* key = nullptr;  // set before it starts
  SteadyClock::time_point turn_began{};
  SteadyClock::time_point reported{};
  unsigned failures = 0;
  bool swept = false;

  mutable std::mutex mutex;  // guards what follows
  std::condition_variable work;
  std::optional<Error> trouble;
  bool stopping = false;

  std::mutex join_mutex;  // guards the thread object
  std::thread thread;
};

void Publisher::Impl::run() {
  while (wait_for_work()) static_cast<void>(attempt());
  publish_last();
  newest.end();
}

/// False when it is time to end.
bool Publisher::Impl::wait_for_work() {
  const milliseconds between = std::clamp(options.interval / 10, kShortestLook, kLongestLook);
  while (true) {
    const std::uint64_t size = log.size();
    static_cast<void>(newest.waiting_since(size, clock.monotonic()));  // keeps account
    std::unique_lock guard(mutex);
    if (stopping) return false;
    if (is_due(size)) return true;
    work.wait_for(guard, between, [this] { return stopping; });
  }
}

bool Publisher::Impl::is_due(std::uint64_t size) const {
  if (!maker.has_work(size)) return false;
  const SteadyClock::time_point now = SteadyClock::now();
  if (failures > 0) return now >= turn_began + retry_delay(failures);
  return now >= turn_began + options.interval || size >= newest.get()->size() + kMaxUnpublished;
}

/// At the end, as long as stop() said.
void Publisher::Impl::publish_last() {
  while (!out_of_time() && maker.has_work(log.size()) && !attempt()) std::this_thread::sleep_for(kFirstRetry);
}

bool Publisher::Impl::attempt() {
  turn_began = SteadyClock::now();
  if (const Result<void> done = maker.turn(*key); !done) {
    failed(done.error());
    return false;
  }
  succeeded();
  if (!std::exchange(swept, true)) maker.sweep([this] { return is_stopping(); });
  return true;
}

void Publisher::Impl::succeeded() {
  if (std::exchange(failures, 0) > 0) {
    ops::info("checkpoints are made again", {{"size", std::to_string(newest.get()->size())}});
  }
  const std::lock_guard guard(mutex);
  trouble.reset();
}

/// Reports what is new, and what lasts now and then.
void Publisher::Impl::failed(const Error& error) {
  ++failures;
  bool known = false;
  {
    const std::lock_guard guard(mutex);
    known = trouble && trouble->message == error.message;
    trouble = error;
  }
  const SteadyClock::time_point now = SteadyClock::now();
  if (known && now < reported + kReportAgain) return;
  reported = now;
  ops::warning("no checkpoint could be made; it is tried again",
               {{"why", error.message}, {"newest", std::to_string(newest.get()->size())}});
}

/// The root of the first `expected.size` entries. Tiles are believed only when they say what is expected.
Result<Sha256> Publisher::Impl::root_of(const PublishedState& state, const TreeHead& expected) const {
  if (expected.size <= state.size()) {
    TileFolder folder(options.directory);
    const auto root = TiledTree(folder, state.size()).root(expected.size);
    if (root && *root == expected.root) return *root;
  }
  const bool beyond = expected.size >= state.size();
  SIGNET_TRY(const MerkleFrontier found, grow(beyond ? state.frontier : MerkleFrontier(), log, expected.size));
  return found.root();
}

Publisher::Publisher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Publisher::~Publisher() { stop(); }

Result<std::unique_ptr<Publisher>> Publisher::open(PublisherOptions options, EntryLog& log, const Clock& clock) {
  SIGNET_TRY(PublishedLog found, check_published(options.directory, options.verifier, log));
  auto impl = std::make_unique<Impl>(std::move(options), log, clock);
  if (const auto done = impl->maker.take_over(std::move(found)); !done) impl->failed(done.error());
  return std::unique_ptr<Publisher>(new Publisher(std::move(impl)));
}

Result<void> Publisher::check_memory(CheckpointKey& key) const {
  const PublishedStatePtr state = impl_->newest.get();  // before the keeper is asked, who may sign more meanwhile
  SIGNET_TRY(const auto remembered, key.last_signed());
  SIGNET_CHECK(check_not_forgotten(remembered, state->size(), impl_->options.accepted_loss));
  if (!remembered || remembered->size == 0) return {};
  const std::uint64_t size = impl_->log.size();
  if (remembered->size > size) return remembers_more(*remembered, size);
  SIGNET_TRY(const Sha256 root, impl_->root_of(*state, *remembered));
  if (root == remembered->root) return {};
  const std::uint64_t same = remembered->size > state->size() ? state->size() : 0;
  return remembers_other(*remembered, root, fmt::format("in an entry from {} to {}", same, remembered->size - 1));
}

Result<void> Publisher::start(CheckpointKey& key) {
  const std::lock_guard guard(impl_->mutex);
  if (impl_->key != nullptr || impl_->stopping) {
    return fail(ErrorCode::kFailedPrecondition, "the publisher can be started once only");
  }
  impl_->key = &key;
  const std::lock_guard join_guard(impl_->join_mutex);
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
  return {};
}

bool Publisher::wait_for(std::uint64_t index, milliseconds patience) { return impl_->newest.wait_for(index, patience); }

Published Publisher::newest() const { return impl_->newest.get()->published; }

std::optional<std::chrono::microseconds> Publisher::waiting_since() const {
  const std::uint64_t size = impl_->log.size();
  return impl_->newest.waiting_since(size, impl_->clock.monotonic());
}

std::optional<Error> Publisher::trouble() const {
  const std::lock_guard guard(impl_->mutex);
  return impl_->trouble;
}

Result<Bytes> Publisher::prove(std::uint64_t index) const {
  const PublishedStatePtr state = impl_->newest.get();
  if (index >= state->size()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the newest checkpoint covers {} entries, not the one with index {}", state->size(), index),
                "index");
  }
  return impl_->noted(prove_entry(impl_->options.directory, impl_->log, *state->head, impl_->options.verifier, index));
}

Result<Proof> Publisher::prove_consistency(std::uint64_t old_size, const Published& to) const {
  return impl_->noted(prove_growth(impl_->options.directory, old_size, to.size, to.root));
}

Result<std::vector<Bytes>> Publisher::entries(std::uint64_t first, std::uint64_t count, const Published& to,
                                              std::size_t max_bytes) const {
  if (first >= to.size || count == 0) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} entries from {} on were asked for; the checkpoint covers {}", count, first, to.size),
                first >= to.size ? "first" : "count");
  }
  std::vector<Bytes> found;
  std::size_t bytes = 0;
  bool full = false;
  const auto take = [&](std::uint64_t, ByteView entry) -> Result<void> {
    bytes += entry.size();
    full = !found.empty() && bytes > max_bytes;
    if (full) return fail(ErrorCode::kResourceExhausted, "more entries do not fit");  // ends the reading
    found.push_back(copy_of(entry));
    return {};
  };
  const auto done = impl_->log.read_raw(first, first + std::min(count, to.size - first), take);
  if (!done && !full) return std::unexpected(done.error());
  return found;
}

void Publisher::stop(milliseconds patience) {
  {
    const std::lock_guard guard(impl_->mutex);
    if (!std::exchange(impl_->stopping, true)) impl_->give_up_at = (SteadyClock::now() + patience).time_since_epoch();
  }
  impl_->work.notify_all();
  const std::lock_guard join_guard(impl_->join_mutex);
  if (impl_->thread.joinable()) impl_->thread.join();
  impl_->newest.end();
}

}  // namespace signet::log
