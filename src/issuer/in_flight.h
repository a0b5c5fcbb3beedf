// Requests that are being worked on, by idempotency key.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/bytes.h"

namespace signet {

/// Lets one request of each client and idempotency key through at a time: a repeated one waits for the first, and then
/// finds its answer in the store. Only kMostWaiting wait, because each holds a worker. Thread-safe.
class InFlight {
 public:
  static constexpr int kMostWaiting = 2;

  /// Leaves when it is destroyed. Move-only.
  class Pass {
   public:
    Pass() = default;
    Pass(InFlight* owner, std::string id) : owner_(owner), id_(std::move(id)) {}
    Pass(Pass&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), id_(std::move(other.id_)) {}
    Pass& operator=(Pass&&) = delete;
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    ~Pass() {
      if (owner_ != nullptr) owner_->leave(id_);
    }

   private:
    InFlight* owner_ = nullptr;
    std::string id_;
  };

  /// Waits while the same pair is in flight; nothing when enough wait for it already. An empty key is never the same as
  /// another.
  [[nodiscard]] std::optional<Pass> enter(const std::string& client, ByteView key) {
    if (key.empty()) return Pass();
    std::string id = client + '\n' + to_hex(key);
    std::unique_lock lock(mutex_);
    if (const auto found = present_.find(id); found != present_.end() && found->second > kMostWaiting)
      return std::nullopt;
    ++present_[id];
    left_.wait(lock, [&] { return !busy_.contains(id); });
    busy_.insert(id);
    return Pass(this, std::move(id));
  }

 private:
  void leave(const std::string& id) {
    {
      const std::scoped_lock lock(mutex_);
      busy_.erase(id);
      if (--present_[id] == 0) present_.erase(id);
    }
    left_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable left_;
  std::map<std::string, int> present_;  // those at work and those that wait
  std::set<std::string> busy_;          // at work
};

}  // namespace signet
