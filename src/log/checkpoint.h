// Checkpoints (C2SP tlog-checkpoint): the text of the note that commits to a log's state.
//
//   <origin>
//   <tree size, decimal>
//   <root hash, base64>
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace signet::log {

struct Checkpoint {
  std::string origin;      ///< which log; one line, not empty. Nothing else is promised of an origin
  std::uint64_t size = 0;  ///< entries in the tree
  Sha256 root{};           ///< of the tree of that size (RFC 6962 section 2.1)
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

/// The text of a note, to be signed. Error kInvalidArgument with field "checkpoint" when the origin is empty, has a
/// newline, or is no text of a note (check_note_text in log/note.h).
[[nodiscard]] Result<std::string> format_checkpoint(const Checkpoint& checkpoint);

/// Takes exactly what format_checkpoint() writes. Extension lines, which the specification allows a log but does not
/// recommend, are refused: this log writes none, and nothing here could say what they mean. Error kInvalidArgument with
/// field "checkpoint".
[[nodiscard]] Result<Checkpoint> parse_checkpoint(std::string_view text);

}  // namespace signet::log
