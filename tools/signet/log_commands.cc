#include "log_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "connect.h"
#include "log_check.h"
#include "log_range.h"

namespace signet::cli {
namespace {

using nlohmann::json;

/// An older checkpoint that somebody kept; what is wrong with it is nobody's fault but the file's.
Result<log::Checkpoint> read_since(const std::string& file, const LogKey& key) {
  SIGNET_TRY(const Bytes note, read_file(file, log::kMaxNoteBytes, FileTrust::kAnyone, "--since"));
  auto checkpoint = check_checkpoint(note, key);
  if (checkpoint.has_value()) return checkpoint;
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{}: {}; name a checkpoint that `signet log checkpoint --out` wrote", printable(file, 4096),
                          checkpoint.error().message),
              "--since");
}

/// The error of a daemon that could not go on from `old_size`: when its log is shorter, that is the news.
Error explain_refusal(Client& client, const Error& refusal, std::uint64_t old_size, const LogKey& key) {
  if (!refusal.from_daemon || refusal.retryable || old_size == 0) return refusal;
  const auto newest = client.log_checkpoint();
  if (!newest.has_value()) return refusal;
  const auto checkpoint = check_checkpoint(newest->note, key);
  if (!checkpoint.has_value()) return checkpoint.error();
  if (checkpoint->size >= old_size) return refusal;
  return {
      .code = ErrorCode::kDataLoss,
      .message = fmt::format("the log has {} entries now and had {}: an older copy was put back, or this is another "
                             "history of it; keep the older checkpoint and this one:\n{}",
                             checkpoint->size, old_size, text_of(newest->note))};
}

/// The evidence, should the newest not go on from the older one.
Result<void> check_since(const log::Checkpoint& older, const log::Checkpoint& newer, const LogCheckpoint& answer) {
  auto consistent = check_consistency(older, newer, answer.consistency);
  if (consistent.has_value()) return {};
  Error error = std::move(consistent).error();
  error.message += fmt::format("; keep the older checkpoint and this one:\n{}", text_of(answer.note));
  error.request_id = answer.request_id;
  return std::unexpected(std::move(error));
}

json to_json(const LogCheckpoint& answer, const log::Checkpoint& checkpoint, const LogKey& key) {
  json consistency = json::array();
  for (const auto& hash : answer.consistency) consistency.push_back(to_base64(hash));
  return {{"origin", checkpoint.origin},        {"size", checkpoint.size},    {"root", to_base64(checkpoint.root)},
          {"checkpoint", text_of(answer.note)}, {"consistency", consistency}, {"signature_checked", key.has_value()},
          {"request_id", answer.request_id}};
}

Result<void> check_arguments(const CheckpointArguments& arguments, Format format) {
  SIGNET_CHECK(check_writable(arguments.out_file, arguments.force, "--out"));
  if (!arguments.old_size.has_value()) return {};
  if (!arguments.since_file.empty()) {
    return fail(ErrorCode::kInvalidArgument, "--since and --old-size exclude each other: the file tells its size",
                "--old-size");
  }
  if (format == Format::kJson) return {};
  return fail(ErrorCode::kInvalidArgument,
              "--old-size brings hashes for a program that has the older root, and only --json shows them; to have the "
              "consistency checked here, give the older checkpoint: --since FILE",
              "--old-size");
}

/// Writes `text` to the file, or to standard output unless that shows JSON.
Result<void> write_text(const std::string& text, const std::string& file, bool force, Format format) {
  if (!is_standard_output(file)) return write_output(file, text, force);
  return format == Format::kText ? print(text) : Result<void>();
}

std::string written_to(const std::string& file) {
  return is_standard_output(file) ? "" : ", written to " + printable(file, 4096);
}

/// The checked proof of an entry.
Result<CheckedProof> prove(Client& client, std::uint64_t index, const LogKey& key) {
  SIGNET_TRY(const LogProof answer, client.log_proof(index));
  return check_proof(answer.proof, index, key);
}

/// The entries are what the log has at these places, because the proofs of the first and the last of them lead to the
/// same signed root as all of them together.
Result<void> check_range(Client& client, std::uint64_t first, const std::vector<ByteVector>& entries,
                         const LogKey& key) {
  constexpr int kAttempts = 5;  // the log may get a new checkpoint between two questions, but not each time
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    SIGNET_TRY(const CheckedProof begin, prove(client, first, key));
    SIGNET_TRY(const CheckedProof end, prove(client, first + entries.size() - 1, key));
    if (begin.checkpoint != end.checkpoint) continue;
    std::vector<Sha256> leaf_hashes;
    for (const ByteVector& entry : entries) leaf_hashes.push_back(log::leaf_hash(entry));
    SIGNET_TRY(const Sha256 root,
               root_from_range(first, begin.checkpoint.size, leaf_hashes, begin.file.path, end.file.path));
    if (root == begin.checkpoint.root) return {};
    return fail(ErrorCode::kDataLoss,
                fmt::format("the entries {} to {} do not verify: the checkpoint of {} entries does not cover them",
                            first, first + entries.size() - 1, begin.checkpoint.size));
  }
  return fail_retryable(ErrorCode::kUnavailable, "the log got a new checkpoint at each of 5 attempts to check entries",
                        std::chrono::seconds(1));
}

/// For a request, in which 0 means as many as fit.
std::uint32_t at_once(std::uint64_t count) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(count, std::numeric_limits<std::uint32_t>::max()));
}

