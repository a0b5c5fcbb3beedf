#include "policy/name_rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "base/toml_reader.h"

namespace signet {

namespace {

constexpr std::string_view kField = "csr.subjectAltName";

std::unexpected<Error> bad_pattern(std::string_view pattern, std::string_view why, std::string_view expected) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("\"{}\" {}; expected {}", printable(pattern), why, expected));
}

/// The part of a DNS pattern that is a name: what stands behind "*." or "**.".
std::string_view base_of_dns_pattern(std::string_view pattern) {
  for (const std::string_view wild : {"**.", "*."}) {
    if (pattern.starts_with(wild)) return pattern.substr(wild.size());
  }
  return pattern;
}

Result<std::string> parse_dns_pattern(std::string_view text) {
  if (text == "**") return std::string(text);
  if (check_dns_name(base_of_dns_pattern(text))) return to_lower(text);
  return bad_pattern(text, "is no pattern of DNS names",
                     "\"a.example\", \"*.example\" (one label below), \"**.example\" (any below) or \"**\" (any name)");
}

/// `name` is lower-case and well-formed.
bool dns_matches(std::string_view pattern, std::string_view name) {
  if (pattern == "**") return true;
  const std::string_view base = base_of_dns_pattern(pattern);
  if (base.size() == pattern.size()) return name == pattern;
  if (name.size() <= base.size() + 1 || !name.ends_with(base)) return false;
  const std::string_view below = name.substr(0, name.size() - base.size());  // with its final dot, if it ends in one
  if (!below.ends_with('.')) return false;
  return pattern.starts_with("**") || below.find('.') == below.size() - 1;
}

Result<std::string> parse_uri_pattern(std::string_view text) {
  constexpr std::string_view kExpected =
      "a URI without query and fragment, or one that ends in \"/*\" behind its authority, such as "
      "\"spiffe://example/*\"";
  std::string_view prefix = text;
  if (text.ends_with('*')) {
    prefix.remove_suffix(1);
    const std::size_t authority = prefix.find("://");
    const bool below_authority =
        authority != std::string_view::npos && prefix.find('/', authority + 3) != std::string_view::npos;
    if (!below_authority || !prefix.ends_with('/')) return bad_pattern(text, "has a '*' at a wrong place", kExpected);
  }
  // A prefix is one if something may stand behind it.
  const std::string allowed = std::string(prefix) + (prefix.size() < text.size() ? "x" : "");
  if (const auto valid = check_uri(allowed); !valid)
    return bad_pattern(text, "is no pattern: " + valid.error().message, kExpected);
  return std::string(text);
}

bool uri_matches(std::string_view pattern, std::string_view uri) {
  if (!pattern.ends_with('*')) return uri == pattern;
  const std::string_view prefix = pattern.substr(0, pattern.size() - 1);
  return uri.starts_with(prefix) && uri.size() > prefix.size();
}

/// The host lower-case, the mailbox as it is.
std::string canonical_email(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return std::string(address.substr(0, at + 1)) + to_lower(address.substr(at + 1));
}

Result<std::string> parse_email_pattern(std::string_view text) {
  const bool any_mailbox = text.starts_with("*@");
  const auto valid = any_mailbox ? check_dns_name(text.substr(2)) : check_email(text);
  if (valid) return canonical_email(text);
  return bad_pattern(text, "is no pattern of e-mail addresses", "\"joe@example.com\" or \"*@example.com\"");
}

/// `address` is canonical.
bool email_matches(std::string_view pattern, std::string_view address) {
  if (!pattern.starts_with("*@")) return address == pattern;
  return address.substr(address.rfind('@') + 1) == pattern.substr(2);
}

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
              fmt::format("{} \"{}\" is not allowed by the {}, which allows {}", kind, printable(name), who,
                          allowed_text(kind, patterns)),
              std::string(kField));
}

/// The error of a check_*() function, as one about the request's names.
std::unexpected<Error> malformed(Error error, std::string_view kind) {
  return fail(error.code, fmt::format("{} {}", kind, error.message), std::string(kField));
}

/// X509-SVID section 2: whoever verifies a certificate with a SPIFFE ID refuses one with several URIs.
Result<void> check_spiffe_id_is_alone(const AltNames& names) {
  const auto found = std::ranges::find_if(names.uris, has_spiffe_scheme);
  if (found == names.uris.end() || names.uris.size() == 1) return {};
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("URI \"{}\" is a SPIFFE ID among {} URIs; a certificate with one has no other URI, so ask for "
                  "a certificate each",
                  printable(*found), names.uris.size()),
      std::string(kField));
}

template <class Pattern>
bool any_matches(const std::vector<std::string>& patterns, const std::string& name, Pattern&& matches) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) { return matches(pattern, name); });
}

