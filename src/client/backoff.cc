#include "client/backoff.h"

#include <algorithm>

namespace signet::client {

std::chrono::milliseconds Backoff::next(std::chrono::milliseconds at_least, unsigned random) noexcept {
  const auto half = current_ / 2;
  const auto wait = half + half * static_cast<int>(random % 65536) / 65535;
  current_ = std::min(current_ * 2, kLongest);
  return std::max(wait, at_least);
}

}  // namespace signet::client
