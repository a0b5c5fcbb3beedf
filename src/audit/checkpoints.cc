#include "audit/checkpoints.h"

#include <fmt/format.h>

#include "audit/entry_file.h"
#include "log/checkpoint.h"
#include "log/cosignature.h"

namespace signet::audit {
namespace {

constexpr std::size_t kReadBytes = std::size_t{64} * 1024;
constexpr std::size_t kBatchNotes = 64;
constexpr std::size_t kBatchBytes = std::size_t{256} * 1024;  // one more note may be as long as a note can be
/// An empty line ends the text of a note, another one the note.
constexpr std::string_view kEmptyLine = "\n\n";

/// How many bytes the note at the front has, the empty line behind it not counted; nothing if it is not whole.
std::optional<std::size_t> note_length(std::string_view text) {
  const std::size_t text_end = text.find(kEmptyLine);
  if (text_end == std::string_view::npos) return std::nullopt;
  const std::size_t end = text.find(kEmptyLine, text_end + kEmptyLine.size());
  if (end == std::string_view::npos) return std::nullopt;
  return end + 1;
}

/// The signatures of the keys that are known.
void check_signatures(const log::Note& note, const Keys& keys, CheckedCheckpoint& checked) {
  const auto complain = [&](std::string_view id, std::string message) {
    checked.complaints.push_back(about(checked.place, id, std::move(message)));
  };
  const auto is_by = [](const log::NoteSignature& signature, const log::NoteVerifier& key) {
    return signature.name == key.name() && signature.key_id == key.key_id();
  };
  bool has_log_signature = false;
  for (const log::NoteSignature& signature : note.signatures) {
    if (keys.log && is_by(signature, *keys.log)) {
      has_log_signature = true;
      checked.by_log = keys.log->verify(note.text, signature.signature).has_value();
      if (!checked.by_log) {
        complain("checkpoint-signature", fmt::format("the signature of {} does not verify", keys.log->describe()));
      }
    }
    for (const log::NoteVerifier& witness : keys.witnesses) {
      if (!is_by(signature, witness)) continue;
      if (const auto verified = witness.verify(note.text, signature.signature); verified.has_value()) {
        const auto cosignature = log::parse_cosignature(signature.signature);
        checked.cosigned.push_back({.witness = witness.describe(), .time = cosignature.value().time});
      } else {
        complain("cosignature", fmt::format("the cosignature of {} does not verify: {}", witness.describe(),
                                            printable(verified.error().message)));
      }
    }
  }
  if (!keys.log) checked.by_log = true;
  if (keys.log && !has_log_signature) {
    const auto& first = note.signatures.front();
    complain("checkpoint-other-key", fmt::format("is signed by {}+{:08x}, not by the log's key {}",
                                                 printable(first.name), first.key_id, keys.log->describe()));
  }
}

}  // namespace

CheckedCheckpoint check_checkpoint(std::string text, std::string place, const Keys& keys) {
  CheckedCheckpoint checked{.place = std::move(place), .note = std::move(text)};
  const auto malformed = [&](const std::string& why) {
    checked.complaints.push_back(about(checked.place, "checkpoint-malformed", printable(why)));
  };
  const auto note = log::parse_note(bytes_of(checked.note));
  if (!note.has_value()) {
    malformed(note.error().message);
    return checked;
  }
  const auto checkpoint = log::parse_checkpoint(note->text);
  if (!checkpoint.has_value()) {
    malformed(checkpoint.error().message);
    return checked;
  }
  checked.readable = true;
  checked.origin = checkpoint->origin;
  checked.size = checkpoint->size;
  checked.root = checkpoint->root;
  check_signatures(*note, keys, checked);
  if (keys.log && checked.origin != keys.log->name()) {
    checked.complaints.push_back(
        about(checked.place, "checkpoint-other-origin",
              fmt::format("the origin is {}, expected {}", printable(checked.origin), keys.log->name())));
  }
  return checked;
}

Result<CheckpointStream> CheckpointStream::open(const std::string& directory, WorkPool& pool, const Keys& keys) {
  std::string path = directory + "/checkpoints";
  std::uint64_t size = 0;
  auto file = open_regular(path, size);
  if (!file.has_value() && file.error().native == ENOENT) {
    return CheckpointStream({}, std::move(path), 0, pool, keys);
  }
  if (!file.has_value()) return std::unexpected(file.error());
  return CheckpointStream(*std::move(file), std::move(path), size, pool, keys);
}

Result<std::optional<std::string>> CheckpointStream::read_note() {
  std::optional<std::size_t> length = note_length(buffer_);
  while (!length && buffer_.size() <= log::kMaxNoteBytes) {
    const std::uint64_t from = offset_ + buffer_.size();
    const std::uint64_t left = from < size_ ? size_ - from : 0;
    Bytes more(static_cast<std::size_t>(std::min<std::uint64_t>(left, kReadBytes)));
    SIGNET_TRY(const std::size_t got, read_at(file_.get(), from, more.data(), more.size(), path_));
    if (got == 0) return std::nullopt;
    buffer_ += text_of(ByteView(more).first(got));
    length = note_length(buffer_);
  }
  if (!length) return std::nullopt;
  std::string note = buffer_.substr(0, *length);
  // Blocks of a torn write that never reached the disk read as zeros (log/checkpoint_file.h).
  if (offset_ + *length + 1 == size_ && note.contains('\0')) return std::nullopt;
  buffer_.erase(0, *length + 1);
  offset_ += *length + 1;
  return note;
}

Result<bool> CheckpointStream::submit_batch() {
  std::vector<std::pair<std::string, std::uint64_t>> notes;
  std::size_t bytes = 0;
  while (!ended_ && notes.size() < kBatchNotes && bytes < kBatchBytes) {
    const std::uint64_t offset = offset_;
    SIGNET_TRY(std::optional<std::string> note, read_note());
    ended_ = !note.has_value();
    if (!note) break;
    bytes += note->size();
    notes.emplace_back(*std::move(note), offset);
  }
  if (notes.empty()) return false;
  batches_.push(pool_->submit([notes = std::move(notes), keys = keys_]() mutable {
    Batch batch;
    for (auto& [note, offset] : notes) {
      batch.push_back(check_checkpoint(std::move(note), fmt::format("checkpoints, byte {}", offset), *keys));
    }
    return batch;
  }));
  return true;
}

Result<CheckedCheckpoint*> CheckpointStream::peek() {
  while (at_ == current_.size()) {
    while (file_.valid() && !ended_ && !batches_.full()) {
      SIGNET_TRY(const bool more, submit_batch());
      if (!more) break;
    }
    if (batches_.empty()) return nullptr;
    current_ = batches_.pop();
    at_ = 0;
  }
  return &current_[at_];
}

}  // namespace signet::audit
