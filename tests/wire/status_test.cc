#include "wire/status.h"

#include <gtest/gtest.h>

#include "wire/internal.pb.h"
#include "wire/message.h"
#include "wire/signet.pb.h"

namespace signet {
namespace {

const Error kSample{.code = ErrorCode::kUnavailable,
                    .message = "the token is gone",
                    .field = "key",
                    .native = 0xE1,
                    .retryable = true,
                    .retry_after = std::chrono::milliseconds(1500)};

TEST(Status, CarriesAnErrorToTheClientWithoutItsNativeValue) {
  const v1::Status status = to_status(kSample, "ca.example/x");
  EXPECT_EQ(status.code(), 14U);
  EXPECT_EQ(status.origin(), "ca.example/x");
  const Error error = from_status(status, "8c2e-17");
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_EQ(error.message, "the token is gone");
  EXPECT_EQ(error.field, "key");
  EXPECT_EQ(error.native, 0);
  EXPECT_TRUE(error.retryable);
  EXPECT_EQ(error.retry_after, std::chrono::milliseconds(1500));
  EXPECT_EQ(error.request_id, "8c2e-17");
}

TEST(Status, CarriesAFailureWithItsNativeValueBetweenProcesses) {
  const Error error = from_failure(to_failure(kSample));
  EXPECT_EQ(error.native, 0xE1);
  EXPECT_EQ(error.message, kSample.message);
  EXPECT_TRUE(error.retryable);
}

TEST(Status, MakesForeignTextSafeAndKeepsLines) {
  Error error = kSample;
  error.message = "a\x1b[31m\nb\xFF";
  error.field = "x\n";
  const v1::Status status = to_status(error, "o");
  EXPECT_EQ(status.message(), "a\\x1b[31m\nb\\xff");
  EXPECT_EQ(status.field(), "x\\x0a");
  EXPECT_TRUE(parse_strict<v1::Status>(encode(status), "status").has_value()) << "must be UTF-8";
}

TEST(Status, BoundsAMessage) {
  Error error = kSample;
  for (int i = 0; i < 100000; ++i) error.message += "line\n";
  EXPECT_LT(to_status(error, "o").message().size(), 4200U);
  EXPECT_LT(to_failure(error).message().size(), 33000U);
}

TEST(Status, ACodeWithoutANameBecomesInternalAndIsNamed) {
  for (const std::uint32_t code : {0U, 1U, 10U, 17U, 256U + 14U}) {
    v1::Status status;
    status.set_code(code);
    const Error error = from_status(status, "");
    EXPECT_EQ(error.code, ErrorCode::kInternal);
    EXPECT_NE(error.message.find(std::to_string(code)), std::string::npos);
  }
}

TEST(Status, BoundsRetryAfter) {
  v1::Status status;
  status.set_code(14);
  status.set_retry_after_millis(~std::uint64_t{0});
  EXPECT_EQ(from_status(status, "").retry_after, std::chrono::hours(1));
}

}  // namespace
}  // namespace signet
