#include "keyholder/token_health.h"

#include <fmt/format.h>

#include "token/pkcs11_error.h"

namespace signet {

void TokenHealth::note_success() noexcept {
  const std::scoped_lock lock(mutex_);
  failures_ = 0;
}

void TokenHealth::note_failure(const Error& error) {
  const bool of_the_module = error.native != 0;
  const Pkcs11Remedy remedy = of_the_module ? remedy_for(error) : Pkcs11Remedy::kNewSession;
  const bool known_by_profile = restart_codes_.contains(static_cast<std::uint64_t>(error.native));
  if (remedy == Pkcs11Remedy::kCaller && !known_by_profile) return;
  if (remedy != Pkcs11Remedy::kNewSession || known_by_profile) {
    return note_loss(fmt::format("{} ({})", error.message, known_by_profile ? "restart_codes" : name_of(remedy)));
  }
  const std::scoped_lock lock(mutex_);
  if (++failures_ >= kMostFailures && !loss_) {
    loss_ = fmt::format("{} signatures in a row failed, the last: {}", failures_, error.message);
  }
}

void TokenHealth::note_loss(const std::string& why) {
  const std::scoped_lock lock(mutex_);
  if (!loss_) loss_ = why;
}

std::optional<std::string> TokenHealth::loss() const {
  const std::scoped_lock lock(mutex_);
  return loss_;
}

}  // namespace signet
