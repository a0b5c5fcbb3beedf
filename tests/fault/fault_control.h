// The test's end of the library file_faults: says what goes wrong in the processes that load it, and reads what they
// counted.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "fault/preload/control.h"
#include "support/temp_directory.h"

namespace signet::test {

struct FaultPlan {
  FaultAction action = FaultAction::kNone;
  std::uint64_t at = kNever;  ///< the first call that goes wrong, counted from 1 since the last arm() or reset()
  std::uint64_t times = 1;
  int error = 0;                   ///< errno, for kFail and kFailDone
  std::uint32_t calls = kChanges;  ///< FaultCalls
  /// Every sync takes at least so long: what does not wait for its end is seen to be in front of it.
  std::chrono::microseconds sync_time{0};
};

/// A control file. Processes follow it from when they begin; what is said later holds at once. Throws
/// std::runtime_error where it cannot be made.
class FaultControl {
 public:
  /// For the files below `folder`, which is there, in processes named `program` (all, if empty) and, where `only` is
  /// given, with that in their path.
  explicit FaultControl(const std::string& folder, const std::string& program = {}, const std::string& only = {});
  ~FaultControl();
  FaultControl(const FaultControl&) = delete;
  FaultControl& operator=(const FaultControl&) = delete;

  /// "NAME=value" entries for the environment of a process. With `traced`, it records to trace_file().
  [[nodiscard]] std::vector<std::string> environment(bool traced = false) const;
  [[nodiscard]] std::string trace_file() const { return directory_ / "trace"; }

  /// Sets the counters to zero, and the plan.
  void arm(const FaultPlan& plan);
  /// Nothing goes wrong and nothing is slowed down from now on; the counters stay.
  void disarm() {
    page_->at = kNever;
    page_->sync_microseconds = 0;
  }

  [[nodiscard]] std::uint64_t processes() const { return page_->processes; }
  [[nodiscard]] std::uint64_t count() const { return page_->count; }
  [[nodiscard]] std::uint64_t struck() const { return page_->struck; }
  /// The first call that went wrong: "fdatasync log/entries". Empty if none did.
  [[nodiscard]] std::string first_struck() const { return page_->first_struck; }

 private:
  TempDirectory directory_;
  FaultPage* page_ = nullptr;
};

}  // namespace signet::test
