#include "policy/escalation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "policy/name_syntax.h"

namespace signet {

namespace {

constexpr std::string_view kDns = "dns:";
constexpr std::string_view kClientAuth = "1.3.6.1.5.5.7.3.2";
constexpr std::string_view kAnyPurpose = "2.5.29.37.0";  // RFC 5280 section 4.2.1.12

/// A certificate of the profile can have alternative names and be shown to the daemon.
bool makes_identities(const Profile& profile) {
  const auto has = [&](std::string_view oid) {
    return std::ranges::find(profile.extended_key_usage, oid) != profile.extended_key_usage.end();
  };
  return profile.alternative_names != AltNameMode::kNone && (has(kClientAuth) || has(kAnyPurpose));
}

/// The name that a certificate needs for `identity`; none for a hash.
AltNames name_of_identity(std::string_view identity) {
  AltNames names;
  if (identity.starts_with(kDns)) names.dns.emplace_back(identity.substr(kDns.size()));
  if (is_spiffe_id(identity)) names.uris.emplace_back(identity);
  return names;
}

bool may_have(const PolicyClient& client, const Profile& profile, const std::string& identity) {
  const AltNames names = name_of_identity(identity);
  return !names.empty() && check_names(profile, client, names).has_value();
}

std::string rights_text(const PolicyClient& client) {
  std::vector<std::string_view> names;
  for (const Right right : client.rights) names.push_back(name_of(right));
  return fmt::format("{}", fmt::join(names, ", "));
}

/// How `client` can become `other`; empty where it cannot.
std::string escalation(const Policy& policy, const PolicyClient& client, const PolicyClient& other) {
  for (const std::string& profile : client.profiles) {
    const Profile* const made = policy.find_profile(profile);
    if (made == nullptr || !makes_identities(*made)) continue;
    for (const std::string& identity : other.identities) {
      if (!may_have(client, *made, identity)) continue;
      return fmt::format(
          "[client.{}] may have a certificate of the profile {} for \"{}\", an identity of [client.{}]: it can connect "
          "as that client and has its rights ({}); keep that name out of its names, unless this is meant",
          client.name, profile, printable(identity), other.name, rights_text(other));
    }
  }
  return {};
}

}  // namespace

std::vector<std::string> escalations(const Policy& policy) {
  std::vector<std::string> found;
  for (const auto& [name, client] : policy.clients()) {
    if (!client.has(Right::kIssue)) continue;
    for (const auto& [other_name, other] : policy.clients()) {
      if (other_name == name) continue;
      if (std::string sentence = escalation(policy, client, other); !sentence.empty())
        found.push_back(std::move(sentence));
    }
  }
  return found;
}

}  // namespace signet
