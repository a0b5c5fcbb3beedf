#include "issuer/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace signet {
namespace {

TEST(WorkerPool, RunsJobsAtTheSameTime) {
  WorkerPool pool(2, 10);
  std::promise<void> first_runs;
  std::promise<void> second_ran;
  ASSERT_TRUE(pool.try_submit([&] {
    first_runs.set_value();
    second_ran.get_future().wait();
  }));
  first_runs.get_future().wait();
  ASSERT_TRUE(pool.try_submit([&] { second_ran.set_value(); }));
  pool.finish();  // returns only if the second did not wait for the first
}

TEST(WorkerPool, RefusesWhatItHasNoRoomForAndFinishesWhatItTook) {
  std::atomic<int> done{0};
  WorkerPool pool(1, 2);
  std::promise<void> started;
  std::promise<void> go_on;
  ASSERT_TRUE(pool.try_submit([&] {
    started.set_value();
    go_on.get_future().wait();
    ++done;
  }));
  started.get_future().wait();
  EXPECT_TRUE(pool.try_submit([&] { ++done; }));
  EXPECT_TRUE(pool.try_submit([&] { ++done; }));
  EXPECT_FALSE(pool.try_submit([&] { ++done; }));
  EXPECT_EQ(pool.in_flight(), 3U);
  go_on.set_value();
  pool.finish();
  EXPECT_EQ(done, 3);
  EXPECT_EQ(pool.in_flight(), 0U);
  EXPECT_FALSE(pool.try_submit([&] { ++done; }));
}

}  // namespace
}  // namespace signet
