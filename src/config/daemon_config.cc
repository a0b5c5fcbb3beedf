#include "config/daemon_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/file.h"
#include "base/toml_reader.h"
#include "config/environment.h"
#include "config/key_config.h"
#include "config/log_config.h"
#include "config/reference.h"
#include "x509/name.h"

namespace signet {

namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

constexpr seconds kDay = 24h;

std::uint32_t count(TomlTable& table, const std::string& key, std::int64_t max, std::uint32_t fallback) {
  return static_cast<std::uint32_t>(table.integer(key, 1, max, fallback));
}

/// Paths of a file are relative to its own folder; an empty one was complained about.
std::string resolve(const std::string& base, const std::string& path) {
  return path.empty() ? path : resolve_path(base, path);
}

ListenConfig read_listen(TomlTable table, const std::string& base) {
  constexpr std::int64_t kMostConnections = 1'000'000;
  ListenConfig listen;
  const std::string address = table.text("address");
  if (!address.empty()) listen.address = table.accept("address", parse_listen_address(address));
  listen.certificate = resolve(base, table.text("certificate"));
  listen.key = resolve(base, table.text("key"));
  listen.client_trust = resolve(base, table.text("client_trust"));
  listen.max_connections = count(table, "max_connections", kMostConnections, listen.max_connections);
  listen.max_connections_per_address =
      count(table, "max_connections_per_address", kMostConnections, listen.max_connections_per_address);
  listen.max_requests_in_flight = count(table, "max_requests_in_flight", 65'536, listen.max_requests_in_flight);
  listen.handshake_timeout = table.duration("handshake_timeout", 1s, 10min, listen.handshake_timeout);
  listen.frame_timeout = table.duration("frame_timeout", 1s, 10min, listen.frame_timeout);
  listen.idle_timeout = table.duration("idle_timeout", 1s, kDay, listen.idle_timeout);
  return listen;
}

constexpr std::uint32_t kMostWorkers = 256;

/// A worker waits for the log, for a session of a token, and for the log again: with four for each session there is
/// always one that has something to sign.
std::uint32_t workers_for(const std::map<std::string, TokenConfig>& tokens) {
  constexpr std::uint32_t kForEachSession = 4;
  constexpr std::uint32_t kFewest = 16;
  std::uint32_t sessions = 0;
  for (const auto& [name, token] : tokens) sessions += token.sessions;
  return std::clamp(kForEachSession * sessions, kFewest, kMostWorkers);
}

IssueConfig read_issue(TomlTable table, const std::string& base) {
  IssueConfig issue;
  issue.workers = count(table, "workers", kMostWorkers, 0);
  issue.queue = count(table, "queue", 1'000'000, issue.queue);
  issue.sign_deadline = table.duration("sign_deadline", 1s, 60s, issue.sign_deadline);
  issue.request_skew = table.duration("request_skew", 1s, kDay, issue.request_skew);
  if (const auto path = table.optional_text("blocked_keys")) issue.blocked_keys = resolve(base, *path);
  return issue;
}

TokenConfig read_token(TomlTable table, const std::string& name, const std::string& base) {
  TokenConfig token;
  token.name = name;
  token.profile = resolve(base, table.text("profile"));
  token.pin = read_pin_config(table, base);
  token.sessions = count(table, "sessions", 64, token.sessions);
  token.environment = read_environment(table);
  token.allow_untested = table.boolean("allow_untested", false);
  token.init_arguments = table.optional_text("init_arguments").value_or("");
  for (const std::string& path : table.texts("readable")) token.readable.push_back(resolve(base, path));
  for (const std::string& path : table.texts("writable")) token.writable.push_back(resolve(base, path));
  return token;
}

IssuerConfig read_issuer(TomlTable table, const std::string& name, const std::string& base) {
  IssuerConfig issuer;
  issuer.name = name;
  issuer.key = table.text("key");
  const std::string active(name_of(IssuerState::kActive));
  const std::string state = table.choice("state", {active, std::string(name_of(IssuerState::kRetiring))}, active);
  issuer.state = state == active ? IssuerState::kActive : IssuerState::kRetiring;
  for (const std::string& path : table.texts("chain")) issuer.chain.push_back(resolve(base, path));
  issuer.root = resolve(base, table.text("root"));
  return issuer;
}

TrustConfig read_trust(TomlTable table, const std::string& base) {
  TrustConfig trust;
  for (const std::string& path : table.texts("also")) trust.also.push_back(resolve(base, path));
  trust.refresh_hint = table.duration("refresh_hint", 1min, 30 * kDay, trust.refresh_hint);
  return trust;
}

AdminConfig read_admin(std::optional<TomlTable> table, const StateConfig& state, const std::string& base) {
  constexpr std::size_t kLongestSocketPath = 107;  // unix(7): sun_path, with its NUL
  AdminConfig admin{.socket = state.directory + "/admin.socket", .group = {}};
  if (!table) return admin;
  if (const auto path = table->optional_text("socket")) {
    admin.socket = resolve(base, *path);
    if (admin.socket.size() > kLongestSocketPath)
      table->complain("socket", fmt::format("has {} bytes; a Unix socket's path has at most {}", admin.socket.size(),
                                            kLongestSocketPath));
  }
  admin.group = table->optional_text("group").value_or("");
  return admin;
}

/// Two tokens cannot read one descriptor: whoever is first has it all.
void check_descriptors(std::map<std::string, TomlTable>& tables, const DaemonConfig& config) {
  std::map<int, std::string> readers;
  for (const auto& [name, token] : config.tokens) {
    if (token.pin.source != PinSource::kDescriptor) continue;
    const auto [first, is_first] = readers.emplace(token.pin.descriptor, name);
    if (is_first) continue;
    tables.at(name).complain("pin_fd", fmt::format("is {}, which token.{} reads already; give each token its own",
                                                   token.pin.descriptor, first->second));
  }
}

/// The key of an issuer is one that may sign certificates.
void check_issuer_key(TomlTable& table, const std::string& name, const DaemonConfig& config) {
  check_reference(table, "key", name, config.keys, "key");
  const auto key = config.keys.find(name);
  if (key == config.keys.end() || !key->second.signs_log()) return;
  table.complain("key", fmt::format("is \"{}\", which signs checkpoints of the log and no certificates; expected a "
                                    "[key.NAME] whose fence has may_sign = [\"{}\"]",
                                    name, name_of(ArtifactKind::kEndEntityCertificate)));
}

/// A key that may sign a log, but no log says which: its keyholder would have to guess.
void check_log_key_is_named(TomlTable& table, const KeyConfig& key, const DaemonConfig& config) {
  if (!key.signs_log() || config.log.key.empty() || config.origin_of_log_key(key.name)) return;
  table.complain("",
                 "signs checkpoints, but neither log.key nor log.predecessor.key names it; name it there, or remove "
                 "it");
}

void check_tokens(TomlTable& table, const KeyConfig& key, const DaemonConfig& config) {
  const std::string field = key.tokens.size() == 1 ? "token" : "tokens";
  for (const std::string& token : key.tokens) check_reference(table, field, token, config.tokens, "token");
}

void read_named_parts(TomlTable& root, const std::string& base, DaemonConfig& config) {
  auto tokens = root.named_tables("token", 1);
  auto keys = root.named_tables("key", 1);
  auto issuers = root.named_tables("issuer", 1);
  for (auto& [name, table] : tokens) config.tokens.emplace(name, read_token(table, name, base));
  check_descriptors(tokens, config);
  for (auto& [name, table] : keys) config.keys.emplace(name, read_key(table, name, base));
  for (auto& [name, table] : issuers) config.issuers.emplace(name, read_issuer(table, name, base));
  config.log = read_log(root, config, base);
  for (auto& [name, table] : keys) {
    const KeyConfig& key = config.keys.at(name);
    check_tokens(table, key, config);
    check_log_key_is_named(table, key, config);
  }
  for (auto& [name, table] : issuers) check_issuer_key(table, config.issuers.at(name).key, config);
}

}  // namespace

std::string_view name_of(ArtifactKind kind) noexcept {
  switch (kind) {
    case ArtifactKind::kEndEntityCertificate: return "end-entity-certificate";
    case ArtifactKind::kLogCheckpoint: return "log-checkpoint";
    case ArtifactKind::kCaCertificate: return "ca-certificate";
    case ArtifactKind::kCrl: return "crl";
    case ArtifactKind::kOcspResponse: return "ocsp-response";
  }
  return "unknown";
}

std::string_view name_of(IssuerState state) noexcept { return state == IssuerState::kActive ? "active" : "retiring"; }

bool KeyConfig::is_on(std::string_view token) const { return std::ranges::find(tokens, token) != tokens.end(); }

std::optional<std::string> DaemonConfig::origin_of_log_key(const std::string& name) const {
  if (log.key == name) return log.origin;
  if (log.predecessor && log.predecessor->key == name) return log.predecessor->origin;
  return {};
}

std::string ListenAddress::text() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const auto invalid = [&] {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("is \"{}\"; expected an IP address and a port, such as \"127.0.0.1:7443\" or \"[::1]:7443\"",
                    printable(text)));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return invalid();
  std::string_view host = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);
  const bool bracketed = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto ip = IpAddress::parse(host);
  if (!ip || (ip->bytes.size() == 16) != bracketed) return invalid();
  unsigned port = 0;
  const auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (error != std::errc() || end != port_text.data() + port_text.size()) return invalid();
  if (port > std::numeric_limits<std::uint16_t>::max()) return invalid();
  return ListenAddress{std::string(host), static_cast<std::uint16_t>(port)};
}

Result<DaemonConfig> parse_daemon_config(ByteView text, const std::string& file) {
  SIGNET_TRY(const auto document, TomlDocument::parse(text, file));
  const std::string base = directory_of(file);
  TomlTable root = document->root();
  DaemonConfig config;
  config.origin = root.text("origin");
  if (!config.origin.empty()) check_origin(root, "origin", config.origin);
  config.policy = resolve(base, root.text("policy"));
  config.state.directory = resolve(base, root.table("state").text("directory"));
  if (auto run = root.optional_table("run")) config.run = read_run(*run);
  config.admin = read_admin(root.optional_table("admin"), config.state, base);
  config.listen = read_listen(root.table("listen"), base);
  bool has_workers = false;
  if (auto issue = root.optional_table("issue")) {
    has_workers = issue->has("workers");
    config.issue = read_issue(*issue, base);
  }
  if (auto trust = root.optional_table("trust")) config.trust = read_trust(*trust, base);
  read_named_parts(root, base, config);
  if (!has_workers) config.issue.workers = workers_for(config.tokens);
  config.sha256 = signet::sha256(text);
  SIGNET_CHECK(document->finish());
  return config;
}

}  // namespace signet
