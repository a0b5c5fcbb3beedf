// CA certificates, TBSCertificates and TBSCertLists for tests of the keyholder.
#pragma once

#include <chrono>

#include "x509/certificate.h"
#include "x509/crl.h"
#include "x509/ocsp_response.h"

namespace signet::test {

/// SubjectPublicKeyInfo of a new P-256 key, whose private half is forgotten.
[[nodiscard]] Bytes fresh_spki();

/// What a CA certificate for `public_key` says: CN=`name`, valid from now for ten years, CA:TRUE, key ids, self-issued.
[[nodiscard]] TbsFields ca_fields(const PublicKey& public_key, std::string_view name, Time now);

/// What an issuer rightly asks for: an end-entity certificate of `ca`, from `now` for 90 days.
[[nodiscard]] TbsFields leaf_fields(const Certificate& ca, Time now);

/// A CRL of `ca` from `now` for a day, with two certificates revoked.
[[nodiscard]] CrlFields crl_fields(const Certificate& ca, Time now, std::uint64_t number);

/// What `ca` answers about one good and one revoked certificate of its own, from `now` for a day.
[[nodiscard]] OcspFields ocsp_fields(const Certificate& ca, Time now);

/// The structure with one more extension behind the others, which stand in [tag].
[[nodiscard]] Bytes with_extension(ByteView tbs, unsigned tag, std::string_view oid, ByteView value);

/// A certificate whose signature is nobody's: for code that does not look at it.
[[nodiscard]] Certificate unsigned_certificate(const TbsFields& fields);

}  // namespace signet::test
