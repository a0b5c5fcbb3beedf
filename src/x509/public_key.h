// A public key as it stands in certificates, requests and on tokens.
#pragma once

#include <array>
#include <memory>

#include "base/bytes.h"
#include "x509/algorithm.h"

namespace signet {

/// An immutable public key that can verify. Made from a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) whose bytes are
/// kept as they are. Copies share the key. Thread-safe.
class PublicKey {
 public:
  /// Checks: known algorithm with the parameters its RFC demands; EC point uncompressed, on its named curve; RSA
  /// modulus odd and of 2048 to 8192 bits, exponent odd, from 3 to 2^64; nothing behind. Errors name field
  /// "subjectPublicKeyInfo".
  [[nodiscard]] static Result<PublicKey> from_spki(ByteView spki_der);

  [[nodiscard]] KeyType type() const noexcept;
  /// Of the modulus or the field: 256, 384, 521, 2048, ...
  [[nodiscard]] unsigned bits() const noexcept;
  /// "ec-p256", "rsa-2048".
  [[nodiscard]] std::string describe() const;
  /// DER SubjectPublicKeyInfo.
  [[nodiscard]] ByteView spki() const noexcept;
  /// SHA-1 of the BIT STRING's contents: RFC 5280 section 4.2.1.2 method (1), the subjectKeyIdentifier we write.
  [[nodiscard]] const std::array<std::uint8_t, 20>& key_id() const noexcept;
  /// SHA-256 of the SubjectPublicKeyInfo.
  [[nodiscard]] Sha256 spki_sha256() const;

  /// Verifies a signature over `message`. Errors: kInvalidArgument, "the signature does not verify".
  [[nodiscard]] Result<void> verify(SignatureAlgorithm algorithm, ByteView message, ByteView signature) const;

 private:
  struct Impl;
  explicit PublicKey(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

/// SubjectPublicKeyInfo of an EC key from its uncompressed point (0x04 || X || Y) and of an RSA or Ed25519 key from its
/// parts.
[[nodiscard]] Result<Bytes> ec_spki(KeyType curve, ByteView uncompressed_point);
[[nodiscard]] Bytes rsa_spki(ByteView modulus, ByteView exponent);
[[nodiscard]] Result<Bytes> ed25519_spki(ByteView public_key);

/// DER ECDSA-Sig-Value (RFC 3279 section 2.2.3) from r || s, each half of `raw` (PKCS#11's form).
[[nodiscard]] Result<Bytes> ecdsa_signature_from_raw(ByteView raw);

}  // namespace signet
