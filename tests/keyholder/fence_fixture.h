// What tests of the fence's pure functions share: a clock that stands, a CA, and what a refusal says.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <string_view>

#include "base/clock.h"
#include "config/daemon_config.h"
#include "keyholder/authority.h"

namespace signet::test {

class FixedClock : public Clock {
 public:
  [[nodiscard]] Time now() const override { return time; }
  [[nodiscard]] std::chrono::microseconds monotonic() const override { return {}; }
  Time time = std::chrono::sys_days{std::chrono::year{2026} / 1 / 2} + std::chrono::hours(3);
};

/// Everything is as it should be; each test breaks one thing.
class FenceFixture : public testing::Test {
 protected:
  explicit FenceFixture(FenceConfig rules) : rules_(std::move(rules)) {}

  FixedClock clock_;
  FenceConfig rules_;
  PublicKey ca_key_ = PublicKey::from_spki(fresh_spki()).value();
  TbsFields ca_fields_ = ca_fields(ca_key_, "Issuing CA", clock_.time);
  Certificate ca_ = unsigned_certificate(ca_fields_);

  /// The message of a refusal by this rule.
  template <class Verdict>
  static std::string message_of(const Result<Verdict>& result, std::string_view rule) {
    if (result.has_value()) return "it was let through";
    EXPECT_EQ(result.error().code, ErrorCode::kPermissionDenied);
    EXPECT_EQ(result.error().field, "fence." + std::string(rule)) << result.error().message;
    return result.error().message;
  }
  /// "fence.RULE" of a refusal.
  template <class Verdict>
  static std::string rule_of(const Result<Verdict>& result) {
    return result.has_value() ? "it was let through" : result.error().field;
  }
};

}  // namespace signet::test
