#include "supervisor/tokens.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <vector>

#include "base/ops_log.h"
#include "supervisor/links.h"

namespace signet {

namespace {

constexpr std::chrono::seconds kLongestDrain{60};  // sign_deadline is at most that
constexpr std::size_t kLongestReason = 1024;

/// "token 'hsm-a' is away: no token matches"
std::string away_text(const std::string& token, const Error& why) {
  return fmt::format("token '{}' is away: {}", token, printable(why.message, kLongestReason));
}

}  // namespace

Tokens::Tokens(const DaemonConfig& config, std::string state_directory) : config_(config) {
  for (const auto& [name, token] : config.tokens)
    tokens_.emplace(name, Token{.door = TokenDoor(token, state_directory), .keyholder = nullptr});
}

Result<void> Tokens::prepare(InheritedDescriptors& inherited) {
  for (auto& [name, token] : tokens_) SIGNET_CHECK(token.door.prepare(inherited));
  return {};
}

void Tokens::know(std::deque<Child>& children) {
  for (Child& child : children) {
    if (child.process() == kKeyholder) of(child).keyholder = &child;
    if (child.process() == kIssuer) issuer_ = &child;
  }
}

Token* Tokens::find(std::string_view name) {
  const auto found = tokens_.find(std::string(name));
  return found == tokens_.end() ? nullptr : &found->second;
}

std::string Tokens::names() const {
  std::string names;
  for (const auto& [name, token] : tokens_) names += (names.empty() ? "" : ", ") + name;
  return names;
}

bool Tokens::is_held(const Child& keyholder) const {
  return keyholder.pid() <= 0 && tokens_.at(keyholder.token()).door.state() != TokenDoor::State::kFree;
}

bool Tokens::any_is_held() const {
  return std::ranges::any_of(tokens_, [&](const auto& each) { return is_held(*each.second.keyholder); });
}

std::string Tokens::next_steps() const {
  std::string steps;
  for (const auto& [name, token] : tokens_) {
    const std::string step = next_step_for(token);
    if (!step.empty()) steps += (steps.empty() ? "" : "; ") + step;
  }
  return steps;
}

std::string Tokens::next_step_for(const Token& token) const {
  if (is_held(*token.keyholder) || token.door.drained()) return token.door.next_step();
  const Child& keyholder = *token.keyholder;
  if (token.away.has_value())
    return away_text(keyholder.token(), *token.away) + "; bring it back, and it is used again by itself";
  if (!keyholder.restart_at.has_value() || keyholder.last_failure.empty()) return {};
  return fmt::format("token '{}' is not used: {}; mend that, and it is used again by itself", keyholder.token(),
                     printable(keyholder.last_failure, kLongestReason));
}

void Tokens::gone_away(const Child& keyholder, Error why) {
  Token& token = of(keyholder);
  const bool was_there = !token.away.has_value();
  token.away = std::move(why);
  if (!was_there) return;
  ops::error("a token is away; it is tried again until it is back",
             {{"token", keyholder.token()}, {"why", printable(token.away->message, kLongestReason)}});
  tell_issuer(token);
}

Result<void> Tokens::check_keys() const {
  std::vector<std::string> keys;
  std::set<std::string> whose;
  for (const auto& [name, key] : config_.keys) {
    if (!std::ranges::all_of(key.tokens, [&](const std::string& token) { return tokens_.at(token).away.has_value(); }))
      continue;
    keys.push_back(name);
    whose.insert(key.tokens.begin(), key.tokens.end());
  }
  if (keys.empty()) return {};
  std::vector<std::string> reasons;
  for (const std::string& token : whose) reasons.push_back(away_text(token, *tokens_.at(token).away));
  return fail(
      ErrorCode::kUnavailable,
      fmt::format("{}; no other token has what is needed of it ({}), so signetd does not start: bring the token "
                  "back, see that the configuration names the right one, and start signetd again",
                  fmt::join(reasons, "; "), fmt::join(keys, ", ")),
      whose.size() == 1 ? tokens_.at(*whose.begin()).away->field : std::string());
}

Result<void> Tokens::start(Child& keyholder) {
  TokenDoor& door = of(keyholder).door;
  if (is_held(keyholder)) {
    ops::warning("a token waits for an operator", {{"token", keyholder.token()}, {"next", door.next_step()}});
    return {};
  }
  SIGNET_TRY(const DoorKey key, door.key_for_start());
  return keyholder.start(&key);
}

void Tokens::drain(Token& token) {
  static_cast<void>(token.door.set_drained(true));  // TokenDoor::drained_is_noted()
  token.away.reset();                               // nobody waits for it any more
  Child& keyholder = *token.keyholder;
  keyholder.restart_at.reset();
  tell_issuer(token);
  if (keyholder.pid() <= 0) return;
  keyholder.kill_at = std::chrono::steady_clock::now() + kLongestDrain;
  const bool in_use = issuer_->state() == Child::State::kReady && keyholder.state() == Child::State::kReady;
  if (!in_use) leave(token);
}

void Tokens::issuer_is_done_with(std::string_view name) {
  Token* const token = find(name);
  if (token != nullptr && token->door.drained() && token->keyholder->pid() > 0) leave(*token);
}

void Tokens::undrain(Token& token) {
  static_cast<void>(token.door.set_drained(false));
  tell_issuer(token);
}

void Tokens::tell_issuer(const Token& token) const {
  if (issuer_->state() != Child::State::kReady) return;  // told when it is
  internal::SupervisorToChild message;
  message.mutable_token_use()->set_token(token.keyholder->token());
  message.mutable_token_use()->set_drained(token.door.drained());
  message.mutable_token_use()->set_away(token.away.has_value());
  static_cast<void>(issuer_->send(message));  // one that has just died is told when it is ready again
}

/// One that cannot be told is killed by that.
void Tokens::leave(Token& token) {
  internal::SupervisorToChild message;
  message.mutable_drain();
  static_cast<void>(token.keyholder->send(message));
}

void Tokens::issuer_is_ready() const {
  for (const auto& [name, token] : tokens_) {
    if (token.door.drained() || token.away.has_value()) tell_issuer(token);
  }
}

void Tokens::issuer_died() {
  for (auto& [name, token] : tokens_) {
    if (token.door.drained() && token.keyholder->pid() > 0) leave(token);
  }
}

}  // namespace signet
