// A log that lives in processes of its own, one after the other (log_life/log_life.cc).
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fault/fault_control.h"
#include "fault/log_story.h"
#include "support/command.h"

namespace signet::test {

class LogLife : public testing::Test {
 protected:
  static constexpr std::chrono::milliseconds kPatient{30'000};
  static constexpr std::chrono::milliseconds kImpatient{300};

  LogLife();

  [[nodiscard]] std::string folder() const { return directory_ / "state"; }
  [[nodiscard]] std::string other(const std::string& name) const { return directory_ / name; }
  void empty_folder() const;
  /// Puts a copy of `from` in the folder's place.
  void restore(const std::string& from) const;

  /// So many entries by each of so many threads.
  static CommandResult run(const std::string& where, int entries, int threads, std::chrono::milliseconds patience,
                           const std::vector<std::string>& environment);
  /// Small entries, and no checkpoint.
  static CommandResult run_unpublished(const std::string& where, int entries) {
    return run_command({std::string(SIGNET_BIN_DIR) + "/test_log_life", where, std::to_string(entries)});
  }
  CommandResult run_with_faults(std::chrono::milliseconds patience) {
    return run(folder(), 12, 1, patience, faults_.environment());
  }

  /// A life without faults, after which the log keeps all that was promised up to `position`, by those before it too.
  static void expect_recovers(const std::string& where, std::vector<Promise> promises, const std::string& what,
                              std::uint64_t position = ~std::uint64_t{0});

  TempDirectory directory_;
  FaultControl faults_;
};

}  // namespace signet::test
