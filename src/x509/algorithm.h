// Key types and signature algorithms this CA knows, and their AlgorithmIdentifiers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace signet {

enum class KeyType : std::uint8_t { kEcP256, kEcP384, kEcP521, kEd25519, kRsa };

/// "ec-p256", "ec-p384", "ec-p521", "ed25519", "rsa": as configuration, policy and messages write it.
[[nodiscard]] std::string_view name_of(KeyType type) noexcept;
[[nodiscard]] std::optional<KeyType> key_type_from(std::string_view name) noexcept;
[[nodiscard]] const std::vector<std::string>& key_type_names();

enum class SignatureAlgorithm : std::uint8_t {
  kEcdsaSha256,  ///< RFC 5758 section 3.2
  kEcdsaSha384,
  kEcdsaSha512,
  kRsaPkcs1Sha256,  ///< RFC 4055 section 5
  kRsaPkcs1Sha384,
  kRsaPkcs1Sha512,
  kEd25519,       ///< RFC 8410
  kRsaPssSha256,  ///< RFC 4055 section 3.1: MGF1 of the same hash, a salt as long as it
  kRsaPssSha384,
  kRsaPssSha512,
};

/// The algorithm a key of this type signs with where nothing else is configured: P-256 with SHA-256, P-384 with
/// SHA-384, P-521 with SHA-512, RSA with SHA-256 (PKCS#1 v1.5), Ed25519.
[[nodiscard]] SignatureAlgorithm default_algorithm(KeyType type) noexcept;

/// The key type an algorithm belongs to is compatible with `type` (any ECDSA hash goes with any curve).
[[nodiscard]] bool fits(SignatureAlgorithm algorithm, KeyType type) noexcept;

[[nodiscard]] bool is_pss(SignatureAlgorithm algorithm) noexcept;
/// Bytes of the digest that is signed; 0 for Ed25519, which signs unhashed.
[[nodiscard]] std::size_t digest_bytes(SignatureAlgorithm algorithm) noexcept;

/// The DER AlgorithmIdentifier: parameters absent for ECDSA and Ed25519, NULL for RSA with PKCS#1 v1.5, and
/// RSASSA-PSS-params (x509/pss.h) for RSASSA-PSS. Lives as long as the process.
[[nodiscard]] ByteView algorithm_identifier(SignatureAlgorithm algorithm) noexcept;
/// From exactly such bytes.
[[nodiscard]] Result<SignatureAlgorithm> parse_algorithm_identifier(ByteView der);
/// "ecdsa-with-SHA256", "sha256WithRSAEncryption", "ED25519": the names of RFC 5758, RFC 4055 and OpenSSL.
/// "rsassaPss-SHA256": OpenSSL's name of RSASSA-PSS, which does not tell the hash, and the hash.
[[nodiscard]] std::string_view name_of(SignatureAlgorithm algorithm) noexcept;

/// The digest to be signed: SHA-256, -384 or -512 of `message`. For Ed25519 the message itself, which signs unhashed.
[[nodiscard]] Bytes digest_for(SignatureAlgorithm algorithm, ByteView message);

}  // namespace signet
