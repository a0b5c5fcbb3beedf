// Tokens that come and go, and their keys in the log.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "config/daemon_config.h"
#include "issuer/issuing_gate.h"
#include "issuer/keyholders.h"
#include "log/entries.h"
#include "log/entry_log.h"
#include "log/publisher.h"

namespace signet {

/// Everything outlives the watch.
struct TokenWatchWorld {
  const DaemonConfig& config;
  const Keyholders& keyholders;
  log::EntryLog& log;
  const log::Publisher& publisher;
  log::CheckpointKey& log_key;
  IssuingGate& gate;
};

/// Logs `key` entries: found, when a token's keyholder is there for the first time, lost when it has gone or signetd
/// could not start it, restored when another one is there. At each return of the log key's keyholder its memory is
/// compared with the log, and the gate is closed for good when they differ. Not thread-safe.
class TokenWatch {
 public:
  explicit TokenWatch(const TokenWatchWorld& world) : world_(world) {}

  /// Logs what has changed since the last look. A token that cannot be described is looked at again the next time.
  /// Errors: of the log.
  [[nodiscard]] Result<void> look();

 private:
  /// Of one key on one token, as the log has it.
  struct KeyState {
    std::uint64_t generation = 0;  ///< of the link with which it is there; 0 = it is not
    bool is_known = false;         ///< it was found, or lost
  };
  [[nodiscard]] Result<void> look_at(const std::string& token, const KeyholderLink& link);
  [[nodiscard]] Result<void> log_lost(const std::string& token, std::uint64_t present, bool away);
  [[nodiscard]] Result<void> log_found(const std::string& token, std::uint64_t generation,
                                       const internal::TokenDescription& description);
  [[nodiscard]] Result<void> log(const log::KeyFields& fields);
  [[nodiscard]] KeyState& state_of(const std::string& token, const std::string& key) { return states_[{token, key}]; }
  void check_memory();

  TokenWatchWorld world_;
  std::map<std::pair<std::string, std::string>, KeyState> states_;  // by token and key
  bool memory_unchecked_ = false;
};

}  // namespace signet
