#include "audit/entry_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "log/entry.h"
#include "log/frame.h"

namespace signet::audit {
namespace {

constexpr std::size_t kReadBytes = std::size_t{1024} * 1024;
constexpr std::size_t kLengthBytes = 4;

}  // namespace

Result<UniqueFd> open_regular(const std::string& path, std::uint64_t& size) {
  UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)};
  if (!file.valid() && errno == ELOOP) {
    return fail(ErrorCode::kPermissionDenied, path + ": is a symbolic link, which is not followed");
  }
  if (!file.valid()) return fail_errno(errno, path);
  struct stat status{};
  if (fstat(file.get(), &status) != 0) return fail_errno(errno, path);
  if (!S_ISREG(status.st_mode)) return fail(ErrorCode::kInvalidArgument, path + ": not a regular file");
  size = static_cast<std::uint64_t>(status.st_size);
  return file;
}

Result<std::size_t> read_at(int fd, std::uint64_t offset, std::uint8_t* to, std::size_t size, const std::string& path) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(fd, to + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, path);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Result<Bytes> read_regular(const std::string& path, std::size_t max_bytes) {
  std::uint64_t size = 0;
  SIGNET_TRY(const UniqueFd file, open_regular(path, size));
  Bytes bytes(max_bytes + 1);
  SIGNET_TRY(const std::size_t got, read_at(file.get(), 0, bytes.data(), bytes.size(), path));
  if (got > max_bytes) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{}: has more than {} bytes", path, max_bytes));
  }
  bytes.resize(got);
  return bytes;
}

ByteView Block::entry(std::size_t i) const noexcept {
  return ByteView(bytes).subspan(frames[i].offset + log::kFrameHeaderBytes, frames[i].length);
}

ByteView Block::hash(std::size_t i) const noexcept {
  return ByteView(bytes).subspan(frames[i].offset + kLengthBytes, log::kFrameHeaderBytes - kLengthBytes);
}

Result<EntryFile> EntryFile::open(const std::string& directory) {
  std::string path = directory + "/entries";
  std::uint64_t size = 0;
  SIGNET_TRY(UniqueFd file, open_regular(path, size));
  return EntryFile(std::move(file), std::move(path), size);
}

Result<ByteView> EntryFile::peek(std::size_t size) {
  if (buffer_.size() - used_ < size) {
    const std::size_t want = std::max(kReadBytes, size);
    buffer_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(want, size_ - offset_)));
    used_ = 0;
    SIGNET_TRY(const std::size_t got, read_at(file_.get(), offset_, buffer_.data(), buffer_.size(), path_));
    buffer_.resize(got);  // fewer where the file became shorter meanwhile
  }
  return ByteView(buffer_).subspan(used_);
}

Result<std::optional<Block>> EntryFile::next() {
  Block block{.first = entries_, .offset = offset_, .bytes = {}, .frames = {}};
  while (block.frames.size() < kBlockEntries) {
    SIGNET_TRY(const ByteView header, peek(log::kFrameHeaderBytes));
    if (header.size() < log::kFrameHeaderBytes) break;
    const std::uint32_t length = read_u32(header);
    if (length == 0 || length > log::kMaxEntryBytes) break;
    const std::size_t frame_bytes = log::kFrameHeaderBytes + length;
    SIGNET_TRY(const ByteView frame, peek(frame_bytes));
    if (frame.size() < frame_bytes) break;
    block.frames.push_back({.offset = block.bytes.size(), .length = length});
    append(block.bytes, frame.first(frame_bytes));
    offset_ += frame_bytes;
    used_ += frame_bytes;
  }
  if (block.frames.empty()) return std::nullopt;
  entries_ += block.frames.size();
  return block;
}

Result<std::uint64_t> EntryFile::end_of_content(std::uint64_t offset) const {
  std::uint64_t end = offset;
  Bytes buffer(kReadBytes);
  for (std::uint64_t at = offset; at < size_;) {
    // A file may claim terabytes that it does not have: holes are passed over.
    const off_t data = ::lseek(file_.get(), static_cast<off_t>(at), SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;
    if (data > 0) at = std::max(at, static_cast<std::uint64_t>(data));
    SIGNET_TRY(const std::size_t got, read_at(file_.get(), at, buffer.data(), buffer.size(), path_));
    if (got == 0) break;
    const auto last = std::find_if(buffer.rend() - static_cast<std::ptrdiff_t>(got), buffer.rend(),
                                   [](std::uint8_t byte) { return byte != 0; });
    if (last != buffer.rend()) end = at + static_cast<std::uint64_t>(std::distance(last, buffer.rend()));
    at += got;
  }
  return end;
}

}  // namespace signet::audit
