// The Baseline Requirements' profile of a TLS server's certificate, but for its names; and what holds for all of them.
// Version 2.2.7 (2026-05-19) is what these rules were written by.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lint/key_facts.h"
#include "lint/lints.h"
#include "lint/name_syntax.h"
#include "x509/certificate.h"

namespace signet::lint {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year;

constexpr std::size_t kMinSerialBytes = 8;  // 64 bits

/// From notBefore through notAfter, inclusive (BR section 1.6.1).
std::optional<std::chrono::seconds> length_of(const View& view) noexcept {
  if (!view.not_before.time || !view.not_after.time) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(*view.not_after.time - *view.not_before.time) +
         std::chrono::seconds(1);
}

struct Limit {
  sys_days from;
  days most;
};

// BR section 6.3.2, newest first; before 2020-09-01 the limit was 825 days.
constexpr std::array kLimits = {
    Limit{year(2029) / 3 / 15, days(47)}, Limit{year(2027) / 3 / 15, days(100)}, Limit{year(2026) / 3 / 15, days(200)},
    Limit{year(2020) / 9 / 1, days(398)}, Limit{year(1950) / 1 / 1, days(825)},
};

void check_validity(const View& view, Report& report) {
  const auto length = length_of(view);
  if (!length || !view.not_before.time) return;
  const auto* const limit =
      std::ranges::find_if(kLimits, [&](const Limit& row) { return *view.not_before.time >= row.from; });
  if (limit == kLimits.end() || *length <= limit->most) return;
  report.found(fmt::format("valid for {} seconds; with notBefore {} at most {} days ({} seconds) are allowed",
                           length->count(), view.not_before.text, limit->most.count(),
                           std::chrono::seconds(limit->most).count()));
}

void check_serial(const View& view, Report& report) {
  if (view.serial.size() < kMinSerialBytes)
    report.found(fmt::format("serial number of {} octets; 64 random bits have no place in it", view.serial.size()));
}

void check_signature_algorithm(const View& view, Report& report) {
  static constexpr std::array allowed = {oid::kRsaSha256,   oid::kRsaSha384,   oid::kRsaSha512,  oid::kRsaPss,
                                         oid::kEcdsaSha256, oid::kEcdsaSha384, oid::kEcdsaSha512};
  if (std::ranges::find(allowed, view.algorithm.oid) == allowed.end())
    report.found(
        fmt::format("signature algorithm {}; only RSA and ECDSA with SHA-2 are allowed", dotted(view.algorithm.oid)));
}

void check_key_type(const View& view, Report& report) {
  const Oid curve = view.key.curve;
  const bool good_curve = curve == oid::kP256 || curve == oid::kP384 || curve == oid::kP521;
  if (view.key.kind == KeyKind::kRsa || (view.key.kind == KeyKind::kEc && good_curve)) return;
  report.found(fmt::format("key algorithm {} {}; only RSA and EC on P-256, P-384, P-521 are allowed",
                           dotted(view.key.algorithm.oid), curve.empty() ? std::string() : dotted(curve)));
}

void check_modulus(const View& view, Report& report) {
  const std::size_t bits = modulus_bits(view.key);
  if (bits % 8 != 0) report.found(fmt::format("an RSA modulus of {} bits, which is no multiple of 8", bits));
}

bool has_purpose(const View& view, Oid purpose) noexcept {
  const auto& purposes = view.values.extended_key_usage;
  return purposes && std::ranges::find(*purposes, purpose) != purposes->end();
}

void check_server_auth(const View& view, Report& report) {
  if (!has_purpose(view, oid::kServerAuth)) report.found("extKeyUsage is absent or has no serverAuth");
}

void check_purposes(const View& view, Report& report) {
  for (const Oid purpose :
       {oid::kCodeSigning, oid::kEmailProtection, oid::kTimeStamping, oid::kOcspSigning, oid::kAnyExtendedKeyUsage}) {
    if (has_purpose(view, purpose))
      report.found(fmt::format("purpose {} in a TLS server's certificate", eku_name_of(dotted(purpose))));
  }
}

constexpr std::uint32_t kForRsa = kDigitalSignature | kKeyEncipherment | kDataEncipherment;
constexpr std::uint32_t kForEc = kDigitalSignature | kKeyAgreement;

void check_key_usage(const View& view, Report& report) {
  if (!view.values.key_usage) return;
  const std::uint32_t usage = *view.values.key_usage;
  if (view.key.kind == KeyKind::kRsa && (usage & ~kForRsa) != 0)
    report.found("keyUsage of an RSA key has more than digitalSignature, keyEncipherment, dataEncipherment");
  if (view.key.kind != KeyKind::kEc) return;
  if ((usage & ~kForEc) != 0) report.found("keyUsage of an EC key has more than digitalSignature and keyAgreement");
  if ((usage & kDigitalSignature) == 0) report.found("keyUsage of an EC key has no digitalSignature");
}

void check_critical(const View& view, Report& report) {
  for (const Oid extension : {oid::kBasicConstraints, oid::kKeyUsage}) {
    const RawExtension* const found = view.find(extension);
    if (found != nullptr && !found->critical)
      report.found(fmt::format("{} is not critical", extension_name(extension)));
  }
}

bool is_reserved_policy(Oid policy) noexcept {
  return policy == oid::kExtendedValidation || policy == oid::kDomainValidated ||
         policy == oid::kOrganizationValidated || policy == oid::kIndividualValidated;
}

void check_policies(const View& view, Report& report) {
  const std::vector<Oid> policies = view.values.policies.value_or(std::vector<Oid>());
  const auto reserved = std::ranges::count_if(policies, is_reserved_policy);
  if (reserved != 1)
    report.found(fmt::format("{} policies of 2.23.140.1.1 and 2.23.140.1.2.1 to .3; exactly one is needed", reserved));
  if (std::ranges::find(policies, oid::kAnyPolicy) != policies.end()) report.found("anyPolicy is there");
}

void check_aia_missing(const View& view, Report& report) {
  if (view.find(oid::kAuthorityInfoAccess) == nullptr) report.found("no authorityInfoAccess");
}

void check_aia(const View& view, Report& report) {
  if (!view.values.authority_info_access) return;
  for (const AccessDescription& access : *view.values.authority_info_access) {
    if (access.method != oid::kOcsp && access.method != oid::kCaIssuers)
      report.found(fmt::format("access method {} is neither OCSP nor caIssuers", dotted(access.method)));
    if (access.location.tag != kUri || !has_scheme(access.location.text, "http"))
      report.found(fmt::format("access location \"{}\" is not an http URI", printable(access.location.text, 100)));
  }
}

/// BR section 1.6.1: since 2026-03-15 at most 7 days, before that at most 10.
bool is_short_lived(const View& view) noexcept {
  const auto length = length_of(view);
  if (!length || !view.not_before.time) return false;
  const bool since_2026 = *view.not_before.time >= sys_days(year(2026) / 3 / 15);
  return *length <= (since_2026 ? days(7) : days(10));
}

bool has_ocsp(const View& view) noexcept {
  const auto& access = view.values.authority_info_access;
  return access && std::ranges::find(*access, oid::kOcsp, &AccessDescription::method) != access->end();
}

void check_cdp_missing(const View& view, Report& report) {
  if (view.find(oid::kCrlDistributionPoints) != nullptr) return;
  if (view.is_ca()) report.found("a CA without cRLDistributionPoints");
  if (!view.is_ca() && !has_ocsp(view) && !is_short_lived(view))
    report.found("neither cRLDistributionPoints nor OCSP, and not short-lived");
}

bool is_http_point(const DistributionPoint& point) {
  return !point.full_name.empty() && !point.has_reasons && !point.has_crl_issuer &&
         std::ranges::all_of(point.full_name,
                             [](const GeneralName& name) { return name.tag == kUri && has_scheme(name.text, "http"); });
}

void check_cdp(const View& view, Report& report) {
  const auto& points = view.values.distribution_points;
  if (points && !std::ranges::all_of(*points, is_http_point))
    report.found("a distribution point that is more or other than http URIs in a fullName");
}

void check_authority(const View& view, Report& report) {
  const auto& authority = view.values.authority_key_id;
  if (authority && (authority->has_issuer || authority->has_serial))
    report.found("authorityKeyIdentifier has authorityCertIssuer or authorityCertSerialNumber");
}

constexpr std::array kLints = {
    Lint{"br.validity", Severity::kError, Set::kPublicTrust, kSubscriber, "BR section 6.3.2",
         "valid for at most 200 days by notBefore from 2026-03-15, 100 from 2027-03-15, 47 from 2029-03-15 (398 from "
         "2020-09-01, 825 before)",
         check_validity},
    Lint{"br.serial-short", Severity::kError, Set::kPublicTrust, kAny, "BR section 7.1.2.7",
         "the serial number is long enough for 64 random bits", check_serial},
    Lint{"br.signature-algorithm", Severity::kError, Set::kPublicTrust, kAny, "BR section 7.1.3.2",
         "the signature is RSA or ECDSA with SHA-256, -384 or -512", check_signature_algorithm},
    Lint{"br.key-type", Severity::kError, Set::kPublicTrust, kAny, "BR section 7.1.3.1",
         "the key is RSA, or EC on P-256, P-384 or P-521", check_key_type},
    Lint{"br.rsa-modulus", Severity::kError, Set::kPublicTrust, kAny, "BR section 6.1.5",
         "the bits of an RSA modulus are a multiple of 8", check_modulus},
    Lint{"br.server-auth", Severity::kError, Set::kPublicTrust, kSubscriber, "BR section 7.1.2.7.10",
         "extKeyUsage has serverAuth", check_server_auth},
    Lint{"br.purposes", Severity::kError, Set::kPublicTrust, kSubscriber, "BR section 7.1.2.7.10",
         "extKeyUsage has no codeSigning, emailProtection, timeStamping, OCSPSigning, anyExtendedKeyUsage",
         check_purposes},
    Lint{"br.key-usage", Severity::kError, Set::kPublicTrust, kSubscriber, "BR section 7.1.2.7.11",
         "keyUsage: RSA digitalSignature, keyEncipherment, dataEncipherment; EC digitalSignature, and keyAgreement",
         check_key_usage},
    Lint{"br.not-critical", Severity::kError, Set::kPublicTrust, kSubscriber, "BR section 7.1.2.7.6",
         "basicConstraints and keyUsage are critical where they are there", check_critical},
    Lint{"br.policies", Severity::kError, Set::kPublicTrust, kSubscriber, "BR sections 7.1.2.7.9 and 7.1.6.1",
         "certificatePolicies has exactly one reserved policy (2.23.140.1.1, 2.23.140.1.2.1 to .3) and no anyPolicy",
         check_policies},
    Lint{"br.aia-missing", Severity::kError, Set::kPublicTrust, kSubscriber, "BR section 7.1.2.7.6",
         "authorityInfoAccess is there", check_aia_missing},
    Lint{"br.aia", Severity::kError, Set::kPublicTrust, kNotRoot, "BR sections 7.1.2.7.7 and 7.1.2.10.3",
         "access methods are OCSP and caIssuers, their locations http URIs", check_aia},
    Lint{"br.cdp-missing", Severity::kError, Set::kPublicTrust, kSubscriber | kSubordinateCa, "BR section 7.1.2.11.2",
         "cRLDistributionPoints is there, unless an end entity has OCSP or is short-lived", check_cdp_missing},
    Lint{"br.cdp", Severity::kError, Set::kPublicTrust, kAny, "BR section 7.1.2.11.2",
         "a distribution point is a fullName of http URIs, without reasons and cRLIssuer", check_cdp},
    Lint{"br.aki", Severity::kError, Set::kPublicTrust, kAny, "BR section 7.1.2.11.1",
         "authorityKeyIdentifier has a keyIdentifier only", check_authority},
};

}  // namespace

std::span<const Lint> tls_lints() noexcept { return kLints; }

}  // namespace signet::lint
