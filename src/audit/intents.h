// Every intent has exactly one outcome.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "audit/entry_facts.h"

namespace signet::audit {

/// A log has at most as many intents open as an issuer has workers, and what a crash left. More than this, or more
/// bytes of TBS, are given up on, the oldest first.
inline constexpr std::size_t kMaxOpenIntents = 16'384;
inline constexpr std::size_t kMaxOpenBytes = std::size_t{64} << 20U;

struct OpenIntent {
  IntentFacts facts;
  std::uint64_t entry = 0;  ///< its place
  std::int64_t time_micros = 0;
  bool survived_start = false;   ///< a `start` came while it was open
  std::int64_t waits_since = 0;  ///< for its outcome: the time of the last of those starts, or its own
  bool complained = false;
};

/// Takes the entries in order. Not thread-safe.
class Intents {
 public:
  /// `seq` is what outcomes call the intent by.
  void add(std::uint64_t seq, OpenIntent intent, Complaints& complaints);
  /// Takes the intent that an outcome closes; nothing, with a complaint, when there is none open. `serial` and
  /// `issuer` are those of the outcome, empty where it has none.
  [[nodiscard]] std::optional<OpenIntent> close(std::uint64_t entry, EntryType type, std::uint64_t intent,
                                                ByteView serial, std::string_view issuer, Complaints& complaints);
  /// An entry that closes nothing. Start-up closes what it finds open before anything else is asked of the issuer.
  void pass(EntryType type, std::int64_t time_micros, Complaints& complaints);

  [[nodiscard]] const std::map<std::uint64_t, OpenIntent>& open() const noexcept { return open_; }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  void drop_oldest(Complaints& complaints);
  [[nodiscard]] bool was_intent(std::uint64_t seq) const;

  std::map<std::uint64_t, OpenIntent> open_;  // by seq
  std::size_t open_bytes_ = 0;
  std::size_t survivors_ = 0;  // of open_, not complained about
  std::vector<bool> intents_;  // by seq: a bit for each entry
  std::uint64_t count_ = 0;
};

}  // namespace signet::audit
