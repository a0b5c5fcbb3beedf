// Which names a certificate may carry. This is what stands between a client and somebody else's name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "policy/name_pattern.h"
#include "policy/name_syntax.h"
#include "x509/name.h"

namespace signet {

class TomlTable;

/// One [...names] table: which forms of names and, by patterns, which names. A kind without patterns allows no name of
/// that kind. Immutable; copies are deep.
class NameRules {
 public:
  /// Reads the table's keys `dns`, `ip`, `uri`, `email` (policy/name_pattern.h), `wildcards`, `a_labels` and
  /// `mixed_scripts`; what is wrong becomes a complaint of the table's document.
  [[nodiscard]] static NameRules read(TomlTable& table);
  /// Reads the table `names` of `owner`, a profile or client, which must allow some name: without one no certificate is
  /// issued.
  [[nodiscard]] static NameRules read_required(TomlTable& owner);

  /// Every name is well-formed and matches a pattern of its kind, and a SPIFFE ID is the only URI. `who` says whose
  /// rules they are ("profile tls-server"). Errors: kInvalidArgument for a malformed name, kPermissionDenied for one
  /// that no pattern allows; both with field "csr.subjectAltName", naming the name, `who`, the rule and what is
  /// allowed. No names at all is not an error here.
  [[nodiscard]] Result<void> permits(const AltNames& names, std::string_view who) const;

  [[nodiscard]] bool empty() const noexcept { return dns_.empty() && ip_.empty() && uri_.empty() && email_.empty(); }
  /// Forms and patterns in a fixed order and spelling, "form:wildcards", "dns:*.example", for hashing and messages.
  [[nodiscard]] std::vector<std::string> texts() const;

 private:
  [[nodiscard]] Result<void> permit_dns(const std::string& name, std::string_view who) const;
  [[nodiscard]] Result<void> permit_ip(const IpAddress& ip, std::string_view who) const;
  [[nodiscard]] Result<void> permit_uri(const std::string& uri, std::string_view who) const;
  [[nodiscard]] Result<void> permit_email(const std::string& email, std::string_view who) const;

  NameForms forms_;
  std::vector<std::string> dns_;  // lower-case
  std::vector<IpRange> ip_;
  std::vector<std::string> uri_;
  std::vector<std::string> email_;  // host lower-case
};

}  // namespace signet
