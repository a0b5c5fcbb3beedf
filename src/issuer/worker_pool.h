// Threads that work on requests, and a bounded queue in front of them.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace signet {

/// Thread-safe.
class WorkerPool {
 public:
  WorkerPool(std::size_t workers, std::size_t queue);
  /// As finish().
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False when the queue is full or finish() was called; the job is not kept then.
  [[nodiscard]] bool try_submit(std::function<void()> job);
  /// Works off what is queued, takes nothing new, and ends the threads.
  void finish();
  /// Jobs queued or being worked on.
  [[nodiscard]] std::size_t in_flight() const;

 private:
  void work();

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  std::size_t busy_ = 0;
  bool finishing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace signet
