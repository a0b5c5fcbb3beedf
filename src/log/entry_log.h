// The audit log: entries in order, durable before anybody acts on them. docs/log-format.md has the file's format.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "log/entry.h"
#include "log/file_ops.h"
#include "log/mark.h"

namespace signet::log {

/// At most so many bytes (frames included) are written and synced together. It is also how far back damage may lie to
/// be taken for the torn tail of a write that was never acknowledged.
inline constexpr std::size_t kMaxBatchBytes = std::size_t{256} * 1024;

/// How the log treats an append when its disk is nearly full.
enum class Urgency : std::uint8_t {
  kOrdinary,   ///< refused early, while there is room for what must still be written
  kEssential,  ///< what closes, stops or explains: written as long as anything can be
};

/// What limits the log. The defaults are those of the configuration.
struct LogLimits {
  std::uint64_t min_free_bytes = std::uint64_t{64} * 1024 * 1024;  ///< on its file system, for ordinary appends
  /// So much later than the clock the last entry may be at open(); nothing: it may be of any time.
  std::optional<std::chrono::seconds> clock_tolerance{60};
};

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
  std::uint64_t read_from = 0;  ///< the first entry that was read: Mark::lowest_open; 0 without a mark that fits
};

/// One append-only log in a folder of its own. The folder is locked as long as the object lives.
/// Threads: every method may be called from any thread, start() and stop() once each.
class EntryLog {
 public:
  /// Makes the folder (0700) and the file (0600) where they are missing, takes the lock, reads every entry from the
  /// mark's lowest open intent on (from the first where there is no mark, or one that does not fit), and cuts a torn
  /// tail, which is kept beside. `clock` and `ops` must outlive the log. Errors: kFailedPrecondition when another
  /// process has the log, or when its last entry is later than the clock by more than limits.clock_tolerance; kDataLoss
  /// with byte offset and seq when damage cannot be a torn tail (other bytes than zeros stand further than
  /// kMaxBatchBytes behind the last whole frame, or a frame is whole and its entry is not canonical or has the wrong
  /// place).
  [[nodiscard]] static Result<std::unique_ptr<EntryLog>> open(const std::string& directory, const Clock& clock,
                                                              FileOps& ops = system_file_ops(), LogLimits limits = {});
  ~EntryLog();
  EntryLog(const EntryLog&) = delete;
  EntryLog& operator=(const EntryLog&) = delete;

  [[nodiscard]] const Recovery& recovery() const noexcept;

  /// Hands every durable entry from `from_seq` on to `use`, in order, up to those that are durable when the call
  /// begins; its first error ends the reading and is returned. Errors of its own: kDataLoss, kInternal (cannot be
  /// read).
  [[nodiscard]] Result<void> read(std::uint64_t from_seq, const std::function<Result<void>(const Entry&)>& use) const;

  /// As read(), for the bytes of the entries [from_seq, to_seq), without looking into them. The bytes live as long as
  /// the call of `use`. Error kInvalidArgument, when they are not all durable.
  [[nodiscard]] Result<void> read_raw(std::uint64_t from_seq, std::uint64_t to_seq,
                                      const std::function<Result<void>(std::uint64_t, ByteView)>& use) const;

  /// Intents that are durable and have no durable outcome, in order. (A mark that was made up can hide some that stand
  /// in front of Recovery::read_from: compare with the store.)
  [[nodiscard]] std::vector<std::uint64_t> open_intents() const;

  /// The mark for a checkpoint of `size` entries: where the lowest intent stands that is open now, or the last entry of
  /// the checkpoint where none of it is. Error kInvalidArgument: 0, or not all durable.
  [[nodiscard]] Result<Mark> mark_for(std::uint64_t size) const;
  /// Replaces the file `mark`. One thread at a time.
  [[nodiscard]] Result<void> write_mark(const Mark& mark) const;

  /// Starts the thread that commits. `observer` must outlive stop(); it hears of what is appended from now on (what is
  /// older comes from read()).
  [[nodiscard]] Result<void> start(Observer& observer);

  /// Appends and returns the entry's seq once it is durable and observed. All appends in flight share one write and one
  /// sync. The entry's time is the clock's, or the last entry's if that is later. Errors:
  /// - kInvalidArgument (see make_entry; and a closing entry that does not name its intent): nothing was written, the
  ///   log goes on;
  /// - kUnavailable, retryable: the disk is nearly full, or for essential appends wholly so; nothing was written, the
  ///   log goes on;
  /// - kFailedPrecondition: not started, stopped, or failed. After a failure the entry may or may not be in the log:
  ///   the next open() tells.
  [[nodiscard]] Result<std::uint64_t> append(Draft draft, Urgency urgency = Urgency::kOrdinary);

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
