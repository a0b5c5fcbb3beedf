// The AlgorithmIdentifier of RSASSA-PSS (RFC 4055 section 3.1).
#pragma once

#include <string_view>

#include "x509/algorithm.h"

namespace signet {

inline constexpr std::string_view kRsassaPssOid = "1.2.840.113549.1.1.10";

/// As this CA writes it, and takes it in a certificate: hash and MGF1's hash the same one, each with parameters NULL,
/// the salt as long as it, the trailer field left out. Those are the bytes the CA/Browser Forum's Baseline Requirements
/// demand, too (7.1.3.2.1). `algorithm` is one of RSASSA-PSS.
[[nodiscard]] Bytes make_pss_identifier(SignatureAlgorithm algorithm);

/// The AlgorithmIdentifier names id-RSASSA-PSS, whatever its parameters.
[[nodiscard]] bool is_pss_identifier(ByteView der) noexcept;

/// As a request may have it, which other programs write. Hash and MGF1's hash must be the same one of the three, each
/// with parameters NULL or absent (section 2.1 takes both), the salt as long as it, and the trailer field left out, as
/// DER wants of a default. Errors are kInvalidArgument and say what was found and what is taken.
[[nodiscard]] Result<SignatureAlgorithm> parse_pss_identifier(ByteView der);

}  // namespace signet
