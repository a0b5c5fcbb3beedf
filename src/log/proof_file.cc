#include "log/proof_file.h"

#include <fmt/format.h>

#include "log/checkpoint.h"
#include "log/text_format.h"

namespace signet::log {
namespace {

constexpr std::string_view kHeader = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtra = "extra ";
constexpr std::string_view kIndex = "index ";

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), "proof");
}

/// What holds for every proof, read or written.
Result<void> check(const ProofFile& proof) {
  if (proof.extra.size() > kMaxProofExtraBytes) {
    return refuse(fmt::format("the proof has {} bytes of extra data; at most {} are accepted", proof.extra.size(),
                              kMaxProofExtraBytes));
  }
  if (proof.path.size() > kMaxProofHashes) {
    return refuse(
        fmt::format("the proof has {} hashes; no tree needs more than {}", proof.path.size(), kMaxProofHashes));
  }
  const auto checkpoint = parse_checkpoint(proof.checkpoint.text);
  if (!checkpoint.has_value()) return refuse("the proof's checkpoint is none: " + checkpoint.error().message);
  if (proof.index >= checkpoint->size) {
    return refuse(fmt::format("the proof is for the entry with index {}, but its checkpoint is of a tree of {} entries",
                              proof.index, checkpoint->size));
  }
  return {};
}

Result<Bytes> parse_extra(std::string_view base64) {
  auto extra = from_base64(base64);
  if (!extra.has_value()) return refuse("the proof's extra data is " + extra.error().message);
  if (extra->empty()) return refuse("the proof has a line \"extra\" without data, which must be left out");
  return extra;
}

Result<std::uint64_t> parse_index(std::string_view line) {
  if (!line.starts_with(kIndex)) {
    return refuse(fmt::format("the proof has \"{}\" where \"index <number>\" was expected", printable(line)));
  }
  const auto index = parse_decimal(line.substr(kIndex.size()));
  if (!index.has_value()) {
    return refuse(fmt::format("the proof's line \"{}\" has no decimal number without leading zeros, below 2^64",
                              printable(line)));
  }
  return *index;
}

/// Takes the hashes and the empty line behind them off `text`.
Result<std::vector<Sha256>> take_path(std::string_view& text) {
  std::vector<Sha256> path;
  while (const auto line = take_line(text)) {
    if (line->empty()) return path;
    if (path.size() == kMaxProofHashes) {
      return refuse(fmt::format("the proof has more than {} hashes; no tree needs them", kMaxProofHashes));
    }
    const auto hash = parse_hash(*line);
    if (!hash.has_value()) {
      return refuse(
          fmt::format("the proof's hash {}, \"{}\", is not base64 of 32 bytes", path.size() + 1, printable(*line)));
    }
    path.push_back(*hash);
  }
  return refuse("the proof has no empty line between its hashes and its checkpoint");
}

/// The next line, or an error that says what is missing.
Result<std::string_view> expect_line(std::string_view& text, std::string_view what) {
  const auto line = take_line(text);
  if (!line.has_value()) return refuse(fmt::format("the proof ends where {} was expected", what));
  return *line;
}

}  // namespace

Result<Bytes> format_proof_file(const ProofFile& proof) {
  SIGNET_CHECK(check(proof));
  std::string text = fmt::format("{}\n", kHeader);
  if (!proof.extra.empty()) text += fmt::format("{}{}\n", kExtra, to_base64(proof.extra));
  text += fmt::format("{}{}\n", kIndex, proof.index);
  for (const Sha256& hash : proof.path) text += to_base64(hash) + "\n";
  text += "\n";
  const auto checkpoint = format_note(proof.checkpoint);
  if (!checkpoint.has_value()) return refuse("the proof's checkpoint cannot be written: " + checkpoint.error().message);
  Bytes bytes = copy_of(bytes_of(text));
  append(bytes, *checkpoint);
  return bytes;
}

Result<ProofFile> parse_proof_file(ByteView bytes) {
  if (bytes.size() > kMaxProofFileBytes) {
    return refuse(fmt::format("the proof has {} bytes; at most {} are accepted", bytes.size(), kMaxProofFileBytes));
  }
  std::string_view text = text_of(bytes);
  ProofFile proof;
  SIGNET_TRY(const std::string_view header, expect_line(text, kHeader));
  if (header != kHeader) {
    return refuse(fmt::format("the proof starts with \"{}\" and not with \"{}\"", printable(header), kHeader));
  }
  SIGNET_TRY(std::string_view line, expect_line(text, "\"index <number>\""));
  if (line.starts_with(kExtra)) {
    SIGNET_TRY(proof.extra, parse_extra(line.substr(kExtra.size())));
    SIGNET_TRY(line, expect_line(text, "\"index <number>\""));
  }
  SIGNET_TRY(proof.index, parse_index(line));
  SIGNET_TRY(proof.path, take_path(text));
  auto checkpoint = parse_note(bytes_of(text));
  if (!checkpoint.has_value()) return refuse("the proof's checkpoint is none: " + checkpoint.error().message);
  proof.checkpoint = *std::move(checkpoint);
  SIGNET_CHECK(check(proof));
  return proof;
}

}  // namespace signet::log
