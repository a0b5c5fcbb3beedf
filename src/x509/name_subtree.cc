#include "x509/name_subtree.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/ascii.h"
#include "x509/der.h"

namespace signet {
namespace {

// GeneralName's choices (RFC 5280 section 4.2.1.6).
constexpr std::uint8_t kRfc822Name = der::context(1);
constexpr std::uint8_t kDnsName = der::context(2);
constexpr std::uint8_t kDirectoryName = der::context_constructed(4);
constexpr std::uint8_t kUri = der::context(6);
constexpr std::uint8_t kIpAddress = der::context(7);

using Kind = NameSubtree::Kind;

std::unexpected<Error> refuse(std::string message) { return fail(ErrorCode::kInvalidArgument, std::move(message)); }

bool is_in_host(char c) noexcept { return ascii::is_alnum(c) || c == '-' || c == '_' || c == '.'; }

/// Labels of 1 to 63 letters, digits, '-' and '_' (which hosts of URIs and of mail have), at most 253 in all.
bool is_host(std::string_view text) {
  constexpr std::size_t kLongestLabel = 63;
  constexpr std::size_t kLongestName = 253;
  if (text.empty() || text.size() > kLongestName || !std::ranges::all_of(text, is_in_host)) return false;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find('.', start), text.size());
    if (end == start || end - start > kLongestLabel) return false;
    start = end + 1;
  }
  return true;
}

std::string_view without_leading_dot(std::string_view base) { return base.starts_with('.') ? base.substr(1) : base; }

bool is_longer_by_suffix(std::string_view name, std::string_view suffix) {
  return name.size() > suffix.size() && name.ends_with(suffix);
}

/// `name` is `domain` or below it; everything is below the empty domain.
bool is_within(std::string_view name, std::string_view domain) {
  return domain.empty() || name == domain || is_longer_by_suffix(name, "." + std::string(domain));
}

/// RFC 5280: a host stands for itself, one behind a dot for what is below it.
bool host_matches(std::string_view base, std::string_view host) {
  return base.starts_with('.') ? is_longer_by_suffix(host, base) : host == base;
}

/// One bits, then zero bits (RFC 4632).
bool is_prefix_mask(ByteView mask) {
  bool ended = false;
  for (std::size_t bit = 0; bit < mask.size() * 8; ++bit) {
    const bool one = (mask[bit / 8] >> (7U - bit % 8) & 1U) != 0;
    if (one && ended) return false;
    ended = !one;
  }
  return true;
}

int prefix_bits(ByteView mask) {
  int bits = 0;
  for (const std::uint8_t byte : mask) bits += std::popcount(byte);
  return bits;
}

Result<NameSubtree> parse_domain(Kind kind, std::string_view text) {
  const bool everything = kind == Kind::kDns && text.empty();
  if (everything || is_host(without_leading_dot(text))) return NameSubtree{.kind = kind, .text = ascii::to_lower(text)};
  return refuse(fmt::format("the {} constraint \"{}\" is no host and no domain", kind == Kind::kDns ? "DNS" : "URI",
                            printable(text)));
}

Result<NameSubtree> parse_email(std::string_view text) {
  const bool visible = std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
  if (auto mailbox = fold_address(text); mailbox && visible)
    return NameSubtree{.kind = Kind::kEmail, .text = *std::move(mailbox)};
  if (is_host(without_leading_dot(text))) return NameSubtree{.kind = Kind::kEmail, .text = ascii::to_lower(text)};
  return refuse(fmt::format("the e-mail constraint \"{}\" is no mailbox, host or domain", printable(text)));
}

Result<NameSubtree> parse_range(ByteView contents) {
  const ByteView address = contents.first(contents.size() / 2);
  const ByteView mask = contents.subspan(contents.size() / 2);
  if ((contents.size() != 8 && contents.size() != 32) || !is_prefix_mask(mask)) {
    return refuse(fmt::format("the IP constraint {} is no address with a prefix as its mask", to_hex(contents)));
  }
  return NameSubtree{.kind = Kind::kIp,
                     .text = fmt::format("{}/{}", IpAddress{copy_of(address)}.text(), prefix_bits(mask)),
                     .address = copy_of(address),
                     .mask = copy_of(mask)};
}

Result<NameSubtree> parse_directory(ByteView contents) {
  Result<Name> name = Name::parse(contents);
  if (!name) return refuse("the directoryName constraint: " + name.error().message);
  return NameSubtree{.kind = Kind::kDirectory, .text = name->text(), .rdns = comparable_rdns(*name)};
}

std::string comparable_value(std::string_view value) {
  std::string result;
  for (const char c : ascii::to_lower(value)) {
    const bool repeated = c == ' ' && (result.empty() || result.back() == ' ');
    if (!repeated) result += c;
  }
  if (result.ends_with(' ')) result.pop_back();
  return result;
}

}  // namespace

Result<std::optional<NameSubtree>> NameSubtree::parse(std::uint8_t tag, ByteView contents) {
  switch (tag) {
    case kDnsName: return parse_domain(Kind::kDns, text_of(contents));
    case kUri: return parse_domain(Kind::kUri, text_of(contents));
    case kRfc822Name: return parse_email(text_of(contents));
    case kIpAddress: return parse_range(contents);
    case kDirectoryName: return parse_directory(contents);
    default: return std::nullopt;
  }
}

