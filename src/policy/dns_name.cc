// Host names: labels, A-labels, wildcards.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/ascii.h"
#include "policy/a_label.h"
#include "policy/name_syntax.h"
#include "policy/public_suffix.h"

namespace signet {

namespace {

constexpr std::size_t kLongestDnsName = 253;
constexpr std::size_t kLongestLabel = 63;
constexpr std::string_view kWildcard = "*.";

bool is_hex(char c) { return ascii::hex_value(c) >= 0; }

std::unexpected<Error> malformed(std::string_view name, std::string_view problem, std::string_view rule) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("\"{}\" {} (rule {})", printable(name), problem, rule));
}

/// What stands between the dots, as many as there are and one more.
std::vector<std::string_view> labels_of(std::string_view name) {
  std::vector<std::string_view> labels;
  while (true) {
    const std::size_t dot = name.find('.');
    labels.push_back(name.substr(0, dot));
    if (dot == std::string_view::npos) return labels;
    name.remove_prefix(dot + 1);
  }
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kLongestLabel && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, [](char c) { return ascii::is_alnum(c) || c == '-'; });
}

/// Labels that inet_aton() and browsers take for numbers: digits, or "0x" and hexadecimal digits.
bool is_number(std::string_view label) {
  const bool hexadecimal = label.starts_with("0x") || label.starts_with("0X");
  if (hexadecimal) label.remove_prefix(2);
  return std::ranges::all_of(label, hexadecimal ? is_hex : ascii::is_digit);
}

Result<void> check_labels(std::string_view whole, std::string_view name) {
  constexpr std::string_view kRule = "dns.label";
  if (!ascii::is_all_ascii(name))
    return malformed(whole, "has characters beyond ASCII; a certificate has their A-label, \"xn--...\"", kRule);
  if (name.ends_with('.')) return malformed(whole, "is no DNS name here: write it without the final dot", kRule);
  const std::vector<std::string_view> labels = labels_of(name);
  if (!std::ranges::all_of(labels, is_label))
    return malformed(whole, "is no DNS name: labels are 1 to 63 letters, digits and inner hyphens", kRule);
  if (is_number(labels.back()))
    return malformed(whole, "is no DNS name: its last label can be taken for part of an IPv4 address", "dns.ip");
  return {};
}

Result<void> check_a_label(std::string_view whole, std::string_view label, const NameForms& forms) {
  if (!forms.a_labels) {
    return malformed(whole, fmt::format("has the A-label \"{}\", which needs a_labels = true", printable(label)),
                     "dns.a-label");
  }
  const auto u_label = decode_a_label(label);
  if (!u_label) {
    return malformed(whole,
                     fmt::format("has \"{}\", which is no A-label: {}", printable(label), u_label.error().message),
                     "dns.a-label");
  }
  if (forms.mixed_scripts || is_of_one_script(*u_label)) return {};
  return malformed(whole,
                   fmt::format("has the A-label \"{}\" of mixed scripts ({}), which needs mixed_scripts = true",
                               printable(label), scripts_of(*u_label)),
                   "dns.mixed-script");
}

/// `name` is what the wildcard is for, well-formed.
Result<void> check_wildcard(std::string_view whole, std::string_view name, const NameForms& forms) {
  if (!forms.wildcards)
    return malformed(whole, "is a wildcard, which needs wildcards = true; or ask for every name by itself",
                     "dns.wildcard");
  if (!is_public_suffix(ascii::to_lower(name))) return {};
  return malformed(
      whole,
      fmt::format("is a wildcard for all of \"{}\", a public suffix or a single label; ask for one below it",
                  printable(name)),
      "dns.public-suffix");
}

}  // namespace

Result<void> check_a_labels(std::string_view host, const NameForms& forms) {
  for (const std::string_view label : labels_of(host)) {
    if (label.size() < 4 || label.substr(2, 2) != "--") continue;
    if (!has_a_label_prefix(label)) {
      return malformed(host,
                       fmt::format("has the label \"{}\"; only A-labels (\"xn--...\") have \"--\" in the third place",
                                   printable(label)),
                       "dns.a-label");
    }
    SIGNET_CHECK(check_a_label(host, label, forms));
  }
  return {};
}

Result<void> check_dns_name(std::string_view name, const NameForms& forms) {
  if (name.empty() || name.size() > kLongestDnsName)
    return malformed(name, "is no DNS name: it needs 1 to 253 characters", "dns.label");
  const bool is_wildcard = name.starts_with(kWildcard);
  const std::string_view covered = is_wildcard ? name.substr(kWildcard.size()) : name;
  if (covered.find('*') != std::string_view::npos)
    return malformed(name, "has a '*' that is not the whole left-most label", "dns.wildcard");
  SIGNET_CHECK(check_labels(name, covered));
  SIGNET_CHECK(check_a_labels(covered, forms));
  return is_wildcard ? check_wildcard(name, covered, forms) : Result<void>();
}

}  // namespace signet
