// What one entry says, as far as it is checked against others.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "audit/findings.h"
#include "base/bytes.h"
#include "x509/algorithm.h"

namespace signet::audit {

/// In the order of the table in schema.cc. kOther is a type this version does not know.
enum class EntryType : std::uint8_t {
  kGenesis,
  kHeartbeat,
  kSealed,
  kStart,
  kStop,
  kCrash,
  kConfig,
  kKey,
  kClock,
  kIntent,
  kIssued,
  kRejected,
  kOrphaned,
  kRevoked,
  kCrl,
  kOcsp,
  kAccess,
  kAdmin,
  kOther,
};

/// 16 bytes that stand for an issuer and a serial number; made with a secret of this run, so that nobody can aim.
using SerialKey = std::array<std::uint64_t, 2>;

struct IntentFacts {
  std::string issuer;  ///< its name in the configuration
  Bytes serial;
  SerialKey serial_key{};
  Bytes tbs;  ///< empty: missing or malformed, which was complained about
  Sha256 tbs_sha256{};
  Bytes issuer_name = {};  ///< DER, of the TBS
  Bytes authority_key_id = {};
  SignatureAlgorithm algorithm = SignatureAlgorithm::kEcdsaSha256;  ///< of the TBS
};

struct IssuedFacts {
  std::uint64_t intent = 0;
  Bytes serial;
  SignatureAlgorithm algorithm = SignatureAlgorithm::kEcdsaSha256;
  Bytes signature;
  Sha256 certificate_sha256{};
};

/// Of `rejected` (without serial and issuer) and `orphaned`.
struct ClosedFacts {
  std::uint64_t intent = 0;
  Bytes serial;
  std::string issuer;
};

struct CrlFacts {
  std::string issuer;
  std::string number;    ///< decimal, no leading zeros
  Sha256 tbs_sha256{};   ///< by this and the key a journal knows it
  Sha256 spki_sha256{};  ///< of the key
};

struct EntryFacts {
  bool readable = false;  ///< canonical JSON; without it nothing below is known
  EntryType type = EntryType::kOther;
  std::string_view type_name;  ///< as written; lives as long as the entry's bytes
  bool has_seq = false;
  std::uint64_t seq = 0;
  bool has_time = false;
  std::int64_t time_micros = 0;
  std::string_view boot;  ///< as type_name
  std::int64_t mono = 0;
  std::variant<std::monostate, IntentFacts, IssuedFacts, ClosedFacts, CrlFacts> what;
};

/// Reads the entry at the place `entry` of the file and checks all that can be checked of it alone: canonical encoding,
/// the fields of its type, the TBS of an intent. `secret` is for SerialKey.
[[nodiscard]] EntryFacts read_entry(ByteView bytes, std::uint64_t entry, const Sha256& secret, Complaints& complaints);

/// "intent", ...; "another type" for kOther.
[[nodiscard]] std::string_view name_of(EntryType type) noexcept;

}  // namespace signet::audit
