// Which names a certificate may carry. This is what stands between a client and somebody else's name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "x509/name.h"

namespace signet {

class TomlTable;

/// A host name as certificates carry it: labels of letters, digits and inner hyphens (RFC 1123 section 2.1) of 1 to 63
/// characters, at most 253 in all, no final dot, no wildcard, and a last label that cannot be taken for a part of an
/// IPv4 address. Errors: kInvalidArgument, saying which rule is broken.
[[nodiscard]] Result<void> check_dns_name(std::string_view name);

/// One mailbox (RFC 5321 section 4.1.2): a Dot-string of at most 64 characters without '*', one '@', a host name.
[[nodiscard]] Result<void> check_email(std::string_view address);

/// A URI (RFC 3986) that has one spelling: a scheme, "//" and an authority without user where there is one, a path.
/// Scheme and host are lower-case, a host has no empty label, a port is 1 to 65535 without leading zeros. No empty, "."
/// or ".." segment inside the path, percent-encoding with upper-case digits and not of what needs none ("%2E") or of
/// '/' and '\', no '*', no query, no fragment. Prefixes of such URIs can be compared as text. With the scheme "spiffe"
/// it is a SPIFFE ID.
[[nodiscard]] Result<void> check_uri(std::string_view uri);

/// The URI is a SPIFFE ID (SPIFFE-ID section 2): "spiffe://", a trust domain of at most 255 lower-case letters, digits,
/// '.', '-', '_', then a path whose segments have letters, digits, '.', '-', '_' and are neither empty nor "." nor
/// ".."; no final slash; at most 2048 bytes.
[[nodiscard]] bool is_spiffe_id(std::string_view uri);
/// The URI has the scheme of SPIFFE IDs. A certificate with such a URI has no other (X509-SVID section 2).
[[nodiscard]] bool has_spiffe_scheme(std::string_view uri) noexcept;

/// An address of 4 or 16 bytes that is not an IPv4-mapped IPv6 address (which would be one address under two names).
[[nodiscard]] Result<void> check_ip(const IpAddress& address);

/// Upper-case ASCII letters made lower-case; the rest as it is.
[[nodiscard]] std::string to_lower(std::string_view text);

/// The patterns of one [...names] table. A kind without patterns allows no name of that kind. Immutable; copies are
/// deep.
///   dns   "a.example" that name; "*.example" one label below; "**.example" one or more labels below; "**" any name.
///         Case is ignored.
///   ip    "10.0.0.0/8", "2001:db8::/32"; an address alone is that address.
///   uri   exact, or a prefix that ends in "/*" behind the authority, for one or more characters more. Case counts.
///   email "joe@example.com", or "*@example.com" for any mailbox of that host. Case of the host is ignored.
class NameRules {
 public:
  /// Reads the table's keys `dns`, `ip`, `uri` and `email`; what is wrong becomes a complaint of the table's document.
  [[nodiscard]] static NameRules read(TomlTable& table);

  /// Every name is well-formed and matches a pattern of its kind, and a SPIFFE ID is the only URI. `who` says whose
  /// rules they are ("profile tls-server"). Errors: kInvalidArgument for a malformed name, kPermissionDenied for one
  /// that no pattern allows; both with field "csr.subjectAltName", naming the name, `who` and what is allowed. No names
  /// at all is not an error here.
  [[nodiscard]] Result<void> permits(const AltNames& names, std::string_view who) const;

  [[nodiscard]] bool empty() const noexcept { return dns_.empty() && ip_.empty() && uri_.empty() && email_.empty(); }
  /// All patterns in a fixed order and spelling, "dns:*.example", for hashing and for messages.
  [[nodiscard]] std::vector<std::string> texts() const;

 private:
  struct IpRange {
    Bytes address;  // 4 or 16 bytes, zero behind the prefix
    unsigned prefix_bits = 0;
    std::string text;
    [[nodiscard]] bool contains(const IpAddress& ip) const noexcept;
  };
  static Result<IpRange> parse_range(std::string_view text);

  std::vector<std::string> dns_;  // lower-case
  std::vector<IpRange> ip_;
  std::vector<std::string> uri_;
  std::vector<std::string> email_;  // host lower-case
};

}  // namespace signet
