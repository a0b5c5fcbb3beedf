// The library that puts processes under faults, by a program that makes the calls it is told to make.
#include <gmock/gmock.h>

#include <cerrno>
#include <filesystem>

#include "fault/fault_control.h"
#include "fault/trace.h"
#include "support/command.h"

namespace signet::test {
namespace {

using testing::ElementsAre;

class FileFaults : public testing::Test {
 protected:
  [[nodiscard]] std::string folder() const { return directory_ / "watched"; }
  [[nodiscard]] std::string path(const std::string& name) const { return folder() + "/" + name; }

  CommandResult run(std::vector<std::string> calls, bool traced = false) {
    calls.insert(calls.begin(), std::string(SIGNET_BIN_DIR) + "/test_file_calls");
    return run_command(calls, {}, faults_.environment(traced));
  }

  TempDirectory directory_;
  const bool made_ = std::filesystem::create_directory(directory_ / "watched");
  FaultControl faults_{folder(), "test_file_calls"};
};

TEST_F(FileFaults, CountsTheCallsThatChangeFilesOfTheFolderAndNoOthers) {
  const std::string a = path("a");
  const std::string other = directory_ / "other";
  const CommandResult result =
      run({"open",     a,         "write",   a,          "hello",   "sync",  a,         "datasync", a,
           "truncate", a,         "3",       "allocate", a,         "8192",  "rename",  a,          path("b"),
           "link",     path("b"), path("c"), "unlink",   path("c"), "mkdir", path("d"), "look",     folder(),
           "open",     other,     "write",   other,      "x",       "sync",  other});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(faults_.processes(), 1U);
  EXPECT_EQ(faults_.count(), 10U) << result.out;
  EXPECT_EQ(faults_.struck(), 0U);
  EXPECT_EQ(std::filesystem::file_size(path("b")), 8192U);
}

TEST_F(FileFaults, LeavesProcessesOfAnotherNameAlone) {
  EXPECT_EQ(run_command({"touch", path("a")}, {}, faults_.environment()).status, 0);
  EXPECT_EQ(faults_.processes(), 0U);
  EXPECT_EQ(faults_.count(), 0U);
}

TEST_F(FileFaults, CountsOnlyTheFilesAndTheCallsThatWereAskedFor) {
  const FaultControl only_a(folder(), {}, "/a");
  const std::vector<std::string> calls = {std::string(SIGNET_BIN_DIR) + "/test_file_calls",
                                          "open",
                                          path("a"),
                                          "write",
                                          path("a"),
                                          "x",
                                          "open",
                                          path("b"),
                                          "write",
                                          path("b"),
                                          "x"};
  EXPECT_EQ(run_command(calls, {}, only_a.environment()).status, 0);
  EXPECT_EQ(only_a.count(), 2U);
  faults_.arm({.calls = kWrites});
  EXPECT_EQ(run_command(calls, {}, faults_.environment()).status, 0);
  EXPECT_EQ(faults_.count(), 2U);
}

TEST_F(FileFaults, EndsTheProcessBeforeOrAfterACallOrInTheMiddleOfAWrite) {
  const std::vector<std::string> calls = {"open", path("a"), "write", path("a"), "abcdef", "write", path("a"), "ghi"};
  faults_.arm({.action = FaultAction::kDieBefore, .at = 2});
  EXPECT_EQ(run(calls).status, kDiedAsPlanned);
  EXPECT_EQ(slurp(path("a")), "");
  EXPECT_EQ(faults_.first_struck(), "write a");
  faults_.arm({.action = FaultAction::kDieTorn, .at = 2});
  EXPECT_EQ(run(calls).status, kDiedAsPlanned);
  EXPECT_EQ(slurp(path("a")), "abc");
  faults_.arm({.action = FaultAction::kDieAfter, .at = 2});
  EXPECT_EQ(run(calls).status, kDiedAsPlanned);
  EXPECT_EQ(slurp(path("a")), "abcdef");
  EXPECT_EQ(faults_.count(), 2U);
  EXPECT_EQ(run(calls).status, 0) << "the number has passed";
}

TEST_F(FileFaults, ACallFailsOnceOrFromThenOnAndIsMadeOrNot) {
  const std::vector<std::string> calls = {"open",    path("a"), "write", path("a"), "ab", "write",
                                          path("a"), "cd",      "write", path("a"), "ef"};
  faults_.arm({.action = FaultAction::kFail, .at = 2, .error = ENOSPC});
  EXPECT_EQ(run(calls).out, "open ok\nwrite ENOSPC\nwrite 2\nwrite 2\n");
  EXPECT_EQ(slurp(path("a")), "cdef");
  std::filesystem::remove(path("a"));
  faults_.arm({.action = FaultAction::kFailDone, .at = 2, .error = EIO});
  EXPECT_EQ(run(calls).out, "open ok\nwrite EIO\nwrite 2\nwrite 2\n");
  EXPECT_EQ(slurp(path("a")), "abcdef");
  std::filesystem::remove(path("a"));
  faults_.arm({.action = FaultAction::kFail, .at = 3, .times = kFromThenOn, .error = EROFS});
  EXPECT_EQ(run(calls).out, "open ok\nwrite 2\nwrite EROFS\nwrite EROFS\n");
  EXPECT_EQ(faults_.struck(), 2U);
  std::filesystem::remove(path("a"));
  faults_.arm({.action = FaultAction::kShort, .at = 2});
  EXPECT_EQ(run(calls).out, "open ok\nwrite 1\nwrite 2\nwrite 2\n");
  EXPECT_EQ(slurp(path("a")), "acdef");
}

TEST_F(FileFaults, EveryKindOfCallFailsAsItShould) {
  const std::vector<std::string> calls = {"open",    path("a"), "pwrite",   path("a"), "x",       "7",
                                          "sync",    path("a"), "allocate", path("a"), "4096",    "truncate",
                                          path("a"), "1",       "rename",   path("a"), path("b"), "link",
                                          path("a"), path("c"), "unlink",   path("a"), "mkdir",   path("d")};
  faults_.arm({.action = FaultAction::kFail, .at = 2, .times = kFromThenOn, .error = ENOSPC});
  EXPECT_EQ(run(calls).out,
            "open ok\npwrite ENOSPC\nsync ENOSPC\nallocate ENOSPC\ntruncate ENOSPC\nrename ENOSPC\nlink ENOSPC\n"
            "unlink ENOSPC\nmkdir ENOSPC\n");
  EXPECT_TRUE(std::filesystem::exists(path("a")));
  faults_.arm({.action = FaultAction::kFail, .at = 1, .times = kFromThenOn, .error = EROFS});
  EXPECT_EQ(run({"open", path("new")}).out, "open EROFS\n");
  EXPECT_FALSE(std::filesystem::exists(path("new")));
}

std::vector<TraceOp> ops_of(const std::vector<TraceRecord>& records) {
  std::vector<TraceOp> ops;
  for (const TraceRecord& record : records) ops.push_back(record.op);
  return ops;
}

TEST_F(FileFaults, RecordsWhatHappenedInItsOrder) {
  const std::string a = path("a");
  EXPECT_EQ(run({"open", a, "write", a, "ab", "write", a, "cd", "pwrite", a, "ef", "10", "datasync", a, "rename",
                 path("./a"), path("b"), "unlink", path("b")},
                true)
                .status,
            0);
  const auto trace = read_trace(faults_.trace_file());
  ASSERT_THAT(ops_of(trace),
              ElementsAre(TraceOp::kStart, TraceOp::kOpen, TraceOp::kWrite, TraceOp::kWrite, TraceOp::kWrite,
                          TraceOp::kSyncBegin, TraceOp::kSyncEnd, TraceOp::kRename, TraceOp::kUnlink));
  EXPECT_EQ(trace[1].path, a);
  EXPECT_EQ(text_of(trace[3].bytes), "cd");
  EXPECT_EQ(trace[3].offset, 2U);
  EXPECT_EQ(trace[4].offset, 10U);
  EXPECT_EQ(trace[4].handle, trace[1].handle);
  EXPECT_EQ(trace[7].path, a);
  EXPECT_EQ(trace[7].to_path, path("b"));
  EXPECT_EQ(trace.back().end, std::filesystem::file_size(faults_.trace_file()));
}

TEST_F(FileFaults, ASyncOfTheFileSystemIsCountedRecordedAndFails) {
  const std::string a = path("a");
  faults_.arm({.action = FaultAction::kFail, .at = 3, .error = EIO});
  EXPECT_EQ(run({"open", a, "syncfs", a, "syncfs", a}, true).out, "open ok\nsyncfs ok\nsyncfs EIO\n");
  EXPECT_EQ(faults_.first_struck(), "syncfs a");
  EXPECT_THAT(ops_of(read_trace(faults_.trace_file())),
              ElementsAre(TraceOp::kStart, TraceOp::kOpen, TraceOp::kSyncAllBegin, TraceOp::kSyncAllEnd,
                          TraceOp::kSyncAllFailed));
}

TEST_F(FileFaults, ASyncTakesAsLongAsItIsTold) {
  const std::string a = path("a");
  const auto begin = std::chrono::steady_clock::now();
  faults_.arm({.sync_time = std::chrono::milliseconds(100)});
  EXPECT_EQ(run({"open", a, "sync", a, "datasync", a, "syncfs", a}).status, 0);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(300));
}

TEST_F(FileFaults, RecordsOnlyWhatWasReallyDone) {
  const std::string a = path("a");
  faults_.arm({.action = FaultAction::kFail, .at = 2, .times = 2, .error = EIO});
  EXPECT_EQ(run({"open", a, "write", a, "ab", "sync", a, "write", a, "cd"}, true).out,
            "open ok\nwrite EIO\nsync EIO\nwrite 2\n");
  EXPECT_THAT(ops_of(read_trace(faults_.trace_file())),
              ElementsAre(TraceOp::kStart, TraceOp::kOpen, TraceOp::kSyncFailed, TraceOp::kWrite));
}

}  // namespace
}  // namespace signet::test
