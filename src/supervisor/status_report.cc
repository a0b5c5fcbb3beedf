#include "supervisor/status_report.h"

#include <algorithm>
#include <chrono>

#include "base/version.h"

namespace signet {

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::size_t kMaxText = 1024;

std::uint64_t restart_in_millis(const Child& child, SteadyTime now) {
  if (!child.restart_at.has_value()) return 0;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(*child.restart_at - now).count();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(left, 1));
}

void describe(const Child& child, SteadyTime now, admin::Process& process) {
  process.set_name(child.name());
  process.set_restarts(child.restarts());
  process.set_last_exit(child.last_exit);
  if (child.pid() <= 0) {
    process.set_state("down");
    process.set_restart_in_millis(restart_in_millis(child, now));
    return;
  }
  process.set_state(child.state() == Child::State::kReady ? "running" : "starting");
  process.set_pid(static_cast<std::uint32_t>(child.pid()));
  const auto since = std::chrono::duration_cast<std::chrono::seconds>(now - child.started_at()).count();
  process.set_since_seconds(static_cast<std::uint64_t>(since));
}

std::string state_of(const Token& token) {
  const Child& keyholder = *token.keyholder;
  if (token.door.drained()) return keyholder.pid() > 0 ? "draining" : "drained";
  if (keyholder.state() == Child::State::kReady) return "open";
  if (keyholder.pid() > 0 && !token.away.has_value()) return "opening";
  switch (token.door.state()) {
    case TokenDoor::State::kNoPin: return "waits-for-pin";
    case TokenDoor::State::kShut: return "shut";
    case TokenDoor::State::kFree:
    case TokenDoor::State::kDrained: break;
  }
  return token.away.has_value() ? "away" : "restarting";
}

void describe(const Token& token, const DaemonFacts& facts, SteadyTime now, admin::Token& described) {
  const Child& keyholder = *token.keyholder;
  described.set_name(keyholder.token());
  described.set_state(state_of(token));
  described.set_next_step(facts.tokens.next_step_for(token));
  for (const auto& [name, key] : facts.loaded.config.keys) {
    if (key.is_on(keyholder.token())) described.add_keys(name);
  }
  described.set_pin_source(token.door.config().pin.key());
  described.set_pin_kept(token.door.pin_is_kept());
  described.set_restarts(keyholder.restarts());
  described.set_restart_in_millis(restart_in_millis(keyholder, now));
  described.set_last_failure(printable(keyholder.last_failure, kMaxText));
  if (!keyholder.alive.has_value()) return;
  described.set_sessions(keyholder.alive->sessions());
  described.set_sessions_hung(keyholder.alive->sessions_hung());
  described.set_in_hand(keyholder.alive->in_hand());
}

}  // namespace

admin::Status status_report(const DaemonFacts& facts) {
  admin::Status status;
  status.set_version(std::string(kVersion));
  status.set_origin(facts.loaded.config.origin);
  status.set_state(facts.state);
  status.set_started_micros(facts.started.time_since_epoch().count());
  status.set_address(facts.address);
  status.set_config_file(facts.loaded.config_file);
  status.set_config_sha256(std::string(text_of(facts.loaded.config.sha256)));
  status.set_policy_sha256(std::string(text_of(facts.loaded.rules.policy_sha256)));
  const auto now = std::chrono::steady_clock::now();
  for (const Child& child : facts.children) describe(child, now, *status.add_processes());
  for (const auto& [name, token] : facts.tokens.all()) describe(token, facts, now, *status.add_tokens());
  return status;
}

}  // namespace signet
