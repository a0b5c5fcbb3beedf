// Who looks after an open token while others sign.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>

#include "keyholder/memory.h"
#include "keyholder/signer.h"
#include "keyholder/work.h"
#include "keyholder/work_queue.h"
#include "wire/control.h"

namespace signet {

/// Beyond the token's deadline, for a call of the module: what takes longer hangs.
inline constexpr std::chrono::milliseconds kGrace{300};

/// What is watched; all of it outlives the watch.
struct WatchWorld {
  ControlChannel& control;
  SigningWorld signing;
  Memory& memory;
  WorkQueue<WorkPtr>& queue;
  const std::list<Worker>& workers;
};

/// Answers requests that waited too long, says all the time that the process lives (internal::Alive), keeps idle
/// sessions alive and the memory synced, and ends the process (leave(): signetd hears why and starts another one) when
/// sessions hang, the token is lost to it, or it cannot remember. A module that hangs in a call cannot be interrupted:
/// others go on meanwhile, and where too many hang, the process can be left. Thread-safe; lives as long as the process.
class Watch {
 public:
  explicit Watch(const WatchWorld& world) : world_(world) {}

  /// Its threads, detached.
  void start();
  /// A request has come. A process that nobody asks anything can be left without harm.
  void note_request() noexcept { last_request_ = world_.signing.clock.monotonic().count(); }

  /// A keyholder that cannot remember signs nothing. What it wrote is not to be trusted on this descriptor; the next
  /// one reads the file again. The token is not to blame, so this is never retryable.
  void leave_if_lost(const Result<void>& memory) const;
  void leave_if_token_is_lost() const;

 private:
  void watch();
  void answer_who_waited_too_long();
  void leave_if_sessions_hang(const SessionPool::Held& hung);
  void say_that_it_lives(const SessionPool::Held& hung);
  void keep_alive();
  void sync_memory();

  WatchWorld world_;
  std::atomic<std::int64_t> last_request_{0};  // microseconds, on the monotonic clock
  unsigned hung_before_ = 0;                   // of the watching thread
};

}  // namespace signet
