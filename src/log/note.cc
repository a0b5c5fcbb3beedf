#include "log/note.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "log/cosignature.h"
#include "log/text_format.h"

namespace signet::log {
namespace {

constexpr std::string_view kSignaturePrefix = "\xE2\x80\x94 ";  // em dash, U+2014, and a space
constexpr std::size_t kKeyIdBytes = 4;

std::unexpected<Error> refuse(ErrorCode code, std::string message) { return fail(code, std::move(message), "note"); }

std::unexpected<Error> refuse_line(std::size_t number, std::string_view line, std::string_view problem) {
  return refuse(ErrorCode::kInvalidArgument,
                fmt::format("signature line {} of the note, \"{}\", {}", number, printable(line), problem));
}

Result<void> check_characters(std::string_view text) {
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t offset = text.size() - rest.size();
    const auto point = take_code_point(rest);
    if (!point.has_value()) {
      return refuse(ErrorCode::kInvalidArgument, fmt::format("the note is not UTF-8 at byte {}", offset));
    }
    if (*point < 0x20 && *point != U'\n') {
      return refuse(ErrorCode::kInvalidArgument,
                    fmt::format("the note has the control character U+{:04X} at byte {}; only newlines may be there",
                                static_cast<std::uint32_t>(*point), offset));
    }
  }
  return {};
}

Result<void> check_size(std::size_t bytes) {
  if (bytes <= kMaxNoteBytes) return {};
  return refuse(ErrorCode::kInvalidArgument,
                fmt::format("the note has {} bytes; at most {} are accepted", bytes, kMaxNoteBytes));
}

Result<void> check_signature_count(std::size_t count) {
  if (count >= 1 && count <= kMaxNoteSignatures) return {};
  return refuse(ErrorCode::kInvalidArgument,
                fmt::format("the note has {} signatures; 1 to {} are accepted", count, kMaxNoteSignatures));
}

/// `line` is without its newline; `number` counts from 1.
Result<NoteSignature> parse_signature_line(std::size_t number, std::string_view line) {
  if (!line.starts_with(kSignaturePrefix))
    return refuse_line(number, line, "does not start with an em dash and a space");
  const std::string_view rest = line.substr(kSignaturePrefix.size());
  const std::size_t space = rest.find(' ');
  if (space == std::string_view::npos) return refuse_line(number, line, "has no space between key name and signature");
  const std::string_view name = rest.substr(0, space);
  if (const auto checked = check_key_name(name); !checked.has_value()) {
    return refuse_line(number, line, "is wrong: " + checked.error().message);
  }
  const auto bytes = from_base64(rest.substr(space + 1));
  if (!bytes.has_value()) return refuse_line(number, line, "is wrong: its signature is " + bytes.error().message);
  if (bytes->size() <= kKeyIdBytes)
    return refuse_line(number, line, "has no signature behind the 4 bytes of the key id");
  return NoteSignature{std::string(name), read_u32(*bytes), copy_of(ByteView(*bytes).subspan(kKeyIdBytes))};
}

Result<std::vector<NoteSignature>> parse_signature_lines(std::string_view lines) {
  std::vector<NoteSignature> signatures;
  while (const auto line = take_line(lines)) {
    SIGNET_CHECK(check_signature_count(signatures.size() + 1));
    SIGNET_TRY(NoteSignature signature, parse_signature_line(signatures.size() + 1, *line));
    signatures.push_back(std::move(signature));
  }
  if (!lines.empty()) return refuse(ErrorCode::kInvalidArgument, "the note does not end in a newline");
  SIGNET_CHECK(check_signature_count(signatures.size()));
  return signatures;
}

Result<std::string> signature_line(const NoteSignature& signature) {
  if (const auto checked = check_key_name(signature.name); !checked.has_value()) {
    return refuse(ErrorCode::kInvalidArgument, checked.error().message);
  }
  if (signature.signature.empty()) {
    return refuse(ErrorCode::kInvalidArgument, fmt::format("the signature of \"{}\" is empty", signature.name));
  }
  Bytes encoded;
  append_u32(encoded, signature.key_id);
  append(encoded, signature.signature);
  return fmt::format("{}{} {}\n", kSignaturePrefix, signature.name, to_base64(encoded));
}

/// The verifier with the signature's name and key id, nullptr if there is none.
Result<const NoteVerifier*> find_verifier(std::span<const NoteVerifier> verifiers, const NoteSignature& signature) {
  const NoteVerifier* found = nullptr;
  for (const NoteVerifier& verifier : verifiers) {
    if (verifier.name() != signature.name || verifier.key_id() != signature.key_id) continue;
    if (found != nullptr && *found != verifier) {
      return refuse(ErrorCode::kFailedPrecondition,
                    fmt::format("two different verifier keys are {}; which one a signature is of cannot be told. "
                                "Remove the wrong one",
                                verifier.describe()));
    }
    found = &verifier;
  }
  return found;
}

Result<VerifiedSignature> verify(const NoteVerifier& verifier, std::string_view text, ByteView signature) {
  if (const auto verified = verifier.verify(text, signature); !verified.has_value()) {
    return refuse(ErrorCode::kUnauthenticated,
                  fmt::format("the note's {} signature of {} is bad: {}", name_of(verifier.type()), verifier.describe(),
                              verified.error().message));
  }
  if (verifier.type() != NoteKeyType::kCosignatureV1) return VerifiedSignature{verifier, std::nullopt};
  SIGNET_TRY(const Cosignature cosignature, parse_cosignature(signature));
  return VerifiedSignature{verifier, cosignature.time};
}

bool is_among(const std::vector<VerifiedSignature>& signatures, const NoteVerifier& verifier) {
  return std::ranges::any_of(signatures, [&](const auto& signature) { return signature.verifier == verifier; });
}

}  // namespace

