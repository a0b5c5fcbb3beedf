// What entries of every type share: the names of the types, and who caused an entry.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "log/entry.h"

namespace signet::log {

namespace entry_type {
inline constexpr std::string_view kGenesis = "genesis";
inline constexpr std::string_view kHeartbeat = "heartbeat";
inline constexpr std::string_view kSealed = "sealed";
inline constexpr std::string_view kStart = "start";
inline constexpr std::string_view kStop = "stop";
inline constexpr std::string_view kCrash = "crash";
inline constexpr std::string_view kConfig = "config";
inline constexpr std::string_view kKey = "key";
inline constexpr std::string_view kClock = "clock";
inline constexpr std::string_view kIntent = "intent";
inline constexpr std::string_view kIssued = "issued";
inline constexpr std::string_view kRejected = "rejected";
inline constexpr std::string_view kOrphaned = "orphaned";
inline constexpr std::string_view kRevoked = "revoked";
inline constexpr std::string_view kCrl = "crl";
inline constexpr std::string_view kOcsp = "ocsp";
inline constexpr std::string_view kAccess = "access";
inline constexpr std::string_view kAdmin = "admin";
}  // namespace entry_type

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

/// The common field `time`. Error kDataLoss naming the entry's seq.
[[nodiscard]] Result<Time> read_time(const Entry& entry);

}  // namespace signet::log
