// The system calls that an HSM profile cannot add to its keyholder's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signet {

/// Calls that would undo the sandbox, whatever else is refused.
struct NeverCalls {
  std::string_view why;            ///< behind a call's name: "makes processes or runs programs"
  std::vector<std::string> calls;  ///< sorted
};

/// By their reasons; no call is there twice. What the supervisor's filter refuses is among them.
[[nodiscard]] std::vector<NeverCalls> never_calls();

/// Why no profile may have it in `system_calls`; nothing where it may. A call is added with whatever arguments, so one
/// that is harmless with some only is not. Whatever never_calls() has stands for its later and 32-bit variants, too,
/// whose names have 2, 32, 64 or _time64 behind.
[[nodiscard]] std::optional<std::string_view> why_never(std::string_view call);

/// Whether libseccomp has a call of this name, on any architecture.
[[nodiscard]] bool is_system_call(const std::string& name);

}  // namespace signet
