// The fence of keys that sign a CA's own OCSP responses.
#pragma once

#include "base/clock.h"
#include "config/daemon_config.h"
#include "x509/certificate.h"

namespace signet {

/// Says whether the key of `issuer` (the CA's certificate) may sign `data` as a ResponseData under `rules`, and with
/// which algorithm. A pure function; the issuer process that wrote the structure is not believed, and neither is its
/// clock.
///
/// The structure is a strict ResponseData (x509/ocsp_response.h) for which holds
///   fence.structure       it is read without an error
///   fence.form            it is byte for byte what encode_ocsp_data() writes of its fields
///   fence.responder       responderID is the certificate's subject, byte for byte, or the hash of its key
///   fence.ocsp_issuer     every certID's hashes are those of the certificate's subject and key: for no other CA's
///                         certificates is answered
///   fence.produced_at     producedAt is within rules.clock_tolerance of `clock`, either way
///   fence.this_update     so is every thisUpdate
///   fence.ocsp_period     every nextUpdate is there and after its thisUpdate, by at most rules.longest_ocsp_period
/// What the responses say of a certificate, it cannot know.
/// Every refusal is kPermissionDenied with that name as its field and the values in its message. Thread-safe.
[[nodiscard]] Result<SignatureAlgorithm> check_ocsp_fence(const FenceConfig& rules, const Certificate& issuer,
                                                          const Clock& clock, ByteView data);

}  // namespace signet
