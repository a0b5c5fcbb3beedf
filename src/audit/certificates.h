// Certificates, rebuilt from what the log holds of them.
#pragma once

#include <span>
#include <vector>

#include "audit/entry_facts.h"
#include "x509/certificate.h"

namespace signet::audit {

/// An intent with a TBS, and the `issued` that closes it.
struct CertificateJob {
  std::uint64_t entry = 0;  ///< of `issued`
  IntentFacts intent;
  IssuedFacts issued;
};

struct CertificateResult {
  Complaints complaints;
  std::uint64_t rebuilt = 0;
  std::uint64_t verified = 0;
};

/// Thread-safe.
class CertificateCheck {
 public:
  explicit CertificateCheck(std::vector<Certificate> issuers) : issuers_(std::move(issuers)) {}
  [[nodiscard]] bool verifies_signatures() const noexcept { return !issuers_.empty(); }
  [[nodiscard]] CertificateResult check(std::span<const CertificateJob> jobs) const;

 private:
  void check_one(const CertificateJob& job, CertificateResult& result) const;
  void check_signature(const CertificateJob& job, CertificateResult& result) const;
  std::vector<Certificate> issuers_;
};

}  // namespace signet::audit
