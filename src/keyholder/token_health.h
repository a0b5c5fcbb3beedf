// What the answers of a token say about it.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "signet/result.h"

namespace signet {

/// Says when only a new process can help, which signs with every key once before it takes requests: so a token that
/// does not sign well is tried as often as signetd starts its keyholder, with pauses that grow, and not by each
/// request. Thread-safe.
class TokenHealth {
 public:
  /// So many signatures in a row that failed with whatever a new session might have mended.
  static constexpr unsigned kMostFailures = 3;

  /// `restart_codes`: return values of the module after which only a new process helps (HsmProfile).
  explicit TokenHealth(std::set<std::uint64_t> restart_codes) : restart_codes_(std::move(restart_codes)) {}

  /// A signature that verifies was made.
  void note_success() noexcept;
  /// None was: an error of the module, by its remedy (pkcs11_error.h), or a signature that does not verify. What is the
  /// caller's fault says nothing about the token.
  void note_failure(const Error& error);
  /// The token lacks what it had at the start.
  void note_loss(const std::string& why);

  /// Why the process has to leave and be restarted; nothing when it need not.
  [[nodiscard]] std::optional<std::string> loss() const;

 private:
  const std::set<std::uint64_t> restart_codes_;
  mutable std::mutex mutex_;
  unsigned failures_ = 0;  // in a row
  std::optional<std::string> loss_;
};

}  // namespace signet
