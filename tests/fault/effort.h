// How much of what can be tried is tried: a sample in every run, all of it where SIGNET_FAULT_EFFORT=full (ci/full).
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace signet::test {

[[nodiscard]] inline bool full_effort() {
  const char* const effort = std::getenv("SIGNET_FAULT_EFFORT");
  return effort != nullptr && std::string_view(effort) == "full";
}

/// Every how many-th case is taken.
[[nodiscard]] inline std::uint64_t stride(std::uint64_t sample, std::uint64_t full = 1) {
  return full_effort() ? full : sample;
}

/// A number from the environment.
[[nodiscard]] inline std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : std::stoull(value);
}

/// For docs/reliability.md.
inline void tell_tried(std::size_t tried, std::uint64_t all, const char* what) {
  std::printf("tried: %zu of %llu %s\n", tried, static_cast<unsigned long long>(all), what);
}

}  // namespace signet::test
