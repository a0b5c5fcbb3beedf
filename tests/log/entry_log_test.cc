#include "log/entry_log.h"

#include <sys/stat.h>

#include <condition_variable>
#include <set>
#include <thread>

#include "log/entries.h"
#include "log_fixture.h"
#include "support/command.h"

namespace signet::log {
namespace {

using EntryLogTest = LogTest;

mode_t mode_of(const std::string& path) {
  struct stat status{};
  EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777U;
}

TEST_F(EntryLogTest, MakesItsFolderAndFileForTheOwnerOnly) {
  const auto log = open();
  EXPECT_EQ(log->size(), 0U);
  EXPECT_EQ(mode_of(log_directory()), 0700U);
  EXPECT_EQ(mode_of(entries_path()), 0600U);
}

TEST_F(EntryLogTest, AppendsInOrderAndTellsTheObserverBeforeItReturns) {
  Recorder recorder;
  const auto log = open();
  ASSERT_TRUE(log->start(recorder).has_value());
  for (std::uint64_t i = 0; i < 5; ++i) {
    EXPECT_EQ(log->append(note("n" + std::to_string(i))).value(), i);
    ASSERT_EQ(recorder.entries().size(), i + 1);
    EXPECT_EQ(recorder.entries().back().seq, i);
    EXPECT_EQ(text_of_note(recorder.entries().back()), "n" + std::to_string(i));
  }
  EXPECT_EQ(log->size(), 5U);
  EXPECT_FALSE(log->failed());
}

TEST_F(EntryLogTest, SetsTheCommonFields) {
  fill(2);
  const auto entries = read_all(*open());
  ASSERT_EQ(entries.size(), 2U);
  for (const char* field : {"boot", "mono", "seq", "time", "type"})
    EXPECT_TRUE(entries[1].fields.contains(field)) << field;
  EXPECT_EQ(*entries[1].fields.at("seq").integer(), 1);
  EXPECT_EQ(entries[0].fields.at("boot").text()->size(), 36U);
  EXPECT_TRUE(parse_rfc3339(*entries[1].fields.at("time").text()).has_value());
  EXPECT_LE(*entries[0].fields.at("mono").integer(), *entries[1].fields.at("mono").integer());
}

TEST_F(EntryLogTest, WritesTheDocumentedFrame) {
  fill(1);
  const Bytes file = written_bytes();
  const std::uint32_t length = read_u32(file);
  ASSERT_EQ(file.size(), 12U + length);
  const ByteView entry = ByteView(file).subspan(12);
  Bytes leaf{0x00};
  append(leaf, entry);
  EXPECT_TRUE(equal(ByteView(file).subspan(4, 8), ByteView(sha256(leaf)).first(8)));
  EXPECT_EQ(entry.front(), '{');
  EXPECT_EQ(entry.back(), '}');
}

TEST_F(EntryLogTest, TheReaderInTheDocumentationReadsIt) {
  const std::string page = test::slurp(SIGNET_SOURCE_DIR "/docs/log-format.md");
  const std::string fence = "```python\n";
  const std::size_t begin = page.find(fence) + fence.size();
  std::string script = page.substr(begin, page.find("```", begin) - begin);
  const std::string name = "log/entries";
  script.replace(script.find(name), name.size(), entries_path());
  fill(3);
  std::string lines;
  for (const Entry& entry : read_all(*open())) lines += std::string(text_of(entry.encoded)) + "\n";
  EXPECT_EQ(test::run_ok({"python3", "-c", script}), lines);
  Bytes torn = written_bytes();
  append(torn, Bytes{0, 0, 0, 1, 0xEE});
  overwrite(torn);
  const auto result = test::run_command({"python3", "-c", script});
  EXPECT_EQ(result.out, lines);
  EXPECT_EQ(result.err, "5 bytes behind byte " + std::to_string(torn.size() - 5) + " are no entry\n");
}

TEST_F(EntryLogTest, AllocatesTheFileAheadInStepsWithZerosBehindTheFrames) {
  fill(1);
  EXPECT_EQ(file_bytes().size(), std::size_t{4} << 20U);
  fill_from(1, 2);
  EXPECT_EQ(file_bytes().size(), std::size_t{4} << 20U);
  struct stat status{};
  ASSERT_EQ(stat(entries_path().c_str(), &status), 0);
  EXPECT_GE(status.st_blocks * 512, status.st_size) << "the room must be there, not only the length";
}

TEST_F(EntryLogTest, AFileThatWasNotAllocatedAheadIsGoneOnWith) {
  fill(3);
  overwrite(written_bytes());
  EXPECT_EQ(open()->size(), 3U);
  fill_from(3, 2);
  EXPECT_EQ(read_all(*open()).size(), 5U);
}

TEST_F(EntryLogTest, GoesOnWhereItEnded) {
  fill(3);
  Recorder recorder;
  const auto log = open();
  EXPECT_EQ(log->size(), 3U);
  EXPECT_EQ(log->recovery().cut_bytes, 0U);
  ASSERT_TRUE(log->start(recorder).has_value());
  EXPECT_EQ(log->append(note("next")).value(), 3U);
  EXPECT_EQ(recorder.entries().size(), 1U) << "what is older comes from read()";
  EXPECT_EQ(text_of_note(read_all(*log).back()), "next");
}

TEST_F(EntryLogTest, ReadsFromAnyPlaceOfALongLog) {
  constexpr std::size_t kCount = 2500;
  Recorder recorder;
  auto log = open();
  ASSERT_TRUE(log->start(recorder).has_value());
  std::vector<std::jthread> threads;
  for (int t = 0; t < 10; ++t) {
    threads.emplace_back([&] {
      for (std::size_t i = 0; i < kCount / 10; ++i) EXPECT_TRUE(log->append(note(std::string(i, 'x'))).has_value());
    });
  }
  threads.clear();
  for (const bool reopened : {false, true}) {
    if (reopened) {
      log.reset();
      log = open();
    }
    for (const std::uint64_t from : {0UL, 1UL, 1023UL, 1024UL, 1025UL, 2048UL, 2499UL, 2500UL, 9999UL}) {
      std::uint64_t next = from;
      EXPECT_TRUE(log->read(from,
                            [&](const Entry& entry) -> Result<void> {
                              EXPECT_EQ(entry.seq, next++);
                              return {};
                            })
                      .has_value());
      EXPECT_EQ(next, std::max<std::uint64_t>(from, kCount));
    }
  }
}

TEST_F(EntryLogTest, ReadingEndsWithTheFirstErrorOfItsUser) {
  fill(3);
  int calls = 0;
  const auto done = open()->read(0, [&](const Entry&) -> Result<void> {
    ++calls;
    return fail(ErrorCode::kNotFound, "enough");
  });
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().message, "enough");
  EXPECT_EQ(calls, 1);
}

TEST_F(EntryLogTest, AppendsInFlightShareOneSync) {
  // The first sync is held up until 16 others wait behind it; they must need exactly one more.
  struct HeldOps : FaultyOps {
    int fdatasync(int fd) override {
      std::unique_lock guard(mutex);
      held.wait(guard, [&] { return released; });
      return FaultyOps::fdatasync(fd);
    }
    std::mutex mutex;
    std::condition_variable held;
    bool released = true;
    void set_released(bool value) {
      const std::lock_guard guard(mutex);
      released = value;
      held.notify_all();
    }
  } ops;
  Recorder recorder;
  const auto log = open(ops);
  ASSERT_TRUE(log->start(recorder).has_value());
  ops.set_released(false);
  const std::size_t syncs_before = ops.syncs;
  std::vector<std::jthread> threads;
  threads.emplace_back([&] { EXPECT_TRUE(log->append(note("first")).has_value()); });
  while (ops.writes == 0) std::this_thread::yield();
  std::atomic<int> arrived = 0;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&] {
      ++arrived;
      EXPECT_TRUE(log->append(note("others")).has_value());
    });
  }
  while (arrived < 16) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  ops.set_released(true);
  threads.clear();
  EXPECT_EQ(log->size(), 17U);
  EXPECT_EQ(ops.syncs - syncs_before, 2U);
  EXPECT_EQ(ops.writes, 2U);
}

