// A running front with an issuer, and clients for it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include "front_process.h"
#include "tls_client.h"

namespace signet::test {

class FrontFixture : public testing::Test {
 protected:
  /// After a test has set site_.listen_options.
  void start() {
    start_without_issuer();
    issuer_.emplace(front().connect_issuer());
  }

  void start_without_issuer() {
    front_ = std::make_unique<FrontProcess>(site_.write(), site_.config_file());
    const auto message = front_->next_message();
    ASSERT_TRUE(message.has_value()) << "the front left without a word";
    ASSERT_TRUE(message->has_ready()) << message->failed().message();
  }

  FrontProcess& front() { return *front_; }
  FakeIssuer& issuer() { return *issuer_; }

  [[nodiscard]] TlsClient connect() { return TlsClient(front().port(), {.identity = &client_}); }

  /// One request goes to the issuer and its answer comes back; reports in between are skipped.
  void expect_it_works(TlsClient& client) {
    ASSERT_TRUE(client.send_request(1000, "works?"));
    for (;;) {
      const auto message = issuer().next();
      ASSERT_TRUE(message.has_value()) << "the request did not reach the issuer";
      if (!message->has_call()) continue;
      issuer().answer(message->call(), "works");
      break;
    }
    const auto response = client.next_response();
    ASSERT_TRUE(response.has_value()) << client.failure();
    EXPECT_EQ(response->number(), 1000U);
    EXPECT_EQ(response->payload(), "works");
  }
  void expect_it_works() {
    TlsClient client = connect();
    expect_it_works(client);
  }

  static void expect_unavailable(const std::optional<v1::Response>& response, std::uint64_t number) {
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->number(), number);
    EXPECT_EQ(response->error().code(), static_cast<std::uint32_t>(ErrorCode::kUnavailable));
    EXPECT_TRUE(response->error().retryable());
    EXPECT_EQ(response->error().retry_after_millis(), 500U);
    EXPECT_EQ(response->error().origin(), "ca.example.com/signet/test");
  }

  Site site_;
  Identity client_ = make_leaf(site_.client_root, "client");
  std::unique_ptr<FrontProcess> front_;
  std::optional<FakeIssuer> issuer_;
};

}  // namespace signet::test
