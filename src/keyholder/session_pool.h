// The sessions that sign, shared by the threads of the process.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "token/token_key.h"

namespace signet {

/// What a session is used for.
enum class SessionUse : std::uint8_t { kRequest, kCheckpoint, kKeepAlive };

/// A session and the handles of the keys that were looked up with it. There is no session where the last call on it
/// failed, and before the first.
struct PooledSession {
  std::optional<Pkcs11Session> session = {};
  std::map<std::string, TokenKey> handles = {};  ///< by the key's name in the configuration
};

/// A fixed number of places for sessions. Every call of the module that signs is made by a thread that holds a place:
/// so a module that takes one thread at a time has a pool of one. Thread-safe.
class SessionPool {
 private:
  struct Place {
    PooledSession content = {};
    SessionUse use = SessionUse::kRequest;
    std::optional<std::chrono::microseconds> held_since = {};
    std::chrono::microseconds idle_since{0};
    std::chrono::microseconds empty_until{0};  // the token gives this place no session until then
    std::uint64_t drops = 0;                   // a session is this place's from one of them to the next
    bool is_condemned = false;                 // its session is closed when the place comes back
  };

 public:
  /// `clock` outlives the pool.
  SessionPool(unsigned places, const Clock& clock);
  SessionPool(const SessionPool&) = delete;
  SessionPool& operator=(const SessionPool&) = delete;

  /// Which session somebody used, for distrust(). Outlives the lease, not the pool.
  class Mark {
    friend class SessionPool;
    Mark(Place& place, std::uint64_t drops) : place_(&place), drops_(drops) {}
    Place* place_;
    std::uint64_t drops_;
  };

  /// A place, held. Goes back when it is destroyed; a session that has been idle for longest is taken first. Move-only.
  class Lease {
   public:
    Lease(SessionPool& pool, Place& place) : pool_(&pool), place_(&place) {}
    Lease(Lease&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)), place_(other.place_) {}
    Lease& operator=(Lease&&) = delete;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() {
      if (pool_ != nullptr) pool_->give_back(*place_);
    }
    [[nodiscard]] PooledSession& operator*() const noexcept;
    [[nodiscard]] PooledSession* operator->() const noexcept;
    /// Closes the session, whose last call failed: while the place is still held, because this is a call, too.
    void drop() const;
    /// The token has no session to give at present: nobody takes this place for a while.
    void leave_empty() const;
    /// The session that is in it now.
    [[nodiscard]] Mark mark() const;

   private:
    SessionPool* pool_;
    Place* place_;
  };

  /// Waits for a place until `give_up_at` (Clock::monotonic): at that time none is given any more, not even a free one.
  /// Errors, both retryable: kDeadlineExceeded; kUnavailable where the token gave no session to any place.
  [[nodiscard]] Result<Lease> take(SessionUse use, std::chrono::microseconds give_up_at);
  /// A place whose session has been idle for so long; nothing when there is none.
  [[nodiscard]] std::optional<Lease> take_idle(std::chrono::microseconds idle_for);

  /// What came of that session was no good, as was found when it had gone back. It is closed: now, or when the one that
  /// holds it gives it back. Nothing happens where it has been dropped already.
  void distrust(const Mark& mark);

  [[nodiscard]] unsigned places() const noexcept { return static_cast<unsigned>(places_.size()); }
  /// Of the places that have been held since `before` or longer.
  struct Held {
    unsigned all = 0;
    unsigned by_requests = 0;  ///< checkpoints included
    unsigned by_checkpoints = 0;
  };
  [[nodiscard]] Held held_since(std::chrono::microseconds before) const;

 private:
  void give_back(Place& place);
  void empty(Place& place);
  [[nodiscard]] Place* find_free(std::chrono::microseconds now);
  [[nodiscard]] Lease hold(Place& place, SessionUse use);
  [[nodiscard]] bool gives_no_sessions(std::chrono::microseconds now) const;

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Place> places_;  // a deque, because leases point into it
  std::deque<Place*> free_;   // the one that came back first is in front
};

}  // namespace signet
