// What the parts of the library file_faults share.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "control.h"
#include "trace_format.h"

namespace signet::test::preload {

/// What is to happen to the call that is about to be made.
struct Verdict {
  FaultAction action = FaultAction::kNone;
  int error = 0;
};

/// True for a path (absolute, normalised) of the folder.
[[nodiscard]] bool is_watched(const char* path);
/// Counts a call and says what happens to it. Ends the process for kDieBefore.
[[nodiscard]] Verdict judge(FaultCalls sort, const char* call, const char* path);
[[noreturn]] void die();
/// Waits as long as the plan says that a sync takes.
void take_time_to_sync();

/// Makes a path absolute and takes "." and ".." out of its text. False when it does not fit.
inline constexpr std::size_t kPathBytes = 4096;
[[nodiscard]] bool absolute(int folder, const char* path, char (&out)[kPathBytes]);

/// Open files of the folder. A descriptor that is not one has the handle 0.
struct OpenFile {
  std::uint32_t handle = 0;
  const char* path = "";  ///< lives for ever
};
void note_open(int fd, const char* path, int flags);
void note_close(int fd);
[[nodiscard]] OpenFile open_file(int fd);

/// Records a call; without a trace it does nothing.
void record(TraceOp op, std::uint32_t handle, std::uint64_t offset, const void* data, std::size_t bytes);
void record_names(TraceOp op, const char* from, const char* to);

}  // namespace signet::test::preload
