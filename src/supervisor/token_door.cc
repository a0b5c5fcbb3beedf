#include "supervisor/token_door.h"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "base/clock.h"
#include "base/file.h"
#include "base/ops_log.h"

namespace signet {

namespace {

constexpr std::size_t kLongestReason = 4096;

/// With the PIN and where it came from, and nothing that an operator allowed for one start.
DoorKey copy_of(const DoorKey& key) {
  DoorKey copy{.pin = {}, .is_configured = key.is_configured};
  if (!key.pin.empty()) copy.pin = key.pin.expose([](std::span<const std::uint8_t> bytes) { return Secret(bytes); });
  return copy;
}

std::string credential_path(const std::string& name) {
  const char* const directory = std::getenv("CREDENTIALS_DIRECTORY");
  return directory == nullptr ? std::string() : fmt::format("{}/{}", directory, name);
}

Result<Secret> read_credential(const std::string& name, const std::string& field) {
  const std::string path = credential_path(name);
  if (path.empty()) {
    return fail(
        ErrorCode::kFailedPrecondition,
        fmt::format("{} is \"{}\", but CREDENTIALS_DIRECTORY is not set: signetd is not started by systemd with "
                    "LoadCredential={}:FILE",
                    field, name, name),
        field);
  }
  SIGNET_TRY(const UniqueFd file, open_file(path, FileTrust::kCredential, field));
  return read_secret(file.get(), path, field);
}

}  // namespace

TokenDoor::TokenDoor(const TokenConfig& config, const std::string& state_directory)
    : config_(config),
      shut_note_(fmt::format("{}/token-{}.shut", state_directory, config.name)),
      drained_note_(fmt::format("{}/token-{}.drained", state_directory, config.name)),
      wrong_(fmt::format("{}/token-{}.wrong-pin", state_directory, config.name)),
      unheard_(fmt::format("{}/token-{}.trying", state_directory, config.name)) {}

std::string TokenDoor::field() const { return fmt::format("token.{}.{}", config_.name, config_.pin.key()); }

Result<void> TokenDoor::prepare(InheritedDescriptors& inherited) {
  if (config_.pin.source == PinSource::kDescriptor) {
    SIGNET_TRY(const UniqueFd descriptor, inherited.take(config_.pin.descriptor, field()));
    SIGNET_TRY(Secret pin,
               read_secret(descriptor.get(), fmt::format("descriptor {}", config_.pin.descriptor), field()));
    given_ = DoorKey{.pin = std::move(pin), .is_configured = true};
  }
  SIGNET_CHECK(read_notes());
  if (shut_.has_value()) given_.reset();
  return {};
}

Result<void> TokenDoor::read_notes() {
  SIGNET_TRY(const std::optional<std::string> drained, drained_note_.read());
  drained_ = drained.has_value();
  SIGNET_TRY(const std::optional<std::string> shut, shut_note_.read());
  if (shut.has_value()) shut_ = printable(*shut, kLongestReason);
  SIGNET_CHECK(unheard_.read(identity_of(config_.pin)));
  if (unheard_.are_too_many()) recognise_unheard_pin();
  SIGNET_TRY(const std::optional<std::string> tried_at, wrong_.noted(identity_of(config_.pin)));
  if (tried_at.has_value()) recognise_wrong_pin(*tried_at);
  return {};
}

/// The configured PIN is the one that was wrong before this signetd was started, as far as anybody can tell.
void TokenDoor::recognise_wrong_pin(const std::string& tried_at) {
  wrong_.recognise(mark_of_configured());
  if (shut_.has_value()) return;
  shut_ = fmt::format("the PIN of {} was wrong (tried at {}), and nothing says that it was replaced: mend it", field(),
                      tried_at);
}

/// It may have been wrong: nobody has heard what the token said.
void TokenDoor::recognise_unheard_pin() {
  wrong_.recognise(mark_of_configured());
  if (shut_.has_value()) return;
  shut_ = fmt::format(
      "{} times in a row signetd was killed, or the power was cut, while the token had the PIN, so it may have been "
      "counted as wrong and is not tried again: find out why, and be sure of the PIN",
      UnfinishedTries::kMost);
}

std::optional<PinMark> TokenDoor::mark_of_configured() {
  std::optional<PinMark> mark;
  if (given_.has_value()) mark = marks_.of(given_->pin);
  if (config_.pin.can_be_read_again()) {
    const auto pin = read_configured();
    if (pin.has_value()) mark = marks_.of(*pin);
  }
  return mark;
}

TokenDoor::State TokenDoor::state() const noexcept {
  if (drained_) return State::kDrained;
  if (given_.has_value()) return State::kFree;
  if (shut_.has_value()) return State::kShut;
  return config_.pin.can_be_read_again() || kept_.has_value() ? State::kFree : State::kNoPin;
}

std::string TokenDoor::next_step() const {
  const std::string& name = config_.name;
  switch (state()) {
    case State::kFree: return {};
    case State::kNoPin: return fmt::format("token '{}' waits for its PIN: signet admin unlock {}", name, name);
    case State::kShut:
      return fmt::format("token '{}' stays shut: {}; then: signet admin unlock {}", name, *shut_, name);
    case State::kDrained: return fmt::format("token '{}' is out of use: signet admin undrain {}", name, name);
  }
  return {};
}

Result<Secret> TokenDoor::read_configured() const {
  if (config_.pin.source == PinSource::kCredential) return read_credential(config_.pin.credential, field());
  return read_secret_file(config_.pin.file, field());
}

/// A PIN that was wrong is tried again when an operator says so, or when it is another one.
Result<Secret> TokenDoor::configured_for_start(bool an_operator_wants_it) {
  source_ = identity_of(config_.pin);  // before the reading: what changes in between counts as changed
  SIGNET_TRY(Secret pin, read_configured());
  if (an_operator_wants_it || !wrong_.is(marks_.of(pin))) return pin;
  shut_ = fmt::format("the PIN of {} is the one that was wrong, and is not tried again: mend it", field());
  return fail(ErrorCode::kFailedPrecondition, next_step(), field());
}

Result<DoorKey> TokenDoor::key_for_start() {
  const bool is_given = given_.has_value();
  DoorKey key;
  if (is_given) key = *std::exchange(given_, std::nullopt);
  std::optional<DoorKey> given;
  if (is_given) given = copy_of(key);
  source_ = identity_of(config_.pin);
  if (key.pin.empty() && kept_.has_value()) {
    DoorKey kept = copy_of(*kept_);
    key.pin = std::move(kept.pin);
    key.is_configured = kept.is_configured;
  } else if (key.pin.empty()) {
    SIGNET_TRY(key.pin, configured_for_start(is_given));
    key.is_configured = true;
  }
  is_configured_ = key.is_configured;
  untried_ = std::move(given);
  tried_.reset();
  if (config_.pin.keep) tried_ = copy_of(key);
  in_use_.reset();
  // Not of a PIN that this process is not to know any more.
  if (config_.pin.keep || config_.pin.can_be_read_again() || wrong_.is_known()) in_use_ = marks_.of(key.pin);
  return key;
}

void TokenDoor::pin_is_tried() {
  untried_.reset();
  is_trying_ = true;
  if (!was_right_before()) unheard_.begin(source_);
}

void TokenDoor::pin_was_right() {
  untried_.reset();
  is_trying_ = false;
  unheard_.end();
  unfinished_tries_ = 0;
  was_right_ = in_use_;
  if (is_configured_ || wrong_.is_surely(in_use_)) wrong_.forget();
}

void TokenDoor::opened() {
  pin_was_right();
  if (tried_.has_value() && tried_->pin.is_locked()) kept_ = std::exchange(tried_, std::nullopt);
  if (tried_.has_value())
    ops::warning("the PIN is not kept: RLIMIT_MEMLOCK lets no memory be locked", {{"token", config_.name}});
  tried_.reset();
  shut_.reset();
  if (const auto removed = shut_note_.remove(); !removed.has_value()) {
    ops::error("a token is open, but the note that it stays shut cannot be removed",
               {{"token", config_.name}, {"reason", removed.error().message}});
  }
}

bool TokenDoor::closes_for(const Error& failure) {
  is_trying_ = false;  // the token answered
  const bool is_of_pin = failure.field == fmt::format("token.{}.pin", config_.name);
  const bool closes = is_of_pin || failure.code == ErrorCode::kUnauthenticated;
  if (closes) shut(failure);
  unheard_.end();  // behind the note that it stays shut
  return closes;
}

void TokenDoor::left() {
  tried_.reset();
  if (untried_.has_value()) keep_untried();
  if (!std::exchange(is_trying_, false)) return;
  try_was_unfinished();
  unheard_.end();
}

void TokenDoor::keep_untried() {
  DoorKey key = *std::exchange(untried_, std::nullopt);
  if (given_.has_value()) return;  // a newer one
  if (key.pin.empty() || key.pin.is_locked()) {
    given_ = std::move(key);
  } else {
    ops::warning("the PIN was not tried, and is not kept until it is: RLIMIT_MEMLOCK lets no memory be locked",
                 {{"token", config_.name}});
  }
}

bool TokenDoor::was_right_before() const noexcept {
  return in_use_.has_value() && was_right_.has_value() && PinMarks::same(*in_use_, *was_right_);
}

void TokenDoor::try_was_unfinished() {
  if (was_right_before() && ++unfinished_tries_ < kMostUnfinishedTries) {
    return ops::warning("a keyholder left while it logged in; its PIN was right before, and is tried again",
                        {{"token", config_.name}, {"tries_without_an_answer", std::to_string(unfinished_tries_)}});
  }
  shut(Error{.code = ErrorCode::kUnauthenticated,
             .message = "its keyholder left while it logged in, so the PIN may have been counted as wrong and is not "
                        "tried again: find out why the login did not end, and be sure of the PIN",
             .field = fmt::format("token.{}.pin", config_.name)});
}

/// A PIN that was tried, unlike one that was refused beforehand, must not be tried by the next signetd either.
void TokenDoor::shut(const Error& why) {
  kept_.reset();
  tried_.reset();
  untried_.reset();
  was_right_.reset();
  unfinished_tries_ = 0;
  shut_ = printable(why.message, kLongestReason / 2);
  ops::error("a token stays shut until an operator opens it", {{"token", config_.name}, {"next", next_step()}});
  if (why.code != ErrorCode::kUnauthenticated) return;
  if (is_configured_) wrong_.remember(in_use_, source_);
  const auto noted = shut_note_.write(fmt::format("{} (tried at {})", *shut_, to_rfc3339(system_clock().now())));
  if (noted.has_value()) return;
  ops::error("a token stays shut, but the next signetd will not know",
             {{"token", config_.name}, {"reason", noted.error().message}});
}

Result<void> TokenDoor::set_drained(bool drained) {
  drained_ = drained;
  drained_is_noted_ =
      drained ? drained_note_.write("drained at " + to_rfc3339(system_clock().now())) : drained_note_.remove();
  if (drained_is_noted_.has_value()) return drained_is_noted_;
  ops::error(drained ? "a token is drained, but the next signetd will not know"
                     : "a token is used again, but the note that it is drained cannot be removed",
             {{"token", config_.name}, {"reason", drained_is_noted_.error().message}});
  return drained_is_noted_;
}

void TokenDoor::open_with(DoorKey key) { given_ = std::move(key); }

Result<void> TokenDoor::open_again(bool despite_count_low, bool despite_final_try) {
  if (!config_.pin.can_be_read_again() && !kept_.has_value()) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("{} is no source that can be read again; give the PIN: signet admin unlock {}", field(),
                            config_.name),
                "--configured");
  }
  given_ = DoorKey{.pin = Secret(), .despite_count_low = despite_count_low, .despite_final_try = despite_final_try};
  return {};
}

}  // namespace signet
