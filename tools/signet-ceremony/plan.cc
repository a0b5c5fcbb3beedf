#include "plan.h"
#include "base/ascii.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/clock.h"
#include "base/file.h"
#include "base/toml_reader.h"
#include "config/environment.h"
#include "config/signature_config.h"
#include "policy/extended_key_usage.h"
#include "policy/name_rules.h"

namespace signet::ceremony {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kLongestValidity = 100 * 365 * 24h;
constexpr std::size_t kLargestPlan = 256 * 1024;

struct ReadKey {
  NewKey key;
  bool type_is_known = false;  ///< otherwise it was complained about, and the key's is any
};

/// `types` are those that the key may have; without a `fallback` one of them has to be given.
ReadKey read_key(TomlTable& table, const std::vector<std::string>& types, std::optional<std::string> fallback = {}) {
  static const std::map<std::string, NewKey> kTypes = {
      {"ec-p256", {.type = KeyType::kEcP256, .rsa_bits = 0, .label = {}}},
      {"ec-p384", {.type = KeyType::kEcP384, .rsa_bits = 0, .label = {}}},
      {"ed25519", {.type = KeyType::kEd25519, .rsa_bits = 0, .label = {}}},
      {"rsa-3072", {.type = KeyType::kRsa, .rsa_bits = 3072, .label = {}}},
      {"rsa-4096", {.type = KeyType::kRsa, .rsa_bits = 4096, .label = {}}},
  };
  const auto type = kTypes.find(table.choice("key_type", types, std::move(fallback)));
  const bool type_is_known = type != kTypes.end();
  NewKey key = type_is_known ? type->second : NewKey{};
  constexpr std::size_t kLongestLabel = 255;
  key.label = table.text("key_label");
  if (key.label.size() > kLongestLabel) table.complain("key_label", "is longer than 255 bytes");
  return {.key = std::move(key), .type_is_known = type_is_known};
}

void check_token_label(TomlTable& table, const std::string& token) {
  constexpr std::size_t kLongestTokenLabel = 32;
  if (token.size() > kLongestTokenLabel) table.complain("token", "is longer than 32 bytes, which no token's label is");
}

/// A subject, which is required unless `may_be_empty`.
Name read_subject(TomlTable& table, bool may_be_empty) {
  const auto text = may_be_empty ? table.optional_text("subject") : table.text("subject");
  if (!text || text->empty()) return table.accept("subject", Name::from_attributes({}));
  return table.accept("subject", Name::from_text(*text));
}

/// The name of a file inside the output folder: no path, no hidden file, not taken by another.
std::string read_file_name(TomlTable& table, const std::string& key, std::set<std::string>& taken) {
  const auto allowed = [](char c) { return ascii::is_alnum(c) || c == '.' || c == '-' || c == '_'; };
  std::string name = table.text(key);
  if (name.empty()) return name;
  if (name.size() > 128 || name.starts_with('.') || !std::ranges::all_of(name, allowed)) {
    table.complain(key, fmt::format("is \"{}\"; expected the name of a file inside the output folder: letters, "
                                    "digits, '.', '-' and '_', no '.' first",
                                    printable(name)));
  } else if (!taken.insert(name).second) {
    table.complain(key, fmt::format("is \"{}\", which is the name of another file of this ceremony", name));
  }
  return name;
}

/// RSA keys have a choice. Nothing is said of one that fits no key, because `key_type` is none: that was complained
/// about.
std::optional<SignatureAlgorithm> read_ca_signature(TomlTable& table, const ReadKey& read) {
  const std::optional<SignatureAlgorithm> given = read_signature(table);
  if (!given || !read.type_is_known || fits(*given, read.key.type)) return given;
  table.complain("signature", fmt::format("is for RSA keys, and key_type is {}, which signs with {}; remove it",
                                          key_type_text(read.key), name_of(default_algorithm(read.key.type))));
  return {};
}

CaPlan read_ca(TomlTable table, const std::string& base, std::set<std::string>& file_names) {
  CaPlan ca;
  ca.token = table.text("token");
  check_token_label(table, ca.token);
  if (const auto path = table.optional_text("pin_file")) ca.pin_file = resolve_path(base, *path);
  const ReadKey read = read_key(table, {"ec-p256", "ec-p384", "rsa-3072", "rsa-4096"});
  ca.key = read.key;
  ca.key.signature = read_ca_signature(table, read);
  ca.subject = read_subject(table, false);
  ca.validity = table.duration("validity", 1h, kLongestValidity);
  ca.certificate = read_file_name(table, "certificate", file_names);
  return ca;
}

/// The texts under `key` of which each passes `check`; complaints about the others, and about repeated ones.
template <class Check>
std::vector<std::string> read_names(TomlTable& table, const std::string& key, Check&& check) {
  std::vector<std::string> names;
  for (std::string& name : table.texts(key)) {
    if (name.empty()) continue;  // was complained about
    if (const Result<void> valid = check(name); !valid) {
      table.complain(key, valid.error().message);
    } else if (std::ranges::find(names, name) != names.end()) {
      table.complain(key, fmt::format("has \"{}\" twice", printable(name)));
    } else {
      names.push_back(std::move(name));
    }
  }
  return names;
}

Result<void> check_ip_text(const std::string& text) {
  SIGNET_TRY(const IpAddress address, IpAddress::parse(text));
  return check_ip(address);
}

/// People who carry out a ceremony read every name, so that all but wildcards may stand there.
AltNames read_alt_names(TomlTable& table) {
  static constexpr NameForms kForms{.wildcards = false, .a_labels = true, .mixed_scripts = true};
  const auto with_forms = [](auto check) { return [check](const std::string& name) { return check(name, kForms); }; };
  AltNames names;
  names.dns = read_names(table, "dns", with_forms(check_dns_name));
  for (const std::string& ip : read_names(table, "ip", check_ip_text)) names.ips.push_back(*IpAddress::parse(ip));
  names.uris = read_names(table, "uri", with_forms(check_uri));
  names.emails = read_names(table, "email", with_forms(check_email));
  return names;
}

EndEntityPlan read_end_entity(TomlTable& table, const std::string& base, std::set<std::string>& file_names) {
  EndEntityPlan entity;
  entity.name = table.text("name");
  entity.csr = resolve_path(base, table.text("csr"));
  entity.subject = read_subject(table, true);
  entity.names = read_alt_names(table);
  if (entity.subject.empty() && entity.names.empty() && !table.has("subject")) {
    table.complain("", "names nobody; expected a subject, or names under dns, ip, uri or email");
  }
  entity.extended_key_usage = read_extended_key_usage(table);
  entity.validity = table.duration("validity", 1min, kLongestValidity);
  entity.certificate = read_file_name(table, "certificate", file_names);
  return entity;
}

/// Two keys on one token have labels of their own, and the token has one PIN.
void check_same_token(TomlTable& table, const KeyPlan& key, const KeyPlan& other, const std::string& whose) {
  if (key.token != other.token) return;
  if (!key.key.label.empty() && key.key.label == other.key.label) {
    table.complain("key_label", fmt::format("is also {}, on the same token", whose));
  }
  if (key.pin_file != other.pin_file) {
    table.complain("pin_file", fmt::format("is not {}, although the token is; a token has one user PIN", whose));
  }
}

/// The daemon's rule for origins; a key's name in a signed note allows a little more.
std::string read_origin(TomlTable& table) {
  constexpr std::size_t kLongestOrigin = 255;
  std::string origin = table.text("origin");
  const auto allowed = [](char c) { return c > ' ' && c <= '~' && c != '+'; };
  if (!origin.empty() && (origin.size() > kLongestOrigin || !std::ranges::all_of(origin, allowed))) {
    table.complain("origin", fmt::format("is \"{}\"; expected 1 to 255 printable ASCII characters without spaces and "
                                         "'+', such as \"ca.example.com/signet/issuing-1\"",
                                         printable(origin)));
  }
  return origin;
}

/// Without a token of its own the log's key is made on the issuing CA's.
LogKeyPlan read_log_key(TomlTable& table, const std::string& base, const Plan& plan,
                        std::set<std::string>& file_names) {
  LogKeyPlan log;
  log.token = table.optional_text("token").value_or(plan.issuing.token);
  check_token_label(table, log.token);
  if (!table.has("token")) log.pin_file = plan.issuing.pin_file;
  if (const auto path = table.optional_text("pin_file")) log.pin_file = resolve_path(base, *path);
  log.key = read_key(table, {"ed25519", "ec-p256"}, "ed25519").key;
  log.origin = read_origin(table);
  log.public_key = read_file_name(table, "public_key", file_names);
  log.verifier_key = read_file_name(table, "verifier_key", file_names);
  check_same_token(table, log, plan.root, "the root's");
  check_same_token(table, log, plan.issuing, "the issuing CA's");
  return log;
}

/// What concerns both certification authorities.
void check_authorities(TomlTable& issuing_table, const CaPlan& root, const CaPlan& issuing) {
  if (issuing.validity > root.validity) {
    issuing_table.complain("validity", fmt::format("is {}, longer than the root's, which is {}",
                                                   format_duration(issuing.validity), format_duration(root.validity)));
  }
  if (!issuing.subject.empty() && equal(issuing.subject.der(), root.subject.der())) {
    issuing_table.complain("subject", "is also the root's; the two need names of their own");
  }
  check_same_token(issuing_table, issuing, root, "the root's");
}

void read_end_entities(TomlTable& root_table, const std::string& base, std::set<std::string>& file_names, Plan& plan) {
  std::set<std::string> names;
  for (TomlTable& table : root_table.tables("end_entity")) {
    EndEntityPlan entity = read_end_entity(table, base, file_names);
    if (entity.validity > plan.issuing.validity) {
      table.complain("validity", fmt::format("is {}, longer than the issuing CA's, which is {}",
                                             format_duration(entity.validity), format_duration(plan.issuing.validity)));
    }
    if (!entity.name.empty() && !names.insert(entity.name).second)
      table.complain("name", "is that of another end entity");
    plan.end_entities.push_back(std::move(entity));
  }
}

}  // namespace

