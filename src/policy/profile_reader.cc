#include "policy/profile_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "policy/extended_key_usage.h"
#include "policy/profile_extensions.h"

namespace signet {

namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

constexpr seconds kLongestValidity = 100 * 365 * 24h;
constexpr std::int64_t kLongestPath = 16;
// In the order in which they stand in a subject.
constexpr std::array kSubjectAttributes = {"C", "ST", "L", "O", "OU", "serialNumber"};

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

AltNameMode read_alternative_names(TomlTable& table, const Profile& profile) {
  const std::string mode =
      table.choice("alternative_names", {"required", "optional", "none"}, profile.is_ca() ? "none" : "required");
  if (profile.is_ca() && mode != "none") table.complain("alternative_names", "must be \"none\" where ca = true");
  if (mode == "none") return AltNameMode::kNone;
  return mode == "optional" ? AltNameMode::kOptional : AltNameMode::kRequired;
}

/// Without a name no certificate is issued, so that at least one must be allowed where they are required.
NameRules read_names(TomlTable& table, AltNameMode mode) {
  if (mode != AltNameMode::kNone) return NameRules::read_required(table);
  table.refuse("names", "has no effect, because the profile's certificates have no alternative names; remove it");
  return {};
}

/// The constant part of the subject. An empty Name is one that was encoded, too.
Name read_subject(TomlTable& table, AltNameMode mode) {
  const auto text = table.optional_text("subject");
  const bool absent = !text || text->empty();
  const Name subject = table.accept("subject", absent ? Name::from_attributes({}) : Name::from_text(*text));
  if (mode == AltNameMode::kRequired && !subject.common_names().empty()) {
    table.complain("subject", "has a CN; the common name is chosen by common_name = \"from-san\" or \"none\"");
  }
  if (mode != AltNameMode::kRequired && absent) {
    table.complain("subject",
                   "is missing; where alternative names are not required, it is what certificates are named by");
  }
  return subject;
}

std::vector<std::string> keys_of(const Name& name) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : name.attributes()) keys.push_back(key);
  return keys;
}

std::vector<SubjectField> read_subject_fields(TomlTable& owner, const Name& constant) {
  std::vector<SubjectField> fields;
  auto table = owner.optional_table("subject_from_request");
  if (!table) return fields;
  const std::vector<std::string> taken = keys_of(constant);
  for (const char* attribute : kSubjectAttributes) {
    SubjectField field{.attribute = attribute, .values = table->texts(attribute, table->has(attribute) ? 1 : 0)};
    if (field.values.empty()) continue;
    if (std::ranges::find(taken, field.attribute) != taken.end())
      table->complain(attribute, "is in the constant subject already; remove it here or there");
    fields.push_back(std::move(field));
  }
  table->refuse("CN", "is not taken here; the common name is chosen by common_name");
  if (fields.empty()) table->complain("", "takes nothing; name an attribute with its values, such as OU = [\"*\"]");
  return fields;
}

CommonNameMode read_common_name(TomlTable& table, const Profile& profile) {
  const std::string mode = table.choice("common_name", {"from-san", "from-request", "none"}, "none");
  if (mode == "none") return CommonNameMode::kNone;
  if (profile.alternative_names == AltNameMode::kNone) {
    table.complain("common_name", fmt::format("is \"{}\", which is taken from alternative names, and there are none; "
                                              "write the CN into subject",
                                              mode));
  } else if (!profile.subject.common_names().empty()) {
    table.complain("common_name", fmt::format("is \"{}\", and subject has a CN already", mode));
  }
  return mode == "from-san" ? CommonNameMode::kFromSan : CommonNameMode::kFromRequest;
}

std::optional<std::uint64_t> read_ca(TomlTable& table) {
  if (!table.boolean("ca", false)) {
    table.refuse("path_length", "has no effect, because the profile does not say ca = true");
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(table.integer("path_length", 0, kLongestPath));
}

std::vector<std::string> read_purposes(TomlTable& table, const Profile& profile) {
  if (profile.is_ca() && !table.has("extended_key_usage")) return {};  // RFC 5280 section 4.2.1.12: for everything
  return read_extended_key_usage(table);
}

/// What X509-SVID sections 2 to 4 demand of a profile; check_svid() demands the rest of each request.
bool read_spiffe(TomlTable& table, const Profile& profile) {
  if (!table.boolean("spiffe", false)) return false;
  if (profile.is_ca()) table.complain("spiffe", "is for leaves, and the profile says ca = true");
  if (profile.alternative_names != AltNameMode::kRequired)
    table.complain("spiffe", "needs alternative_names = \"required\"");
  for (const auto& [key, usage] : profile.key_usage) {
    if ((usage & kDigitalSignature) != 0) continue;
    table.complain("spiffe", "needs digitalSignature in key_usage (X509-SVID section 4.3)");
    break;
  }
  for (const std::string_view purpose : {"serverAuth", "clientAuth"}) {
    const auto oid = eku_oid_from(purpose);
    const auto& purposes = profile.extended_key_usage;
    if (oid && std::ranges::find(purposes, *oid) != purposes.end()) continue;
    table.complain("spiffe", fmt::format("needs {} in extended_key_usage (X509-SVID section 4.4)", purpose));
  }
  return true;
}

}  // namespace

Profile read_profile(TomlTable& table, const std::string& name) {
  Profile profile;
  profile.name = name;
  profile.issuer = table.text("issuer");
  profile.ca_path_length = read_ca(table);
  read_validity(table, profile);
  read_keys(table, profile);
  profile.alternative_names = read_alternative_names(table, profile);
  profile.subject = read_subject(table, profile.alternative_names);
  profile.subject_from_request = read_subject_fields(table, profile.subject);
  profile.common_name = read_common_name(table, profile);
  read_key_usage(table, profile);
  profile.extended_key_usage = read_purposes(table, profile);
  profile.names = read_names(table, profile.alternative_names);
  profile.spiffe = read_spiffe(table, profile);
  read_extensions(table, profile);
  profile.lint = table.choice("lint", {"private", "public-trust"}, "private") == "private" ? LintRules::kPrivate
                                                                                           : LintRules::kPublicTrust;
  profile.sha256 = sha256(bytes_of(canonical_text(profile)));
  return profile;
}

}  // namespace signet
