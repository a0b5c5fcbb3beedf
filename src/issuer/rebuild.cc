#include "issuer/rebuild.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>

#include "base/file.h"
#include "issuer/log_parts.h"
#include "issuer/succession.h"
#include "store/store.h"

namespace signet {

namespace {

constexpr std::size_t kMaxConfigBytes = std::size_t{1} << 20U;

/// One line that is written over on a terminal; elsewhere a line now and then.
class ProgressLine {
 public:
  void show(const std::string& directory, std::uint64_t done, std::uint64_t of) {
    const auto now = std::chrono::steady_clock::now();
    if (done != of && now - last_ < (terminal_ ? std::chrono::milliseconds(200) : std::chrono::seconds(5))) return;
    last_ = now;
    fmt::print(stderr, "{}{}: {} of {} entries ({} %){}", terminal_ ? "\r" : "", directory, done, of,
               of == 0 ? 100 : done * 100 / of, terminal_ && done != of ? "" : "\n");
    std::fflush(stderr);
  }

 private:
  const bool terminal_ = isatty(STDERR_FILENO) == 1;
  std::chrono::steady_clock::time_point last_{};
};

Result<void> remove_file(const std::string& path) {
  if (unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return fail_errno(errno, path);
}

/// The database first: what SQLite keeps beside it means nothing without it.
Result<void> remove_database(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) SIGNET_CHECK(remove_file(path + suffix));
  return {};
}

/// Crash in between: there is no store, and the next start makes it from the log.
Result<void> put_into_place(const std::string& from, const std::string& to) {
  SIGNET_CHECK(remove_database(to));
  if (rename(from.c_str(), to.c_str()) != 0) return fail_errno(errno, to);
  return sync_directory(directory_of(to));
}

Result<DaemonConfig> load_config(const std::string& file) {
  SIGNET_TRY(const Bytes text, read_file(file, kMaxConfigBytes, FileTrust::kNotWritable, "--config"));
  return parse_daemon_config(text, file);
}

}  // namespace

Result<void> rebuild_store(const RebuildOptions& options) {
  SIGNET_TRY(const DaemonConfig config, load_config(options.config_file));
  SIGNET_TRY(const auto log, open_entries(config, config.log.directory, system_clock()));  // locked until the end
  if (const log::Recovery& found = log->recovery(); found.cut_bytes != 0)
    fmt::print(stderr, "{} bytes of a torn tail were cut; they are in {}\n", found.cut_bytes, found.cut_saved_as);
  const std::string place = config.state.directory + "/store.sqlite";
  const std::string beside = place + ".rebuilt";
  SIGNET_CHECK(remove_database(beside));  // of a rebuild that was ended
  std::uint64_t certificates = 0;
  {
    SIGNET_TRY(const auto store, Store::open(beside));
    ProgressLine line;
    SIGNET_CHECK(catch_up_logs(
        config, *log, *store, system_clock(), options.older_logs,
        [&](const std::string& directory, std::uint64_t done, std::uint64_t of) { line.show(directory, done, of); }));
    certificates = store->issued_count();
  }
  SIGNET_CHECK(put_into_place(beside, place));
  fmt::print(stderr, "{}: made again, with {} certificates\n", place, certificates);
  return {};
}

}  // namespace signet
