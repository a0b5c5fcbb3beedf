// What the tests of the publisher share: a key that remembers as a keyholder does, a log with checkpoints, and a check
// of a whole folder.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <thread>

#include "file_faults.h"
#include "log/checkpoint.h"
#include "log/checkpoint_file.h"
#include "log/proof_file.h"
#include "log/publisher.h"
#include "log/tile_folder.h"
#include "log_fixture.h"
#include "merkle_reference.h"
#include "note_keys.h"

namespace signet::log {

/// What a key signed, in order. Plain memory, so that it can be shared with another process.
struct KeeperMemory {
  std::array<TreeHead, 256> heads{};
  std::size_t count = 0;

  void add(const TreeHead& head) { heads.at(count++) = head; }
  [[nodiscard]] std::optional<TreeHead> last() const {
    return count == 0 ? std::nullopt : std::optional(heads.at(count - 1));
  }
};

/// Signs as a keyholder does: only checkpoints of its log, only with a proof from the last one, which it remembers
/// before it signs.
class KeeperKey : public CheckpointKey {
 public:
  KeeperKey(const TestKey& key, std::string origin, KeeperMemory& memory)
      : key_(key), origin_(std::move(origin)), memory_(memory) {}

  Result<std::optional<TreeHead>> last_signed() override {
    if (unavailable) return fail(ErrorCode::kUnavailable, "the keyholder is not there");
    const std::lock_guard guard(mutex_);
    return memory_.last();
  }

  Result<Bytes> sign(std::string_view text, std::uint64_t old_size, const Proof& proof) override {
    ++calls;
    if (unavailable) return fail(ErrorCode::kUnavailable, "the keyholder is not there");
    std::unique_lock guard(mutex_);
    released_.wait(guard, [this] { return !hangs; });
    SIGNET_TRY(const Checkpoint checkpoint, parse_checkpoint(text));
    if (checkpoint.origin != origin_) return fail(ErrorCode::kPermissionDenied, "fence.origin");
    const TreeHead before = memory_.last().value_or(TreeHead{.size = 0, .root = empty_root()});
    if (old_size != before.size) return fail(ErrorCode::kPermissionDenied, "fence.size");
    const auto consistent = verify_consistency(before.size, checkpoint.size, before.root, checkpoint.root, proof);
    if (!consistent) return fail(ErrorCode::kPermissionDenied, "fence.consistency: " + consistent.error().message);
    memory_.add({.size = checkpoint.size, .root = checkpoint.root});
    if (lose_answers > 0) {
      --lose_answers;
      return fail(ErrorCode::kDeadlineExceeded, "the answer was lost");
    }
    Bytes signature = key_.sign(bytes_of(text));
    if (wrong_signatures > 0) {
      --wrong_signatures;
      signature[4] ^= 1U;
    }
    return signature;
  }

  void hang() {
    const std::lock_guard guard(mutex_);
    hangs = true;
  }
  void release() {
    const std::lock_guard guard(mutex_);
    hangs = false;
    released_.notify_all();
  }

  std::atomic<bool> unavailable = false;
  std::atomic<int> lose_answers = 0;  ///< so many signatures are made and remembered, and not given
  std::atomic<int> wrong_signatures = 0;
  std::atomic<int> calls = 0;

 private:
  const TestKey& key_;
  std::string origin_;
  std::mutex mutex_;
  std::condition_variable released_;
  bool hangs = false;
  KeeperMemory& memory_;
};

/// A log, its key, and its publisher.
class PublisherTest : public LogTest {
 protected:
  void SetUp() override {
    test::skip_file_syncs();
    std::filesystem::create_directory(log_directory());
  }

  [[nodiscard]] PublisherOptions options(std::chrono::milliseconds interval = std::chrono::milliseconds(20)) const {
    return {.directory = log_directory(), .verifier = verifier_, .interval = interval};
  }

  /// Opens the log and starts it.
  void open_log() {
    log_ = open();
    ASSERT_TRUE(log_->start(recorder_).has_value());
  }
  [[nodiscard]] Result<void> try_open_publisher(std::chrono::milliseconds interval = std::chrono::milliseconds(20)) {
    SIGNET_TRY(publisher_, Publisher::open(options(interval), *log_, system_clock()));
    return {};
  }
  /// Everything, up to the thread that publishes.
  void start(std::chrono::milliseconds interval = std::chrono::milliseconds(20)) {
    open_log();
    const auto opened = try_open_publisher(interval);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    const auto checked = publisher_->check_memory(keeper_);
    ASSERT_TRUE(checked.has_value()) << checked.error().message;
    ASSERT_TRUE(publisher_->start(keeper_).has_value());
  }
  void stop(std::chrono::milliseconds patience = std::chrono::seconds(5)) {
    if (log_) log_->stop();
    if (publisher_) publisher_->stop(patience);
    publisher_.reset();
    log_.reset();
  }

