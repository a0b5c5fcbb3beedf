#include "supervisor/shutdown.h"

#include <algorithm>

#include "supervisor/links.h"

namespace signet {

void Shutdown::begin() {
  begun_ = true;
  for (Child& child : children_) child.restart_at.reset();
}

void Shutdown::go_on() {
  for (const std::string_view process : {kFront, kIssuer, kKeyholder}) {
    if (tell(process)) return;
  }
}

/// False where no such process is left.
bool Shutdown::tell(std::string_view process) {
  bool any = false;
  for (Child& child : children_) {
    if (child.process() != process || child.pid() <= 0) continue;
    any = true;
    internal::SupervisorToChild message;
    message.mutable_drain();
    if (!child.send(message).has_value()) child.kill_now();
  }
  deadline_ = std::chrono::steady_clock::now() + kPatience;
  leaving_ = process;
  return any;
}

void Shutdown::has_left() {
  const bool more = std::ranges::any_of(
      children_, [&](const Child& child) { return child.process() == leaving_ && child.pid() > 0; });
  if (!more) go_on();
}

bool Shutdown::finished() const {
  return begun_ && std::ranges::all_of(children_, [](const Child& child) { return child.pid() <= 0; });
}

void Shutdown::act_on_time(Time now) {
  if (!begun_ || now <= deadline_) return;
  for (Child& child : children_) {
    if (child.process() == leaving_) child.kill_now();
  }
}

std::optional<Shutdown::Time> Shutdown::next_time() const {
  if (!begun_) return std::nullopt;
  return deadline_;
}

}  // namespace signet
