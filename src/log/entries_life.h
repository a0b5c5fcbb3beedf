// Entries about the log and the daemon themselves: how they begin, run and end, and with which keys and rules.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "log/entry_common.h"

namespace signet::log {

/// The log that a new one goes on from.
struct Predecessor {
  std::string origin;
  std::string log_key;     ///< verifier key string
  std::string checkpoint;  ///< its last one: the signed note, byte for byte
  friend bool operator==(const Predecessor&, const Predecessor&) = default;
};

/// The first entry of a log. Outcome "ok".
struct GenesisFields {
  std::string origin;
  std::string log_key;  ///< verifier key string (NoteVerifier)
  std::string version;  ///< of the product
  Sha256 ceremony_sha256{};
  Sha256 policy_sha256{};
  Sha256 config_sha256{};
  std::optional<Predecessor> predecessor = {};
};

/// Written now and then, so that silence is visible. Outcome "ok".
struct HeartbeatFields {
  std::uint64_t checkpoint_size = 0;           ///< of the newest checkpoint; 0 = there is none
  std::optional<Sha256> checkpoint_root = {};  ///< of the newest checkpoint; nothing if there is none
  std::uint64_t issued = 0;                    ///< certificates in the store
  std::chrono::microseconds clock_offset{0};   ///< how far the wall clock went off the monotonic one since the start
};

/// The last entry of a log that another one succeeds. Outcome "ok".
struct SealedFields {
  std::string successor_origin;
  std::string successor_key;  ///< verifier key string
};

/// `start`, `stop` (outcome "ok") and `crash` (outcome "failed"). Of a crash only process and the last three are
/// written, of the others only the first four; cut_bytes only with `start`.
struct ProcessFields {
  std::string process;
  std::string version = {};
  std::string host = {};
  std::uint64_t cut_bytes = 0;
  int signal = 0;  ///< 0 when it exited
  int exit_status = 0;
  std::uint32_t restarts = 0;
};
enum class ProcessEvent : std::uint8_t { kStart, kStop, kCrash };

enum class ConfigFile : std::uint8_t { kConfiguration, kPolicy, kBlockedKeys };

/// The daemon runs with another configuration, policy or list of blocked keys from here on. No list has the hash of an
/// empty file, and a log begins without one. Outcome "ok".
struct ConfigFields {
  ConfigFile what = ConfigFile::kConfiguration;
  Sha256 old_sha256{};
  Sha256 new_sha256{};
  std::string approved_by = {};  ///< how: "restart", "reload"
};

enum class KeyEvent : std::uint8_t { kGenerated, kFound, kEvidence, kLost, kRestored, kRetired };

/// Something happened to a key, or to the way to it. Outcome "failed" for kLost, otherwise "ok". What is empty (of a
/// key that was lost, what the token would have to tell) is left out.
struct KeyFields {
  KeyEvent event = KeyEvent::kFound;
  std::string key;         ///< its name in the configuration
  std::string token = {};  ///< whose key, by its name there; empty of a key that no single token is asked for
  std::string uri;         ///< RFC 7512
  std::optional<Sha256> spki_sha256 = {};
  std::string manufacturer = {};
  std::string model = {};
  std::string token_serial = {};
  std::string firmware = {};
  std::map<std::string, bool> attributes = {};  ///< read back from the token: "sensitive", "extractable", ...
};

/// The wall clock jumped against the monotonic one. Outcome "failed".
struct ClockFields {
  std::chrono::microseconds jump{0};    ///< since the last look; forwards is positive
  std::chrono::microseconds offset{0};  ///< since the process's start
};

/// An operator did something by the operator's socket. Outcome "failed" where `failure` says why, otherwise "ok".
struct AdminFields {
  std::string act;         ///< "unlock", "drain", "undrain", "reload"
  std::string token = {};  ///< its name in the configuration, where the act is about one
  std::uint64_t uid = 0;   ///< of who did it, as the kernel says
  std::uint64_t pid = 0;
  Time at{};  ///< when it was asked for; the entry's own time is when the issuer could log it
  std::string failure = {};
};

[[nodiscard]] Draft genesis_draft(const GenesisFields& fields);
[[nodiscard]] Draft heartbeat_draft(const HeartbeatFields& fields);
[[nodiscard]] Draft sealed_draft(const SealedFields& fields);
[[nodiscard]] Draft process_draft(ProcessEvent event, const ProcessFields& fields);
[[nodiscard]] Draft config_draft(const ConfigFields& fields);
[[nodiscard]] Draft key_draft(const KeyFields& fields);
[[nodiscard]] Draft clock_draft(const ClockFields& fields);
[[nodiscard]] Draft admin_draft(const AdminFields& fields);

/// As the readers of log/entries_issuance.h.
[[nodiscard]] Result<GenesisFields> read_genesis(const Entry& entry);
[[nodiscard]] Result<HeartbeatFields> read_heartbeat(const Entry& entry);
[[nodiscard]] Result<SealedFields> read_sealed(const Entry& entry);
/// Of `start`, `stop` and `crash`; what the type does not have stays as it is in a new ProcessFields.
[[nodiscard]] Result<ProcessFields> read_process(const Entry& entry);
[[nodiscard]] Result<ConfigFields> read_config(const Entry& entry);
[[nodiscard]] Result<KeyFields> read_key(const Entry& entry);
[[nodiscard]] Result<ClockFields> read_clock(const Entry& entry);
[[nodiscard]] Result<AdminFields> read_admin(const Entry& entry);

}  // namespace signet::log
