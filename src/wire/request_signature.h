// What a client signs.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace signet {

/// The bytes under a v1::RequestSignature:
///   "signet-request-v1" NUL || u16 length of origin || origin || u32 method || u64 time_micros || SHA-256 of the
///   payload
/// with big-endian integers. Every field has a fixed or a stated length, so no two requests have the same bytes; the
/// method is in because a payload does not say which method it is for; the payload is hashed because the log keeps its
/// hash, so that the signature can be verified from the log and the client's public key alone. `origin` has at most
/// 65,535 bytes.
[[nodiscard]] Bytes signed_request_bytes(std::string_view origin, std::uint32_t method, std::int64_t time_micros,
                                         ByteView payload);

}  // namespace signet
