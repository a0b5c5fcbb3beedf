#include "keyholder/fence.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "keyholder/issuer_fence.h"
#include "keyholder/refusal.h"

namespace signet {
namespace {

Result<void> check_extensions(const TbsFields& tbs, const FenceConfig& rules) {
  for (const ExtraExtension& extra : tbs.extra_extensions) {
    if (rules.extensions.contains(extra.oid)) continue;
    return refuse_by_fence("extensions", fmt::format("extension {} is not among those of the fence: {}", extra.oid,
                                                     fmt::join(rules.extensions, ", ")));
  }
  return {};
}

/// A delegated responder: its answers are believed as the CA's own.
Result<void> check_ocsp(const TbsFields& tbs, const FenceConfig& rules) {
  const auto& purposes = tbs.extended_key_usage;
  const bool answers = std::ranges::any_of(
      purposes, [](const std::string& oid) { return oid == kOcspSigningOid || oid == kAnyExtendedKeyUsageOid; });
  if (answers && !rules.ocsp_responder) {
    return refuse_by_fence("ocsp", fmt::format("extendedKeyUsage has {}, with which OCSP answers are signed for this "
                                               "CA, and the fence does not say ocsp_responder = true",
                                               fmt::join(purposes, ", ")));
  }
  const bool only_answers = purposes.size() == 1 && purposes.front() == kOcspSigningOid &&
                            !(tbs.basic_constraints && tbs.basic_constraints->ca);
  if (!tbs.ocsp_no_check || only_answers) return {};
  return refuse_by_fence("ocsp",
                         fmt::format("id-pkix-ocsp-nocheck, which makes a certificate irrevocable, is for end entities "
                                     "whose one extendedKeyUsage is OCSPSigning; here it is {}",
                                     purposes.empty() ? "absent" : fmt::format("{}", fmt::join(purposes, ", "))));
}

std::string names_of(const auto& oids) {
  std::vector<std::string> names;
  for (const std::string& oid : oids) names.push_back(eku_name_of(oid));
  return fmt::format("{}", fmt::join(names, ", "));
}

Result<void> check_eku(const TbsFields& tbs, const FenceConfig& rules) {
  if (rules.every_eku) return {};
  if (tbs.extended_key_usage.empty()) {
    return refuse_by_fence("eku", fmt::format("extendedKeyUsage is absent, which stands for every purpose; the fence's "
                                              "are {}",
                                              names_of(rules.eku)));
  }
  for (const std::string& oid : tbs.extended_key_usage) {
    if (oid == kOcspSigningOid || rules.eku.contains(oid)) continue;
    return refuse_by_fence("eku", fmt::format("extendedKeyUsage has {}, which is not among those of the fence: {}",
                                              eku_name_of(oid), names_of(rules.eku)));
  }
  return {};
}

/// Verifiers look for who signed a CRL, an OCSP answer or a certificate by the name: one with a CA's speaks as that CA.
Result<void> check_subject(const TbsFields& tbs, const Certificate& issuer) {
  for (const Name* const name : {&issuer.fields().subject, &issuer.fields().issuer}) {
    if (!same_name(tbs.subject, *name)) continue;
    return refuse_by_fence("subject", fmt::format("the subject is '{}', to a verifier the same as '{}', the name of "
                                                  "{}; whoever is certified needs another",
                                                  printable(tbs.subject.text()), printable(name->text()),
                                                  name == &issuer.fields().subject ? "this CA" : "the CA above"));
  }
  return {};
}

Result<void> check_names(const TbsFields& tbs, const FenceConfig& rules) {
  const auto permitted = rules.names.permit(tbs.subject, tbs.alt_names.value_or(AltNames{}));
  if (permitted.has_value()) return {};
  return refuse_by_fence("names", printable(permitted.error().message, 2048));
}

Result<void> check_is_end_entity(const TbsFields& tbs, const FenceConfig& rules) {
  if (!tbs.basic_constraints) {
    return refuse_by_fence("basic_constraints", "basicConstraints is absent; an end-entity certificate says CA:FALSE");
  }
  if (tbs.basic_constraints->ca) {
    return refuse_by_fence("basic_constraints", "basicConstraints says CA:TRUE in an end-entity certificate");
  }
  if (!tbs.key_usage) return refuse_by_fence("key_usage", "keyUsage is absent, which stands for every usage");
  const std::uint32_t forbidden = *tbs.key_usage & (kKeyCertSign | kCrlSign);
  if (forbidden != 0) {
    return refuse_by_fence("key_usage", fmt::format("keyUsage of an end-entity certificate has{}{}",
                                                    (forbidden & kKeyCertSign) != 0 ? " keyCertSign" : "",
                                                    (forbidden & kCrlSign) != 0 ? " cRLSign" : ""));
  }
  if (tbs.name_constraints)
    return refuse_by_fence("name_constraints", "nameConstraints in an end-entity certificate; only a CA's has them");
  return check_names(tbs, rules);
}

/// A path through `issuer` has at most so many CAs below it, and this one is the first of them.
Result<void> check_path(const TbsFields& tbs, const FenceConfig& rules, const Certificate& issuer) {
  if (!tbs.basic_constraints || !tbs.basic_constraints->ca)
    return refuse_by_fence("basic_constraints", "basicConstraints does not say CA:TRUE in a CA's certificate");
  const auto& path = tbs.basic_constraints->path_length;
  if (!path) return refuse_by_fence("basic_constraints", "a CA's certificate without pathLenConstraint");
  if (*path > rules.longest_path) {
    return refuse_by_fence("basic_constraints", fmt::format("pathLenConstraint is {}, more than longest_path, {}",
                                                            *path, rules.longest_path));
  }
  const auto& own = issuer.fields().basic_constraints;
  if (!own || !own->path_length || *path < *own->path_length) return {};
  return refuse_by_fence("basic_constraints",
                         fmt::format("pathLenConstraint is {}, and the issuing CA's own is {}; below that it has to be",
                                     *path, *own->path_length));
}

Result<void> check_is_ca(const TbsFields& tbs, const FenceConfig& rules, const Certificate& issuer) {
  SIGNET_CHECK(check_path(tbs, rules, issuer));
  constexpr std::uint32_t kNeeded = kKeyCertSign | kCrlSign;
  if ((tbs.key_usage.value_or(0) & ~std::uint32_t{kDigitalSignature}) != kNeeded) {
    return refuse_by_fence(
        "key_usage", "keyUsage of a CA's certificate is not keyCertSign and cRLSign, with digitalSignature at most");
  }
  if (tbs.alt_names) {
    return refuse_by_fence("subject_alt_name",
                           fmt::format("a CA's certificate with subjectAltName: {}",
                                       printable(fmt::format("{}", fmt::join(tbs.alt_names->texts(), ", ")), 1024)));
  }
  if (tbs.subject_key_id) return {};
  return refuse_by_fence("subject_key_id", "a CA's certificate without subjectKeyIdentifier");
}

/// Every key that is read has one encoding (PublicKey::from_spki), so that comparing bytes compares keys.
Result<void> check_subject_key(const TbsFields& tbs, const Certificate& issuer) {
  const auto key = PublicKey::from_spki(tbs.spki);
  if (!key.has_value()) return refuse_by_fence("subject_key", printable(key.error().message, 1024));
  if (!equal(key->spki(), issuer.public_key().spki())) return {};
  return refuse_by_fence("subject_key", "the subject's public key is the CA's own");
}

Result<void> check_not_after(const TbsFields& tbs, const Certificate& issuer) {
  if (tbs.not_after <= tbs.not_before) {
    return refuse_by_fence("not_after", fmt::format("notAfter is {}, not after notBefore, {}",
                                                    to_rfc3339(tbs.not_after), to_rfc3339(tbs.not_before)));
  }
  if (tbs.not_after <= issuer.fields().not_after) return {};
  return refuse_by_fence("not_after", fmt::format("notAfter is {}, past the CA certificate's own, {}",
                                                  to_rfc3339(tbs.not_after), to_rfc3339(issuer.fields().not_after)));
}

Result<void> check_validity(const TbsFields& tbs, const FenceConfig& rules, ArtifactKind kind) {
  const bool is_ca = kind == ArtifactKind::kCaCertificate;
  const std::chrono::seconds longest = is_ca ? rules.longest_ca_validity : rules.longest_validity;
  const auto validity = std::chrono::floor<std::chrono::seconds>(tbs.not_after - tbs.not_before);
  if (validity <= longest) return {};
  return refuse_by_fence("validity",
                         fmt::format("the certificate is valid for {}, longer than {}, {}", format_duration(validity),
                                     is_ca ? "longest_ca_validity" : "longest_validity", format_duration(longest)));
}

Result<void> check_times(const TbsFields& tbs, const FenceConfig& rules, const Certificate& issuer, ArtifactKind kind,
                         Time now) {
  SIGNET_CHECK(check_is_now("not_before", "notBefore", tbs.not_before, rules, now));
  SIGNET_CHECK(check_not_after(tbs, issuer));
  return check_validity(tbs, rules, kind);
}

}  // namespace

Result<void> check_kind(const FenceConfig& rules, ArtifactKind kind) {
  if (rules.may_sign.contains(kind)) return {};
  return refuse_by_fence("kind", fmt::format("may_sign does not name {}", name_of(kind)));
}

Result<CertificateVerdict> check_certificate_fence(const FenceConfig& rules, const Certificate& issuer,
                                                   ArtifactKind kind, const Clock& clock, ByteView tbs) {
  const auto fields = parse_tbs(tbs);
  if (!fields.has_value()) return refuse_by_fence("structure", printable(fields.error().message, 1024));
  SIGNET_CHECK(check_form(encode_tbs(*fields).view(), tbs));
  SIGNET_CHECK(check_extensions(*fields, rules));
  SIGNET_CHECK(check_ocsp(*fields, rules));
  SIGNET_CHECK(check_eku(*fields, rules));
  SIGNET_CHECK(check_algorithm(fields->algorithm, rules, issuer));
  SIGNET_CHECK(check_issuer(fields->issuer, issuer));
  SIGNET_CHECK(check_subject(*fields, issuer));
  SIGNET_CHECK(check_authority_key_id(fields->authority_key_id, issuer));
  SIGNET_CHECK(kind == ArtifactKind::kCaCertificate ? check_is_ca(*fields, rules, issuer)
                                                    : check_is_end_entity(*fields, rules));
  SIGNET_CHECK(check_subject_key(*fields, issuer));
  SIGNET_CHECK(check_times(*fields, rules, issuer, kind, clock.now()));
  return CertificateVerdict{.algorithm = fields->algorithm, .serial = fields->serial};
}

}  // namespace signet
