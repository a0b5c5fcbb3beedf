// Certificate revocation lists (RFC 5280 section 5), read strictly and written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "x509/algorithm.h"
#include "x509/crl_number.h"
#include "x509/name.h"
#include "x509/public_key.h"
#include "x509/serial_number.h"

namespace signet {

/// A DER TBSCertList (RFC 5280 section 5.1).
using TbsCrlDer = TypedBytes<struct TbsCrlTag>;
/// A DER CertificateList.
using CrlDer = TypedBytes<struct CrlTag>;

/// Beyond this nothing is read: more than two million entries.
inline constexpr std::size_t kMaxCrlBytes = std::size_t{128} * 1024 * 1024;

/// CRLReason (RFC 5280 section 5.3.1).
enum class CrlReason : std::uint8_t {
  kUnspecified = 0,
  kKeyCompromise = 1,
  kCaCompromise = 2,
  kAffiliationChanged = 3,
  kSuperseded = 4,
  kCessationOfOperation = 5,
  kCertificateHold = 6,
  kRemoveFromCrl = 8,  ///< of delta CRLs only: the certificate is revoked no more
  kPrivilegeWithdrawn = 9,
  kAaCompromise = 10,
};

/// One of revokedCertificates.
struct RevokedCertificate {
  SerialNumber serial;
  Time revoked{};                          ///< revocationDate
  std::optional<CrlReason> reason = {};    ///< absent stands for unspecified
  std::optional<Time> invalid_since = {};  ///< invalidityDate
  friend bool operator==(const RevokedCertificate&, const RevokedCertificate&) = default;
};

/// issuingDistributionPoint (RFC 5280 section 5.2.5): which certificates of the CA the CRL is about.
struct CrlScope {
  std::vector<std::string> urls = {};  ///< where the CRL is; a shard is the CRL of these
  bool only_user_certificates = false;
  bool only_ca_certificates = false;
  friend bool operator==(const CrlScope&, const CrlScope&) = default;
};

/// The values of a TBSCertList of version 2. An extension that is absent is an empty optional.
struct CrlFields {
  SignatureAlgorithm algorithm = SignatureAlgorithm::kEcdsaSha256;
  Name issuer = {};
  Time this_update{};
  Time next_update{};
  std::vector<RevokedCertificate> revoked = {};
  std::optional<Bytes> authority_key_id = {};  ///< keyIdentifier only
  std::optional<CrlNumber> number = {};
  std::optional<CrlNumber> delta_base = {};  ///< deltaCRLIndicator: the CRL lists what changed since that one
  std::optional<CrlScope> scope = {};
  friend bool operator==(const CrlFields&, const CrlFields&) = default;
};

/// Writes version 2, the entries as they come, with the extensions in this order: authorityKeyIdentifier, cRLNumber,
/// deltaCRLIndicator (critical), issuingDistributionPoint (critical); of an entry reasonCode, then invalidityDate.
/// Times are written in whole seconds. In time linear in the number of entries.
[[nodiscard]] TbsCrlDer encode_tbs_crl(const CrlFields& fields);

/// Reads a TBSCertList of at most kMaxCrlBytes: version 2, with nextUpdate, not before thisUpdate; every extension at
/// most once and DER through and through; no serial number twice; removeFromCRL in delta CRLs only. What changes the
/// meaning of the CRL and is in no field is refused: every critical extension but those above (an indirect CRL's
/// certificateIssuer among them), and of issuingDistributionPoint indirectCRL, onlySomeReasons,
/// onlyContainsAttributeCerts and names that are no URI. An extension that is not critical and in no field
/// (freshestCRL, authorityInfoAccess) is left out. So encode_tbs_crl of the result is the same bytes only where nothing
/// was lost. Time and memory: n log n at most in the entries, about 150 bytes each.
[[nodiscard]] Result<CrlFields> parse_tbs_crl(ByteView tbs_der);

/// CertificateList ::= SEQUENCE { tbs, AlgorithmIdentifier, BIT STRING }.
[[nodiscard]] CrlDer assemble_crl(const TbsCrlDer& tbs, SignatureAlgorithm algorithm, const SignatureValue& signature);

/// A CRL that was read strictly. Immutable; copies are deep.
class Crl {
 public:
  /// DER. The two AlgorithmIdentifiers must agree (RFC 5280 section 5.1.1.2).
  [[nodiscard]] static Result<Crl> parse(ByteView der);

  [[nodiscard]] const CrlFields& fields() const noexcept { return fields_; }
  [[nodiscard]] const CrlDer& der() const noexcept { return der_; }
  [[nodiscard]] ByteView tbs() const noexcept { return der_.view().subspan(tbs_offset_, tbs_size_); }
  /// The signature verifies with `issuer`'s key. Names and times are not looked at.
  [[nodiscard]] Result<void> verify_signed_by(const PublicKey& issuer) const;

 private:
  Crl() = default;
  CrlDer der_;
  CrlFields fields_;
  std::size_t tbs_offset_ = 0;
  std::size_t tbs_size_ = 0;
  Bytes signature_;
};

}  // namespace signet
