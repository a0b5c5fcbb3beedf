// These tests sync thousands of times, and none of them cuts the power: what a sync is good for is tried by the model
// (disk.h). So their folders are in memory where there is enough of it.
#include <sys/statvfs.h>

#include <cstdlib>

namespace {

constexpr unsigned long long kEnoughBytes = 2ULL << 30U;

[[maybe_unused]] const bool kInMemory = [] {
  // Said by ci/stages.sh, which removes what tests that were killed have left there.
  if (const char* said = std::getenv("SIGNET_FAULT_FOLDER"); said != nullptr) return setenv("TMPDIR", said, 1) == 0;
  struct statvfs status{};
  if (std::getenv("TMPDIR") != nullptr || statvfs("/dev/shm", &status) != 0) return false;
  const unsigned long long free_bytes = 1ULL * status.f_bavail * status.f_frsize;
  return free_bytes >= kEnoughBytes && setenv("TMPDIR", "/dev/shm", 0) == 0;
}();

}  // namespace
