// Each fault is followed by a reload and a check of the whole log.
#include <sys/wait.h>

#include <thread>

#include "log_fixture.h"

namespace signet::log {
namespace {

class LogFault : public LogTest {
 protected:
  void SetUp() override { fill(2); }

  /// Appends two entries that must work and one that must fail, and checks that the log is stopped from then on.
  void expect_third_append_stops_the_log(FaultyOps& ops, std::string_view why, Recorder* given = nullptr) {
    Recorder own;
    Recorder& recorder = given != nullptr ? *given : own;
    const auto log = open(ops);
    ASSERT_TRUE(log->start(recorder).has_value());
    ASSERT_EQ(log->append(note("good 2")).value(), 2U);
    ASSERT_EQ(log->append(note("good 3")).value(), 3U);
    const auto refused = log->append(note("doubtful 4"));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
    EXPECT_TRUE(refused.error().message.starts_with("the log has stopped: ")) << refused.error().message;
    EXPECT_NE(refused.error().message.find(why), std::string::npos) << refused.error().message;
    EXPECT_TRUE(log->failed());
    const std::size_t operations = ops.writes + ops.syncs;
    EXPECT_EQ(log->append(note("never")).error().message, refused.error().message);
    log->stop();
    EXPECT_EQ(ops.writes + ops.syncs, operations) << "nothing may be tried again";
    EXPECT_EQ(recorder.entries().size(), 2U) << "what failed is not observed";
  }

  /// The whole log after a restart.
  void expect_after_reload(const std::vector<std::string>& texts, bool cut) {
    Recorder recorder;
    const auto log = open();
    EXPECT_EQ(log->recovery().cut_bytes > 0, cut);
    std::vector<std::string> found;
    for (const Entry& entry : read_all(*log)) found.push_back(text_of_note(entry));
    EXPECT_EQ(found, texts);
    ASSERT_TRUE(log->start(recorder).has_value());
    EXPECT_EQ(log->append(note("goes on")).value(), texts.size());
  }

