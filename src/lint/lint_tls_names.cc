// The Baseline Requirements' rules for the names of a TLS server.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lint/attributes.h"
#include "lint/lints.h"
#include "lint/name_syntax.h"
#include "x509/name.h"

namespace signet::lint {
namespace {

/// Calls `check(text)` for every name of this kind.
template <class F>
void for_names(const View& view, std::uint8_t tag, F check) {
  if (!view.values.subject_alt_name) return;
  for (const GeneralName& name : *view.values.subject_alt_name) {
    if (name.tag == tag) check(name.text);
  }
}

std::string quoted(std::string_view text) { return fmt::format("\"{}\"", printable(text, 100)); }

void check_missing(const View& view, Report& report) {
  const auto& names = view.values.subject_alt_name;
  const auto is_host = [](const GeneralName& name) { return name.tag == kDns || name.tag == kIp; };
  if (!names || std::ranges::none_of(*names, is_host)) report.found("no dNSName and no iPAddress in subjectAltName");
}

void check_kinds(const View& view, Report& report) {
  if (!view.values.subject_alt_name) return;
  for (const GeneralName& name : *view.values.subject_alt_name) {
    if (name.tag != kDns && name.tag != kIp)
      report.found(fmt::format("a name of tag 0x{:02x} that is neither dNSName nor iPAddress", name.tag));
  }
}

void check_critical(const View& view, Report& report) {
  const RawExtension* const found = view.find(oid::kSubjectAltName);
  if (found != nullptr && found->critical && !view.subject.attributes.empty())
    report.found("subjectAltName is critical, though there is a subject");
}

// RFC 6761, 6762, 8375, 9476, ICANN's "internal", and what ICANN will not delegate or what is used as if it were
// reserved. ".onion" has rules of its own (BR appendix B).
constexpr std::array<std::string_view, 17> kReserved = {
    "test", "example", "invalid",     "localhost", "local",   "alt",    "internal", "home",     "corp",
    "mail", "lan",     "localdomain", "intranet",  "private", "domain", "host",     "workgroup"};

bool is_internal(std::string_view dns) {
  const auto labels = labels_of(dns);
  if (labels.size() == 1) return true;
  const auto is = [&](std::string_view reserved) { return equal_ignoring_case(labels.back(), reserved); };
  const bool home_arpa = is("arpa") && equal_ignoring_case(labels[labels.size() - 2], "home");
  return home_arpa || std::ranges::any_of(kReserved, is);
}

void check_internal(const View& view, Report& report) {
  for_names(view, kDns, [&](std::string_view dns) {
    if (is_internal(dns)) report.found("dNSName " + quoted(dns) + " is an internal or reserved name");
  });
}

void check_reserved_label(const View& view, Report& report) {
  const auto is_reserved = [](std::string_view label) {
    return label.size() >= 4 && label.substr(2, 2) == "--" && !equal_ignoring_case(label.substr(0, 2), "xn");
  };
  for_names(view, kDns, [&](std::string_view dns) {
    if (std::ranges::any_of(labels_of(dns), is_reserved))
      report.found("dNSName " + quoted(dns) + " has a label with \"--\" in third place that is no A-label");
  });
}

void check_wildcard(const View& view, Report& report) {
  for_names(view, kDns, [&](std::string_view dns) {
    if (dns.starts_with("*.") && labels_of(dns).size() < 3)
      report.found("dNSName " + quoted(dns) + " is a wildcard for a whole top-level domain");
  });
}

struct Range {
  std::string_view prefix;
  unsigned bits;
};

using namespace std::string_view_literals;

// The addresses that IANA's special-purpose registries do not call globally reachable.
constexpr std::array kReservedIpv4 = {
    Range{"\x00"sv, 8},      Range{"\x0A"sv, 8},      Range{"\x64\x40"sv, 10},     Range{"\x7F"sv, 8},
    Range{"\xA9\xFE"sv, 16}, Range{"\xAC\x10"sv, 12}, Range{"\xC0\x00\x00"sv, 24}, Range{"\xC0\x00\x02"sv, 24},
    Range{"\xC0\xA8"sv, 16}, Range{"\xC6\x12"sv, 15}, Range{"\xC6\x33\x64"sv, 24}, Range{"\xCB\x00\x71"sv, 24},
    Range{"\xE0"sv, 4},      Range{"\xF0"sv, 4},
};
constexpr std::array kReservedIpv6 = {
    Range{"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"sv, 127},  // unspecified and loopback
    Range{"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xFF\xFF"sv, 96},
    Range{"\x00\x64\xFF\x9B\x00\x01"sv, 48},
    Range{"\x01\x00\x00\x00\x00\x00\x00\x00"sv, 64},
    Range{"\x20\x01\x0D\xB8"sv, 32},
    Range{"\xFC"sv, 7},
    Range{"\xFE\x80"sv, 10},
    Range{"\xFF"sv, 8},
};

/// The first `bits` of `ip` are those of the prefix.
bool is_in(std::string_view ip, const Range& range) noexcept {
  const std::size_t whole = range.bits / 8;
  if (ip.substr(0, whole) != range.prefix.substr(0, whole)) return false;
  const unsigned rest = range.bits % 8;
  if (rest == 0) return true;
  const auto byte = [&](std::string_view text) { return static_cast<unsigned char>(text[whole]) >> (8 - rest); };
  return byte(ip) == byte(range.prefix);
}

void check_ip(const View& view, Report& report) {
  for_names(view, kIp, [&](std::string_view ip) {
    const auto contains = [&](const Range& range) { return is_in(ip, range); };
    const bool reserved = (ip.size() == 4 && std::ranges::any_of(kReservedIpv4, contains)) ||
                          (ip.size() == 16 && std::ranges::any_of(kReservedIpv6, contains));
    if (reserved) report.found("iPAddress " + IpAddress{copy_of(bytes_of(ip))}.text() + " is reserved");
  });
}

std::vector<std::string_view> common_names(const View& view) {
  std::vector<std::string_view> names;
  for (const Attribute& attribute : view.subject.attributes) {
    if (attribute.type == oid::kCommonName) names.push_back(attribute.value);
  }
  return names;
}

bool is_in_san(const View& view, std::string_view common_name) {
  bool found = false;
  for_names(view, kDns, [&](std::string_view dns) { found = found || dns == common_name; });
  for_names(view, kIp, [&](std::string_view ip) {
    const bool address = ip.size() == 4 || ip.size() == 16;
    found = found || (address && IpAddress{copy_of(bytes_of(ip))}.text() == common_name);
  });
  return found;
}

void check_common_name(const View& view, Report& report) {
  const auto names = common_names(view);
  if (names.size() > 1) report.found(fmt::format("{} common names; at most one is allowed", names.size()));
  for (const std::string_view name : names) {
    if (!is_in_san(view, name)) report.found("commonName " + quoted(name) + " is not a name of subjectAltName");
  }
}

bool has_policy(const View& view, Oid policy) noexcept {
  const auto& policies = view.values.policies;
  return policies && std::ranges::find(*policies, policy) != policies->end();
}

void check_dv_subject(const View& view, Report& report) {
  if (!has_policy(view, oid::kDomainValidated)) return;
  for (const Attribute& attribute : view.subject.attributes) {
    if (attribute.type != oid::kCommonName && attribute.type != oid::kCountry)
      report.found(fmt::format("{} in the subject of a domain-validated certificate", attribute_name(attribute.type)));
  }
}

bool has_attribute(const View& view, Oid type) noexcept {
  return std::ranges::find(view.subject.attributes, type, &Attribute::type) != view.subject.attributes.end();
}

void check_ov_subject(const View& view, Report& report) {
  if (!has_policy(view, oid::kOrganizationValidated) && !has_policy(view, oid::kExtendedValidation)) return;
  if (!has_attribute(view, oid::kOrganization) || !has_attribute(view, oid::kCountry))
    report.found(
        "the subject of an organization- or extended-validated certificate has not both organizationName and "
        "countryName");
}

void check_unit(const View& view, Report& report) {
  if (has_attribute(view, oid::kOrganizationalUnit)) report.found("organizationalUnitName in the subject");
}

constexpr std::array kLints = {
    Lint{"br.san-missing", Severity::kError, Set::kPublicTrust, kSubscriber, "BR section 7.1.2.7.12",
         "subjectAltName has a dNSName or iPAddress", check_missing},
    Lint{"br.san-kinds", Severity::kError, Set::kPublicTrust, kSubscriber, "BR section 7.1.2.7.12",
         "subjectAltName has nothing but dNSName and iPAddress", check_kinds},
    Lint{"br.san-critical", Severity::kError, Set::kPublicTrust, kSubscriber, "BR section 7.1.2.7.12",
         "subjectAltName is not critical where there is a subject", check_critical},
    Lint{"br.dns-internal", Severity::kError, Set::kPublicTrust, kSubscriber, "BR section 7.1.2.7.12",
         "no DNS name is a single label or ends in a reserved or never delegated label (test, example, invalid, "
         "localhost, local, alt, internal, home, corp, mail, lan, localdomain, intranet, private, domain, host, "
         "workgroup, home.arpa)",
         check_internal},
    Lint{"br.dns-reserved-label", Severity::kError, Set::kPublicTrust, kSubscriber,
         "BR section 7.1.2.7.12; RFC 5890 section 2.3.1", "labels with \"--\" in third place are A-labels (xn--)",
         check_reserved_label},
    Lint{"br.dns-wildcard", Severity::kError, Set::kPublicTrust, kSubscriber, "BR section 3.2.2.6",
         "no wildcard stands directly below a top-level domain", check_wildcard},
    Lint{"br.ip-reserved", Severity::kError, Set::kPublicTrust, kSubscriber, "BR section 7.1.2.7.12",
         "no iPAddress is private, local, reserved or for documentation", check_ip},
    Lint{"br.common-name", Severity::kError, Set::kPublicTrust, kSubscriber, "BR section 7.1.4.3",
         "at most one commonName, which is a name of subjectAltName", check_common_name},
    Lint{"br.dv-subject", Severity::kError, Set::kPublicTrust, kSubscriber, "BR section 7.1.2.7.2",
         "with policy 2.23.140.1.2.1 the subject has only countryName and commonName", check_dv_subject},
    Lint{"br.ov-subject", Severity::kError, Set::kPublicTrust, kSubscriber, "BR section 7.1.2.7.4",
         "with policy 2.23.140.1.2.2 or 2.23.140.1.1 the subject has organizationName and countryName",
         check_ov_subject},
    Lint{"br.organizational-unit", Severity::kError, Set::kPublicTrust, kAny, "BR sections 7.1.2.7.4 and 7.1.2.10.2",
         "the subject has no organizationalUnitName", check_unit},
};

}  // namespace

std::span<const Lint> tls_name_lints() noexcept { return kLints; }

}  // namespace signet::lint
