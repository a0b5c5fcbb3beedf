// keyUsage and extKeyUsage: by themselves, and how they go with each other and with the key.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "lint/lints.h"
#include "x509/certificate.h"

namespace signet::lint {
namespace {

constexpr std::uint32_t kKnownBits = (kDecipherOnly << 1U) - 1U;

std::string names_of(std::uint32_t bits) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < key_usage_names().size(); ++i) {
    if ((bits >> i & 1U) != 0) names.push_back(key_usage_names()[i]);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

/// Those of keyUsage's bits that are in `mask`; none where there is no keyUsage.
std::uint32_t bits_in(const View& view, std::uint32_t mask) noexcept {
  return view.values.key_usage.value_or(0) & mask;
}

void check_empty(const View& view, Report& report) {
  if (view.values.key_usage == 0U) report.found("keyUsage has no bit");
}

void check_unknown(const View& view, Report& report) {
  if (bits_in(view, ~kKnownBits) != 0) report.found("keyUsage has a bit above decipherOnly (8)");
}

void check_only(const View& view, Report& report) {
  const std::uint32_t only = bits_in(view, kEncipherOnly | kDecipherOnly);
  if (only != 0 && bits_in(view, kKeyAgreement) == 0)
    report.found(fmt::format("keyUsage {} without keyAgreement has no meaning", names_of(only)));
}

void check_ca_missing(const View& view, Report& report) {
  if (view.find(oid::kKeyUsage) == nullptr) report.found("a CA without keyUsage");
}

void check_ca_signs(const View& view, Report& report) {
  if (view.values.key_usage && bits_in(view, kKeyCertSign) == 0)
    report.found(fmt::format("cA is TRUE, but keyUsage ({}) has no keyCertSign", names_of(bits_in(view, kKnownBits))));
}

void check_end_entity_signs(const View& view, Report& report) {
  if (bits_in(view, kKeyCertSign) != 0) report.found("keyUsage has keyCertSign, but cA is not TRUE");
}

/// A key of `kind` with any of `forbidden` set.
void check_forbidden(const View& view, Report& report, std::string_view kind, std::uint32_t forbidden) {
  const std::uint32_t wrong = bits_in(view, forbidden);
  if (wrong != 0) report.found(fmt::format("keyUsage {} does not go with {}", names_of(wrong), kind));
}

void check_rsa(const View& view, Report& report) {
  if (view.key.kind == KeyKind::kRsa)
    check_forbidden(view, report, "an RSA key", kKeyAgreement | kEncipherOnly | kDecipherOnly);
}

void check_ec(const View& view, Report& report) {
  if (view.key.kind == KeyKind::kEc) check_forbidden(view, report, "an EC key", kKeyEncipherment | kDataEncipherment);
}

void check_eddsa(const View& view, Report& report) {
  if (view.key.kind != KeyKind::kEd25519 && view.key.kind != KeyKind::kEd448) return;
  check_forbidden(view, report, "an EdDSA key",
                  kKeyEncipherment | kDataEncipherment | kKeyAgreement | kEncipherOnly | kDecipherOnly);
}

void check_xdh(const View& view, Report& report) {
  if (view.key.kind != KeyKind::kX25519 && view.key.kind != KeyKind::kX448) return;
  check_forbidden(view, report, "an X25519 or X448 key", kKnownBits & ~(kKeyAgreement | kEncipherOnly | kDecipherOnly));
}

bool has_purpose(const View& view, Oid purpose) noexcept {
  const auto& purposes = view.values.extended_key_usage;
  return purposes && std::ranges::find(*purposes, purpose) != purposes->end();
}

void check_no_purpose(const View& view, Report& report) {
  const auto& purposes = view.values.extended_key_usage;
  if (purposes && purposes->empty()) report.found("extKeyUsage has no purpose");
}

void check_duplicate_purpose(const View& view, Report& report) {
  if (!view.values.extended_key_usage) return;
  std::vector<Oid> purposes = *view.values.extended_key_usage;
  std::ranges::sort(purposes);
  for (auto at = std::ranges::adjacent_find(purposes); at != purposes.end();
       at = std::adjacent_find(at + 1, purposes.end()))
    report.found(fmt::format("purpose {} is there more than once", dotted(*at)));
}

void check_any_purpose(const View& view, Report& report) {
  if (has_purpose(view, oid::kAnyExtendedKeyUsage)) report.found("anyExtendedKeyUsage in an end entity's certificate");
}

void check_any_critical(const View& view, Report& report) {
  if (has_purpose(view, oid::kAnyExtendedKeyUsage) && view.find(oid::kExtendedKeyUsage)->critical)
    report.found("extKeyUsage is critical and has anyExtendedKeyUsage");
}

void check_time_stamping(const View& view, Report& report) {
  const auto& purposes = view.values.extended_key_usage;
  if (!purposes || !has_purpose(view, oid::kTimeStamping)) return;
  if (purposes->size() != 1 || !view.find(oid::kExtendedKeyUsage)->critical)
    report.found("timeStamping has to be the only purpose, and extKeyUsage critical");
}

struct Purpose {
  Oid oid;
  std::string_view name;
  std::uint32_t usages;  ///< one of these is needed (RFC 5280 section 4.2.1.12)
};

constexpr std::array kPurposes = {
    Purpose{oid::kServerAuth, "serverAuth", kDigitalSignature | kKeyEncipherment | kKeyAgreement},
    Purpose{oid::kClientAuth, "clientAuth", kDigitalSignature | kKeyAgreement},
    Purpose{oid::kCodeSigning, "codeSigning", kDigitalSignature},
    Purpose{oid::kEmailProtection, "emailProtection",
            kDigitalSignature | kNonRepudiation | kKeyEncipherment | kKeyAgreement},
    Purpose{oid::kTimeStamping, "timeStamping", kDigitalSignature | kNonRepudiation},
    Purpose{oid::kOcspSigning, "OCSPSigning", kDigitalSignature | kNonRepudiation},
};

void check_consistent(const View& view, Report& report) {
  if (!view.values.key_usage) return;
  for (const Purpose& purpose : kPurposes) {
    if (has_purpose(view, purpose.oid) && bits_in(view, purpose.usages) == 0)
      report.found(fmt::format("purpose {} needs one of keyUsage {}", purpose.name, names_of(purpose.usages)));
  }
}

constexpr std::array kLints = {
    Lint{"key-usage.empty", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.3", "keyUsage has a bit",
         check_empty},
    Lint{"key-usage.unknown-bit", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.3",
         "keyUsage has only the nine bits that are defined", check_unknown},
    Lint{"key-usage.only", Severity::kWarning, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.3",
         "encipherOnly and decipherOnly go with keyAgreement", check_only},
    Lint{"key-usage.ca-missing", Severity::kError, Set::kPrivate, kCa, "RFC 5280 section 4.2.1.3", "a CA has keyUsage",
         check_ca_missing},
    Lint{"key-usage.ca-without-cert-sign", Severity::kError, Set::kPrivate, kCa,
         "RFC 5280 sections 4.2.1.3 and 4.2.1.9", "the keyUsage of a CA has keyCertSign", check_ca_signs},
    Lint{"key-usage.cert-sign-without-ca", Severity::kError, Set::kPrivate, kEndEntity, "RFC 5280 section 4.2.1.9",
         "only a CA has keyCertSign", check_end_entity_signs},
    Lint{"key-usage.rsa", Severity::kError, Set::kPrivate, kAny, "RFC 3279 section 2.3.1",
         "an RSA key has no keyAgreement, encipherOnly, decipherOnly", check_rsa},
    Lint{"key-usage.ec", Severity::kError, Set::kPrivate, kAny, "RFC 5480 section 3; RFC 8813 section 3",
         "an EC key has no keyEncipherment, dataEncipherment", check_ec},
    Lint{"key-usage.eddsa", Severity::kError, Set::kPrivate, kAny, "RFC 8410 section 5; RFC 9295 section 3",
         "an Ed25519 or Ed448 key has no keyEncipherment, dataEncipherment, keyAgreement, encipherOnly, decipherOnly",
         check_eddsa},
    Lint{"key-usage.xdh", Severity::kError, Set::kPrivate, kAny, "RFC 8410 section 5; RFC 9295 section 3",
         "an X25519 or X448 key has keyAgreement and none but encipherOnly, decipherOnly besides", check_xdh},
    Lint{"eku.empty", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.12", "extKeyUsage has a purpose",
         check_no_purpose},
    Lint{"eku.duplicate", Severity::kWarning, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.12",
         "no purpose is there twice", check_duplicate_purpose},
    Lint{"eku.any", Severity::kWarning, Set::kPrivate, kEndEntity, "RFC 5280 section 4.2.1.12",
         "an end entity's purposes are named, not anyExtendedKeyUsage", check_any_purpose},
    Lint{"eku.any-critical", Severity::kWarning, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.12",
         "extKeyUsage with anyExtendedKeyUsage is not critical", check_any_critical},
    Lint{"eku.time-stamping", Severity::kError, Set::kPrivate, kEndEntity, "RFC 3161 section 2.3",
         "timeStamping is the only purpose, in a critical extKeyUsage", check_time_stamping},
    Lint{"eku.key-usage", Severity::kError, Set::kPrivate, kEndEntity, "RFC 5280 section 4.2.1.12",
         "purposes and keyUsage are consistent", check_consistent},
};

}  // namespace

std::span<const Lint> usage_lints() noexcept { return kLints; }

}  // namespace signet::lint
