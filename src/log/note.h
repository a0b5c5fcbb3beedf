// Signed notes (C2SP signed-note): a text and the signatures of it.
//
//   <text, ends in a newline>
//   <empty line>
//   — <key name> <base64 of key id and signature>        one or more
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "log/note_verifier.h"

namespace signet::log {

/// The specification wants at least 16 signatures accepted; Go's sumdb/note accepts as many as this.
inline constexpr std::size_t kMaxNoteSignatures = 100;
/// Of a whole note. As many signatures of the largest kind there is (5 kB, post-quantum) fit in.
inline constexpr std::size_t kMaxNoteBytes = std::size_t{1024} * 1024;

/// One signature line. Nothing is known of the signature until a NoteVerifier with that name and key id has verified
/// it.
struct NoteSignature {
  std::string name;
  std::uint32_t key_id = 0;
  Bytes signature;  ///< what follows the key id; not empty
  friend bool operator==(const NoteSignature&, const NoteSignature&) = default;
};

struct Note {
  std::string text;  ///< with its last newline, without the empty line behind it
  std::vector<NoteSignature> signatures;
  friend bool operator==(const Note&, const Note&) = default;
};

/// A text that can be signed ends in a newline, is UTF-8, and has no control characters below U+0020 but newlines. It
/// may contain empty lines. Errors: kInvalidArgument with field "note".
[[nodiscard]] Result<void> check_note_text(std::string_view text);

/// Takes exactly what format_note() writes: writing the result gives the same bytes. Verifies nothing. Refuses what
/// breaks check_note_text or check_key_name, base64 that is not canonical, more than kMaxNoteSignatures signatures,
/// more than kMaxNoteBytes. Error kInvalidArgument with field "note".
[[nodiscard]] Result<Note> parse_note(ByteView bytes);
[[nodiscard]] Result<Bytes> format_note(const Note& note);

/// A signature that verified.
struct VerifiedSignature {
  NoteVerifier verifier;
  std::optional<std::chrono::sys_seconds> time;  ///< of a cosignature: when the witness says it made it
};

/// Verifies every signature of the known keys. A signature belongs to the verifier that has its name and its key id;
/// the others are passed over. Returns one for each known key that signed (the first, should a key have signed more
/// than once), in the note's order, and at least one. Errors, with field "note":
/// - kUnauthenticated: a signature of a known key does not verify, whatever others do, or no known key has signed;
/// - kFailedPrecondition: a signature belongs to two different keys of `verifiers`.
[[nodiscard]] Result<std::vector<VerifiedSignature>> verify_note(const Note& note,
                                                                 std::span<const NoteVerifier> verifiers);

struct OpenedNote {
  std::string text;
  std::vector<VerifiedSignature> signatures;
};

/// parse_note() and verify_note().
[[nodiscard]] Result<OpenedNote> open_note(ByteView bytes, std::span<const NoteVerifier> verifiers);

/// Signs `message`, the text as it is, with a key that is elsewhere (on a token): Ed25519 as RFC 8032 has it, ECDSA
/// hashed with SHA-256 and as DER ECDSA-Sig-Value.
using NoteSigner = std::function<Result<Bytes>(ByteView message)>;

/// The signature line for `text` of the key that `self` describes, verified with it before it is given away. Errors:
/// kInvalidArgument: the text cannot be signed, or `self` is a witness (cosignatures carry a time and are not made
/// here); kInternal: the signature does not verify; those of `sign`.
[[nodiscard]] Result<NoteSignature> sign_note(std::string_view text, const NoteVerifier& self, const NoteSigner& sign);

}  // namespace signet::log
