#include "log_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "log/entries.h"
#include "log/merkle.h"

namespace signet::cli {
namespace {

std::unexpected<Error> does_not_fit(std::string_view what, std::string_view why) {
  return fail(ErrorCode::kDataLoss, fmt::format("{} does not verify: {}", what, why));
}

Result<log::Checkpoint> check_note(const log::Note& note, const LogKey& key, std::string_view what) {
  if (key.has_value()) {
    const auto verified = log::verify_note(note, {&*key, 1});
    if (!verified.has_value()) return does_not_fit(what, verified.error().message);
  }
  const auto checkpoint = log::parse_checkpoint(note.text);
  if (!checkpoint.has_value()) return does_not_fit(what, checkpoint.error().message);
  if (!key.has_value() || checkpoint->origin == key->name()) return *checkpoint;
  return does_not_fit(what, fmt::format("it is of the log \"{}\", and the key is of \"{}\"",
                                        printable(checkpoint->origin), printable(key->name())));
}

}  // namespace

Result<log::Checkpoint> check_checkpoint(ByteView note, const LogKey& key) {
  const auto parsed = log::parse_note(note);
  if (!parsed.has_value()) return does_not_fit("the checkpoint", parsed.error().message);
  return check_note(*parsed, key, "the checkpoint");
}

Result<void> check_consistency(const log::Checkpoint& older, const log::Checkpoint& newer,
                               const std::vector<ByteVector>& hashes) {
  if (older.origin != newer.origin) {
    return does_not_fit("the checkpoint", fmt::format("it is of the log \"{}\", and the older one of \"{}\"",
                                                      printable(newer.origin), printable(older.origin)));
  }
  if (newer.size < older.size) {
    return does_not_fit("the log", fmt::format("it has {} entries now and had {}: an older copy was put back, or this "
                                               "is another history of it",
                                               newer.size, older.size));
  }
  log::Proof proof;
  for (const ByteVector& hash : hashes) {
    if (hash.size() != sizeof(Sha256)) return does_not_fit("the consistency proof", "it has a hash that is none");
    std::ranges::copy(hash, proof.emplace_back().begin());
  }
  const auto consistent = log::verify_consistency(older.size, newer.size, older.root, newer.root, proof);
  if (consistent.has_value()) return {};
  return does_not_fit("the log", fmt::format("its {} entries do not begin with the {} of the older checkpoint ({}): "
                                             "this is another history of it",
                                             newer.size, older.size, consistent.error().message));
}

Result<CheckedProof> check_proof(ByteView proof, std::uint64_t index, const LogKey& key) {
  constexpr std::string_view kWhat = "the proof";
  auto file = log::parse_proof_file(proof);
  if (!file.has_value()) return does_not_fit(kWhat, file.error().message);
  if (file->index != index) {
    return does_not_fit(kWhat, fmt::format("it is of entry {}, not of {}", file->index, index));
  }
  SIGNET_TRY(const log::Checkpoint checkpoint, check_note(file->checkpoint, key, kWhat));
  const auto included =
      log::verify_inclusion(index, checkpoint.size, log::leaf_hash(file->extra), file->path, checkpoint.root);
  if (!included.has_value()) return does_not_fit(kWhat, included.error().message);
  auto entry = log::parse_entry(file->extra, index);
  if (!entry.has_value()) return does_not_fit(kWhat, entry.error().message);
  return CheckedProof{*std::move(file), checkpoint, *std::move(entry)};
}

Result<CheckedProof> check_issued(const IssuedCertificate& issued, const LogKey& key) {
  SIGNET_TRY(CheckedProof checked, check_proof(issued.proof, issued.log_index, key));
  if (checked.entry.type != log::entry_type::kIssued) {
    return does_not_fit("the proof", fmt::format("its entry is of the type \"{}\", not \"{}\"",
                                                 printable(checked.entry.type), log::entry_type::kIssued));
  }
  const auto fields = log::read_issued(checked.entry);
  if (!fields.has_value()) return does_not_fit("the proof", fields.error().message);
  if (fields->certificate_sha256 == sha256(issued.certificate)) return checked;
  return does_not_fit("the proof", "its entry is of another certificate");
}

std::string how_checked(const LogKey& key) {
  if (key.has_value()) return fmt::format("checked with the key {}", printable(key->describe()));
  return "hashes checked, its signature NOT (give --log-key)";
}

}  // namespace signet::cli
