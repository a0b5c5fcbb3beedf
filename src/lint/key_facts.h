// What several rules ask of a key.
#pragma once

#include <cstddef>

#include "lint/view.h"

namespace signet::lint {

/// Bits of an RSA modulus; 0 where there is none.
[[nodiscard]] std::size_t modulus_bits(const RawKey& key) noexcept;

}  // namespace signet::lint
