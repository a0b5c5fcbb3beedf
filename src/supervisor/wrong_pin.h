// What is remembered of a configured PIN that was wrong.
#pragma once

#include <optional>
#include <string>

#include "config/pin_config.h"
#include "supervisor/pin_mark.h"
#include "supervisor/state_note.h"

namespace signet {

/// What tells one state of the PIN's source from another, without a word about the PIN: of a file its number and when
/// it was changed last, of any other source only which one it is. Empty where the file is not there.
[[nodiscard]] std::string identity_of(const PinConfig& pin);

/// That the configured PIN of a token was wrong, when an operator has opened the token with another one meanwhile: it
/// is not tried again before it was replaced. This signetd knows it by its mark; the next one by a note in the state
/// folder, which has the identity of the source and nothing of the PIN, not even a hash: there are so few PINs that a
/// hash with its salt beside it gives them away. Not thread-safe.
class WrongPin {
 public:
  explicit WrongPin(std::string note_file) : note_(std::move(note_file)) {}

  /// When an earlier signetd noted that the PIN of just this source was wrong; nothing where it did not, or the source
  /// has changed since. Errors: the note cannot be read.
  [[nodiscard]] Result<std::optional<std::string>> noted(const std::string& identity) const;
  /// It is this one (without a mark: whichever is configured), by the note.
  void recognise(std::optional<PinMark> mark) { wrong_ = Wrong{mark}; }
  /// It was tried just now. Notes it for the next signetd, too; where that fails, the operations log says so.
  void remember(std::optional<PinMark> mark, const std::string& identity);
  /// The configured PIN was right.
  void forget();

  [[nodiscard]] bool is_known() const noexcept { return wrong_.has_value(); }
  /// Also where nobody can tell, because either has no mark.
  [[nodiscard]] bool is(const std::optional<PinMark>& mark) const noexcept;
  /// A PIN with this mark was right: it is the one that had seemed to be wrong.
  [[nodiscard]] bool is_surely(const std::optional<PinMark>& mark) const noexcept;

 private:
  struct Wrong {
    std::optional<PinMark> mark;  ///< nothing = it could not be marked
  };
  StateNote note_;
  std::optional<Wrong> wrong_;
};

}  // namespace signet
