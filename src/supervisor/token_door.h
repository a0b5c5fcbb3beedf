// What keeps a token's keyholder from being started: a PIN that is not there, was wrong, or an operator.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/secret.h"
#include "config/daemon_config.h"
#include "supervisor/inherited.h"
#include "supervisor/pin_mark.h"
#include "supervisor/state_note.h"
#include "supervisor/unfinished_tries.h"
#include "supervisor/wrong_pin.h"

namespace signet {

/// What a keyholder is started with.
struct DoorKey {
  Secret pin;
  bool is_configured = false;  ///< `pin` comes from the configured source, not from an operator
  bool despite_count_low = false;
  bool despite_final_try = false;
};

/// One per [token.NAME]. It knows where the PIN comes from, that a wrong one is not tried twice, and whether an
/// operator took the token out of use. Notes in the state folder tell both to the next signetd.
///
/// A PIN that was given for one start (by an operator, or by an inherited descriptor) is for one try: where the token
/// was away and never got it, the next start has it, in locked memory meanwhile. Not thread-safe.
class TokenDoor {
 public:
  enum class State : std::uint8_t {
    kFree,     ///< its keyholder may be started
    kNoPin,    ///< nobody has given the PIN yet, or it was given, tried and not kept
    kShut,     ///< the PIN was wrong, or the token says that it must not be tried
    kDrained,  ///< an operator wants it so
  };

  /// `state_directory` is where the notes are kept.
  TokenDoor(const TokenConfig& config, const std::string& state_directory);

  /// Reads the notes of an earlier signetd, and the PIN where it comes from an inherited descriptor. Errors: the
  /// descriptor is not there or has no PIN; a note cannot be read.
  [[nodiscard]] Result<void> prepare(InheritedDescriptors& inherited);

  [[nodiscard]] State state() const noexcept;
  /// What the operator has to do, as a sentence; empty when it is kFree.
  [[nodiscard]] std::string next_step() const;

  /// For the start that follows. In state kFree only. Errors: the configured source cannot be read; kFailedPrecondition
  /// where it still has the PIN that was wrong (WrongPin): the token is shut from now on.
  [[nodiscard]] Result<DoorKey> key_for_start();
  /// Keyholders give the PIN to the token that many times in a row without an answer, where it was right before.
  static constexpr unsigned kMostUnfinishedTries = 3;

  /// The keyholder is about to give the PIN to the token. Noted for the next signetd, unless that PIN was right before
  /// in the life of this one.
  void pin_is_tried();
  /// The token took it.
  void pin_was_right();
  /// The keyholder is ready. The PIN is kept now, where that is configured; the note is removed.
  void opened();
  /// The keyholder said that it cannot go on. True when the PIN is why: the token is shut from now on.
  bool closes_for(const Error& failure);
  /// The keyholder has left, or was not started after all. A PIN that was given for this start is gone if it was tried,
  /// and else is for the next; but not what the operator allowed despite the token's count, which may be another by
  /// then. When nobody knows what the token said to it, the token is shut from now on; but one that was right before,
  /// in the life of this signetd, may be tried again, until kMostUnfinishedTries had no answer.
  void left();

  /// The operator's acts. open_with() and open_again() are for one start.
  void open_with(DoorKey key);
  /// Errors: kFailedPrecondition when there is no PIN but the operator's.
  [[nodiscard]] Result<void> open_again(bool despite_count_low, bool despite_final_try);
  /// It is so from now on, whatever is returned. Errors: the next signetd will not know, because the note cannot be
  /// written or removed; the operations log has it, too.
  Result<void> set_drained(bool drained);

  [[nodiscard]] bool drained() const noexcept { return drained_; }
  /// What the last set_drained() returned.
  [[nodiscard]] const Result<void>& drained_is_noted() const noexcept { return drained_is_noted_; }
  /// A PIN was given and waits to be tried.
  [[nodiscard]] bool pin_waits() const noexcept { return given_.has_value() && !given_->pin.empty(); }
  [[nodiscard]] bool pin_is_kept() const noexcept { return kept_.has_value(); }
  [[nodiscard]] const TokenConfig& config() const noexcept { return config_; }
  /// "token.soft.pin_file"
  [[nodiscard]] std::string field() const;

 private:
  [[nodiscard]] Result<Secret> read_configured() const;
  [[nodiscard]] Result<void> read_notes();
  void recognise_wrong_pin(const std::string& tried_at);
  void recognise_unheard_pin();
  [[nodiscard]] std::optional<PinMark> mark_of_configured();
  [[nodiscard]] Result<Secret> configured_for_start(bool an_operator_wants_it);
  void keep_untried();
  [[nodiscard]] bool was_right_before() const noexcept;
  void try_was_unfinished();
  void shut(const Error& why);
  const TokenConfig& config_;
  StateNote shut_note_;
  StateNote drained_note_;
  std::optional<std::string> shut_;  // why
  std::optional<DoorKey> given_;     // for the next start
  std::optional<DoorKey> untried_;   // given for the start under way, and not tried yet
  std::optional<DoorKey> tried_;     // by the start under way; to be kept when it was right
  std::optional<DoorKey> kept_;      // with no word of an operator's about counts
  PinMarks marks_;
  WrongPin wrong_;
  UnfinishedTries unheard_;
  bool is_configured_ = false;        // the PIN of the last start came from the configured source
  std::string source_;                // identity_of() it, then
  std::optional<PinMark> in_use_;     // of the PIN of the last start, where it can be had again
  std::optional<PinMark> was_right_;  // of the PIN that was right last
  bool is_trying_ = false;            // the token has the PIN, and has not answered
  unsigned unfinished_tries_ = 0;     // in a row, without an answer
  bool drained_ = false;
  Result<void> drained_is_noted_;
};

}  // namespace signet
