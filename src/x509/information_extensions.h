// The extensions that tell whoever relies on a certificate where to look and what to expect: certificatePolicies,
// authorityInfoAccess, cRLDistributionPoints, TLS feature, OCSP no-check. Internal to x509.
#pragma once

#include <cstdint>

#include "x509/extensions.h"

namespace signet {

/// Whether Extensions has room for the whole value. What has a form that this CA never writes (a user notice, a CRL
/// issuer of its own) is correct, and is not taken into any field.
enum class Taken : std::uint8_t { kWhole, kNot };

/// Each reads the contents of one extension and fills its fields only where it takes the value whole. Errors: what
/// breaks the definition.
[[nodiscard]] Result<Taken> read_policies(ByteView value, Extensions& into);            ///< RFC 5280 section 4.2.1.4
[[nodiscard]] Result<Taken> read_information_access(ByteView value, Extensions& into);  ///< RFC 5280 section 4.2.2.1
[[nodiscard]] Result<Taken> read_crl_points(ByteView value, Extensions& into);          ///< RFC 5280 section 4.2.1.13
[[nodiscard]] Result<Taken> read_tls_feature(ByteView value, Extensions& into);         ///< RFC 7633 section 4.1
[[nodiscard]] Result<Taken> read_ocsp_no_check(ByteView value, Extensions& into);       ///< RFC 6960 section 4.2.2.2.1

[[nodiscard]] Bytes encode_policies(const std::vector<CertificatePolicy>& policies);
[[nodiscard]] Bytes encode_information_access(const std::vector<std::string>& ocsp_urls,
                                              const std::vector<std::string>& ca_issuers_urls);
/// One point with all the URLs: they are places of one CRL.
[[nodiscard]] Bytes encode_crl_points(const std::vector<std::string>& urls);
/// status_request: the server staples an OCSP response.
[[nodiscard]] Bytes encode_must_staple();

}  // namespace signet
