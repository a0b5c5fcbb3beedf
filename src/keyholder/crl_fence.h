// The fence of keys that sign a CA's CRLs: what is revoked is said by the CA alone, and in one order.
#pragma once

#include <optional>

#include "base/clock.h"
#include "config/daemon_config.h"
#include "x509/certificate.h"
#include "x509/crl.h"

namespace signet {

/// A CRL that may be signed, as far as check_crl_number() says so too.
struct CrlVerdict {
  SignatureAlgorithm algorithm;
  CrlNumber number;
};

/// Says whether the key of `issuer` (the CA's certificate) may sign `tbs` as a CRL under `rules`. A pure function; the
/// issuer process that wrote the structure is not believed, and neither is its clock.
///
/// The structure is a strict TBSCertList (x509/crl.h) for which holds
///   fence.structure         it is read without an error
///   fence.form              it is byte for byte what encode_tbs_crl() writes of its fields
///   fence.algorithm         its AlgorithmIdentifier is the one that the key signs with
///   fence.issuer            issuer is byte for byte the certificate's subject
///   fence.authority_key_id  authorityKeyIdentifier is the certificate's subjectKeyIdentifier; absent where that is
///   fence.this_update       within rules.clock_tolerance of `clock`, either way: no CRL of the future, and no old one
///   fence.crl_period        nextUpdate is after thisUpdate, by at most rules.longest_crl_period
///   fence.crl_delta         deltaCRLIndicator is absent: this CA has no delta CRLs, which can take revocations back
///   fence.crl_number        cRLNumber is there
/// Which certificates stand in it, it cannot know: one that is left out before it expires is not noticed here.
/// Every refusal is kPermissionDenied with that name as its field and the values in its message. In time n log n in the
/// size of the structure, because serial numbers are sorted to find one that stands there twice. Thread-safe.
[[nodiscard]] Result<CrlVerdict> check_crl_fence(const FenceConfig& rules, const Certificate& issuer,
                                                 const Clock& clock, ByteView tbs);

/// fence.crl_number: it is above `last`, the number that the key signed last (nothing: it never signed one), whichever
/// scope the two CRLs have; and by less than 2^64, so that nobody uses the numbers up with one CRL.
[[nodiscard]] Result<void> check_crl_number(const std::optional<CrlNumber>& last, const CrlNumber& next);

}  // namespace signet
