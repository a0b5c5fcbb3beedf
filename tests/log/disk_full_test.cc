// What the log takes and what it refuses when its disk is nearly full.
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>

#include "log/room.h"
#include "log_fixture.h"

namespace signet::log {
namespace {

class DiskFull : public LogTest {
 protected:
  static constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;

  static Draft large() { return note(std::string(60'000, 'x')); }

  /// Appends until the log refuses, and expects that it does so as it should. Returns how many it took.
  static std::size_t append_until_refused(EntryLog& log, Urgency urgency, std::string_view why) {
    for (std::size_t taken = 0; taken < 1000; ++taken) {
      const auto seq = log.append(large(), urgency);
      if (seq) continue;
      EXPECT_EQ(seq.error().code, ErrorCode::kUnavailable);
      EXPECT_TRUE(seq.error().retryable);
      EXPECT_GT(seq.error().retry_after.count(), 0);
      EXPECT_TRUE(seq.error().message.starts_with("the log's disk is nearly full: ")) << seq.error().message;
      EXPECT_NE(seq.error().message.find(why), std::string::npos) << seq.error().message;
      EXPECT_FALSE(log.failed());
      return taken;
    }
    ADD_FAILURE() << "it never refuses";
    return 0;
  }

  static std::size_t recorder_frame(const Recorder& recorder) {
    return kFrameHeaderBytes + recorder.entries().back().encoded.size();
  }

  /// What is refused must leave nothing behind.
  void expect_after_reload(std::size_t entries) const {
    const auto log = open();
    EXPECT_EQ(log->recovery().cut_bytes, 0U);
    EXPECT_EQ(read_all(*log).size(), entries);
  }
};

TEST_F(DiskFull, OrdinaryAppendsLeaveTheReserveToEssentialOnes) {
  for (const int error : {ENOSPC, EDQUOT}) {
    FaultyOps ops;
    ops.skip_syncs = true;
    ops.full = error;
    ops.largest_file = 4 * kMiB;
    std::size_t entries = 0;
    {
      Recorder recorder;
      const auto log = open(ops);
      ASSERT_TRUE(log->start(recorder).has_value());
      const std::size_t ordinary = append_until_refused(*log, Urgency::kOrdinary, "cannot be lengthened");
      EXPECT_EQ(ordinary, 3 * kMiB / recorder_frame(recorder));
      const std::size_t essential = append_until_refused(*log, Urgency::kEssential, "even the reserve is used up");
      EXPECT_GE(essential, kMiB / recorder_frame(recorder));
      EXPECT_EQ(append_until_refused(*log, Urgency::kOrdinary, "cannot be lengthened"), 0U);
      EXPECT_EQ(log->append(note("a small one fits"), Urgency::kEssential).value(), ordinary + essential);
      entries = ordinary + essential + 1;
      EXPECT_EQ(recorder.entries().size(), entries);
    }
    expect_after_reload(entries);
    std::filesystem::remove_all(log_directory());
  }
}

TEST_F(DiskFull, AppendsAreTakenAgainWhenThereIsRoom) {
  FaultyOps ops;
  ops.skip_syncs = true;
  ops.largest_file = 4 * kMiB;
  Recorder recorder;
  const auto log = open(ops);
  ASSERT_TRUE(log->start(recorder).has_value());
  const std::size_t taken = append_until_refused(*log, Urgency::kOrdinary, "cannot be lengthened");
  ops.largest_file = 8 * kMiB;
  EXPECT_EQ(log->append(large()).value(), taken);
}

TEST_F(DiskFull, TooLittleFreeSpaceRefusesOrdinaryAppendsAlone) {
  FaultyOps ops;
  const LogLimits limits{.min_free_bytes = 1000};
  Recorder recorder;
  const auto log = EntryLog::open(log_directory(), system_clock(), ops, limits).value();
  ASSERT_TRUE(log->start(recorder).has_value());
  ops.free = 1000;
  EXPECT_EQ(log->append(note("just enough")).value(), 0U);
  ops.free = 999;
  EXPECT_EQ(append_until_refused(*log, Urgency::kOrdinary, "999 bytes are free"), 0U);
  EXPECT_EQ(log->append(note("must be"), Urgency::kEssential).value(), 1U);
  EXPECT_EQ(append_until_refused(*log, Urgency::kOrdinary, "999 bytes are free"), 0U);
  ops.free = -1;
  EXPECT_EQ(append_until_refused(*log, Urgency::kOrdinary, "does not tell"), 0U);
  ops.free = 1000;
  EXPECT_EQ(log->append(note("enough again")).value(), 2U);
}

TEST_F(DiskFull, WhatIsRefusedForItsSizeDoesNotHinderASmallerOne) {
  FaultyOps ops;
  ops.skip_syncs = true;
  ops.largest_file = 4 * kMiB;
  Recorder recorder;
  const auto log = open(ops);
  ASSERT_TRUE(log->start(recorder).has_value());
  const std::size_t taken = append_until_refused(*log, Urgency::kOrdinary, "cannot be lengthened");
  EXPECT_EQ(log->append(note("small")).value(), taken);
}

TEST_F(DiskFull, AnOpenLogOnAFullDiskStillTakesEssentialEntriesInTheRoomItHas) {
  fill(3);
  FaultyOps ops;
  ops.free = 0;
  ops.largest_file = 4 * kMiB;
  {
    Recorder recorder;
    const auto log = open(ops);
    ASSERT_TRUE(log->start(recorder).has_value());
    EXPECT_EQ(append_until_refused(*log, Urgency::kOrdinary, "0 bytes are free"), 0U);
    EXPECT_EQ(log->append(note("start"), Urgency::kEssential).value(), 3U);
  }
  expect_after_reload(4);
}

/// In a child, which can have no file beyond 5 MiB: the kernel itself refuses to lengthen it.
int append_within_a_limit(const std::string& directory) {
  const rlimit limit{.rlim_cur = 5U << 20U, .rlim_max = 5U << 20U};
  signal(SIGXFSZ, SIG_IGN);
  if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
  Recorder recorder;
  auto log = EntryLog::open(directory, system_clock(), system_file_ops(), {.min_free_bytes = 0});
  if (!log || !(*log)->start(recorder)) return 2;
  const Draft large = note(std::string(60'000, 'x'));
  std::size_t ordinary = 0;
  while ((*log)->append(large)) ++ordinary;
  std::size_t essential = 0;
  while ((*log)->append(large, Urgency::kEssential)) ++essential;
  if ((*log)->failed()) return 3;
  if (ordinary != 52 || essential != 35) return 4;
  if ((*log)->size() != ordinary + essential) return 5;
  return 0;
}

TEST_F(DiskFull, TheKernelsOwnRefusalStopsNothing) {
  const pid_t child = fork();
  if (child == 0) _exit(append_within_a_limit(log_directory()));
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << WEXITSTATUS(status);
  expect_after_reload(52 + 35);
}

}  // namespace
}  // namespace signet::log
