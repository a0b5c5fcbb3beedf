#include "wire/message.h"

#include <gtest/gtest.h>

#include "wire/internal.pb.h"
#include "wire/signet.pb.h"

namespace signet {
namespace {

/// Field `number` as a varint of 1, as a newer sender would write it.
Bytes unknown_field(unsigned number) {
  return {static_cast<std::uint8_t>(0x80U | ((number << 3U) & 0x7FU)), static_cast<std::uint8_t>(number >> 4U), 0x01};
}

/// A length-delimited field with a number below 16.
Bytes nested_field(unsigned number, ByteView contents) {
  Bytes bytes{static_cast<std::uint8_t>((number << 3U) | 2U), static_cast<std::uint8_t>(contents.size())};
  append(bytes, contents);
  return bytes;
}

v1::Request sample_request() {
  v1::Request request;
  request.set_number(7);
  request.set_method(v1::METHOD_ISSUE);
  request.set_payload("payload");
  request.mutable_signature()->set_time_micros(1);
  request.mutable_signature()->set_signature("signature");
  return request;
}

TEST(Message, ReadsWhatWasWritten) {
  const auto read = parse_strict<v1::Request>(encode(sample_request()), "request");
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->number(), 7U);
  EXPECT_EQ(read->payload(), "payload");
  EXPECT_EQ(read->signature().signature(), "signature");
}

TEST(Message, RefusesAnUnknownFieldAtTheTop) {
  Bytes bytes = encode(sample_request());
  append(bytes, unknown_field(77));
  const auto read = parse_strict<v1::Request>(bytes, "request");
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(read.error().field, "request");
  EXPECT_NE(read.error().message.find("request field 77"), std::string::npos) << read.error().message;
}

TEST(Message, RefusesAnUnknownFieldInANestedMessage) {
  Bytes bytes = encode(sample_request());
  append(bytes, nested_field(4, unknown_field(77)));  // merged into the signature
  const auto read = parse_strict<v1::Request>(bytes, "request");
  ASSERT_FALSE(read.has_value());
  EXPECT_NE(read.error().message.find("request.signature field 77"), std::string::npos) << read.error().message;
}

TEST(Message, RefusesAnUnknownFieldInARepeatedMessageInsideAResponse) {
  v1::GetStatusResponse status;
  status.add_issuers()->set_name("a");
  Bytes bytes = encode(status);
  append(bytes, nested_field(6, unknown_field(77)));
  const auto read = parse_strict<v1::GetStatusResponse>(bytes, "status");
  ASSERT_FALSE(read.has_value());
  EXPECT_NE(read.error().message.find("status.issuers[1] field 77"), std::string::npos) << read.error().message;
}

TEST(Message, RefusesAnUnknownFieldInsideAOneof) {
  Bytes start = unknown_field(77);
  const auto read = parse_strict<internal::SupervisorToChild>(nested_field(1, start), "message");
  ASSERT_FALSE(read.has_value());
  EXPECT_NE(read.error().message.find("message.start field 77"), std::string::npos) << read.error().message;
}

TEST(Message, RefusesALogQuestionWithMoreInItThanIsKnown) {
  const Bytes newer = nested_field(3, unknown_field(77));  // the question for entries, with a restriction of tomorrow
  const auto read = parse_strict<v1::GetLogRequest>(newer, "request");
  ASSERT_FALSE(read.has_value());
  EXPECT_NE(read.error().message.find("request.entries field 77"), std::string::npos) << read.error().message;
}

TEST(Message, RefusesAKnownNumberWithAnotherType) {
  EXPECT_FALSE(parse_strict<v1::Request>(Bytes{0x18, 0x01}, "request").has_value());  // payload as a varint
}

TEST(Message, RefusesTextThatIsNotUtf8) {
  EXPECT_FALSE(parse_strict<v1::IssueRequest>(nested_field(1, Bytes{0xFF, 0xFE}), "request").has_value());
}

TEST(Message, RefusesBytesThatEndTooEarly) {
  Bytes bytes = encode(sample_request());
  bytes.pop_back();
  EXPECT_FALSE(parse_strict<v1::Request>(bytes, "request").has_value());
}

TEST(Message, RefusesGroupsHoweverDeep) {
  Bytes bytes(5000, 0x7B);  // field 15, start of a group
  bytes.resize(10000, 0x7C);
  EXPECT_FALSE(parse_strict<v1::Request>(bytes, "request").has_value());
}

TEST(Message, ReadLenientlyIgnoresFieldsOfANewerSenderAtAnyDepth) {
  v1::GetStatusResponse status;
  status.add_issuers()->set_name("a");
  Bytes bytes = encode(status);
  append(bytes, nested_field(6, unknown_field(77)));
  append(bytes, unknown_field(78));
  const auto read = parse_lenient<v1::GetStatusResponse>(bytes, "status");
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->issuers_size(), 2);
  EXPECT_EQ(read->issuers(0).name(), "a");
}

TEST(Message, ReadLenientlyStillRefusesWhatIsNoMessage) {
  const auto lenient = [](ByteView bytes) { return parse_lenient<v1::IssueRequest>(bytes, "request").has_value(); };
  Bytes cut = encode(sample_request());
  cut.pop_back();
  EXPECT_FALSE(lenient(cut));
  EXPECT_FALSE(lenient(nested_field(1, Bytes{0xFF, 0xFE}))) << "text that is not UTF-8";
  EXPECT_FALSE(lenient(Bytes{0x08, 0x01})) << "the profile as a varint";
}

TEST(Message, AcceptsTheEmptyMessage) { EXPECT_TRUE(parse_strict<v1::GetStatusRequest>({}, "request").has_value()); }

}  // namespace
}  // namespace signet
