#include "policy/name_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "base/ascii.h"

namespace signet {

namespace {

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

constexpr std::string_view kAnySegment = "*";
constexpr std::string_view kAnySegments = "**";

std::vector<std::string_view> split_at_slashes(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t slash = text.find('/');
    parts.push_back(text.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    text.remove_prefix(slash + 1);
  }
}

/// A URI that the pattern allows, made by putting a letter for each star. Stars at wrong places stay.
std::string example_of(std::string_view pattern) {
  constexpr std::size_t kPath = 3;  // behind "scheme:", "" and the authority
  std::vector<std::string_view> parts = split_at_slashes(pattern);
  const bool has_authority = parts.size() > kPath && parts[1].empty();
  for (std::size_t i = kPath; has_authority && i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    if (parts[i] == kAnySegment || (last && parts[i] == kAnySegments)) parts[i] = "x";
  }
  std::string uri(parts.front());
  for (std::size_t i = 1; i < parts.size(); ++i) uri.append("/").append(parts[i]);
  return uri;
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

}  // namespace

Result<std::string> parse_dns_pattern(std::string_view text, const NameForms& forms) {
  if (text == "**") return std::string(text);
  const auto valid =
      check_dns_name(base_of_dns_pattern(text),
                     {.wildcards = false, .a_labels = forms.a_labels, .mixed_scripts = forms.mixed_scripts});
  if (valid.has_value()) return ascii::to_lower(text);
  return bad_pattern(text, "is no pattern of DNS names: " + valid.error().message,
                     "\"a.example\", \"*.example\" (one label below), \"**.example\" (any below) or \"**\" (any name)");
}

bool dns_matches(std::string_view pattern, std::string_view name) {
  if (pattern == "**") return true;
  const std::string_view base = base_of_dns_pattern(pattern);
  if (base.size() == pattern.size()) return name == pattern;  // no wildcard is equal: an exact pattern has no '*'
  if (name.size() <= base.size() + 1 || !name.ends_with(base)) return false;
  const std::string_view below = name.substr(0, name.size() - base.size());  // "*." of a wildcard is one label, too
  if (!below.ends_with('.')) return false;
  return pattern.starts_with("**") || below.find('.') == below.size() - 1;
}

Result<std::string> parse_uri_pattern(std::string_view text, const NameForms& forms) {
  const auto valid = check_uri(example_of(text), forms);
  if (valid.has_value()) return std::string(text);
  return bad_pattern(
      text, "is no pattern of URIs: " + valid.error().message,
      "a URI without query and fragment, in whose path \"*\" is one whole segment and a final \"**\" one or "
      "more, such as \"spiffe://example/ns/*/sa/*\"");
}

bool uri_matches(std::string_view pattern, std::string_view uri) {
  const std::vector<std::string_view> wanted = split_at_slashes(pattern);
  const std::vector<std::string_view> parts = split_at_slashes(uri);
  const bool open = wanted.back() == kAnySegments;
  if (open ? parts.size() < wanted.size() : parts.size() != wanted.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const bool any = wanted[i] == kAnySegment || (open && i + 1 == wanted.size());
    if (any ? parts[i].empty() : parts[i] != wanted[i]) return false;
  }
  return true;
}

std::string canonical_email(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return std::string(address.substr(0, at + 1)) + ascii::to_lower(address.substr(at + 1));
}

Result<std::string> parse_email_pattern(std::string_view text, const NameForms& forms) {
  const bool any_mailbox = text.starts_with("*@");
  const auto valid = check_email(any_mailbox ? "x" + std::string(text.substr(1)) : std::string(text), forms);
  if (valid.has_value()) return canonical_email(text);
  return bad_pattern(text, "is no pattern of e-mail addresses: " + valid.error().message,
                     "\"joe@example.com\" or \"*@example.com\"");
}

bool email_matches(std::string_view pattern, std::string_view address) {
  if (!pattern.starts_with("*@")) return address == pattern;
  return address.substr(address.rfind('@') + 1) == pattern.substr(2);
}

Result<IpRange> IpRange::parse(std::string_view text) {
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

bool IpRange::contains(const IpAddress& ip) const noexcept {
  if (ip.bytes.size() != address.size()) return false;
  for (unsigned bit = 0; bit < prefix_bits; ++bit) {
    if (bit_of(ip.bytes, bit) != bit_of(address, bit)) return false;
  }
  return true;
}

}  // namespace signet
