// What is tried again, and until when.
#include "signet/client.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "client/client_fixture.h"

namespace signet::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ClientRetry : public IssuingFixture {};

TEST_F(ClientRetry, AsksAgainWithTheSameBytesWhenTheConnectionEnds) {
  int asked = 0;
  start([&](const v1::Request& request) -> std::optional<Bytes> {
    if (++asked <= 2) return std::nullopt;
    return good_answer(request);
  });
  const auto issued = issue(client_options(), "my-key");
  ASSERT_TRUE(issued.has_value()) << issued.error().message;
  EXPECT_EQ(issued->idempotency_key, "my-key");
  const auto requests = server_->requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[0].payload(), requests[2].payload());
  EXPECT_EQ(requests[1].payload(), requests[2].payload());
  for (const v1::Request& request : requests) EXPECT_TRUE(signature_verifies(request, client_identity_, kOrigin));
  EXPECT_LT(requests[0].signature().time_micros(), requests[1].signature().time_micros()) << "each is signed anew";
  EXPECT_LT(requests[1].signature().time_micros(), requests[2].signature().time_micros());
  EXPECT_EQ(server_->connections(), 3);
}

TEST_F(ClientRetry, AsksAgainWhenTheConnectionEndsInTheMiddleOfAnAnswer) {
  int asked = 0;
  start([&](const v1::Request& request) -> std::optional<Bytes> {
    Bytes whole = good_answer(request);
    if (++asked == 1) {
      whole.resize(whole.size() / 2);
      server_->close_after_next_answer();
    }
    return whole;
  });
  const auto issued = issue(client_options(), "my-key");
  ASSERT_TRUE(issued.has_value()) << issued.error().message;
  const auto requests = server_->requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].payload(), requests[1].payload());
}

TEST_F(ClientRetry, AsksAgainAfterARetryableErrorAndWaitsAsLongAsTold) {
  int asked = 0;
  start([&](const v1::Request& request) {
    if (++asked > 2) return good_answer(request);
    return refuse(request, {.code = ErrorCode::kUnavailable,
                            .message = "the token restarts",
                            .retryable = true,
                            .retry_after = milliseconds(250)});
  });
  const auto began = std::chrono::steady_clock::now();
  const auto issued = issue();
  ASSERT_TRUE(issued.has_value()) << issued.error().message;
  EXPECT_GE(std::chrono::steady_clock::now() - began, milliseconds(500));
  const auto requests = server_->requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[0].payload(), requests[2].payload()) << "the idempotency key is in it";
  EXPECT_EQ(server_->connections(), 1);
}

TEST_F(ClientRetry, GivesUpAtTheDeadlineWithTheLastError) {
  start([](const v1::Request& request) {
    return refuse(request, {.code = ErrorCode::kResourceExhausted, .message = "busy", .retryable = true});
  });
  ClientOptions options = client_options();
  options.deadline = milliseconds(600);
  const auto began = std::chrono::steady_clock::now();
  const auto issued = issue(options);
  ASSERT_FALSE(issued.has_value());
  EXPECT_LE(std::chrono::steady_clock::now() - began, seconds(3));
  EXPECT_EQ(issued.error().code, ErrorCode::kResourceExhausted);
  EXPECT_TRUE(issued.error().retryable);
  EXPECT_EQ(issued.error().request_id, "r-1");
  EXPECT_GE(server_->requests().size(), 2U);
}

TEST_F(ClientRetry, DoesNotRepeatARefusal) {
  start([](const v1::Request& request) {
    return refuse(request,
                  {.code = ErrorCode::kPermissionDenied, .message = "not this name", .field = "csr.subjectAltName"});
  });
  const auto issued = issue();
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kPermissionDenied);
  EXPECT_TRUE(issued.error().from_daemon);
  EXPECT_EQ(issued.error().message, "not this name");
  EXPECT_EQ(issued.error().field, "csr.subjectAltName");
  EXPECT_EQ(issued.error().request_id, "r-1");
  EXPECT_EQ(server_->requests().size(), 1U);
}

