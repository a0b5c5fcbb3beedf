// Reads what the library file_faults recorded.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "fault/preload/trace_format.h"

namespace signet::test {

struct TraceRecord {
  TraceOp op{};
  std::uint32_t process = 0;
  std::uint32_t handle = 0;
  std::uint32_t thread = 0;
  std::uint64_t offset = 0;
  std::string path = {};     ///< of calls on names, and of kOpen
  std::string to_path = {};  ///< of kRename and kLink
  Bytes bytes = {};          ///< of kWrite
  std::uint64_t end = 0;     ///< where the record ends in the file: what the file's size was when it was written
};

/// Throws std::runtime_error when the file is no trace.
[[nodiscard]] std::vector<TraceRecord> read_trace(const std::string& path);

}  // namespace signet::test
