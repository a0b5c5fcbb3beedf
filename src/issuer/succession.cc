#include "issuer/succession.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ops_log.h"
#include "issuer/issuance.h"
#include "issuer/log_life.h"

namespace signet {

namespace {

constexpr std::chrono::seconds kLastCheckpoint{30};  // the longest that the predecessor's key may take for it

bool is_of(const StoredLog& stored, const std::string& origin, const std::string& key_string) {
  return stored.origin == origin && stored.log_key == key_string;
}

/// Whether the store has seen the end of the configured predecessor.
Result<bool> knows_end_of(const Store& store, const DaemonConfig& config, const PredecessorConfig& predecessor) {
  SIGNET_TRY(const log::NoteVerifier key, load_log_key(config.keys.at(predecessor.key), predecessor.origin));
  SIGNET_TRY(const std::vector<StoredLog> known, store.logs());
  return std::ranges::any_of(
      known, [&](const StoredLog& log) { return log.sealed && is_of(log, predecessor.origin, key.key_string()); });
}

CatchUpProgress of_log(const LogProgress& progress, const std::string& directory) {
  if (!progress) return {};
  return [&progress, directory](std::uint64_t done, std::uint64_t of) { progress(directory, done, of); };
}

Result<void> catch_up_folder(const DaemonConfig& config, const std::string& directory, Store& store, const Clock& clock,
                             const LogProgress& progress) {
  SIGNET_TRY(const auto log, open_entries(config, directory, clock, FromTheFuture::kTaken));
  return catch_up(*log, store, of_log(progress, directory));
}

/// A log that has not begun yet: the last log that the store knows must be its predecessor.
Result<void> check_can_begin(const DaemonConfig& config, const Store& store) {
  SIGNET_TRY(const std::vector<StoredLog> known, store.logs());
  if (known.empty()) return {};
  if (const auto& predecessor = config.log.predecessor; predecessor.has_value()) {
    SIGNET_TRY(const log::NoteVerifier key, load_log_key(config.keys.at(predecessor->key), predecessor->origin));
    if (is_of(known.back(), predecessor->origin, key.key_string())) return {};
  }
  return fail(
      ErrorCode::kFailedPrecondition,
      fmt::format("the log in {} is empty, and the store knows the log \"{}\" (key {}): put its folder back, or "
                  "give it as [log.predecessor], or delete the store if nothing of that log counts any more",
                  config.log.directory, printable(known.back().origin), printable(known.back().log_key)),
      "log.directory");
}

Result<void> check_goes_on_from(const log::EntryLog& own, const DaemonConfig& config,
                                const PredecessorConfig& predecessor) {
  SIGNET_TRY(const log::NoteVerifier key, load_log_key(config.keys.at(predecessor.key), predecessor.origin));
  SIGNET_TRY(const log::Entry first, read_entry(own, 0));
  SIGNET_TRY(const log::GenesisFields genesis, log::read_genesis(first));
  const auto& named = genesis.predecessor;
  if (named.has_value() && named->origin == predecessor.origin && named->log_key == key.key_string()) return {};
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("the log in {} goes on from {}, not from \"{}\" with the key {}", config.log.directory,
                          named.has_value() ? fmt::format("\"{}\" with the key {}", printable(named->origin),
                                                          printable(named->log_key))
                                            : "no other",
                          predecessor.origin, key.key_string()),
              "log.predecessor");
}

}  // namespace

Result<void> catch_up_logs(const DaemonConfig& config, const log::EntryLog& own, Store& store, const Clock& clock,
                           const std::vector<std::string>& older, const LogProgress& progress) {
  for (const std::string& directory : older) SIGNET_CHECK(catch_up_folder(config, directory, store, clock, progress));
  if (config.log.predecessor.has_value()) {
    SIGNET_TRY(const bool known, knows_end_of(store, config, *config.log.predecessor));
    if (!known) SIGNET_CHECK(catch_up_folder(config, config.log.predecessor->directory, store, clock, progress));
  }
  if (own.size() == 0) return check_can_begin(config, store);
  if (config.log.predecessor.has_value()) SIGNET_CHECK(check_goes_on_from(own, config, *config.log.predecessor));
  return catch_up(own, store, of_log(progress, config.log.directory));
}

