// What answers must hold, and what callers get of them.
#pragma once

#include <string>

#include "client/call.h"
#include "signet/client.h"
#include "x509/certificate.h"

namespace signet::client {

/// What an answer with a certificate is checked against, of Issue and Renew alike.
struct Wanted {
  const std::string& csr;  ///< DER
  const std::string& idempotency_key;
  bool wait_for_proof;
  const Certificate* renews = nullptr;  ///< of Renew: the certificate that has the names
};
template <class Request>
[[nodiscard]] Wanted wanted(const Request& request, const Certificate* renews = nullptr) {
  return {.csr = request.csr(),
          .idempotency_key = request.idempotency_key(),
          .wait_for_proof = request.wait_for_proof(),
          .renews = renews};
}

// Each checks what the daemon answered to a request and turns it into what the caller gets. Errors are those of
// bad_answer().

[[nodiscard]] Result<IssuedCertificate> issued_from(const v1::IssueResponse& answer, const Wanted& wanted,
                                                    const std::string& request_id);
[[nodiscard]] Result<TrustBundle> trust_bundle_from(const v1::GetTrustBundleResponse& answer,
                                                    const std::string& request_id);
[[nodiscard]] DaemonStatus status_from(const v1::GetStatusResponse& answer, const std::string& request_id);
[[nodiscard]] Result<LogCheckpoint> log_checkpoint_from(const v1::GetLogResponse& answer,
                                                        const std::string& request_id);
[[nodiscard]] Result<LogProof> log_proof_from(const v1::GetLogResponse& answer, const std::string& request_id);
/// `count` as it was asked for: 0 = as many as fit.
[[nodiscard]] Result<LogEntries> log_entries_from(const v1::GetLogResponse& answer, std::uint32_t count,
                                                  const std::string& request_id);

}  // namespace signet::client
