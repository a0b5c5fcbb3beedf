// One turn of publishing: from durable entries to a checkpoint in its files. Internal to log.
#pragma once

#include <atomic>
#include <optional>
#include <utility>

#include "log/journal.h"
#include "log/newest_checkpoint.h"
#include "log/publisher.h"
#include "log/tile_writer.h"

namespace signet::log {

/// Threads: one at a time, but report_damage(), which any may call.
class CheckpointMaker {
 public:
  /// The references outlive the object. `stop` ends what takes long.
  CheckpointMaker(const PublisherOptions& options, EntryLog& log, const Clock& clock, NewestCheckpoint& newest,
                  Impatience stop);

  /// Begins where the folder stands, and writes what is missing in it. Only a failure to do that is an error, and the
  /// next turn tries it again.
  [[nodiscard]] Result<void> take_over(PublishedLog found);

  /// Finishes what the last turn left; then, when the log has entries that the newest checkpoint does not cover, makes
  /// the next. After an error it may be called again: it begins where this one got to, on fresh files.
  [[nodiscard]] Result<void> turn(CheckpointKey& key);

  /// Whether turn() has something to do for a log of that size. False for what other threads report meanwhile.
  [[nodiscard]] bool has_work(std::uint64_t log_size) const;

  /// Tiles or bundles do not have what they should: the next turn makes them again.
  void report_damage() noexcept { damaged_ = true; }

  /// See TileFolder::sweep.
  void sweep(const Impatience& stop) noexcept { folder_.sweep(stop); }

 private:
  /// Signed, and not yet known to be in its files.
  struct Unfiled {
    PublishedStatePtr state;
    std::optional<Mark> mark;
    std::chrono::microseconds began{0};
  };

  [[nodiscard]] Result<void> mend();
  [[nodiscard]] Result<void> write_all_tiles(const PublishedState& published);
  [[nodiscard]] Result<void> make_checkpoint(CheckpointKey& key, std::uint64_t size);
  [[nodiscard]] Result<SignedHead> sign(CheckpointKey& key);
  [[nodiscard]] Result<Proof> prove_to_keeper(const TreeHead& remembered);
  [[nodiscard]] Error why_not_proved(const TreeHead& remembered, const Result<Proof>& proof);
  [[nodiscard]] Result<void> file();
  void remove_partials(std::uint64_t old_size, std::uint64_t size);

  const PublisherOptions& options_;
  EntryLog& log_;
  const Clock& clock_;
  NewestCheckpoint& newest_;
  Impatience stop_;
  TileFolder folder_;
  GrowingTree tree_;  // as large as what stands in tiles
  std::optional<Unfiled> unfiled_;
  std::atomic<bool> damaged_ = false;
  bool mended_ = false;  // since the last checkpoint: what is wrong still is not the tiles
  std::optional<std::pair<TreeHead, Error>> contradicted_;  // so that all entries are read for it once only
};

/// The key's keeper remembers the newest checkpoint or a later one; or that it does not was accepted.
[[nodiscard]] Result<void> check_not_forgotten(const std::optional<TreeHead>& remembered, std::uint64_t newest_size,
                                               std::uint64_t accepted_loss);
/// What the key's keeper remembers is not what this log has.
[[nodiscard]] std::unexpected<Error> remembers_more(const TreeHead& remembered, std::uint64_t log_size);
[[nodiscard]] std::unexpected<Error> remembers_other(const TreeHead& remembered, const Sha256& root,
                                                     const std::string& where);

}  // namespace signet::log
