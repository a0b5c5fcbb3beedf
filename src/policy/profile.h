// A profile: everything of a certificate that its requester does not decide.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "policy/client.h"
#include "policy/name_rules.h"
#include "x509/algorithm.h"
#include "x509/certificate.h"
#include "x509/key_quality.h"
#include "x509/name.h"
#include "x509/prepared_extensions.h"
#include "x509/public_key.h"

namespace signet {

enum class CommonNameMode : std::uint8_t {
  kNone,         ///< the subject has no CN, but for one in the profile's own part
  kFromSan,      ///< CN = the first DNS name, else the first other name; none where it is longer than 64 characters
  kFromRequest,  ///< CN = the request's, which must be one of the names; none where it has none
};

/// Whether certificates carry alternative names.
enum class AltNameMode : std::uint8_t { kRequired, kOptional, kNone };

/// Which rules a certificate is held against before it is signed: those of lint/lint.h by these names.
enum class LintRules : std::uint8_t { kPrivate, kPublicTrust };
[[nodiscard]] std::string_view name_of(LintRules rules) noexcept;  ///< "private", "public-trust"

/// An attribute that the request's subject may provide.
struct SubjectField {
  std::string attribute;            ///< a key of Name::from_attributes(), not "CN"
  std::vector<std::string> values;  ///< one of these: exact, or a beginning and '*'; "*" is any
};

/// [profile.NAME] of the policy. Immutable once the policy is parsed.
struct Profile {
  std::string name;
  std::string issuer;                    ///< a name of DaemonConfig::issuers; see check_issuers()
  std::chrono::seconds validity{0};      ///< where the request wishes none
  std::chrono::seconds validity_max{0};  ///< of notAfter - now; at least `validity`
  std::chrono::seconds backdate{300};    ///< notBefore = now - backdate
  std::set<KeyType> keys;
  KeyRules key_rules;
  Name subject;  ///< the constant part; with a CN only where alternative names are not required
  std::vector<SubjectField> subject_from_request;
  CommonNameMode common_name = CommonNameMode::kNone;
  AltNameMode alternative_names = AltNameMode::kRequired;
  bool spiffe = false;                          ///< certificates are X509-SVIDs
  std::optional<std::uint64_t> ca_path_length;  ///< certificates are a CA's, with this pathLenConstraint
  std::map<KeyType, std::uint32_t> key_usage;   ///< for each of `keys`, a mask of KeyUsage: what such a key can do
  std::vector<std::string> extended_key_usage;  ///< dotted OIDs, in the policy's order; empty for a CA at most
  NameRules names;                              ///< nothing where there are none
  std::vector<CertificatePolicy> policies;
  std::vector<std::string> ocsp_urls;
  std::vector<std::string> ca_issuers_urls;
  std::vector<std::string> crl_urls;
  bool must_staple = false;
  bool ocsp_no_check = false;
  std::vector<ExtraExtension> extensions;
  LintRules lint = LintRules::kPrivate;
  std::map<KeyType, PreparedExtensions> constant_der;  ///< by prepare_constant_der(), for each of `keys`
  Sha256 sha256{};                                     ///< of canonical_text()

  [[nodiscard]] bool is_ca() const noexcept { return ca_path_length.has_value(); }
};

/// Every effective value of the profile, defaults included, one "key=value" line each in a fixed order. Two profiles
/// with equal texts make the same certificates.
[[nodiscard]] std::string canonical_text(const Profile& profile);

/// The profile takes keys of this type, and this one is sound by check_key_quality(). Errors: kInvalidArgument, field
/// "csr.subjectPublicKeyInfo"; the message names the rule (docs/key-quality.md).
[[nodiscard]] Result<void> check_key(const Profile& profile, const PublicKey& key);

/// How long a certificate is valid from now on: the profile's default where `wished` is 0, but no longer than `client`
/// may have it; otherwise `wished`, which must be at least a minute and at most what profile and client allow. Errors:
/// kInvalidArgument, field "validity_seconds".
[[nodiscard]] Result<std::chrono::seconds> choose_validity(const Profile& profile, const PolicyClient& client,
                                                           std::chrono::seconds wished);

/// The subject of the certificate: the profile's constant part, then what the profile takes of `asked`, then the CN as
/// common_name says. `asked` is the request's subject; what it says beside is passed over, but each CN in it must be
/// one of `names` or the constant part's. Of a renewal `kept` is the old certificate's subject, and stands for the
/// request's in everything but that. Errors: field "csr.subject"; kInvalidArgument for a CN that is none of the names
/// and a value that is malformed or there twice, kPermissionDenied for one that the profile does not take.
[[nodiscard]] Result<Name> choose_subject(const Profile& profile, const Name& asked, const AltNames& names,
                                          const Name* kept = nullptr);

/// An X509-SVID has exactly one URI, a SPIFFE ID with a path (X509-SVID sections 2 and 3.1); of other profiles nothing
/// is looked at. Errors: kInvalidArgument, field "csr.subjectAltName".
[[nodiscard]] Result<void> check_svid(const Profile& profile, const AltNames& names);

/// What is in every certificate of the profile for such a key: everything that neither the request nor the issuing CA
/// decides. The other fields of `fields` are left alone.
void apply_constant_part(const Profile& profile, KeyType key, TbsFields& fields);

/// Writes the extensions of that part once, for all certificates to come. The profile is complete and without mistakes.
void prepare_constant_der(Profile& profile);

}  // namespace signet
