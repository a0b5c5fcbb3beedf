// Extensions as such: which there are, and which are critical.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lint/lints.h"

namespace signet::lint {
namespace {

void check_version(const View& view, Report& report) {
  if (view.has_extensions && view.version != 2) report.found("extensions in a certificate that is not of version 3");
}

void check_empty(const View& view, Report& report) {
  if (view.has_extensions && view.extensions.empty()) report.found("the list of extensions is empty");
}

void check_duplicates(const View& view, Report& report) {
  for (auto extension = view.extensions.begin(); extension != view.extensions.end(); ++extension) {
    const bool is_second = std::find_if(view.extensions.begin(), extension, [&](const RawExtension& before) {
                             return before.oid == extension->oid;
                           }) != extension;
    if (is_second) report.found(fmt::format("{} is there more than once", extension_name(extension->oid)));
  }
}

void check_default(const View& view, Report& report) {
  for (const RawExtension& extension : view.extensions) {
    if (extension.has_critical_false)
      report.found(fmt::format("critical FALSE of {} is written out", extension_name(extension.oid)));
  }
}

void check_values(const View& view, Report& report) {
  for (const RawExtension& extension : view.extensions) {
    const auto well_formed = der::check_well_formed(extension.value, "extnValue");
    if (!well_formed) report.found(fmt::format("{}: {}", extension_name(extension.oid), well_formed.error().message));
  }
}

/// Only where the value is DER: what is not, der.extension tells.
void check_syntax(const View& view, Report& report) {
  for (const Values::Problem& problem : view.values.problems)
    report.found(fmt::format("{}: {}", problem.extension, problem.message));
}

void check_unknown(const View& view, Report& report) {
  for (const RawExtension& extension : view.extensions) {
    if (extension.critical && !is_known_extension(extension.oid))
      report.found(fmt::format("{} is critical, and who does not know it has to refuse the certificate",
                               extension_name(extension.oid)));
  }
}

template <const Oid& extension>
void check_critical(const View& view, Report& report) {
  const RawExtension* const found = view.find(extension);
  if (found != nullptr && !found->critical) report.found(fmt::format("{} is not critical", extension_name(extension)));
}

template <const Oid& extension>
void check_not_critical(const View& view, Report& report) {
  const RawExtension* const found = view.find(extension);
  if (found != nullptr && found->critical) report.found(fmt::format("{} is critical", extension_name(extension)));
}

template <const Oid& extension>
void check_for_cas(const View& view, Report& report) {
  if (view.find(extension) != nullptr)
    report.found(fmt::format("{} in the certificate of an end entity", extension_name(extension)));
}

void check_policy_for_cas(const View& view, Report& report) {
  check_for_cas<oid::kPolicyMappings>(view, report);
  check_for_cas<oid::kPolicyConstraints>(view, report);
  check_for_cas<oid::kInhibitAnyPolicy>(view, report);
}

void check_critical_policies(const View& view, Report& report) {
  check_critical<oid::kPolicyConstraints>(view, report);
  check_critical<oid::kInhibitAnyPolicy>(view, report);
}

void check_critical_access(const View& view, Report& report) {
  check_not_critical<oid::kAuthorityInfoAccess>(view, report);
  check_not_critical<oid::kSubjectInfoAccess>(view, report);
}

constexpr std::array kLints = {
    Lint{"extensions.version", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.1.2.9",
         "only version 3 has extensions", check_version},
    Lint{"extensions.empty", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.1.2.9",
         "the list of extensions is left out where there is none", check_empty},
    Lint{"extensions.duplicate", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2",
         "no extension is there twice", check_duplicates},
    Lint{"extensions.critical-default", Severity::kError, Set::kPrivate, kAny, "X.690 section 11.5",
         "critical is left out where it is FALSE", check_default},
    Lint{"der.extension", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2",
         "the value of every extension is DER", check_values},
    Lint{"extensions.syntax", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2",
         "the value of an extension that is known here has the syntax of its definition", check_syntax},
    Lint{"extensions.unknown-critical", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2",
         "no extension is critical that is not known here", check_unknown},
    Lint{"key-usage.not-critical", Severity::kWarning, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.3",
         "keyUsage is critical", check_critical<oid::kKeyUsage>},
    Lint{"basic-constraints.not-critical", Severity::kError, Set::kPrivate, kCa, "RFC 5280 section 4.2.1.9",
         "basicConstraints of a CA is critical", check_critical<oid::kBasicConstraints>},
    Lint{"name-constraints.not-critical", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.10",
         "nameConstraints is critical", check_critical<oid::kNameConstraints>},
    Lint{"policy-constraints.not-critical", Severity::kError, Set::kPrivate, kAny,
         "RFC 5280 sections 4.2.1.11 and 4.2.1.14", "policyConstraints and inhibitAnyPolicy are critical",
         check_critical_policies},
    Lint{"policy-mappings.not-critical", Severity::kWarning, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.5",
         "policyMappings is critical", check_critical<oid::kPolicyMappings>},
    Lint{"aki.critical", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.1",
         "authorityKeyIdentifier is not critical", check_not_critical<oid::kAuthorityKeyIdentifier>},
    Lint{"ski.critical", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.2",
         "subjectKeyIdentifier is not critical", check_not_critical<oid::kSubjectKeyIdentifier>},
    Lint{"aia.critical", Severity::kError, Set::kPrivate, kAny, "RFC 5280 sections 4.2.2.1 and 4.2.2.2",
         "authorityInfoAccess and subjectInfoAccess are not critical", check_critical_access},
    Lint{"cdp.critical", Severity::kWarning, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.13",
         "cRLDistributionPoints is not critical", check_not_critical<oid::kCrlDistributionPoints>},
    Lint{"freshest-crl.critical", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.15",
         "freshestCRL is not critical", check_not_critical<oid::kFreshestCrl>},
    Lint{"issuer-alt-name.critical", Severity::kWarning, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.7",
         "issuerAltName is not critical", check_not_critical<oid::kIssuerAltName>},
    Lint{"directory-attributes.critical", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.8",
         "subjectDirectoryAttributes is not critical", check_not_critical<oid::kSubjectDirectoryAttributes>},
    Lint{"ocsp-no-check.critical", Severity::kWarning, Set::kPrivate, kAny, "RFC 6960 section 4.2.2.2.1",
         "ocsp-nocheck is not critical", check_not_critical<oid::kOcspNoCheck>},
    Lint{"name-constraints.not-ca", Severity::kError, Set::kPrivate, kEndEntity, "RFC 5280 section 4.2.1.10",
         "only a CA has nameConstraints", check_for_cas<oid::kNameConstraints>},
    Lint{"policy-constraints.not-ca", Severity::kWarning, Set::kPrivate, kEndEntity,
         "RFC 5280 sections 4.2.1.5, 4.2.1.11 and 4.2.1.14",
         "only a CA has policyMappings, policyConstraints or inhibitAnyPolicy", check_policy_for_cas},
};

}  // namespace

std::span<const Lint> extension_lints() noexcept { return kLints; }

}  // namespace signet::lint
