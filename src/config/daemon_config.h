// The daemon's configuration, signet.toml: parsed strictly, then held unchanged. docs/configuration.md is for
// operators.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/pkcs11_uri.h"
#include "config/pin_config.h"
#include "config/run_config.h"
#include "x509/algorithm.h"
#include "x509/name_limits.h"

namespace signet {

/// An IP literal and a TCP port, read from "127.0.0.1:7443" or "[::1]:7443".
struct ListenAddress {
  std::string host;        ///< without brackets; names are not resolved
  std::uint16_t port = 0;  ///< 0 = any free port
  /// As parse_listen_address takes it.
  [[nodiscard]] std::string text() const;
};
[[nodiscard]] Result<ListenAddress> parse_listen_address(std::string_view text);

/// What a key may sign at all. The names in configuration are "end-entity-certificate", "log-checkpoint",
/// "ca-certificate", "crl" and "ocsp-response".
enum class ArtifactKind : std::uint8_t { kEndEntityCertificate, kLogCheckpoint, kCaCertificate, kCrl, kOcspResponse };
[[nodiscard]] std::string_view name_of(ArtifactKind kind) noexcept;

struct StateConfig {
  std::string directory;  ///< holds log/, store/ and a folder keyholder-TOKEN/ of each token
  [[nodiscard]] std::string store_directory() const { return directory + "/store"; }
  [[nodiscard]] std::string store_file() const { return store_directory() + "/store.sqlite"; }
  [[nodiscard]] std::string keyholder_directory(const std::string& token) const {
    return directory + "/keyholder-" + token;
  }
};

/// [admin]: the operator's socket.
struct AdminConfig {
  std::string socket;  ///< state.directory/admin.socket unless given; at most 107 bytes (unix(7))
  std::string group;   ///< whose members may use it beside root; empty: nobody
};

struct ListenConfig {
  ListenAddress address;
  std::string certificate;   ///< PEM, leaf first, then its chain
  std::string key;           ///< PEM, mode 0600
  std::string client_trust;  ///< PEM: roots and intermediates that client certificates may chain to
  std::uint32_t max_connections = 1024;
  std::uint32_t max_connections_per_address = 256;
  std::uint32_t max_requests_in_flight = 64;  ///< per connection
  std::chrono::seconds handshake_timeout{10};
  std::chrono::seconds frame_timeout{10};
  std::chrono::seconds idle_timeout{600};
};

struct IssueConfig {
  std::uint32_t workers = 16;              ///< requests worked on at once; four for each session unless given
  std::uint32_t queue = 1024;              ///< requests that wait for a worker
  std::chrono::seconds sign_deadline{5};   ///< how long a keyholder may take for one signature
  std::chrono::seconds request_skew{300};  ///< how far a signed request's time may be off, either way
  std::string blocked_keys;                ///< the list for BlockedKeys::load(); empty where there is none
};

struct TokenConfig {
  std::string name;
  std::string profile;  ///< path of its hsm-profiles/*.toml
  PinConfig pin;
  std::uint32_t sessions = 4;                      ///< that sign, 1..64; each has two threads, by turns
  std::map<std::string, std::string> environment;  ///< set in the keyholder before the module is loaded
  bool allow_untested = false;                     ///< take a profile that was written from documents
  std::string init_arguments;                      ///< instead of the profile's
  std::vector<std::string> readable;               ///< what the module reads beside what its profile says
  std::vector<std::string> writable;               ///< likewise what it writes
};

/// What the keyholder lets a key sign, whatever the issuer asks for.
struct FenceConfig {
  std::set<ArtifactKind> may_sign;
  std::optional<SignatureAlgorithm> signature = {};  ///< [key.NAME] signature; nothing = the key type's own
  std::chrono::seconds longest_validity{0};
  /// How far notBefore, thisUpdate and producedAt may be from the keyholder's clock, either way.
  std::chrono::seconds clock_tolerance{3600};
  std::uint64_t longest_path = 0;         ///< the largest pathLenConstraint of a CA's certificate
  std::set<std::string> extensions = {};  ///< dotted OIDs: extensions that no field of TbsFields is for
  bool ocsp_responder = false;            ///< certificates may be of who signs OCSP answers for this CA
  /// Extended key usages, dotted OIDs: serverAuth and clientAuth unless the operator says otherwise.
  std::set<std::string> eku = {"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"};
  bool every_eku = false;                       ///< whatever the usages are, and also none (but see ocsp_responder)
  std::chrono::seconds longest_ca_validity{0};  ///< of a CA's certificate; longest_validity is the others'
  NameLimits names = {};                        ///< of end entities
  std::chrono::seconds longest_crl_period{0};   ///< from a CRL's thisUpdate to its nextUpdate
  std::chrono::seconds longest_ocsp_period{0};  ///< likewise of an OCSP response

