#include "issuer/issuing_gate.h"

#include "base/ops_log.h"

namespace signet {

void IssuingGate::close(Reason reason, Error why) {
  const std::scoped_lock lock(mutex_);
  auto& closed = closed_.at(static_cast<std::size_t>(reason));
  if (!closed.has_value()) ops::error("nothing is issued until this is over", {{"reason", why.message}});
  closed = std::move(why);
}

void IssuingGate::open(Reason reason) {
  const std::scoped_lock lock(mutex_);
  auto& closed = closed_.at(static_cast<std::size_t>(reason));
  if (closed.has_value()) ops::info("it is over; certificates are issued again", {{"reason", closed->message}});
  closed.reset();
}

Result<void> IssuingGate::check() const {
  SIGNET_CHECK(clock_.check());
  const std::scoped_lock lock(mutex_);
  for (const auto& closed : closed_) {
    if (closed.has_value()) return std::unexpected(*closed);
  }
  return {};
}

}  // namespace signet
