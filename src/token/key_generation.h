// Keys made on a token, for ceremonies.
#pragma once

#include <string>

#include "token/pkcs11_session.h"
#include "x509/public_key.h"

namespace signet {

struct NewKey {
  KeyType type = KeyType::kEcP256;
  unsigned rsa_bits = 0;  ///< 2048..8192 in steps of 256, for RSA; 0 otherwise
  std::string label;      ///< CKA_LABEL, 1 to 255 bytes; no key with it may be there
};

/// Makes a key pair on the token, in a read-write session that is logged in, and returns its public half. The private
/// key is CKA_TOKEN, CKA_PRIVATE, CKA_SENSITIVE, not CKA_EXTRACTABLE and can only sign; CKA_ID of both objects is the
/// public key's SHA-1 key id. The new key has signed once, and the token has confirmed those attributes, before this
/// returns; after any error both objects are gone again. kAlreadyExists: the label is taken.
[[nodiscard]] Result<PublicKey> generate_key(Pkcs11Session& session, const NewKey& wanted);

}  // namespace signet
