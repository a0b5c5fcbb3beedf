#include "log/log_proofs.h"

#include <fmt/format.h>

#include <span>

#include "log/entry.h"
#include "log/proof_file.h"

namespace signet::log {
namespace {

bool is_damage(const Error& error) { return error.code == ErrorCode::kNotFound || error.code == ErrorCode::kDataLoss; }

/// What a caller can do about it: wait.
std::unexpected<Error> damaged_tiles(const Error& why) {
  return fail_retryable(ErrorCode::kUnavailable,
                        fmt::format("the log's tiles are damaged and are made again: {}", why.message),
                        std::chrono::seconds(5));
}

template <class T>
FromTiles<T> unreadable(const Error& why) {
  if (!is_damage(why)) return {.result = std::unexpected(why)};
  return {.result = damaged_tiles(why), .damaged = true};
}

Result<Bytes> entry_from_bundle(TileFolder& folder, std::uint64_t index, std::uint64_t size) {
  const auto tile = tile_in_tree(0, index / kTileWidth, size);
  if (!tile) return fail(ErrorCode::kInternal, fmt::format("entry {} is in no bundle", index));
  const BundleId id{.index = tile->index, .width = tile->width};
  SIGNET_TRY(const Bytes bundle, folder.read_bundle(id));
  SIGNET_TRY(const auto entries, decode_bundle(id, bundle));
  return copy_of(entries[index % kTileWidth]);
}

Result<Bytes> entry_from_log(const EntryLog& log, std::uint64_t index) {
  Bytes entry;
  SIGNET_CHECK(log.read_raw(index, index + 1, [&](std::uint64_t, ByteView bytes) -> Result<void> {
    entry = copy_of(bytes);
    return {};
  }));
  return entry;
}

bool is_included(const Result<Bytes>& entry, std::uint64_t index, const Proof& path, const Checkpoint& tree) {
  return entry && verify_inclusion(index, tree.size, leaf_hash(*entry), path, tree.root).has_value();
}

}  // namespace

FromTiles<Bytes> prove_entry(const std::string& directory, const EntryLog& log, const SignedHead& head,
                             const NoteVerifier& verifier, std::uint64_t index) {
  const Checkpoint& tree = head.checkpoint;
  if (const auto verified = verify_note(head.note, std::span(&verifier, 1)); !verified) {
    return {.result = std::unexpected(verified.error())};
  }
  TileFolder folder(directory);
  auto path = TiledTree(folder, tree.size).prove_inclusion(index, tree.size);
  if (!path) return unreadable<Bytes>(path.error());
  Result<Bytes> entry = entry_from_bundle(folder, index, tree.size);
  const bool from_bundle = is_included(entry, index, *path, tree);
  if (!from_bundle) entry = entry_from_log(log, index);
  if (!entry) return {.result = std::move(entry)};
  if (const auto included = verify_inclusion(index, tree.size, leaf_hash(*entry), *path, tree.root); !included) {
    return {.result = damaged_tiles(included.error()), .damaged = true};
  }
  return {.result = format_proof_file(
              {.extra = *std::move(entry), .index = index, .path = *std::move(path), .checkpoint = head.note}),
          .damaged = !from_bundle};
}

FromTiles<Proof> prove_growth(const std::string& directory, std::uint64_t old_size, std::uint64_t size,
                              const Sha256& root) {
  TileFolder folder(directory);
  const TiledTree tree(folder, size);
  auto proof = tree.prove_consistency(old_size, size);
  if (!proof && proof.error().code == ErrorCode::kInvalidArgument) return {.result = std::move(proof)};
  if (!proof) return unreadable<Proof>(proof.error());
  const auto old_root = tree.root(old_size);
  if (!old_root) return unreadable<Proof>(old_root.error());
  if (const auto verified = verify_consistency(old_size, size, *old_root, root, *proof); !verified) {
    return {.result = damaged_tiles(verified.error()), .damaged = true};
  }
  return {.result = std::move(proof)};
}

}  // namespace signet::log
