#include "policy/client_reader.h"

#include <fmt/format.h>

#include <algorithm>

namespace signet {

namespace {

using namespace std::chrono_literals;

/// `identity` for one, `identities` for several: never both, so that no reader has to ask which one counts.
std::vector<std::string> read_identities(TomlTable& table) {
  std::vector<std::string> texts;
  const bool several = table.has("identities");
  if (several) {
    texts = table.texts("identities", 1);
    table.refuse("identity", "stands beside identities; put all of them there");
  } else {
    texts.push_back(table.text("identity"));
  }
  std::vector<std::string> identities;
  for (const std::string& text : texts) {
    if (text.empty()) continue;  // was complained about
    const char* const key = several ? "identities" : "identity";
    std::string identity = table.accept(key, parse_identity(text));
    if (identity.empty()) continue;
    if (std::ranges::find(identities, identity) != identities.end()) {
      table.complain(key, fmt::format("has \"{}\" twice", printable(identity)));
      continue;
    }
    identities.push_back(std::move(identity));
  }
  return identities;
}

std::set<Right> read_rights(TomlTable& table) {
  if (!table.has("rights")) return {Right::kIssue};
  std::vector<std::string> names;
  for (const Right right : all_rights()) names.emplace_back(name_of(right));
  std::set<Right> rights;
  for (const std::string& chosen : table.choices("rights", names, 1)) {
    for (const Right right : all_rights()) {
      if (chosen == name_of(right)) rights.insert(right);
    }
  }
  return rights;
}

std::optional<RateLimit> read_rate(TomlTable& table) {
  constexpr std::int64_t kLargestBurst = 1'000'000;
  const auto text = table.optional_text("rate");
  if (!text) {
    table.refuse("burst", "has no effect without rate; add one, such as rate = \"100/m\"");
    return std::nullopt;
  }
  RateLimit rate = table.accept("rate", parse_rate(*text));
  rate.burst = static_cast<std::uint32_t>(table.integer("burst", 1, kLargestBurst, std::max(rate.requests, 1U)));
  return rate;
}

std::optional<std::chrono::seconds> read_validity_max(TomlTable& table) {
  constexpr std::chrono::seconds kLongestValidity = 100 * 365 * 24h;
  if (!table.has("validity_max")) return std::nullopt;
  return table.duration("validity_max", 1min, kLongestValidity);
}

}  // namespace

PolicyClient read_client(TomlTable& table, const std::string& name) {
  PolicyClient client;
  client.name = name;
  client.identities = read_identities(table);
  client.rights = read_rights(table);
  client.must_sign = table.boolean("must_sign", true);
  client.validity_max = read_validity_max(table);
  client.rate = read_rate(table);
  const bool issues = client.has(Right::kIssue) || client.has(Right::kRenew);
  for (std::string& profile : table.texts("profiles", issues ? 1 : 0)) client.profiles.insert(std::move(profile));
  if (table.has("names")) client.names = NameRules::read_required(table);
  return client;
}

}  // namespace signet
