// What must hold of any text that is taken for a name or a pattern. The fuzz target looks for texts that break it;
// names_replay_test runs it on the corpus.
#pragma once

#include <string>
#include <string_view>

#include "base/ascii.h"
#include "policy/name_pattern.h"
#include "policy/public_suffix.h"

namespace signet::test {

inline constexpr NameForms kAllForms{.wildcards = true, .a_labels = true, .mixed_scripts = true};

/// Each returns what is broken, or nothing.
[[nodiscard]] inline std::string dns_violation(const std::string& text) {
  if (!check_dns_name(text, kAllForms)) return check_dns_name(text) ? "strict forms take more" : "";
  if (IpAddress::parse(text)) return "an address was taken for a DNS name";
  if (!AltNames::parse(AltNames{.dns = {text}}.encode())) return "a DNS name does not go into a certificate";
  const std::string lower = ascii::to_lower(text);
  if (!check_dns_name(lower, kAllForms)) return "the case of a DNS name counts";
  if (!dns_matches("**", lower)) return "a DNS name is not any";
  const bool is_wildcard = text.starts_with("*.");
  if (is_wildcard && is_public_suffix(lower.substr(2))) return "a wildcard for a public suffix";
  if (is_wildcard && check_dns_name(text, {.a_labels = true, .mixed_scripts = true})) return "a wildcard unasked";
  if (!is_wildcard && !dns_matches(parse_dns_pattern(text, kAllForms).value_or("."), lower))
    return "a DNS name is no pattern for itself";
  return "";
}

[[nodiscard]] inline std::string uri_violation(const std::string& text) {
  if (!check_uri(text, kAllForms)) return "";
  if (!AltNames::parse(AltNames{.uris = {text}}.encode())) return "a URI does not go into a certificate";
  const auto pattern = parse_uri_pattern(text, kAllForms);
  if (!pattern || !uri_matches(*pattern, text)) return "a URI is no pattern for itself";
  return "";
}

[[nodiscard]] inline std::string email_violation(const std::string& text) {
  if (!check_email(text, kAllForms)) return "";
  if (!AltNames::parse(AltNames{.emails = {text}}.encode())) return "a mailbox does not go into a certificate";
  const std::string canonical = canonical_email(text);
  const auto pattern = parse_email_pattern(text, kAllForms);
  if (!pattern || !email_matches(*pattern, canonical)) return "a mailbox is no pattern for itself";
  if (!email_matches("*@" + canonical.substr(canonical.rfind('@') + 1), canonical))
    return "a mailbox is not at its host";
  return "";
}

[[nodiscard]] inline std::string names_violation(std::string_view input) {
  const std::string text(input);
  for (const auto check : {dns_violation, uri_violation, email_violation}) {
    if (std::string violation = check(text); !violation.empty()) return violation;
  }
  const auto range = IpRange::parse(text);
  if (range && !range->contains({range->address})) return "a range does not hold its first address";
  return "";
}

}  // namespace signet::test
