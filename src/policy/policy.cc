#include "policy/policy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/toml_reader.h"
#include "policy/client_reader.h"
#include "policy/profile_reader.h"

namespace signet {

Result<Policy> Policy::parse(ByteView text, const std::string& file) {
  SIGNET_TRY(const auto document, TomlDocument::parse(text, file));
  TomlTable root = document->root();
  Policy policy;
  for (auto& [name, table] : root.named_tables("profile", 1)) policy.profiles_.emplace(name, read_profile(table, name));
  for (auto& [name, table] : root.named_tables("client")) {
    policy.add_client(table, read_client(table, name));
  }
  policy.sha256_ = signet::sha256(text);
  SIGNET_CHECK(document->finish());
  for (auto& [name, profile] : policy.profiles_) prepare_constant_der(profile);
  return policy;
}

void Policy::add_client(TomlTable& table, PolicyClient client) {
  const auto takes_names = [&](const std::string& profile) {
    const auto found = profiles_.find(profile);
    return found == profiles_.end() || found->second.alternative_names != AltNameMode::kNone;
  };
  const bool issues = client.has(Right::kIssue) || client.has(Right::kRenew);
  const bool needs_names = client.profiles.empty() || std::ranges::any_of(client.profiles, takes_names);
  if (issues && needs_names && !table.has("names")) client.names = NameRules::read_required(table);  // complains
  for (const std::string& profile : client.profiles) {
    if (profile.empty() || profiles_.contains(profile)) continue;
    table.complain("profiles",
                   fmt::format("names \"{}\", and there is no [profile.{}]", printable(profile), printable(profile)));
  }
  for (const std::string& identity : client.identities) {
    const auto [other, is_new] = by_identity_.emplace(identity, client.name);
    if (is_new) continue;
    table.complain(table.has("identities") ? "identities" : "identity",
                   fmt::format("\"{}\" is also an identity of [client.{}]", printable(identity), other->second));
  }
  std::string name = client.name;
  clients_.emplace(std::move(name), std::move(client));
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

using std::chrono::seconds;

/// As below, of what the certificates are for.
std::string misfit_of_purposes(const Profile& profile, const IssuerLimit& fence) {
  const auto& purposes = profile.extended_key_usage;
  if (!fence.ocsp_responders && std::ranges::find(purposes, kOcspSigningOid) != purposes.end()) {
    return fmt::format(
        "[profile.{}] has OCSPSigning in extended_key_usage, which the fence of the key of issuer \"{}\" does not let "
        "through: whoever has it answers for the CA which certificates are revoked; set ocsp_responder = true in the "
        "fence",
        profile.name, profile.issuer);
  }
  if (fence.every_eku) return {};
  const auto foreign = std::ranges::find_if(
      purposes, [&](const std::string& oid) { return oid != kOcspSigningOid && !fence.eku.contains(oid); });
  if (foreign != purposes.end()) {
    return fmt::format(
        "[profile.{}] has {} in extended_key_usage, which the fence of the key of issuer \"{}\" does not let through: "
        "add it to the fence's eku (without that list it has serverAuth and clientAuth), or have another issuer",
        profile.name, eku_name_of(*foreign), profile.issuer);
  }
  if (!purposes.empty()) return {};
  return fmt::format(
      "[profile.{}] has no extended_key_usage, and a CA without them issues for every purpose, which the fence of the "
      "key of issuer \"{}\" does not let through: name them, or set eku = [\"*\"] in the fence",
      profile.name, profile.issuer);
}

/// As below, of what the certificates are.
std::string misfit_of_kind(const Profile& profile, const IssuerLimit& fence) {
  const std::string_view kind = profile.is_ca() ? "ca-certificate" : "end-entity-certificate";
  if (!(profile.is_ca() ? fence.cas : fence.end_entities)) {
    return fmt::format(
        "[profile.{}] makes what the fence of the key of issuer \"{}\" does not let through: add \"{}\" "
        "to may_sign, or have another issuer",
        profile.name, profile.issuer, kind);
  }
  if (profile.is_ca() && *profile.ca_path_length > fence.longest_path) {
    return fmt::format(
        "[profile.{}] has path_length = {}, and the fence of the key of issuer \"{}\" lets through {} "
        "(longest_path); shorten the one or lengthen the other",
        profile.name, *profile.ca_path_length, profile.issuer, fence.longest_path);
  }
  for (const ExtraExtension& extra : profile.extensions) {
    if (fence.extensions.contains(extra.oid)) continue;
    return fmt::format(
        "[profile.{}] has the extension {}, which the fence of the key of issuer \"{}\" does not let "
        "through: add it to its extensions",
        profile.name, extra.oid, profile.issuer);
  }
  return misfit_of_purposes(profile, fence);
}

/// Why the fence does not let through what the profile allows; empty if it does.
std::string misfit(const Profile& profile, const IssuerLimit& fence) {
  if (std::string kind = misfit_of_kind(profile, fence); !kind.empty()) return kind;
  const seconds needed = profile.validity_max + profile.backdate;
  const seconds longest = profile.is_ca() ? fence.longest_ca_validity : fence.longest_validity;
  if (needed > longest) {
    return fmt::format(
        "[profile.{}] allows certificates of {} (validity_max and backdate), and the fence of the key of issuer \"{}\" "
        "lets through {} ({}); shorten the one or lengthen the other",
        profile.name, format_duration(needed), profile.issuer, format_duration(longest),
        profile.is_ca() ? "longest_ca_validity" : "longest_validity");
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
  if (issuer->second.retiring) {
    return fmt::format(
        "[profile.{}] has issuer = \"{}\", which is retiring and issues no more; name the one that takes "
        "its place, or remove the profile",
        profile.name, printable(profile.issuer));
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

Result<void> check_right(const PolicyClient& client, Right right) {
  if (client.has(right)) return {};
  return fail(ErrorCode::kPermissionDenied,
              fmt::format("client {} does not have the right \"{}\" (rule client.rights)", client.name, name_of(right)),
              "method");
}

Result<void> check_profile(const PolicyClient& client, const Profile& profile) {
  if (client.profiles.contains(profile.name)) return {};
  return fail(
      ErrorCode::kPermissionDenied,
      fmt::format("the client {} may not use the profile {}; it may use {} (rule client.profiles)", client.name,
                  profile.name, client.profiles.empty() ? "none" : fmt::format("{}", fmt::join(client.profiles, ", "))),
      "profile");
}

Result<void> check_names(const Profile& profile, const PolicyClient& client, const AltNames& names) {
  if (names.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "the request has no subjectAltName; certificates are issued for at least one alternative name (rule "
                "names.missing)",
                "csr.subjectAltName");
  }
  SIGNET_CHECK(profile.names.permits(names, "profile " + profile.name));
  return client.names.permits(names, "client " + client.name);
}

}  // namespace signet
