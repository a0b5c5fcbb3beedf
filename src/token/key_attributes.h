// How PKCS#11 writes public keys: CKA_EC_PARAMS, CKA_EC_POINT, CKA_MODULUS.
#pragma once

#include <optional>

#include "token/pkcs11_object.h"
#include "x509/public_key.h"

namespace signet {

/// CKA_EC_PARAMS of a curve: the named curve's OBJECT IDENTIFIER, for Ed25519 the PrintableString "edwards25519"
/// (PKCS#11 3.0 section 2.3.10). Lives as long as the process; empty for RSA.
[[nodiscard]] ByteView ec_params_of(KeyType type) noexcept;
/// The reverse. For Ed25519 the OIDs that modules write (RFC 8410 and GnuPG's older one) are known too.
[[nodiscard]] std::optional<KeyType> key_type_from_ec_params(ByteView ec_params) noexcept;

/// The bare point of a CKA_EC_POINT: 0x04 || X || Y, for Ed25519 the 32 bytes of RFC 8032. Modules write it bare or
/// inside an OCTET STRING (PKCS#11 2.40 section 2.3.3), for Ed25519 also inside a BIT STRING; the length tells which.
[[nodiscard]] Result<Bytes> bare_ec_point(KeyType type, ByteView ec_point);

/// CKA_KEY_TYPE and curve of a private or public key object. kFailedPrecondition where it is a kind this project does
/// not sign with.
[[nodiscard]] Result<KeyType> read_key_type(Pkcs11Session& session, CK_OBJECT_HANDLE key);

/// The public key an object shows: a public key object of any kind, or a private key object that carries its modulus or
/// CKA_PUBLIC_KEY_INFO. Nothing where it shows none.
[[nodiscard]] Result<std::optional<PublicKey>> read_public_key(Pkcs11Session& session, CK_OBJECT_HANDLE key,
                                                               KeyType type);

}  // namespace signet
