#include <fmt/format.h>

#include <algorithm>

#include "audit/derived_files.h"
#include "audit/digest.h"
#include "audit/entry_file.h"
#include "audit/entry_view.h"
#include "audit/inputs.h"
#include "base/file.h"
#include "log/checkpoint.h"
#include "log/proof_file.h"
#include "signet/audit.h"

namespace signet::audit {
namespace {

struct NewestCheckpoint {
  log::Note note;
  log::Checkpoint checkpoint;
};

/// Errors have no field: they are about the folder and not about an option.
Result<NewestCheckpoint> read_newest(const std::string& directory) {
  SIGNET_TRY(const Bytes bytes, read_regular(directory + "/checkpoint", log::kMaxNoteBytes));
  auto note = log::parse_note(bytes);
  if (!note.has_value()) return fail(ErrorCode::kDataLoss, directory + "/checkpoint: " + note.error().message);
  auto checkpoint = log::parse_checkpoint(note->text);
  if (!checkpoint.has_value()) {
    return fail(ErrorCode::kDataLoss, directory + "/checkpoint: " + checkpoint.error().message);
  }
  return NewestCheckpoint{.note = *std::move(note), .checkpoint = *std::move(checkpoint)};
}

/// The entry's `issued` says this certificate.
bool is_issued(const EntryView& view, std::string_view fingerprint) {
  const FieldView* const type = view.find("type");
  const FieldView* const hash = view.find("certificate_sha256");
  return type != nullptr && type->raw == "issued" && hash != nullptr && hash->raw == fingerprint;
}

std::string text_of_field(const EntryView& view, std::string_view key) {
  const FieldView* const field = view.find(key);
  return field == nullptr ? std::string() : printable(decoded(*field));
}

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), "proof");
}

/// Whatever part of the proof it is that is wrong.
template <class T>
Result<T> of_proof(Result<T> result) {
  if (!result.has_value()) result.error().field = "proof";
  return result;
}

/// The keys that must have signed.
Result<std::vector<log::NoteVerifier>> keys_of(const ProofOptions& options, const std::string& origin) {
  SIGNET_TRY(const GivenKey given, load_log_key(options.log_key, "log-key"));
  auto log_key = verifier_for(given, origin);
  if (!log_key.has_value()) return fail(ErrorCode::kInvalidArgument, std::move(log_key.error().message), "log-key");
  SIGNET_TRY(std::vector<log::NoteVerifier> keys, parse_witnesses(options.witnesses));
  keys.insert(keys.begin(), *std::move(log_key));
  return keys;
}

/// Every key that was given must have signed.
Result<std::vector<std::string>> check_signers(const log::Note& note, const std::vector<log::NoteVerifier>& keys) {
  SIGNET_TRY(const std::vector<log::VerifiedSignature> verified, of_proof(log::verify_note(note, keys)));
  std::vector<std::string> signers;
  for (const log::NoteVerifier& key : keys) {
    const auto found = std::ranges::find_if(verified, [&](const auto& each) { return each.verifier == key; });
    if (found == verified.end()) {
      return fail(ErrorCode::kUnauthenticated, fmt::format("the checkpoint is not signed by {}", key.describe()),
                  "proof");
    }
    signers.push_back(found->time ? fmt::format("{} at {}", key.describe(), to_rfc3339(Time(*found->time)))
                                  : key.describe());
  }
  return signers;
}

Result<void> check_certificate(const EntryView& view, const std::string& file) {
  SIGNET_TRY(const Certificate certificate, load_certificate(file));
  const std::string fingerprint = to_hex(certificate.fingerprint());
  if (is_issued(view, fingerprint)) return {};
  return refuse(fmt::format("the entry is of type {} and has the certificate_sha256 \"{}\", expected issued and {}",
                            text_of_field(view, "type"), text_of_field(view, "certificate_sha256"), fingerprint));
}

}  // namespace