namespace {

Result<void> check_sealed_for(const log::SealedFields& seal, const log::NoteVerifier& successor,
                              const std::string& directory) {
  if (seal.successor_origin == successor.name() && seal.successor_key == successor.key_string()) return {};
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("the log in {} is sealed for the successor \"{}\" with the key {}, not for \"{}\" with the "
                          "key {}",
                          directory, printable(seal.successor_origin), printable(seal.successor_key), successor.name(),
                          successor.key_string()),
              "log.predecessor");
}

/// The log's own key signs one checkpoint more, and nothing after it.
log::KeyFields retired_key(const LogParts& log, const DaemonConfig& config) {
  return {.event = log::KeyEvent::kRetired,
          .key = log.place.key,
          .uri = config.keys.at(log.place.key).uri.text(),
          .spki_sha256 = log.verifier.key().spki_sha256()};
}

/// `sealed` is the last entry, and every intent is closed before it. Crash before it is durable: the next start does
/// this again, with the entries `start` and `key` once more. Crash after: the next start finds the seal.
Result<void> seal(const LogParts& log, const SuccessionWorld& world) {
  SIGNET_CHECK(append_process(*log.entries, log::ProcessEvent::kStart));
  SIGNET_CHECK(close_open_intents(*log.entries, world.store));
  SIGNET_TRY([[maybe_unused]] const std::uint64_t retired,
             log.entries->append(log::key_draft(retired_key(log, world.config)), log::Urgency::kEssential));
  const log::SealedFields fields{.successor_origin = world.successor.name(),
                                 .successor_key = world.successor.key_string()};
  SIGNET_TRY([[maybe_unused]] const std::uint64_t index,
             log.entries->append(log::sealed_draft(fields), log::Urgency::kEssential));
  ops::info("the predecessor's log is sealed", {{"origin", log.place.origin}, {"successor", world.successor.name()}});
  return {};
}

/// Crash before it is signed: the next start makes it. Crash after: it is there, and nothing is new.
Result<Bytes> last_checkpoint(const LogParts& log) {
  SIGNET_CHECK(log.publisher->start(*log.key));
  log.publisher->stop(kLastCheckpoint);
  const log::Published newest = log.publisher->newest();
  if (newest.size == log.entries->size()) return newest.note;
  const auto trouble = log.publisher->trouble();
  return fail_retryable(
      ErrorCode::kUnavailable,
      fmt::format("the predecessor's log in {} has no checkpoint of its last entry: {}", log.place.directory,
                  trouble.has_value() ? trouble->message : "its key took too long"),
      std::chrono::seconds(1));
}

}  // namespace

Result<log::Predecessor> end_predecessor(const PredecessorConfig& predecessor, const SuccessionWorld& world) {
  SIGNET_TRY(const LogParts log, open_log(world.config, predecessor_log(predecessor), world.keyholders, world.clock,
                                          FromTheFuture::kTaken));
  if (log.entries->size() == 0) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("the log in {} is empty: there is nothing to go on from", predecessor.directory),
                "log.predecessor.directory");
  }
  SIGNET_CHECK(catch_up(*log.entries, world.store));
  SIGNET_CHECK(check_memory_when_there(log, world.keyholders));
  SIGNET_TRY(const auto sealed, seal_of(*log.entries));
  if (sealed.has_value()) {
    SIGNET_CHECK(check_sealed_for(*sealed, world.successor, predecessor.directory));
  } else {
    SIGNET_CHECK(log.entries->start(world.store));
    SIGNET_CHECK(seal(log, world));
  }
  SIGNET_TRY(const Bytes note, last_checkpoint(log));
  log.entries->stop();
  return log::Predecessor{
      .origin = log.place.origin, .log_key = log.verifier.key_string(), .checkpoint = std::string(text_of(note))};
}

Result<void> check_not_sealed(const LogParts& log) {
  SIGNET_TRY(const auto sealed, seal_of(*log.entries));
  if (!sealed.has_value()) return {};
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("the log in {} is sealed: its successor is \"{}\" with the key {}; configure that one, with "
                          "this one as [log.predecessor]",
                          log.place.directory, printable(sealed->successor_origin), printable(sealed->successor_key)),
              "log.directory");
}

}  // namespace signet
