// What verifiers are to trust, and what helps them to find a way there.
#pragma once

#include <vector>

#include "issuer/authorities.h"

namespace signet {

/// Immutable. No certificate is there twice. The order is that of the issuers' names, then that of trust.also, so that
/// the same configuration makes the same bundle.
struct TrustBundle {
  std::vector<CertificateDer> roots;          ///< self-signed
  std::vector<CertificateDer> intermediates;  ///< issuing CAs, those above them, cross-certificates
};

/// Roots and intermediates of all issuers, active and retiring, and those of trust.also: a root that does not sign yet
/// or no more, and cross-certificates between roots. Errors, with field "trust.also": a file that cannot be read, a
/// certificate that is no CA's, and one that nothing else of the bundle has issued.
[[nodiscard]] Result<TrustBundle> load_trust_bundle(const TrustConfig& config, const Authorities& authorities);

}  // namespace signet
