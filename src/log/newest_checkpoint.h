// The newest checkpoint, shared by those who ask for it, wait for it, and make it. Internal to log.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "log/merkle.h"
#include "log/published_log.h"
#include "log/publisher.h"

namespace signet::log {

/// A checkpoint and what belongs to it. Immutable.
struct PublishedState {
  Published published;
  std::optional<SignedHead> head;  ///< nothing before the first
  MerkleFrontier frontier;
  [[nodiscard]] std::uint64_t size() const noexcept { return published.size; }
};
using PublishedStatePtr = std::shared_ptr<const PublishedState>;

[[nodiscard]] Result<PublishedStatePtr> make_published_state(SignedHead head, MerkleFrontier frontier, Time now);

/// Thread-safe.
class NewestCheckpoint {
 public:
  [[nodiscard]] PublishedStatePtr get() const;
  /// `began`: when the entries were counted that it covers, so that whatever it does not cover came later.
  void set(PublishedStatePtr newest, std::chrono::microseconds began);
  /// Nothing newer will come: nobody waits any more.
  void end();

  /// As Publisher::wait_for.
  [[nodiscard]] bool wait_for(std::uint64_t index, std::chrono::milliseconds patience);
  /// Since when entries wait, with `size` of them in the log `now`.
  [[nodiscard]] std::optional<std::chrono::microseconds> waiting_since(std::uint64_t size,
                                                                       std::chrono::microseconds now);

 private:
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable progress_;
  PublishedStatePtr newest_ = std::make_shared<const PublishedState>();
  std::optional<std::chrono::microseconds> waiting_;
  bool ended_ = false;
};

}  // namespace signet::log
