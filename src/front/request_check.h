// What the front looks at in a request before it hands it on. It reads the envelope only; the payload is the issuer's.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace signet {

struct CheckedRequest {
  std::uint64_t number = 0;      ///< 0 where it could not be read
  std::optional<Error> refusal;  ///< none = a v1.Request of a known method, without unknown fields
};

/// `body` is a frame's. Refusals are kInvalidArgument with the field "request" or "request.method".
[[nodiscard]] CheckedRequest check_request(ByteView body);

}  // namespace signet
