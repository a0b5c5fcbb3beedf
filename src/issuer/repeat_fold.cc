#include "issuer/repeat_fold.h"

namespace signet {

TokenBucket::TokenBucket(std::uint32_t burst, std::chrono::microseconds refill) noexcept
    : burst_(burst), refill_(refill) {}

bool TokenBucket::ready(std::chrono::microseconds now) const noexcept {
  return burst_ > 0 && std::max(full_at_, now) + refill_ <= now + refill_ * burst_;
}

void TokenBucket::take(std::chrono::microseconds now) noexcept { full_at_ = std::max(full_at_, now) + refill_; }

bool TokenBucket::full(std::chrono::microseconds now) const noexcept { return full_at_ <= now; }

}  // namespace signet
