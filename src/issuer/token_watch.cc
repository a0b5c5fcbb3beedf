#include "issuer/token_watch.h"

#include <algorithm>

#include "base/ops_log.h"
#include "log/entries.h"

namespace signet {

namespace {

constexpr std::size_t kMaxText = 256;  // of what a token says about itself

const internal::KeyDescription* find_key(const internal::TokenDescription& description, const std::string& key) {
  const auto found = std::ranges::find(description.keys(), key, &internal::KeyDescription::name);
  return found == description.keys().end() ? nullptr : &*found;
}

/// What the token says is foreign text.
log::KeyFields fields_of(const std::string& token, const internal::TokenDescription& description,
                         const internal::KeyDescription& key, log::KeyEvent event) {
  log::KeyFields fields{.event = event,
                        .key = key.name(),
                        .token = token,
                        .uri = printable(key.uri(), kMaxText),
                        .spki_sha256 = sha256(bytes_of(key.spki())),
                        .manufacturer = printable(description.manufacturer(), kMaxText),
                        .model = printable(description.model(), kMaxText),
                        .token_serial = printable(description.serial(), kMaxText),
                        .firmware = printable(description.firmware(), kMaxText)};
  for (const auto& [name, value] : key.attributes()) fields.attributes.emplace(printable(name, kMaxText), value);
  return fields;
}

}  // namespace

Result<void> TokenWatch::look() {
  for (const auto& [token, link] : world_.keyholders.tokens()) SIGNET_CHECK(look_at(token, *link));
  if (memory_unchecked_) check_memory();
  return {};
}

// What the log has no room for is logged at the next look: each key has a state of its own, which changes behind its
// entry.
Result<void> TokenWatch::look_at(const std::string& token, const KeyholderLink& link) {
  const std::uint64_t generation = link.generation();
  SIGNET_CHECK(log_lost(token, generation, link.away()));
  const auto is_logged = [&](const std::string& key) { return state_of(token, key).generation == generation; };
  if (generation == 0 || std::ranges::all_of(world_.keyholders.keys_of(token), is_logged)) return {};
  const auto description = world_.keyholders.find_token(token)->describe(world_.config.issue.sign_deadline);
  if (!description.has_value()) {
    ops::warning("a token cannot be described", {{"token", token}, {"reason", description.error().message}});
    return {};
  }
  SIGNET_CHECK(log_found(token, generation, *description));
  memory_unchecked_ = memory_unchecked_ || world_.keyholders.token_of(world_.config.log.key) == token;
  return {};
}

Result<void> TokenWatch::log(const log::KeyFields& fields) {
  SIGNET_TRY([[maybe_unused]] const std::uint64_t index,
             world_.log.append(log::key_draft(fields), log::Urgency::kEssential));
  return {};
}

/// The keys that were there with another keyholder than the present one, and those that never were, of a token that is
/// away.
Result<void> TokenWatch::log_lost(const std::string& token, std::uint64_t present, bool away) {
  for (const std::string& key : world_.keyholders.keys_of(token)) {
    KeyState& state = state_of(token, key);
    const bool has_gone = state.generation != 0 && state.generation != present;
    if (!has_gone && (present != 0 || !away || state.is_known)) continue;
    ops::warning("a key is lost", {{"key", key}, {"token", token}});
    SIGNET_CHECK(
        log({.event = log::KeyEvent::kLost, .key = key, .token = token, .uri = world_.config.keys.at(key).uri.text()}));
    state = {.generation = 0, .is_known = true};
  }
  return {};
}

Result<void> TokenWatch::log_found(const std::string& token, std::uint64_t generation,
                                   const internal::TokenDescription& description) {
  for (const std::string& key : world_.keyholders.keys_of(token)) {
    KeyState& state = state_of(token, key);
    if (state.generation == generation) continue;
    const internal::KeyDescription* described = find_key(description, key);
    if (described == nullptr) {
      ops::error("a keyholder does not know a key of its token", {{"key", key}, {"token", token}});
    } else {
      SIGNET_CHECK(log(fields_of(token, description, *described,
                                 state.is_known ? log::KeyEvent::kRestored : log::KeyEvent::kFound)));
    }
    state = {.generation = generation, .is_known = true};
  }
  return {};
}

/// A keyholder that cannot be asked just now is asked again at the next look.
void TokenWatch::check_memory() {
  const auto checked = world_.publisher.check_memory(world_.log_key);
  memory_unchecked_ = !checked.has_value() && checked.error().retryable;
  if (checked.has_value() || memory_unchecked_) return;
  Error why = checked.error();
  why.code = ErrorCode::kFailedPrecondition;
  world_.gate.close(IssuingGate::Reason::kMemory, std::move(why));
}

}  // namespace signet
