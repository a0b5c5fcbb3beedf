// What a well-formed name is; which of them are allowed is name_rules.cc's matter.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "policy/name_rules.h"

namespace signet {

namespace {

constexpr std::size_t kLongestDnsName = 253;
constexpr std::size_t kLongestLabel = 63;
constexpr std::size_t kLongestLocalPart = 64;
constexpr std::size_t kLongestUri = 2048;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alnum(char c) { return is_alpha(c) || is_digit(c); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_unreserved(char c) { return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~'; }
bool one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

/// Cuts `text` at the first `separator`: returns what is before it and leaves what is behind; all of it where there is
/// none.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

std::unexpected<Error> malformed(std::string_view name, std::string_view rule) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("\"{}\" {}", printable(name), rule));
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kLongestLabel && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-'; });
}

/// Labels that inet_aton() and browsers take for numbers: digits, or "0x" and hexadecimal digits.
bool is_number(std::string_view label) {
  const bool hexadecimal = label.starts_with("0x") || label.starts_with("0X");
  if (hexadecimal) label.remove_prefix(2);
  return std::ranges::all_of(label, hexadecimal ? is_hex : is_digit);
}

std::uint8_t hex_value(char c) {
  if (is_digit(c)) return static_cast<std::uint8_t>(c - '0');
  return static_cast<std::uint8_t>((c | 0x20) - 'a' + 10);
}

/// One segment of a URI's path: pchar of RFC 3986 section 3.3 without '*', percent-encoded only where that is needed.
Result<void> check_segment(std::string_view uri, std::string_view segment) {
  if (segment == "." || segment == "..") return malformed(uri, "has a segment \".\" or \"..\" in its path");
  while (!segment.empty()) {
    const char c = segment[0];
    if (c != '%') {
      if (!is_unreserved(c) && !one_of(c, "!$&'()+,;=:@"))
        return malformed(uri, "has a character that no path has here");
      segment.remove_prefix(1);
      continue;
    }
    if (segment.size() < 3 || !is_hex(segment[1]) || !is_hex(segment[2]))
      return malformed(uri, "has a '%' without two digits");
    const auto decoded = static_cast<std::uint8_t>(hex_value(segment[1]) * 16 + hex_value(segment[2]));
    const char plain = static_cast<char>(decoded);
    if (is_unreserved(plain) || plain == '/' || plain == '\\' || plain == '*' || plain == '%' || decoded < 0x20 ||
        decoded == 0x7F) {
      return malformed(uri, "percent-encodes a character that must stand as itself or not at all");
    }
    segment.remove_prefix(3);
  }
  return {};
}

/// "/a/b", "/a/b/" or nothing; for a URI without authority also "a:b".
Result<void> check_path(std::string_view uri, std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  while (!path.empty()) {
    const std::string_view segment = take_until(path, '/');
    if (segment.empty()) return malformed(uri, "has an empty segment (\"//\") in its path");
    SIGNET_CHECK(check_segment(uri, segment));
  }
  return {};
}

/// host or host:port. A user part is refused: "//trusted@elsewhere/" reads like a name of `trusted`.
Result<void> check_authority(std::string_view uri, std::string_view authority) {
  std::string_view host = authority;
  if (host.starts_with('[')) {  // an IPv6 literal
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos || !IpAddress::parse(host.substr(1, end - 1))) {
      return malformed(uri, "has an authority that is no IPv6 address in brackets");
    }
    host.remove_prefix(end + 1);
    if (!host.empty() && host[0] != ':') return malformed(uri, "has something behind the bracket of its authority");
  } else if (const auto name = host.substr(0, host.find(':'));
             name.empty() || !std::ranges::all_of(name, [](char c) { return is_alnum(c) || one_of(c, "-._"); })) {
    return malformed(uri, "has an authority that is no host (letters, digits, '-', '.', '_')");
  }
  const std::size_t colon = host.find(':');
  if (colon == std::string_view::npos) return {};
  const std::string_view port = host.substr(colon + 1);
  if (port.empty() || port.size() > 5 || !std::ranges::all_of(port, is_digit))
    return malformed(uri, "has a port that is no number");
  return {};
}

}  // namespace

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

Result<void> check_dns_name(std::string_view name) {
  if (name.empty() || name.size() > kLongestDnsName)
    return malformed(name, "is no DNS name: it needs 1 to 253 characters");
  if (name.find('*') != std::string_view::npos) {
    return malformed(name, "is a wildcard; ask for every name by itself");
  }
  std::string_view rest = name;
  std::string_view label;
  while (!rest.empty()) {
    label = take_until(rest, '.');
    if (!is_label(label)) {
      return malformed(name, "is no DNS name: labels are 1 to 63 letters, digits and inner hyphens");
    }
  }
  if (name.back() == '.') return malformed(name, "is no DNS name here: write it without the final dot");
  if (is_number(label))
    return malformed(name, "is no DNS name: its last label can be taken for part of an IPv4 address");
  return {};
}

Result<void> check_email(std::string_view address) {
  const std::size_t at = address.find('@');
  if (at == std::string_view::npos || address.find('@', at + 1) != std::string_view::npos) {
    return malformed(address, "is no mailbox: it needs exactly one '@'");
  }
  std::string_view local = address.substr(0, at);
  const auto atom = [](char c) {
    return is_alnum(c) || one_of(c, "!#$%&'+-/=?^_`{|}~.");
  };  // atext without '*', and '.'
  const bool dots = local.starts_with('.') || local.ends_with('.') || local.find("..") != std::string_view::npos;
  if (local.empty() || local.size() > kLongestLocalPart || dots || !std::ranges::all_of(local, atom)) {
    return malformed(address,
                     "is no mailbox: before the '@' stand 1 to 64 characters of RFC 5321's Dot-string, no '*'");
  }
  auto host = check_dns_name(address.substr(at + 1));
  if (!host) return malformed(address, "is no mailbox: its host " + host.error().message);
  return {};
}

Result<void> check_uri(std::string_view uri) {
  if (uri.size() > kLongestUri) return malformed(uri, "is longer than 2048 characters");
  if (uri.find('*') != std::string_view::npos) return malformed(uri, "is a wildcard; ask for every URI by itself");
  if (uri.find_first_of("?#") != std::string_view::npos) return malformed(uri, "has a query or fragment");
  const std::size_t colon = uri.find(':');
  const std::string_view scheme = uri.substr(0, std::min(colon, uri.size()));
  const bool proper = !scheme.empty() && is_alpha(scheme[0]) &&
                      std::ranges::all_of(scheme, [](char c) { return is_alnum(c) || one_of(c, "+-."); });
  if (colon == std::string_view::npos || !proper)
    return malformed(uri, "is no URI: it needs a scheme, such as \"spiffe:\"");
  std::string_view rest = uri.substr(colon + 1);
  if (rest.empty()) return malformed(uri, "is no URI: nothing stands behind its scheme");
  if (!rest.starts_with("//")) return check_path(uri, rest);
  rest.remove_prefix(2);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  SIGNET_CHECK(check_authority(uri, rest.substr(0, slash)));
  return check_path(uri, rest.substr(slash));
}

Result<void> check_ip(const IpAddress& address) {
  static constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (address.bytes.size() != 4 && address.bytes.size() != 16) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("an IP address has 4 or 16 bytes, this one has {}", address.bytes.size()));
  }
  if (address.bytes.size() == 16 && equal(ByteView(address.bytes).first(12), kMapped)) {
    return malformed(address.text(), "is an IPv4-mapped IPv6 address; ask for the IPv4 address");
  }
  return {};
}

}  // namespace signet
