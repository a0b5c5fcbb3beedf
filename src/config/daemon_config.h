// The daemon's configuration, signet.toml: parsed strictly, then held unchanged. docs/configuration.md is for
// operators.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/pkcs11_uri.h"

namespace signet {

/// An IP literal and a TCP port, read from "127.0.0.1:7443" or "[::1]:7443".
struct ListenAddress {
  std::string host;        ///< without brackets; names are not resolved
  std::uint16_t port = 0;  ///< 0 = any free port
  /// As parse_listen_address takes it.
  [[nodiscard]] std::string text() const;
};
[[nodiscard]] Result<ListenAddress> parse_listen_address(std::string_view text);

/// What a key may sign at all. The names in configuration are "end-entity-certificate".
enum class ArtifactKind : std::uint8_t { kEndEntityCertificate };
[[nodiscard]] std::string_view name_of(ArtifactKind kind) noexcept;

struct StateConfig {
  std::string directory;  ///< holds log/, store.sqlite and the lock
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
  std::uint32_t workers = 16;              ///< requests worked on at once
  std::uint32_t queue = 1024;              ///< requests that wait for a worker
  std::chrono::seconds sign_deadline{5};   ///< how long a keyholder may take for one signature
  std::chrono::seconds request_skew{300};  ///< how far a signed request's time may be off, either way
};

struct TokenConfig {
  std::string name;
  std::string profile;                             ///< path of its hsm-profiles/*.toml
  std::string pin_file;                            ///< mode 0600
  std::uint32_t sessions = 4;                      ///< threads that sign, 1..64
  std::map<std::string, std::string> environment;  ///< set in the keyholder before the module is loaded
};

/// What the keyholder lets a key sign, whatever the issuer asks for.
struct FenceConfig {
  std::set<ArtifactKind> may_sign;
  std::chrono::seconds longest_validity{0};
  std::chrono::seconds clock_tolerance{3600};  ///< how far notBefore may be from the keyholder's clock, either way
};

struct KeyConfig {
  std::string name;
  std::string token;        ///< a name in DaemonConfig::tokens
  Pkcs11Uri uri;            ///< of its private key
  std::string certificate;  ///< PEM; must belong to the key
  FenceConfig fence;
};

struct IssuerConfig {
  std::string name;
  std::string key;                 ///< a name in DaemonConfig::keys; its certificate is the issuing CA's
  std::vector<std::string> chain;  ///< PEM files: intermediates above the issuing CA, nearest first
  std::string root;                ///< PEM
};

/// The whole of signet.toml. Every path is absolute or relative to the working directory, never to the file any more.
/// Every cross reference holds. Nothing has been opened: what the paths name is checked by whoever opens it.
struct DaemonConfig {
  std::string origin;  ///< 1..255 printable ASCII characters, without spaces and '+' (log key names allow neither)
  std::string policy;
  StateConfig state;
  ListenConfig listen;
  IssueConfig issue;
  std::map<std::string, TokenConfig> tokens;
  std::map<std::string, KeyConfig> keys;
  std::map<std::string, IssuerConfig> issuers;
  Sha256 sha256{};  ///< of the file's text
};

/// Reads the text of signet.toml. `file` is its name, for messages and because paths in it are relative to its folder.
/// Errors: kInvalidArgument with one line per mistake, "file:line:column: key: what is wrong and what was expected".
[[nodiscard]] Result<DaemonConfig> parse_daemon_config(ByteView text, const std::string& file);

}  // namespace signet
