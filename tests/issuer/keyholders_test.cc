#include "issuer/keyholders.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "support/command.h"
#include "wire/channel.h"

namespace signet {
namespace {

using namespace std::chrono_literals;

/// The test has the keyholder's end of the channel.
class KeyholderLinkTest : public testing::Test {
 protected:
  std::unique_ptr<Channel> connect(std::uint64_t generation) {
    auto pair = make_stream_pair().value();
    link_.connect(std::move(pair.first), generation, [this] { ++lost_; });
    return std::make_unique<Channel>(std::move(pair.second));
  }

  Result<SignatureValue> sign(std::chrono::milliseconds deadline = 10s) {
    internal::SignRequest request;
    request.set_key("issuing-1");
    request.set_kind(internal::ARTIFACT_KIND_END_ENTITY_CERTIFICATE);
    request.set_structure("0");
    return link_.sign(request, deadline);
  }

  static void answer(Channel& channel, std::uint64_t id, const std::string& signature) {
    internal::KeyholderToIssuer message;
    message.set_id(id);
    message.set_signature(signature);
    ASSERT_TRUE(channel.send(message).has_value());
  }

  std::atomic<int> lost_{0};
  KeyholderLink link_;
};

TEST_F(KeyholderLinkTest, AnswersMayComeInAnyOrder) {
  const auto keyholder = connect(1);
  auto first = std::async(std::launch::async, [&] { return sign(); });
  const auto one = keyholder->receive<internal::IssuerToKeyholder>().value();
  auto second = std::async(std::launch::async, [&] { return sign(); });
  const auto two = keyholder->receive<internal::IssuerToKeyholder>().value();
  EXPECT_EQ(one.sign().key(), "issuing-1");
  answer(*keyholder, two.id(), "two");
  EXPECT_EQ(text_of(second.get().value().view()), "two");
  answer(*keyholder, one.id(), "one");
  EXPECT_EQ(text_of(first.get().value().view()), "one");
}

TEST_F(KeyholderLinkTest, WithoutAKeyholderItIsUnavailableAtOnce) {
  const auto signature = sign();
  ASSERT_FALSE(signature.has_value());
  EXPECT_EQ(signature.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(signature.error().retryable);
}

TEST_F(KeyholderLinkTest, AKeyholderThatDiesFailsWhoeverWaits) {
  auto keyholder = connect(1);
  auto waiting = std::async(std::launch::async, [&] { return sign(); });
  ASSERT_TRUE(keyholder->receive<internal::IssuerToKeyholder>().has_value());
  keyholder.reset();
  EXPECT_EQ(waiting.get().error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(test::eventually([&] { return !link_.connected() && lost_ == 1; }));
}

TEST_F(KeyholderLinkTest, ADeadlineThatPassesIsAnErrorAndALateAnswerIsDropped) {
  const auto keyholder = connect(1);
  const auto late = sign(20ms);
  EXPECT_EQ(late.error().code, ErrorCode::kDeadlineExceeded);
  const auto old_request = keyholder->receive<internal::IssuerToKeyholder>().value();
  auto next = std::async(std::launch::async, [&] { return sign(); });
  const auto request = keyholder->receive<internal::IssuerToKeyholder>().value();
  EXPECT_NE(request.id(), old_request.id());
  answer(*keyholder, old_request.id(), "late");
  answer(*keyholder, request.id(), "right");
  EXPECT_EQ(text_of(next.get().value().view()), "right");
}

TEST_F(KeyholderLinkTest, ANewGenerationReplacesTheOldAndAnOlderOneIsIgnored) {
  const auto first = connect(5);
  auto waiting = std::async(std::launch::async, [&] { return sign(); });
  ASSERT_TRUE(first->receive<internal::IssuerToKeyholder>().has_value());
  const auto second = connect(6);
  EXPECT_EQ(waiting.get().error().code, ErrorCode::kUnavailable);
  const auto stale = connect(4);
  auto served = std::async(std::launch::async, [&] { return sign(); });
  answer(*second, second->receive<internal::IssuerToKeyholder>().value().id(), "second");
  EXPECT_EQ(text_of(served.get().value().view()), "second");
  EXPECT_EQ(link_.reconnects(), 1U);
}

TEST_F(KeyholderLinkTest, AnErrorOfTheKeyholderArrivesWhole) {
  const auto keyholder = connect(1);
  auto waiting = std::async(std::launch::async, [&] { return sign(); });
  internal::KeyholderToIssuer message;
  message.set_id(keyholder->receive<internal::IssuerToKeyholder>().value().id());
  message.mutable_error()->set_code(static_cast<std::uint32_t>(ErrorCode::kPermissionDenied));
  message.mutable_error()->set_message("CA:TRUE");
  message.mutable_error()->set_field("fence.ca");
  ASSERT_TRUE(keyholder->send(message).has_value());
  const auto error = waiting.get().error();
  EXPECT_EQ(error.code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(error.field, "fence.ca");
}

TEST_F(KeyholderLinkTest, ADescriptionComesBackAndAnotherAnswerIsRefused) {
  const auto keyholder = connect(1);
  auto waiting = std::async(std::launch::async, [&] { return link_.describe(10s); });
  auto question = keyholder->receive<internal::IssuerToKeyholder>().value();
  EXPECT_TRUE(question.has_describe());
  internal::KeyholderToIssuer message;
  message.set_id(question.id());
  message.mutable_description()->set_label("signet-test");
  ASSERT_TRUE(keyholder->send(message).has_value());
  EXPECT_EQ(waiting.get().value().label(), "signet-test");

  waiting = std::async(std::launch::async, [&] { return link_.describe(10s); });
  question = keyholder->receive<internal::IssuerToKeyholder>().value();
  answer(*keyholder, question.id(), "a signature");
  EXPECT_EQ(waiting.get().error().code, ErrorCode::kInternal);
}

TEST_F(KeyholderLinkTest, WhoWaitsForAConnectionGetsIt) {
  EXPECT_FALSE(link_.wait_connected(10ms));
  EXPECT_EQ(link_.generation(), 0U);
  auto waiting = std::async(std::launch::async, [&] { return link_.wait_connected(20s); });
  auto keyholder = connect(3);
  EXPECT_TRUE(waiting.get());
  EXPECT_EQ(link_.generation(), 3U);
  keyholder.reset();
  EXPECT_TRUE(test::eventually([&] { return link_.generation() == 0; }));
}

}  // namespace
}  // namespace signet
