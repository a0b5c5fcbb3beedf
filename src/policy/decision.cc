#include "policy/decision.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/ascii.h"
#include "x509/name_constraints.h"

namespace signet {

namespace {

constexpr std::string_view kKeyField = "csr.subjectPublicKeyInfo";
constexpr std::string_view kNamesField = "csr.subjectAltName";
constexpr std::string_view kValidityField = "validity_seconds";

Result<const Profile*> permitted_profile(const Policy& policy, const PolicyClient& client, std::string_view name) {
  const Profile* profile = policy.find_profile(name);
  if (profile == nullptr) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no profile \"{}\" (rule profile.unknown)", printable(name)),
                "profile");
  }
  SIGNET_CHECK(check_profile(client, *profile));
  return profile;
}

/// check_issuers() holds at start; a policy that is tested beside a configuration may still name another.
Result<const IssuingCa*> issuing_ca(const IssuingCas& cas, const Profile& profile) {
  const auto found = cas.find(profile.issuer);
  if (found != cas.end()) return &found->second;
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("the profile {} is issued by \"{}\", and there is no such issuer (rule profile.issuer)",
                          profile.name, printable(profile.issuer)),
              "profile");
}

Result<void> check_not_our_key(const PublicKey& key, const IssuingCas& cas, const OwnKeys& own_keys) {
  for (const auto& [name, ca] : cas) {
    const auto is_key_of = [&](const Certificate& above) { return equal(key.spki(), above.public_key().spki()); };
    if (!std::ranges::any_of(ca.certificates, is_key_of)) continue;
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the key is the CA's own, of issuer \"{}\" (rule key.own)", name), std::string(kKeyField));
  }
  if (own_keys.empty() || !own_keys.contains(sha256(key.spki()))) return {};
  return fail(ErrorCode::kInvalidArgument,
              "the key is one that this CA has already: of a certificate in its trust bundle, of its log or of its "
              "daemon; make a new one (rule key.own)",
              std::string(kKeyField));
}

/// DNS names are equal without case, and order says nothing.
std::vector<std::string> comparable(const AltNames& names) {
  std::vector<std::string> texts = names.texts();
  for (std::string& text : texts) {
    if (text.starts_with("DNS:")) text = ascii::to_lower(text);
  }
  std::ranges::sort(texts);
  return texts;
}

/// Of a renewal the old certificate's: whoever holds it has these names and no others.
Result<AltNames> wished_names(const Csr& csr, const Wish& wish) {
  if (wish.renews == nullptr) return csr.alt_names().value_or(AltNames{});
  AltNames kept = wish.renews->fields().alt_names.value_or(AltNames{});
  if (!csr.alt_names() || comparable(*csr.alt_names()) == comparable(kept)) return kept;
  return fail(ErrorCode::kPermissionDenied,
              fmt::format("the request asks for {}, and the certificate that is renewed has {}; ask for the same names "
                          "or for none (rule renew.names)",
                          printable(fmt::format("{}", fmt::join(csr.alt_names()->texts(), ", ")), 1024),
                          printable(fmt::format("{}", fmt::join(kept.texts(), ", ")), 1024)),
              std::string(kNamesField));
}

Result<void> check_wished_names(const Profile& profile, const PolicyClient& client, const AltNames& names) {
  if (names.empty() && profile.alternative_names != AltNameMode::kRequired) return {};
  if (profile.alternative_names == AltNameMode::kNone) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the request asks for {}; certificates of the profile {} have no alternative names (rule "
                            "names.none)",
                            printable(fmt::format("{}", fmt::join(names.texts(), ", ")), 1024), profile.name),
                std::string(kNamesField));
  }
  SIGNET_CHECK(check_names(profile, client, names));
  return check_svid(profile, names);
}

/// Verifiers look for who signed a CRL, an OCSP answer or a certificate by the name: one with a CA's speaks as that CA,
/// whichever of ours it is.
Result<void> check_not_a_cas_name(const Name& subject, const IssuingCas& cas) {
  for (const auto& [name, ca] : cas) {
    const auto is_name_of = [&](const Certificate& above) { return same_name(subject, above.fields().subject); };
    const bool is_own =
        std::ranges::any_of(ca.certificates, is_name_of) || same_name(subject, ca.certificates.back().fields().issuer);
    if (!is_own) continue;
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("the subject would be \"{}\", to a verifier the name of a CA of issuer \"{}\" (rule "
                            "subject.issuer)",
                            printable(subject.text()), name),
                "csr.subject");
  }
  return {};
}

/// RFC 5280 section 4.2.1.9: a path through a CA's certificate has at most so many CAs below it, where self-issued ones
/// do not count (section 6.1.4 (l)).
Result<void> check_path_length(const Profile& profile, const IssuingCa& ca) {
  if (!profile.is_ca()) return {};
  std::uint64_t below = 0;
  for (const Certificate& above : ca.certificates) {
    const auto& constraints = above.fields().basic_constraints;
    const bool fits =
        !constraints || !constraints->path_length || *profile.ca_path_length + below + 1 <= *constraints->path_length;
    if (fits) {
      below += above.is_self_issued() ? 0 : 1;
      continue;
    }
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("the profile {} makes CAs with path_length = {}, and \"{}\" has pathLenConstraint {}, with "
                            "{} CAs between; have an operator shorten the path or use another issuer (rule ca.path)",
                            profile.name, *profile.ca_path_length, printable(above.fields().subject.text()),
                            *constraints->path_length, below),
                "profile");
  }
  return {};
}

