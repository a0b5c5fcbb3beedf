// What a well-formed name is. Which of them a client may have is policy/name_rules.h.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "x509/name.h"

namespace signet {

/// Forms of names that are refused unless somebody allows them.
struct NameForms {
  bool wildcards = false;      ///< "*.a.example"
  bool a_labels = false;       ///< "xn--bcher-kva": a label in another script or with accents (RFC 5890)
  bool mixed_scripts = false;  ///< an A-label with characters of scripts that are not written together
  friend bool operator==(const NameForms&, const NameForms&) = default;
};

/// A host name as certificates carry it: labels of letters, digits and inner hyphens (RFC 1123 section 2.1) of 1 to 63
/// characters, at most 253 in all, no final dot, and a last label that cannot be taken for a part of an IPv4 address.
/// Non-ASCII is refused, and "--" in the third place unless the label is an A-label (RFC 5891 section 4.2.3.1), which
/// must be allowed and pass check_a_label(). A wildcard must be allowed, and be a whole left-most label above a name
/// that is no public suffix and has more than one label.
/// Errors: kInvalidArgument, with the name and the rule that is broken: dns.label, dns.ip, dns.a-label,
/// dns.mixed-script, dns.wildcard, dns.public-suffix.
[[nodiscard]] Result<void> check_dns_name(std::string_view name, const NameForms& forms = {});

/// Of the host inside another name: check_dns_name()'s rule about "--" and A-labels alone.
[[nodiscard]] Result<void> check_a_labels(std::string_view host, const NameForms& forms);

/// One mailbox (RFC 5321 section 4.1.2): a Dot-string of at most 64 characters without '*', one '@', a host name (never
/// a wildcard). Rule email.form, or the host's.
[[nodiscard]] Result<void> check_email(std::string_view address, const NameForms& forms = {});

/// A URI (RFC 3986) that has one spelling: a scheme, "//" and an authority without user where there is one, a path.
/// Scheme and host are lower-case, a host has no empty label, a port is 1 to 65535 without leading zeros. No empty, "."
/// or ".." segment inside the path, percent-encoding with upper-case digits and not of what needs none ("%2E") or of
/// '/' and '\', no '*', no query, no fragment. URIs can then be compared as text. With the scheme "spiffe" it is a
/// SPIFFE ID. Rule uri.form, or of its host dns.a-label and dns.mixed-script.
[[nodiscard]] Result<void> check_uri(std::string_view uri, const NameForms& forms = {});

/// The URI is a SPIFFE ID (SPIFFE-ID section 2): "spiffe://", a trust domain of at most 255 lower-case letters, digits,
/// '.', '-', '_', then a path whose segments have letters, digits, '.', '-', '_' and are neither empty nor "." nor
/// ".."; no final slash; at most 2048 bytes.
[[nodiscard]] bool is_spiffe_id(std::string_view uri);
/// The URI has the scheme of SPIFFE IDs. A certificate with such a URI has no other (X509-SVID section 2).
[[nodiscard]] bool has_spiffe_scheme(std::string_view uri) noexcept;

/// An address of 4 or 16 bytes that is not an IPv4-mapped IPv6 address (which would be one address under two names).
/// Rule ip.form.
[[nodiscard]] Result<void> check_ip(const IpAddress& address);

}  // namespace signet
