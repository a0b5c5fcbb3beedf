#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/ascii.h"
#include "x509/der.h"
#include "x509/field.h"
#include "x509/name.h"

namespace signet {
namespace {

// GeneralName's choices (RFC 5280 section 4.2.1.6).
constexpr std::uint8_t kRfc822Name = der::context(1);
constexpr std::uint8_t kDnsName = der::context(2);
constexpr std::uint8_t kUri = der::context(6);
constexpr std::uint8_t kIpAddress = der::context(7);

std::unexpected<Error> refuse(std::string message) { return fail(ErrorCode::kInvalidArgument, std::move(message)); }

void append_names(Bytes& to, std::uint8_t tag, const std::vector<std::string>& names) {
  for (const std::string& name : names) append(to, der::element(tag, bytes_of(name)));
}

Result<std::string> read_text(ByteView contents, std::string_view kind) {
  const std::string_view text = text_of(contents);
  const bool visible = std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
  if (text.empty()) return refuse(fmt::format("an empty {}", kind));
  if (!visible) return refuse(fmt::format("{} \"{}\" is not printable ASCII without spaces", kind, printable(text)));
  return std::string(text);
}

Result<void> read_text_into(std::vector<std::string>& names, ByteView contents, std::string_view kind) {
  SIGNET_TRY(std::string text, read_text(contents, kind));
  names.push_back(std::move(text));
  return {};
}

Result<void> read_general_name(const der::Element& name, AltNames& into) {
  switch (name.tag) {
    case kDnsName: return read_text_into(into.dns, name.contents, "dNSName");
    case kUri: return read_text_into(into.uris, name.contents, "uniformResourceIdentifier");
    case kRfc822Name: return read_text_into(into.emails, name.contents, "rfc822Name");
    case kIpAddress: break;
    default:
      return refuse(
          fmt::format("a GeneralName of tag 0x{:02x}; only DNS names, IP addresses, URIs and e-mail addresses "
                      "are supported",
                      name.tag));
  }
  if (name.contents.size() != 4 && name.contents.size() != 16) {
    return refuse(fmt::format("an iPAddress of {} bytes, not 4 or 16", name.contents.size()));
  }
  into.ips.push_back({copy_of(name.contents)});
  return {};
}

Result<void> check_unique(const AltNames& names) {
  AltNames folded = names;
  std::ranges::transform(folded.dns, folded.dns.begin(), ascii::to_lower);
  std::set<std::string> seen;
  for (std::string& text : folded.texts()) {
    const auto [entry, inserted] = seen.insert(std::move(text));
    if (!inserted) return refuse(fmt::format("{} stands there twice", printable(*entry)));
  }
  return {};
}

Result<AltNames> parse_names(ByteView extension_contents) {
  der::Reader outer(extension_contents);
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, "GeneralNames"));
  SIGNET_CHECK(outer.finish("GeneralNames"));
  AltNames names;
  while (!reader.at_end()) {
    SIGNET_TRY(const der::Element name, reader.any("GeneralName"));
    SIGNET_CHECK(read_general_name(name, names));
  }
  if (names.empty()) return refuse("no name; at least one is needed");
  SIGNET_CHECK(check_unique(names));
  return names;
}

}  // namespace

Result<IpAddress> IpAddress::parse(std::string_view text) {
  std::array<std::uint8_t, 16> address{};
  const std::string terminated(text);
  const bool whole = text.find('\0') == std::string_view::npos;
  if (whole && inet_pton(AF_INET, terminated.c_str(), address.data()) == 1) {
    return IpAddress{copy_of(ByteView(address).first(4))};
  }
  if (whole && inet_pton(AF_INET6, terminated.c_str(), address.data()) == 1) return IpAddress{copy_of(address)};
  return refuse(fmt::format("\"{}\" is not an IP address, such as 192.0.2.1 or 2001:db8::1", printable(text)));
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
  if (bytes.size() != 4 && bytes.size() != 16) return to_hex(bytes);
  return inet_ntop(family, bytes.data(), buffer.data(), buffer.size());
}

std::vector<std::string> AltNames::texts() const {
  std::vector<std::string> all;
  for (const std::string& name : dns) all.push_back("DNS:" + name);
  for (const IpAddress& address : ips) all.push_back("IP:" + address.text());
  for (const std::string& uri : uris) all.push_back("URI:" + uri);
  for (const std::string& email : emails) all.push_back("email:" + email);
  return all;
}

Bytes AltNames::encode() const {
  Bytes names;
  append_names(names, kDnsName, dns);
  for (const IpAddress& address : ips) append(names, der::element(kIpAddress, address.bytes));
  append_names(names, kUri, uris);
  append_names(names, kRfc822Name, emails);
  return der::element(der::kSequence, names);
}

Result<AltNames> AltNames::parse(ByteView extension_contents) {
  return in_field("subjectAltName", parse_names(extension_contents));
}

}  // namespace signet
