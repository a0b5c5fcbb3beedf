// What the last answers of a token's keyholder say of whether to ask it first.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>

#include "signet/result.h"

namespace signet {

/// Whether a keyholder says that it will not sign this, ever: its fence refuses, or the request is wrong. A module that
/// took its keyholder over says so as well, so a refusal is one only when another token's keyholder refuses, too.
[[nodiscard]] bool is_refusal(const Error& error) noexcept;

/// A token that fails at once has the least in flight, and would be asked before all others. So after kMostFailures in
/// a row it is doubted: asked when nobody else can be, and by one request now and then, to see whether it is well
/// again. The pause before that is kFirstPause, doubled with each such request up to kLongestPause. One success ends
/// the doubt. Of one keyholder, from its start to its end: the next one has signed with each key before it is asked.
/// Thread-safe.
class TokenTrust {
 public:
  static constexpr unsigned kMostFailures = 3;
  static constexpr std::chrono::seconds kFirstPause{1};
  static constexpr std::chrono::seconds kLongestPause{32};

  /// What came of a request for a signature, once the answer was looked at: a signature that does not verify is a
  /// failure. A refusal (is_refusal) says nothing of the token by itself.
  void note(const Result<void>& outcome);
  void note_failure();
  [[nodiscard]] bool doubted() const;
  /// Whether the caller is the one request that may try a doubted token at `now` (Clock::monotonic). The first pause
  /// begins when this is asked for the first time.
  [[nodiscard]] bool take_trial(std::chrono::microseconds now);

 private:
  mutable std::mutex mutex_;
  unsigned failures_ = 0;  // in a row
  std::chrono::seconds pause_ = kFirstPause;
  std::optional<std::chrono::microseconds> next_trial_;
};

}  // namespace signet
