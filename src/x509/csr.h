// PKCS#10 certification requests (RFC 2986).
#pragma once

#include <optional>

#include "base/bytes.h"
#include "x509/name.h"
#include "x509/public_key.h"

namespace signet {

/// A request that was parsed strictly. What an extensionRequest may ask for here is subjectAltName, and keyUsage,
/// extendedKeyUsage, basicConstraints and subjectKeyIdentifier, which the profile decides and which are read only to be
/// checked for form (basicConstraints with CA:TRUE is refused); an unknown critical extension is refused, other ones
/// and other attributes are ignored. Immutable.
class Csr {
 public:
  /// DER, at most 32 KiB. Errors are kInvalidArgument with a field "csr", "csr.subject", "csr.subjectAltName", ...
  [[nodiscard]] static Result<Csr> parse(ByteView der);

  [[nodiscard]] const Name& subject() const noexcept { return subject_; }
  [[nodiscard]] const PublicKey& public_key() const noexcept { return public_key_; }
  [[nodiscard]] const std::optional<AltNames>& alt_names() const noexcept { return alt_names_; }
  [[nodiscard]] ByteView der() const noexcept { return der_; }

  /// Proof of possession: the request's signature verifies with its own key. Error field "csr.signature".
  [[nodiscard]] Result<void> verify_possession() const;

 private:
  Csr(Bytes der, Name subject, PublicKey key)
      : der_(std::move(der)), subject_(std::move(subject)), public_key_(std::move(key)) {}
  Bytes der_;
  Name subject_;
  PublicKey public_key_;
  std::optional<AltNames> alt_names_;
  Bytes info_;  // CertificationRequestInfo, the signed part
  SignatureAlgorithm algorithm_ = SignatureAlgorithm::kEcdsaSha256;
  Bytes signature_;
};

}  // namespace signet
