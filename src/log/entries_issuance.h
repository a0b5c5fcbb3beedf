// Entries about what is signed, refused and revoked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "log/entry_common.h"
#include "x509/algorithm.h"
#include "x509/serial_number.h"

namespace signet::log {

/// The artifact kinds of `intent`.
inline constexpr std::string_view kCertificateKind = "end-entity-certificate";
inline constexpr std::string_view kCaCertificateKind = "ca-certificate";

struct RequestProof {
  Bytes signature;
  Time time{};  ///< when the client signed
  friend bool operator==(const RequestProof&, const RequestProof&) = default;
};

/// Something is about to be signed. Outcome "open".
struct IntentFields {
  Cause cause;
  std::string kind{kCertificateKind};
  std::string issuer;  ///< its name in the configuration
  std::string profile;
  SerialNumber serial;
  std::string client;
  /// Of the RPC: "Issue", "Renew" (the certificate of cause.who is the one renewed). Empty = an older version wrote it,
  /// when there was Issue only.
  std::string method = {};
  Bytes idempotency_key;  ///< empty = none
  Sha256 payload_sha256{};
  std::optional<RequestProof> proof;  ///< of signed requests
  Sha256 csr_sha256{};
  Sha256 profile_sha256{};
  std::string lint_version;
  TbsDer tbs;
};

/// An intent was signed. Outcome "ok".
struct IssuedFields {
  Cause cause;
  std::uint64_t intent = 0;  ///< seq of the intent
  SerialNumber serial;
  SignatureAlgorithm algorithm = SignatureAlgorithm::kEcdsaSha256;
  SignatureValue signature;
  Sha256 certificate_sha256{};
};

/// How much of a refusal's text is logged: enough for every message there is, with the rule at its end. What it quotes
/// of a request is bounded where it is quoted.
inline constexpr std::size_t kLongestRefusal = 4096;

/// A request was refused. Outcome "rejected".
struct RejectedFields {
  Cause cause;
  std::string code;   ///< gRPC's name of the status, such as "PERMISSION_DENIED"
  std::string text;   ///< printable, at most kLongestRefusal bytes
  std::string field;  ///< which input was wrong; empty = left out
  std::optional<Sha256> csr_sha256 = {};
  std::optional<std::uint64_t> intent = {};  ///< seq of the intent this closes
  std::uint64_t count = 1;                   ///< how many alike this stands for; 1 is left out
};

/// An intent that has no signature anybody may use; the entry revokes its serial. Outcome "failed".
struct OrphanedFields {
  Cause cause;
  std::uint64_t intent = 0;  ///< seq of the intent
  SerialNumber serial;
  std::string issuer;
  std::string why;  ///< "start-up", "deadline", "token-error", "failed-verification", "lint"
};

/// A certificate is revoked from this entry on. Outcome "ok".
struct RevokedFields {
  Cause cause;
  std::string issuer;
  SerialNumber serial;
  std::string reason;      ///< a CRLReason of RFC 5280 section 5.3.1, such as "keyCompromise"
  Time revocation_time{};  ///< what CRLs and OCSP responses say
};

/// A CRL was published. Outcome "ok".
struct CrlFields {
  Cause cause;
  std::string issuer;
  std::string number;  ///< of the CRL, decimal: up to 20 octets (RFC 5280 section 5.2.3)
  Time this_update{};
  Time next_update{};
  Sha256 sha256{};       ///< of the DER CertificateList
  Sha256 tbs_sha256{};   ///< of the DER TBSCertList, by which the keyholder's journal knows it
  Sha256 spki_sha256{};  ///< of the DER SubjectPublicKeyInfo of the key that signed it
};

/// A batch of OCSP responses was published. Outcome "ok".
struct OcspFields {
  Cause cause;
  std::string issuer;
  std::string range;  ///< of the batch
  Time this_update{};
  Time next_update{};
  Sha256 sha256{};  ///< of the batch
};

/// A peer that did not get as far as a request. Outcome "rejected".
struct AccessFields {
  Cause cause;
  std::string reason;  ///< a short code, such as "tls-version"
  std::string text;    ///< printable
  std::uint64_t count = 1;
};

[[nodiscard]] Draft intent_draft(const IntentFields& fields);
[[nodiscard]] Draft issued_draft(const IssuedFields& fields);
[[nodiscard]] Draft rejected_draft(const RejectedFields& fields);
[[nodiscard]] Draft orphaned_draft(const OrphanedFields& fields);
[[nodiscard]] Draft revoked_draft(const RevokedFields& fields);
[[nodiscard]] Draft crl_draft(const CrlFields& fields);
[[nodiscard]] Draft ocsp_draft(const OcspFields& fields);
[[nodiscard]] Draft access_draft(const AccessFields& fields);

/// Read an entry of that type (the caller has looked at Entry::type). Errors: kDataLoss naming the entry's seq and the
/// field that is missing or malformed. Fields that are not known are passed over: a newer version may have written
/// them.
[[nodiscard]] Result<IntentFields> read_intent(const Entry& entry);
[[nodiscard]] Result<IssuedFields> read_issued(const Entry& entry);
[[nodiscard]] Result<RejectedFields> read_rejected(const Entry& entry);
[[nodiscard]] Result<OrphanedFields> read_orphaned(const Entry& entry);
[[nodiscard]] Result<RevokedFields> read_revoked(const Entry& entry);
[[nodiscard]] Result<CrlFields> read_crl(const Entry& entry);
[[nodiscard]] Result<OcspFields> read_ocsp(const Entry& entry);
[[nodiscard]] Result<AccessFields> read_access(const Entry& entry);

/// The seq of the intent that this entry closes: of every `issued` and `orphaned`, and of a `rejected` that names one.
/// Nothing for other entries. Error kDataLoss, when the field is missing or malformed.
[[nodiscard]] Result<std::optional<std::uint64_t>> closed_intent(const Entry& entry);

}  // namespace signet::log
