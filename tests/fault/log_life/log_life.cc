// One life of a log, as a process: opens the log of a folder (and the journal of its key's keeper), appends entries,
// has them published, and leaves. It says on standard output what it relied on, a line each, so that a test can ask
// after its death whether it was right to:
//   entry SEQ LEAF-HASH POSITION        this entry was told to be durable
//   signing SIZE ROOT POSITION          the key's keeper wrote this into its journal and is about to sign it
//   checkpoint SIZE ROOT POSITION       this checkpoint was published
//   refused CODE TEXT                   an append failed
//   unpublished                         no checkpoint came in time
//   failed TEXT                         it could not open; status 1
//   done                                last line of a life without a crash
// POSITION is how large the trace was then (0 without one).
//   test_log_life FOLDER ENTRIES THREADS MILLISECONDS      how long it waits for a checkpoint
//   test_log_life FOLDER ENTRIES                           small entries, of which nothing is published
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#include "base/file.h"
#include "fault/log_life/fixed_key.h"
#include "log/entry_log.h"
#include "log/journal.h"
#include "log/publisher.h"

namespace {

using namespace signet;       // NOLINT: a program of one file
using namespace signet::log;  // NOLINT

void say(const std::string& line) {
  // One call: lines of several threads do not mix, and a line that was said was said whole.
  static_cast<void>(write_all(STDOUT_FILENO, bytes_of(line + "\n")));
}

std::string position() {
  static const char* const trace = getenv("SIGNET_FILE_TRACE");
  struct stat status{};
  return std::to_string(trace != nullptr && stat(trace, &status) == 0 ? status.st_size : 0);
}

std::string head_text(std::uint64_t size, const Sha256& root) { return std::to_string(size) + " " + to_hex(root); }

/// A key with the memory of a keyholder.
class RememberingKey : public CheckpointKey {
 public:
  explicit RememberingKey(Journal& journal) : journal_(journal) {}

  Result<std::optional<TreeHead>> last_signed() override { return journal_.last_checkpoint(key_.id()); }
  Result<Bytes> sign(std::string_view text, std::uint64_t old_size, const Proof& proof) override {
    SIGNET_TRY(const Checkpoint checkpoint, parse_checkpoint(text));
    const TreeHead last = journal_.last_checkpoint(key_.id()).value_or(TreeHead{.size = 0, .root = empty_root()});
    if (old_size != last.size) return fail(ErrorCode::kPermissionDenied, "a proof from another size");
    SIGNET_CHECK(verify_consistency(last.size, checkpoint.size, last.root, checkpoint.root, proof));
    SIGNET_CHECK(journal_.append(JournalKind::kLogCheckpoint, key_.id(), sha256(bytes_of(text)),
                                 TreeHead{.size = checkpoint.size, .root = checkpoint.root}));
    say("signing " + head_text(checkpoint.size, checkpoint.root) + " " + position());
    return key_.sign(text);
  }
  [[nodiscard]] const test::FixedKey& key() const { return key_; }

 private:
  test::FixedKey key_;
  Journal& journal_;
};

class Nobody : public Observer {
 public:
  Result<void> apply(std::span<const Entry> entries) override {
    const std::lock_guard guard(mutex_);
    for (const Entry& entry : entries) hashes_.emplace(entry.seq, leaf_hash(entry.encoded));
    return {};
  }
  [[nodiscard]] Sha256 hash_of(std::uint64_t seq) const {
    const std::lock_guard guard(mutex_);
    return hashes_.at(seq);
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::uint64_t, Sha256> hashes_;
};

/// Intents, their closings, and entries from some bytes to many sectors.
class Life {
 public:
  Life(EntryLog& log, Publisher& publisher, const Nobody& observer, std::chrono::milliseconds patience)
      : log_(log), publisher_(publisher), observer_(observer), patience_(patience) {}

