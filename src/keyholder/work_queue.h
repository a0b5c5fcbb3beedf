// A bounded queue between the threads that read and those that work.
#pragma once

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
    if (items_.empty() && in_work_ == 0) idle_.notify_all();
  }

  /// Takes nothing new and waits until everything that was taken is finished.
  void drain() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    idle_.wait(lock, [&] { return items_.empty() && in_work_ == 0; });
  }

 private:
  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable idle_;
  std::deque<Item> items_;
  std::size_t in_work_ = 0;
  bool closed_ = false;
};

}  // namespace signet
