// A profile: everything of a certificate that its requester does not decide.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "policy/name_rules.h"
#include "x509/algorithm.h"
#include "x509/csr.h"
#include "x509/key_quality.h"
#include "x509/name.h"
#include "x509/public_key.h"

namespace signet {

enum class CommonNameMode : std::uint8_t {
  kNone,     ///< the subject has no CN
  kFromSan,  ///< CN = the first DNS name, else the first other name; none where it is longer than 64 characters
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
  Name subject;  ///< the constant part; empty or without CN
  CommonNameMode common_name = CommonNameMode::kNone;
  std::uint32_t key_usage = 0;                  ///< mask of KeyUsage, never keyCertSign or cRLSign
  std::vector<std::string> extended_key_usage;  ///< dotted OIDs, in the policy's order
  NameRules names;
  Sha256 sha256{};  ///< of canonical_text()
};

/// Every effective value of the profile, defaults included, one "key=value" line each in a fixed order. Two profiles
/// with equal texts make the same certificates.
[[nodiscard]] std::string canonical_text(const Profile& profile);

/// The profile takes keys of this type, and this one is sound by check_key_quality(). Errors: kInvalidArgument, field
/// "csr.subjectPublicKeyInfo"; the message names the rule (docs/key-quality.md).
[[nodiscard]] Result<void> check_key(const Profile& profile, const PublicKey& key);

/// How long a certificate is valid from now on: the profile's default where `wished` is 0, otherwise `wished`, which
/// must be at least a minute and at most validity_max. Errors: kInvalidArgument, field "validity_seconds".
[[nodiscard]] Result<std::chrono::seconds> choose_validity(const Profile& profile, std::chrono::seconds wished);

/// The subject of the certificate: the profile's constant part and, as common_name says, a CN from `names`. Of the
/// request's own subject only the CN is looked at: each must equal one of `names`. Errors: kInvalidArgument, field
/// "csr.subject".
[[nodiscard]] Result<Name> choose_subject(const Profile& profile, const Csr& csr, const AltNames& names);

}  // namespace signet
