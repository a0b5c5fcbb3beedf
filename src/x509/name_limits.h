// Which names may be certified at all, form by form: domains, networks, trust domains.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "x509/name.h"

namespace signet {

/// Stands for every name of its form in the lists of NameLimits.
inline constexpr std::string_view kEveryName = "*";

/// "10.0.0.0/8", "2001:db8::/32"; an address alone is that address.
struct IpNetwork {
  Bytes address;  ///< 4 or 16 bytes, zero behind the prefix
  Bytes mask;     ///< as long
  std::string text;
  /// Errors: kInvalidArgument, for a prefix that is too long, or an address with bits behind it.
  [[nodiscard]] static Result<IpNetwork> parse(std::string_view text);
  friend bool operator==(const IpNetwork&, const IpNetwork&) = default;
};

/// A domain, lower-case, or kEveryName. Errors: kInvalidArgument.
[[nodiscard]] Result<std::string> parse_domain_limit(std::string_view text);
/// "spiffe://example.org" (scheme and authority, in lower case), "urn:" (a scheme alone), or kEveryName. Errors:
/// kInvalidArgument.
[[nodiscard]] Result<std::string> parse_uri_limit(std::string_view text);

/// What is in none of the lists may not be certified, unless all are empty. Immutable once made.
struct NameLimits {
  std::vector<std::string> dns = {};     ///< of parse_domain_limit(): the domain and everything below it
  std::vector<IpNetwork> ips = {};       ///< the network's addresses
  std::vector<std::string> uris = {};    ///< of parse_uri_limit(): exactly this authority, any path
  std::vector<std::string> emails = {};  ///< of parse_domain_limit(): mailboxes of the domain and of what is below it

  [[nodiscard]] bool given() const noexcept { return !dns.empty() || !ips.empty() || !uris.empty() || !emails.empty(); }
  /// "DNS:example.com", "IP:10.0.0.0/8", "URI:spiffe://example.org", "email:example.com".
  [[nodiscard]] std::vector<std::string> texts() const;

  /// Every name is within the lists: the alternative ones (a wildcard with all that it covers), the subject's e-mail
  /// addresses, and its common names, as far as a verifier may take them for a name. That is every one without a blank
  /// inside, which is read as the form it has, and otherwise as a host name; one of the alternative names is a name
  /// like these. Errors: kPermissionDenied with field "subjectAltName" or "subject", naming the name and what is
  /// allowed.
  [[nodiscard]] Result<void> permit(const Name& subject, const AltNames& names) const;

 private:
  [[nodiscard]] bool has_dns(std::string_view name) const;
  [[nodiscard]] bool has_ip(const IpAddress& ip) const;
  [[nodiscard]] bool has_uri(std::string_view uri) const;
  [[nodiscard]] bool has_email(std::string_view address) const;
  [[nodiscard]] bool has_common_name(std::string_view name, const std::set<std::string_view>& certified_uris) const;
  [[nodiscard]] Result<void> permit_alt_names(const AltNames& names) const;
};

}  // namespace signet
