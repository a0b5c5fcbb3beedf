// What goes into the certificates of a ceremony (RFC 5280). Nothing here touches a token.
#pragma once

#include "base/rng.h"
#include "plan.h"
#include "x509/certificate.h"
#include "x509/public_key.h"

namespace signet::ceremony {

/// The moment of the ceremony, in whole seconds: notBefore of every certificate, so that validity nests as the plan's
/// durations do.
[[nodiscard]] Time start_of_validity(const Clock& clock);

/// Self-signed: CA:TRUE, keyCertSign and cRLSign, subject key id, authority key id equal to it.
[[nodiscard]] Result<TbsFields> root_fields(const CaPlan& root, const PublicKey& key, Time not_before, Rng& rng);
/// As the root's, signed by the root, with a path length.
[[nodiscard]] Result<TbsFields> issuing_fields(const CaPlan& issuing, const PublicKey& key, const Certificate& root,
                                               Rng& rng);
/// CA:FALSE, digitalSignature, the plan's extended key usages and names. Nothing of the request but its key.
[[nodiscard]] Result<TbsFields> end_entity_fields(const EndEntityPlan& entity, const PublicKey& key,
                                                  const Certificate& issuer, Rng& rng);

/// The certificate: read back strictly, equal in every field to what was to be signed, and verified with the issuer's
/// key. What does not pass is never written.
[[nodiscard]] Result<Certificate> finish_certificate(const TbsDer& tbs, SignatureAlgorithm algorithm,
                                                     const SignatureValue& signature, const PublicKey& issuer);

/// "AB:CD:...", as `openssl x509 -fingerprint -sha256` writes it.
[[nodiscard]] std::string fingerprint_text(const Certificate& certificate);

}  // namespace signet::ceremony
