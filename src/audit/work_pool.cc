#include "audit/work_pool.h"

#include <fmt/format.h>

#include <system_error>

namespace signet::audit {

Result<std::unique_ptr<WorkPool>> WorkPool::make(unsigned threads) {
  std::unique_ptr<WorkPool> pool(new WorkPool);
  try {
    for (unsigned i = 0; i < threads; ++i) pool->threads_.emplace_back([raw = pool.get()] { raw->run(); });
  } catch (const std::system_error& error) {
    return fail(ErrorCode::kResourceExhausted, fmt::format("cannot start {} threads: {}", threads, error.what()),
                "threads");
  }
  return pool;
}

WorkPool::~WorkPool() {
  {
    const std::lock_guard guard(mutex_);
    stopped_ = true;
    jobs_.clear();
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkPool::push(std::function<void()> job) {
  {
    const std::lock_guard guard(mutex_);
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void WorkPool::run() {
  while (true) {
    std::function<void()> job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopped_ || !jobs_.empty(); });
      if (stopped_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace signet::audit
