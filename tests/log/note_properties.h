// What must hold for any bytes given to the parsers of notes, checkpoints, proofs and verifier keys.
#pragma once

#include <cstdio>
#include <cstdlib>

#include "log/checkpoint.h"
#include "log/proof_file.h"

namespace signet::log {

/// Ends the process if not.
inline void must_re_format(bool same, const char* what) {
  if (same) return;
  std::fprintf(stderr, "property broken: an accepted %s re-formats to the same bytes\n", what);
  std::abort();
}

/// Each parser is given all the bytes. What one accepts has exactly these bytes as its form.
inline void check_note_property(ByteView bytes) {
  if (const auto note = parse_note(bytes); note.has_value()) {
    const auto again = format_note(*note);
    must_re_format(again.has_value() && equal(*again, bytes), "note");
  }
  if (const auto checkpoint = parse_checkpoint(text_of(bytes)); checkpoint.has_value()) {
    const auto again = format_checkpoint(*checkpoint);
    must_re_format(again.has_value() && *again == text_of(bytes), "checkpoint");
  }
  if (const auto proof = parse_proof_file(bytes); proof.has_value()) {
    const auto again = format_proof_file(*proof);
    must_re_format(again.has_value() && equal(*again, bytes), "proof");
  }
  if (const auto verifier = NoteVerifier::parse(text_of(bytes)); verifier.has_value()) {
    must_re_format(verifier->key_string() == text_of(bytes), "verifier key");
  }
}

}  // namespace signet::log
