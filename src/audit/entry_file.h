// The file of entries, read once from its beginning.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "log/tile.h"

namespace signet::audit {

/// As many entries as a tile has hashes and a bundle has entries.
inline constexpr std::size_t kBlockEntries = log::kTileWidth;

/// Consecutive frames. Only their lengths have been looked at.
struct Block {
  struct Frame {
    std::size_t offset;  ///< in `bytes`
    std::size_t length;  ///< of the entry
  };
  std::uint64_t first = 0;   ///< the place of the first entry in the file; a multiple of kBlockEntries
  std::uint64_t offset = 0;  ///< of `bytes` in the file
  Bytes bytes;
  std::vector<Frame> frames;  ///< kBlockEntries, fewer in the last block

  [[nodiscard]] ByteView entry(std::size_t i) const noexcept;
  /// What the frame has of the leaf hash.
  [[nodiscard]] ByteView hash(std::size_t i) const noexcept;
  [[nodiscard]] std::uint64_t offset_of(std::size_t i) const noexcept { return offset + frames[i].offset; }
  [[nodiscard]] std::uint64_t end() const noexcept { return offset + bytes.size(); }
};

/// Not thread-safe. What is appended after open() is not read.
class EntryFile {
 public:
  /// Errors: kNotFound, kPermissionDenied, kInvalidArgument (no regular file), kInternal.
  [[nodiscard]] static Result<EntryFile> open(const std::string& directory);

  /// The next frames; nothing when offset() is the end of the frames: the end of the file, a length of 0 or one no
  /// entry has, or a frame that reaches beyond the file. Error kInternal when the file cannot be read.
  [[nodiscard]] Result<std::optional<Block>> next();

  /// Where the next frame begins.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// Behind the last byte from `offset` on that is not zero; `offset` when there is none.
  [[nodiscard]] Result<std::uint64_t> end_of_content(std::uint64_t offset) const;

 private:
  EntryFile(UniqueFd file, std::string path, std::uint64_t size)
      : file_(std::move(file)), path_(std::move(path)), size_(size) {}
  /// Makes at least `size` bytes from offset_ on stand in the buffer, unless the file ends before.
  Result<ByteView> peek(std::size_t size);

  UniqueFd file_;
  std::string path_;
  std::uint64_t size_;
  std::uint64_t offset_ = 0;
  std::uint64_t entries_ = 0;
  Bytes buffer_;
  std::size_t used_ = 0;  // bytes of buffer_ that lie before offset_
};

/// Opens a regular file for reading without waiting for anything and without following a link. Errors as read_file.
[[nodiscard]] Result<UniqueFd> open_regular(const std::string& path, std::uint64_t& size);
/// All of such a file. Errors besides: kInvalidArgument when it has more than `max_bytes`. `native` is set when the
/// system refused, and 0 when the file is not of the kind that was asked for.
[[nodiscard]] Result<Bytes> read_regular(const std::string& path, std::size_t max_bytes);
/// Reads up to `size` bytes; fewer only at the end of the file.
[[nodiscard]] Result<std::size_t> read_at(int fd, std::uint64_t offset, std::uint8_t* to, std::size_t size,
                                          const std::string& path);

}  // namespace signet::audit
