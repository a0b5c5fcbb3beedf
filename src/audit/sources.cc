#include <fmt/format.h>

#include "audit/verification.h"
#include "log/checkpoint.h"

namespace signet::audit {
namespace {

/// The key that the log's first entry names, if it can be read.
std::optional<log::NoteVerifier> key_of(const std::optional<log::GenesisFields>& genesis) {
  if (!genesis) return std::nullopt;
  auto verifier = log::NoteVerifier::parse(genesis->log_key);
  if (!verifier.has_value()) return std::nullopt;
  return *std::move(verifier);
}

Result<std::optional<log::NoteVerifier>> log_key(const VerifyOptions& options,
                                                 const std::optional<log::GenesisFields>& genesis) {
  if (options.log_key.empty()) return key_of(genesis);
  SIGNET_TRY(const GivenKey given, load_log_key(options.log_key, "log-key"));
  if (!given.verifier && !genesis) {
    return fail(ErrorCode::kInvalidArgument,
                "a PEM public key has no name, and the log's first entry names no origin: give a verifier key",
                "log-key");
  }
  SIGNET_TRY(log::NoteVerifier verifier, verifier_for(given, genesis ? genesis->origin : std::string()));
  return std::optional(std::move(verifier));
}

void check_predecessor(const log::Predecessor& named, const std::optional<log::NoteVerifier>& given,
                       Reporter& reporter) {
  const auto complain = [&](std::string message) {
    reporter.report(about_entry(0, "predecessor", std::move(message)));
  };
  auto key = log::NoteVerifier::parse(named.log_key);
  if (!key.has_value()) return complain("predecessor.log_key: " + printable(key.error().message));
  if (given && *given != *key) {
    return complain(fmt::format("the predecessor's key is {}, given was {}", key->describe(), given->describe()));
  }
  if (!given) {
    reporter.note(about_entry(0, "predecessor-key-not-given",
                              "the key of the log before was taken from this log, which proves nothing about who made "
                              "it"));
  }
  const CheckedCheckpoint last =
      check_checkpoint(named.checkpoint, "entry 0, predecessor.checkpoint", Keys{.log = *key, .witnesses = {}});
  for (const Complaint& complaint : last.complaints) complain("predecessor.checkpoint " + complaint.message);
  if (!last.readable) return;
  if (last.origin != named.origin) {
    complain(
        fmt::format("predecessor.origin is {}, the checkpoint's {}", printable(named.origin), printable(last.origin)));
  }
  if (last.size == 0) complain("predecessor.checkpoint is of a log without entries");
}

}  // namespace

Result<Sources> load_sources(const VerifyOptions& options) {
  Sources sources;
  sources.genesis = read_genesis(options.directory);
  SIGNET_TRY(sources.keys.log, log_key(options, sources.genesis));
  sources.key_given = !options.log_key.empty();
  SIGNET_TRY(sources.keys.witnesses, parse_witnesses(options.witnesses));
  SIGNET_TRY(sources.issuers, load_issuers(options.issuers));
  if (!options.since.empty()) {
    SIGNET_TRY(sources.since, load_note(options.since, "since"));
  }
  if (!options.predecessor_key.empty()) {
    SIGNET_TRY(const GivenKey given, load_log_key(options.predecessor_key, "predecessor-key"));
    const bool has_name = sources.genesis && sources.genesis->predecessor;
    SIGNET_TRY(sources.predecessor_key,
               verifier_for(given, has_name ? sources.genesis->predecessor->origin : std::string("unnamed")));
  }
  return sources;
}

void check_genesis(const log::GenesisFields& genesis, const Sources& sources, Reporter& reporter) {
  const auto named = log::NoteVerifier::parse(genesis.log_key);
  if (!named.has_value()) {
    reporter.report(about_entry(0, "genesis-key", "log_key: " + printable(named.error().message)));
  } else if (sources.keys.log && *named != *sources.keys.log) {
    reporter.report(about_entry(
        0, "genesis-key",
        fmt::format("log_key is {}, given was {}", printable(named->key_string()), sources.keys.log->key_string())));
  }
  if (named.has_value() && genesis.origin != named->name()) {
    reporter.report(about_entry(
        0, "genesis-key",
        fmt::format("the origin is {}, the name of its key {}", printable(genesis.origin), printable(named->name()))));
  }
  if (genesis.predecessor) {
    check_predecessor(*genesis.predecessor, sources.predecessor_key, reporter);
  } else if (sources.predecessor_key) {
    reporter.report(about_entry(0, "predecessor", "no predecessor is named, and a key of one was given"));
  }
}

}  // namespace signet::audit
