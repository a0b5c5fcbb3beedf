// What must hold for any bytes. The fuzz targets look for bytes that break it; fuzz_replay_test runs it on the corpora.
#pragma once

#include <cstdio>
#include <cstdlib>

#include "base/bytes.h"
#include "wire/frame.h"
#include "wire/internal.pb.h"
#include "wire/message.h"
#include "wire/signet.pb.h"
#include "wire/status.h"

namespace signet::testing {

/// Ends the process, which both the fuzzer and the replay test notice.
inline void must_hold(bool property, const char* what) {
  if (property) return;
  std::fprintf(stderr, "property broken: %s\n", what);
  std::abort();
}

/// The first 4 bytes are a frame's header, the rest its body. An accepted length is within its bound, and the frame of
/// a body of that length starts with the same header.
inline void check_frame_property(ByteView data) {
  const ByteView header = data.first(std::min(data.size(), kFrameHeaderBytes));
  for (const std::size_t max_bytes : {kMaxRequestBytes, kMaxResponseBytes, kMaxInternalBytes}) {
    const auto length = decode_frame_length(header, max_bytes);
    if (!length.has_value()) continue;
    must_hold(*length >= 1 && *length <= max_bytes, "an accepted length is within its bound");
    const auto frame = encode_frame(Bytes(*length), max_bytes);
    must_hold(frame.has_value(), "what may be received may be sent");
    must_hold(equal(ByteView(*frame).first(kFrameHeaderBytes), header), "a length has one encoding");
  }
}

/// What is accepted encodes to bytes that are accepted and encode to themselves; a field nobody knows behind it is
/// refused.
template <class M>
void check_message(ByteView bytes) {
  const auto message = parse_strict<M>(bytes, "message");
  if (!message.has_value()) return;
  const Bytes encoded = encode(*message);
  const auto again = parse_strict<M>(encoded, "message");
  must_hold(again.has_value(), "what was written can be read");
  must_hold(encode(*again) == encoded, "what was read is written the same");
  Bytes longer = copy_of(bytes);
  append(longer, Bytes{0x98, 0x3F, 0x01});  // field 1011, a varint
  must_hold(!parse_strict<M>(longer, "message").has_value(), "an unknown field is refused");
}

/// An error that came from elsewhere is safe to show and survives being sent on.
inline void check_status(ByteView bytes) {
  const auto status = parse_strict<v1::Status>(bytes, "status");
  if (!status.has_value()) return;
  const Error error = from_status(*status, "r-1");
  const auto again = parse_strict<v1::Status>(encode(to_status(error, "origin")), "status");
  must_hold(again.has_value(), "an error can be sent on");
  must_hold(from_status(*again, "r-1").code == error.code, "an error keeps its code");
}

/// The first byte chooses a message type, the rest are its bytes.
inline void check_message_property(ByteView data) {
  if (data.empty()) return;
  const ByteView bytes = data.subspan(1);
  switch (data[0] % 12) {
    case 0: return check_message<v1::Request>(bytes);
    case 1: return check_message<v1::Response>(bytes);
    case 2: return check_message<v1::IssueRequest>(bytes);
    case 3: return check_message<v1::IssueResponse>(bytes);
    case 4: return check_message<v1::GetStatusResponse>(bytes);
    case 5: return check_message<internal::FrontToIssuer>(bytes);
    case 6: return check_message<internal::IssuerToKeyholder>(bytes);
    case 7: return check_message<internal::KeyholderToIssuer>(bytes);
    case 8: return check_message<internal::SupervisorToChild>(bytes);
    case 9: return check_status(bytes);
    case 10: return check_message<v1::GetLogRequest>(bytes);
    default: return check_message<v1::GetLogResponse>(bytes);
  }
}

}  // namespace signet::testing