std::string key_type_text(const NewKey& key) {
  return key.type == KeyType::kRsa ? fmt::format("rsa-{}", key.rsa_bits) : std::string(name_of(key.type));
}

Result<Plan> parse_plan(ByteView text, const std::string& file) {
  SIGNET_TRY(const auto document, TomlDocument::parse(text, file));
  const std::string base = directory_of(file);
  TomlTable table = document->root();
  std::set<std::string> file_names = {std::string(kTranscriptName)};
  Plan plan;
  plan.title = table.text("title");
  plan.output = resolve_path(base, table.text("output"));
  while (plan.output.size() > 1 && plan.output.ends_with('/')) plan.output.pop_back();
  plan.hsm_profile = resolve_path(base, table.text("hsm_profile"));
  plan.environment = read_environment(table);
  plan.allow_untested = table.boolean("allow_untested", false);
  plan.init_arguments = table.optional_text("init_arguments").value_or("");
  plan.root = read_ca(table.table("root"), base, file_names);
  TomlTable issuing = table.table("issuing");
  plan.issuing = read_ca(issuing, base, file_names);
  plan.issuing.path_length = static_cast<std::uint64_t>(issuing.integer("path_length", 0, 10, 0));
  check_authorities(issuing, plan.root, plan.issuing);
  if (table.has("log_key")) {
    TomlTable log_key = table.table("log_key");
    plan.log_key = read_log_key(log_key, base, plan, file_names);
  }
  read_end_entities(table, base, file_names, plan);
  plan.sha256 = signet::sha256(text);
  SIGNET_CHECK(document->finish());
  return plan;
}

Result<Plan> load_plan(const std::string& path) {
  SIGNET_TRY(const Bytes text, read_file(path, kLargestPlan, FileTrust::kNotWritable, "FILE"));
  return parse_plan(text, path);
}

}  // namespace signet::ceremony
