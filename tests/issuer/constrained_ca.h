// An issuing CA with nameConstraints, which OpenSSL puts into its certificate.
#pragma once

#include <string>

#include "issuer/pki.h"

namespace signet::test {

/// Below `root`; the constraints are written as in openssl.cnf.
[[nodiscard]] Identity make_constrained_ca(const Identity& root, const std::string& common_name,
                                           const std::string& constraints, const Tweak& tweak = {});

}  // namespace signet::test