TEST_F(EntryLogTest, ManyThreadsNeedFarFewerSyncsThanEntries) {
  constexpr int kThreads = 16;
  constexpr int kEach = 100;
  struct SlowOps : FaultyOps {
    int fdatasync(int fd) override {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // a disk
      return FaultyOps::fdatasync(fd);
    }
  } ops;
  Recorder recorder;
  const auto log = open(ops);
  ASSERT_TRUE(log->start(recorder).has_value());
  std::mutex mutex;
  std::set<std::uint64_t> given;
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        const auto seq = log->append(note("x"));
        ASSERT_TRUE(seq.has_value());
        const std::lock_guard guard(mutex);
        given.insert(*seq);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(given.size(), std::size_t{kThreads} * kEach) << "every seq is given once";
  EXPECT_LT(ops.syncs, std::size_t{kThreads} * kEach / 4);
  const auto observed = recorder.entries();
  ASSERT_EQ(observed.size(), given.size());
  for (std::size_t i = 0; i < observed.size(); ++i) EXPECT_EQ(observed[i].seq, i);
  EXPECT_EQ(read_all(*log).size(), given.size());
}

TEST_F(EntryLogTest, MoreThanABatchHoldsIsCommittedInSeveral) {
  Recorder recorder;
  FaultyOps ops;
  const auto log = open(ops);
  ASSERT_TRUE(log->start(recorder).has_value());
  const std::string large(60'000, 'x');
  std::vector<std::jthread> threads;
  for (int t = 0; t < 12; ++t) {
    threads.emplace_back([&] { EXPECT_TRUE(log->append(note(large)).has_value()); });
  }
  threads.clear();
  EXPECT_GE(ops.writes, 3U) << "12 entries of 60,000 bytes, 262,144 bytes at a time";
  EXPECT_EQ(read_all(*log).size(), 12U);
}

TEST_F(EntryLogTest, AnEntryThatIsTooLongIsRefusedBeforeAnythingIsWritten) {
  Recorder recorder;
  const auto log = open();
  ASSERT_TRUE(log->start(recorder).has_value());
  const auto refused = log->append(note(std::string(70'000, 'x')));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(written_bytes().empty());
  EXPECT_FALSE(log->failed());
  EXPECT_EQ(log->append(note("short")).value(), 0U) << "no place was used up";
}

TEST_F(EntryLogTest, HandsOutTheBytesOfAnyRange) {
  fill(200);
  const auto log = open();
  const auto entries = read_all(*log);
  for (const auto& [from, to] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
           {0, 0}, {0, 1}, {0, 200}, {63, 65}, {64, 64}, {128, 130}, {199, 200}, {200, 200}}) {
    std::uint64_t next = from;
    const auto read = log->read_raw(from, to, [&](std::uint64_t seq, ByteView bytes) -> Result<void> {
      EXPECT_EQ(seq, next++);
      EXPECT_TRUE(equal(bytes, entries[seq].encoded));
      return {};
    });
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(next, to);
  }
  const auto nothing = [](std::uint64_t, ByteView) -> Result<void> { return {}; };
  EXPECT_EQ(log->read_raw(2, 1, nothing).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(log->read_raw(0, 201, nothing).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(EntryLogTest, TimesNeverRunBackwards) {
  const Time noon = std::chrono::sys_days(std::chrono::year(2026) / 1 / 2) + std::chrono::hours(12);
  SetClock clock(noon);
  Recorder recorder;
  {
    const auto log = EntryLog::open(log_directory(), clock).value();
    ASSERT_TRUE(log->start(recorder).has_value());
    for (const std::int64_t seconds : {0, 10, 5, -7200, 11}) {
      clock.set(noon + std::chrono::seconds(seconds));
      ASSERT_TRUE(log->append(note("x")).has_value());
    }
  }
  clock.set(noon - std::chrono::seconds(40));  // within the tolerance of the last entry
  const auto log = EntryLog::open(log_directory(), clock).value();
  ASSERT_TRUE(log->start(recorder).has_value());
  ASSERT_TRUE(log->append(note("x")).has_value());
  std::vector<std::int64_t> seconds;
  for (const Entry& entry : read_all(*log)) {
    seconds.push_back(std::chrono::duration_cast<std::chrono::seconds>(read_time(entry).value() - noon).count());
  }
  EXPECT_EQ(seconds, (std::vector<std::int64_t>{0, 10, 10, 10, 11, 11}));
}

TEST_F(EntryLogTest, ALogFromTheFutureIsRefusedWithBothTimes) {
  const Time noon = std::chrono::sys_days(std::chrono::year(2026) / 1 / 2) + std::chrono::hours(12);
  SetClock clock(noon);
  {
    Recorder recorder;
    const auto log = EntryLog::open(log_directory(), clock).value();
    ASSERT_TRUE(log->start(recorder).has_value());
    ASSERT_TRUE(log->append(note("x")).has_value());
  }
  clock.set(noon - std::chrono::seconds(60));
  EXPECT_TRUE(EntryLog::open(log_directory(), clock).has_value());
  clock.set(noon - std::chrono::seconds(61));
  Bytes torn = written_bytes();
  torn.push_back(0xEE);
  overwrite(torn);
  const auto refused = EntryLog::open(log_directory(), clock);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(file_bytes(), torn) << "nothing is cut before the clock is known to be right";
  EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_NE(refused.error().message.find("2026-01-02T12:00:00.000000Z"), std::string::npos) << refused.error().message;
  EXPECT_NE(refused.error().message.find("2026-01-02T11:58:59.000000Z"), std::string::npos) << refused.error().message;
  const LogLimits patient{.clock_tolerance = std::chrono::seconds(61)};
  EXPECT_TRUE(EntryLog::open(log_directory(), clock, system_file_ops(), patient).has_value());
}

TEST_F(EntryLogTest, ASecondOpenerIsTurnedAwayUntilTheFirstIsGone) {
  auto first = open();
  const auto second = try_open();
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_NE(second.error().message.find(log_directory() + "/lock"), std::string::npos) << second.error().message;
  first.reset();
  EXPECT_TRUE(try_open().has_value());
}

TEST_F(EntryLogTest, ASymbolicLinkIsNotFollowed) {
  std::filesystem::create_directory(log_directory());
  std::filesystem::create_symlink(directory_.write("elsewhere", ""), entries_path());
  EXPECT_FALSE(try_open().has_value());
}

TEST_F(EntryLogTest, TakesNothingBeforeStartOrAfterStop) {
  Recorder recorder;
  const auto log = open();
  EXPECT_EQ(log->append(note("early")).error().code, ErrorCode::kFailedPrecondition);
  ASSERT_TRUE(log->start(recorder).has_value());
  EXPECT_FALSE(log->start(recorder).has_value());
  ASSERT_TRUE(log->append(note("x")).has_value());
  log->stop();
  log->stop();
  EXPECT_EQ(log->append(note("late")).error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(read_all(*log).size(), 1U) << "reading goes on working";
}

TEST_F(EntryLogTest, StoppingCommitsWhatIsWaiting) {
  Recorder recorder;
  const auto log = open();
  ASSERT_TRUE(log->start(recorder).has_value());
  std::atomic<std::size_t> accepted = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      while (log->append(note("x")).has_value()) ++accepted;
    });
  }
  while (accepted < 100) std::this_thread::yield();
  log->stop();
  threads.clear();
  EXPECT_EQ(read_all(*log).size(), accepted);
  EXPECT_EQ(recorder.entries().size(), accepted);
}

}  // namespace
}  // namespace signet::log
