// What an OCSP responder signs: ResponseData (RFC 6960 section 4.2.1), read strictly and written.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "x509/crl.h"
#include "x509/name.h"
#include "x509/public_key.h"
#include "x509/serial_number.h"

namespace signet {

/// A DER ResponseData.
using OcspDataDer = TypedBytes<struct OcspDataTag>;

/// Beyond this nothing is read: some hundred certificates.
inline constexpr std::size_t kMaxOcspBytes = std::size_t{64} * 1024;

/// What a CertID's hashes are made with.
enum class OcspHash : std::uint8_t { kSha1, kSha256 };
/// Of the DER of an issuer's name, and of its key's BIT STRING without the unused-bits byte.
[[nodiscard]] Bytes ocsp_hash_of(OcspHash hash, const Name& name);
[[nodiscard]] Bytes ocsp_hash_of(OcspHash hash, const PublicKey& key);

/// CertID: a certificate by its issuer and serial number.
struct OcspCertId {
  OcspHash hash = OcspHash::kSha1;
  Bytes issuer_name_hash;  ///< as long as the hash is
  Bytes issuer_key_hash;
  SerialNumber serial;
  friend bool operator==(const OcspCertId&, const OcspCertId&) = default;
};

enum class OcspStatus : std::uint8_t { kGood, kRevoked, kUnknown };

/// SingleResponse.
struct OcspSingle {
  OcspCertId id;
  OcspStatus status = OcspStatus::kUnknown;
  Time revoked{};                        ///< kRevoked: revocationTime
  std::optional<CrlReason> reason = {};  ///< kRevoked; absent stands for unspecified
  Time this_update{};
  std::optional<Time> next_update = {};
  friend bool operator==(const OcspSingle&, const OcspSingle&) = default;
};

/// The values of a ResponseData of version 1.
struct OcspFields {
  std::optional<Name> responder_name = {};       ///< responderID byName; exactly one of these two is there
  std::optional<Bytes> responder_key_hash = {};  ///< byKey: SHA-1, 20 bytes
  Time produced_at{};
  std::vector<OcspSingle> responses = {};
  std::optional<Bytes> nonce = {};  ///< RFC 9654: 1 to 128 bytes
  friend bool operator==(const OcspFields&, const OcspFields&) = default;
};

/// Times are written in whole seconds.
[[nodiscard]] OcspDataDer encode_ocsp_data(const OcspFields& fields);

/// Reads a ResponseData of at most kMaxOcspBytes: version 1, left out as DER has it; at least one response, no
/// certificate twice by the same hash (by both, once each, is not noticed); hashes of SHA-1 or SHA-256 with NULL
/// parameters, and as long as these. A critical extension that is in no field is refused, another one is left out: so
/// encode_ocsp_data of the result is the same bytes only where nothing was lost. Errors: kInvalidArgument with the
/// field.
[[nodiscard]] Result<OcspFields> parse_ocsp_data(ByteView der);

}  // namespace signet
