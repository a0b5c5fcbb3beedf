// What the issuer has to log for the supervisor: deaths of processes, and what operators did.
#pragma once

#include <cstddef>
#include <deque>

#include "supervisor/child.h"

namespace signet {

/// Keeps each report until the issuer says that it is recorded; the next issuer is told again of those that this one
/// was told of when it died, so that an entry can be there twice, but none is missing. Bounded: what does not fit is an
/// error that is said. Single-threaded.
class LogReports {
 public:
  void add(const Child& child, const Exit& exit);
  void add(const internal::AdminAct& act);
  /// Sends what this issuer has not been told yet, in order, if it is ready.
  void send(Child& issuer);
  /// The issuer has recorded the report with this number.
  void recorded(std::uint64_t report);
  void issuer_died() noexcept { told_ = 0; }
  /// An act that could not be logged is not done: whoever does one asks first. Deaths leave room for acts: a token that
  /// is away for hours keeps no operator from draining it.
  [[nodiscard]] bool has_room() const noexcept { return waiting_.size() < kMost; }

 private:
  static constexpr std::size_t kMost = 1000;
  static constexpr std::size_t kMostWithDeaths = 500;
  void add(internal::SupervisorToChild report, std::size_t most);
  std::deque<internal::SupervisorToChild> waiting_;  // by their numbers
  std::size_t told_ = 0;                             // so many, from the front, the present issuer has been told
  std::uint64_t last_ = 0;                           // number of a report
};

}  // namespace signet
