#include "keyholder/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/ops_log.h"
#include "keyholder/leave.h"

namespace signet {
namespace {

constexpr std::chrono::milliseconds kBetweenWatches{200};
constexpr std::chrono::milliseconds kLongestBetweenKeepAlives{1000};
constexpr std::chrono::milliseconds kQuiet{2000};         // without a request: leaving costs nobody anything
constexpr std::chrono::milliseconds kForTheOthers{300};   // to finish, when sessions hang
constexpr std::chrono::milliseconds kBetweenSyncs{1000};  // of the journal

/// It may be there again for the next keyholder.
Error token_lost(std::string why) {
  return {.code = ErrorCode::kUnavailable, .message = std::move(why), .retryable = true};
}

}  // namespace

void Watch::start() {
  std::thread([this] { watch(); }).detach();
  std::thread([this] { sync_memory(); }).detach();
  if (world_.signing.token.keep_alive.count() > 0) std::thread([this] { keep_alive(); }).detach();
}

/// That this thread runs is what signetd is told all the time.
void Watch::watch() {
  const SigningWorld& signing = world_.signing;
  while (true) {
    std::this_thread::sleep_for(kBetweenWatches);
    answer_who_waited_too_long();
    const auto hung = signing.sessions.held_since(signing.clock.monotonic() - signing.token.deadline - kGrace);
    leave_if_sessions_hang(hung);
    say_that_it_lives(hung);
  }
}

void Watch::answer_who_waited_too_long() {
  const std::chrono::microseconds now = world_.signing.clock.monotonic();
  for (const Worker& worker : world_.workers) {
    const WorkPtr work = worker.current();
    if (work == nullptr || now < work->give_up_at) continue;
    answer(*work, fail_retryable(ErrorCode::kDeadlineExceeded, "the token did not answer within its deadline",
                                 std::chrono::milliseconds(100)));
  }
}

/// One session that hangs costs its own request. The process is left when half of them do, when one of a checkpoint
/// does (they are signed one by one, so no other would be), or when nobody wants anything.
void Watch::leave_if_sessions_hang(const SessionPool::Held& hung) {
  const SigningWorld& signing = world_.signing;
  if (hung.all > hung_before_) {
    ops::error("sessions of the token hang in a call", {{"token", signing.token.name},
                                                        {"hang", std::to_string(hung.all)},
                                                        {"sessions", std::to_string(signing.sessions.places())}});
  }
  hung_before_ = hung.all;
  if (hung.all == 0) return;
  const auto idle = signing.clock.monotonic() - std::chrono::microseconds(last_request_);
  if (hung.all * 2 < signing.sessions.places() && hung.by_checkpoints == 0 && idle < kQuiet) return;
  static_cast<void>(world_.queue.drain(kForTheOthers, hung.by_requests));
  ops::error("the token hangs; leaving to be restarted", {{"token", signing.token.name}});
  leave(world_.control, token_lost(fmt::format("{} of its {} sessions hang in a call of the module", hung.all,
                                               signing.sessions.places())));
}

void Watch::say_that_it_lives(const SessionPool::Held& hung) {
  internal::ChildToSupervisor message;
  message.mutable_alive()->set_sessions(world_.signing.sessions.places());
  message.mutable_alive()->set_sessions_hung(hung.all);
  message.mutable_alive()->set_in_hand(static_cast<std::uint32_t>(world_.queue.in_hand()));
  static_cast<void>(world_.control.send(message));  // a supervisor that has gone is noticed where it is listened to
}

void Watch::keep_alive() {
  const std::chrono::seconds idle = world_.signing.token.keep_alive;
  const auto pause = std::min<std::chrono::milliseconds>(idle / 4, kLongestBetweenKeepAlives);
  while (true) {
    std::this_thread::sleep_for(pause);
    keep_sessions_alive(world_.signing, idle);
    leave_if_token_is_lost();
  }
}

void Watch::sync_memory() {
  while (true) {
    std::this_thread::sleep_for(kBetweenSyncs);
    leave_if_lost(world_.memory.sync());
  }
}

void Watch::leave_if_lost(const Result<void>& memory) const {
  if (memory.has_value()) return;
  ops::error("leaving to be restarted", {{"why", memory.error().message}});
  leave(world_.control, {.code = ErrorCode::kFailedPrecondition, .message = memory.error().message});
}

void Watch::leave_if_token_is_lost() const {
  const auto loss = world_.signing.health.loss();
  if (!loss) return;
  ops::error("the token is lost to this process; leaving to be restarted",
             {{"token", world_.signing.token.name}, {"why", *loss}});
  leave(world_.control, token_lost(*loss));
}

}  // namespace signet
