// PKCS#10 certification requests (RFC 2986).
#pragma once

#include <optional>

#include "base/bytes.h"
#include "x509/name.h"
#include "x509/public_key.h"

namespace signet {

/// Whether a request may ask for what only a CA has: CA:TRUE, keyCertSign, cRLSign. Whoever asks an
/// ordinary profile for that is not given something else in silence, but refused.
enum class CaRequests : std::uint8_t { kRefused, kTaken };

/// A request that was parsed strictly. What an extensionRequest decides here is subjectAltName alone. keyUsage,
/// extendedKeyUsage, basicConstraints, subjectKeyIdentifier and authorityKeyIdentifier are the profile's: they are
/// checked for form, and for a CA's rights. An unknown critical extension is refused, other ones and other attributes
/// are ignored, but for Microsoft's old extension request, which some readers take for the other. Immutable.
class Csr {
 public:
  /// DER, at most 32 KiB. Errors are kInvalidArgument with a field "csr", "csr.subject", "csr.subjectAltName", ...
  /// Every message ends with its rule, "(rule csr.der)": docs/policy.md, of keys docs/key-quality.md.
  [[nodiscard]] static Result<Csr> parse(ByteView der, CaRequests ca_requests = CaRequests::kRefused);
  /// One request as PEM ("CERTIFICATE REQUEST" or "NEW CERTIFICATE REQUEST") or DER.
  [[nodiscard]] static Result<Csr> parse_any(ByteView pem_or_der, CaRequests ca_requests = CaRequests::kRefused);

  [[nodiscard]] const Name& subject() const noexcept { return subject_; }
  [[nodiscard]] const PublicKey& public_key() const noexcept { return public_key_; }
  [[nodiscard]] const std::optional<AltNames>& alt_names() const noexcept { return alt_names_; }
  [[nodiscard]] ByteView der() const noexcept { return der_; }

  /// Proof of possession: the request's signature verifies with its own key. RSA signs with PKCS#1 v1.5 or RSASSA-PSS
  /// (x509/pss.h), whichever the request says. Error field "csr.signature" (rule
  /// csr.possession).
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
