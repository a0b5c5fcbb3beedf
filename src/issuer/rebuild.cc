#include "issuer/rebuild.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
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

/// What SQLite keeps beside a database.
Result<void> remove_sidecars(const std::string& path) {
  for (const char* suffix : {"-wal", "-shm", "-journal"}) SIGNET_CHECK(remove_file(path + suffix));
  return {};
}

/// The database first: what is beside it means nothing without it.
Result<void> remove_database(const std::string& path) {
  SIGNET_CHECK(remove_file(path));
  return remove_sidecars(path);
}

/// The logs that the old store knows. Nothing where it cannot be read: it is what is made good here. Opening and
/// closing it brings what SQLite keeps beside it into the database, so that nothing of it is left for the new one.
Result<std::vector<StoredLog>> logs_of_old_store(const std::string& path) {
  if (access(path.c_str(), F_OK) != 0) return std::vector<StoredLog>();
  const auto store = Store::open(path, {.reserve_bytes = 0});
  auto known = store.has_value() ? (*store)->logs() : std::unexpected(store.error());
  if (known.has_value()) return known;
  fmt::print(stderr, "the old store cannot be read, and what it knew cannot be compared: {}\n", known.error().message);
  return std::vector<StoredLog>();
}

/// Every entry that the old store has seen must be in the logs: otherwise what it knew (serial numbers, certificates)
/// would be forgotten.
Result<void> check_knows_as_much(const Store& rebuilt, const std::vector<StoredLog>& old) {
  SIGNET_TRY(const std::vector<StoredLog> now, rebuilt.logs());
  for (const StoredLog& before : old) {
    const auto same = std::ranges::find(now, before.genesis_leaf_hash, &StoredLog::genesis_leaf_hash);
    const std::uint64_t has = same == now.end() ? 0 : same->next_seq;
    if (has >= before.next_seq) continue;
    return fail(
        ErrorCode::kDataLoss,
        fmt::format("the old store has seen {} entries of the log \"{}\", and {} are there. If an older copy of "
                    "the log was put back, restore the newest one (of older logs, give --older-log); if what "
                    "is missing is gone for good, repeat this with --force",
                    before.next_seq, printable(before.origin), has));
  }
  return {};
}

/// The old store has been opened and closed: its database holds all of it, unless it cannot be read. Crash in front of
/// the rename: it is still there. Crash after: the new one is.
Result<void> put_into_place(const std::string& from, const std::string& to) {
  if (access((from + "-wal").c_str(), F_OK) == 0)
    return fail(ErrorCode::kUnavailable, fmt::format("{} could not be finished; is its disk full?", from));
  SIGNET_CHECK(remove_sidecars(to));
  if (rename(from.c_str(), to.c_str()) != 0) return fail_errno(errno, to);
  return sync_directory(directory_of(to));
}

Result<DaemonConfig> load_config(const std::string& file) {
  SIGNET_TRY(const Bytes text, read_file(file, kMaxConfigBytes, FileTrust::kNotWritable, "--config"));
  return parse_daemon_config(text, file);
}

/// The new store, whole and closed. Says how many certificates it has.
Result<std::uint64_t> make_beside(const std::string& beside, const std::string& place, const DaemonConfig& config,
                                  const log::EntryLog& log, const RebuildOptions& options) {
  SIGNET_TRY(const std::vector<StoredLog> old, logs_of_old_store(place));
  SIGNET_TRY(const auto store, Store::open(beside, {.reserve_bytes = 0}));
  ProgressLine line;
  SIGNET_CHECK(catch_up_logs(
      config, log, *store, system_clock(), options.older_logs,
      [&](const std::string& directory, std::uint64_t done, std::uint64_t of) { line.show(directory, done, of); }));
  const auto compared = check_knows_as_much(*store, old);
  if (!compared.has_value() && !options.force) return std::unexpected(compared.error());
  if (!compared.has_value()) fmt::print(stderr, "forced: {}\n", compared.error().message);
  return store->issued_count();
}

}  // namespace

Result<void> rebuild_store(const RebuildOptions& options) {
  SIGNET_TRY(const DaemonConfig config, load_config(options.config_file));
  SIGNET_TRY(const auto log, open_entries(config, config.log.directory, system_clock()));  // locked until the end
  if (const log::Recovery& found = log->recovery(); found.cut_bytes != 0)
    fmt::print(stderr, "{} bytes of a torn tail were cut; they are in {}\n", found.cut_bytes, found.cut_saved_as);
  SIGNET_CHECK(make_directory(config.state.store_directory(), 0700));
  const std::string place = config.state.store_file();
  const std::string beside = place + ".rebuilt";
  SIGNET_CHECK(remove_database(beside));  // of a rebuild that was ended
  const auto certificates = make_beside(beside, place, config, *log, options);
  if (!certificates.has_value()) {
    static_cast<void>(remove_database(beside));  // best effort: the next rebuild does it as well
    return std::unexpected(certificates.error());
  }
  SIGNET_CHECK(put_into_place(beside, place));
  fmt::print(stderr, "{}: made again, with {} certificates\n", place, *certificates);
  return {};
}

}  // namespace signet
