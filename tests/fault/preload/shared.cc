#include "shared.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

namespace signet::test::preload {
namespace {

constexpr int kMaxFiles = 4096;

FaultPage* page = nullptr;
int trace = -1;
std::atomic<std::uint32_t> handles{0};

struct Slot {
  std::atomic<std::uint32_t> handle;
  std::atomic<const char*> path;
};
Slot files[kMaxFiles];

/// Before anything takes rights away: afterwards nothing here opens a file.
__attribute__((constructor)) void begin() {
  const int saved = errno;
  const char* control = getenv("SIGNET_FILE_FAULTS");
  if (control == nullptr) return;
  const int fd = static_cast<int>(syscall(SYS_openat, AT_FDCWD, control, O_RDWR | O_CLOEXEC, 0));
  if (fd < 0) abort();
  void* memory = mmap(nullptr, kFaultPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) abort();
  syscall(SYS_close, fd);
  auto* const found = static_cast<FaultPage*>(memory);
  if (found->program[0] == '\0' || strcmp(found->program, program_invocation_short_name) == 0) {
    page = found;
    ++page->processes;
    if (const char* name = getenv("SIGNET_FILE_TRACE"); name != nullptr) {
      trace = static_cast<int>(syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
      if (trace < 0) abort();
      record(TraceOp::kStart, 0, 0, nullptr, 0);
    }
  }
  errno = saved;
}

/// The folder of the descriptor, or the working directory.
bool base_path(int folder, char (&out)[kPathBytes]) {
  if (folder == AT_FDCWD) return getcwd(out, sizeof out) != nullptr;
  if (const OpenFile file = open_file(folder); file.handle != 0) {
    return snprintf(out, sizeof out, "%s", file.path) < static_cast<int>(sizeof out);
  }
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
  const ssize_t length = readlink(link, out, sizeof out - 1);
  if (length < 0) return false;
  out[length] = '\0';
  return true;
}

/// "/a/./b/../c" -> "/a/c", in place.
void normalise(char* path) {
  char* out = path;
  for (const char* in = path; *in != '\0';) {
    while (*in == '/') ++in;
    const std::size_t length = strcspn(in, "/");
    if (length == 2 && in[0] == '.' && in[1] == '.') {
      while (out > path && *--out != '/') {
      }
    } else if (length > 0 && !(length == 1 && in[0] == '.')) {
      *out++ = '/';
      memmove(out, in, length);
      out += length;
    }
    in += length;
  }
  if (out == path) *out++ = '/';
  *out = '\0';
}

void describe_first(const char* call, const char* path) {
  const char* shown = path + std::min(strlen(path), strlen(page->folder) + 1);
  snprintf(page->first_struck, sizeof page->first_struck, "%s %s", call, *shown == '\0' ? "." : shown);
}

}  // namespace

bool is_watched(const char* path) {
  if (page == nullptr) return false;
  const std::size_t length = strlen(page->folder);
  return strncmp(path, page->folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

void die() {
  syscall(SYS_exit_group, kDiedAsPlanned);
  __builtin_unreachable();
}

void take_time_to_sync() {
  const std::uint32_t microseconds = page->sync_microseconds;
  if (microseconds == 0) return;
  const timespec time{microseconds / 1'000'000, static_cast<long>(microseconds % 1'000'000) * 1000};
  syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &time, nullptr);
}

Verdict judge(FaultCalls sort, const char* call, const char* path) {
  if ((page->calls_counted & sort) == 0 || strstr(path, page->only) == nullptr) return {};
  const std::uint64_t number = ++page->count;
  const std::uint64_t at = page->at;
  if (at == kNever || number < at || number - at >= page->times) return {};
  if (page->struck++ == 0) describe_first(call, path);
  const auto action = static_cast<FaultAction>(page->action.load());
  if (action == FaultAction::kDieBefore) die();
  return {.action = action, .error = page->error};
}

bool absolute(int folder, const char* path, char (&out)[kPathBytes]) {
  if (page == nullptr || path == nullptr) return false;
  std::size_t used = 0;
  if (path[0] != '/') {
    if (!base_path(folder, out)) return false;
    used = strlen(out);
    if (used + 1 < sizeof out) out[used++] = '/';
  }
  const std::size_t length = strlen(path);
  if (used + length + 1 > sizeof out) return false;
  memcpy(out + used, path, length + 1);
  normalise(out);
  return true;
}

void note_open(int fd, const char* path, int flags) {
  if (fd < 0 || fd >= kMaxFiles) return;
  const std::uint32_t handle = ++handles;
  files[fd].path = strdup(path);
  files[fd].handle = handle;
  record(TraceOp::kOpen, handle, static_cast<std::uint64_t>(flags), path, strlen(path));
}

void note_close(int fd) {
  if (fd >= 0 && fd < kMaxFiles) files[fd].handle = 0;
}

OpenFile open_file(int fd) {
  if (page == nullptr || fd < 0 || fd >= kMaxFiles) return {};
  const std::uint32_t handle = files[fd].handle;
  return handle == 0 ? OpenFile{} : OpenFile{.handle = handle, .path = files[fd].path};
}

void record(TraceOp op, std::uint32_t handle, std::uint64_t offset, const void* data, std::size_t bytes) {
  if (trace < 0) return;
  TraceHeader header{.magic = kTraceMagic,
                     .op = op,
                     .spare = {},
                     .process = static_cast<std::uint32_t>(getpid()),
                     .handle = handle,
                     .thread = static_cast<std::uint32_t>(syscall(SYS_gettid)),
                     .bytes = static_cast<std::uint32_t>(bytes),
                     .offset = offset};
  const iovec parts[] = {{&header, sizeof header}, {const_cast<void*>(data), bytes}};
  // One call to a file opened for appending: records of several threads never mix.
  if (syscall(SYS_writev, trace, parts, 2) != static_cast<long>(sizeof header + bytes)) abort();
}

void record_names(TraceOp op, const char* from, const char* to) {
  char both[2 * kPathBytes];
  const std::size_t first = strlen(from) + 1;
  const std::size_t second = strlen(to);
  memcpy(both, from, first);
  memcpy(both + first, to, second);
  record(op, 0, 0, both, first + second);
}

}  // namespace signet::test::preload
