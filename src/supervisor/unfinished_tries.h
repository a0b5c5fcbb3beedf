// Whether signetd was ended while a token had its PIN.
#pragma once

#include <string>

#include "config/pin_config.h"
#include "supervisor/state_note.h"

namespace signet {

/// Counts the tries of a PIN whose answer no signetd has heard, because it was killed or the power was cut. A note in
/// the state folder has the number while a try is under way, with the identity of the PIN's source (identity_of()): of
/// another PIN there is none. Where it cannot be written, the operations log says so: by then the token has the PIN.
/// Not thread-safe.
class UnfinishedTries {
 public:
  /// That many are made; then nobody knows how near the token is to locking itself. One may be a power cut at a good
  /// login, after which a machine has to come back by itself.
  static constexpr unsigned kMost = 2;

  explicit UnfinishedTries(std::string note_file) : note_(std::move(note_file)) {}

  /// What earlier ones left. Errors: the note cannot be read.
  [[nodiscard]] Result<void> read(const std::string& identity);
  /// The token has the PIN. Durable on return.
  void begin(const std::string& identity);
  /// This signetd has the answer, or has noted that there was none.
  void end();

  [[nodiscard]] bool are_too_many() const noexcept { return count_ >= kMost; }

 private:
  StateNote note_;
  unsigned count_ = 0;
  bool is_noted_ = false;
};

}  // namespace signet
