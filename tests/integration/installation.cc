#include "integration/installation.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "log/entry_log.h"
#include "support/command.h"

namespace signet::test {

std::string program(const std::string& name) { return SIGNET_BIN_DIR "/" + name; }

namespace {

constexpr std::string_view kCeremony = R"(title = "Test ceremony"
output = "ceremony"
hsm_profile = "@PROFILE@"
environment = { @ENVIRONMENT@ }
[root]
token = "@ROOT_TOKEN@"
pin_file = "pin"
key_label = "root"
key_type = "ec-p384"
subject = "CN=Test Root,O=Signet Test"
validity = "20y"
certificate = "root.pem"
[issuing]
token = "@TOKEN@"
pin_file = "pin"
key_label = "issuing-1"
key_type = "@KEY_TYPE@"
subject = "CN=Test Issuing 1,O=Signet Test"
validity = "5y"
path_length = 0
certificate = "issuing.pem"
[log_key]
key_label = "log-1"
key_type = "@LOG_KEY_TYPE@"
origin = "test.example/signet/issuing-1"
public_key = "log-1.pub.pem"
verifier_key = "log-1.vkey"
)";

constexpr std::string_view kEndEntity = R"([[end_entity]]
name = "@NAME@"
csr = "@NAME@.csr"
@SAN@
extended_key_usage = ["@EKU@"]
validity = "90d"
certificate = "@NAME@.pem"
)";

constexpr std::string_view kConfig = R"(origin = "test.example/signet/issuing-1"
policy = "policy.toml"

[state]
directory = "state"

[run]
allow_root = true

[listen]
address = "127.0.0.1:0"
certificate = "ceremony/daemon.pem"
key = "daemon.key"
client_trust = "trust.pem"
handshake_timeout = "5s"
frame_timeout = "5s"

[issue]
sign_deadline = "5s"

[token.soft]
profile = "@PROFILE@"
pin_file = "pin"
environment = { @ENVIRONMENT@ }

[key.issuing-1]
token = "soft"
uri = "pkcs11:token=@TOKEN@;object=issuing-1;type=private"
certificate = "ceremony/issuing.pem"
[key.issuing-1.fence]
may_sign = ["end-entity-certificate"]
longest_validity = "398d"

[key.log-1]
token = "soft"
uri = "pkcs11:token=@TOKEN@;object=log-1;type=private"
public_key = "ceremony/log-1.pub.pem"
[key.log-1.fence]
may_sign = ["log-checkpoint"]

[log]
key = "log-1"
ceremony = "ceremony/transcript.jsonl"
checkpoint_interval = "100ms"

[issuer.issuing-1]
key = "issuing-1"
root = "ceremony/root.pem"
)";

constexpr std::string_view kPolicy = R"([profile.tls-server]
issuer = "issuing-1"
validity = "90d"
validity_max = "397d"
keys = ["ec-p256", "ec-p384", "ed25519", "rsa"]
common_name = "from-san"
key_usage = ["digitalSignature"]
extended_key_usage = ["serverAuth"]
[profile.tls-server.names]
dns = ["**"]
ip = ["192.0.2.0/24"]

[profile.tls-client]
issuer = "issuing-1"
validity = "30d"
validity_max = "90d"
keys = ["ec-p256"]
key_usage = ["digitalSignature"]
extended_key_usage = ["clientAuth"]
[profile.tls-client.names]
dns = ["**"]

[client.payments]
identity = "spiffe://test.example/payments"
profiles = ["tls-server"]
rights = ["issue", "operate", "audit"]
[client.payments.names]
dns = ["payment-service", "**.example"]
ip = ["192.0.2.0/28"]

[client.plain]
identity = "dns:plain.example"
profiles = ["tls-server"]
must_sign = false
[client.plain.names]
dns = ["**.plain.example"]
)";

std::string replaced(std::string_view text, const std::vector<std::pair<std::string, std::string>>& values) {
  std::string result(text);
  for (const auto& [from, to] : values) {
    for (std::size_t at = result.find(from); at != std::string::npos; at = result.find(from, at + to.size()))
      result.replace(at, from.size(), to);
  }
  return result;
}

std::string end_entity(const std::string& name, const std::string& san, const std::string& eku) {
  return replaced(kEndEntity, {{"@NAME@", name}, {"@SAN@", san}, {"@EKU@", eku}});
}

}  // namespace

Installation::Installation(InstallationOptions options) : options_(std::move(options)), hsm_("signet-root") {
  hsm_.add_token("signet-issuing");
  if (options_.module == Module::kNss) make_nss_database();
  for (const char* who : {"daemon", "payments", "plain", "stranger"}) make_request(who, std::string("/CN=") + who);
  run_ceremony();
  make_outsider();
  write_configuration();
}

