#include "keyholder/session_pool.h"

#include <algorithm>

namespace signet {
namespace {

using std::chrono::microseconds;

constexpr std::chrono::seconds kLeftEmpty{1};
constexpr std::chrono::milliseconds kRetryAfter{500};

}  // namespace

PooledSession& SessionPool::Lease::operator*() const noexcept { return place_->content; }

PooledSession* SessionPool::Lease::operator->() const noexcept { return &place_->content; }

void SessionPool::Lease::drop() const { pool_->empty(*place_); }

void SessionPool::Lease::leave_empty() const {
  drop();
  const std::scoped_lock lock(pool_->mutex_);
  place_->empty_until = pool_->clock_.monotonic() + kLeftEmpty;
}

SessionPool::Mark SessionPool::Lease::mark() const {
  const std::scoped_lock lock(pool_->mutex_);
  return {*place_, place_->drops};
}

SessionPool::SessionPool(unsigned places, const Clock& clock) : clock_(clock), places_(places) {
  for (Place& place : places_) free_.push_back(&place);
}

Result<SessionPool::Lease> SessionPool::take(SessionUse use, microseconds give_up_at) {
  std::unique_lock lock(mutex_);
  while (true) {
    const microseconds now = clock_.monotonic();
    if (now >= give_up_at) {
      return fail_retryable(ErrorCode::kDeadlineExceeded,
                            "no session of the token was free before the deadline; nothing was signed", kRetryAfter);
    }
    if (Place* place = find_free(now); place != nullptr) return hold(*place, use);
    if (gives_no_sessions(now)) {
      return fail_retryable(ErrorCode::kUnavailable, "the token has no session left to give; nothing was signed",
                            kRetryAfter);
    }
    changed_.wait_for(lock, std::min<microseconds>(give_up_at - now, kLeftEmpty));
  }
}

std::optional<SessionPool::Lease> SessionPool::take_idle(microseconds idle_for) {
  const std::scoped_lock lock(mutex_);
  const auto is_idle = [&, now = clock_.monotonic()](const Place* place) {
    return place->content.session.has_value() && now - place->idle_since >= idle_for;
  };
  const auto found = std::ranges::find_if(free_, is_idle);
  if (found == free_.end()) return std::nullopt;
  return hold(**found, SessionUse::kKeepAlive);
}

SessionPool::Held SessionPool::held_since(microseconds before) const {
  const std::scoped_lock lock(mutex_);
  Held held;
  for (const Place& place : places_) {
    if (!place.held_since || *place.held_since > before) continue;
    ++held.all;
    if (place.use != SessionUse::kKeepAlive) ++held.by_requests;
    if (place.use == SessionUse::kCheckpoint) ++held.by_checkpoints;
  }
  return held;
}

void SessionPool::distrust(const Mark& mark) {
  std::unique_lock lock(mutex_);
  Place& place = *mark.place_;
  if (place.drops != mark.drops_) return;
  if (place.held_since) {
    place.is_condemned = true;
    return;
  }
  const Lease lease = hold(place, SessionUse::kKeepAlive);
  lock.unlock();
  lease.drop();
}

/// By who holds the place, and without the lock: closing a session is a call of the module, which may take its time.
void SessionPool::empty(Place& place) {
  place.content.handles.clear();
  place.content.session.reset();
  const std::scoped_lock lock(mutex_);
  ++place.drops;
  place.is_condemned = false;
}

void SessionPool::give_back(Place& place) {
  std::unique_lock lock(mutex_);
  if (place.is_condemned) {
    lock.unlock();
    empty(place);
    lock.lock();
  }
  const microseconds now = clock_.monotonic();
  place.held_since.reset();
  place.idle_since = now;
  free_.push_back(&place);
  const bool none_is_left = gives_no_sessions(now);
  lock.unlock();
  none_is_left ? changed_.notify_all() : changed_.notify_one();
}

/// One with a session first: a new session costs several calls.
SessionPool::Place* SessionPool::find_free(microseconds now) {
  const auto open = std::ranges::find_if(free_, [](const Place* place) { return place->content.session.has_value(); });
  if (open != free_.end()) return *open;
  const auto closed = std::ranges::find_if(free_, [&](const Place* place) { return place->empty_until <= now; });
  return closed == free_.end() ? nullptr : *closed;
}

SessionPool::Lease SessionPool::hold(Place& place, SessionUse use) {
  std::erase(free_, &place);
  place.use = use;
  place.held_since = clock_.monotonic();
  return Lease(*this, place);
}

bool SessionPool::gives_no_sessions(microseconds now) const {
  return free_.size() == places_.size() &&
         std::ranges::all_of(places_, [&](const Place& place) { return place.empty_until > now; });
}

}  // namespace signet
