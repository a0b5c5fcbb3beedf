#include "policy/profile.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/clock.h"

namespace signet {

namespace {

constexpr std::chrono::seconds kShortestValidity{60};
constexpr std::size_t kLongestCommonName = 64;  // ub-common-name, RFC 5280 appendix A

std::string key_names(const Profile& profile) {
  std::vector<std::string_view> names;
  for (const KeyType type : profile.keys) names.push_back(name_of(type));
  return fmt::format("{}", fmt::join(names, ", "));
}

/// The name that becomes the CN: the first DNS name, else the first other one.
std::string first_name(const AltNames& names) {
  if (!names.dns.empty()) return names.dns.front();
  if (!names.ips.empty()) return names.ips.front().text();
  if (!names.uris.empty()) return names.uris.front();
  return names.emails.empty() ? std::string() : names.emails.front();
}

bool is_one_of(const AltNames& names, const std::string& common_name) {
  const auto same_host = [&](const std::string& dns) { return to_lower(dns) == to_lower(common_name); };
  if (std::ranges::any_of(names.dns, same_host)) return true;
  if (const auto ip = IpAddress::parse(common_name); ip && std::ranges::find(names.ips, *ip) != names.ips.end())
    return true;
  return std::ranges::find(names.uris, common_name) != names.uris.end() ||
         std::ranges::find(names.emails, common_name) != names.emails.end();
}

}  // namespace

std::string canonical_text(const Profile& profile) {
  const KeyRules& rules = profile.key_rules;
  std::string text = fmt::format(
      "name={}\nissuer={}\nvalidity={}\nvalidity_max={}\nbackdate={}\nkeys={}\nrsa_bits_min={}\n"
      "rsa_bits_max={}\nrsa_exponents={}\nsubject={}\ncommon_name={}\nkey_usage={}\nextended_key_usage={}\n",
      profile.name, profile.issuer, profile.validity.count(), profile.validity_max.count(), profile.backdate.count(),
      key_names(profile), rules.rsa_bits_min, rules.rsa_bits_max, fmt::join(rules.rsa_exponents, ","),
      to_hex(profile.subject.der()), profile.common_name == CommonNameMode::kFromSan ? "from-san" : "none",
      profile.key_usage, fmt::join(profile.extended_key_usage, ","));
  for (const std::string& pattern : profile.names.texts()) text += fmt::format("names={}\n", pattern);
  return text;
}

Result<void> check_key(const Profile& profile, const PublicKey& key) {
  if (!profile.keys.contains(key.type())) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the request's key is {}; the profile {} takes {} (rule key.type)", key.describe(),
                            profile.name, key_names(profile)),
                "csr.subjectPublicKeyInfo");
  }
  Result<void> sound = check_key_quality(key, profile.key_rules);
  if (!sound.has_value()) {
    std::string& message = sound.error().message;
    message = fmt::format("the profile {} does not take the request's key: {}", profile.name, message);
  }
  return sound;
}

Result<std::chrono::seconds> choose_validity(const Profile& profile, std::chrono::seconds wished) {
  if (wished.count() == 0) return profile.validity;
  if (wished >= kShortestValidity && wished <= profile.validity_max) return wished;
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format(
          "a validity of {} s was wished; the profile {} gives from {} s to {} s, and {} s where none is wished",
          wished.count(), profile.name, kShortestValidity.count(), profile.validity_max.count(),
          profile.validity.count()),
      "validity_seconds");
}

Result<Name> choose_subject(const Profile& profile, const Csr& csr, const AltNames& names) {
  for (const std::string& common_name : csr.subject().common_names()) {
    if (is_one_of(names, common_name)) continue;
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("the request's common name \"{}\" is none of its alternative names; leave it out or add it to them",
                    printable(common_name)),
        "csr.subject");
  }
  auto attributes = profile.subject.attributes();
  const std::string name = profile.common_name == CommonNameMode::kFromSan ? first_name(names) : "";
  if (!name.empty() && name.size() <= kLongestCommonName) attributes.emplace_back("CN", name);
  return Name::from_attributes(attributes);
}

}  // namespace signet
