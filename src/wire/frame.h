// Frames: a 4-byte big-endian length and then so many bytes, on the RPC's connections and between the daemon's
// processes.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/bytes.h"

namespace signet {

/// What both ends of an RPC connection name in TLS (RFC 7301); a peer that does not is not spoken to.
inline constexpr std::string_view kAlpn = "signet/1";

/// The bodies' bounds: a Request to the daemon, a Response from it, a message between its processes (which may carry
/// either of them with its certificates).
inline constexpr std::size_t kMaxRequestBytes = std::size_t{64} * 1024;
inline constexpr std::size_t kMaxResponseBytes = std::size_t{1024} * 1024;
inline constexpr std::size_t kMaxInternalBytes = std::size_t{2} * 1024 * 1024;

inline constexpr std::size_t kFrameHeaderBytes = 4;

/// The body's length from a frame's first 4 bytes (`header` has exactly so many). Refuses 0 and what is above
/// `max_bytes`, so that the caller allocates nothing before the length is known to be within its bound.
/// Errors: kInvalidArgument; the connection cannot be used any more, because where the next frame starts is unknown.
[[nodiscard]] Result<std::size_t> decode_frame_length(ByteView header, std::size_t max_bytes);

/// Length and body. Errors: kResourceExhausted when the body is above `max_bytes` (at most kMaxInternalBytes),
/// kInternal when it is empty.
[[nodiscard]] Result<Bytes> encode_frame(ByteView body, std::size_t max_bytes);

}  // namespace signet
