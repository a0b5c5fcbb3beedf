// A client: who may ask for what.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "policy/name_rules.h"
#include "x509/certificate.h"

namespace signet {

enum class Right : std::uint8_t {
  kIssue,    ///< Issue
  kOperate,  ///< GetStatus
  kAudit,    ///< GetLog
};
/// "issue", "operate", "audit": as the policy writes it.
[[nodiscard]] std::string_view name_of(Right right) noexcept;

/// Who a TLS peer is, as far as its certificate (already verified) says: what find_client() compares, in its order.
struct PeerIdentity {
  /// In the canonical form of parse_identity(): the SPIFFE ID, if the certificate has exactly one URI and that is one
  /// (X509-SVID section 2: a certificate with several URIs identifies nobody); its DNS names in order; certificate;
  /// key.
  std::vector<std::string> identities;
  [[nodiscard]] static PeerIdentity from(const Certificate& certificate);
};

/// The canonical form of `identity` in a policy: a SPIFFE ID (SPIFFE-ID section 2) as it is, "dns:" with a lower-case
/// host name, "cert-sha256:" or "key-sha256:" (of the SubjectPublicKeyInfo) with 64 lower-case hexadecimal digits.
[[nodiscard]] Result<std::string> parse_identity(std::string_view text);

/// [client.NAME] of the policy. Immutable once the policy is parsed.
struct PolicyClient {
  std::string name;
  std::string identity;            ///< canonical; no other client has the same
  std::set<std::string> profiles;  ///< each exists; not empty where the client may issue
  std::set<Right> rights;
  bool must_sign = true;  ///< its requests carry a signature by the key of its TLS certificate
  NameRules names;

  [[nodiscard]] bool has(Right right) const { return rights.contains(right); }
};

}  // namespace signet
