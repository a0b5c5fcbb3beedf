// Protobuf messages: read strictly by who decides, leniently by who is answered.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace google::protobuf {
class Message;
}

namespace signet {

/// Parses `bytes` into `message`, which must be empty. `what` names the message in errors, such as "request".
/// Refuses what is not protobuf, text that is not UTF-8, and unknown fields at any depth: a restriction that a newer
/// sender put into its message must never be dropped silently. Errors: kInvalidArgument, field `what`.
[[nodiscard]] Result<void> parse_strict_into(google::protobuf::Message& message, ByteView bytes, std::string_view what);

/// auto request = parse_strict<v1::Request>(body, "request"); Thread-safe.
template <class M>
[[nodiscard]] Result<M> parse_strict(ByteView bytes, std::string_view what) {
  M message;
  SIGNET_CHECK(parse_strict_into(message, bytes, what));
  return message;
}

/// As parse_strict_into(), but a field that this side's definition does not have is ignored: for what a client reads of
/// a daemon's answer, because a newer daemon may say more. A field that is known here and has another type is still
/// refused.
[[nodiscard]] Result<void> parse_lenient_into(google::protobuf::Message& message, ByteView bytes,
                                              std::string_view what);

/// auto response = parse_lenient<v1::Response>(body, "response"); Thread-safe.
template <class M>
[[nodiscard]] Result<M> parse_lenient(ByteView bytes, std::string_view what) {
  M message;
  SIGNET_CHECK(parse_lenient_into(message, bytes, what));
  return message;
}

/// The message's bytes. The encoding of equal messages is equal within one build; nothing may rely on more.
[[nodiscard]] Bytes encode(const google::protobuf::Message& message);

}  // namespace signet
