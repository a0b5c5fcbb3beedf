#include "issuer/log_life.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "base/ops_log.h"
#include "base/version.h"

namespace signet {

namespace {

constexpr std::size_t kMaxTranscript = std::size_t{64} * 1024 * 1024;

std::string host_name() {
  utsname names{};
  return uname(&names) == 0 ? names.nodename : "";
}

Result<void> append(log::EntryLog& log, log::Draft draft) {
  SIGNET_TRY([[maybe_unused]] const std::uint64_t index, log.append(std::move(draft), log::Urgency::kEssential));
  return {};
}

Result<Sha256> transcript_hash(const std::string& path) {
  if (path.empty()) {
    return fail(ErrorCode::kFailedPrecondition,
                "the log is empty, and its first entry names the transcript of the ceremony that made its keys: give "
                "its file (signet-ceremony's transcript.jsonl)",
                "log.ceremony");
  }
  SIGNET_TRY(const Bytes transcript, read_file(path, kMaxTranscript, FileTrust::kNotWritable, "log.ceremony"));
  return sha256(transcript);
}

Result<void> append_if_changed(log::EntryLog& log, log::ConfigFile what, const Sha256& before, const Sha256& now,
                               std::string_view approved_by) {
  if (before == now) return {};
  return append(log,
                log::config_draft(
                    {.what = what, .old_sha256 = before, .new_sha256 = now, .approved_by = std::string(approved_by)}));
}

}  // namespace

Result<void> begin_log(const LogParts& log, const DaemonConfig& config, const Sha256& policy_sha256,
                       std::optional<log::Predecessor> predecessor) {
  SIGNET_TRY(const Sha256 ceremony, transcript_hash(config.log.ceremony));
  ops::info("a new log begins", {{"origin", log.place.origin}, {"directory", log.place.directory}});
  return append(*log.entries, log::genesis_draft({.origin = log.place.origin,
                                                  .log_key = log.verifier.key_string(),
                                                  .version = std::string(kVersion),
                                                  .ceremony_sha256 = ceremony,
                                                  .policy_sha256 = policy_sha256,
                                                  .config_sha256 = config.sha256,
                                                  .predecessor = std::move(predecessor)}));
}

Result<void> append_process(log::EntryLog& log, log::ProcessEvent event) {
  const bool start = event == log::ProcessEvent::kStart;
  return append(log, log::process_draft(event, {.process = "signet-issuer",
                                                .version = std::string(kVersion),
                                                .host = host_name(),
                                                .cut_bytes = start ? log.recovery().cut_bytes : 0}));
}

Result<void> append_changed_settings(log::EntryLog& log, const Store& store, const KnownSettings& now,
                                     std::string_view approved_by) {
  SIGNET_TRY(const std::optional<KnownSettings> known, store.settings());
  if (!known.has_value()) return fail(ErrorCode::kInternal, "the store knows no configuration though the log began");
  SIGNET_CHECK(
      append_if_changed(log, log::ConfigFile::kConfiguration, known->config_sha256, now.config_sha256, approved_by));
  SIGNET_CHECK(append_if_changed(log, log::ConfigFile::kPolicy, known->policy_sha256, now.policy_sha256, approved_by));
  return append_if_changed(log, log::ConfigFile::kBlockedKeys, known->blocked_keys_sha256, now.blocked_keys_sha256,
                           approved_by);
}

}  // namespace signet
