// The audit log: entries in order, durable before anybody acts on them. docs/log-format.md has the file's format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/clock.h"
#include "log/entry.h"
#include "log/file_ops.h"

namespace signet::log {

/// At most so many bytes (frames included) are written and synced together. It is also how far back damage may lie to
/// be taken for the torn tail of a write that was never acknowledged.
inline constexpr std::size_t kMaxBatchBytes = std::size_t{256} * 1024;

/// Told about every entry once it is durable. Also what a projection of the log (the store) is.
class Observer {
 public:
  virtual ~Observer() = default;
  /// Entries in seq order without gaps, each exactly once while the log runs. Called by the log's own thread: it must
  /// not append. An error stops the log.
  [[nodiscard]] virtual Result<void> apply(std::span<const Entry> entries) = 0;
};

/// What open() found at the end of the file.
struct Recovery {
  std::uint64_t cut_bytes = 0;  ///< of a torn tail; 0 = the file ended with a whole entry
  std::string cut_saved_as;     ///< where those bytes are kept; empty if none
};

/// One append-only log in a folder of its own. The folder is locked as long as the object lives.
/// Threads: every method may be called from any thread, start() and stop() once each.
class EntryLog {
 public:
  /// Makes the folder (0700) and the file (0600) where they are missing, takes the lock, checks every frame, and cuts a
  /// torn tail, which is kept beside. `clock` and `ops` must outlive the log. Errors: kFailedPrecondition when another
  /// process has the log; kDataLoss with byte offset and seq when damage cannot be a torn tail (more than
  /// kMaxBatchBytes lie behind it, or a frame is whole but its entry has the wrong place).
  [[nodiscard]] static Result<std::unique_ptr<EntryLog>> open(const std::string& directory, const Clock& clock,
                                                              FileOps& ops = system_file_ops());
  ~EntryLog();
  EntryLog(const EntryLog&) = delete;
  EntryLog& operator=(const EntryLog&) = delete;

  [[nodiscard]] const Recovery& recovery() const noexcept;

  /// Hands every durable entry from `from_seq` on to `use`, in order, up to those that are durable when the call
  /// begins; its first error ends the reading and is returned. Errors of its own: kDataLoss, kInternal (cannot be
  /// read).
  [[nodiscard]] Result<void> read(std::uint64_t from_seq, const std::function<Result<void>(const Entry&)>& use) const;

  /// Starts the thread that commits. `observer` must outlive stop(); it hears of what is appended from now on (what is
  /// older comes from read()).
  [[nodiscard]] Result<void> start(Observer& observer);

  /// Appends and returns the entry's seq once it is durable and observed. All appends in flight share one write and one
  /// sync. Errors:
  /// - kInvalidArgument (see make_entry): nothing was written, the log goes on;
  /// - kFailedPrecondition: not started, stopped, or failed. After a failure the entry may or may not be in the log;
  /// the
  ///   next open() tells.
  [[nodiscard]] Result<std::uint64_t> append(Draft draft);

  /// True once a write, a sync or the observer has failed: the log has stopped for good, every waiting and later append
  /// fails, and nothing is tried again on this descriptor.
  [[nodiscard]] bool failed() const;

  /// Durable entries.
  [[nodiscard]] std::uint64_t size() const;

  /// Commits what is waiting, refuses what comes later, and ends the thread. Reading goes on working.
  void stop();

 private:
  struct Impl;
  explicit EntryLog(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace signet::log
