#include "store/full_disk.h"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>

namespace signet::test {
namespace {

namespace fs = std::filesystem;

struct State {
  std::string prefix;
  std::atomic<std::uint64_t> most_bytes = UINT64_MAX;
  std::atomic<int> refusals = 0;
};
State state;

/// SQLite's own methods, and the same with our write: databases have others than write-ahead logs.
std::map<const sqlite3_io_methods*, sqlite3_io_methods> ours_of;

const sqlite3_io_methods* real_of(const sqlite3_io_methods* ours) {
  return std::ranges::find_if(ours_of, [ours](const auto& pair) { return &pair.second == ours; })->first;
}

sqlite3_vfs shim;

std::uint64_t bytes_in_use() {
  std::uint64_t sum = 0;
  for (const auto& file : fs::directory_iterator(fs::path(state.prefix).parent_path())) {
    if (file.path().string().starts_with(state.prefix)) sum += file.file_size();
  }
  return sum;
}

int write_if_there_is_room(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  const sqlite3_io_methods* const real = real_of(file->pMethods);
  sqlite3_int64 now = 0;
  real->xFileSize(file, &now);
  const sqlite3_int64 more = std::max<sqlite3_int64>(0, offset + size - now);
  if (more > 0 && bytes_in_use() + static_cast<std::uint64_t>(more) > state.most_bytes) {
    ++state.refusals;
    return SQLITE_FULL;
  }
  return real->xWrite(file, data, size, offset);
}

int open_with_our_writes(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* flags_out) {
  sqlite3_vfs* const real = sqlite3_vfs_find("unix");
  const int status = real->xOpen(real, name, file, flags, flags_out);
  if (status != SQLITE_OK || file->pMethods == nullptr) return status;
  sqlite3_io_methods& ours = ours_of.try_emplace(file->pMethods, *file->pMethods).first->second;
  ours.xWrite = write_if_there_is_room;
  file->pMethods = &ours;
  return status;
}

}  // namespace

FullDisk::FullDisk(std::string prefix) {
  state.prefix = std::move(prefix);
  state.most_bytes = UINT64_MAX;
  state.refusals = 0;
  shim = *sqlite3_vfs_find("unix");
  shim.zName = "full-disk";
  shim.xOpen = open_with_our_writes;
  sqlite3_vfs_register(&shim, 1);
}

FullDisk::~FullDisk() {
  sqlite3_vfs_register(sqlite3_vfs_find("unix"), 1);
  sqlite3_vfs_unregister(&shim);
}

void FullDisk::fill() { state.most_bytes = bytes_in_use(); }
void FullDisk::empty() { state.most_bytes = UINT64_MAX; }
int FullDisk::refusals() const { return state.refusals; }

}  // namespace signet::test
