// How far verify is, on a terminal.
#pragma once

#include <chrono>
#include <cstddef>

#include "signet/audit.h"

namespace signet::audit::cli {

/// A line on standard error that is written over. Where that is no terminal, nothing.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const Progress& progress);
  /// Before something else is printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  bool terminal_;
  Clock::time_point begin_ = Clock::now();
  Clock::time_point shown_ = begin_;
  std::size_t length_ = 0;
};

}  // namespace signet::audit::cli