Result<void> check_note_text(std::string_view text) {
  SIGNET_CHECK(check_size(text.size()));
  SIGNET_CHECK(check_characters(text));
  if (!text.ends_with('\n')) return refuse(ErrorCode::kInvalidArgument, "a note's text must end in a newline");
  return {};
}

Result<Note> parse_note(ByteView bytes) {
  SIGNET_CHECK(check_size(bytes.size()));
  const std::string_view all = text_of(bytes);
  SIGNET_CHECK(check_characters(all));
  const std::size_t end = all.rfind("\n\n");  // the text itself may have empty lines
  if (end == std::string_view::npos) {
    return refuse(ErrorCode::kInvalidArgument, "the note has no empty line between text and signatures");
  }
  SIGNET_TRY(std::vector<NoteSignature> signatures, parse_signature_lines(all.substr(end + 2)));
  return Note{std::string(all.substr(0, end + 1)), std::move(signatures)};
}

Result<Bytes> format_note(const Note& note) {
  SIGNET_CHECK(check_note_text(note.text));
  SIGNET_CHECK(check_signature_count(note.signatures.size()));
  std::string formatted = note.text + "\n";
  for (const NoteSignature& signature : note.signatures) {
    SIGNET_TRY(const std::string line, signature_line(signature));
    formatted += line;
  }
  SIGNET_CHECK(check_size(formatted.size()));
  return copy_of(bytes_of(formatted));
}

Result<std::vector<VerifiedSignature>> verify_note(const Note& note, std::span<const NoteVerifier> verifiers) {
  std::vector<VerifiedSignature> known;
  for (const NoteSignature& signature : note.signatures) {
    SIGNET_TRY(const NoteVerifier* const verifier, find_verifier(verifiers, signature));
    if (verifier == nullptr) continue;
    SIGNET_TRY(VerifiedSignature verified, verify(*verifier, note.text, signature.signature));
    if (!is_among(known, *verifier)) known.push_back(std::move(verified));
  }
  if (!known.empty()) return known;
  return refuse(ErrorCode::kUnauthenticated,
                fmt::format("none of the {} known keys has signed the note", verifiers.size()));
}

Result<OpenedNote> open_note(ByteView bytes, std::span<const NoteVerifier> verifiers) {
  SIGNET_TRY(Note note, parse_note(bytes));
  SIGNET_TRY(std::vector<VerifiedSignature> signatures, verify_note(note, verifiers));
  return OpenedNote{std::move(note.text), std::move(signatures)};
}

Result<NoteSignature> sign_note(std::string_view text, const NoteVerifier& self, const NoteSigner& sign) {
  SIGNET_CHECK(check_note_text(text));
  if (self.type() == NoteKeyType::kCosignatureV1) {
    return refuse(ErrorCode::kInvalidArgument,
                  fmt::format("{} is the key of a witness, which a log does not sign with", self.describe()));
  }
  SIGNET_TRY(Bytes signature, sign(bytes_of(text)));
  if (const auto verified = self.verify(text, signature); !verified.has_value()) {
    return refuse(ErrorCode::kInternal, fmt::format("the signature made for {} does not verify with its public key; it "
                                                    "was thrown away. Check which key signs for that name",
                                                    self.describe()));
  }
  return NoteSignature{self.name(), self.key_id(), std::move(signature)};
}

}  // namespace signet::log
