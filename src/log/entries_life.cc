#include "log/entries_life.h"

#include <array>

#include "log/entry_fields.h"

namespace signet::log {
namespace {

// The names of the fields, as docs/log-format.md lists them.
namespace name {
constexpr const char* kAct = "act";
constexpr const char* kApprovedBy = "approved_by";
constexpr const char* kAt = "at";
constexpr const char* kAttributes = "attributes";
constexpr const char* kCeremonySha256 = "ceremony_sha256";
constexpr const char* kCheckpoint = "checkpoint";
constexpr const char* kCheckpointRoot = "checkpoint_root";
constexpr const char* kCheckpointSize = "checkpoint_size";
constexpr const char* kClockOffset = "clock_offset_micros";
constexpr const char* kConfigSha256 = "config_sha256";
constexpr const char* kCutBytes = "cut_bytes";
constexpr const char* kEvent = "event";
constexpr const char* kExitStatus = "exit_status";
constexpr const char* kFirmware = "firmware";
constexpr const char* kHost = "host";
constexpr const char* kIssued = "issued";
constexpr const char* kJump = "jump_micros";
constexpr const char* kKey = "key";
constexpr const char* kLogKey = "log_key";
constexpr const char* kManufacturer = "manufacturer";
constexpr const char* kModel = "model";
constexpr const char* kNewSha256 = "new_sha256";
constexpr const char* kOffset = "offset_micros";
constexpr const char* kOldSha256 = "old_sha256";
constexpr const char* kOrigin = "origin";
constexpr const char* kPid = "pid";
constexpr const char* kPolicySha256 = "policy_sha256";
constexpr const char* kPredecessor = "predecessor";
constexpr const char* kProcess = "process";
constexpr const char* kRestarts = "restarts";
constexpr const char* kSignal = "signal";
constexpr const char* kSpkiSha256 = "spki_sha256";
constexpr const char* kSuccessorKey = "successor_key";
constexpr const char* kSuccessorOrigin = "successor_origin";
constexpr const char* kText = "text";
constexpr const char* kToken = "token";
constexpr const char* kTokenSerial = "token_serial";
constexpr const char* kUid = "uid";
constexpr const char* kUri = "uri";
constexpr const char* kVersion = "version";
constexpr const char* kWhat = "what";
}  // namespace name

// In the order of ConfigFile and KeyEvent.
constexpr std::array<std::string_view, 3> kConfigFiles = {"configuration", "policy", "blocked-keys"};
constexpr std::array<std::string_view, 6> kKeyEvents = {"generated", "found",    "evidence",
                                                        "lost",      "restored", "retired"};

template <class Enum, std::size_t kCount>
std::string_view name_in(const std::array<std::string_view, kCount>& names, Enum value) {
  return names[static_cast<std::size_t>(value)];
}

void put_micros(Object& object, const char* key, std::chrono::microseconds micros) {
  object.emplace(key, std::int64_t{micros.count()});
}

std::optional<Predecessor> read_predecessor(FieldReader& reader) {
  const Object* object = reader.object(name::kPredecessor);
  if (object == nullptr) return std::nullopt;
  Predecessor predecessor{.origin = reader.text_in(*object, name::kOrigin),
                          .log_key = reader.text_in(*object, name::kLogKey),
                          .checkpoint = reader.text_in(*object, name::kCheckpoint)};
  if (predecessor.origin.empty() || predecessor.log_key.empty() || predecessor.checkpoint.empty()) {
    reader.complain(name::kPredecessor, "lacks origin, log_key or checkpoint");
  }
  return predecessor;
}

}  // namespace

Draft genesis_draft(const GenesisFields& fields) {
  Draft draft = draft_of(entry_type::kGenesis, {}, kOutcomeOk);
  draft.fields.emplace(name::kOrigin, fields.origin);
  draft.fields.emplace(name::kLogKey, fields.log_key);
  draft.fields.emplace(name::kVersion, fields.version);
  put_hash(draft.fields, name::kCeremonySha256, fields.ceremony_sha256);
  put_hash(draft.fields, name::kPolicySha256, fields.policy_sha256);
  put_hash(draft.fields, name::kConfigSha256, fields.config_sha256);
  if (fields.predecessor) {
    draft.fields.emplace(name::kPredecessor, Object{{name::kOrigin, fields.predecessor->origin},
                                                    {name::kLogKey, fields.predecessor->log_key},
                                                    {name::kCheckpoint, fields.predecessor->checkpoint}});
  }
  return draft;
}

Draft heartbeat_draft(const HeartbeatFields& fields) {
  Draft draft = draft_of(entry_type::kHeartbeat, {}, kOutcomeOk);
  put_number(draft.fields, name::kCheckpointSize, fields.checkpoint_size);
  if (fields.checkpoint_root) put_hash(draft.fields, name::kCheckpointRoot, *fields.checkpoint_root);
  put_number(draft.fields, name::kIssued, fields.issued);
  put_micros(draft.fields, name::kClockOffset, fields.clock_offset);
  return draft;
}

Draft sealed_draft(const SealedFields& fields) {
  Draft draft = draft_of(entry_type::kSealed, {}, kOutcomeOk);
  draft.fields.emplace(name::kSuccessorOrigin, fields.successor_origin);
  draft.fields.emplace(name::kSuccessorKey, fields.successor_key);
  return draft;
}

Draft process_draft(ProcessEvent event, const ProcessFields& fields) {
  const bool crash = event == ProcessEvent::kCrash;
  const std::string_view type = crash                           ? entry_type::kCrash
                                : event == ProcessEvent::kStart ? entry_type::kStart
                                                                : entry_type::kStop;
  Draft draft = draft_of(type, {}, crash ? kOutcomeFailed : kOutcomeOk);
  draft.fields.emplace(name::kProcess, fields.process);
  if (crash) {
    draft.fields.emplace(name::kSignal, std::int64_t{fields.signal});
    draft.fields.emplace(name::kExitStatus, std::int64_t{fields.exit_status});
    put_number(draft.fields, name::kRestarts, fields.restarts);
    return draft;
  }
  draft.fields.emplace(name::kVersion, fields.version);
  draft.fields.emplace(name::kHost, fields.host);
  if (event == ProcessEvent::kStart) put_number(draft.fields, name::kCutBytes, fields.cut_bytes);
  return draft;
}

Draft config_draft(const ConfigFields& fields) {
  Draft draft = draft_of(entry_type::kConfig, {}, kOutcomeOk);
  draft.fields.emplace(name::kWhat, name_in(kConfigFiles, fields.what));
  put_hash(draft.fields, name::kOldSha256, fields.old_sha256);
  put_hash(draft.fields, name::kNewSha256, fields.new_sha256);
  draft.fields.emplace(name::kApprovedBy, fields.approved_by);
  return draft;
}

Draft key_draft(const KeyFields& fields) {
  Draft draft = draft_of(entry_type::kKey, {}, fields.event == KeyEvent::kLost ? kOutcomeFailed : kOutcomeOk);
  draft.fields.emplace(name::kEvent, name_in(kKeyEvents, fields.event));
  draft.fields.emplace(name::kKey, fields.key);
  put_if(draft.fields, name::kToken, fields.token);
  draft.fields.emplace(name::kUri, fields.uri);
  if (fields.spki_sha256) put_hash(draft.fields, name::kSpkiSha256, *fields.spki_sha256);
  put_if(draft.fields, name::kManufacturer, fields.manufacturer);
  put_if(draft.fields, name::kModel, fields.model);
  put_if(draft.fields, name::kTokenSerial, fields.token_serial);
  put_if(draft.fields, name::kFirmware, fields.firmware);
  Object attributes;
  for (const auto& [name, value] : fields.attributes) attributes.emplace(name, Value::boolean(value));
  if (!attributes.empty()) draft.fields.emplace(name::kAttributes, std::move(attributes));
  return draft;
}

Draft clock_draft(const ClockFields& fields) {
  Draft draft = draft_of(entry_type::kClock, {}, kOutcomeFailed);
  put_micros(draft.fields, name::kJump, fields.jump);
  put_micros(draft.fields, name::kOffset, fields.offset);
  return draft;
}

Draft admin_draft(const AdminFields& fields) {
  Draft draft = draft_of(entry_type::kAdmin, {}, fields.failure.empty() ? kOutcomeOk : kOutcomeFailed);
  draft.fields.emplace(name::kAct, fields.act);
  put_if(draft.fields, name::kToken, fields.token);
  put_number(draft.fields, name::kUid, fields.uid);
  put_number(draft.fields, name::kPid, fields.pid);
  put_time(draft.fields, name::kAt, fields.at);
  put_if(draft.fields, name::kText, fields.failure);
  return draft;
}

Result<GenesisFields> read_genesis(const Entry& entry) {
  FieldReader reader(entry);
  return reader.finish(GenesisFields{.origin = reader.text(name::kOrigin),
                                     .log_key = reader.text(name::kLogKey),
                                     .version = reader.text(name::kVersion),
                                     .ceremony_sha256 = reader.hash(name::kCeremonySha256),
                                     .policy_sha256 = reader.hash(name::kPolicySha256),
                                     .config_sha256 = reader.hash(name::kConfigSha256),
                                     .predecessor = read_predecessor(reader)});
}

Result<HeartbeatFields> read_heartbeat(const Entry& entry) {
  FieldReader reader(entry);
  return reader.finish(HeartbeatFields{.checkpoint_size = reader.number(name::kCheckpointSize),
                                       .checkpoint_root = reader.optional_hash(name::kCheckpointRoot),
                                       .issued = reader.number(name::kIssued),
                                       .clock_offset = reader.micros(name::kClockOffset)});
}

Result<SealedFields> read_sealed(const Entry& entry) {
  FieldReader reader(entry);
  return reader.finish(SealedFields{.successor_origin = reader.text(name::kSuccessorOrigin),
                                    .successor_key = reader.text(name::kSuccessorKey)});
}

Result<ProcessFields> read_process(const Entry& entry) {
  FieldReader reader(entry);
  ProcessFields fields{.process = reader.text(name::kProcess)};
  if (entry.type == entry_type::kCrash) {
    fields.signal = static_cast<int>(reader.number(name::kSignal));
    fields.exit_status = static_cast<int>(reader.number(name::kExitStatus));
    fields.restarts = static_cast<std::uint32_t>(reader.number(name::kRestarts));
    return reader.finish(std::move(fields));
  }
  fields.version = reader.text(name::kVersion);
  fields.host = reader.text(name::kHost);
  if (entry.type == entry_type::kStart) fields.cut_bytes = reader.number(name::kCutBytes);
  return reader.finish(std::move(fields));
}

Result<ConfigFields> read_config(const Entry& entry) {
  FieldReader reader(entry);
  return reader.finish(ConfigFields{.what = reader.one_of<ConfigFile>(name::kWhat, kConfigFiles),
                                    .old_sha256 = reader.hash(name::kOldSha256),
                                    .new_sha256 = reader.hash(name::kNewSha256),
                                    .approved_by = reader.text(name::kApprovedBy)});
}

Result<KeyFields> read_key(const Entry& entry) {
  FieldReader reader(entry);
  return reader.finish(KeyFields{.event = reader.one_of<KeyEvent>(name::kEvent, kKeyEvents),
                                 .key = reader.text(name::kKey),
                                 .token = reader.optional_text(name::kToken),
                                 .uri = reader.text(name::kUri),
                                 .spki_sha256 = reader.optional_hash(name::kSpkiSha256),
                                 .manufacturer = reader.optional_text(name::kManufacturer),
                                 .model = reader.optional_text(name::kModel),
                                 .token_serial = reader.optional_text(name::kTokenSerial),
                                 .firmware = reader.optional_text(name::kFirmware),
                                 .attributes = reader.flags(name::kAttributes)});
}

Result<ClockFields> read_clock(const Entry& entry) {
  FieldReader reader(entry);
  return reader.finish(ClockFields{.jump = reader.micros(name::kJump), .offset = reader.micros(name::kOffset)});
}

Result<AdminFields> read_admin(const Entry& entry) {
  FieldReader reader(entry);
  return reader.finish(AdminFields{.act = reader.text(name::kAct),
                                   .token = reader.optional_text(name::kToken),
                                   .uid = reader.number(name::kUid),
                                   .pid = reader.number(name::kPid),
                                   .at = reader.time(name::kAt),
                                   .failure = reader.optional_text(name::kText)});
}

}  // namespace signet::log