Result<std::vector<std::uint8_t>> prove(const std::string& directory, std::uint64_t index) {
  SIGNET_TRY(NewestCheckpoint newest, read_newest(directory));
  const std::uint64_t size = newest.checkpoint.size;
  if (index >= size) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("there is no entry {} under the newest checkpoint, which is of {} entries", index, size),
                "index");
  }
  FolderTiles tiles(directory);
  const log::TiledTree tree(tiles, size);
  SIGNET_TRY(log::Proof path, tree.prove_inclusion(index, size));
  SIGNET_TRY(Bytes entry, tiles.read_entry(index, size));
  const auto verified = log::verify_inclusion(index, size, digest().leaf(entry), path, newest.checkpoint.root);
  if (!verified.has_value()) {
    return fail(ErrorCode::kDataLoss,
                fmt::format("the folder is damaged: bundle and tiles do not lead to the checkpoint ({}); "
                            "signet-audit verify says where",
                            verified.error().message));
  }
  return log::format_proof_file(
      {.extra = std::move(entry), .index = index, .path = std::move(path), .checkpoint = std::move(newest.note)});
}

Result<std::uint64_t> find_certificate(const std::string& directory, const std::string& file) {
  SIGNET_TRY(const Certificate certificate, load_certificate(file));
  const std::string fingerprint = to_hex(certificate.fingerprint());
  SIGNET_TRY(EntryFile entries, EntryFile::open(directory));
  EntryView view;
  while (true) {
    SIGNET_TRY(const std::optional<Block> block, entries.next());
    if (!block) break;
    for (std::size_t i = 0; i < block->frames.size(); ++i) {
      // Most entries do not have the hash in them at all.
      if (text_of(block->entry(i)).find(fingerprint) == std::string_view::npos) continue;
      if (!view.parse(block->entry(i)).has_value() && is_issued(view, fingerprint)) return block->first + i;
    }
  }
  return fail(ErrorCode::kNotFound,
              fmt::format("the log has no entry \"issued\" of the certificate with the SHA-256 {}", fingerprint),
              "certificate_sha256");
}

Result<ProvenEntry> check_proof(const ProofOptions& options) {
  SIGNET_TRY(const Bytes bytes, read_file(options.proof, log::kMaxProofFileBytes, FileTrust::kAnyone, "file"));
  SIGNET_TRY(const log::ProofFile proof, of_proof(log::parse_proof_file(bytes)));
  SIGNET_TRY(const log::Checkpoint checkpoint, of_proof(log::parse_checkpoint(proof.checkpoint.text)));
  SIGNET_TRY(const std::vector<log::NoteVerifier> keys, keys_of(options, checkpoint.origin));
  ProvenEntry proven;
  proven.index = proof.index;
  proven.origin = checkpoint.origin;
  proven.tree_size = checkpoint.size;
  SIGNET_TRY(proven.signers, check_signers(proof.checkpoint, keys));
  if (checkpoint.origin != keys.front().name()) {
    return refuse(
        fmt::format("the checkpoint is of {}, the key of {}", printable(checkpoint.origin), keys.front().name()));
  }
  if (proof.extra.empty()) return refuse("it carries no entry (line \"extra\"), so it proves nothing that can be read");
  SIGNET_CHECK(of_proof(
      log::verify_inclusion(proof.index, checkpoint.size, digest().leaf(proof.extra), proof.path, checkpoint.root)));
  EntryView view;
  if (const auto problem = view.parse(proof.extra)) {
    return refuse(fmt::format("the entry in it is not canonical at byte {}: {}", problem->offset, problem->what));
  }
  if (!options.certificate.empty()) SIGNET_CHECK(check_certificate(view, options.certificate));
  proven.entry = std::string(text_of(proof.extra));
  proven.type = text_of_field(view, "type");
  proven.time = text_of_field(view, "time");
  return proven;
}

}  // namespace signet::audit
