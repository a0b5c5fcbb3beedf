#include "wire/request_signature.h"

namespace signet {

Bytes signed_request_bytes(std::string_view origin, std::uint32_t method, std::int64_t time_micros, ByteView payload) {
  static constexpr std::string_view kTag{"signet-request-v1\0", 18};
  Bytes bytes;
  bytes.reserve(kTag.size() + 2 + origin.size() + 4 + 8 + sizeof(Sha256));
  append(bytes, bytes_of(kTag));
  append_u16(bytes, static_cast<std::uint16_t>(origin.size()));
  append(bytes, bytes_of(origin));
  append_u32(bytes, method);
  append_u64(bytes, static_cast<std::uint64_t>(time_micros));
  append(bytes, sha256(payload));
  return bytes;
}

}  // namespace signet
