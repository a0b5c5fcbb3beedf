// The record of what processes did to the files of a folder, in the order in which it happened: a header for each call
// and what belongs to it behind. Numbers as the machine has them: a trace is read where it was made.
#pragma once

#include <cstdint>

namespace signet::test {

enum class TraceOp : std::uint8_t {
  kStart = 1,        ///< a process began: it has nothing open
  kOpen = 2,         ///< path; offset = the flags
  kWrite = 3,        ///< the bytes that were written, at `offset`
  kSyncBegin = 4,    ///< what was recorded before this is what the sync covers
  kSyncEnd = 5,      ///< the sync came back well
  kSyncFailed = 6,   ///< it did not: what it covered may be lost, and no later sync brings it back
  kRename = 7,       ///< both paths, a zero byte between
  kLink = 8,         ///< both paths, a zero byte between
  kUnlink = 9,       ///< path; also of a folder
  kTruncate = 10,    ///< offset = the new size
  kAllocate = 11,    ///< offset = the size it has at least
  kMakeFolder = 12,  ///< path
  // syncfs, of everything that was done to the folder:
  kSyncAllBegin = 13,
  kSyncAllEnd = 14,
  kSyncAllFailed = 15,
};

struct TraceHeader {
  std::uint32_t magic;  ///< kTraceMagic
  TraceOp op;
  std::uint8_t spare[3];
  std::uint32_t process;  ///< its pid
  std::uint32_t handle;   ///< of an open file: counted by the process from 1; calls on names have 0
  std::uint32_t thread;   ///< pairs kSyncBegin and kSyncEnd
  std::uint32_t bytes;    ///< that follow
  std::uint64_t offset;
};
static_assert(sizeof(TraceHeader) == 32);

inline constexpr std::uint32_t kTraceMagic = 0x53544631;  // "STF1"

}  // namespace signet::test
