#include "wire/frame.h"

#include <fmt/format.h>

namespace signet {

Result<std::size_t> decode_frame_length(ByteView header, std::size_t max_bytes) {
  if (header.size() != kFrameHeaderBytes) {
    return fail(ErrorCode::kInternal, fmt::format("a frame's header has 4 bytes, not {}", header.size()));
  }
  const std::size_t length = read_u32(header);
  if (length == 0)
    return fail(ErrorCode::kInvalidArgument, "a frame of 0 bytes; every frame carries a message", "frame");
  if (length > max_bytes) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("a frame of {} bytes; at most {} bytes are taken here", length, max_bytes), "frame");
  }
  return length;
}

Result<Bytes> encode_frame(ByteView body, std::size_t max_bytes) {
  if (body.empty()) return fail(ErrorCode::kInternal, "an empty message cannot be framed");
  if (body.size() > max_bytes || body.size() > kMaxInternalBytes) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("a message of {} bytes; at most {} bytes can be sent here", body.size(), max_bytes),
                "frame");
  }
  Bytes frame;
  frame.reserve(kFrameHeaderBytes + body.size());
  append_u32(frame, static_cast<std::uint32_t>(body.size()));
  append(frame, body);
  return frame;
}

}  // namespace signet