  void run(int entries) {
    for (int i = 0; i < entries; ++i) {
      switch (i % 4) {
        case 0: append({.type = "intent", .fields = {}}, Urgency::kOrdinary); break;
        case 1: append(note(30), Urgency::kOrdinary); break;
        case 2: close_intent(); break;
        default: append(note(static_cast<std::size_t>(i) * 1500), Urgency::kOrdinary);
      }
      if (i % 5 == 4) publish();
    }
    publish();
  }

  void run_unpublished(int entries) {
    for (int i = 0; i < entries; ++i) append(note(30), Urgency::kOrdinary);
  }

 private:
  static Draft note(std::size_t bytes) { return {.type = "note", .fields = {{"text", std::string(bytes, 'x')}}}; }

  void close_intent() {
    if (!last_) return;
    append({.type = "rejected", .fields = {{"intent", static_cast<std::int64_t>(*last_)}}}, Urgency::kEssential);
  }

  void append(Draft draft, Urgency urgency) {
    const bool opens = draft.type == "intent";
    const auto seq = log_.append(std::move(draft), urgency);
    if (!seq.has_value())
      return say("refused " + std::to_string(static_cast<int>(seq.error().code)) + " " + seq.error().message);
    if (opens) last_ = *seq;
    newest_ = *seq;
    say("entry " + std::to_string(*seq) + " " + to_hex(observer_.hash_of(*seq)) + " " + position());
  }

  void publish() {
    if (!newest_) return;
    if (!publisher_.wait_for(*newest_, patience_)) return say("unpublished");
    const Published published = publisher_.newest();
    say("checkpoint " + head_text(published.size, published.root) + " " + position());
  }

  EntryLog& log_;
  Publisher& publisher_;
  const Nobody& observer_;
  const std::chrono::milliseconds patience_;
  std::optional<std::uint64_t> last_;
  std::optional<std::uint64_t> newest_;
};

/// `threads`: none = nothing is published.
Result<void> live(const std::string& folder, int entries, int threads, std::chrono::milliseconds patience) {
  const test::FixedKey fixed;
  SIGNET_CHECK(make_directory(folder + "/keyholder", 0700));
  SIGNET_TRY(const auto journal,
             Journal::open(folder + "/keyholder/journal", {.last = {{.key = fixed.id()}}}, system_clock()));
  RememberingKey key(*journal);
  SIGNET_TRY(const auto log, EntryLog::open(folder + "/log", system_clock(), system_file_ops(), {.min_free_bytes = 0}));
  SIGNET_TRY(const auto publisher,
             Publisher::open(
                 {.directory = folder + "/log", .verifier = fixed.verifier(), .interval = std::chrono::milliseconds(1)},
                 *log, system_clock()));
  SIGNET_CHECK(publisher->check_memory(key));
  Nobody observer;
  SIGNET_CHECK(log->start(observer));
  for (const std::uint64_t intent : log->open_intents()) {
    SIGNET_TRY([[maybe_unused]] const std::uint64_t seq,
               log->append({.type = "orphaned", .fields = {{"intent", static_cast<std::int64_t>(intent)}}},
                           Urgency::kEssential));
  }
  if (threads == 0) {
    Life(*log, *publisher, observer, patience).run_unpublished(entries);
    log->stop();
    return {};
  }
  SIGNET_CHECK(publisher->start(key));
  std::vector<std::thread> lives;
  for (int i = 0; i < threads; ++i) {
    lives.emplace_back([&] { Life(*log, *publisher, observer, patience).run(entries); });
  }
  for (std::thread& thread : lives) thread.join();
  publisher->stop(patience);
  log->stop();
  return {};
}

}  // namespace

int main(int count, char** values) {
  if (count != 3 && count != 5) return 2;
  const bool publishes = count == 5;
  const Result<void> lived = live(values[1], std::atoi(values[2]), publishes ? std::atoi(values[3]) : 0,
                                  std::chrono::milliseconds(publishes ? std::atoi(values[4]) : 0));
  if (!lived.has_value()) {
    say("failed " + lived.error().message);
    return 1;
  }
  say("done");
}
