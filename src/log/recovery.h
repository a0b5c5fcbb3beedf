// What is done to the file of entries before anything is appended to it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "log/entry_log.h"

namespace signet::log {

/// One offset is remembered for so many entries.
inline constexpr std::uint64_t kIndexStride = 1024;

/// The whole frames of a file, from its beginning.
struct Extent {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::vector<std::uint64_t> index;  ///< [i] is the offset of entry i * kIndexStride
  void add(std::size_t frame_bytes) {
    if (entries % kIndexStride == 0) index.push_back(bytes);
    ++entries;
    bytes += frame_bytes;
  }
};

struct Recovered {
  Extent extent;
  Recovery recovery;
};

/// Makes what stands in the file durable, checks every frame, and cuts a torn tail after saving it beside. `path` is
/// the name of `fd`. Errors as EntryLog::open.
[[nodiscard]] Result<Recovered> recover(int fd, const std::string& path, FileOps& ops);

}  // namespace signet::log
