#include "policy/name_rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/toml_reader.h"

namespace signet {

namespace {

constexpr std::string_view kField = "csr.subjectAltName";

/// What `who` allows of one kind, for a person.
template <class Patterns>
std::string allowed_text(std::string_view kind, const Patterns& patterns) {
  if (patterns.empty()) return fmt::format("no {} names at all", kind);
  return fmt::format("of {} names only {}", kind, printable(fmt::format("{}", fmt::join(patterns, ", ")), 1024));
}

template <class Patterns>
std::unexpected<Error> forbidden(std::string_view name, std::string_view who, std::string_view kind,
                                 const Patterns& patterns) {
  return fail(ErrorCode::kPermissionDenied,
              fmt::format("{} \"{}\" is not allowed by the {}, which allows {} (rule names.pattern)", kind,
                          printable(name), who, allowed_text(kind, patterns)),
              std::string(kField));
}

/// The error of a check_*() function, as one about the request's names.
std::unexpected<Error> malformed(const Error& error, std::string_view kind, std::string_view who) {
  return fail(error.code, fmt::format("by the rules of the {}: {} {}", who, kind, error.message), std::string(kField));
}

/// X509-SVID section 2: whoever verifies a certificate with a SPIFFE ID refuses one with several URIs.
Result<void> check_spiffe_id_is_alone(const AltNames& names) {
  const auto found = std::ranges::find_if(names.uris, has_spiffe_scheme);
  if (found == names.uris.end() || names.uris.size() == 1) return {};
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("URI \"{}\" is a SPIFFE ID among {} URIs; a certificate with one has no other URI, so ask for "
                  "a certificate each (rule uri.spiffe)",
                  printable(*found), names.uris.size()),
      std::string(kField));
}

template <class Matches>
bool any_matches(const std::vector<std::string>& patterns, const std::string& name, Matches&& matches) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) { return matches(pattern, name); });
}

/// The patterns under `key`, each through `parse`; complaints go to the document.
template <class T, class Parse>
std::vector<T> read_patterns(TomlTable& table, const std::string& key, Parse&& parse) {
  std::vector<T> patterns;
  for (const std::string& text : table.texts(key)) {
    if (text.empty()) continue;  // was complained about
    auto pattern = parse(text);
    if (pattern) {
      patterns.push_back(*std::move(pattern));
    } else {
      table.complain(key, pattern.error().message);
    }
  }
  return patterns;
}

NameForms read_forms(TomlTable& table) {
  NameForms forms{.wildcards = table.boolean("wildcards", false),
                  .a_labels = table.boolean("a_labels", false),
                  .mixed_scripts = table.boolean("mixed_scripts", false)};
  if (!forms.a_labels) table.refuse("mixed_scripts", "has no effect without a_labels = true");
  if (!table.has("dns")) table.refuse("wildcards", "has no effect without a pattern under dns");
  return forms;
}

}  // namespace

NameRules NameRules::read(TomlTable& table) {
  NameRules rules;
  rules.forms_ = read_forms(table);
  const auto with_forms = [&rules](auto parse) {
    return [&rules, parse](const std::string& text) { return parse(text, rules.forms_); };
  };
  rules.dns_ = read_patterns<std::string>(table, "dns", with_forms(parse_dns_pattern));
  rules.ip_ = read_patterns<IpRange>(table, "ip", IpRange::parse);
  rules.uri_ = read_patterns<std::string>(table, "uri", with_forms(parse_uri_pattern));
  rules.email_ = read_patterns<std::string>(table, "email", with_forms(parse_email_pattern));
  return rules;
}

NameRules NameRules::read_required(TomlTable& owner) {
  TomlTable names = owner.table("names");
  NameRules rules = read(names);
  if (rules.empty()) names.complain("", "allows no name; expected at least one pattern under dns, ip, uri or email");
  return rules;
}

Result<void> NameRules::permit_dns(const std::string& name, std::string_view who) const {
  if (const auto valid = check_dns_name(name, forms_); !valid) return malformed(valid.error(), "DNS name", who);
  if (any_matches(dns_, ascii::to_lower(name), dns_matches)) return {};
  return forbidden(name, who, "DNS", dns_);
}

Result<void> NameRules::permit_ip(const IpAddress& ip, std::string_view who) const {
  if (const auto valid = check_ip(ip); !valid) return malformed(valid.error(), "IP address", who);
  if (std::ranges::any_of(ip_, [&](const IpRange& range) { return range.contains(ip); })) return {};
  std::vector<std::string> ranges;
  for (const IpRange& range : ip_) ranges.push_back(range.text);
  return forbidden(ip.text(), who, "IP", ranges);
}

Result<void> NameRules::permit_uri(const std::string& uri, std::string_view who) const {
  if (const auto valid = check_uri(uri, forms_); !valid) return malformed(valid.error(), "URI", who);
  if (any_matches(uri_, uri, uri_matches)) return {};
  return forbidden(uri, who, "URI", uri_);
}

Result<void> NameRules::permit_email(const std::string& email, std::string_view who) const {
  if (const auto valid = check_email(email, forms_); !valid) return malformed(valid.error(), "e-mail address", who);
  if (any_matches(email_, canonical_email(email), email_matches)) return {};
  return forbidden(email, who, "e-mail", email_);
}

Result<void> NameRules::permits(const AltNames& names, std::string_view who) const {
  for (const std::string& name : names.dns) SIGNET_CHECK(permit_dns(name, who));
  for (const IpAddress& ip : names.ips) SIGNET_CHECK(permit_ip(ip, who));
  SIGNET_CHECK(check_spiffe_id_is_alone(names));
  for (const std::string& uri : names.uris) SIGNET_CHECK(permit_uri(uri, who));
  for (const std::string& email : names.emails) SIGNET_CHECK(permit_email(email, who));
  return {};
}

std::vector<std::string> NameRules::texts() const {
  std::vector<std::string> texts;
  if (forms_.wildcards) texts.emplace_back("form:wildcards");
  if (forms_.a_labels) texts.emplace_back("form:a-labels");
  if (forms_.mixed_scripts) texts.emplace_back("form:mixed-scripts");
  for (const auto& pattern : dns_) texts.push_back("dns:" + pattern);
  for (const auto& range : ip_) texts.push_back("ip:" + range.text);
  for (const auto& pattern : uri_) texts.push_back("uri:" + pattern);
  for (const auto& pattern : email_) texts.push_back("email:" + pattern);
  std::ranges::sort(texts);
  return texts;
}

}  // namespace signet
