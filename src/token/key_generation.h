// Keys made on a token, for ceremonies.
#pragma once

#include <optional>
#include <string>

#include "token/pkcs11_session.h"
#include "x509/public_key.h"

namespace signet {

struct NewKey {
  KeyType type = KeyType::kEcP256;
  unsigned rsa_bits = 0;                             ///< 2048..8192 in steps of 256, for RSA; 0 otherwise
  std::string label;                                 ///< CKA_LABEL, 1 to 255 bytes; no key with it may be there
  std::optional<SignatureAlgorithm> signature = {};  ///< what it is for; absent: default_algorithm() of its type
};

/// What the key signs with.
[[nodiscard]] SignatureAlgorithm signature_of(const NewKey& key) noexcept;

/// Makes a key pair on the token, in a read-write session that is logged in, and returns its public half. The private
/// key is CKA_TOKEN, CKA_PRIVATE, CKA_SENSITIVE, not CKA_EXTRACTABLE and can only sign; CKA_ID of both objects is the
/// public key's SHA-1 key id. Before this returns, the new key has signed once by signature_of(wanted), and the token
/// has confirmed these attributes, as far as it answers (CKA_SENSITIVE and CKA_EXTRACTABLE it has to). After an error
/// the objects are destroyed again and the token is asked whether the label is free; see key_may_remain().
/// kAlreadyExists: the label is taken.
[[nodiscard]] Result<PublicKey> generate_key(Pkcs11Session& session, const NewKey& wanted);

/// Of an error of generate_key: the token did not confirm that nothing of the new key is left, and the message says so.
/// The error's field is "key_label" then, and the object that may be there has that label, perhaps without CKA_ID.
[[nodiscard]] bool key_may_remain(const Error& error) noexcept;

}  // namespace signet
