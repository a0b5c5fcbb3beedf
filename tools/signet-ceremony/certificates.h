// What goes into the certificates of a ceremony (RFC 5280). Nothing here touches a token.
#pragma once

#include "base/rng.h"
#include "plan.h"
#include "records.h"
#include "x509/certificate.h"
#include "x509/csr.h"
#include "x509/public_key.h"

namespace signet::ceremony {

/// The moment of the ceremony, in whole seconds: notBefore of every certificate, so that validity nests as the plan's
/// durations do.
[[nodiscard]] Time start_of_validity(const Clock& clock);

/// Self-signed: CA:TRUE, keyCertSign and cRLSign, subject key id, authority key id equal to it.
[[nodiscard]] Result<CertificateOrder> root_order(const CaPlan& root, const PublicKey& key, Time not_before, Rng& rng);
/// A CA of a ceremony that signs others' certificates: what was planned, and what was made.
struct Signer {
  const CaPlan& plan;
  const Certificate& certificate;
};

/// As the root's, signed by the root, with a path length.
[[nodiscard]] Result<CertificateOrder> issuing_order(const CaPlan& issuing, const PublicKey& key, const Signer& root,
                                                     Rng& rng);
/// CA:FALSE, digitalSignature, the plan's extended key usages and names. Nothing of the request but its key.
[[nodiscard]] Result<CertificateOrder> end_entity_order(const EndEntityPlan& entity, const Csr& request,
                                                        const Signer& issuer, Rng& rng);

/// The certificate, read strictly and equal in every field to what was to be signed. The signature is not looked at.
[[nodiscard]] Result<Certificate> read_back(const TbsDer& tbs, SignatureAlgorithm algorithm,
                                            const SignatureValue& signature);
/// As read_back, and verified with the issuer's key. What does not pass is never written.
[[nodiscard]] Result<Certificate> finish_certificate(const TbsDer& tbs, SignatureAlgorithm algorithm,
                                                     const SignatureValue& signature, const PublicKey& issuer);

/// "AB:CD:...", as `openssl x509 -fingerprint -sha256` writes it.
[[nodiscard]] std::string fingerprint_text(const Certificate& certificate);

}  // namespace signet::ceremony
