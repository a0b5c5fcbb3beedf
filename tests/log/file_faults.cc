#include "file_faults.h"

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>

namespace signet::test {
namespace {

std::atomic<bool> armed = false;
std::atomic<bool> syncs_are_skipped = false;
std::atomic<std::size_t> calls = 0;
std::atomic<std::size_t> fault_at = 0;
std::atomic<FileFault> fault_kind = FileFault::kExitBefore;

template <class F>
F real(const char* name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));  // the one that would be called without this file
}

/// `call` makes the call, `half` a part of it.
template <class T, class Call, class Half>
T counted(Call call, Half half) {
  if (!armed || ++calls != fault_at) return call();
  switch (fault_kind) {
    case FileFault::kExitBefore: _exit(kFaultExit);
    case FileFault::kExitHalfWay: static_cast<void>(half()); _exit(kFaultExit);
    case FileFault::kFailNotDone: break;
    case FileFault::kFailAfterDone: static_cast<void>(call()); break;
  }
  errno = EIO;
  return -1;
}

template <class T, class Call>
T counted(Call call) {
  return counted<T>(call, call);
}

}  // namespace

void arm_file_fault(FileFault fault, std::size_t at) {
  calls = 0;
  fault_at = at;
  fault_kind = fault;
  armed = true;
}

std::size_t disarm_file_fault() {
  armed = false;
  return calls;
}

void skip_file_syncs() { syncs_are_skipped = true; }

}  // namespace signet::test

using signet::test::counted;
using signet::test::real;
using signet::test::syncs_are_skipped;

// These take the C library's places, also for its own C++ library.
extern "C" {

ssize_t write(int fd, const void* data, size_t size) {
  static const auto next = real<ssize_t (*)(int, const void*, size_t)>("write");
  if (fd <= STDERR_FILENO) return next(fd, data, size);
  return counted<ssize_t>([&] { return next(fd, data, size); }, [&] { return next(fd, data, size / 2); });
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  static const auto next = real<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  return counted<ssize_t>([&] { return next(fd, data, size, offset); },
                          [&] { return next(fd, data, size / 2, offset); });
}

int fsync(int fd) {
  static const auto next = real<int (*)(int)>("fsync");
  return counted<int>([&] { return syncs_are_skipped ? 0 : next(fd); });
}

int fdatasync(int fd) {
  static const auto next = real<int (*)(int)>("fdatasync");
  return counted<int>([&] { return syncs_are_skipped ? 0 : next(fd); });
}

int syncfs(int fd) noexcept {
  static const auto next = real<int (*)(int)>("syncfs");
  return counted<int>([&] { return syncs_are_skipped ? 0 : next(fd); });
}

int rename(const char* from, const char* to) noexcept {
  static const auto next = real<int (*)(const char*, const char*)>("rename");
  return counted<int>([&] { return next(from, to); });
}

int ftruncate(int fd, off_t size) noexcept {
  static const auto next = real<int (*)(int, off_t)>("ftruncate");
  return counted<int>([&] { return next(fd, size); });
}

int mkdir(const char* path, mode_t mode) noexcept {
  static const auto next = real<int (*)(const char*, mode_t)>("mkdir");
  return counted<int>([&] { return next(path, mode); });
}

int unlink(const char* path) noexcept {
  static const auto next = real<int (*)(const char*)>("unlink");
  return counted<int>([&] { return next(path); });
}

int unlinkat(int fd, const char* path, int flags) noexcept {
  static const auto next = real<int (*)(int, const char*, int)>("unlinkat");
  return counted<int>([&] { return next(fd, path, flags); });
}

}  // extern "C"
