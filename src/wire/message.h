// Protobuf messages, read strictly.
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

/// The message's bytes. The encoding of equal messages is equal within one build; nothing may rely on more.
[[nodiscard]] Bytes encode(const google::protobuf::Message& message);

}  // namespace signet
