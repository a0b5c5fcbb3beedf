// subjectAltName, and issuerAltName where the same holds.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/ascii.h"
#include "lint/lints.h"
#include "lint/name_syntax.h"

namespace signet::lint {
namespace {

constexpr std::size_t kLongestName = 253;
constexpr std::size_t kLongestLabel = 63;

/// Calls `check(text)` for every name of this kind.
template <class F>
void for_names(const View& view, std::uint8_t tag, F check) {
  if (!view.values.subject_alt_name) return;
  for (const GeneralName& name : *view.values.subject_alt_name) {
    if (name.tag == tag) check(name.text);
  }
}

std::string quoted(std::string_view text) { return fmt::format("\"{}\"", printable(text, 100)); }

void check_not_critical(const View& view, Report& report) {
  const RawExtension* const found = view.find(oid::kSubjectAltName);
  if (view.subject.attributes.empty() && found != nullptr && !found->critical)
    report.found("the subject is empty, but subjectAltName is not critical");
}

void check_empty(const View& view, Report& report) {
  if (view.values.subject_alt_name && view.values.subject_alt_name->empty()) report.found("subjectAltName has no name");
  if (view.values.issuer_alt_name && view.values.issuer_alt_name->empty()) report.found("issuerAltName has no name");
}

void check_duplicate(const View& view, Report& report) {
  if (!view.values.subject_alt_name) return;
  std::set<std::pair<std::uint8_t, std::string>> seen;
  for (const GeneralName& name : *view.values.subject_alt_name) {
    std::string text = name.tag == kDns ? ascii::to_lower(name.text) : std::string(name.text);
    if (!seen.emplace(name.tag, std::move(text)).second) report.found(quoted(name.text) + " is there more than once");
  }
}

void check_ascii(const View& view, Report& report) {
  for (const std::uint8_t tag : {kDns, kEmail, kUri}) {
    for_names(view, tag, [&](std::string_view text) {
      if (!ascii::is_all_ascii(text))
        report.found(quoted(text) + " is not ASCII; internationalized names are written as A-labels (xn--...)");
    });
  }
}

/// The name without a wildcard in front, which has its own rule.
std::string_view without_wildcard(std::string_view dns) noexcept { return dns.starts_with("*.") ? dns.substr(2) : dns; }

void check_dns_syntax(const View& view, Report& report) {
  for_names(view, kDns, [&](std::string_view dns) {
    if (!ascii::is_all_ascii(dns) || looks_like_ip(dns) || without_wildcard(dns).find('*') != std::string_view::npos)
      return;
    if (!std::ranges::all_of(labels_of(without_wildcard(dns)), is_ldh_label))
      report.found("dNSName " + quoted(dns) + " is not made of labels of letters, digits and inner hyphens");
  });
}

void check_dns_length(const View& view, Report& report) {
  for_names(view, kDns, [&](std::string_view dns) {
    const bool long_label =
        std::ranges::any_of(labels_of(dns), [](std::string_view label) { return label.size() > kLongestLabel; });
    if (dns.size() > kLongestName || long_label)
      report.found("dNSName " + quoted(dns) + " is longer than 253 characters, or has a label of more than 63");
  });
}

void check_dns_wildcard(const View& view, Report& report) {
  for_names(view, kDns, [&](std::string_view dns) {
    if (without_wildcard(dns).find('*') != std::string_view::npos)
      report.found("dNSName " + quoted(dns) + " has a wildcard that is not the whole left-most label");
  });
}

void check_dns_ip(const View& view, Report& report) {
  for_names(view, kDns, [&](std::string_view dns) {
    if (looks_like_ip(dns)) report.found("dNSName " + quoted(dns) + " is an IP address; it belongs into an iPAddress");
  });
}

void check_ip_length(const View& view, Report& report) {
  for_names(view, kIp, [&](std::string_view ip) {
    if (ip.size() != 4 && ip.size() != 16)
      report.found(fmt::format("an iPAddress of {} octets, not 4 or 16", ip.size()));
  });
}

void check_email(const View& view, Report& report) {
  for_names(view, kEmail, [&](std::string_view email) {
    if (ascii::is_all_ascii(email) && !is_mailbox(email))
      report.found("rfc822Name " + quoted(email) + " is not a mailbox local@host");
  });
}

void check_uri(const View& view, Report& report) {
  for_names(view, kUri, [&](std::string_view uri) {
    if (ascii::is_all_ascii(uri) && !is_absolute_uri(uri))
      report.found("uniformResourceIdentifier " + quoted(uri) + " is not an absolute URI with a scheme");
  });
}

constexpr std::array kLints = {
    Lint{"san.not-critical", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.6",
         "subjectAltName is critical where the subject is empty", check_not_critical},
    Lint{"san.empty", Severity::kError, Set::kPrivate, kAny, "RFC 5280 sections 4.2.1.6 and 4.2.1.7",
         "subjectAltName and issuerAltName have a name", check_empty},
    Lint{"san.duplicate", Severity::kWarning, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.6", "no name is there twice",
         check_duplicate},
    Lint{"san.ascii", Severity::kError, Set::kPrivate, kAny, "RFC 5280 sections 4.2.1.6 and 7.2",
         "DNS names, mailboxes and URIs are ASCII (no U-labels)", check_ascii},
    Lint{"san.dns-syntax", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.6; RFC 1034 section 3.5",
         "DNS names are labels of letters, digits and inner hyphens: no underscore, no blank, no final dot",
         check_dns_syntax},
    Lint{"san.dns-length", Severity::kError, Set::kPrivate, kAny, "RFC 1034 section 3.1",
         "a DNS name has at most 253 characters and 63 in each label", check_dns_length},
    Lint{"san.dns-wildcard", Severity::kError, Set::kPrivate, kAny, "RFC 6125 section 6.4.3; RFC 9525 section 6.3",
         "a wildcard is the whole left-most label", check_dns_wildcard},
    Lint{"san.dns-ip", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.6",
         "IP addresses are iPAddress, not dNSName", check_dns_ip},
    Lint{"san.ip-length", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.6",
         "an iPAddress has 4 or 16 octets", check_ip_length},
    Lint{"san.email-syntax", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.6",
         "an rfc822Name is a mailbox local@host", check_email},
    Lint{"san.uri-syntax", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.6; RFC 3986",
         "a URI is absolute", check_uri},
};

}  // namespace

std::span<const Lint> alt_name_lints() noexcept { return kLints; }

}  // namespace signet::lint
