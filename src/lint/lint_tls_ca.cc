// The Baseline Requirements' profiles of roots, subordinate CAs and OCSP responders.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lint/attributes.h"
#include "lint/lints.h"
#include "x509/certificate.h"

namespace signet::lint {
namespace {

void check_subject(const View& view, Report& report) {
  for (const Oid type : {oid::kCountry, oid::kOrganization, oid::kCommonName}) {
    if (std::ranges::find(view.subject.attributes, type, &Attribute::type) == view.subject.attributes.end())
      report.found(fmt::format("the subject of a CA has no {}", attribute_name(type)));
  }
}

void check_key_usage(const View& view, Report& report) {
  if (!view.values.key_usage) return;
  constexpr std::uint32_t needed = kKeyCertSign | kCrlSign;
  if ((*view.values.key_usage & ~std::uint32_t{kDigitalSignature}) != needed)
    report.found("the keyUsage of a CA is not keyCertSign and cRLSign, and digitalSignature besides at most");
}

void check_policies(const View& view, Report& report) {
  if (view.find(oid::kCertificatePolicies) == nullptr) report.found("a subordinate CA without certificatePolicies");
}

void check_purposes(const View& view, Report& report) {
  const auto& purposes = view.values.extended_key_usage;
  const auto has = [&](Oid purpose) { return purposes && std::ranges::find(*purposes, purpose) != purposes->end(); };
  if (!has(oid::kServerAuth)) report.found("the extKeyUsage of a subordinate CA is absent or has no serverAuth");
  for (const Oid other :
       {oid::kAnyExtendedKeyUsage, oid::kCodeSigning, oid::kEmailProtection, oid::kTimeStamping, oid::kOcspSigning}) {
    if (has(other)) report.found(fmt::format("purpose {} of a subordinate CA for TLS", eku_name_of(dotted(other))));
  }
}

void check_root_purposes(const View& view, Report& report) {
  if (view.find(oid::kExtendedKeyUsage) != nullptr) report.found("a root with extKeyUsage");
}

void check_root_validity(const View& view, Report& report) {
  if (!view.not_before.time || !view.not_after.time) return;
  const auto length = *view.not_after.time - *view.not_before.time + std::chrono::seconds(1);
  if (length < std::chrono::days(2922) || length > std::chrono::days(9132))
    report.found(fmt::format("a root that is valid from {} to {}: less than 2922 or more than 9132 days",
                             view.not_before.text, view.not_after.text));
}

void check_no_check(const View& view, Report& report) {
  if (view.find(oid::kOcspNoCheck) == nullptr) report.found("an OCSP responder without ocsp-nocheck");
}

constexpr std::array kLints = {
    Lint{"br.ca-subject", Severity::kError, Set::kPublicTrust, kCa, "BR section 7.1.2.10.2",
         "the subject of a CA has countryName, organizationName and commonName", check_subject},
    Lint{"br.ca-key-usage", Severity::kError, Set::kPublicTrust, kCa, "BR section 7.1.2.10.7",
         "the keyUsage of a CA is keyCertSign and cRLSign, and digitalSignature besides at most", check_key_usage},
    Lint{"br.ca-policies", Severity::kError, Set::kPublicTrust, kSubordinateCa, "BR section 7.1.2.6.1",
         "a subordinate CA has certificatePolicies", check_policies},
    Lint{"br.ca-purposes", Severity::kError, Set::kPublicTrust, kSubordinateCa, "BR section 7.1.2.10.6",
         "the extKeyUsage of a subordinate CA has serverAuth and nothing that is not for TLS", check_purposes},
    Lint{"br.root-purposes", Severity::kError, Set::kPublicTrust, kRoot, "BR section 7.1.2.1.2",
         "a root has no extKeyUsage", check_root_purposes},
    Lint{"br.root-validity", Severity::kError, Set::kPublicTrust, kRoot, "BR section 7.1.2.1.1",
         "a root is valid for 2922 to 9132 days", check_root_validity},
    Lint{"br.ocsp-no-check", Severity::kError, Set::kPublicTrust, kOcspResponder, "BR section 7.1.2.8.2",
         "an OCSP responder has ocsp-nocheck", check_no_check},
};

}  // namespace

std::span<const Lint> tls_ca_lints() noexcept { return kLints; }

}  // namespace signet::lint
