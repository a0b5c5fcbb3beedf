// The tables of system calls that seccomp.cc makes filters of.
#pragma once

#include <seccomp.h>

#include <cerrno>
#include <cstdint>
#include <span>

#include "base/sandbox.h"

namespace signet {

/// An argument has these bits under this mask.
struct ArgumentTest {
  unsigned argument = 0;  ///< counted from 0
  std::uint64_t mask = ~std::uint64_t{0};
  std::uint64_t bits = 0;
};

/// A call whose arguments are such: the one, and the others (each another argument), too.
struct ArgumentRule {
  int call = 0;
  unsigned argument = 0;
  std::uint64_t mask = ~std::uint64_t{0};
  std::uint64_t bits = 0;
  const char* when = "";  ///< in words
  std::span<const ArgumentTest> also = {};
  int error = EACCES;  ///< where the rule refuses
};

/// Calls that belong together. A call is in `allowed` (whatever its arguments), or in `allowed_when` and perhaps
/// `refused_when`, or in `refused`. No arguments fit both an allowing rule and a refusing one: libseccomp promises no
/// order.
struct CallGroup {
  std::span<const int> allowed;
  std::span<const ArgumentRule> allowed_when;
  std::span<const int> refused;
  std::span<const ArgumentRule> refused_when;
};

/// What every process needs.
[[nodiscard]] const CallGroup& calls_for_all() noexcept;
[[nodiscard]] const CallGroup& calls_for_threads() noexcept;
/// Memory is never made executable; or trying is an error, because a vendor's module may try to load a part of itself
/// that it can do without; or it may be (see LateCode).
[[nodiscard]] const CallGroup& calls_for_memory_without_code() noexcept;
[[nodiscard]] const CallGroup& calls_for_memory_refusing_code() noexcept;
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
/// Making a socket, of whatever sort, is an error: a vendor's module writes its complaints with syslog(3), which opens
/// one at the first message, just when something else has gone wrong.
[[nodiscard]] const CallGroup& calls_for_no_sockets() noexcept;
/// With these, one of the next four follows for Unix sockets, and one for the internet's. Where they are not to be
/// made, what modules and the C library are known to try is an error: syslog(3), name servers (UDP, netlink), Multipath
/// TCP. Any other sort of socket ends the process.
[[nodiscard]] const CallGroup& calls_for_connecting() noexcept;
[[nodiscard]] const CallGroup& calls_for_unix_sockets() noexcept;
[[nodiscard]] const CallGroup& calls_for_no_unix_sockets() noexcept;
/// Plain TCP, whose ports Landlock knows. UDP and Multipath TCP it does not know.
[[nodiscard]] const CallGroup& calls_for_tcp_sockets() noexcept;
[[nodiscard]] const CallGroup& calls_for_no_internet_sockets() noexcept;

/// What no part of a certificate authority has a use for.
[[nodiscard]] std::span<const int> calls_for_nobody() noexcept;
/// Neither is a process in new namespaces, in which it could have capabilities.
[[nodiscard]] std::span<const ArgumentRule> calls_for_new_namespaces() noexcept;
/// The run-time library of a test build's sanitizers.
[[nodiscard]] std::span<const int> calls_for_sanitizers() noexcept;

}  // namespace signet
