#include "log/frame.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "log/entry.h"

namespace signet::log {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kHashBytes = kFrameHeaderBytes - kLengthBytes;
constexpr std::size_t kReadBytes = std::size_t{256} * 1024;

Result<Bytes> read_at(int fd, std::uint64_t offset, std::size_t size) {
  Bytes bytes(size);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(fd, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, fmt::format("cannot read the log at byte {}", offset + done));
    if (got == 0) return fail(ErrorCode::kDataLoss, fmt::format("the log became shorter at byte {}", offset + done));
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

}  // namespace

void append_frame(Bytes& to, ByteView entry) {
  append_u32(to, static_cast<std::uint32_t>(entry.size()));
  append(to, ByteView(leaf_hash(entry)).first(kHashBytes));
  append(to, entry);
}

Result<ByteView> FrameReader::peek(std::size_t size) {
  const auto left = static_cast<std::size_t>(std::min<std::uint64_t>(end_ - offset_, kReadBytes));
  if (buffer_.size() - used_ < std::min(size, left)) {
    SIGNET_TRY(buffer_, read_at(fd_, offset_, left));
    used_ = 0;
  }
  return ByteView(buffer_).subspan(used_);
}

Result<std::optional<ByteView>> FrameReader::next() {
  SIGNET_TRY(const ByteView header, peek(kFrameHeaderBytes));
  if (header.size() < kFrameHeaderBytes) return std::nullopt;
  const std::uint32_t length = read_u32(header);
  if (length == 0 || length > kMaxEntryBytes) return std::nullopt;
  const std::size_t size = kFrameHeaderBytes + length;
  SIGNET_TRY(const ByteView bytes, peek(size));
  if (bytes.size() < size) return std::nullopt;
  const ByteView entry = bytes.subspan(kFrameHeaderBytes, length);
  if (!equal(bytes.subspan(kLengthBytes, kHashBytes), ByteView(leaf_hash(entry)).first(kHashBytes))) {
    return std::nullopt;
  }
  offset_ += size;
  used_ += size;
  return entry;
}

}  // namespace signet::log
