#include "issuer/housekeeper.h"

#include <fmt/format.h>

#include "base/ops_log.h"
#include "log/entries.h"

namespace signet {

namespace {

constexpr std::chrono::milliseconds kBetweenLooks{1000};
constexpr std::chrono::milliseconds kRetryAfter{5000};

std::string in_seconds(std::chrono::microseconds duration) {
  return fmt::format("{:.1f} s", std::chrono::duration<double>(duration).count());
}

}  // namespace

Housekeeper::Housekeeper(const HousekeeperWorld& world)
    : world_(world), clock_watch_(world.clock), last_beat_(world.clock.monotonic()) {}

Housekeeper::~Housekeeper() { finish(); }

void Housekeeper::turn() {
  if (world_.log.failed()) return;  // nothing can be written, and prepare() refuses
  look_at_clock();
  if (const auto looked = world_.tokens.look(); !looked.has_value())
    ops::error("what happened to a key could not be logged", {{"reason", looked.error().message}});
  look_at_store();
  look_at_checkpoints();
  beat();
}

void Housekeeper::look_at_clock() {
  clock_ = clock_watch_.look();
  if (clock_.jump.count() != 0) {
    ops::warning("the clock was set", {{"by", in_seconds(clock_.jump)}, {"since_start", in_seconds(clock_.offset)}});
    append(log::clock_draft({.jump = clock_.jump, .offset = clock_.offset}));
  }
  const auto good = world_.clock.check();
  if (good.has_value() == clock_is_good_) return;
  clock_is_good_ = good.has_value();
  if (clock_is_good_) return ops::info("the clock is where it should be; certificates are issued again");
  ops::error("nothing is issued until this is over", {{"reason", good.error().message}});
}

void Housekeeper::look_at_store() {
  const auto room = world_.store.check_room();
  if (room.has_value()) return world_.gate.open(IssuingGate::Reason::kStore);
  world_.gate.close(IssuingGate::Reason::kStore, room.error());
}

void Housekeeper::look_at_checkpoints() {
  const auto since = world_.publisher.waiting_since();
  const auto waited = since.has_value() ? world_.clock.monotonic() - *since : std::chrono::microseconds(0);
  if (waited <= world_.config.checkpoint_patience) return world_.gate.open(IssuingGate::Reason::kCheckpoints);
  const auto trouble = world_.publisher.trouble();
  world_.gate.close(
      IssuingGate::Reason::kCheckpoints,
      {.code = ErrorCode::kUnavailable,
       .message = fmt::format("the audit log has had no new checkpoint for longer than log.checkpoint_patience ({}); "
                              "nothing is issued until there is one. {}",
                              format_duration(world_.config.checkpoint_patience),
                              trouble.has_value() ? "The last attempt: " + trouble->message : "It is being made"),
       .retryable = true,
       .retry_after = kRetryAfter});
}

void Housekeeper::beat() {
  const auto now = world_.clock.monotonic();
  if (now - last_beat_ < world_.config.heartbeat) return;
  last_beat_ = now;
  const log::Published newest = world_.publisher.newest();
  append(log::heartbeat_draft(
      {.checkpoint_size = newest.size,
       .checkpoint_root = newest.size == 0 ? std::optional<Sha256>() : std::optional<Sha256>(newest.root),
       .issued = world_.store.issued_count(),
       .clock_offset = clock_.offset}));
}

void Housekeeper::append(log::Draft draft) {
  const std::string type = draft.type;
  if (const auto logged = world_.log.append(std::move(draft), log::Urgency::kEssential); !logged.has_value())
    ops::error("an entry could not be logged", {{"type", type}, {"reason", logged.error().message}});
}

void Housekeeper::start() {
  thread_ = std::thread([this] {
    do {
      turn();
    } while (world_.wake_up.wait(kBetweenLooks));
  });
}

void Housekeeper::finish() {
  world_.wake_up.end();
  if (thread_.joinable()) thread_.join();
}

}  // namespace signet
