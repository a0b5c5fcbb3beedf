// Errors as they travel: to an RPC client (v1::Status) and between the daemon's processes (internal::Failure).
// Include "wire/signet.pb.h" or "wire/internal.pb.h" to use the results.
#pragma once

#include <string_view>

#include "signet/result.h"

namespace signet::v1 {
class Status;
}
namespace signet::internal {
class Failure;
}

namespace signet {

/// For a client. `native` stays inside; the message is cut to 4 KiB and made safe to show, line by line. `origin` is
/// the CA's, so that a client can learn what to sign for.
[[nodiscard]] v1::Status to_status(const Error& error, std::string_view origin);

/// From the daemon. A code that has no name here becomes kInternal, with its number in the message; foreign text is
/// made safe to show; retry_after is at most an hour.
[[nodiscard]] Error from_status(const v1::Status& status, std::string_view request_id);

/// Between processes: everything but request_id; the message is cut to 32 KiB.
[[nodiscard]] internal::Failure to_failure(const Error& error);
[[nodiscard]] Error from_failure(const internal::Failure& failure);

}  // namespace signet
