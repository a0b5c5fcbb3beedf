// What certificates and CRLs have in common: a structure, and who signed it how (RFC 5280 sections 4.1.1 and 5.1.1).
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "x509/algorithm.h"

namespace signet {

/// Views into the DER that was read.
struct SignedParts {
  ByteView tbs;
  SignatureAlgorithm algorithm;
  ByteView signature;
};

/// SEQUENCE { `tbs_name` SEQUENCE, signatureAlgorithm, signatureValue }, and nothing behind it. Errors:
/// kInvalidArgument, with the inner field's name for the last two.
[[nodiscard]] Result<SignedParts> split_signed(ByteView der, std::string_view name, std::string_view tbs_name);

/// RFC 5280 sections 4.1.1.2 and 5.1.1.2: both say the same. Error kInvalidArgument with field "signatureAlgorithm".
[[nodiscard]] Result<void> check_same_algorithm(const SignedParts& parts, SignatureAlgorithm inner,
                                                std::string_view tbs_name, std::string_view section);

/// The DER of it.
[[nodiscard]] Bytes assemble_signed(ByteView tbs, SignatureAlgorithm algorithm, ByteView signature);

}  // namespace signet