  const std::vector<std::string> acknowledged_{"entry 0", "entry 1", "good 2", "good 3"};
  const std::vector<std::string> with_doubtful_{"entry 0", "entry 1", "good 2", "good 3", "doubtful 4"};
};

TEST_F(LogFault, WriteFailedAndNothingWasWritten_ReloadHasTheEntriesBefore) {
  for (const int error : {EIO, ENOSPC, EDQUOT}) {
    FaultyOps ops;
    ops.fail_write_at = 3;
    ops.error = error;
    expect_third_append_stops_the_log(ops, "write to the log");
    expect_after_reload(acknowledged_, false);
    std::filesystem::remove_all(log_directory());
    fill(2);
  }
}

TEST_F(LogFault, WriteFailedAfterAPart_ReloadCutsThePart) {
  for (const std::size_t part : {1U, 4U, 11U, 12U, 13U, 60U}) {
    FaultyOps ops;
    ops.fail_write_at = 3;
    ops.bytes_before_failure = part;
    ops.error = ENOSPC;
    expect_third_append_stops_the_log(ops, "write to the log");
    // The first byte of a length is zero, as the room behind it is.
    expect_after_reload(acknowledged_, part > 1);
    std::filesystem::remove_all(log_directory());
    fill(2);
  }
}

TEST_F(LogFault, WrittenButReportedFailed_ReloadKeepsExactlyOneEntry) {
  FaultyOps ops;
  ops.fail_write_at = 3;
  ops.bytes_before_failure = SIZE_MAX;
  expect_third_append_stops_the_log(ops, "write to the log");
  expect_after_reload(with_doubtful_, false);
}

TEST_F(LogFault, SyncFailed_ReloadHasAWholeLogWithTheEntryOnceOrNot) {
  FaultyOps ops;
  ops.fail_sync_at = 4;  // one sync is made by open()
  expect_third_append_stops_the_log(ops, "sync of the log");
  // Written to the kernel, so a restart on the same machine finds it; it is made durable before it counts.
  expect_after_reload(with_doubtful_, false);
}

TEST_F(LogFault, SyncedButReportedFailed_ReloadKeepsExactlyOneEntry) {
  FaultyOps ops;
  ops.fail_sync_at = 4;
  ops.syncs_before_failure = true;
  expect_third_append_stops_the_log(ops, "sync of the log");
  expect_after_reload(with_doubtful_, false);
}

TEST_F(LogFault, ObserverFailed_TheEntryIsDurableAndTheLogStops) {
  FaultyOps ops;
  Recorder recorder;
  recorder.fail_at = 3;
  expect_third_append_stops_the_log(ops, "the observer is unwell", &recorder);
  expect_after_reload(with_doubtful_, false);
}

TEST_F(LogFault, ShortWritesAreGoneOnWith) {
  FaultyOps ops;
  ops.short_writes = true;
  Recorder recorder;
  {
    const auto log = open(ops);
    ASSERT_TRUE(log->start(recorder).has_value());
    ASSERT_EQ(log->append(note("in pieces")).value(), 2U);
    EXPECT_GT(ops.writes, 3U);
  }
  expect_after_reload({"entry 0", "entry 1", "in pieces"}, false);
}

TEST_F(LogFault, APartOfABatchThatIsMissingTakesTheRestOfItAlong) {
  FaultyOps ops;
  ops.fail_sync_at = 2;
  std::size_t begin = 0;
  {
    Recorder recorder;
    const auto log = open(ops);
    ASSERT_TRUE(log->start(recorder).has_value());
    begin = written_bytes().size();
    EXPECT_FALSE(log->append(note(std::string(20'000, 'x'))).has_value());
  }
  const Bytes written = written_bytes();
  // As if the power had failed: of the pages of the write that was never synced, the disk has any.
  for (const std::size_t missing : {begin, begin + 4096, begin + 12'288, written.size() - 1}) {
    Bytes torn = written;
    const std::size_t end = std::min(missing + 4096, torn.size());
    std::fill(torn.begin() + static_cast<std::ptrdiff_t>(missing), torn.begin() + static_cast<std::ptrdiff_t>(end), 0);
    torn.resize(std::size_t{4} << 20U);
    overwrite(torn);
    SCOPED_TRACE(missing);
    expect_after_reload({"entry 0", "entry 1"}, true);
  }
}

TEST_F(LogFault, EveryAppendThatWaitsFailsWithTheFirst) {
  FaultyOps ops;
  ops.fail_sync_at = 2;
  Recorder recorder;
  {
    const auto log = open(ops);
    ASSERT_TRUE(log->start(recorder).has_value());
    std::vector<std::jthread> threads;
    std::atomic<int> failed = 0;
    for (int t = 0; t < 16; ++t) {
      threads.emplace_back([&] {
        if (!log->append(note("x")).has_value()) ++failed;
      });
    }
    threads.clear();
    EXPECT_EQ(failed, 16);
    EXPECT_EQ(ops.syncs, 2U);
    EXPECT_EQ(ops.writes, 1U);
  }
  EXPECT_LE(read_all(*open()).size(), 18U);
}

/// What the killed process tells before it dies: an entry that was acknowledged.
struct Acknowledged {
  std::uint64_t seq;
  std::uint64_t number;
};

/// In the child: four threads append as fast as they can and report every acknowledged entry through the pipe.
[[noreturn]] void append_until_killed(const std::string& directory, int report) {
  static Recorder recorder;
  static std::atomic<std::uint64_t> next_number = 0;
  auto log = EntryLog::open(directory, system_clock());
  if (!log || !(*log)->start(recorder)) _exit(1);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      while (true) {
        const std::uint64_t number = ++next_number;
        const auto seq = (*log)->append(note("number " + std::to_string(number)));
        if (!seq) _exit(2);
        const Acknowledged told{.seq = *seq, .number = number};
        if (::write(report, &told, sizeof told) != sizeof told) _exit(3);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  _exit(4);
}

std::vector<Acknowledged> run_and_kill(const std::string& directory, std::size_t kill_after) {
  int ends[2];
  if (pipe(ends) != 0) return {};
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    append_until_killed(directory, ends[1]);
  }
  close(ends[1]);
  const UniqueFd report(ends[0]);
  std::vector<Acknowledged> told;
  for (Acknowledged one{}; ::read(report.get(), &one, sizeof one) == sizeof one;) {
    told.push_back(one);
    if (told.size() == kill_after) kill(child, SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  return told;
}

TEST_F(LogFault, KilledDuringAppends_EveryAcknowledgedEntryIsThere) {
  for (const std::size_t kill_after : {1U, 57U, 500U}) {
    const auto told = run_and_kill(log_directory(), kill_after);
    EXPECT_GE(told.size(), kill_after);
    const auto entries = read_all(*open());
    for (const Acknowledged& one : told) {
      ASSERT_LT(one.seq, entries.size());
      EXPECT_EQ(text_of_note(entries[one.seq]), "number " + std::to_string(one.number));
    }
  }
}

}  // namespace
}  // namespace signet::log
