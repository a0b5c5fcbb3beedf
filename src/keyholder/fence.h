// The fence: what a key signs, whoever asks for it.
#pragma once

#include "base/clock.h"
#include "config/daemon_config.h"
#include "x509/certificate.h"

namespace signet {

/// fence.kind: the rules name the kind. Comes first: each kind has a fence of its own (keyholder/crl_fence.h,
/// keyholder/ocsp_fence.h, keyholder/checkpoint_fence.h).
[[nodiscard]] Result<void> check_kind(const FenceConfig& rules, ArtifactKind kind);

/// A certificate that may be signed, unless its key signed another one with this serial number (Memory).
struct CertificateVerdict {
  SignatureAlgorithm algorithm;
  SerialNumber serial;
};

/// Says whether the key of `issuer` (the issuing CA's certificate) may sign `tbs` as a certificate of `kind` (an end
/// entity's or a CA's) under `rules`, and with which algorithm. A pure function: the issuer process that wrote the
/// structure is not believed, and neither is its clock.
///
/// The structure is a strict TBSCertificate (x509/certificate.h) for which holds
///   fence.structure         it is read without an error
///   fence.form              it is byte for byte what encode_tbs() writes of its fields: nothing more, nowhere else
///   fence.extensions        every extension that no field of TbsFields is for is one of rules.extensions, whatever its
///                           value
///   fence.ocsp              OCSPSigning, and anyExtendedKeyUsage, which some take for it, only where
///                           rules.ocsp_responder: whoever has it says for the CA what is revoked (RFC 6960 section
///                           4.2.2.2). id-pkix-ocsp-nocheck, which makes a certificate irrevocable, only where
///                           OCSPSigning is the one usage, and not in a CA's
///   fence.eku               extendedKeyUsage is there, and each usage but OCSPSigning is one of rules.eku. Whoever has
///                           none may be taken for everything, and a CA without them may issue for everything. Nothing
///                           is looked at where rules.every_eku
///   fence.algorithm         its AlgorithmIdentifier is the one that the issuer's key signs with
///   fence.issuer            issuer is byte for byte the certificate's subject (RFC 5280 section 6.1.3 (a)(4))
///   fence.subject           subject is neither the certificate's subject nor its issuer by same_name(): a verifier
///                           would take the holder's signatures for those of this CA or the one above it. Names of CAs
///                           further up are kept by the policy alone
///   fence.authority_key_id  authorityKeyIdentifier is the certificate's subjectKeyIdentifier; absent where that is
///   fence.subject_key       PublicKey::from_spki reads the key, and it is not the CA's own
///   fence.not_before        within rules.clock_tolerance of `clock`, either way
///   fence.not_after         after notBefore, and not past the issuer's own notAfter
///   fence.validity          notAfter - notBefore is at most rules.longest_validity, of a CA rules.longest_ca_validity
/// and, of an end entity
///   fence.basic_constraints present, and cA is FALSE
///   fence.key_usage         present, with neither keyCertSign nor cRLSign
///   fence.name_constraints  absent
///   fence.names             rules.names permits subject and subjectAltName (x509/name_limits.h)
/// and, of a CA
///   fence.basic_constraints cA is TRUE, and pathLenConstraint is there, at most rules.longest_path and below the
///                           issuer's own
///   fence.key_usage         keyCertSign and cRLSign, and digitalSignature besides at most
///   fence.subject_alt_name  absent: a CA is named by its subject
///   fence.subject_key_id    present: what it issues has to point to it (RFC 5280 section 4.2.1.2)
/// Every refusal is kPermissionDenied with that name as its field and the values in its message. Thread-safe.
[[nodiscard]] Result<CertificateVerdict> check_certificate_fence(const FenceConfig& rules, const Certificate& issuer,
                                                                 ArtifactKind kind, const Clock& clock, ByteView tbs);

}  // namespace signet