/// The size of the checkpoint, which covers all entries of the answer.
Result<std::uint64_t> check_coverage(const LogEntries& answer, std::uint64_t first, const LogKey& key) {
  SIGNET_TRY(const log::Checkpoint checkpoint, check_checkpoint(answer.checkpoint, key));
  if (checkpoint.size >= first && answer.entries.size() <= checkpoint.size - first) return checkpoint.size;
  return fail(ErrorCode::kDataLoss, fmt::format("the answer does not verify: it brings {} entries from {} on, and its "
                                                "checkpoint covers only {} in all",
                                                answer.entries.size(), first, checkpoint.size));
}

/// Canonical, and each at its place.
Result<std::string> lines_of(std::uint64_t first, const std::vector<ByteVector>& entries) {
  std::string lines;
  for (const ByteVector& entry : entries) {
    SIGNET_CHECK(log::parse_entry(entry, first++));
    lines += text_of(entry);
    lines += '\n';
  }
  return lines;
}

}  // namespace

Result<void> log_checkpoint(const Flags& flags, const CheckpointArguments& arguments, Format format) {
  SIGNET_CHECK(check_arguments(arguments, format));
  SIGNET_TRY(Settings settings, load_settings(flags));
  const LogKey& key = settings.log_key;
  std::optional<log::Checkpoint> since;
  if (!arguments.since_file.empty()) {
    SIGNET_TRY(since, read_since(arguments.since_file, key));
  }
  const std::uint64_t old_size = since.has_value() ? since->size : arguments.old_size.value_or(0);

  SIGNET_TRY(Client client, make_client(std::move(settings.client), format));
  const auto answer = client.log_checkpoint(old_size);
  if (!answer.has_value()) return std::unexpected(explain_refusal(client, answer.error(), old_size, key));
  SIGNET_TRY(const log::Checkpoint newest, check_checkpoint(answer->note, key));
  if (since.has_value()) SIGNET_CHECK(check_since(*since, newest, *answer));

  SIGNET_CHECK(write_text(std::string(text_of(answer->note)), arguments.out_file, arguments.force, format));
  if (format == Format::kJson) return print_json(to_json(*answer, newest, key));
  const std::string goes_on = since.has_value() ? fmt::format(", goes on from {} entries", since->size) : "";
  std::fputs(fmt::format("checkpoint of {} with {} entries{}; {}{}\n", printable(newest.origin), newest.size, goes_on,
                         how_checked(key), written_to(arguments.out_file))
                 .c_str(),
             stderr);
  return {};
}

Result<void> log_proof(const Flags& flags, const ProofArguments& arguments, Format format) {
  SIGNET_CHECK(check_writable(arguments.out_file, arguments.force, "--out"));
  SIGNET_TRY(Settings settings, load_settings(flags));
  SIGNET_TRY(Client client, make_client(std::move(settings.client), format));
  SIGNET_TRY(const LogProof answer, client.log_proof(arguments.index));
  SIGNET_TRY(const CheckedProof checked, check_proof(answer.proof, arguments.index, settings.log_key));

  const std::string text(text_of(answer.proof));
  SIGNET_CHECK(write_text(text, arguments.out_file, arguments.force, format));
  if (format == Format::kJson) {
    return print_json({{"index", arguments.index},
                       {"origin", checked.checkpoint.origin},
                       {"size", checked.checkpoint.size},
                       {"entry", json::parse(text_of(checked.entry.encoded))},
                       {"proof", text},
                       {"signature_checked", settings.log_key.has_value()},
                       {"request_id", answer.request_id}});
  }
  std::fputs(fmt::format("entry {} ({}) is in {} with {} entries; {}{}\n", arguments.index,
                         printable(checked.entry.type), printable(checked.checkpoint.origin), checked.checkpoint.size,
                         how_checked(settings.log_key), written_to(arguments.out_file))
                 .c_str(),
             stderr);
  return {};
}

Result<void> log_entries(const Flags& flags, const EntriesArguments& arguments, Format format) {
  SIGNET_TRY(Settings settings, load_settings(flags));
  const LogKey& key = settings.log_key;
  SIGNET_TRY(Client client, make_client(std::move(settings.client), format));
  std::uint64_t next = arguments.first;
  std::optional<std::uint64_t> end;  // known with the first answer
  while (!end.has_value() || next < *end) {
    const std::uint64_t left = end.has_value() ? *end - next : arguments.count;
    SIGNET_TRY(const LogEntries answer, client.log_entries(next, at_once(left)));
    SIGNET_TRY(const std::uint64_t size, check_coverage(answer, next, key));
    SIGNET_TRY(const std::string lines, lines_of(next, answer.entries));
    if (key.has_value()) SIGNET_CHECK(check_range(client, next, answer.entries, key));
    SIGNET_CHECK(print(lines));
    const std::uint64_t there = size - arguments.first;
    if (!end.has_value()) end = arguments.first + (arguments.count == 0 ? there : std::min(arguments.count, there));
    next += answer.entries.size();
  }
  if (format == Format::kJson) return {};
  const std::string how =
      key.has_value() ? how_checked(key) : "only their order checked, not that the log has them (give --log-key)";
  std::fputs(fmt::format("entries {} to {}; {}\n", arguments.first, next - 1, how).c_str(), stderr);
  return {};
}

}  // namespace signet::cli
