// How long to wait before trying again.
#pragma once

#include <chrono>

namespace signet::client {

/// Doubles from 100 ms to 5 s; each wait is drawn from the upper half, so that many clients do not come back together.
class Backoff {
 public:
  static constexpr std::chrono::milliseconds kFirst{100};
  static constexpr std::chrono::milliseconds kLongest{5000};

  /// The next wait, at least `at_least`. `random` is uniform in [0, 65535].
  [[nodiscard]] std::chrono::milliseconds next(std::chrono::milliseconds at_least, unsigned random) noexcept;

 private:
  std::chrono::milliseconds current_ = kFirst;
};

}  // namespace signet::client
