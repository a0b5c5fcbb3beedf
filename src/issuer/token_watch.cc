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
  for (const auto& [token, link] : world_.keyholders.tokens()) SIGNET_CHECK(look_at(token, *link, known_[token]));
  if (memory_unchecked_) check_memory();
  return {};
}

Result<void> TokenWatch::look_at(const std::string& token, const KeyholderLink& link, Known& known) {
  const std::uint64_t generation = link.generation();
  const bool is_away_from_the_start = generation == 0 && !known.is_known && link.away();
  if (generation == known.generation && !is_away_from_the_start) return {};
  if (known.generation != 0 || is_away_from_the_start) {
    SIGNET_CHECK(log_lost(token, known));
    known = {.is_known = true};
  }
  if (generation == 0) return {};
  const auto description = world_.keyholders.find_token(token)->describe(world_.config.issue.sign_deadline);
  if (!description.has_value()) {
    ops::warning("a token cannot be described", {{"token", token}, {"reason", description.error().message}});
    return {};
  }
  SIGNET_CHECK(log_found(token, *description, known));
  known = {.generation = generation, .is_known = true};
  memory_unchecked_ = memory_unchecked_ || world_.keyholders.token_of(world_.config.log.key) == token;
  return {};
}

/// A change is logged key by key. What fails in between goes on there at the next look.
Result<void> TokenWatch::log_once(const log::KeyFields& fields, Known& known) {
  if (known.told.contains(fields.key)) return {};
  SIGNET_TRY([[maybe_unused]] const std::uint64_t index,
             world_.log.append(log::key_draft(fields), log::Urgency::kEssential));
  known.told.insert(fields.key);
  return {};
}

Result<void> TokenWatch::log_lost(const std::string& token, Known& known) {
  for (const std::string& key : world_.keyholders.keys_of(token)) {
    ops::warning("a key is lost", {{"key", key}, {"token", token}});
    SIGNET_CHECK(log_once(
        {.event = log::KeyEvent::kLost, .key = key, .token = token, .uri = world_.config.keys.at(key).uri.text()},
        known));
  }
  return {};
}

Result<void> TokenWatch::log_found(const std::string& token, const internal::TokenDescription& description,
                                   Known& known) {
  const log::KeyEvent event = known.is_known ? log::KeyEvent::kRestored : log::KeyEvent::kFound;
  for (const std::string& key : world_.keyholders.keys_of(token)) {
    const internal::KeyDescription* described = find_key(description, key);
    if (described == nullptr) {
      ops::error("a keyholder does not know a key of its token", {{"key", key}, {"token", token}});
      continue;
    }
    SIGNET_CHECK(log_once(fields_of(token, description, *described, event), known));
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
