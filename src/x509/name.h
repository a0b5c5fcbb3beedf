// Distinguished names and alternative names.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace signet {

/// A DER Name (RFC 5280 section 4.1.2.4) that has been checked.
class Name {
 public:
  /// Attributes in order, outermost first (C, O, OU, ..., CN); keys are "C", "ST", "L", "O", "OU", "CN",
  /// "serialNumber". Values: not empty, within X.520's upper bounds, no control characters; C is two PrintableString
  /// letters, serialNumber a PrintableString, the rest UTF8String (RFC 5280 appendix A.1). Without attributes it is the
  /// empty name.
  [[nodiscard]] static Result<Name> from_attributes(const std::vector<std::pair<std::string, std::string>>& attributes);
  /// From RFC 4514 text ("CN=Root,O=Example", most specific first), with the attributes above, one in each RDN.
  [[nodiscard]] static Result<Name> from_text(std::string_view rfc4514);
  /// Strict: RDNs of at least one attribute, known string types, no control characters (NUL above all), SETs in DER
  /// order.
  [[nodiscard]] static Result<Name> parse(ByteView der);

  [[nodiscard]] ByteView der() const noexcept { return der_; }
  [[nodiscard]] bool empty() const noexcept { return attributes_.empty(); }
  /// Every attribute in order, type as a short name or dotted OID, value as UTF-8.
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& attributes() const noexcept {
    return attributes_;
  }
  /// The values of commonName; usually none or one.
  [[nodiscard]] std::vector<std::string> common_names() const;
  /// RFC 4514. from_text takes it back for every name from_attributes can make.
  [[nodiscard]] std::string text() const;
  friend bool operator==(const Name& a, const Name& b) noexcept { return a.der_ == b.der_; }

 private:
  Bytes der_ = {0x30, 0x00};
  std::vector<std::pair<std::string, std::string>> attributes_;
};

/// Equal by RFC 5280 section 7.1, as far as OpenSSL follows it: string types do not count, nor the case of ASCII
/// letters, nor blanks at the ends or more than one inside, nor the order inside an RDN. What names the same CA to a
/// verifier.
[[nodiscard]] bool same_name(const Name& a, const Name& b);

/// 4 or 16 bytes.
struct IpAddress {
  Bytes bytes;
  [[nodiscard]] static Result<IpAddress> parse(std::string_view text);  ///< "192.0.2.1" or "2001:db8::1"
  [[nodiscard]] std::string text() const;
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

/// subjectAltName (RFC 5280 section 4.2.1.6), of the four kinds this CA issues.
struct AltNames {
  std::vector<std::string> dns = {};
  std::vector<IpAddress> ips = {};
  std::vector<std::string> uris = {};
  std::vector<std::string> emails = {};

  [[nodiscard]] bool empty() const noexcept { return dns.empty() && ips.empty() && uris.empty() && emails.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return dns.size() + ips.size() + uris.size() + emails.size(); }
  /// All of them, for messages: "DNS:a.example", "IP:192.0.2.1", "URI:...", "email:...".
  [[nodiscard]] std::vector<std::string> texts() const;
  /// The contents of the extension: SEQUENCE OF GeneralName, dns, ips, uris, e-mails in that order.
  [[nodiscard]] Bytes encode() const;
  /// Strict: printable ASCII without spaces, 4 or 16 bytes per address, no other kinds, no duplicates (DNS names
  /// are compared without case), at least one. Errors name field "subjectAltName".
  [[nodiscard]] static Result<AltNames> parse(ByteView extension_contents);
  friend bool operator==(const AltNames&, const AltNames&) = default;
};

}  // namespace signet
