// A client: who may ask for what.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "policy/name_rules.h"
#include "x509/certificate.h"

namespace signet {

enum class Right : std::uint8_t {
  kIssue,      ///< Issue
  kRenew,      ///< Renew of the certificate it connects with
  kRevokeOwn,  ///< revoking what was issued to this client; the RPC has no method for it yet
  kRevoke,     ///< revoking anything; likewise
  kAudit,      ///< GetLog
  kOperate,    ///< GetStatus
};
/// "issue", "renew", "revoke-own", "revoke", "audit", "operate": as the policy writes it.
[[nodiscard]] std::string_view name_of(Right right) noexcept;
/// Every right, in the order above.
[[nodiscard]] std::span<const Right> all_rights() noexcept;

/// A bucket of `burst` tokens, full at first, that gains `requests` tokens in each `period`, evenly; a request takes
/// one, and is refused where there is none. All three are at least 1.
struct RateLimit {
  std::uint32_t requests = 0;
  std::chrono::seconds period{0};  ///< a second, a minute, an hour or a day
  std::uint32_t burst = 0;         ///< at least one
  friend bool operator==(const RateLimit&, const RateLimit&) = default;
};
/// "100/m" (also "/s", "/h", "/d"), 1 to 1,000,000 requests, without `burst`.
[[nodiscard]] Result<RateLimit> parse_rate(std::string_view text);

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
  std::vector<std::string> identities;  ///< canonical, at least one, in the file's order; no client shares one
  std::set<std::string> profiles;       ///< each exists; not empty where the client may issue or renew
  std::set<Right> rights;
  bool must_sign = true;  ///< its requests carry a signature by the key of its TLS certificate
  NameRules names;
  std::optional<std::chrono::seconds> validity_max;  ///< as Profile::validity_max; the shorter one holds
  std::optional<RateLimit> rate;                     ///< of requests that issue or renew; none = no limit

  [[nodiscard]] bool has(Right right) const { return rights.contains(right); }
};

}  // namespace signet
