// SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), taken apart. Internal to x509.
#pragma once

#include "base/bytes.h"
#include "x509/algorithm.h"

namespace signet {

/// The parts of a SubjectPublicKeyInfo; views into the bytes it was read from.
struct SpkiParts {
  KeyType type = KeyType::kEcP256;
  unsigned bits = 0;  ///< of the modulus or the field
  ByteView public_key =
      {};                 ///< the BIT STRING's contents: the EC point, the 32 bytes of Ed25519, or the DER RSAPublicKey
  ByteView modulus = {};  ///< RSA only, big-endian without leading zeros
  ByteView exponent = {};  ///< likewise
};

/// Checks everything PublicKey::from_spki promises but that the EC point is on its curve.
[[nodiscard]] Result<SpkiParts> parse_spki(ByteView spki_der);

}  // namespace signet
