// One request for a signature, from its arrival to its answer.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "wire/channel.h"
#include "wire/internal.pb.h"
#include "x509/algorithm.h"

namespace signet {

/// The channel to one generation of the issuer.
struct IssuerLink {
  Channel channel;
  std::uint64_t generation;
};

/// Whoever answers first, answers: the thread that works on it, or the one that watches.
struct Work {
  std::shared_ptr<IssuerLink> link;
  std::uint64_t id = 0;
  internal::SignRequest request = {};
  std::chrono::microseconds give_up_at{0};  ///< on the monotonic clock
  std::atomic<bool> answered{false};
};
using WorkPtr = std::shared_ptr<Work>;

/// Sends the answer, unless there was one. Thread-safe.
void answer(Work& work, const Result<SignatureValue>& result);

/// What a thread that signs is at. Thread-safe.
class Worker {
 public:
  void begin(WorkPtr work) { set(std::move(work)); }
  void end() { set(nullptr); }
  [[nodiscard]] WorkPtr current() const {
    const std::scoped_lock lock(mutex_);
    return current_;
  }

 private:
  void set(WorkPtr work) {
    const std::scoped_lock lock(mutex_);
    current_ = std::move(work);
  }
  mutable std::mutex mutex_;
  WorkPtr current_;
};

}  // namespace signet