  /// Appends `count` entries, several at a time, of which the longest have 300 bytes of text.
  void append(std::size_t count) {
    constexpr std::size_t kThreads = 16;
    std::atomic<std::size_t> next = 0;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (std::size_t n = next++; n < count; n = next++) {
          ASSERT_TRUE(log_->append(note("entry " + std::string(n % 300, 'e'))).has_value());
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  /// A log of `count` entries, all published, and closed.
  void publish(std::size_t count) {
    start();
    if (count > log_->size()) append(count - log_->size());
    ASSERT_TRUE(publisher_->wait_for(count - 1, std::chrono::seconds(60)));
    stop();
  }

  [[nodiscard]] std::vector<Sha256> leaves() const {
    std::vector<Sha256> leaves;
    for (const Entry& entry : read_all(*log_)) leaves.push_back(leaf_hash(entry.encoded));
    return leaves;
  }

  /// All that the folder must have for its newest checkpoint, which must cover `size` entries.
  void expect_whole_folder(std::uint64_t size);

  TestKey key_{KeyType::kEd25519};
  const std::string origin_ = "ca.example.com/signet/issuing-1";
  NoteVerifier verifier_ = key_.verifier(origin_);
  KeeperMemory memory_;
  KeeperKey keeper_{key_, origin_, memory_};
  Recorder recorder_;
  std::unique_ptr<EntryLog> log_;
  std::unique_ptr<Publisher> publisher_;
};

/// Every file below `directory` whose name contains `part`.
inline std::vector<std::string> files_with(const std::string& directory, std::string_view part) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.path().string().substr(directory.size()).contains(part)) found.push_back(entry.path().string());
  }
  return found;
}

inline void PublisherTest::expect_whole_folder(std::uint64_t size) {
  if (!log_) log_ = open();
  const std::vector<Entry> entries = read_all(*log_);
  ASSERT_GE(entries.size(), size);
  MerkleFrontier tree;
  std::vector<Sha256> roots{tree.root()};
  TileBuilder builder;
  for (std::uint64_t i = 0; i < size; ++i) {
    tree.append(leaf_hash(entries[i].encoded));
    builder.append(leaf_hash(entries[i].encoded));
    roots.push_back(tree.root());
  }
  const auto bytes_at = [&](const std::string& path) {
    auto bytes = read_file(log_directory() + "/" + path, std::size_t{32} << 20U, FileTrust::kOwnerOnly, path);
    EXPECT_TRUE(bytes.has_value()) << bytes.error().message;
    return std::move(bytes).value_or(Bytes{});
  };
  for (const auto& [id, bytes] : builder.take()) EXPECT_EQ(bytes_at(path_of(id)), bytes) << path_of(id);
  for (const BundleId& id : changed_bundles(0, size)) {
    std::vector<ByteView> in_bundle;
    for (std::uint16_t i = 0; i < id.width; ++i) in_bundle.emplace_back(entries[id.index * 256 + i].encoded);
    EXPECT_EQ(bytes_at(path_of(id)), encode_bundle(in_bundle).value()) << path_of(id);
  }

  std::uint64_t last_size = 0;
  std::optional<Note> last;
  const auto end = read_checkpoints(checkpoints_path(log_directory()), [&](const Note& note) -> Result<void> {
    SIGNET_CHECK([&]() -> Result<void> {
      SIGNET_TRY([[maybe_unused]] const auto known, verify_note(note, std::span(&verifier_, 1)));
      return {};
    }());
    SIGNET_TRY(const Checkpoint checkpoint, parse_checkpoint(note.text));
    EXPECT_GT(checkpoint.size, last_size) << "a checkpoint stands twice or goes back";
    last_size = checkpoint.size;
    if (checkpoint.size <= size) {
      EXPECT_EQ(checkpoint.root, roots[checkpoint.size]) << checkpoint.size;
    }
    last = note;
    return {};
  });
  ASSERT_TRUE(end.has_value()) << end.error().message;
  EXPECT_EQ(end->rest_bytes, 0U);
  EXPECT_EQ(last_size, size);
  EXPECT_EQ(read_checkpoint(log_directory()).value(), last);
  for (std::size_t i = 0; i < memory_.count; ++i) {
    const TreeHead& head = memory_.heads.at(i);
    ASSERT_LE(head.size, size) << "the newest checkpoint is older than what was signed";
    EXPECT_EQ(head.root, roots[head.size]) << "another history of " << head.size << " entries was signed";
  }
}

}  // namespace signet::log
