#include "x509/name_limits.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "x509/name_subtree.h"

namespace signet {
namespace {

std::unexpected<Error> invalid(std::string message) { return fail(ErrorCode::kInvalidArgument, std::move(message)); }

/// `host` is `domain` or below it.
bool is_within(std::string_view host, std::string_view domain) {
  if (domain == kEveryName || host == domain) return true;
  return host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.';
}

bool is_in_domains(const std::vector<std::string>& domains, std::string_view host) {
  return std::ranges::any_of(domains, [&](const std::string& domain) { return is_within(host, domain); });
}

Bytes mask_of(std::size_t bytes, unsigned prefix_bits) {
  Bytes mask(bytes);
  for (unsigned bit = 0; bit < prefix_bits; ++bit)
    mask[bit / 8] = static_cast<std::uint8_t>(mask[bit / 8] | (0x80U >> (bit % 8)));
  return mask;
}

/// Scheme and "://" with the authority behind it, in lower case: all of a URI that says whose it is. Without an
/// authority the scheme and ":".
std::string owner_of(std::string_view uri) {
  const std::size_t scheme = uri.find(':') + 1;
  if (scheme == 0 || uri.substr(scheme, 2) != "//") return ascii::to_lower(uri.substr(0, scheme));
  return ascii::to_lower(uri.substr(0, std::min(uri.find_first_of("/?#", scheme + 2), uri.size())));
}

bool is_scheme(std::string_view text) {
  const bool known_characters = std::ranges::all_of(
      text, [](char c) { return ascii::is_lower(c) || ascii::is_digit(c) || c == '+' || c == '-' || c == '.'; });
  return known_characters && !text.empty() && ascii::is_lower(text[0]);
}

std::string_view without_blanks_around(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<IpNetwork> IpNetwork::parse(std::string_view text) {
  const auto refuse = [&](std::string_view problem) {
    return invalid(fmt::format("\"{}\" {}; expected a network such as \"10.0.0.0/8\" or \"2001:db8::/32\"",
                               printable(text), problem));
  };
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto ip = IpAddress::parse(text.substr(0, slash));
  if (!ip) return refuse("does not begin with an IP address");
  const auto longest = static_cast<unsigned>(ip->bytes.size() * 8);
  unsigned prefix = longest;
  if (slash < text.size()) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    if (error != std::errc() || end != digits.data() + digits.size() || prefix > longest)
      return refuse("has no prefix length that fits its address");
  }
  IpNetwork network{.address = ip->bytes, .mask = mask_of(ip->bytes.size(), prefix), .text = {}};
  for (std::size_t i = 0; i < network.address.size(); ++i) {
    if ((network.address[i] & ~network.mask[i]) != 0) return refuse("has bits behind its prefix");
  }
  network.text = fmt::format("{}/{}", ip->text(), prefix);
  return network;
}

Result<std::string> parse_domain_limit(std::string_view text) {
  if (text == kEveryName) return std::string(text);
  if (auto domain = fold_dns(text); domain && !text.starts_with("*.")) return *std::move(domain);
  return invalid(
      fmt::format("\"{}\" is no domain; expected one without a dot or a wildcard in front, such as "
                  "\"example.com\", which stands for itself and all below it, or \"*\" for every name",
                  printable(text)));
}

Result<std::string> parse_uri_limit(std::string_view text) {
  const std::size_t colon = text.find(':');
  const bool has_owner = colon != std::string_view::npos && is_scheme(text.substr(0, colon)) &&
                         owner_of(text) == text && text.find_first_of("@*\\ ") == std::string_view::npos;
  const std::string_view behind = has_owner ? text.substr(colon + 1) : std::string_view();
  if (text == kEveryName || (has_owner && (behind.empty() || behind.size() > 2))) return std::string(text);
  return invalid(
      fmt::format("\"{}\" is no scheme with an authority; expected such as \"spiffe://example.org\", in lower "
                  "case and without a path, \"urn:\" for a scheme without authorities, or \"*\" for every "
                  "URI",
                  printable(text)));
}

std::vector<std::string> NameLimits::texts() const {
  std::vector<std::string> texts;
  for (const std::string& each : dns) texts.push_back("DNS:" + each);
  for (const IpNetwork& each : ips) texts.push_back("IP:" + each.text);
  for (const std::string& each : uris) texts.push_back("URI:" + each);
  for (const std::string& each : emails) texts.push_back("email:" + each);
  return texts;
}

/// All that a wildcard covers is below what stands behind its "*.".
bool NameLimits::has_dns(std::string_view name) const {
  const auto folded = fold_dns(name);
  if (!folded) return false;
  const std::string_view host = *folded;
  return is_in_domains(dns, host.starts_with("*.") ? host.substr(2) : host);
}

bool NameLimits::has_ip(const IpAddress& ip) const {
  return std::ranges::any_of(ips, [&](const IpNetwork& network) {
    return covers_ip({.kind = NameSubtree::Kind::kIp, .text = {}, .address = network.address, .mask = network.mask},
                     ip.bytes);
  });
}

bool NameLimits::has_uri(std::string_view uri) const {
  const std::string owner = owner_of(uri);
  const std::string scheme = owner.substr(0, owner.find(':') + 1);
  return std::ranges::any_of(
      uris, [&](const std::string& limit) { return limit == kEveryName || limit == owner || limit == scheme; });
}

bool NameLimits::has_email(std::string_view address) const {
  const auto folded = fold_address(address);
  return folded && is_in_domains(emails, std::string_view(*folded).substr(folded->rfind('@') + 1));
}

/// One that repeats a DNS name is among the names allowed, as that one was found to be.
bool NameLimits::has_common_name(std::string_view name, const std::set<std::string_view>& certified_uris) const {
  name = without_blanks_around(name);
  if (name.find(' ') != std::string_view::npos) return true;
  if (const auto ip = IpAddress::parse(name)) return has_ip(*ip);
  if (name.find("://") != std::string_view::npos) return has_uri(name);
  if (name.find('@') != std::string_view::npos) return has_email(name);
  return certified_uris.contains(name) || has_dns(name.ends_with('.') ? name.substr(0, name.size() - 1) : name);
}

Result<void> NameLimits::permit_alt_names(const AltNames& names) const {
  const auto refuse = [&](std::string_view form, std::string_view name) {
    return fail(
        ErrorCode::kPermissionDenied,
        fmt::format("{}:{} is not among the names allowed, {}", form, printable(name), fmt::join(texts(), ", ")),
        "subjectAltName");
  };
  for (const std::string& name : names.dns) {
    if (!has_dns(name)) return refuse("DNS", name);
  }
  for (const IpAddress& ip : names.ips) {
    if (!has_ip(ip)) return refuse("IP", ip.text());
  }
  for (const std::string& uri : names.uris) {
    if (!has_uri(uri)) return refuse("URI", uri);
  }
  for (const std::string& address : names.emails) {
    if (!has_email(address)) return refuse("email", address);
  }
  return {};
}

Result<void> NameLimits::permit(const Name& subject, const AltNames& names) const {
  if (!given()) return {};
  SIGNET_CHECK(permit_alt_names(names));
  const auto refuse = [&](std::string_view what, std::string_view name) {
    return fail(ErrorCode::kPermissionDenied,
                fmt::format("the subject's {} \"{}\" is not among the names allowed, {}", what, printable(name),
                            fmt::join(texts(), ", ")),
                "subject");
  };
  const auto addresses = email_addresses(subject);
  if (!addresses) return fail(ErrorCode::kPermissionDenied, addresses.error().message, "subject");
  for (const std::string& address : *addresses) {
    if (!has_email(address)) return refuse("e-mail address", address);
  }
  const std::set<std::string_view> certified_uris(names.uris.begin(), names.uris.end());
  for (const std::string& name : subject.common_names()) {
    if (!has_common_name(name, certified_uris)) return refuse("common name", name);
  }
  return {};
}

}  // namespace signet