std::string NameSubtree::full_text() const {
  switch (kind) {
    case Kind::kDns: return "DNS:" + text;
    case Kind::kIp: return "IP:" + text;
    case Kind::kUri: return "URI:" + text;
    case Kind::kEmail: return "email:" + text;
    case Kind::kDirectory: return "dirName:" + text;
  }
  return text;
}

bool covers_dns(const NameSubtree& subtree, std::string_view name, Side side) {
  const std::string_view base = subtree.text;
  if (side == Side::kPermitted && base.starts_with('.')) return is_longer_by_suffix(name, base);
  const std::string_view domain = without_leading_dot(base);
  if (is_within(name, domain)) return true;
  if (side == Side::kPermitted || !name.starts_with("*.")) return false;
  const std::string_view below = name.substr(1);  // ".example.com" of "*.example.com", which covers "a.example.com"
  return is_longer_by_suffix(domain, below) && domain.find('.') == domain.size() - below.size();
}

bool covers_email(const NameSubtree& subtree, std::string_view address) {
  const std::string_view base = subtree.text;
  if (base.find('@') != std::string_view::npos) return address == base;
  return host_matches(base, address.substr(address.rfind('@') + 1));
}

bool covers_uri_host(const NameSubtree& subtree, std::string_view host) { return host_matches(subtree.text, host); }

bool covers_ip(const NameSubtree& subtree, ByteView ip) {
  if (ip.size() != subtree.address.size()) return false;
  for (std::size_t i = 0; i < ip.size(); ++i) {
    if (((ip[i] ^ subtree.address[i]) & subtree.mask[i]) != 0) return false;
  }
  return true;
}

bool covers_directory(const NameSubtree& subtree, const std::vector<std::string>& rdns) {
  return subtree.rdns.size() <= rdns.size() && std::equal(subtree.rdns.begin(), subtree.rdns.end(), rdns.begin());
}

std::optional<std::string> fold_dns(std::string_view name) {
  if (!is_host(name.starts_with("*.") ? name.substr(2) : name)) return std::nullopt;
  return ascii::to_lower(name);
}

std::optional<std::string> fold_address(std::string_view address) {
  const std::size_t host = address.rfind('@') + 1;  // 0 where there is no '@'
  if (host < 2 || !is_host(address.substr(host))) return std::nullopt;
  return std::string(address.substr(0, host)) + ascii::to_lower(address.substr(host));
}

std::optional<std::string> host_of_uri(std::string_view uri) {
  const std::size_t scheme_end = uri.find(':');
  if (scheme_end == std::string_view::npos || uri.substr(scheme_end, 3) != "://") return std::nullopt;
  const std::string_view rest = uri.substr(scheme_end + 3);
  const std::string_view host = rest.substr(0, rest.find_first_of(":/?#@"));
  const std::string_view behind = rest.substr(host.size());
  const bool ends_well = behind.empty() || behind[0] == '/' || behind[0] == ':';
  // Some verifiers end the host at the first ':' wherever it stands, and what is before an '@' is no host.
  const bool has_stray_mark = behind.find('@') != std::string_view::npos ||
                              (!behind.starts_with(':') && behind.find(':') != std::string_view::npos);
  const bool is_ipv4 = std::ranges::all_of(host, [](char c) { return c == '.' || ascii::is_digit(c); });
  if (!is_host(host) || is_ipv4 || !ends_well || has_stray_mark) return std::nullopt;
  return ascii::to_lower(host);
}

std::vector<std::string> comparable_rdns(const Name& name) {
  std::vector<std::string> rdns;
  auto attribute = name.attributes().begin();
  der::Reader outer(name.der());
  der::Reader sets = *outer.enter(der::kSequence, "Name");  // a Name was parsed before
  while (!sets.at_end()) {
    der::Reader set = *sets.enter(der::kSet, "RelativeDistinguishedName");
    std::vector<std::string> parts;
    for (; !set.at_end() && set.any("AttributeTypeAndValue").has_value(); ++attribute)
      parts.push_back(attribute->first + "=" + comparable_value(attribute->second) + "\n");
    std::ranges::sort(parts);
    std::string& rdn = rdns.emplace_back();
    for (const std::string& part : parts) rdn += part;
  }
  return rdns;
}

Result<std::vector<std::string>> email_addresses(const Name& subject) {
  constexpr std::string_view kEmailAddress = "1.2.840.113549.1.9.1";
  std::vector<std::string> addresses;
  der::Reader outer(subject.der());
  SIGNET_TRY(der::Reader sets, outer.enter(der::kSequence, "Name"));
  while (!sets.at_end()) {
    SIGNET_TRY(der::Reader set, sets.enter(der::kSet, "RelativeDistinguishedName"));
    while (!set.at_end()) {
      SIGNET_TRY(der::Reader attribute, set.enter(der::kSequence, "AttributeTypeAndValue"));
      SIGNET_TRY(const std::string type, attribute.oid("attribute type"));
      SIGNET_TRY(const der::Element value, attribute.any("attribute value"));
      if (type != kEmailAddress) continue;
      if (value.tag != der::kIa5String) return refuse("an emailAddress that is no IA5String");
      addresses.emplace_back(text_of(value.contents));
    }
  }
  return addresses;
}

bool reads_like_host(std::string_view common_name) {
  return common_name.find('.') != std::string_view::npos && std::ranges::all_of(common_name, is_in_host);
}

}  // namespace signet
