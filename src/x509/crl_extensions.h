// The extensions of CRLs and of their entries (RFC 5280 sections 5.2 and 5.3). Internal to x509.
#pragma once

#include "x509/crl.h"

namespace signet {

/// Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension, into the fields of the CRL.
[[nodiscard]] Result<void> read_crl_extensions(ByteView der, CrlFields& into);
[[nodiscard]] Result<void> read_entry_extensions(ByteView der, RevokedCertificate& into);

/// CRLReason ::= ENUMERATED, as DER.
[[nodiscard]] Result<CrlReason> read_reason(ByteView der);
[[nodiscard]] Bytes encode_reason(CrlReason reason);

/// The SEQUENCE; empty where there is none.
[[nodiscard]] Bytes encode_crl_extensions(const CrlFields& fields);
[[nodiscard]] Bytes encode_entry_extensions(const RevokedCertificate& entry);

}  // namespace signet
