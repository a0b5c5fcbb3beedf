// Room on the disk for what will be appended. Internal to log.
#pragma once

#include <cstdint>
#include <string>

#include "log/entry_log.h"

namespace signet::log {

/// The file is lengthened by so much at a time.
inline constexpr std::uint64_t kAllocationStep = std::uint64_t{4} * 1024 * 1024;
/// Allocated behind the last ordinary entry, for essential ones.
inline constexpr std::uint64_t kReserveBytes = std::uint64_t{1024} * 1024;

/// Allocates a file ahead of what is written to it. Not thread-safe.
class Room {
 public:
  /// Nothing is believed to be allocated behind `end`.
  Room(int fd, std::string path, std::uint64_t end, FileOps& ops, LogLimits limits)
      : fd_(fd), path_(std::move(path)), allocated_(end), ops_(ops), limits_(limits) {}

  /// Sees to it that the file can hold bytes up to `end`, and after an ordinary append the reserve behind them. The
  /// file system is asked how much is free only when `look` is set, or when it had too little the last time. Error
  /// kUnavailable, retryable: nothing was written, and nothing is spoilt.
  [[nodiscard]] Result<void> make(std::uint64_t end, Urgency urgency, bool look);

 private:
  [[nodiscard]] Result<void> make_ordinary(std::uint64_t end, bool look);
  [[nodiscard]] Result<void> make_essential(std::uint64_t end);
  [[nodiscard]] int allocate_up_to(std::uint64_t end);
  [[nodiscard]] Result<void> check_free() const;
  void tell(const Result<void>& made);

  int fd_;
  std::string path_;
  std::uint64_t allocated_;
  FileOps& ops_;
  LogLimits limits_;
  bool refusing_ = false;
};

}  // namespace signet::log
