#include "log/published_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "base/ops_log.h"
#include "log/checkpoint_file.h"

namespace signet::log {
namespace {

constexpr std::string_view kWhatToDo = "Nothing was changed: restore the whole folder from a copy";

std::unexpected<Error> differ(std::string message) {
  return fail(ErrorCode::kDataLoss, fmt::format("{}. {}", message, kWhatToDo));
}

/// A checkpoint and the file it stands in.
struct Found {
  std::string path;
  SignedHead head;
};

Result<std::optional<Found>> open_found(const std::string& path, std::optional<Note> note,
                                        const NoteVerifier& verifier) {
  if (!note) return std::nullopt;
  SIGNET_TRY(SignedHead head, open_checkpoint(*std::move(note), verifier, path));
  return Found{.path = path, .head = std::move(head)};
}

Result<void> check_size(const Found& found, const EntryLog& log) {
  if (found.head.checkpoint.size <= log.size()) return {};
  return differ(
      fmt::format("{}: covers {} entries, and the log has {}: its end is missing, or an older copy of it was "
                  "put back",
                  found.path, found.head.checkpoint.size, log.size()));
}

/// The tree of the newest checkpoint, from tiles and the entries that were read at the start. An error means that it
/// cannot be made so.
Result<GrowingTree> quick_check(std::span<const Found> all, const EntryLog& log, TileFolder& folder) {
  const Checkpoint& newest = all.back().head.checkpoint;
  SIGNET_TRY(GrowingTree tree, load_tree(folder, newest.size, newest.root));
  const TiledTree tiles(folder, newest.size);
  for (const Found& found : all) {
    SIGNET_TRY(const Sha256 root, tiles.root(found.head.checkpoint.size));
    if (root != found.head.checkpoint.root) return differ(found.path + ": the tiles have another root");
  }
  SIGNET_TRY(MerkleFrontier before, tiles.frontier(std::min(log.recovery().read_from, newest.size)));
  const std::uint64_t from = before.size();
  SIGNET_TRY(const MerkleFrontier grown, grow(std::move(before), log, newest.size));
  if (grown.root() == newest.root) return tree;
  return differ(fmt::format("the entries {} to {} are not those in the tiles", from, newest.size - 1));
}

std::unexpected<Error> other_root(const Found& found, const Sha256& root, const std::string& where) {
  const Checkpoint& checkpoint = found.head.checkpoint;
  return differ(fmt::format("{}: its {} entries have the root {}, and those of the log have {}; {}", found.path,
                            checkpoint.size, to_hex(checkpoint.root), to_hex(root), where));
}

/// All entries against all checkpoints, whatever the tiles are.
Result<MerkleFrontier> full_check(std::span<const Found> all, const EntryLog& log, TileFolder& folder) {
  const Found& newest = all.back();
  MerkleFrontier tree;
  SIGNET_TRY(const std::uint64_t first, compare_with_tiles(log, folder, newest.head.checkpoint.size, tree));
  const bool agree = first == newest.head.checkpoint.size;
  if (tree.root() != newest.head.checkpoint.root) {
    return other_root(newest, tree.root(),
                      agree ? std::string("all entries agree with their tiles, so both are of another history")
                            : fmt::format("the first entry that is not the one in the tiles is {}", first));
  }
  for (const Found& found : all.first(all.size() - 1)) {
    SIGNET_TRY(const MerkleFrontier older, grow({}, log, found.head.checkpoint.size));
    if (older.root() != found.head.checkpoint.root) {
      return other_root(found, older.root(), fmt::format("they do have the root that {} says", newest.path));
    }
  }
  return tree;
}

struct CheckpointFiles {
  std::vector<Found> all;  // the older first; one if both files have the same
  bool alike = false;
  bool lost_from_list = false;  // what is in `checkpoint` was in `checkpoints` before
};

Result<CheckpointFiles> read_checkpoint_files(const std::string& directory, const NoteVerifier& verifier) {
  SIGNET_TRY(auto last, last_checkpoint(checkpoints_path(directory)));
  SIGNET_TRY(auto listed, open_found(checkpoints_path(directory), std::move(last), verifier));
  SIGNET_TRY(auto single, read_checkpoint(directory));
  SIGNET_TRY(auto newest, open_found(checkpoint_path(directory), std::move(single), verifier));
  CheckpointFiles files;
  files.lost_from_list = newest && (!listed || listed->head.checkpoint.size < newest->head.checkpoint.size);
  files.alike = listed && newest ? listed->head.note == newest->head.note : !listed && !newest;
  if (newest) files.all.push_back(*std::move(newest));
  if (listed && (!newest || !files.alike)) files.all.push_back(*std::move(listed));
  std::ranges::stable_sort(files.all, {}, [](const Found& found) { return found.head.checkpoint.size; });
  return files;
}

}  // namespace

Result<SignedHead> open_checkpoint(Note note, const NoteVerifier& verifier, const std::string& where) {
  const auto refuse = [&](const std::string& why) {
    return fail(ErrorCode::kDataLoss, fmt::format("{}: {}", where, why));
  };
  if (const auto verified = verify_note(note, std::span(&verifier, 1)); !verified) {
    return refuse(fmt::format("not signed by the log's key {}: {}", verifier.key_string(), verified.error().message));
  }
  auto checkpoint = parse_checkpoint(note.text);
  if (!checkpoint) return refuse(checkpoint.error().message);
  if (checkpoint->origin != verifier.name()) {
    return refuse(fmt::format("of the log \"{}\", not of \"{}\"", printable(checkpoint->origin), verifier.name()));
  }
  return SignedHead{.note = std::move(note), .checkpoint = *std::move(checkpoint)};
}

Result<PublishedLog> check_published(const std::string& directory, const NoteVerifier& verifier, const EntryLog& log) {
  PublishedLog published;
  SIGNET_TRY(CheckpointFiles files, read_checkpoint_files(directory, verifier));
  std::vector<Found>& all = files.all;
  if (all.empty()) {
    published.tiles = TileBuilder();
    return published;
  }
  for (const Found& found : all) SIGNET_CHECK(check_size(found, log));
  TileFolder folder(directory);
  auto tree = quick_check(all, log, folder);
  if (tree) {
    published.frontier = std::move(tree->frontier);
    published.tiles = std::move(tree->tiles);
  } else {
    ops::warning("the log's tiles do not fit; all entries are read", {{"why", tree.error().message}});
    SIGNET_TRY(published.frontier, full_check(all, log, folder));
  }
  published.refile = !files.alike;
  if (files.lost_from_list) {
    ops::warning("the file of all checkpoints lacks the newest, which it had; it is appended, others may be missing",
                 {{"file", checkpoints_path(directory)}, {"newest", std::to_string(all.back().head.checkpoint.size)}});
  }
  published.newest = std::move(all.back().head);
  return published;
}

}  // namespace signet::log
