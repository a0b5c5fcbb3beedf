// Patterns of names, as the policy writes them. docs/policy.md has the table.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "policy/name_syntax.h"
#include "x509/name.h"

namespace signet {

/// Each parse_*() returns the pattern in its one spelling. Errors: kInvalidArgument, with the pattern, what is wrong
/// and what is expected. Names that are matched are well-formed.

/// "a.example", "*.example" (one label below), "**.example" (one or more), "**" (any name). Without case.
[[nodiscard]] Result<std::string> parse_dns_pattern(std::string_view text, const NameForms& forms);
/// `name` is lower-case. A wildcard matches where every name that it covers does, and no exact pattern.
[[nodiscard]] bool dns_matches(std::string_view pattern, std::string_view name);

/// A URI as check_uri() takes it, in whose path "*" stands for one whole segment and "**", as the last one, for one or
/// more. The authority is literal.
[[nodiscard]] Result<std::string> parse_uri_pattern(std::string_view text, const NameForms& forms);
[[nodiscard]] bool uri_matches(std::string_view pattern, std::string_view uri);

/// "joe@a.example", or "*@a.example" for any mailbox of that host.
[[nodiscard]] Result<std::string> parse_email_pattern(std::string_view text, const NameForms& forms);
/// `address` is canonical.
[[nodiscard]] bool email_matches(std::string_view pattern, std::string_view address);
/// The host lower-case, the mailbox as it is.
[[nodiscard]] std::string canonical_email(std::string_view address);

/// "10.0.0.0/8", "2001:db8::/32"; an address alone is that address.
struct IpRange {
  Bytes address;  ///< 4 or 16 bytes, zero behind the prefix
  unsigned prefix_bits = 0;
  std::string text;  ///< "10.0.0.0/8"
  [[nodiscard]] static Result<IpRange> parse(std::string_view text);
  [[nodiscard]] bool contains(const IpAddress& ip) const noexcept;
};

}  // namespace signet
