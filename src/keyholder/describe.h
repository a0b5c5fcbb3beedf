// What a keyholder tells about its token and keys.
#pragma once

#include "keyholder/memory.h"

namespace signet::internal {
class TokenDescription;
}

namespace signet {

/// The token and its keys as they were found at the start, and, as of now, the checkpoint that each log key signed last
/// and the number of the CRL that each CA's did. Calls nothing of the vendor's module.
[[nodiscard]] internal::TokenDescription describe(const OpenToken& token, const Memory& memory);

}  // namespace signet
