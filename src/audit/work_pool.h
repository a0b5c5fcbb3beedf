// Threads that check while one thread reads and puts the results together.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "signet/result.h"

namespace signet::audit {

/// A job must not wait for another one. Jobs that have not begun when the pool ends are dropped.
class WorkPool {
 public:
  /// Error kResourceExhausted when the system has no thread to give.
  [[nodiscard]] static Result<std::unique_ptr<WorkPool>> make(unsigned threads);
  ~WorkPool();
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  [[nodiscard]] std::size_t threads() const noexcept { return threads_.size(); }

  template <class F>
  auto submit(F job) -> std::future<decltype(job())> {
    // std::function wants what it holds to be copyable, and a packaged task is not.
    auto task = std::make_shared<std::packaged_task<decltype(job())()>>(std::move(job));
    auto result = task->get_future();
    push([task] { (*task)(); });
    return result;
  }

 private:
  WorkPool() = default;
  void push(std::function<void()> job);
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

/// Results in the order in which their jobs were given, a bounded number of them under way.
template <class T>
class Pipeline {
 public:
  explicit Pipeline(std::size_t limit) : limit_(limit) {}
  [[nodiscard]] bool full() const noexcept { return results_.size() >= limit_; }
  [[nodiscard]] bool empty() const noexcept { return results_.empty(); }
  void push(std::future<T> result) { results_.push_back(std::move(result)); }
  /// Waits for the oldest.
  [[nodiscard]] T pop() {
    T result = results_.front().get();
    results_.pop_front();
    return result;
  }

 private:
  std::size_t limit_;
  std::deque<std::future<T>> results_;
};

}  // namespace signet::audit
