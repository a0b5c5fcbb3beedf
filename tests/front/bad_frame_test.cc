// Clients that are known and say something wrong.
#include <chrono>

#include "front_fixture.h"
#include "wire/frame.h"

namespace signet::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

class BadFrame : public FrontFixture {
 protected:
  /// The answer says what was wrong, and the report likewise, with the client's certificate.
  void expect_refused(TlsClient& client, std::uint64_t number, const std::string& field, const std::string& text_part,
                      ErrorCode code = ErrorCode::kInvalidArgument) {
    const auto response = client.next_response();
    ASSERT_TRUE(response.has_value()) << client.failure();
    EXPECT_EQ(response->number(), number);
    EXPECT_EQ(response->error().code(), static_cast<std::uint32_t>(code));
    EXPECT_EQ(response->error().field(), field);
    EXPECT_THAT(response->error().message(), testing::HasSubstr(text_part));
    EXPECT_FALSE(response->error().retryable());
    EXPECT_EQ(response->error().origin(), "ca.example.com/signet/test");
  }
  void expect_report(const std::string& reason) {
    const auto report = issuer().next_report();
    EXPECT_EQ(report.reason(), reason);
    EXPECT_EQ(copy_of(bytes_of(report.peer_certificate())), der_of(client_.certificate.get()));
  }
};

TEST_F(BadFrame, TooLongIsRefusedBeforeItsBodyComesAndClosesTheConnection) {
  start();
  TlsClient client = connect();
  ASSERT_TRUE(client.send_raw(std::string("\x00\x01\x00\x01", 4)));
  expect_refused(client, 0, "frame.length", "65537 bytes; at most 65536");
  EXPECT_TRUE(client.is_closed_by_server());
  expect_report("frame-too-long");
  expect_it_works();
}

TEST_F(BadFrame, TooLongIsAnsweredEvenWhenTheClientGoesOnSending) {
  start();
  TlsClient client = connect();
  ASSERT_TRUE(client.send_raw(std::string("\x7f\xff\xff\xff", 4) + std::string(200'000, 'x')));
  expect_refused(client, 0, "frame.length", "2147483647 bytes");
  expect_report("frame-too-long");
}

TEST_F(BadFrame, EmptyIsRefusedAndClosesTheConnection) {
  start();
  TlsClient client = connect();
  ASSERT_TRUE(client.send_raw(std::string(4, '\0')));
  expect_refused(client, 0, "frame.length", "0 bytes");
  EXPECT_TRUE(client.is_closed_by_server());
  expect_report("frame-empty");
  expect_it_works();
}

TEST_F(BadFrame, ABadLengthStillLetsWhatIsInFlightBeAnswered) {
  start();
  TlsClient client = connect();
  ASSERT_TRUE(client.send_request(1));
  const auto call = issuer().next_call();
  ASSERT_TRUE(client.send_raw(std::string(4, '\0')));
  expect_refused(client, 0, "frame.length", "0 bytes");
  issuer().answer(call, "done");
  EXPECT_EQ(client.next_response()->payload(), "done");
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(BadFrame, WhatIsNoProtobufIsRefusedAndTheConnectionGoesOn) {
  start();
  TlsClient client = connect();
  ASSERT_TRUE(client.send_frame("\xff\xff\xff\xff garbage"));
  expect_refused(client, 0, "request", "not a valid signet.v1.Request");
  expect_report("malformed-request");
  expect_it_works(client);
}

TEST_F(BadFrame, AnUnknownFieldIsRefusedWithTheRequestsNumber) {
  start();
  TlsClient client = connect();
  v1::Request request;
  request.set_number(77);
  request.set_method(v1::METHOD_GET_STATUS);
  ASSERT_TRUE(client.send_frame(request.SerializeAsString() + "\x78\x01"));  // field 15, varint 1
  expect_refused(client, 77, "request", "field 15");
  expect_report("malformed-request");
  expect_it_works(client);
}

TEST_F(BadFrame, AnUnknownMethodIsRefused) {
  start();
  TlsClient client = connect();
  ASSERT_TRUE(client.send_request(4, "", static_cast<v1::Method>(99)));
  expect_refused(client, 4, "request.method", "method 99 is not known");
  ASSERT_TRUE(client.send_request(5, "", v1::METHOD_UNSPECIFIED));
  expect_refused(client, 5, "request.method", "1 (METHOD_ISSUE)");
  expect_it_works(client);
}

TEST_F(BadFrame, ANumberInFlightIsRefusedAndMayBeUsedAgainAfterItsAnswer) {
  start();
  TlsClient client = connect();
  ASSERT_TRUE(client.send_request(6));
  const auto call = issuer().next_call();
  ASSERT_TRUE(client.send_request(6));
  expect_refused(client, 6, "request.number", "number 6 is already in flight");
  expect_report("malformed-request");
  issuer().answer(call, "first");
  EXPECT_EQ(client.next_response()->payload(), "first");
  ASSERT_TRUE(client.send_request(6));
  issuer().answer(issuer().next_call(), "second");
  EXPECT_EQ(client.next_response()->payload(), "second");
}

TEST_F(BadFrame, AFrameThatIsNotFinishedInTimeIsCut) {
  site_.listen_options["frame_timeout"] = "\"1s\"";
  start();
  TlsClient client = connect();
  std::this_thread::sleep_for(milliseconds(1300));  // before the first byte the idle timeout counts, not this one
  const auto begin = steady_clock::now();
  ASSERT_TRUE(client.send_raw(std::string("\x00", 1)));
  expect_refused(client, 0, "frame", "not finished within 1s", ErrorCode::kDeadlineExceeded);
  EXPECT_TRUE(client.is_closed_by_server());
  const auto took = steady_clock::now() - begin;
  EXPECT_GE(took, milliseconds(900));
  EXPECT_LT(took, seconds(5));
  expect_report("frame-timeout");
  expect_it_works();
}

TEST_F(BadFrame, AFrameThatKeepsDrippingIsCutAsWell) {
  site_.listen_options["frame_timeout"] = "\"1s\"";
  start();
  TlsClient client = connect();
  ASSERT_TRUE(client.send_raw(std::string("\x00\x00\x01\x00", 4)));
  const auto begin = steady_clock::now();
  while (client.send_raw("x") && steady_clock::now() - begin < seconds(5)) {
    std::this_thread::sleep_for(milliseconds(100));
    if (issuer().next(milliseconds(1)).has_value()) break;
  }
  EXPECT_LT(steady_clock::now() - begin, seconds(4));
  expect_it_works();
}

TEST_F(BadFrame, AFrameThatBreaksOffIsReported) {
  start();
  TlsClient client = connect();
  ASSERT_TRUE(client.send_raw(std::string("\x00\x00\x01\x00half", 8)));
  client.close();
  expect_report("frame-truncated");
  expect_it_works();
}

TEST_F(BadFrame, ManyMalformedRequestsAreAllAnsweredAndReportedByCount) {
  start();
  TlsClient client = connect();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(client.send_frame("\xff"));
  for (int i = 0; i < 50; ++i) expect_refused(client, 0, "request", "not a valid");
  front().drain();  // what was only counted comes now
  std::uint32_t counted = 0;
  while (counted < 50) counted += issuer().next_report().count();
  EXPECT_EQ(counted, 50U);
}

}  // namespace
}  // namespace signet::test
