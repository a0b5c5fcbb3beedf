// What the tests of the log share: observers, drafts, and file operations that fail on purpose.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <mutex>

#include "base/file.h"
#include "log/entry_log.h"
#include "log/frame.h"
#include "support/temp_directory.h"

namespace signet::log {

/// Keeps what it is told, and fails from the call on that `fail_at` says (counted from 1; 0 = never).
class Recorder : public Observer {
 public:
  Result<void> apply(std::span<const Entry> entries) override {
    const std::lock_guard guard(mutex_);
    if (++calls_ == fail_at) return fail(ErrorCode::kInternal, "the observer is unwell");
    entries_.insert(entries_.end(), entries.begin(), entries.end());
    return {};
  }
  [[nodiscard]] std::vector<Entry> entries() const {
    const std::lock_guard guard(mutex_);
    return entries_;
  }
  std::size_t fail_at = 0;

 private:
  mutable std::mutex mutex_;
  std::size_t calls_ = 0;
  std::vector<Entry> entries_;
};

/// Counts the operations and lets the n-th of its kind fail (counted from 1; 0 = none). What a failing write does is
/// decided by `bytes_before_failure`.
class FaultyOps : public FileOps {
 public:
  ssize_t pwrite(int fd, const void* data, std::size_t size, off_t offset) override {
    const std::size_t call = ++writes;
    if (short_writes && size > 1) return ::pwrite(fd, data, size / 2, offset);
    if (call != fail_write_at) return ::pwrite(fd, data, size, offset);
    const std::size_t part = std::min(size, bytes_before_failure);
    if (part > 0 && ::pwrite(fd, data, part, offset) < 0) return -1;
    errno = error;
    return -1;
  }
  int fdatasync(int fd) override {
    const std::size_t call = ++syncs;
    if (skip_syncs) return 0;
    if (call != fail_sync_at) return ::fdatasync(fd);
    if (syncs_before_failure) ::fdatasync(fd);
    errno = error;
    return -1;
  }
  /// A disk on which the file can have so many bytes and no more.
  int allocate(int fd, off_t offset, off_t size) override {
    if (static_cast<std::uint64_t>(offset + size) > largest_file) return full;
    return ::posix_fallocate(fd, offset, size);
  }
  std::int64_t free_bytes(int /*fd*/) override {
    ++looks;
    return free;
  }

  std::atomic<std::size_t> writes = 0;
  std::atomic<std::size_t> syncs = 0;
  std::atomic<std::size_t> looks = 0;
  std::size_t fail_write_at = 0;
  std::size_t fail_sync_at = 0;
  std::size_t bytes_before_failure = 0;  ///< "written but reported failed" when it is large
  bool syncs_before_failure = false;
  bool short_writes = false;
  bool skip_syncs = false;  ///< for tests of many rounds that lose no power
  int error = EIO;
  std::atomic<std::uint64_t> largest_file = UINT64_MAX;
  std::atomic<std::int64_t> free = INT64_MAX;
  int full = ENOSPC;
};

/// A clock that is set by hand.
class SetClock : public Clock {
 public:
  explicit SetClock(Time time) : time_(time) {}
  [[nodiscard]] Time now() const override { return time_; }
  [[nodiscard]] std::chrono::microseconds monotonic() const override { return std::chrono::microseconds(1); }
  void set(Time time) { time_ = time; }

 private:
  std::atomic<Time> time_;
};

inline Draft note(std::string text) { return {.type = "note", .fields = {{"text", std::move(text)}}}; }

inline std::string text_of_note(const Entry& entry) { return *entry.fields.at("text").text(); }

/// A folder with a log in it.
class LogTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string log_directory() const { return directory_ / "log"; }
  [[nodiscard]] std::string entries_path() const { return log_directory() + "/entries"; }

  [[nodiscard]] Result<std::unique_ptr<EntryLog>> try_open(FileOps& ops = system_file_ops()) const {
    return EntryLog::open(log_directory(), system_clock(), ops);
  }
  [[nodiscard]] std::unique_ptr<EntryLog> open(FileOps& ops = system_file_ops()) const {
    auto log = try_open(ops);
    if (!log) throw std::runtime_error(log.error().message);
    return *std::move(log);
  }

  /// Makes a log of `count` entries "entry 0", "entry 1", ... and closes it.
  void fill(std::size_t count) const { fill_from(0, count); }
  /// Goes on with `count` more of them in a log that has `first`.
  void fill_from(std::size_t first, std::size_t count) const {
    Recorder recorder;
    const auto log = open();
    ASSERT_TRUE(log->start(recorder).has_value());
    for (std::size_t i = first; i < first + count; ++i) {
      ASSERT_EQ(log->append(note("entry " + std::to_string(i))).value(), i);
    }
  }

  /// All entries, after everything about them was checked.
  static std::vector<Entry> read_all(const EntryLog& log) {
    std::vector<Entry> entries;
    const auto done = log.read(0, [&](const Entry& entry) -> Result<void> {
      EXPECT_EQ(entry.seq, entries.size());
      EXPECT_EQ(encode_canonical(entry.fields).value(), entry.encoded);
      entries.push_back(entry);
      return {};
    });
    EXPECT_TRUE(done.has_value()) << done.error().message;
    EXPECT_EQ(entries.size(), log.size());
    return entries;
  }

  [[nodiscard]] Bytes file_bytes() const {
    return read_file(entries_path(), std::size_t{64} << 20U, FileTrust::kAnyone, "entries").value();
  }
  /// The file without the zeros at its end. (No entry ends with one.)
  [[nodiscard]] Bytes written_bytes() const {
    Bytes bytes = file_bytes();
    while (!bytes.empty() && bytes.back() == 0) bytes.pop_back();
    return bytes;
  }
  void overwrite(const Bytes& bytes) const { directory_.write("log/entries", text_of(bytes)); }

  test::TempDirectory directory_;
};

}  // namespace signet::log
