// What the issuer does from time to time: heartbeats, the clock, tokens, and whether checkpoints keep up.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "issuer/clock_watch.h"
#include "issuer/issuing_gate.h"
#include "issuer/token_watch.h"
#include "log/entry_log.h"
#include "log/publisher.h"
#include "store/store.h"

namespace signet {

/// What the housekeeper sleeps on. Thread-safe.
class WakeUp {
 public:
  /// Has it look soon: something happened to a token.
  void wake() { set(woken_); }
  /// Has it end.
  void end() { set(ended_); }
  /// Waits for the one or the other; false when it has to end.
  [[nodiscard]] bool wait(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, patience, [&] { return woken_ || ended_; });
    woken_ = false;
    return !ended_;
  }

 private:
  void set(bool& flag) {
    {
      const std::scoped_lock lock(mutex_);
      flag = true;
    }
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  bool ended_ = false;
};

/// Everything outlives the housekeeper.
struct HousekeeperWorld {
  const LogConfig& config;
  log::EntryLog& log;
  const log::Publisher& publisher;
  Store& store;
  const TrustedClock& clock;
  IssuingGate& gate;
  TokenWatch& tokens;
  WakeUp& wake_up;
};

/// Looks around once a second, on a thread of its own:
/// - the clock: a jump becomes an entry `clock` (what it says now, the gate asks by itself);
/// - the store: while its disk is nearly full, the gate is closed;
/// - tokens (TokenWatch);
/// - checkpoints: while entries wait for one longer than log.checkpoint_patience, the gate is closed;
/// - an entry `heartbeat` each log.heartbeat.
class Housekeeper {
 public:
  explicit Housekeeper(const HousekeeperWorld& world);
  /// As finish().
  ~Housekeeper();
  Housekeeper(const Housekeeper&) = delete;
  Housekeeper& operator=(const Housekeeper&) = delete;

  /// One look around. To be called by one thread at a time: not after start().
  void turn();
  void start();
  /// Ends the thread.
  void finish();

 private:
  void look_at_clock();
  void look_at_store();
  void look_at_checkpoints();
  void beat();
  void append(log::Draft draft);

  HousekeeperWorld world_;
  ClockWatch clock_watch_;
  ClockWatch::Look clock_;  // the last look
  bool clock_is_good_ = true;
  std::chrono::microseconds last_beat_;
  std::thread thread_;
};

}  // namespace signet
