// Issue and Renew: what makes a certificate.
#pragma once

#include <string>

#include "issuer/authorities.h"
#include "issuer/in_flight.h"
#include "issuer/issuance.h"
#include "issuer/rate_limiter.h"
#include "issuer/request.h"
#include "store/store.h"

namespace signet {

/// What the methods need. It all outlives them.
struct CertificateMethodsWorld {
  const Authorities& authorities;
  const Store& store;
  const Issuance& issuance;
  RateLimiter& rates;
  const Clock& clock;
};

/// Each answers an authenticated request of its method: once, however often it is repeated under its idempotency key,
/// and with nothing once that certificate expired or was revoked (kFailedPrecondition, field "idempotency_key").
/// The answer is the encoded message; where the client waits for the proof it is empty, and request.waits_for_proof has
/// what is missing nothing but that. Thread-safe.
class CertificateMethods {
 public:
  explicit CertificateMethods(const CertificateMethodsWorld& world) : world_(world) {}

  [[nodiscard]] Result<std::string> issue(Request& request);

  /// Authorised by the certificate the client connects with, which must be one that this CA issued and has not revoked,
  /// and which the request has to name (otherwise kInvalidArgument, field "certificate_sha256").
  [[nodiscard]] Result<std::string> renew(Request& request);

 private:
  [[nodiscard]] Result<std::string> answer(Request& request, const v1::IssueRequest& wish, const Certificate* renews);
  [[nodiscard]] Result<Issued> issue_once(const IssueOrder& order);
  [[nodiscard]] Result<Issued> issue_now(const IssueOrder& order);
  [[nodiscard]] Result<std::string> profile_of_renewed(const Certificate& certificate) const;

  CertificateMethodsWorld world_;
  InFlight in_flight_;
};

/// Error kPermissionDenied, field "method".
[[nodiscard]] Result<void> require(const PolicyClient& client, Right right);

}  // namespace signet
