#include "issuer/token_trust.h"

#include <algorithm>

namespace signet {

namespace {

bool is_of_the_token(const Error& error) {
  switch (error.code) {
    case ErrorCode::kPermissionDenied:
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kAlreadyExists: return false;
    default: return true;
  }
}

}  // namespace

void TokenTrust::note(const Result<void>& answer) {
  if (!answer.has_value() && !is_of_the_token(answer.error())) return;
  const std::scoped_lock lock(mutex_);
  if (!answer.has_value()) {
    failures_ = std::min(failures_ + 1, kMostFailures);
    return;
  }
  failures_ = 0;
  pause_ = kFirstPause;
  next_trial_.reset();
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