TEST_F(ClientRetry, AServerThatNeverAnswersCostsTheDeadline) {
  start([](const v1::Request&) {
    std::this_thread::sleep_for(milliseconds(600));
    return Bytes{0};
  });
  ClientOptions options = client_options();
  options.deadline = milliseconds(300);
  const auto issued = issue(options);
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kDeadlineExceeded) << issued.error().message;
  EXPECT_TRUE(issued.error().retryable);
}

TEST_F(ClientRetry, KeyUpdatesWithoutEndDoNotHoldAClientPastItsDeadline) {
  ServerOptions server_options = good_options();
  server_options.floods_key_updates = true;
  start(server_options, [](const v1::Request&) { return std::nullopt; });
  ClientOptions options = client_options();
  options.deadline = milliseconds(500);
  const auto began = std::chrono::steady_clock::now();
  const auto issued = issue(options);
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kDeadlineExceeded) << issued.error().message;
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(3));
}

TEST_F(ClientRetry, AServerThatNeverShakesHandsIsUnavailableInTime) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const UniqueFd listener(fd);  // the kernel accepts, and nobody reads
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(fd, 16), 0);
  ASSERT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ClientOptions options = client_options();
  options.address = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  options.connect_timeout = milliseconds(150);
  options.deadline = milliseconds(600);
  int retries = 0;
  options.on_retry = [&](const Error& error, milliseconds) {
    ++retries;
    EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  };
  const auto began = std::chrono::steady_clock::now();
  const auto issued = issue(options);
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kUnavailable) << issued.error().message;
  EXPECT_TRUE(issued.error().retryable);
  EXPECT_GE(retries, 1) << "connect_timeout ends one attempt, not the call";
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(3));
}

TEST_F(ClientRetry, AnUnknownHostIsNotTriedAgain) {
  ClientOptions options = client_options();
  options.address = "not..a.name:7443";
  int retries = 0;
  options.on_retry = [&](const Error&, milliseconds) { ++retries; };
  const auto issued = issue(options);
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kNotFound) << issued.error().message;
  EXPECT_EQ(issued.error().field, "address");
  EXPECT_EQ(retries, 0);
}

TEST_F(ClientRetry, ABackoffIsCutWhereALastAttemptStillFits) {
  const auto well_again = std::chrono::steady_clock::now() + milliseconds(1600);
  start([&](const v1::Request& request) {
    if (std::chrono::steady_clock::now() >= well_again) return good_answer(request);
    return refuse(request, {.code = ErrorCode::kUnavailable, .message = "not yet", .retryable = true});
  });
  ClientOptions options = client_options();
  options.deadline = seconds(2);
  const auto issued = issue(options);
  EXPECT_TRUE(issued.has_value()) << issued.error().message;
}

TEST_F(ClientRetry, NobodyListeningIsUnavailable) {
  ClientOptions options = client_options();
  options.deadline = milliseconds(300);
  const auto issued = issue(options);
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kUnavailable) << issued.error().message;
  EXPECT_TRUE(issued.error().retryable);
}

TEST_F(ClientRetry, ConnectsAgainAtOnceWhenAnIdleConnectionWasClosed) {
  int asked = 0;
  start([&](const v1::Request& request) -> std::optional<Bytes> {
    if (++asked == 2) return std::nullopt;  // as a daemon that restarted
    return good_answer(request);
  });
  auto client = Client::create(client_options());
  ASSERT_TRUE(client.has_value());
  ASSERT_TRUE(client->status().has_value());
  ASSERT_TRUE(client->status().has_value());
  EXPECT_EQ(server_->connections(), 2);
}

TEST_F(ClientRetry, TheLongestTimesDoNotOverflow) {
  start([this](const v1::Request& request) { return good_answer(request); });
  ClientOptions options = client_options();
  options.deadline = milliseconds::max();
  options.connect_timeout = milliseconds::max();
  const auto issued = issue(options);
  EXPECT_TRUE(issued.has_value()) << issued.error().message;
}

}  // namespace
}  // namespace signet::test
