// What stands published in a log's folder, compared with the entries. Internal to log.
#pragma once

#include <optional>
#include <string>

#include "log/checkpoint.h"
#include "log/entry_log.h"
#include "log/note.h"
#include "log/tile_writer.h"

namespace signet::log {

struct SignedHead {
  Note note;
  Checkpoint checkpoint;  ///< its text
};

/// The checkpoint in a note that this key signed. `where` begins the error's message. Error kDataLoss: it is no
/// checkpoint, of another log, or not signed by this key.
[[nodiscard]] Result<SignedHead> open_checkpoint(Note note, const NoteVerifier& verifier, const std::string& where);

struct PublishedLog {
  std::optional<SignedHead> newest;
  bool refile = false;               ///< `checkpoint` or the end of `checkpoints` lacks the newest
  MerkleFrontier frontier;           ///< of the newest
  std::optional<TileBuilder> tiles;  ///< of the newest; none when some are missing or damaged
};

/// Finds the newest checkpoint in the folder, and compares it, and the one before where only one file has the newest,
/// with the log: the entries from recovery().read_from on together with the tiles must make its root; where they do
/// not, all entries alone. Changes nothing. Errors: kDataLoss as Publisher::open; what cannot be read.
[[nodiscard]] Result<PublishedLog> check_published(const std::string& directory, const NoteVerifier& verifier,
                                                   const EntryLog& log);

}  // namespace signet::log
