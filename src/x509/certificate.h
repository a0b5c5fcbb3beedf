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
#include "x509/name_constraints.h"
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
inline constexpr std::string_view kOcspSigningOid = "1.3.6.1.5.5.7.3.9";
inline constexpr std::string_view kAnyExtendedKeyUsageOid = "2.5.29.37.0";

struct BasicConstraints {
  bool ca = false;
  std::optional<std::uint64_t> path_length = {};
  friend bool operator==(const BasicConstraints&, const BasicConstraints&) = default;
};

/// One of certificatePolicies (RFC 5280 section 4.2.1.4).
struct CertificatePolicy {
  std::string oid;
  std::string cps = {};  ///< where the CA's practice statement is, a URI; empty where there is none
  friend bool operator==(const CertificatePolicy&, const CertificatePolicy&) = default;
};

/// An extension that has no field of its own here.
struct ExtraExtension {
  std::string oid;
  bool critical = false;
  Bytes value;  ///< the contents of extnValue: DER
  friend bool operator==(const ExtraExtension&, const ExtraExtension&) = default;
};
/// `oid` (dotted) may be added as an extension of one's own: it is none that this CA writes itself, and none that
/// changes what a certificate's names, usages or validation mean. Errors: kInvalidArgument, saying what it is instead.
[[nodiscard]] Result<void> check_extra_extension(std::string_view oid);

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
  std::optional<NameConstraints> name_constraints = {};
  std::vector<CertificatePolicy> policies = {};
  std::vector<std::string> ocsp_urls = {};        ///< authorityInfoAccess: id-ad-ocsp
  std::vector<std::string> ca_issuers_urls = {};  ///< authorityInfoAccess: id-ad-caIssuers
  std::vector<std::string> crl_urls = {};         ///< one distribution point: places of one CRL
  bool must_staple = false;                       ///< TLS feature status_request, and no other (RFC 7633)
  bool ocsp_no_check = false;                     ///< id-pkix-ocsp-nocheck (RFC 6960 section 4.2.2.2.1)
  std::vector<ExtraExtension> extra_extensions = {};
  friend bool operator==(const TbsFields&, const TbsFields&) = default;
};

/// Writes version 3, with the extensions in this order: basicConstraints (critical; an empty SEQUENCE where ca is
/// false), keyUsage (critical), extendedKeyUsage, subjectAltName (critical where the subject is empty),
/// subjectKeyIdentifier, authorityKeyIdentifier, nameConstraints (critical), certificatePolicies, authorityInfoAccess
/// (OCSP, then caIssuers), cRLDistributionPoints, TLS feature, OCSP no-check, the extra ones. Times are written in
/// whole seconds.
[[nodiscard]] TbsDer encode_tbs(const TbsFields& fields);

/// Reads a TBSCertificate: version 3, no unique ids, every extension at most once and DER through and through. An
/// extension that is not known is an extra one, critical or not: whoever relies on the certificate has to look. One
/// that is known, but whose value is more than the fields can hold (a user notice in certificatePolicies), is in none
/// of them and must not be critical. So encode_tbs of the result is the same bytes only where nothing was lost.
[[nodiscard]] Result<TbsFields> parse_tbs(ByteView tbs_der);

/// Certificate ::= SEQUENCE { tbs, AlgorithmIdentifier, BIT STRING }.
[[nodiscard]] CertificateDer assemble_certificate(const TbsDer& tbs, SignatureAlgorithm algorithm,
                                                  const SignatureValue& signature);

/// What becomes of a certificate with a critical extension that is not known here: it is refused (RFC 5280
/// section 4.2), or taken by who does not rely on it.
enum class UnknownCritical : std::uint8_t { kRefused, kTaken };

/// A certificate that was read strictly. Immutable; copies are deep.
class Certificate {
 public:
  /// DER, at most 64 KiB. The two AlgorithmIdentifiers must agree (RFC 5280 section 4.1.1.2).
  [[nodiscard]] static Result<Certificate> parse(ByteView der,
                                                 UnknownCritical unknown_critical = UnknownCritical::kRefused);
  /// One certificate as PEM or DER.
  [[nodiscard]] static Result<Certificate> parse_any(ByteView pem_or_der);

  [[nodiscard]] const TbsFields& fields() const noexcept { return fields_; }
  [[nodiscard]] const PublicKey& public_key() const noexcept { return public_key_; }
  [[nodiscard]] const CertificateDer& der() const noexcept { return der_; }
  [[nodiscard]] ByteView tbs() const noexcept { return ByteView(der_.view()).subspan(tbs_offset_, tbs_size_); }
  [[nodiscard]] Sha256 fingerprint() const { return sha256(der_.view()); }
  /// Issuer and subject are the same name (same_name()), as RFC 5280 section 6.1 has it. It says nothing of the key.
  [[nodiscard]] bool is_self_issued() const;

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
[[nodiscard]] Result<std::vector<Certificate>> parse_certificates(
    ByteView pem_or_der, UnknownCritical unknown_critical = UnknownCritical::kRefused);

}  // namespace signet
