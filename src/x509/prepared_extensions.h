// The extensions that are the same in every certificate of a kind, written once.
#pragma once

#include "x509/certificate.h"

namespace signet {

/// DER of Extensions one behind the other, without the SEQUENCE around them. Immutable once made.
struct PreparedExtensions {
  Bytes usages;       ///< basicConstraints, keyUsage, extendedKeyUsage
  Bytes information;  ///< certificatePolicies, authorityInfoAccess, cRLDistributionPoints, TLS feature, OCSP no-check
                      ///< and the extra ones
};

/// Of those extensions of `fields`; its other fields are not looked at.
[[nodiscard]] PreparedExtensions prepare_extensions(const TbsFields& fields);

/// encode_tbs(), where the extensions of `prepared` are already written. They are those of prepare_extensions(fields),
/// which nobody checks here: whoever signs reads the result back.
[[nodiscard]] TbsDer encode_tbs(const TbsFields& fields, const PreparedExtensions& prepared);

}  // namespace signet