void Installation::make_nss_database() const {
  std::filesystem::create_directory(path("nss"));
  run_ok({"certutil", "-N", "-d", "sql:" + path("nss"), "-f", hsm_.pin_file()});
}

std::vector<std::pair<std::string, std::string>> Installation::values() const {
  const std::string profiles = SIGNET_SOURCE_DIR "/hsm-profiles/";
  std::vector<std::pair<std::string, std::string>> all = {{"@KEY_TYPE@", options_.issuing_key_type}};
  const auto add = [&](const char* name, const std::string& value) { all.emplace_back(name, value); };
  const bool nss = options_.module == Module::kNss;
  add("@PROFILE@", profiles + (nss ? "nss-softokn.toml" : "softhsm2.toml"));
  add("@ENVIRONMENT@", nss ? fmt::format("SIGNET_NSS_DIR = \"{}\", SIGNET_NSS_TOKEN = \"signet-nss\"", path("nss"))
                           : fmt::format("SOFTHSM2_CONF = \"{}\"", hsm_.conf()));
  add("@ROOT_TOKEN@", nss ? "signet-nss" : "signet-root");
  add("@TOKEN@", nss ? "signet-nss" : "signet-issuing");
  add("@LOG_KEY_TYPE@", nss ? "ec-p256" : "ed25519");
  return all;
}

std::string Installation::certificate(const std::string& who) const {
  return who == "outsider" ? path("outsider.pem") : path("ceremony/" + who + ".pem");
}

void Installation::make_request(const std::string& who, const std::string& subject) const {
  run_ok({"openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
          key(who), "-out", path(who + ".csr"), "-subj", subject});
}

void Installation::run_ceremony() const {
  std::string text = replaced(kCeremony, values());
  text += end_entity("daemon", "dns = [\"localhost\"]\nip = [\"127.0.0.1\"]", "serverAuth");
  text += end_entity("payments", "uri = [\"spiffe://test.example/payments\"]", "clientAuth");
  text += end_entity("plain", "dns = [\"plain.example\"]", "clientAuth");
  text += end_entity("stranger", "dns = [\"stranger.example\"]", "clientAuth");
  run_ok({program("signet-ceremony"), "run", folder().write("ceremony.toml", text), "--yes"});
}

void Installation::make_outsider() const {
  run_ok({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
          key("outsider"), "-out", path("outsider.pem"), "-subj", "/CN=outsider", "-addext",
          "extendedKeyUsage=clientAuth", "-days", "30"});
}

void Installation::write_configuration() const {
  folder().write("trust.pem", slurp(root()) + slurp(issuing()));
  folder().write("policy.toml", kPolicy);
  folder().write("signet.toml", replaced(kConfig, values()));
}

Bytes Installation::make_csr(const std::string& alt_names) const {
  const std::string der =
      run_ok({"openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
              "/dev/null", "-subj", "/", "-addext", "subjectAltName=" + alt_names, "-outform", "DER"});
  return copy_of(bytes_of(der));
}

void Installation::edit(const std::string& file, const std::string& from, const std::string& to) const {
  std::string text = slurp(path(file));
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error(file + " has no " + from);
  folder().write(file, text.replace(at, from.size(), to));
}

std::vector<log::Entry> Installation::read_log() const {
  auto opened = log::EntryLog::open(path("state/log"), system_clock());
  if (!opened.has_value()) throw std::runtime_error(opened.error().message);
  std::vector<log::Entry> entries;
  const auto read = (*opened)->read(0, [&](const log::Entry& entry) -> Result<void> {
    entries.push_back(entry);
    return {};
  });
  if (!read.has_value()) throw std::runtime_error(read.error().message);
  return entries;
}

std::string field_of(const log::Entry& entry, const std::string& name) {
  const log::Object* object = &entry.fields;
  std::string key = name;
  if (const std::size_t dot = name.find('.'); dot != std::string::npos) {
    const auto outer = object->find(name.substr(0, dot));
    if (outer == object->end() || outer->second.object() == nullptr) return {};
    object = outer->second.object();
    key = name.substr(dot + 1);
  }
  const auto found = object->find(key);
  return found == object->end() || found->second.text() == nullptr ? "" : *found->second.text();
}

std::size_t count_entries(const std::vector<log::Entry>& entries, const std::string& type, const std::string& field,
                          const std::string& value) {
  return static_cast<std::size_t>(std::ranges::count_if(entries, [&](const log::Entry& entry) {
    return entry.type == type && (field.empty() || field_of(entry, field) == value);
  }));
}

}  // namespace signet::test
