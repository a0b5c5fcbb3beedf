// The calls that change files, counted in the whole test program, so that a test can end the process or let a call fail
// at each of them in turn. Not armed, they are the C library's own.
#pragma once

#include <cstddef>

namespace signet::test {

enum class FileFault {
  kExitBefore,     ///< the process ends at once, with kFaultExit, and the call is not made
  kExitHalfWay,    ///< the same, but half of what a write was to write is written; other calls are made
  kFailNotDone,    ///< the call fails with EIO and nothing is done
  kFailAfterDone,  ///< it is made, and reported to have failed with EIO
};

inline constexpr int kFaultExit = 77;

/// From now on calls are counted; the call `at` (the first is 1) gets the fault, in whatever thread it is made. Counted
/// are write, pwrite (but not to standard streams), fsync, fdatasync, syncfs, rename, ftruncate, mkdir, unlink and
/// unlinkat.
void arm_file_fault(FileFault fault, std::size_t at);
/// Says how many calls were counted since.
std::size_t disarm_file_fault();

/// From now on fsync, fdatasync and syncfs succeed and do nothing: for tests of many rounds, which lose no power.
void skip_file_syncs();

}  // namespace signet::test
