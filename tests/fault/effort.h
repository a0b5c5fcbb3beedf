// How much of what can be tried is tried: a sample in every run, all of it where SIGNET_FAULT_EFFORT=full (ci/full).
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
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

/// A number from the environment.
[[nodiscard]] inline std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : std::stoull(value);
}

/// For docs/reliability.md.
inline void tell_tried(std::size_t tried, std::uint64_t all, const char* what) {
  std::printf("tried: %zu of %llu %s\n", tried, static_cast<unsigned long long>(all), what);
}

/// The numbers of the calls that are struck, a run each: every one in full effort, otherwise from `first` on every
/// `step`-th. How many calls a run makes varies, so the end is where three runs in a row were over before their number
/// came up; a sample is also over with the first such run beyond what a run without faults makes.
class CallNumbers {
 public:
  /// `faultless`: how many calls a run without faults made.
  CallNumbers(std::uint64_t faultless, std::uint64_t first, std::uint64_t step)
      : faultless_(faultless), step_(full_effort() ? 1 : step), at_(full_effort() ? 1 : first) {
    EXPECT_GT(faultless, 10U) << "the library that makes the faults is not in the process";
  }

  [[nodiscard]] std::uint64_t at() const { return at_; }
  /// How the run with at() went, and how many calls it made. False: it was the last one.
  [[nodiscard]] bool go_on(bool struck, std::uint64_t count) {
    if (!struck) faultless_ = std::min(faultless_, count);
    const bool beyond = !full_effort() && at_ > faultless_;
    unstruck_ = struck ? 0 : unstruck_ + 1;
    tried_ += struck ? 1 : 0;
    at_ += step_;
    return unstruck_ < 3 && (struck || !beyond);
  }
  /// To be called behind the last run: tells how many there were, and fails when they were too few.
  void expect_enough() const {
    if (testing::Test::HasFailure()) return;
    EXPECT_GE(tried_ * step_ * 10 + step_ * 10, faultless_ * 8) << "the enumeration ended early";
    EXPECT_GT(tried_, 0U);
    tell_tried(tried_, faultless_, "calls");
  }
  [[nodiscard]] std::size_t tried() const { return tried_; }

 private:
  std::uint64_t faultless_;  ///< of the shortest run without faults
  std::uint64_t step_;
  std::uint64_t at_;
  std::size_t tried_ = 0;
  int unstruck_ = 0;
};

}  // namespace signet::test
