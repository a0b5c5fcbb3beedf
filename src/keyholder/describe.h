// What a keyholder tells about its token and keys.
#pragma once

#include "keyholder/memory.h"

namespace signet::internal {
class TokenDescription;
}

namespace signet {

/// The token and its keys as they were found at the start, and what each log key signed last, as of now. Calls nothing
/// of the vendor's module.
[[nodiscard]] internal::TokenDescription describe(const OpenToken& token, const Memory& memory);

}  // namespace signet
