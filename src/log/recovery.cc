#include "log/recovery.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "log/frame.h"

namespace signet::log {
namespace {

Result<std::uint64_t> size_of(int fd, const std::string& path) {
  struct stat status{};
  if (fstat(fd, &status) != 0) return fail_errno(errno, path);
  return static_cast<std::uint64_t>(status.st_size);
}

/// After a sync that failed, the kernel may show bytes that never reached the disk, marked clean. The log stopped then,
/// so they lie in the last batch: it is read from the disk.
void forget_cached_tail(int fd, std::uint64_t size) {
  constexpr std::uint64_t kPageBytes = 4096;
  const std::uint64_t tail = kMaxBatchBytes + kPageBytes;
  const std::uint64_t from = size > tail ? (size - tail) / kPageBytes * kPageBytes : 0;
  posix_fadvise(fd, static_cast<off_t>(from), 0, POSIX_FADV_DONTNEED);
}

/// All whole frames up to the first damage. The last entry must have the place that counting gives it.
Result<Extent> scan(int fd, const std::string& path, std::uint64_t size) {
  FrameReader frames(fd, 0, size);
  Extent extent;
  Bytes last;
  while (true) {
    SIGNET_TRY(const auto entry, frames.next());
    if (!entry) break;
    extent.add(kFrameHeaderBytes + entry->size());
    last.assign(entry->begin(), entry->end());
  }
  if (extent.entries == 0) return extent;
  if (const auto parsed = parse_entry(std::move(last), extent.entries - 1); !parsed) {
    return fail(ErrorCode::kDataLoss, fmt::format("{}: {}", path, parsed.error().message));
  }
  return extent;
}

std::unexpected<Error> damaged_in_the_middle(const std::string& path, const Extent& extent, std::uint64_t rest) {
  return fail(
      ErrorCode::kDataLoss,
      fmt::format("{}: damaged at byte {} (entry {}), with {} bytes behind it; a write that was cut off leaves at "
                  "most {}. Nothing was changed: restore the file from a copy",
                  path, extent.bytes, extent.entries, rest, kMaxBatchBytes));
}

Result<Bytes> read_tail(int fd, const std::string& path, std::uint64_t offset, std::size_t size) {
  Bytes tail(size);
  for (std::size_t done = 0; done < size;) {
    const ssize_t got = pread(fd, tail.data() + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return fail_errno(got < 0 ? errno : EIO, fmt::format("{}: byte {}", path, offset + done));
    done += static_cast<std::size_t>(got);
  }
  return tail;
}

/// The file `name` was there already: it must be what an earlier run saved before it died, and must last as well.
Result<void> check_saved(const std::string& name, const Bytes& tail) {
  SIGNET_TRY(const Bytes saved, read_file(name, kMaxBatchBytes, FileTrust::kNotWritable, "the saved end of the log"));
  if (saved == tail) return sync_directory(directory_of(name));
  return fail(
      ErrorCode::kDataLoss,
      fmt::format("{}: holds other bytes ({}) than the {} at the end of the log that are to be saved under this "
                  "name. Nothing was changed: keep that file under another name and start again",
                  name, saved.size(), tail.size()));
}

/// Writes the bytes from `offset` on to a file beside that is named by where they stood and by their hash: never over
/// other bytes, and once only when an earlier run died between saving and cutting. Once it returns, they last there.
Result<std::string> save_tail(int fd, const std::string& path, std::uint64_t offset, std::size_t size) {
  SIGNET_TRY(const Bytes tail, read_tail(fd, path, offset, size));
  std::string name = fmt::format("{}.torn-{}-{}", path, offset, to_hex(ByteView(sha256(tail)).first(8)));
  const auto written = write_new_file(name, tail, 0600);
  if (!written && written.error().code != ErrorCode::kAlreadyExists) return std::unexpected(written.error());
  if (!written) SIGNET_CHECK(check_saved(name, tail));
  return name;
}

Result<void> sync(int fd, const std::string& path, FileOps& ops) {
  if (ops.fdatasync(fd) == 0) return {};
  return fail_errno(errno, path + ": sync");
}

}  // namespace

Result<Recovered> recover(int fd, const std::string& path, FileOps& ops) {
  // A killed process may have left entries that were written and not synced. They count, so they have to last.
  SIGNET_CHECK(sync(fd, path, ops));
  SIGNET_TRY(const std::uint64_t size, size_of(fd, path));
  forget_cached_tail(fd, size);
  SIGNET_TRY(Extent extent, scan(fd, path, size));
  const std::uint64_t rest = size - extent.bytes;
  if (rest == 0) return Recovered{.extent = std::move(extent), .recovery = {}};
  if (rest > kMaxBatchBytes) return damaged_in_the_middle(path, extent, rest);
  SIGNET_TRY(std::string saved, save_tail(fd, path, extent.bytes, rest));
  // Crash here: the tail is saved and still there; the next start finds it saved and goes on.
  if (ftruncate(fd, static_cast<off_t>(extent.bytes)) != 0) return fail_errno(errno, path + ": truncate");
  SIGNET_CHECK(sync(fd, path, ops));
  return Recovered{.extent = std::move(extent), .recovery = {.cut_bytes = rest, .cut_saved_as = std::move(saved)}};
}

}  // namespace signet::log
