// Makes tiles, bundles and checkpoints of what is durable in the log.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "log/checkpoint.h"
#include "log/entry_log.h"
#include "log/journal.h"
#include "log/merkle.h"
#include "log/note.h"
#include "log/proof_file.h"

namespace signet::log {

/// The log's key, wherever it is. Calls come from several threads, and every one returns within bounded time: stop()
/// waits for the one under way.
class CheckpointKey {
 public:
  virtual ~CheckpointKey() = default;
  /// What the key signed last, as its keeper remembers. Errors: kUnavailable (retryable) when it cannot be asked.
  [[nodiscard]] virtual Result<std::optional<TreeHead>> last_signed() = 0;
  /// Signs the text of a checkpoint; `proof` leads to it from the tree of `old_size` entries that last_signed() told
  /// (old_size is 0, and the proof empty, when it told nothing).
  [[nodiscard]] virtual Result<Bytes> sign(std::string_view text, std::uint64_t old_size, const Proof& proof) = 0;
};

/// A checkpoint is made when there are so many new entries, however short the interval.
inline constexpr std::uint64_t kMaxUnpublished = 4096;

struct PublisherOptions {
  std::string directory;  ///< of the log
  NoteVerifier verifier;  ///< of the log's key; its name is the origin
  std::chrono::milliseconds interval{1000};
  /// The size of the newest checkpoint, where its operator knows that the key's keeper has forgotten it. See
  /// check_memory().
  std::uint64_t accepted_loss = 0;
};

struct Published {
  std::uint64_t size = 0;  ///< 0: nothing yet
  Sha256 root{};
  Time time{};  ///< when this process signed or found it
  Bytes note;   ///< empty: nothing yet
};

/// Threads: open() and start() once each, the rest from any thread.
class Publisher {
 public:
  /// Looks at what is there: the newest checkpoint is verified, and the tree in the tiles must have its root; so must
  /// the one of the entries from the log's recovery().read_from on with what the tiles say of those before. Where tiles
  /// are missing or damaged, all entries are compared with the checkpoint, and the tiles that differ are written again,
  /// with a warning. Few tiles are read otherwise: those that are damaged in the middle are found when they are used.
  /// `log` and `clock` outlive the object. Errors, all before anything is changed: kDataLoss saying where they differ,
  /// when the log has fewer entries than its checkpoint covers, when its entries make another root, or when the
  /// checkpoint is not by this key.
  [[nodiscard]] static Result<std::unique_ptr<Publisher>> open(PublisherOptions options, EntryLog& log,
                                                               const Clock& clock);
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  /// Compares what the key's keeper remembers with this log. Errors: kDataLoss saying where they differ, when the
  /// keeper remembers a checkpoint that this log is shorter than or has another root for (an older copy of the log was
  /// put back), or when it does not remember the newest one, which was in its memory before it was signed (its journal
  /// was removed, or an older copy put back) and is not options.accepted_loss; those of last_signed().
  [[nodiscard]] Result<void> check_memory(CheckpointKey& key) const;

  /// Starts the thread that publishes: at once when there is something new, then at most once in each interval, or
  /// sooner for kMaxUnpublished entries. Whatever fails is reported to the operations log and tried again on fresh
  /// files, after 100 ms first and after 5 s at most. `key` outlives stop(). Error: kFailedPrecondition when it was
  /// started or stopped before.
  [[nodiscard]] Result<void> start(CheckpointKey& key);

  /// Waits until the newest checkpoint covers the entry `index`; false after `patience`, or when stopped.
  [[nodiscard]] bool wait_for(std::uint64_t index, std::chrono::milliseconds patience);
  [[nodiscard]] Published newest() const;
  /// Since when entries wait for a checkpoint (on the clock's monotonic time); nothing when none waits.
  [[nodiscard]] std::optional<std::chrono::microseconds> waiting_since() const;
  /// Why the last attempt at a checkpoint failed; nothing when it did not.
  [[nodiscard]] std::optional<Error> trouble() const;

  /// A tlog-proof of an entry that the newest checkpoint covers, with the entry itself as extra data. Verified before
  /// it is returned. Errors: kInvalidArgument with field "index" for one that it does not cover; kUnavailable
  /// (retryable) when the tiles are damaged: the thread makes them again at its next turn. So it is for the following.
  [[nodiscard]] Result<Bytes> prove(std::uint64_t index) const;
  /// RFC 6962 section 2.1.2, from `old_size` to the newest checkpoint `to` (which the caller took from newest()).
  [[nodiscard]] Result<Proof> prove_consistency(std::uint64_t old_size, const Published& to) const;
  /// Entries [first, first + count) below `to`.size, as many as fit into max_bytes, at least one.
  [[nodiscard]] Result<std::vector<Bytes>> entries(std::uint64_t first, std::uint64_t count, const Published& to,
                                                   std::size_t max_bytes) const;

  /// Publishes what is durable, if the key can be had within `patience` (0: does not try), and ends the thread. For
  /// good. Proofs go on working.
  void stop(std::chrono::milliseconds patience = std::chrono::seconds(5));

 private:
  struct Impl;
  explicit Publisher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace signet::log
