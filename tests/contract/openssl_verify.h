// Signatures verified by OpenSSL alone, from the SubjectPublicKeyInfo on.
#pragma once

#include "base/bytes.h"
#include "x509/algorithm.h"

namespace signet::test {

/// OpenSSL reads the key and takes the signature. RSASSA-PSS is taken with MGF1 of the same hash and a salt of exactly
/// its length.
[[nodiscard]] bool openssl_verifies(ByteView spki, SignatureAlgorithm algorithm, ByteView message, ByteView signature);

}  // namespace signet::test