/// A CA's extended key usages bound those below it: RFC 5280 leaves it open, OpenSSL holds every certificate of the
/// chain against them, the root included, NSS all but the root. OCSPSigning they do not bound: who answers for the CA
/// is believed by the CA's signature (RFC 6960 section 4.2.2.2), and OpenSSL asks no more. A CA without any is for all.
Result<void> check_purposes(const Profile& profile, const IssuingCa& ca) {
  for (const Certificate& above : ca.certificates) {
    const auto& allowed = above.fields().extended_key_usage;
    const auto allows = [&](std::string_view oid) { return std::ranges::find(allowed, oid) != allowed.end(); };
    if (allowed.empty() || allows(kAnyExtendedKeyUsageOid)) continue;
    for (const std::string& purpose : profile.extended_key_usage) {
      if (purpose == kOcspSigningOid || allows(purpose)) continue;
      return fail(ErrorCode::kFailedPrecondition,
                  fmt::format("the profile {} has extended_key_usage {}, and the CA \"{}\" is for {} alone; have an "
                              "operator change the profile or use another issuer (rule ca.eku)",
                              profile.name, eku_name_of(purpose), printable(above.fields().subject.text()),
                              fmt::join(allowed, ", ")),
                  "profile");
    }
  }
  return {};
}

/// What a log entry has no room for is not issued.
Result<void> check_size(const TbsFields& fields, const PreparedExtensions& constant) {
  const std::size_t bytes = encode_tbs(fields, constant).view().size();
  if (bytes <= kMostTbsBytes) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("the certificate would have {} bytes before it is signed, and at most {} are taken; ask for "
                          "fewer names (rule certificate.size)",
                          bytes, kMostTbsBytes),
              std::string(kNamesField));
}

struct Validity {
  Time not_before;
  Time not_after;
};

/// Whole seconds, as certificates have them. A default validity ends with the issuer's own at the latest; a wished one
/// that would not is refused.
Result<Validity> decide_validity(const Profile& profile, const PolicyClient& client, std::chrono::seconds wished,
                                 const IssuingCa& ca, Time now) {
  SIGNET_TRY(const std::chrono::seconds validity, choose_validity(profile, client, wished));
  const Time start = std::chrono::floor<std::chrono::seconds>(now);
  const TbsFields& issuer = ca.certificate().fields();
  if (start >= issuer.not_after) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("the issuing CA \"{}\" expired at {} (rule validity.issuer)", ca.name,
                            to_rfc3339(issuer.not_after)));
  }
  if (start < issuer.not_before) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("the issuing CA \"{}\" is valid from {} only (rule validity.issuer)", ca.name,
                            to_rfc3339(issuer.not_before)));
  }
  if (start + validity > issuer.not_after && wished.count() != 0) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} from now is past the end of the issuing CA \"{}\", {} (rule validity.issuer)",
                            format_duration(validity), ca.name, to_rfc3339(issuer.not_after)),
                std::string(kValidityField));
  }
  return Validity{.not_before = std::max<Time>(start - profile.backdate, issuer.not_before),
                  .not_after = std::min<Time>(start + validity, issuer.not_after)};
}

}  // namespace

Result<Decision> decide(const Policy& policy, const PolicyClient& client, const Wish& wish, const IssuingCas& cas,
                        Time now, const OwnKeys& own_keys) {
  SIGNET_TRY(const Profile* const profile, permitted_profile(policy, client, wish.profile));
  SIGNET_TRY(const IssuingCa* const ca, issuing_ca(cas, *profile));
  SIGNET_TRY(Csr csr, Csr::parse_any(wish.csr, profile->is_ca() ? CaRequests::kTaken : CaRequests::kRefused));
  SIGNET_CHECK(check_key(*profile, csr.public_key()));
  SIGNET_CHECK(check_not_our_key(csr.public_key(), cas, own_keys));
  SIGNET_TRY(AltNames names, wished_names(csr, wish));
  SIGNET_CHECK(check_wished_names(*profile, client, names));
  const Name* const kept = wish.renews == nullptr ? nullptr : &wish.renews->fields().subject;
  SIGNET_TRY(Name subject, choose_subject(*profile, csr.subject(), names, kept));
  SIGNET_CHECK(check_not_a_cas_name(subject, cas));
  SIGNET_CHECK(check_path_length(*profile, *ca));
  SIGNET_CHECK(check_purposes(*profile, *ca));
  SIGNET_CHECK(check_name_constraints(ca->certificates, subject, names));
  SIGNET_TRY(const Validity validity, decide_validity(*profile, client, wish.validity, *ca, now));
  SIGNET_CHECK(csr.verify_possession());

  const auto& key_id = csr.public_key().key_id();
  const Certificate& issuer = ca->certificate();
  TbsFields fields{.serial = SerialNumber::unassigned(),
                   .algorithm = ca->algorithm(),
                   .issuer = issuer.fields().subject,
                   .not_before = validity.not_before,
                   .not_after = validity.not_after,
                   .subject = std::move(subject),
                   .spki = copy_of(csr.public_key().spki()),
                   .alt_names = names.empty() ? std::optional<AltNames>() : std::move(names),
                   .subject_key_id = Bytes(key_id.begin(), key_id.end()),
                   .authority_key_id = issuer.fields().subject_key_id};
  const KeyType key = csr.public_key().type();
  apply_constant_part(*profile, key, fields);
  const PreparedExtensions& constant = profile->constant_der.at(key);
  SIGNET_CHECK(check_size(fields, constant));
  return Decision{
      .profile = profile, .ca = ca, .csr = std::move(csr), .fields = std::move(fields), .constant = &constant};
}

}  // namespace signet
