// Mailboxes, URIs and addresses; dns_name.cc has the host names.
#include "policy/name_syntax.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/ascii.h"

namespace signet {

namespace {

constexpr std::size_t kLongestLocalPart = 64;
constexpr std::size_t kLongestUri = 2048;

using ascii::is_alnum;
using ascii::is_digit;
using ascii::is_upper;

bool is_upper_hex(char c) { return is_digit(c) || (c >= 'A' && c <= 'F'); }
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

std::unexpected<Error> malformed(std::string_view name, std::string_view problem, std::string_view rule = "uri.form") {
  return fail(ErrorCode::kInvalidArgument, fmt::format("\"{}\" {} (rule {})", printable(name), problem, rule));
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
    if (segment.size() < 3 || !is_upper_hex(segment[1]) || !is_upper_hex(segment[2]))
      return malformed(uri, "has a '%' without two hexadecimal digits in upper case");
    const auto decoded = static_cast<std::uint8_t>(ascii::hex_value(segment[1]) * 16 + ascii::hex_value(segment[2]));
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

/// Labels of lower-case letters, digits, '-' and '_' with a '.' between them.
bool is_uri_host(std::string_view host) {
  const auto proper = [](char c) { return (is_alnum(c) && !is_upper(c)) || one_of(c, "-._"); };
  return !host.empty() && host.front() != '.' && host.back() != '.' && host.find("..") == std::string_view::npos &&
         std::ranges::all_of(host, proper);
}

/// An IPv6 address in its one recommended form (RFC 5952).
bool is_ipv6_literal(std::string_view text) {
  const auto address = IpAddress::parse(text);
  return address && address->bytes.size() == 16 && address->text() == text;
}

/// 1 to 65535, without leading zeros.
bool is_port(std::string_view text) {
  constexpr unsigned kHighestPort = 65535;
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && text[0] != '0' && port <= kHighestPort;
}

/// host or host:port. A user part is refused: "//trusted@elsewhere/" reads like a name of `trusted`.
Result<void> check_authority(std::string_view uri, std::string_view authority) {
  std::string_view port = authority;
  if (authority.starts_with('[')) {
    const std::size_t end = std::min(authority.find(']'), authority.size() - 1);
    if (authority[end] != ']' || !is_ipv6_literal(authority.substr(1, end - 1))) {
      return malformed(uri,
                       "has an authority that is no IPv6 address in brackets, lower-case and in its shortest form");
    }
    port.remove_prefix(end + 1);
    if (!port.empty() && port[0] != ':') return malformed(uri, "has something behind the bracket of its authority");
  } else {
    port.remove_prefix(std::min(authority.find(':'), authority.size()));
    if (!is_uri_host(authority.substr(0, authority.size() - port.size()))) {
      return malformed(uri, "has an authority that is no host (lower-case letters, digits, '-', '_', dots between)");
    }
  }
  if (port.empty() || is_port(port.substr(1))) return {};
  return malformed(uri, "has a port that is no number from 1 to 65535");
}

}  // namespace

Result<void> check_email(std::string_view address, const NameForms& forms) {
  constexpr std::string_view kRule = "email.form";
  const std::size_t at = address.find('@');
  if (at == std::string_view::npos || address.find('@', at + 1) != std::string_view::npos) {
    return malformed(address, "is no mailbox: it needs exactly one '@'", kRule);
  }
  std::string_view local = address.substr(0, at);
  const auto atom = [](char c) {
    return is_alnum(c) || one_of(c, "!#$%&'+-/=?^_`{|}~.");
  };  // atext without '*', and '.'
  const bool dots = local.starts_with('.') || local.ends_with('.') || local.find("..") != std::string_view::npos;
  if (local.empty() || local.size() > kLongestLocalPart || dots || !std::ranges::all_of(local, atom)) {
    return malformed(address, "is no mailbox: before the '@' stand 1 to 64 characters of RFC 5321's Dot-string, no '*'",
                     kRule);
  }
  const auto host = check_dns_name(
      address.substr(at + 1), {.wildcards = false, .a_labels = forms.a_labels, .mixed_scripts = forms.mixed_scripts});
  if (host.has_value()) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("\"{}\" is no mailbox: its host {}", printable(address), host.error().message));
}

namespace {

/// The authority of a URI that has one; otherwise nothing.
std::string_view authority_of(std::string_view uri) {
  const std::size_t start = uri.find("://");
  if (start == std::string_view::npos) return {};
  const std::string_view rest = uri.substr(start + 3);
  return rest.substr(0, rest.find('/'));
}

/// check_uri() without what holds of SPIFFE IDs, or of hosts with A-labels.
Result<void> check_any_uri(std::string_view uri) {
  if (uri.size() > kLongestUri) return malformed(uri, "is longer than 2048 characters");
  if (uri.find('*') != std::string_view::npos) return malformed(uri, "is a wildcard; ask for every URI by itself");
  if (uri.find_first_of("?#") != std::string_view::npos) return malformed(uri, "has a query or fragment");
  const std::size_t colon = uri.find(':');
  const std::string_view scheme = uri.substr(0, std::min(colon, uri.size()));
  const auto in_scheme = [](char c) { return (is_alnum(c) && !is_upper(c)) || one_of(c, "+-."); };
  const bool proper = !scheme.empty() && ascii::is_letter(scheme[0]) && std::ranges::all_of(scheme, in_scheme);
  if (colon == std::string_view::npos || !proper)
    return malformed(uri, "is no URI: it needs a scheme in lower case, such as \"spiffe:\"");
  std::string_view rest = uri.substr(colon + 1);
  if (rest.empty()) return malformed(uri, "is no URI: nothing stands behind its scheme");
  if (!rest.starts_with("//")) return check_path(uri, rest);
  rest.remove_prefix(2);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  SIGNET_CHECK(check_authority(uri, rest.substr(0, slash)));
  return check_path(uri, rest.substr(slash));
}

}  // namespace

Result<void> check_uri(std::string_view uri, const NameForms& forms) {
  SIGNET_CHECK(check_any_uri(uri));
  if (has_spiffe_scheme(uri) && !is_spiffe_id(uri)) {
    return malformed(uri,
                     "is no SPIFFE ID: \"spiffe://\", a trust domain, then segments of letters, digits, '.', '-', '_'");
  }
  const std::string_view authority = authority_of(uri);
  const auto host = check_a_labels(authority.substr(0, authority.find(':')), forms);
  if (host.has_value()) return {};
  return fail(ErrorCode::kInvalidArgument, fmt::format("\"{}\": its host {}", printable(uri), host.error().message));
}

bool has_spiffe_scheme(std::string_view uri) noexcept { return uri.starts_with("spiffe:"); }

bool is_spiffe_id(std::string_view uri) {
  constexpr std::string_view kStart = "spiffe://";
  constexpr std::size_t kLongestTrustDomain = 255;
  if (!uri.starts_with(kStart) || uri.ends_with('/') || !check_any_uri(uri)) return false;
  uri.remove_prefix(kStart.size());
  const std::size_t slash = std::min(uri.find('/'), uri.size());
  const auto in_path = [](char c) { return is_alnum(c) || one_of(c, "/.-_"); };
  const auto in_domain = [](char c) { return (is_alnum(c) && !is_upper(c)) || one_of(c, ".-_"); };
  return slash <= kLongestTrustDomain && std::ranges::all_of(uri.substr(0, slash), in_domain) &&
         std::ranges::all_of(uri.substr(slash), in_path);
}

Result<void> check_ip(const IpAddress& address) {
  static constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (address.bytes.size() != 4 && address.bytes.size() != 16) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("an IP address has 4 or 16 bytes, this one has {} (rule ip.form)", address.bytes.size()));
  }
  if (address.bytes.size() == 16 && equal(ByteView(address.bytes).first(12), kMapped)) {
    return malformed(address.text(), "is an IPv4-mapped IPv6 address; ask for the IPv4 address", "ip.form");
  }
  return {};
}

}  // namespace signet
