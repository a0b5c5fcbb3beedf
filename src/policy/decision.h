// What is issued for a request, or by which rule it is refused: one pure function, so that what `signet policy test`
// says is what the daemon does.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "policy/policy.h"
#include "x509/certificate.h"
#include "x509/csr.h"

namespace signet {

/// What a client asks for.
struct Wish {
  std::string_view profile;
  ByteView csr;                         ///< PEM or DER
  std::chrono::seconds validity{0};     ///< 0: the profile's default
  const Certificate* renews = nullptr;  ///< the certificate whose names and subject are kept
};

/// An issuing CA as far as it decides what it issues. Immutable; copies are deep.
struct IssuingCa {
  std::string name;                       ///< that a profile's `issuer` means
  std::vector<Certificate> certificates;  ///< its own, then the one above it and so on; the root last, none twice
  std::optional<SignatureAlgorithm> signature = {};  ///< that its key is configured for; nothing = its type's own
  [[nodiscard]] const Certificate& certificate() const { return certificates.front(); }
  /// What it signs with.
  [[nodiscard]] SignatureAlgorithm algorithm() const {
    return signature.value_or(default_algorithm(certificate().public_key().type()));
  }
};
using IssuingCas = std::map<std::string, IssuingCa, std::less<>>;

/// SHA-256 of the SubjectPublicKeyInfo of keys that serve the CA otherwise, such as the log's: none is certified.
using OwnKeys = std::set<Sha256>;

/// The most that decide() lets a TBSCertificate have, but for its serial number. Its intent is logged with it, in
/// base64, in one entry of at most 65,535 bytes, where the rest of an intent finds room besides.
inline constexpr std::size_t kMostTbsBytes = std::size_t{40} * 1024;

/// Everything that can be known of a certificate before it has a serial number. The pointers live as long as the policy
/// and the CAs that decided.
struct Decision {
  const Profile* profile;
  const IssuingCa* ca;
  Csr csr;
  TbsFields fields;                    ///< complete but for the serial number, which is SerialNumber::unassigned()
  const PreparedExtensions* constant;  ///< of `fields`, for encode_tbs()
};

/// Decides `wish` of `client` at `now`: the client may use the profile, the request is read strictly, its key is one
/// that the profile takes and none of a CA or of `own_keys`, profile, client and the CAs' name constraints allow every
/// name, the subject is as the profile has it and no CA's by same_name(), the CAs above leave room for a CA below and
/// allow the profile's extended key usages, the validity is within the bounds of profile, client and issuing CA, the
/// certificate is no longer than kMostTbsBytes, and the request is signed by its key. Of a renewal the names and what
/// the profile takes of the request's subject are those of the old certificate, judged by the rules of today; the new
/// request asks for the same names or for none.
///
/// Every refusal names its rule and the offending value. Errors: kNotFound and kPermissionDenied, field "profile";
/// kInvalidArgument and kPermissionDenied with a field of the request ("csr.subjectAltName", "validity_seconds");
/// kFailedPrecondition where an operator has to act first: the CA is expired, not valid yet or not among `cas`.
/// Thread-safe.
[[nodiscard]] Result<Decision> decide(const Policy& policy, const PolicyClient& client, const Wish& wish,
                                      const IssuingCas& cas, Time now, const OwnKeys& own_keys = {});

}  // namespace signet
