#include "issuer/token_trust.h"

#include <algorithm>

namespace signet {

bool is_refusal(const Error& error) noexcept {
  switch (error.code) {
    case ErrorCode::kPermissionDenied:
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kAlreadyExists: return true;
    default: return false;
  }
}

void TokenTrust::note(const Result<void>& outcome) {
  if (!outcome.has_value()) {
    if (!is_refusal(outcome.error())) note_failure();
    return;
  }
  const std::scoped_lock lock(mutex_);
  failures_ = 0;
  pause_ = kFirstPause;
  next_trial_.reset();
}

void TokenTrust::note_failure() {
  const std::scoped_lock lock(mutex_);
  failures_ = std::min(failures_ + 1, kMostFailures);
}

bool TokenTrust::doubted() const {
  const std::scoped_lock lock(mutex_);
  return failures_ >= kMostFailures;
}

bool TokenTrust::take_trial(std::chrono::microseconds now) {
  const std::scoped_lock lock(mutex_);
  if (failures_ < kMostFailures) return false;
  if (!next_trial_.has_value()) next_trial_ = now + pause_;
  if (now < *next_trial_) return false;
  pause_ = std::min(pause_ * 2, kLongestPause);
  next_trial_ = now + pause_;
  return true;
}

}  // namespace signet
