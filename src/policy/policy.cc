#include "policy/policy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/toml_reader.h"
#include "policy/extended_key_usage.h"

namespace signet {

namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

constexpr seconds kLongestValidity = 100 * 365 * 24h;

std::uint32_t bit_named(const std::string& usage) { return key_usage_from(usage).value_or(0); }

/// The usages an end-entity certificate may have: signing certificates and CRLs belongs to CAs.
std::vector<std::string> end_entity_usages() {
  auto names = key_usage_names();
  std::erase_if(names, [](const std::string& name) { return (bit_named(name) & (kKeyCertSign | kCrlSign)) != 0; });
  return names;
}

std::uint32_t read_key_usage(TomlTable& table) {
  std::uint32_t mask = 0;
  for (const std::string& name : table.choices("key_usage", end_entity_usages(), 1)) mask |= bit_named(name);
  if ((mask & (kEncipherOnly | kDecipherOnly)) != 0 && (mask & kKeyAgreement) == 0) {
    // RFC 5280 section 4.2.1.3: undefined otherwise.
    table.complain("key_usage",
                   "has encipherOnly or decipherOnly without keyAgreement, which gives them their meaning");
  }
  return mask;
}

std::set<std::uint64_t> read_rsa_exponents(TomlTable& table, const std::set<std::uint64_t>& fallback) {
  if (!table.has("rsa_exponents")) return fallback;
  std::set<std::uint64_t> exponents;
  for (const std::int64_t exponent : table.integers("rsa_exponents", 3, INT64_MAX, 1)) {
    if (exponent % 2 == 0) table.complain("rsa_exponents", fmt::format("has {}; an RSA exponent is odd", exponent));
    exponents.insert(static_cast<std::uint64_t>(exponent));
  }
  return exponents;
}

KeyRules read_key_rules(TomlTable& table) {
  KeyRules rules;
  const auto bits = [&](const char* key, unsigned fallback) {
    return static_cast<unsigned>(table.integer(key, 2048, 8192, fallback));
  };
  rules.rsa_bits_min = bits("rsa_bits_min", rules.rsa_bits_min);
  rules.rsa_bits_max = bits("rsa_bits_max", rules.rsa_bits_max);
  rules.rsa_exponents = read_rsa_exponents(table, rules.rsa_exponents);
  if (rules.rsa_bits_max < rules.rsa_bits_min) {
    table.complain("rsa_bits_max",
                   fmt::format("is {}, less than rsa_bits_min, which is {}", rules.rsa_bits_max, rules.rsa_bits_min));
  }
  return rules;
}

void read_keys(TomlTable& table, Profile& profile) {
  for (const std::string& name : table.choices("keys", key_type_names(), 1)) {
    if (const auto type = key_type_from(name)) profile.keys.insert(*type);
  }
  profile.key_rules = read_key_rules(table);
  if (profile.keys.contains(KeyType::kRsa)) return;
  for (const char* key : {"rsa_bits_min", "rsa_bits_max", "rsa_exponents"})
    table.refuse(key, "has no effect, because \"rsa\" is not among the keys; remove it or add \"rsa\"");
}

void read_validity(TomlTable& table, Profile& profile) {
  profile.validity_max = table.duration("validity_max", 1min, kLongestValidity);
  profile.validity = table.duration("validity", 1min, kLongestValidity);
  profile.backdate = table.duration("backdate", 0s, 1h, profile.backdate);
  if (table.has("validity") && table.has("validity_max") && profile.validity > profile.validity_max) {
    table.complain("validity", fmt::format("is {}, longer than validity_max, which is {}",
                                           format_duration(profile.validity), format_duration(profile.validity_max)));
  }
}

/// The constant part of the subject. An empty Name is one that was encoded, too.
Name read_subject(TomlTable& table) {
  const auto text = table.optional_text("subject");
  if (!text || text->empty()) return table.accept("subject", Name::from_attributes({}));
  const Name subject = table.accept("subject", Name::from_text(*text));
  if (!subject.common_names().empty()) {
    table.complain("subject", "has a CN; the common name is chosen by common_name = \"from-san\" or \"none\"");
  }
  return subject;
}

/// The table `names` of a profile or client. Without a name no certificate is issued, so that at least one must be
/// allowed.
NameRules read_names(TomlTable& table) {
  TomlTable names = table.table("names");
  NameRules rules = NameRules::read(names);
  if (rules.empty()) names.complain("", "allows no name; expected at least one pattern under dns, ip, uri or email");
  return rules;
}

Profile read_profile(TomlTable& table, const std::string& name) {
  Profile profile;
  profile.name = name;
  profile.issuer = table.text("issuer");
  read_validity(table, profile);
  read_keys(table, profile);
  profile.subject = read_subject(table);
  profile.common_name = table.choice("common_name", {"from-san", "none"}, "none") == "from-san"
                            ? CommonNameMode::kFromSan
                            : CommonNameMode::kNone;
  profile.key_usage = read_key_usage(table);
  profile.extended_key_usage = read_extended_key_usage(table);
  profile.names = read_names(table);
  profile.sha256 = sha256(bytes_of(canonical_text(profile)));
  return profile;
}

std::set<Right> read_rights(TomlTable& table) {
  if (!table.has("rights")) return {Right::kIssue};
  constexpr Right kAll[] = {Right::kIssue, Right::kOperate, Right::kAudit};
  std::vector<std::string> names;
  for (const Right right : kAll) names.emplace_back(name_of(right));
  std::set<Right> rights;
  for (const std::string& chosen : table.choices("rights", names, 1)) {
    for (const Right right : kAll) {
      if (chosen == name_of(right)) rights.insert(right);
    }
  }
  return rights;
}

PolicyClient read_client(TomlTable& table, const std::string& name, const std::map<std::string, Profile>& profiles) {
  PolicyClient client;
  client.name = name;
  const std::string identity = table.text("identity");
  if (!identity.empty()) client.identity = table.accept("identity", parse_identity(identity));
  client.rights = read_rights(table);
  client.must_sign = table.boolean("must_sign", true);
  const bool issues = client.has(Right::kIssue);
  for (std::string& profile : table.texts("profiles", issues ? 1 : 0)) {
    if (!profile.empty() && !profiles.contains(profile)) {
      table.complain("profiles",
                     fmt::format("names \"{}\", and there is no [profile.{}]", printable(profile), printable(profile)));
    }
    client.profiles.insert(std::move(profile));
  }
  if (issues || table.has("names")) client.names = read_names(table);
  return client;
}

}  // namespace