  /// What a key of this type signs with.
  [[nodiscard]] SignatureAlgorithm algorithm_for(KeyType type) const {
    return signature.value_or(default_algorithm(type));
  }
  [[nodiscard]] bool signs_certificates() const {
    return may_sign.contains(ArtifactKind::kEndEntityCertificate) || may_sign.contains(ArtifactKind::kCaCertificate);
  }
};

/// A key signs either for a CA, and has its certificate, or checkpoints of the log (may_sign is exactly
/// kLogCheckpoint), and has a file with its public key.
struct KeyConfig {
  std::string name;
  /// Names in DaemonConfig::tokens, in the configuration's order: at least one, a log key has exactly one.
  std::vector<std::string> tokens;
  Pkcs11Uri uri;            ///< of its private key; the same on each of the tokens
  std::string certificate;  ///< PEM; must belong to the key. Empty for a log key
  std::string public_key;   ///< PEM, SubjectPublicKeyInfo; must belong to the key. Empty unless it is a log key
  FenceConfig fence;
  [[nodiscard]] bool signs_log() const { return fence.may_sign.contains(ArtifactKind::kLogCheckpoint); }
  [[nodiscard]] bool is_on(std::string_view token) const;
};

/// [log.predecessor]: the log that this one goes on from.
struct PredecessorConfig {
  std::string directory;
  std::string origin;
  std::string key;  ///< a name in DaemonConfig::keys; a log key
};

/// [log]
struct LogConfig {
  std::string directory;  ///< state.directory/log unless given
  std::string origin;     ///< the CA's unless given; the log key's name, and the first line of checkpoints
  std::string key;        ///< a name in DaemonConfig::keys; a log key
  std::string ceremony;   ///< transcript of the ceremony that made the keys; its hash is in the log's first entry
  std::chrono::seconds heartbeat{3600};
  std::chrono::milliseconds checkpoint_interval{1000};  ///< 100 ms..60 s: the longest that an entry waits
  std::chrono::seconds checkpoint_patience{300};        ///< without a new checkpoint for so long, nothing is issued
  std::chrono::seconds clock_tolerance{60};             ///< a clock that jumps further stops issuing
  std::uint32_t min_free_mib = 64;                      ///< less space on the log's or the store's disk stops issuing
  /// The size of the newest checkpoint, where its key's keyholder has lost its journal for good: signing goes on from
  /// what that remembers. Without effect on any other size; 0 accepts nothing.
  std::uint64_t accept_lost_memory = 0;
  std::optional<PredecessorConfig> predecessor;
  [[nodiscard]] std::uint64_t min_free_bytes() const { return std::uint64_t{min_free_mib} * 1024 * 1024; }
};

/// A CA of a daemon goes from the first to the second when another one takes its place.
enum class IssuerState : std::uint8_t {
  kActive,
  kRetiring,  ///< issues no more: no profile may name it. What it issued is still looked after, and renewed elsewhere
};
/// "active", "retiring".
[[nodiscard]] std::string_view name_of(IssuerState state) noexcept;

struct IssuerConfig {
  std::string name;
  IssuerState state = IssuerState::kActive;
  std::string key;                 ///< a name in DaemonConfig::keys; its certificate is the issuing CA's
  std::vector<std::string> chain;  ///< PEM files: intermediates above the issuing CA, nearest first
  std::string root;                ///< PEM
};

/// [trust]: of the bundle that verifiers are given.
struct TrustConfig {
  std::vector<std::string> also;            ///< PEM files: roots and cross-certificates beside those of the issuers
  std::chrono::seconds refresh_hint{3600};  ///< how often verifiers should ask for it
};

/// The whole of signet.toml. Every path is absolute or relative to the working directory, never to the file any more.
/// Every cross reference holds. Nothing has been opened: what the paths name is checked by whoever opens it.
struct DaemonConfig {
  std::string origin;  ///< 1..255 printable ASCII characters, without spaces and '+' (log key names allow neither)
  std::string policy;
  StateConfig state;
  RunConfig run;
  AdminConfig admin;
  ListenConfig listen;
  IssueConfig issue;
  LogConfig log;
  TrustConfig trust;
  std::map<std::string, TokenConfig> tokens;
  std::map<std::string, KeyConfig> keys;
  std::map<std::string, IssuerConfig> issuers;
  Sha256 sha256{};  ///< of the file's text

  /// The one origin whose checkpoints the log key `name` may sign: the log's, or its predecessor's. Every log key has
  /// one; nothing for other keys.
  [[nodiscard]] std::optional<std::string> origin_of_log_key(const std::string& name) const;
};

/// Reads the text of signet.toml. `file` is its name, for messages and because paths in it are relative to its folder.
/// Errors: kInvalidArgument with one line per mistake, "file:line:column: key: what is wrong and what was expected".
[[nodiscard]] Result<DaemonConfig> parse_daemon_config(ByteView text, const std::string& file);

}  // namespace signet
