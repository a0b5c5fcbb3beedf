#include "fault/log_story.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "log/checkpoint.h"
#include "log/checkpoint_file.h"
#include "log/entry.h"
#include "log/tile_folder.h"
#include "support/command.h"

namespace signet::test {
namespace {

constexpr std::size_t kFrameHeader = 12;

template <class T>
T must(Result<T> result) {
  if (!result.has_value()) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

[[noreturn]] void wrong(const std::string& what) { throw std::runtime_error(what); }

Promise read_promise(Promise::Kind kind, std::istream& words) {
  Promise promise{.kind = kind, .number = 0, .hash = {}, .position = 0};
  std::string hash;
  words >> promise.number >> hash >> promise.position;
  std::ranges::copy(must(from_hex(hash)), promise.hash.begin());
  return promise;
}

std::string rest_of(std::istream& words) {
  std::string rest;
  std::getline(words >> std::ws, rest);
  return rest;
}

/// The frames of the file `entries`; behind them there are only zeros.
std::vector<Bytes> read_entries(const std::string& path) {
  const std::string file = slurp(path);
  std::vector<Bytes> entries;
  std::size_t at = 0;
  while (file.size() - at >= kFrameHeader) {
    const ByteView header = bytes_of(file).subspan(at, kFrameHeader);
    const std::size_t length = std::size_t{header[0]} << 24U | std::size_t{header[1]} << 16U |
                               std::size_t{header[2]} << 8U | std::size_t{header[3]};
    if (length == 0) break;
    if (length > file.size() - at - kFrameHeader)
      wrong(fmt::format("{}: a frame at {} goes on beyond the end", path, at));
    entries.push_back(copy_of(bytes_of(file).subspan(at + kFrameHeader, length)));
    if (!equal(ByteView(log::leaf_hash(entries.back())).first(8), header.subspan(4))) {
      wrong(fmt::format("{}: entry {} is damaged", path, entries.size() - 1));
    }
    static_cast<void>(must(log::parse_entry(entries.back(), entries.size() - 1)));
    at += kFrameHeader + length;
  }
  if (file.find_first_not_of('\0', at) != std::string::npos) wrong(path + ": a torn tail");
  return entries;
}

void read_all_checkpoints(const std::string& directory, const log::NoteVerifier& verifier, LogContent& content) {
  std::string newest;
  const auto end = must(log::read_checkpoints(directory + "/checkpoints", [&](const log::Note& note) -> Result<void> {
    must(log::verify_note(note, std::vector{verifier}));
    const log::Checkpoint checkpoint = must(log::parse_checkpoint(note.text));
    if (checkpoint.origin != verifier.name()) wrong("a checkpoint of another origin");
    if (checkpoint.size >= content.roots.size())
      wrong(fmt::format("checkpoint {} covers more than there is", checkpoint.size));
    if (checkpoint.root != content.roots[checkpoint.size])
      wrong(fmt::format("checkpoint {} has another root", checkpoint.size));
    if (!content.checkpoints.empty() && checkpoint.size <= content.checkpoints.back().size)
      wrong("checkpoints out of order");
    content.checkpoints.push_back({.size = checkpoint.size, .root = checkpoint.root});
    newest = text_of(must(log::format_note(note)));
    return {};
  }));
  if (end.rest_bytes != 0) wrong("a torn checkpoint");
  if (slurp(directory + "/checkpoint") != newest) wrong("`checkpoint` is not the newest of `checkpoints`");
}

void check_tiles(const std::string& directory, const LogContent& content, const std::vector<Bytes>& entries) {
  if (content.checkpoints.empty()) return;
  const std::uint64_t size = content.checkpoints.back().size;
  log::TileFolder folder(directory);
  log::TileBuilder builder;
  for (std::uint64_t i = 0; i < size; ++i) builder.append(content.leaf_hashes[i]);
  for (const auto& tile : builder.take()) {
    if (must(folder.read_tile(tile.id)) != tile.bytes) wrong(log::path_of(tile.id) + " has other hashes");
  }
  for (const log::BundleId& bundle : log::changed_bundles(0, size)) {
    const auto first = entries.begin() + static_cast<std::ptrdiff_t>(bundle.index * log::kTileWidth);
    const std::vector<ByteView> expected(first, first + bundle.width);
    if (must(folder.read_bundle(bundle)) != must(log::encode_bundle(expected)))
      wrong(log::path_of(bundle) + " has other entries");
  }
}

std::string keeps(const Promise& promise, const LogContent& content) {
  if (promise.kind == Promise::Kind::kEntry) {
    if (promise.number >= content.leaf_hashes.size())
      return fmt::format("entry {} was acknowledged and is lost", promise.number);
    if (content.leaf_hashes[promise.number] != promise.hash)
      return fmt::format("entry {} is another than was acknowledged", promise.number);
    return {};
  }
  const char* what = promise.kind == Promise::Kind::kSigning ? "signed" : "published";
  if (promise.number >= content.roots.size())
    return fmt::format("a tree of {} entries was {} and the log is shorter", promise.number, what);
  if (content.roots[promise.number] != promise.hash)
    return fmt::format("the tree of {} entries was {} with another root", promise.number, what);
  const bool kept =
      std::ranges::any_of(content.checkpoints, [&](const auto& head) { return head.size == promise.number; });
  if (promise.kind == Promise::Kind::kCheckpoint && !kept)
    return fmt::format("the checkpoint {} is lost", promise.number);
  return {};
}

}  // namespace

LifeStory read_story(const std::string& out) {
  LifeStory story;
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string what;
    words >> what;
    if (what == "entry") story.promises.push_back(read_promise(Promise::Kind::kEntry, words));
    if (what == "signing") story.promises.push_back(read_promise(Promise::Kind::kSigning, words));
    if (what == "checkpoint") story.promises.push_back(read_promise(Promise::Kind::kCheckpoint, words));
    if (what == "refused" && story.refused++ == 0) story.refusal = rest_of(words);
    if (what == "unpublished") ++story.unpublished;
    if (what == "failed") story.failure = rest_of(words);
    if (what == "done") story.done = true;
  }
  return story;
}

LogContent read_log(const std::string& directory, const log::NoteVerifier& verifier) {
  LogContent content;
  const std::vector<Bytes> entries = read_entries(directory + "/entries");
  log::MerkleFrontier tree;
  content.roots.push_back(tree.root());
  for (const Bytes& entry : entries) {
    content.leaf_hashes.push_back(log::leaf_hash(entry));
    tree.append(content.leaf_hashes.back());
    content.roots.push_back(tree.root());
  }
  read_all_checkpoints(directory, verifier, content);
  check_tiles(directory, content, entries);
  return content;
}

void expect_kept(const std::vector<Promise>& promises, const LogContent& content, const std::string& where,
                 std::uint64_t position) {
  for (const Promise& promise : promises) {
    if (promise.position > position) continue;
    if (const std::string broken = keeps(promise, content); !broken.empty()) ADD_FAILURE() << where << ": " << broken;
  }
}

}  // namespace signet::test
