// The tables of system calls that seccomp.cc makes filters of.
#pragma once

#include <seccomp.h>

#include <cstdint>
#include <span>

#include "base/sandbox.h"

namespace signet {

/// An argument has these bits under this mask.
struct ArgumentRule {
  int call = 0;
  unsigned argument = 0;  ///< counted from 0
  std::uint64_t mask = ~std::uint64_t{0};
  std::uint64_t bits = 0;
  const char* when = "";  ///< in words
};

/// Calls that belong together. A call is in `allowed` (whatever its arguments), or in `allowed_when` and perhaps
/// `refused_when`, or in `refused`.
struct CallGroup {
  std::span<const int> allowed;
  std::span<const ArgumentRule> allowed_when;
  std::span<const int> refused;
  std::span<const ArgumentRule> refused_when;
};

/// What every process needs.
[[nodiscard]] const CallGroup& calls_for_all() noexcept;
[[nodiscard]] const CallGroup& calls_for_threads() noexcept;
/// Memory is never made executable, or it may be (what is loaded; see SandboxPlan::makes_code).
[[nodiscard]] const CallGroup& calls_for_memory_without_code() noexcept;
[[nodiscard]] const CallGroup& calls_for_memory_with_code() noexcept;
/// No file is opened: trying is an error, and not the end: OpenSSL and the C library look for optional files (locales,
/// time zones) at odd moments.
[[nodiscard]] const CallGroup& calls_for_no_files() noexcept;
[[nodiscard]] const CallGroup& calls_for_reading_files() noexcept;
/// Of one that only reads, too: opening for writing is an error.
[[nodiscard]] const CallGroup& calls_for_opening_to_read() noexcept;
[[nodiscard]] const CallGroup& calls_for_opening() noexcept;
/// A journal that is open.
[[nodiscard]] const CallGroup& calls_for_appending() noexcept;
[[nodiscard]] const CallGroup& calls_for_writing_files() noexcept;
[[nodiscard]] const CallGroup& calls_for_accepting() noexcept;
[[nodiscard]] const CallGroup& calls_for_harmless_ioctls() noexcept;
[[nodiscard]] const CallGroup& calls_for_devices() noexcept;
/// Making a socket is an error: a vendor's module writes its complaints with syslog(3), which opens one at the first
/// message, just when something else has gone wrong.
[[nodiscard]] const CallGroup& calls_for_no_sockets() noexcept;
[[nodiscard]] const CallGroup& calls_for_connecting() noexcept;
[[nodiscard]] const CallGroup& calls_for_unix_sockets() noexcept;
[[nodiscard]] const CallGroup& calls_for_tcp_sockets() noexcept;

/// What no part of a certificate authority has a use for.
[[nodiscard]] std::span<const int> calls_for_nobody() noexcept;
/// Neither is a process in new namespaces, in which it could have capabilities.
[[nodiscard]] std::span<const ArgumentRule> calls_for_new_namespaces() noexcept;
/// The run-time library of a test build's sanitizers.
[[nodiscard]] std::span<const int> calls_for_sanitizers() noexcept;

}  // namespace signet
