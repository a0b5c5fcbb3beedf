#include "issuer/log_parts.h"

#include <fmt/format.h>

#include <thread>

#include "base/ops_log.h"

namespace signet {

namespace {

constexpr std::chrono::seconds kTellThatItWaits{10};
constexpr std::chrono::milliseconds kBetweenQuestions{200};

Result<void> check_genesis(const log::EntryLog& log, const LogPlace& place, const log::NoteVerifier& verifier) {
  if (log.size() == 0) return {};
  SIGNET_TRY(const log::Entry first, read_entry(log, 0));
  if (first.type != log::entry_type::kGenesis) {
    return fail(ErrorCode::kDataLoss, fmt::format("{}: the log begins with an entry `{}`, not with `genesis`",
                                                  place.directory, printable(first.type)));
  }
  SIGNET_TRY(const log::GenesisFields genesis, log::read_genesis(first));
  if (genesis.origin == verifier.name() && genesis.log_key == verifier.key_string()) return {};
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("{}: this is the log \"{}\" with the key {}, and the configuration says \"{}\" with the key "
                          "{} ({}); a log keeps both: for another origin or key begin a new one, with this one as "
                          "[log.predecessor]",
                          place.directory, printable(genesis.origin), printable(genesis.log_key), verifier.name(),
                          verifier.key_string(), place.key));
}

}  // namespace

LogPlace own_log(const DaemonConfig& config) {
  return {.directory = config.log.directory, .origin = config.log.origin, .key = config.log.key};
}

LogPlace predecessor_log(const PredecessorConfig& predecessor) {
  return {.directory = predecessor.directory, .origin = predecessor.origin, .key = predecessor.key};
}

Result<std::unique_ptr<log::EntryLog>> open_entries(const DaemonConfig& config, const std::string& directory,
                                                    const Clock& clock, FromTheFuture future) {
  log::LogLimits limits{.min_free_bytes = config.log.min_free_bytes(), .clock_tolerance = config.log.clock_tolerance};
  if (future == FromTheFuture::kTaken) limits.clock_tolerance.reset();
  return log::EntryLog::open(directory, clock, log::system_file_ops(), limits);
}

Result<LogParts> open_log(const DaemonConfig& config, const LogPlace& place, const Keyholders& keyholders,
                          const Clock& clock, FromTheFuture future) {
  SIGNET_TRY(log::NoteVerifier verifier, load_log_key(config.keys.at(place.key), place.origin));
  SIGNET_TRY(auto entries, open_entries(config, place.directory, clock, future));
  SIGNET_CHECK(check_genesis(*entries, place, verifier));
  const bool is_own = place.directory == config.log.directory;
  const log::PublisherOptions options{.directory = place.directory,
                                      .verifier = verifier,
                                      .interval = config.log.checkpoint_interval,
                                      .accepted_loss = is_own ? config.log.accept_lost_memory : 0};
  SIGNET_TRY(auto publisher, log::Publisher::open(options, *entries, clock));
  return LogParts{.place = place,
                  .verifier = std::move(verifier),
                  .entries = std::move(entries),
                  .key = std::make_unique<KeyholderCheckpointKey>(keyholders, place.key, config.issue.sign_deadline),
                  .publisher = std::move(publisher)};
}

Result<log::Entry> read_entry(const log::EntryLog& log, std::uint64_t seq) {
  Bytes encoded;
  SIGNET_CHECK(log.read_raw(seq, seq + 1, [&](std::uint64_t, ByteView bytes) -> Result<void> {
    encoded = copy_of(bytes);
    return {};
  }));
  return log::parse_entry(std::move(encoded), seq);
}

Result<std::optional<log::SealedFields>> seal_of(const log::EntryLog& log) {
  if (log.size() == 0) return std::nullopt;
  SIGNET_TRY(const log::Entry last, read_entry(log, log.size() - 1));
  if (last.type != log::entry_type::kSealed) return std::nullopt;
  SIGNET_TRY(log::SealedFields seal, log::read_sealed(last));
  return seal;
}

Result<void> check_memory_when_there(const LogParts& log, const Keyholders& keyholders) {
  const KeyholderLink& link = keyholders.of_key(log.place.key);
  while (true) {
    while (!link.wait_connected(kTellThatItWaits))
      ops::warning("the log's key is waited for",
                   {{"key", log.place.key}, {"token", keyholders.token_of(log.place.key)}});
    const auto checked = log.publisher->check_memory(*log.key);
    if (checked.has_value() || !checked.error().retryable) return checked;
    ops::warning("the log's key cannot be asked", {{"key", log.place.key}, {"reason", checked.error().message}});
    std::this_thread::sleep_for(kBetweenQuestions);
  }
}

}  // namespace signet
