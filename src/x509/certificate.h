// Certificates and to-be-signed certificates (RFC 5280 section 4.1), read strictly and written.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "x509/algorithm.h"
#include "x509/name.h"
#include "x509/public_key.h"
#include "x509/serial_number.h"

namespace signet {

/// keyUsage (RFC 5280 section 4.2.1.3): bit i of the mask is named bit i.
enum KeyUsage : std::uint32_t {
  kDigitalSignature = 1U << 0U,
  kNonRepudiation = 1U << 1U,
  kKeyEncipherment = 1U << 2U,
  kDataEncipherment = 1U << 3U,
  kKeyAgreement = 1U << 4U,
  kKeyCertSign = 1U << 5U,
  kCrlSign = 1U << 6U,
  kEncipherOnly = 1U << 7U,
  kDecipherOnly = 1U << 8U,
};
/// "digitalSignature", ... as RFC 5280 writes them.
[[nodiscard]] std::optional<std::uint32_t> key_usage_from(std::string_view name) noexcept;
[[nodiscard]] const std::vector<std::string>& key_usage_names();

/// Extended key usages by RFC 5280's name ("serverAuth", "clientAuth", "codeSigning", "emailProtection",
/// "timeStamping", "OCSPSigning") or as a dotted OID; the result is the dotted OID.
[[nodiscard]] Result<std::string> eku_oid_from(std::string_view name_or_oid);
[[nodiscard]] std::string eku_name_of(std::string_view oid);

struct BasicConstraints {
  bool ca = false;
  std::optional<std::uint64_t> path_length = {};
};

/// The values of a TBSCertificate, read or to be written. An extension that is absent is an empty optional or vector.
struct TbsFields {
  SerialNumber serial;
  SignatureAlgorithm algorithm = SignatureAlgorithm::kEcdsaSha256;
  Name issuer = {};
  Time not_before{};
  Time not_after{};
  Name subject = {};
  Bytes spki = {};
  std::optional<BasicConstraints> basic_constraints = {};
  std::optional<std::uint32_t> key_usage = {};
  std::vector<std::string> extended_key_usage = {};  ///< dotted OIDs in order
  std::optional<AltNames> alt_names = {};
  std::optional<Bytes> subject_key_id = {};
  std::optional<Bytes> authority_key_id = {};  ///< keyIdentifier only
};

/// Writes version 3, with the extensions in this order: basicConstraints (critical; an empty SEQUENCE where ca is
/// false), keyUsage (critical), extendedKeyUsage, subjectAltName (critical where the subject is empty),
/// subjectKeyIdentifier, authorityKeyIdentifier. Times are written in whole seconds.
[[nodiscard]] TbsDer encode_tbs(const TbsFields& fields);

/// Reads a TBSCertificate: version 3, no unique ids, every extension at most once, an unknown critical extension
/// refused, unknown others kept in none of the fields but allowed. SEQUENCEs must be DER through and through.
[[nodiscard]] Result<TbsFields> parse_tbs(ByteView tbs_der);

/// Certificate ::= SEQUENCE { tbs, AlgorithmIdentifier, BIT STRING }.
[[nodiscard]] CertificateDer assemble_certificate(const TbsDer& tbs, SignatureAlgorithm algorithm,
                                                  const SignatureValue& signature);

/// A certificate that was read strictly. Immutable; copies are deep.
class Certificate {
 public:
  /// DER, at most 64 KiB. The two AlgorithmIdentifiers must agree (RFC 5280 section 4.1.1.2).
  [[nodiscard]] static Result<Certificate> parse(ByteView der);
  /// One certificate as PEM or DER.
  [[nodiscard]] static Result<Certificate> parse_any(ByteView pem_or_der);

  [[nodiscard]] const TbsFields& fields() const noexcept { return fields_; }
  [[nodiscard]] const PublicKey& public_key() const noexcept { return public_key_; }
  [[nodiscard]] const CertificateDer& der() const noexcept { return der_; }
  [[nodiscard]] ByteView tbs() const noexcept { return ByteView(der_.view()).subspan(tbs_offset_, tbs_size_); }
  [[nodiscard]] Sha256 fingerprint() const { return sha256(der_.view()); }
  [[nodiscard]] bool is_self_issued() const noexcept;

  /// The signature verifies with `issuer`'s key. Names and validity are not looked at.
  [[nodiscard]] Result<void> verify_signed_by(const PublicKey& issuer) const;

 private:
  Certificate(CertificateDer der, TbsFields fields, PublicKey key)
      : der_(std::move(der)), fields_(std::move(fields)), public_key_(std::move(key)) {}
  CertificateDer der_;
  TbsFields fields_;
  PublicKey public_key_;
  std::size_t tbs_offset_ = 0;
  std::size_t tbs_size_ = 0;
  Bytes signature_;
};

/// PEM (RFC 7468). decode_pem takes every block with this label, in order; text around the blocks is ignored. At least
/// one.
[[nodiscard]] std::string encode_pem(std::string_view label, ByteView der);
[[nodiscard]] Result<std::vector<Bytes>> decode_pem(std::string_view text, std::string_view label);
/// The certificates of a PEM file's text, or the one of a DER file.
[[nodiscard]] Result<std::vector<Certificate>> parse_certificates(ByteView pem_or_der);

}  // namespace signet
