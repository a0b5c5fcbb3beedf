// The types of entries there are, and their fields. docs/log-format.md describes them for a reader of the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "log/entry.h"
#include "x509/algorithm.h"
#include "x509/serial_number.h"

namespace signet::log {

namespace entry_type {
inline constexpr std::string_view kIntent = "intent";
inline constexpr std::string_view kIssued = "issued";
inline constexpr std::string_view kRejected = "rejected";
inline constexpr std::string_view kOrphaned = "orphaned";
inline constexpr std::string_view kAccess = "access";
inline constexpr std::string_view kStart = "start";
inline constexpr std::string_view kStop = "stop";
inline constexpr std::string_view kCrash = "crash";
}  // namespace entry_type

/// The artifact kinds of `intent`.
inline constexpr std::string_view kEndEntityCertificate = "end-entity-certificate";

/// Who caused an entry. What is empty is left out; when all are empty, `who` is.
struct Who {
  std::string client;              ///< its name in the policy
  std::string certificate_sha256;  ///< of the TLS peer, lower-case hex
  std::string address;             ///< "192.0.2.1:4711"
  friend bool operator==(const Who&, const Who&) = default;
};

/// Common fields the caller knows.
struct Cause {
  Who who;
  std::string request;  ///< the request id; empty = left out
  friend bool operator==(const Cause&, const Cause&) = default;
};

struct RequestProof {
  Bytes signature;
  Time time{};  ///< when the client signed
  friend bool operator==(const RequestProof&, const RequestProof&) = default;
};

/// Something is about to be signed. Outcome "open".
struct IntentFields {
  Cause cause;
  std::string kind{kEndEntityCertificate};
  std::string issuer;  ///< its name in the configuration
  std::string profile;
  SerialNumber serial;
  std::string client;
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

/// A request was refused. Outcome "rejected".
struct RejectedFields {
  Cause cause;
  std::string code;   ///< gRPC's name of the status, such as "PERMISSION_DENIED"
  std::string text;   ///< printable
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
  std::string why;  ///< "start-up", "deadline", "token-error", "failed-verification", printable
};

/// A peer that did not get as far as a request. Outcome "rejected".
struct AccessFields {
  Cause cause;
  std::string reason;  ///< a short code, such as "tls-version"
  std::string text;    ///< printable
  std::uint64_t count = 1;
};

/// `start`, `stop` (outcome "ok") and `crash` (outcome "failed"). Of a crash only process and the last three are
/// written, of the others only the first four; cut_bytes only with `start`.
struct ProcessFields {
  std::string process;
  std::string version = {};
  std::string host = {};
  std::uint64_t cut_bytes = 0;
  int signal = 0;  ///< 0 when it exited
  int exit_status = 0;
  std::uint32_t restarts = 0;
};
enum class ProcessEvent : std::uint8_t { kStart, kStop, kCrash };

[[nodiscard]] Draft intent_draft(const IntentFields& fields);
[[nodiscard]] Draft issued_draft(const IssuedFields& fields);
[[nodiscard]] Draft rejected_draft(const RejectedFields& fields);
[[nodiscard]] Draft orphaned_draft(const OrphanedFields& fields);
[[nodiscard]] Draft access_draft(const AccessFields& fields);
[[nodiscard]] Draft process_draft(ProcessEvent event, const ProcessFields& fields);

/// Read an entry of that type (the caller has looked at Entry::type). Errors: kDataLoss naming the entry's seq and the
/// field that is missing or malformed. Fields that are not known are passed over: a newer version may have written
/// them.
[[nodiscard]] Result<IntentFields> read_intent(const Entry& entry);
[[nodiscard]] Result<IssuedFields> read_issued(const Entry& entry);
[[nodiscard]] Result<RejectedFields> read_rejected(const Entry& entry);
[[nodiscard]] Result<OrphanedFields> read_orphaned(const Entry& entry);
/// The common field `time`.
[[nodiscard]] Result<Time> read_time(const Entry& entry);

}  // namespace signet::log
