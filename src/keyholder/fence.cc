#include "keyholder/fence.h"

#include <fmt/format.h>

namespace signet {
namespace {

std::unexpected<Error> refuse(std::string_view rule, std::string message) {
  return fail(ErrorCode::kPermissionDenied, "the keyholder's fence refuses: " + std::move(message),
              fmt::format("fence.{}", rule));
}

/// Nothing may hide in what the fields above do not show, such as an extension that this CA never writes.
Result<void> check_form(const TbsFields& tbs, ByteView der) {
  if (equal(encode_tbs(tbs).view(), der)) return {};
  return refuse("form", "the structure holds what this CA does not write, or holds it in another order or encoding");
}

Result<void> check_algorithm(const TbsFields& tbs, const Certificate& issuer) {
  const SignatureAlgorithm own = default_algorithm(issuer.public_key().type());
  if (tbs.algorithm == own) return {};
  return refuse("algorithm", fmt::format("the signature algorithm is {}, but this key signs with {}",
                                         name_of(tbs.algorithm), name_of(own)));
}

Result<void> check_issuer(const TbsFields& tbs, const Certificate& issuer) {
  if (equal(tbs.issuer.der(), issuer.fields().subject.der())) return {};
  return refuse("issuer", fmt::format("the issuer name is '{}', but this key belongs to '{}'",
                                      printable(tbs.issuer.text()), printable(issuer.fields().subject.text())));
}

Result<void> check_authority_key_id(const TbsFields& tbs, const Certificate& issuer) {
  if (!tbs.authority_key_id || tbs.authority_key_id == issuer.fields().subject_key_id) return {};
  const auto& own = issuer.fields().subject_key_id;
  return refuse("authority_key_id",
                fmt::format("authorityKeyIdentifier is {}, but the certificate's subjectKeyIdentifier is {}",
                            printable(to_hex(*tbs.authority_key_id)), own ? to_hex(*own) : "absent"));
}

Result<void> check_is_end_entity(const TbsFields& tbs) {
  if (tbs.basic_constraints && tbs.basic_constraints->ca) {
    return refuse("basic_constraints", "basicConstraints says CA:TRUE in an end-entity certificate");
  }
  const std::uint32_t forbidden = tbs.key_usage.value_or(0) & (kKeyCertSign | kCrlSign);
  if (forbidden == 0) return {};
  return refuse("key_usage", fmt::format("keyUsage of an end-entity certificate has{}{}",
                                         (forbidden & kKeyCertSign) != 0 ? " keyCertSign" : "",
                                         (forbidden & kCrlSign) != 0 ? " cRLSign" : ""));
}

Result<void> check_subject_key(const TbsFields& tbs, const Certificate& issuer) {
  if (!equal(tbs.spki, issuer.public_key().spki())) return {};
  return refuse("subject_key", "the subject's public key is the CA's own");
}

Result<void> check_not_before(const TbsFields& tbs, const FenceConfig& rules, Time now) {
  if (tbs.not_before >= now - rules.clock_tolerance && tbs.not_before <= now + rules.clock_tolerance) return {};
  return refuse("not_before",
                fmt::format("notBefore is {}, more than {} from the keyholder's clock, {}", to_rfc3339(tbs.not_before),
                            format_duration(rules.clock_tolerance), to_rfc3339(now)));
}

Result<void> check_not_after(const TbsFields& tbs, const Certificate& issuer) {
  if (tbs.not_after <= tbs.not_before) {
    return refuse("not_after", fmt::format("notAfter is {}, not after notBefore, {}", to_rfc3339(tbs.not_after),
                                           to_rfc3339(tbs.not_before)));
  }
  if (tbs.not_after <= issuer.fields().not_after) return {};
  return refuse("not_after", fmt::format("notAfter is {}, past the CA certificate's own, {}", to_rfc3339(tbs.not_after),
                                         to_rfc3339(issuer.fields().not_after)));
}

Result<void> check_validity(const TbsFields& tbs, const FenceConfig& rules) {
  const auto validity = std::chrono::floor<std::chrono::seconds>(tbs.not_after - tbs.not_before);
  if (validity <= rules.longest_validity) return {};
  return refuse("validity", fmt::format("the certificate is valid for {}, longer than longest_validity, {}",
                                        format_duration(validity), format_duration(rules.longest_validity)));
}

Result<void> check_times(const TbsFields& tbs, const FenceConfig& rules, const Certificate& issuer, Time now) {
  SIGNET_CHECK(check_not_before(tbs, rules, now));
  SIGNET_CHECK(check_not_after(tbs, issuer));
  return check_validity(tbs, rules);
}

}  // namespace

Result<SignatureAlgorithm> check_fence(const FenceConfig& rules, const Certificate& issuer, const Clock& clock,
                                       ArtifactKind kind, ByteView tbs) {
  if (!rules.may_sign.contains(kind)) return refuse("kind", fmt::format("may_sign does not name {}", name_of(kind)));
  const auto fields = parse_tbs(tbs);
  if (!fields.has_value()) return refuse("structure", printable(fields.error().message, 1024));
  SIGNET_CHECK(check_form(*fields, tbs));
  SIGNET_CHECK(check_algorithm(*fields, issuer));
  SIGNET_CHECK(check_issuer(*fields, issuer));
  SIGNET_CHECK(check_authority_key_id(*fields, issuer));
  SIGNET_CHECK(check_is_end_entity(*fields));
  SIGNET_CHECK(check_subject_key(*fields, issuer));
  SIGNET_CHECK(check_times(*fields, rules, issuer, clock.now()));
  return fields->algorithm;
}

}  // namespace signet