bool bit_of(const Bytes& bytes, unsigned bit) { return (bytes[bit / 8] >> (7U - bit % 8) & 1U) != 0; }

/// `address` with all bits behind the prefix cleared.
Bytes network_of(Bytes address, unsigned prefix_bits) {
  for (unsigned bit = prefix_bits; bit < address.size() * 8; ++bit) {
    address[bit / 8] = static_cast<std::uint8_t>(address[bit / 8] & ~(0x80U >> bit % 8));
  }
  return address;
}

/// Decimal digits without leading zeros, at most `max`.
std::optional<unsigned> parse_prefix_bits(std::string_view text, unsigned max) {
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
  const bool whole = error == std::errc() && end == text.data() + text.size() && !(text.size() > 1 && text[0] == '0');
  if (!whole || bits > max) return std::nullopt;
  return bits;
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

}  // namespace

Result<NameRules::IpRange> NameRules::parse_range(std::string_view text) {
  constexpr std::string_view kExpected = "an address range, such as \"10.0.0.0/8\" or \"2001:db8::/32\"";
  const std::size_t slash = text.find('/');
  auto address = IpAddress::parse(text.substr(0, std::min(slash, text.size())));
  if (!address) return bad_pattern(text, "is no address range", kExpected);
  if (const auto valid = check_ip(*address); !valid) return bad_pattern(text, "is an IPv4-mapped range", kExpected);
  const auto most_bits = static_cast<unsigned>(address->bytes.size() * 8);
  const auto bits = slash == std::string_view::npos ? most_bits : parse_prefix_bits(text.substr(slash + 1), most_bits);
  if (!bits) return bad_pattern(text, fmt::format("has no prefix length from 0 to {}", most_bits), kExpected);
  const IpAddress network{network_of(address->bytes, *bits)};
  const std::string canonical = fmt::format("{}/{}", network.text(), *bits);
  if (network != *address) return bad_pattern(text, "has bits behind its prefix", fmt::format("\"{}\"", canonical));
  return IpRange{network.bytes, *bits, canonical};
}

bool NameRules::IpRange::contains(const IpAddress& ip) const noexcept {
  if (ip.bytes.size() != address.size()) return false;
  for (unsigned bit = 0; bit < prefix_bits; ++bit) {
    if (bit_of(ip.bytes, bit) != bit_of(address, bit)) return false;
  }
  return true;
}

NameRules NameRules::read(TomlTable& table) {
  NameRules rules;
  rules.dns_ = read_patterns<std::string>(table, "dns", parse_dns_pattern);
  rules.ip_ = read_patterns<IpRange>(table, "ip", parse_range);
  rules.uri_ = read_patterns<std::string>(table, "uri", parse_uri_pattern);
  rules.email_ = read_patterns<std::string>(table, "email", parse_email_pattern);
  return rules;
}

Result<void> NameRules::permits(const AltNames& names, std::string_view who) const {
  for (const std::string& name : names.dns) {
    if (auto valid = check_dns_name(name); !valid) return malformed(std::move(valid).error(), "DNS name");
    if (!any_matches(dns_, to_lower(name), dns_matches)) return forbidden(name, who, "DNS", dns_);
  }
  for (const IpAddress& ip : names.ips) {
    if (auto valid = check_ip(ip); !valid) return malformed(std::move(valid).error(), "IP address");
    if (std::ranges::any_of(ip_, [&](const IpRange& range) { return range.contains(ip); })) continue;
    std::vector<std::string> ranges;
    for (const IpRange& range : ip_) ranges.push_back(range.text);
    return forbidden(ip.text(), who, "IP", ranges);
  }
  SIGNET_CHECK(check_spiffe_id_is_alone(names));
  for (const std::string& uri : names.uris) {
    if (auto valid = check_uri(uri); !valid) return malformed(std::move(valid).error(), "URI");
    if (!any_matches(uri_, uri, uri_matches)) return forbidden(uri, who, "URI", uri_);
  }
  for (const std::string& email : names.emails) {
    if (auto valid = check_email(email); !valid) return malformed(std::move(valid).error(), "e-mail address");
    if (!any_matches(email_, canonical_email(email), email_matches)) return forbidden(email, who, "e-mail", email_);
  }
  return {};
}

std::vector<std::string> NameRules::texts() const {
  std::vector<std::string> texts;
  for (const auto& pattern : dns_) texts.push_back("dns:" + pattern);
  for (const auto& range : ip_) texts.push_back("ip:" + range.text);
  for (const auto& pattern : uri_) texts.push_back("uri:" + pattern);
  for (const auto& pattern : email_) texts.push_back("email:" + pattern);
  std::ranges::sort(texts);
  return texts;
}

}  // namespace signet
