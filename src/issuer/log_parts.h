// A log, with what belongs to it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "config/daemon_config.h"
#include "issuer/keyholders.h"
#include "issuer/log_key.h"
#include "log/entries.h"
#include "log/entry_log.h"
#include "log/publisher.h"

namespace signet {

/// Which log: as [log] or [log.predecessor] says.
struct LogPlace {
  std::string directory;
  std::string origin;
  std::string key;  ///< its name in the configuration
};
[[nodiscard]] LogPlace own_log(const DaemonConfig& config);
[[nodiscard]] LogPlace predecessor_log(const PredecessorConfig& predecessor);

/// Opened, and nothing started. The order of the members is that of their dependence: the publisher's thread uses all
/// of the others.
struct LogParts {
  LogPlace place;
  log::NoteVerifier verifier;
  std::unique_ptr<log::EntryLog> entries;
  std::unique_ptr<KeyholderCheckpointKey> key;
  std::unique_ptr<log::Publisher> publisher;
};

/// Whether a log whose last entry is later than the clock is opened.
enum class FromTheFuture : std::uint8_t {
  kRefused,
  kTaken,  ///< one that ends: whoever wrote it with a wrong clock goes on with another
};

/// Locks and recovers the log, and checks that it is the one of `place`. `keyholders` and `clock` outlive the parts.
/// Errors: those of EntryLog::open and Publisher::open; kFailedPrecondition when its genesis names another origin or
/// key, kDataLoss when it has none.
[[nodiscard]] Result<LogParts> open_log(const DaemonConfig& config, const LogPlace& place, const Keyholders& keyholders,
                                        const Clock& clock, FromTheFuture future = FromTheFuture::kRefused);
/// The first part of that: what needs no key. For who only reads.
[[nodiscard]] Result<std::unique_ptr<log::EntryLog>> open_entries(const DaemonConfig& config,
                                                                  const std::string& directory, const Clock& clock,
                                                                  FromTheFuture future = FromTheFuture::kRefused);

/// The entry at that place, which is durable.
[[nodiscard]] Result<log::Entry> read_entry(const log::EntryLog& log, std::uint64_t seq);
/// What the last entry says, if it is `sealed`.
[[nodiscard]] Result<std::optional<log::SealedFields>> seal_of(const log::EntryLog& log);

/// Waits until the keyholder of the log's key is there, however long that takes (whoever waits is told in the
/// operations log), and compares its memory with the log. Errors: kDataLoss, saying where they differ.
[[nodiscard]] Result<void> check_memory_when_there(const LogParts& log, const Keyholders& keyholders);

}  // namespace signet
