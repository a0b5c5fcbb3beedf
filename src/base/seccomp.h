// The system call filters of the daemon's processes, as tables: what installs them and what documents them read the
// same.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/sandbox.h"

namespace signet {

/// Installs the filter of a plan on all threads. Errors: kInvalidArgument for a name in plan.system_calls that
/// libseccomp does not know, or of one of never_calls(); what the kernel refused.
[[nodiscard]] Result<void> install_filter(const SandboxPlan& plan);
/// The supervisor's.
[[nodiscard]] Result<void> install_floor();

/// What happens at a call that is not simply one that ends the process.
enum class CallAnswer : std::uint8_t {
  kAllowed,
  kRefused,  ///< an error to the caller: EACCES; ENOSYS for clone3; EPERM for the supervisor's
};

/// A line of the documentation.
struct CallRule {
  std::string call;  ///< "openat"
  CallAnswer answer = CallAnswer::kAllowed;
  std::string when;  ///< in words; empty = always
};

/// Every rule of a plan's filter, but those of a sanitized build: by name, allowed before refused, then by their words.
[[nodiscard]] std::vector<CallRule> rules_of(const SandboxPlan& plan);
/// The names of what the supervisor's filter refuses, sorted.
[[nodiscard]] std::vector<std::string> calls_of_floor();

}  // namespace signet
