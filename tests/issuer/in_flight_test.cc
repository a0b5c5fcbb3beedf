#include "issuer/in_flight.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "support/command.h"

namespace signet {
namespace {

TEST(InFlight, LetsOneOfEachPairThroughAtATime) {
  InFlight in_flight;
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::atomic<int> passes{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        const auto pass = in_flight.enter("client", bytes_of("key"));
        if (!pass.has_value()) continue;
        ++passes;
        const int now = ++inside;
        int seen = most;
        while (seen < now && !most.compare_exchange_weak(seen, now)) {
        }
        std::this_thread::yield();
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(most, 1);
  EXPECT_GE(passes, 200);
}

TEST(InFlight, OnlySoManyWaitForTheSamePair) {
  InFlight in_flight;
  auto first = in_flight.enter("client", bytes_of("key"));
  ASSERT_TRUE(first.has_value());
  std::vector<std::thread> waiting;
  std::atomic<int> refused{0};
  std::atomic<int> served{0};
  for (int i = 0; i < InFlight::kMostWaiting + 3; ++i) {
    waiting.emplace_back([&] { in_flight.enter("client", bytes_of("key")).has_value() ? ++served : ++refused; });
  }
  ASSERT_TRUE(test::eventually([&] { return refused == 3; })) << "those beyond the bound are refused at once";
  first.reset();
  for (std::thread& thread : waiting) thread.join();
  EXPECT_EQ(served, InFlight::kMostWaiting);
}

TEST(InFlight, OtherKeysOtherClientsAndNoKeyDoNotWait) {
  InFlight in_flight;
  const auto one = in_flight.enter("client", bytes_of("key"));
  const auto other_key = in_flight.enter("client", bytes_of("other"));
  const auto other_client = in_flight.enter("client2", bytes_of("key"));
  const auto none = in_flight.enter("client", {});
  const auto none_again = in_flight.enter("client", {});
  SUCCEED();  // reached only if nobody waited
}

TEST(InFlight, APassThatWasMovedIsGivenBackOnce) {
  InFlight in_flight;
  {
    auto pass = in_flight.enter("client", bytes_of("key"));
    const InFlight::Pass moved(*std::move(pass));
  }
  const auto again = in_flight.enter("client", bytes_of("key"));
  SUCCEED();
}

}  // namespace
}  // namespace signet
