// A bounded queue between the threads that read and those that work.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace signet {

/// First in, first out, at most `capacity` items. Thread-safe.
template <class Item>
class WorkQueue {
 public:
  explicit WorkQueue(std::size_t capacity) : capacity_(capacity) {}

  /// False, and `item` is gone, when the queue is full or closed.
  [[nodiscard]] bool push(Item item) {
    const std::scoped_lock lock(mutex_);
    if (closed_ || items_.size() >= capacity_) return false;
    items_.push_back(std::move(item));
    changed_.notify_one();
    return true;
  }

  /// Waits for an item. Whoever takes one calls finished() after the work.
  [[nodiscard]] Item pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !items_.empty(); });
    Item item = std::move(items_.front());
    items_.pop_front();
    ++in_work_;
    return item;
  }

  void finished() {
    const std::scoped_lock lock(mutex_);
    --in_work_;
    progress_.notify_all();
  }

  /// How many items wait or are being worked on.
  [[nodiscard]] std::size_t in_hand() const {
    const std::scoped_lock lock(mutex_);
    return items_.size() + in_work_;
  }

  /// Takes nothing new from now on, and waits until no more than `but` items are in hand. False after `patience`.
  [[nodiscard]] bool drain(std::chrono::milliseconds patience, std::size_t but = 0) {
    std::unique_lock lock(mutex_);
    closed_ = true;
    return progress_.wait_for(lock, patience, [&] { return items_.size() + in_work_ <= but; });
  }

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable progress_;
  std::deque<Item> items_;
  std::size_t in_work_ = 0;
  bool closed_ = false;
};

}  // namespace signet
