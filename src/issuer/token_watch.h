// Tokens that come and go, and their keys in the log.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>

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
  struct Known {
    std::uint64_t generation = 0;     ///< of the link whose keys are logged as there; 0 = none
    bool is_known = false;            ///< its keys are logged, as found or as lost
    std::set<std::string> told = {};  ///< keys whose part of a change is in the log; the log had no room for the others
  };
  [[nodiscard]] Result<void> look_at(const std::string& token, const KeyholderLink& link, Known& known);
  [[nodiscard]] Result<void> log_lost(const std::string& token, Known& known);
  [[nodiscard]] Result<void> log_found(const std::string& token, const internal::TokenDescription& description,
                                       Known& known);
  [[nodiscard]] Result<void> log_once(const log::KeyFields& fields, Known& known);
  void check_memory();

  TokenWatchWorld world_;
  std::map<std::string, Known> known_;
  bool memory_unchecked_ = false;
};

}  // namespace signet
