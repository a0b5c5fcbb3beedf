// `checkpoints`: every checkpoint ever signed, each a signed note and an empty line behind it; and `checkpoint`, the
// newest of them. docs/log-format.md has the files.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "log/note.h"

namespace signet::log {

struct CheckpointsEnd {
  std::uint64_t checkpoints = 0;
  std::uint64_t bytes = 0;       ///< of whole notes, with the empty lines behind them
  std::uint64_t rest_bytes = 0;  ///< behind them: a torn write
};

/// Hands every note of the file to `use` in order; its first error ends the reading and is returned. Bounded memory.
/// Errors of its own: kInternal (cannot be read), kDataLoss with byte offset for what is no note and not the rest of a
/// torn write at the very end. (Such a rest is at most kMaxNoteBytes long, and either no note ends in it or it has
/// zero bytes, as blocks have that were never written.) A file that is not there has none.
[[nodiscard]] Result<CheckpointsEnd> read_checkpoints(const std::string& path,
                                                      const std::function<Result<void>(const Note&)>& use);

/// The last whole note of the file, found from its end: what stands far before is not looked at. Errors as
/// read_checkpoints.
[[nodiscard]] Result<std::optional<Note>> last_checkpoint(const std::string& path);

/// Appends a note durably, after cutting what an earlier write left torn; then replaces `checkpoint`. May be called
/// again with the same note after an error: `checkpoints` has it once then. Errors: as last_checkpoint; those of
/// writing, after which the files may or may not have the note.
[[nodiscard]] Result<void> append_checkpoint(const std::string& directory, const Note& note);

/// The note in `checkpoint`; none where there is no such file. Error kDataLoss, naming the file, when it is no note: it
/// is only ever replaced as a whole, so this is no torn write.
[[nodiscard]] Result<std::optional<Note>> read_checkpoint(const std::string& directory);

/// How many entries the newest checkpoint in either file says it covers, its signature unseen; 0 where there is none
/// that can be read.
[[nodiscard]] std::uint64_t claimed_size(const std::string& directory);

/// Both names, below a log's folder.
[[nodiscard]] std::string checkpoint_path(const std::string& directory);
[[nodiscard]] std::string checkpoints_path(const std::string& directory);

}  // namespace signet::log
