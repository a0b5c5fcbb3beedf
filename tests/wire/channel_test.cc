#include "wire/channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <map>
#include <thread>
#include <vector>

#include "wire/internal.pb.h"

namespace signet {
namespace {

using std::chrono::milliseconds;

struct Pair {
  UniqueFd first;
  UniqueFd second;
};

Pair make_pair() {
  auto ends = make_stream_pair();
  EXPECT_TRUE(ends.has_value());
  return {std::move(ends->first), std::move(ends->second)};
}

internal::IssuerToKeyholder request_of(std::uint64_t id, std::size_t structure_bytes) {
  internal::IssuerToKeyholder request;
  request.set_id(id);
  request.mutable_sign()->set_structure(std::string(structure_bytes, static_cast<char>('a' + id % 26)));
  return request;
}

TEST(Channel, CarriesAMessage) {
  auto [a, b] = make_pair();
  Channel sender(std::move(a));
  Channel reader(std::move(b));
  ASSERT_TRUE(sender.send(request_of(5, 100)).has_value());
  const auto got = reader.receive<internal::IssuerToKeyholder>();
  ASSERT_TRUE(got.has_value()) << got.error().message;
  EXPECT_EQ(got->id(), 5U);
  EXPECT_EQ(got->sign().structure().size(), 100U);
}

TEST(Channel, KeepsMessagesOfEightThreadsWhole) {
  constexpr std::uint64_t kThreads = 8;
  constexpr std::uint64_t kEach = 200;
  auto [a, b] = make_pair();
  Channel sender(std::move(a));
  Channel reader(std::move(b));
  std::vector<std::jthread> threads;
  for (std::uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&sender, t] {
      for (std::uint64_t i = 0; i < kEach; ++i) {
        const std::uint64_t id = 1 + t * kEach + i;  // a message of nothing but zeros would be empty
        EXPECT_TRUE(sender.send(request_of(id, (id * 7919) % 20000)).has_value());
      }
    });
  }
  std::map<std::uint64_t, int> seen;
  for (std::uint64_t n = 0; n < kThreads * kEach; ++n) {
    const auto got = reader.receive<internal::IssuerToKeyholder>();
    ASSERT_TRUE(got.has_value()) << got.error().message;
    ASSERT_EQ(got->sign().structure(), request_of(got->id(), (got->id() * 7919) % 20000).sign().structure());
    ++seen[got->id()];
  }
  EXPECT_EQ(seen.size(), kThreads * kEach);
}

TEST(Channel, WakesTheReaderWhenThePeerDies) {
  auto [a, b] = make_pair();
  Channel reader(std::move(b));
  auto got = std::async(std::launch::async, [&] { return reader.receive<internal::IssuerToKeyholder>(); });
  EXPECT_EQ(got.wait_for(milliseconds(50)), std::future_status::timeout);
  a.reset();
  const auto result = got.get();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(result.error().retryable);
}

TEST(Channel, ShutdownWakesTheOwnReaderAndTheOwnSender) {
  auto [a, b] = make_pair();
  Channel channel(std::move(a));
  auto received =
      std::async(std::launch::async, [&] { return channel.receive<internal::IssuerToKeyholder>().error().code; });
  auto sent = std::async(std::launch::async, [&] {  // the peer never reads, so this fills the buffer and waits
    for (;;) {
      if (auto done = channel.send(request_of(1, 100000)); !done.has_value()) return done.error().code;
    }
  });
  EXPECT_EQ(sent.wait_for(milliseconds(50)), std::future_status::timeout);
  channel.shutdown();
  EXPECT_EQ(received.get(), ErrorCode::kUnavailable);
  EXPECT_EQ(sent.get(), ErrorCode::kUnavailable);
}

TEST(Channel, GivesUpAPeerThatTakesNothing) {
  auto [a, b] = make_pair();
  Channel channel(std::move(a), milliseconds(50));
  Result<void> sent;
  while (sent.has_value()) sent = channel.send(request_of(1, 100000));
  EXPECT_EQ(sent.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(channel.send(request_of(1, 1)).error().code, ErrorCode::kUnavailable) << "half a frame is out";
}

TEST(Channel, SendToADeadPeerIsUnavailableAndNoSignal) {
  auto [a, b] = make_pair();
  Channel channel(std::move(a));
  b.reset();
  EXPECT_EQ(channel.send(request_of(1, 10)).error().code, ErrorCode::kUnavailable);
}

TEST(Channel, DeathInTheMiddleOfAMessageIsTheEnd) {
  auto [a, b] = make_pair();
  Channel reader(std::move(b));
  ASSERT_TRUE(write_all(a.get(), Bytes{0, 0, 0, 100, 1, 2, 3}).has_value());
  a.reset();
  EXPECT_EQ(reader.receive<internal::IssuerToKeyholder>().error().code, ErrorCode::kUnavailable);
}

TEST(Channel, RefusesAnOversizeFrameBeforeItsBodyAndBreaks) {
  auto [a, b] = make_pair();
  Channel reader(std::move(b));
  ASSERT_TRUE(write_all(a.get(), Bytes{0xFF, 0xFF, 0xFF, 0xFF}).has_value());  // 4 GiB would be waited for
  EXPECT_EQ(reader.receive<internal::IssuerToKeyholder>().error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(reader.receive<internal::IssuerToKeyholder>().error().code, ErrorCode::kUnavailable);
}

TEST(Channel, RefusesToSendAnOversizeMessageAndLives) {
  auto [a, b] = make_pair();
  Channel sender(std::move(a));
  Channel reader(std::move(b));
  EXPECT_EQ(sender.send(request_of(1, kMaxInternalBytes)).error().code, ErrorCode::kResourceExhausted);
  ASSERT_TRUE(sender.send(request_of(2, 1)).has_value());
  EXPECT_EQ(reader.receive<internal::IssuerToKeyholder>()->id(), 2U);
}

TEST(Channel, CarriesTheLargestRequestWithItsCertificates) {
  auto [a, b] = make_pair();
  Channel sender(std::move(a));
  Channel reader(std::move(b));
  const auto message = request_of(3, kMaxInternalBytes - 64);
  auto sent = std::async(std::launch::async, [&] { return sender.send(message).has_value(); });
  const auto got = reader.receive<internal::IssuerToKeyholder>();
  ASSERT_TRUE(got.has_value()) << got.error().message;
  EXPECT_EQ(got->sign().structure().size(), kMaxInternalBytes - 64);
  EXPECT_TRUE(sent.get());
}

TEST(Channel, EndsAreCloseOnExec) {
  auto [a, b] = make_pair();
  EXPECT_NE(::fcntl(a.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(::fcntl(b.get(), F_GETFD) & FD_CLOEXEC, 0);
}

}  // namespace
}  // namespace signet