Result<Policy> Policy::parse(ByteView text, const std::string& file) {
  SIGNET_TRY(const auto document, TomlDocument::parse(text, file));
  TomlTable root = document->root();
  Policy policy;
  for (auto& [name, table] : root.named_tables("profile", 1)) policy.profiles_.emplace(name, read_profile(table, name));
  for (auto& [name, table] : root.named_tables("client")) {
    const PolicyClient& client =
        policy.clients_.emplace(name, read_client(table, name, policy.profiles_)).first->second;
    if (client.identity.empty()) continue;  // was complained about
    const auto [other, is_new] = policy.by_identity_.emplace(client.identity, name);
    if (!is_new) table.complain("identity", fmt::format("is also the identity of [client.{}]", other->second));
  }
  policy.sha256_ = signet::sha256(text);
  SIGNET_CHECK(document->finish());
  return policy;
}

const PolicyClient* Policy::find_client(const PeerIdentity& peer) const {
  for (const std::string& identity : peer.identities) {
    if (const auto found = by_identity_.find(identity); found != by_identity_.end()) return &clients_.at(found->second);
  }
  return nullptr;
}

const Profile* Policy::find_profile(std::string_view name) const {
  const auto found = profiles_.find(std::string(name));
  return found == profiles_.end() ? nullptr : &found->second;
}

namespace {

/// Why the fence does not let through what the profile allows; empty if it does.
std::string misfit(const Profile& profile, const IssuerLimit& fence) {
  const seconds needed = profile.validity_max + profile.backdate;
  if (needed > fence.longest_validity) {
    return fmt::format(
        "[profile.{}] allows certificates of {} (validity_max and backdate), and the fence of the key of issuer \"{}\" "
        "lets through {} (longest_validity); shorten the one or lengthen the other",
        profile.name, format_duration(needed), profile.issuer, format_duration(fence.longest_validity));
  }
  if (profile.backdate + kTimeToFence <= fence.clock_tolerance) return {};
  return fmt::format(
      "[profile.{}] has backdate = \"{}\", and the fence of the key of issuer \"{}\" takes a notBefore up to {} old "
      "(clock_tolerance), of which {} are for the request's way there; shorten backdate or lengthen clock_tolerance",
      profile.name, format_duration(profile.backdate), profile.issuer, format_duration(fence.clock_tolerance),
      format_duration(kTimeToFence));
}

/// Why the issuer cannot make what the profile allows; empty if it can.
std::string misfit(const Profile& profile, const IssuerLimits& issuers) {
  const auto issuer = issuers.find(profile.issuer);
  if (issuer == issuers.end()) {
    std::vector<std::string_view> names;
    for (const auto& [name, limit] : issuers) names.push_back(name);
    return fmt::format("[profile.{}] has issuer = \"{}\", and the configuration has no such issuer; it has: {}",
                       profile.name, printable(profile.issuer), fmt::join(names, ", "));
  }
  return misfit(profile, issuer->second);
}

}  // namespace

Result<void> check_issuers(const Policy& policy, const IssuerLimits& issuers) {
  std::string complaints;
  for (const auto& [name, profile] : policy.profiles()) {
    const std::string complaint = misfit(profile, issuers);
    if (!complaint.empty()) complaints += (complaints.empty() ? "" : "\n") + complaint;
  }
  if (complaints.empty()) return {};
  return fail(ErrorCode::kFailedPrecondition, std::move(complaints), "profile");
}

Result<void> check_profile(const PolicyClient& client, const Profile& profile) {
  if (client.profiles.contains(profile.name)) return {};
  return fail(ErrorCode::kPermissionDenied,
              fmt::format("the client {} may not use the profile {}; it may use {}", client.name, profile.name,
                          client.profiles.empty() ? "none" : fmt::format("{}", fmt::join(client.profiles, ", "))),
              "profile");
}

Result<void> check_names(const Profile& profile, const PolicyClient& client, const AltNames& names) {
  if (names.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "the request has no subjectAltName; certificates are issued for at least one alternative name",
                "csr.subjectAltName");
  }
  SIGNET_CHECK(profile.names.permits(names, "profile " + profile.name));
  return client.names.permits(names, "client " + client.name);
}

}  // namespace signet
