#include "log/recovery.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/ops_log.h"
#include "log/entry_common.h"
#include "log/frame.h"
#include "log/torn_tail.h"

namespace signet::log {
namespace {

Result<std::uint64_t> size_of(int fd, const std::string& path) {
  struct stat status{};
  if (fstat(fd, &status) != 0) return fail_errno(errno, path);
  return static_cast<std::uint64_t>(status.st_size);
}

/// After a sync that failed, the kernel may show bytes that never reached the disk, marked clean. So what is read now
/// is read from the disk.
void forget_cached(int fd, std::uint64_t from) {
  constexpr std::uint64_t kPageBytes = 4096;
  posix_fadvise(fd, static_cast<off_t>(from / kPageBytes * kPageBytes), 0, POSIX_FADV_DONTNEED);
}

struct Scanned {
  Extent extent;
  std::optional<Entry> last;
};

/// The mark does not fit if a frame begins where its checkpoint ends in one way only: by number or by place.
bool contradicts(const std::optional<Mark>& mark, const Extent& extent) {
  return mark && (extent.entries() == mark->size) != (extent.bytes() == mark->bytes);
}

std::unexpected<Error> mark_does_not_fit() { return fail(ErrorCode::kDataLoss, "the mark does not fit"); }

/// All whole frames up to the first that is none, from the mark on if there is one.
Result<Scanned> scan(int fd, std::uint64_t size, const std::optional<Mark>& mark) {
  const Place begin = mark ? Place{.seq = mark->lowest_open, .bytes = mark->lowest_open_bytes} : Place{};
  if (begin.bytes > size) return mark_does_not_fit();
  forget_cached(fd, begin.bytes);
  FrameReader frames(fd, begin.bytes, size);
  Scanned scanned{.extent = Extent(begin), .last = {}};
  while (true) {
    SIGNET_TRY(const auto encoded, frames.next());
    if (!encoded) break;
    SIGNET_TRY(Entry entry, parse_entry(copy_of(*encoded), scanned.extent.entries()));
    SIGNET_CHECK(scanned.extent.add(entry));
    scanned.last = std::move(entry);
    if (contradicts(mark, scanned.extent)) return mark_does_not_fit();
  }
  if (mark && scanned.extent.entries() < mark->size) return mark_does_not_fit();
  return scanned;
}

/// Whatever is wrong behind the mark is found again by reading everything, so it is told once only, and from there.
Result<Scanned> scan_from_mark_or_all(int fd, const std::string& path, std::uint64_t size,
                                      const std::optional<Mark>& mark) {
  if (mark) {
    if (auto scanned = scan(fd, size, mark)) return scanned;
    ops::warning("the log's mark does not fit: the whole log is read", {{"log", path}});
  }
  auto scanned = scan(fd, size, std::nullopt);
  if (!scanned) scanned.error().message = fmt::format("{}: {}", path, scanned.error().message);
  return scanned;
}

/// How many bytes behind `end` reach up to the last that is not zero.
Result<std::uint64_t> rest_behind(int fd, const std::string& path, std::uint64_t end, std::uint64_t size) {
  constexpr std::uint64_t kChunkBytes = std::uint64_t{256} * 1024;
  std::uint64_t rest = 0;
  for (std::uint64_t at = end; at < size; at += kChunkBytes) {
    SIGNET_TRY(const Bytes chunk, read_at(fd, path, at, std::min(kChunkBytes, size - at)));
    const auto last = std::ranges::find_if(chunk.rbegin(), chunk.rend(), [](auto byte) { return byte != 0; });
    if (last != chunk.rend()) rest = at - end + static_cast<std::uint64_t>(chunk.rend() - last);
  }
  return rest;
}

std::unexpected<Error> damaged_in_the_middle(const std::string& path, const Extent& extent, std::uint64_t rest) {
  return fail(
      ErrorCode::kDataLoss,
      fmt::format("{}: damaged at byte {} (entry {}), with {} bytes behind it; a write that was cut off leaves at "
                  "most {}. Nothing was changed: restore the file from a copy",
                  path, extent.bytes(), extent.entries(), rest, kMaxBatchBytes));
}

Result<void> sync(int fd, const std::string& path, FileOps& ops) {
  if (ops.fdatasync(fd) == 0) return {};
  return fail_errno(errno, path + ": sync");
}

}  // namespace

/// Behind the whole frames: zeros, where room was allocated, and perhaps the rest of a write that was cut off, of which
/// any part may be missing.
Result<Examined> examine(int fd, const std::string& path, const std::optional<Mark>& mark, FileOps& ops) {
  // A killed process may have left entries that were written and not synced. They count, so they have to last.
  SIGNET_CHECK(sync(fd, path, ops));
  SIGNET_TRY(const std::uint64_t size, size_of(fd, path));
  SIGNET_TRY(Scanned scanned, scan_from_mark_or_all(fd, path, size, mark));
  SIGNET_TRY(const std::uint64_t rest, rest_behind(fd, path, scanned.extent.bytes(), size));
  if (rest > kMaxBatchBytes) return damaged_in_the_middle(path, scanned.extent, rest);
  std::optional<Time> last_time;
  if (scanned.last) {
    SIGNET_TRY(last_time, read_time(*scanned.last));
  }
  return Examined{.extent = std::move(scanned.extent), .last_time = last_time, .rest_bytes = rest};
}

Result<Recovery> recover(int fd, const std::string& path, const Examined& examined, FileOps& ops) {
  Recovery recovery{.cut_bytes = examined.rest_bytes, .cut_saved_as = {}, .read_from = examined.extent.begin().seq};
  if (recovery.cut_bytes == 0) return recovery;
  const std::uint64_t end = examined.extent.bytes();
  SIGNET_TRY(recovery.cut_saved_as, save_torn_tail(fd, path, end, recovery.cut_bytes));
  // Crash here: the tail is saved and still there; the next start finds it saved and goes on.
  if (ftruncate(fd, static_cast<off_t>(end)) != 0) return fail_errno(errno, path + ": truncate");
  // Crash here: it may be there or not, as above.
  SIGNET_CHECK(sync(fd, path, ops));
  return recovery;
}

}  // namespace signet::log
