// RSASSA-PSS as a request may be signed with it (RFC 4055 section 3.1).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace signet {

/// The hash of an RSASSA-PSS signature; MGF1 uses the same one, the salt is as long as it, the trailer field is 1. No
/// SignatureAlgorithm: certificates are not signed with it, and a certificate that is, is refused.
enum class PssHash : std::uint8_t { kSha256, kSha384, kSha512 };

/// "RSASSA-PSS with SHA-256"
[[nodiscard]] std::string_view name_of(PssHash hash) noexcept;

/// The AlgorithmIdentifier names id-RSASSA-PSS, whatever its parameters.
[[nodiscard]] bool is_pss_identifier(ByteView der) noexcept;

/// From such an AlgorithmIdentifier. Hash and MGF1's hash must be the same one of the three, each with parameters NULL
/// or absent (section 2.1 takes both), the salt as long as it, and the trailer field left out, as DER wants of a
/// default. Errors are kInvalidArgument and say what was found and what is taken.
[[nodiscard]] Result<PssHash> parse_pss_identifier(ByteView der);

}  // namespace signet
