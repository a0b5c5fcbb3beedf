// What is to go wrong: the language of the control file.
#pragma once

#include <p11-kit/pkcs11.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signet::test {

/// One line: calls that go wrong, and how.
struct FaultRule {
  std::string calls;  ///< with a comma before and behind each; ",*," for all
  std::string action;
  std::string argument;
  std::uint64_t after = 0;                  ///< so many of these calls go well first
  std::uint64_t times = ~std::uint64_t{0};  ///< and then so many go wrong
  [[nodiscard]] bool is_about(std::string_view call) const;
};

struct FaultPlanOfModule {
  std::vector<FaultRule> rules;
  std::optional<CK_ULONG> sessions;  ///< most that may be open
  std::optional<CK_RV> gone;         ///< the token is not there, and what sessions answer
  bool drop_sessions = false;        ///< those that are open are lost
  bool pin_locked = false;
};

/// Aborts at what it does not understand: a test with a mistake must not pass.
[[nodiscard]] FaultPlanOfModule parse_fault_plan(std::string_view text);
/// "10ms" or "2s".
[[nodiscard]] std::chrono::milliseconds parse_fault_time(const std::string& text);

}  // namespace signet::test
