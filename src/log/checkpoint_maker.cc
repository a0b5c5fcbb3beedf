#include "log/checkpoint_maker.h"

#include <fmt/format.h>

#include <utility>

#include "base/ops_log.h"
#include "log/checkpoint_file.h"

namespace signet::log {

CheckpointMaker::CheckpointMaker(const PublisherOptions& options, EntryLog& log, const Clock& clock,
                                 NewestCheckpoint& newest, Impatience stop)
    : options_(options),
      log_(log),
      clock_(clock),
      newest_(newest),
      stop_(std::move(stop)),
      folder_(options.directory) {}

Result<void> CheckpointMaker::take_over(PublishedLog found) {
  damaged_ = !found.tiles.has_value();
  if (found.tiles) tree_ = {.tiles = *std::move(found.tiles), .frontier = found.frontier};
  if (!found.newest) return {};
  const std::chrono::microseconds began = clock_.monotonic();
  SIGNET_TRY(const PublishedStatePtr state,
             make_published_state(*std::move(found.newest), std::move(found.frontier), clock_.now()));
  newest_.set(state, began);
  if (found.refile) unfiled_ = Unfiled{.state = state, .mark = {}, .began = began};
  if (damaged_) SIGNET_CHECK(write_all_tiles(*state));
  if (unfiled_) SIGNET_CHECK(file());
  return {};
}

bool CheckpointMaker::has_work(std::uint64_t log_size) const {
  return damaged_ || unfiled_.has_value() || log_size > newest_.get()->size();
}

/// Crash anywhere in it: tiles and bundles are whole or absent, and are written again; the rest is said at each step.
Result<void> CheckpointMaker::turn(CheckpointKey& key) {
  if (log_.failed()) return fail(ErrorCode::kFailedPrecondition, "the log cannot be written, so nothing is signed");
  if (unfiled_) SIGNET_CHECK(file());
  if (damaged_) SIGNET_CHECK(mend());
  const std::uint64_t size = log_.size();
  if (size <= newest_.get()->size()) return {};
  return make_checkpoint(key, size);
}

/// Makes all tiles of the newest checkpoint again, once the entries are known to be the right ones.
Result<void> CheckpointMaker::mend() {
  const PublishedStatePtr state = newest_.get();
  SIGNET_TRY(const MerkleFrontier found, grow({}, log_, state->size(), stop_));
  if (const Sha256 root = state->frontier.root(); found.root() != root) {
    return fail(ErrorCode::kDataLoss, fmt::format("the first {} entries of the log have the root {}, and their "
                                                  "checkpoint has {}: the log was changed. Restore it from a copy",
                                                  state->size(), to_hex(found.root()), to_hex(root)));
  }
  return write_all_tiles(*state);
}

Result<void> CheckpointMaker::write_all_tiles(const PublishedState& published) {
  damaged_ = false;  // whoever finds damage from here on reports it anew
  GrowingTree made;
  if (auto done = extend_tree(made, log_, folder_, published.size(), Rewrite::kIfDifferent, stop_); !done) {
    damaged_ = true;
    return done;
  }
  tree_ = std::move(made);
  mended_ = true;
  ops::warning("the log's tiles were made again", {{"entries", std::to_string(published.size())}});
  return {};
}

Result<void> CheckpointMaker::make_checkpoint(CheckpointKey& key, std::uint64_t size) {
  const std::chrono::microseconds began = clock_.monotonic();
  auto mark = log_.mark_for(size);
  if (!mark) ops::warning("no mark can be written", {{"why", mark.error().message}});
  SIGNET_CHECK(extend_tree(tree_, log_, folder_, size, Rewrite::kAlways, stop_));
  SIGNET_TRY(SignedHead head, sign(key));
  // Crash here: the key's keeper remembers a checkpoint that nobody has; the next one is proved from it.
  SIGNET_TRY(PublishedStatePtr state, make_published_state(std::move(head), tree_.frontier, clock_.now()));
  unfiled_ = Unfiled{.state = std::move(state), .mark = mark ? std::optional(*mark) : std::nullopt, .began = began};
  return file();
}

Result<SignedHead> CheckpointMaker::sign(CheckpointKey& key) {
  const Checkpoint checkpoint{.origin = options_.verifier.name(), .size = tree_.size(), .root = tree_.frontier.root()};
  SIGNET_TRY(const auto remembered, key.last_signed());
  SIGNET_CHECK(check_not_forgotten(remembered, newest_.get()->size(), options_.accepted_loss));
  const TreeHead old = remembered.value_or(TreeHead{.size = 0, .root = empty_root()});
  if (old.size > checkpoint.size) return remembers_more(old, checkpoint.size);
  SIGNET_TRY(const Proof proof, prove_to_keeper(old));
  SIGNET_TRY(std::string text, format_checkpoint(checkpoint));
  SIGNET_TRY(NoteSignature signature, sign_note(text, options_.verifier, [&](ByteView message) {
               return key.sign(text_of(message), old.size, proof);
             }));
  return SignedHead{.note = {.text = std::move(text), .signatures = {std::move(signature)}}, .checkpoint = checkpoint};
}

Result<Proof> CheckpointMaker::prove_to_keeper(const TreeHead& remembered) {
  const Sha256 root = tree_.frontier.root();
  const TiledTree tiles(folder_, tree_.size());
  auto proof = tiles.prove_consistency(remembered.size, tree_.size());
  const auto stored = tiles.root(tree_.size());
  if (proof && stored && *stored == root &&
      verify_consistency(remembered.size, tree_.size(), remembered.root, root, *proof)) {
    return proof;
  }
  return std::unexpected(why_not_proved(remembered, proof));
}

/// The tiles are made again, once, before the keeper is contradicted.
Error CheckpointMaker::why_not_proved(const TreeHead& remembered, const Result<Proof>& proof) {
  if (!std::exchange(mended_, true)) {
    damaged_ = true;
    return {.code = ErrorCode::kDataLoss,
            .message =
                fmt::format("the tiles do not prove how {} entries grew to {}, and are made again: {}", remembered.size,
                            tree_.size(), proof ? "they have other hashes" : proof.error().message)};
  }
  if (contradicted_ && contradicted_->first == remembered) return contradicted_->second;
  const auto found = grow({}, log_, remembered.size, stop_);
  if (!found) return found.error();
  if (found->root() != remembered.root) {
    contradicted_.emplace(remembered, remembers_other(remembered, found->root(), "somewhere before that").error());
    return contradicted_->second;
  }
  mended_ = false;
  return {.code = ErrorCode::kDataLoss, .message = "tiles that were just made again are damaged: check the disk"};
}

/// Afterwards the checkpoint is the newest.
Result<void> CheckpointMaker::file() {
  SIGNET_CHECK(append_checkpoint(options_.directory, unfiled_->state->head->note));
  // Crash from here on: the checkpoint counts; the mark of the one before makes the next start read more.
  const std::uint64_t old_size = newest_.get()->size();
  const Unfiled filed = *std::exchange(unfiled_, std::nullopt);
  newest_.set(filed.state, filed.began);
  mended_ = false;
  if (filed.mark) {
    if (const auto written = log_.write_mark(*filed.mark); !written) {
      ops::warning("the log's mark was not written", {{"why", written.error().message}});
    }
  }
  remove_partials(old_size, filed.state->size());
  return {};
}

void CheckpointMaker::remove_partials(std::uint64_t old_size, std::uint64_t size) {
  for (const TileId& tile : changed_tiles(old_size, size)) {
    if (tile.full()) folder_.remove_partials(tile);
  }
  for (const BundleId& bundle : changed_bundles(old_size, size)) {
    if (bundle.full()) folder_.remove_partials(bundle);
  }
}

Result<void> check_not_forgotten(const std::optional<TreeHead>& remembered, std::uint64_t newest_size,
                                 std::uint64_t accepted_loss) {
  const std::uint64_t size = remembered ? remembered->size : 0;
  if (size >= newest_size || newest_size == accepted_loss) return {};
  return fail(ErrorCode::kDataLoss,
              fmt::format("the keeper of the log's key remembers a checkpoint of {} entries, and it signed one of {}: "
                          "its journal was removed, or an older copy of it was put back. Put the newest one back; if "
                          "it is lost for good, say so with log.accept_lost_memory = {}",
                          size, newest_size, newest_size));
}

std::unexpected<Error> remembers_more(const TreeHead& remembered, std::uint64_t log_size) {
  return fail(ErrorCode::kDataLoss,
              fmt::format("the keeper of the log's key remembers a checkpoint of {} entries, and the log has {}: its "
                          "end is missing, or an older copy of it was put back. Restore the newer log",
                          remembered.size, log_size));
}

std::unexpected<Error> remembers_other(const TreeHead& remembered, const Sha256& root, const std::string& where) {
  return fail(ErrorCode::kDataLoss,
              fmt::format("the keeper of the log's key remembers the root {} of the first {} entries, and those of "
                          "this log have {}: they differ {}. Restore the log that the key signed",
                          to_hex(remembered.root), remembered.size, to_hex(root), where));
}

}  // namespace signet::log
