// The syntax of DNS names, mailboxes and URIs, as far as RFC 5280 demands it.
#pragma once

#include <string_view>
#include <vector>

namespace signet::lint {

/// The labels between dots, as many as there are.
[[nodiscard]] std::vector<std::string_view> labels_of(std::string_view dns);
/// Letters, digits and inner hyphens, at least one. The length is not looked at.
[[nodiscard]] bool is_ldh_label(std::string_view label) noexcept;
/// Four decimal numbers, or anything with a colon: an address that was written as a name.
[[nodiscard]] bool looks_like_ip(std::string_view dns);
/// A dot-string or quoted string, one '@', a host name (RFC 5280 section 4.2.1.6, RFC 2821 section 4.1.2).
[[nodiscard]] bool is_mailbox(std::string_view text);
/// An absolute URI: a scheme, and something behind its ':' that has no blank, control or '"<>\^`{|}'.
[[nodiscard]] bool is_absolute_uri(std::string_view text) noexcept;
/// The host behind "//", without user and port; empty where there is no authority.
[[nodiscard]] std::string_view host_of(std::string_view uri) noexcept;
/// The text starts with `scheme` and ':', whatever the case.
[[nodiscard]] bool has_scheme(std::string_view uri, std::string_view scheme) noexcept;
/// The two are the same but for the case of ASCII letters.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

}  // namespace signet::lint
