// Randomness, by reference, so that tests can repeat it.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace signet {

class Rng {
 public:
  virtual ~Rng() = default;
  /// Fills `out` with bytes fit for keys and serial numbers. Error kInternal when the source fails. Thread-safe.
  [[nodiscard]] virtual Result<void> fill(std::span<std::uint8_t> out) = 0;
};

/// OpenSSL's generator, seeded by the kernel. Lives as long as the process.
[[nodiscard]] Rng& system_rng();

}  // namespace signet
