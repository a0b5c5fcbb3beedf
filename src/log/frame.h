// Frames: how one entry stands in the file. 4-byte big-endian length of the entry, the first 8 bytes of its leaf hash,
// the entry.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace signet::log {

inline constexpr std::size_t kFrameHeaderBytes = 12;

/// Appends the frame of `entry` (1 to kMaxEntryBytes bytes).
void append_frame(Bytes& to, ByteView entry);

/// Reads the frames of a file between two offsets, in order, through a buffer. Not thread-safe.
class FrameReader {
 public:
  /// `fd` is borrowed and read with pread(2).
  FrameReader(int fd, std::uint64_t offset, std::uint64_t end) : fd_(fd), offset_(offset), end_(end) {}

  /// The entry of the next frame; valid until the next call. Nothing when what stands at offset() is not a whole frame
  /// with the right hash, or when the end is reached (see at_end()). Error kInternal when the file cannot be read.
  [[nodiscard]] Result<std::optional<ByteView>> next();

  /// Of the first byte behind the frames returned so far.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  [[nodiscard]] bool at_end() const noexcept { return offset_ == end_; }

 private:
  /// Makes at least `size` bytes from offset_ on stand in the buffer, unless the end is nearer.
  Result<ByteView> peek(std::size_t size);

  int fd_;
  std::uint64_t offset_;
  std::uint64_t end_;
  Bytes buffer_;
  std::size_t used_ = 0;  // bytes of buffer_ that lie before offset_
};

}  // namespace signet::log
