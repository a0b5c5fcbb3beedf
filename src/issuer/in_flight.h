// Requests that are being worked on, by idempotency key.
#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "base/bytes.h"

namespace signet {

/// Lets one request of each client and idempotency key through at a time: a repeated one waits for the first, and then
/// finds its answer in the store. Thread-safe.
class InFlight {
 public:
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

  /// Waits while the same pair is in flight. An empty key is never the same as another.
  [[nodiscard]] Pass enter(const std::string& client, ByteView key) {
    if (key.empty()) return {};
    std::string id = client + '\n' + to_hex(key);
    std::unique_lock lock(mutex_);
    left_.wait(lock, [&] { return !ids_.contains(id); });
    ids_.insert(id);
    return {this, std::move(id)};
  }

 private:
  void leave(const std::string& id) {
    {
      const std::scoped_lock lock(mutex_);
      ids_.erase(id);
    }
    left_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable left_;
  std::set<std::string> ids_;
};

}  // namespace signet
