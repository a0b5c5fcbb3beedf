// The C library's functions that change files, with faults: loaded into a process by LD_PRELOAD, before the C library.
// control.h says what for. Calls are passed on as system calls, and only such as the sandbox of the daemon's processes
// knows (src/base/seccomp_calls.cc). What the C library does inside itself (fopen, mkstemp) does not come by here.
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "shared.h"

namespace signet::test::preload {
namespace {

/// Makes a call as the verdict says. `really` makes all of it, `half` less; both record what they did.
template <class Really, class Half>
long carry_out(const Verdict& verdict, Really really, Half half) {
  switch (verdict.action) {
    case FaultAction::kNone: return really();
    case FaultAction::kShort: return half();
    case FaultAction::kFailDone: static_cast<void>(really()); [[fallthrough]];
    case FaultAction::kFail: errno = verdict.error; return -1;
    case FaultAction::kDieTorn: static_cast<void>(half()); break;
    case FaultAction::kDieAfter: static_cast<void>(really()); break;
    case FaultAction::kDieBefore: break;
  }
  die();
}

/// As above, for calls that have no half: torn they are not made, short they are.
template <class Really>
long carry_out(Verdict verdict, Really really) {
  if (verdict.action == FaultAction::kDieTorn) verdict.action = FaultAction::kDieBefore;
  return carry_out(verdict, really, really);
}

// Opening ---------------------------------------------------------------------------------------------------------

FaultCalls sort_of_open(int flags) {
  const bool changes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0;
  return changes ? kOpens : kReadOpens;
}

int open_at(int folder, const char* name, int flags, mode_t mode) {
  const auto really = [&] { return syscall(SYS_openat, folder, name, flags, mode); };
  char path[kPathBytes];
  if (!absolute(folder, name, path) || !is_watched(path)) return static_cast<int>(really());
  return static_cast<int>(carry_out(judge(sort_of_open(flags), "open", path), [&] {
    const long fd = really();
    if (fd >= 0) note_open(static_cast<int>(fd), path, flags);
    return fd;
  }));
}

mode_t mode_argument(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

// Writing ---------------------------------------------------------------------------------------------------------

/// Where a write that moved the descriptor's position began.
std::uint64_t position_before(int fd, long written) {
  return static_cast<std::uint64_t>(syscall(SYS_lseek, fd, 0, SEEK_CUR) - written);
}

std::size_t total(const iovec* parts, int count) {
  std::size_t bytes = 0;
  for (int i = 0; i < count; ++i) bytes += parts[i].iov_len;
  return bytes;
}

/// Records the first `written` bytes of the parts.
void record_write(std::uint32_t handle, std::uint64_t offset, const iovec* parts, int count, long written) {
  for (int i = 0; i < count && written > 0; ++i) {
    const auto bytes = std::min(static_cast<std::size_t>(written), parts[i].iov_len);
    record(TraceOp::kWrite, handle, offset, parts[i].iov_base, bytes);
    offset += bytes;
    written -= static_cast<long>(bytes);
  }
}

/// At `offset`, or where the descriptor stands.
constexpr off_t kWhereItStands = -1;

/// By the system call that the process asked for: its sandbox may know no other.
long write_parts(int fd, const iovec* parts, int count, off_t offset) {
  const bool one = count == 1;
  if (offset == kWhereItStands) {
    return one ? syscall(SYS_write, fd, parts->iov_base, parts->iov_len) : syscall(SYS_writev, fd, parts, count);
  }
  return one ? syscall(SYS_pwrite64, fd, parts->iov_base, parts->iov_len, offset)
             : syscall(SYS_pwritev, fd, parts, count, offset, 0);
}

ssize_t write_at(int fd, const char* call, const iovec* parts, int count, off_t offset) {
  const OpenFile file = open_file(fd);
  if (file.handle == 0) return write_parts(fd, parts, count, offset);
  const auto write_and_record = [&](const iovec* what, int how_many) {
    const long written = write_parts(fd, what, how_many, offset);
    if (written > 0) {
      const std::uint64_t begin =
          offset == kWhereItStands ? position_before(fd, written) : static_cast<std::uint64_t>(offset);
      record_write(file.handle, begin, what, how_many, written);
    }
    return written;
  };
  const auto half = [&] {
    iovec first = parts[0];
    first.iov_len = std::min(first.iov_len, std::max<std::size_t>(total(parts, count) / 2, 1));
    return write_and_record(&first, 1);
  };
  return carry_out(judge(kWrites, call, file.path), [&] { return write_and_record(parts, count); }, half);
}

ssize_t write_one(int fd, const char* call, const void* data, std::size_t bytes, off_t offset) {
  const iovec part{const_cast<void*>(data), bytes};
  return write_at(fd, call, &part, 1, offset);
}

// Syncing ---------------------------------------------------------------------------------------------------------

/// How a sync is recorded.
struct SyncOps {
  TraceOp begin;
  TraceOp end;
  TraceOp failed;
};
constexpr SyncOps kOfAFile{TraceOp::kSyncBegin, TraceOp::kSyncEnd, TraceOp::kSyncFailed};
constexpr SyncOps kOfEverything{TraceOp::kSyncAllBegin, TraceOp::kSyncAllEnd, TraceOp::kSyncAllFailed};

template <class Sync>
int sync_file(int fd, const char* call, const SyncOps& ops, Sync sync) {
  const OpenFile file = open_file(fd);
  if (file.handle == 0) return static_cast<int>(sync());
  const Verdict verdict = judge(kSyncs, call, file.path);
  if (verdict.action == FaultAction::kFail) record(ops.failed, file.handle, 0, nullptr, 0);
  return static_cast<int>(carry_out(verdict, [&] {
    record(ops.begin, file.handle, 0, nullptr, 0);
    take_time_to_sync();
    const long status = sync();
    record(status == 0 ? ops.end : ops.failed, file.handle, 0, nullptr, 0);
    return status;
  }));
}

// Names -----------------------------------------------------------------------------------------------------------

template <class Call>
int with_name(const char* call, TraceOp op, int folder, const char* name, Call really) {
  char path[kPathBytes];
  if (!absolute(folder, name, path) || !is_watched(path)) return static_cast<int>(really());
  return static_cast<int>(carry_out(judge(kNames, call, path), [&] {
    const long status = really();
    if (status == 0) record(op, 0, 0, path, strlen(path));
    return status;
  }));
}

template <class Call>
int with_names(const char* call, TraceOp op, int from_folder, const char* from, int to_folder, const char* to,
               Call really) {
  char from_path[kPathBytes];
  char to_path[kPathBytes];
  if (!absolute(from_folder, from, from_path) || !absolute(to_folder, to, to_path) || !is_watched(to_path)) {
    return static_cast<int>(really());
  }
  return static_cast<int>(carry_out(judge(kNames, call, to_path), [&] {
    const long status = really();
    if (status == 0) record_names(op, from_path, to_path);
    return status;
  }));
}

// Sizes -----------------------------------------------------------------------------------------------------------

template <class Call>
int with_size(int fd, const char* call, TraceOp op, off_t size, Call really) {
  const OpenFile file = open_file(fd);
  if (file.handle == 0) return static_cast<int>(really());
  return static_cast<int>(carry_out(judge(kSizes, call, file.path), [&] {
    const long status = really();
    if (status == 0) record(op, file.handle, static_cast<std::uint64_t>(size), nullptr, 0);
    return status;
  }));
}

}  // namespace
}  // namespace signet::test::preload

using namespace signet::test::preload;  // NOLINT: what follows are the names of the C library
using signet::test::TraceOp;

#define EXPORTED __attribute__((visibility("default")))

extern "C" {

EXPORTED int open(const char* name, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_argument(flags, arguments);
  va_end(arguments);
  return open_at(AT_FDCWD, name, flags, mode);
}
EXPORTED int openat(int folder, const char* name, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_argument(flags, arguments);
  va_end(arguments);
  return open_at(folder, name, flags, mode);
}
EXPORTED int creat(const char* name, mode_t mode) {
  return open_at(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
EXPORTED int __open_2(const char* name, int flags) { return open_at(AT_FDCWD, name, flags, 0); }
EXPORTED int __openat_2(int folder, const char* name, int flags) { return open_at(folder, name, flags, 0); }
EXPORTED int close(int fd) {
  note_close(fd);
  return static_cast<int>(syscall(SYS_close, fd));
}

EXPORTED ssize_t write(int fd, const void* data, size_t bytes) {
  return write_one(fd, "write", data, bytes, kWhereItStands);
}
EXPORTED ssize_t writev(int fd, const iovec* parts, int count) {
  return write_at(fd, "writev", parts, count, kWhereItStands);
}
EXPORTED ssize_t pwrite(int fd, const void* data, size_t bytes, off_t offset) {
  return write_one(fd, "pwrite", data, bytes, offset);
}
EXPORTED ssize_t pwritev(int fd, const iovec* parts, int count, off_t offset) {
  return write_at(fd, "pwritev", parts, count, offset);
}

EXPORTED int fsync(int fd) {
  return sync_file(fd, "fsync", kOfAFile, [&] { return syscall(SYS_fsync, fd); });
}
EXPORTED int fdatasync(int fd) {
  return sync_file(fd, "fdatasync", kOfAFile, [&] { return syscall(SYS_fdatasync, fd); });
}
EXPORTED int syncfs(int fd) {
  return sync_file(fd, "syncfs", kOfEverything, [&] { return syscall(SYS_syncfs, fd); });
}
/// Makes nothing durable by itself: counted, and not recorded.
EXPORTED int sync_file_range(int fd, off_t offset, off_t bytes, unsigned flags) {
  const auto really = [&] { return syscall(SYS_sync_file_range, fd, offset, bytes, flags); };
  const OpenFile file = open_file(fd);
  if (file.handle == 0) return static_cast<int>(really());
  return static_cast<int>(carry_out(judge(signet::test::kSyncs, "sync_file_range", file.path), really));
}

EXPORTED int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
  return with_names("rename", TraceOp::kRename, from_folder, from, to_folder, to,
                    [&] { return syscall(SYS_renameat2, from_folder, from, to_folder, to, flags); });
}
EXPORTED int renameat(int from_folder, const char* from, int to_folder, const char* to) {
  return renameat2(from_folder, from, to_folder, to, 0);
}
EXPORTED int rename(const char* from, const char* to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }
EXPORTED int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) {
  return with_names("link", TraceOp::kLink, from_folder, from, to_folder, to,
                    [&] { return syscall(SYS_linkat, from_folder, from, to_folder, to, flags); });
}
EXPORTED int link(const char* from, const char* to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }
EXPORTED int unlinkat(int folder, const char* name, int flags) {
  return with_name("unlink", TraceOp::kUnlink, folder, name,
                   [&] { return syscall(SYS_unlinkat, folder, name, flags); });
}
EXPORTED int unlink(const char* name) { return unlinkat(AT_FDCWD, name, 0); }
EXPORTED int rmdir(const char* name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }
EXPORTED int mkdirat(int folder, const char* name, mode_t mode) {
  return with_name("mkdir", TraceOp::kMakeFolder, folder, name,
                   [&] { return syscall(SYS_mkdirat, folder, name, mode); });
}
EXPORTED int mkdir(const char* name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }

EXPORTED int ftruncate(int fd, off_t size) {
  return with_size(fd, "ftruncate", TraceOp::kTruncate, size, [&] { return syscall(SYS_ftruncate, fd, size); });
}
EXPORTED int fallocate(int fd, int mode, off_t offset, off_t bytes) {
  return with_size(fd, "fallocate", TraceOp::kAllocate, offset + bytes,
                   [&] { return syscall(SYS_fallocate, fd, mode, offset, bytes); });
}
/// Unlike the C library's, without help for file systems that do not know it. Does not set errno.
EXPORTED int posix_fallocate(int fd, off_t offset, off_t bytes) {
  const int saved = errno;
  const int status = fallocate(fd, 0, offset, bytes);
  return status == 0 ? 0 : std::exchange(errno, saved);
}

// The same under the names of large files.
#define SAME_AS(function) __attribute__((visibility("default"), alias(#function)))
SAME_AS(open) int open64(const char*, int, ...);
SAME_AS(openat) int openat64(int, const char*, int, ...);
SAME_AS(creat) int creat64(const char*, mode_t);
SAME_AS(__open_2) int __open64_2(const char*, int);
SAME_AS(__openat_2) int __openat64_2(int, const char*, int);
SAME_AS(pwrite) ssize_t pwrite64(int, const void*, size_t, off_t);
SAME_AS(pwritev) ssize_t pwritev64(int, const iovec*, int, off_t);
SAME_AS(ftruncate) int ftruncate64(int, off_t);
SAME_AS(fallocate) int fallocate64(int, int, off_t, off_t);
SAME_AS(posix_fallocate) int posix_fallocate64(int, off_t, off_t);

}  // extern "C"
