// What a test and the processes it puts under faults share: one page of memory, mapped from a file. The test writes the
// plan; the library file_faults, loaded into a process by LD_PRELOAD, follows it and counts.
//
// The environment of the process says where:
//   SIGNET_FILE_FAULTS   the control file (made by FaultControl of fault_control.h); without it nothing is done
//   SIGNET_FILE_TRACE    optional: a file, outside the folder, to which every call is recorded (see trace_format.h)
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

namespace signet::test {

/// What happens at the call whose number comes up.
enum class FaultAction : std::uint32_t {
  kNone,       ///< only counted (and recorded)
  kDieBefore,  ///< the process ends, as kill -9 ends it; the call is not made
  kDieAfter,   ///< the call is made, then the process ends
  kDieTorn,    ///< a write is made of its first half, then the process ends; other calls as kDieBefore
  kFail,       ///< the call is not made, and reports `error`
  kFailDone,   ///< the call is made, and reports `error`
  kShort,      ///< a write is made of its first half (at least a byte), and says so; other calls are made
};

/// Sorts of calls, to be counted or not: bits.
enum FaultCalls : std::uint32_t {
  kOpens = 1U,       ///< open and its like, that make or may change a file
  kWrites = 2U,      ///< write, writev, pwrite, pwritev
  kSyncs = 4U,       ///< fsync, fdatasync, syncfs, sync_file_range
  kNames = 8U,       ///< rename, link, unlink, mkdir and their like
  kSizes = 16U,      ///< ftruncate, fallocate and their like
  kReadOpens = 32U,  ///< open and its like, for reading only, folders included
  kChanges = kOpens | kWrites | kSyncs | kNames | kSizes,
  kEverything = kChanges | kReadOpens,
};

inline constexpr std::uint64_t kNever = 0;
inline constexpr std::uint64_t kFromThenOn = std::numeric_limits<std::uint64_t>::max();
/// The exit status of a process that died as planned.
inline constexpr int kDiedAsPlanned = 137;

struct FaultPage {
  char folder[1024];  ///< calls on files below it count; absolute, without links, no slash at the end
  char program[64];   ///< processes of another name are left alone; empty = all
  char only[64];      ///< calls on files whose path has this in it count; empty = all
  std::atomic<std::uint32_t> calls_counted;      ///< FaultCalls
  std::atomic<std::uint32_t> action;             ///< FaultAction
  std::atomic<std::int32_t> error;               ///< errno that kFail and kFailDone report
  std::atomic<std::uint64_t> at;                 ///< the first call that goes wrong, counted from 1; kNever
  std::atomic<std::uint64_t> times;              ///< how many do from there; kFromThenOn
  std::atomic<std::uint32_t> sync_microseconds;  ///< that every sync takes at least
  // Written by the processes:
  std::atomic<std::uint64_t> processes;  ///< that loaded the library and follow the plan
  std::atomic<std::uint64_t> count;      ///< calls so far, of all processes since the test reset it
  std::atomic<std::uint64_t> struck;     ///< how many of them went wrong
  char first_struck[256];                ///< "fdatasync log/entries"
};

inline constexpr std::size_t kFaultPageBytes = 4096;
static_assert(sizeof(FaultPage) <= kFaultPageBytes);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<std::uint32_t>::is_always_lock_free);

}  // namespace signet::test
