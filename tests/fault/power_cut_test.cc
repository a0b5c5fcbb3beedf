// What a power cut can leave of a log, at every point of a recorded life: a kill shows nothing of that, because the
// kernel outlives the process and writes what was never synced.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "fault/disk.h"
#include "fault/effort.h"
#include "fault/log_life/fixed_key.h"
#include "fault/log_life_fixture.h"
#include "fault/trace.h"

namespace signet::test {
namespace {

constexpr Survival kKinds[] = {Survival::kNothing, Survival::kNames,    Survival::kData,
                               Survival::kTorn,    Survival::kLastFile, Survival::kRandom};

class PowerCut : public LogLife {
 protected:
  /// Records a life, and tries what can be left at each point of it, in a sample of a long log at every step-th. Says
  /// how many states that were.
  void try_all(int entries, int threads, const std::vector<Promise>& earlier = {}, std::size_t step = 1) {
    Disk disk(folder());
    LifeStory story = read_story(run(folder(), entries, threads, kPatient, faults_.environment(/*traced=*/true)).out);
    ASSERT_TRUE(story.done) << story.failure;
    story.promises.insert(story.promises.end(), earlier.begin(), earlier.end());
    std::size_t number = 0;
    for (const TraceRecord& record : read_trace(faults_.trace_file())) {
      disk.apply(record);
      if (!disk.changed()) continue;
      if (++number % (full_effort() ? 1 : step) != 0) continue;
      ASSERT_NO_FATAL_FAILURE(try_cut(disk, record, story, number));
      if (HasFailure()) return;
    }
    EXPECT_GT(number, 30U);  // the fewer checkpoints, the fewer points; a life with one has more
    tell_tried(states_, number, "states at points of the trace");
  }

  /// Lives without faults until the log has at least so many entries. What they were promised.
  std::vector<Promise> grow_to(std::uint64_t entries) {
    std::vector<Promise> promises;
    std::uint64_t size = 0;
    while (size < entries && !HasFailure()) {
      const LifeStory story = read_story(run(folder(), 12, 1, kPatient, {}).out);
      EXPECT_TRUE(story.done) << story.failure;
      for (const Promise& promise : story.promises) {
        if (promise.kind == Promise::Kind::kEntry) size = promise.number + 1;
        promises.push_back(promise);
      }
    }
    return promises;
  }

  [[nodiscard]] std::size_t recorded(TraceOp op) const {
    return static_cast<std::size_t>(
        std::ranges::count(read_trace(faults_.trace_file()), op, [](const TraceRecord& record) { return record.op; }));
  }

 private:
  /// In a sample each point sees another kind.
  void try_cut(const Disk& disk, const TraceRecord& record, const LifeStory& story, std::size_t number) {
    const std::size_t kinds = std::size(kKinds);
    const std::size_t states = full_effort() ? 3 * kinds : 1;
    for (std::size_t i = 0; i < states; ++i) {
      const std::size_t kind = (number + i) % kinds;
      const auto seed = static_cast<Seed>(number * 100 + i);
      const std::string where = other("cut");
      ++states_;
      std::filesystem::remove_all(where);
      disk.write(where, kKinds[kind], seed);
      expect_recovers(
          where, story.promises,
          "cut " + std::to_string(number) + ", kind " + std::to_string(kind) + ", seed " + std::to_string(seed),
          record.end);
    }
  }

  std::size_t states_ = 0;
};

TEST_F(PowerCut, LosesNothingThatWasPromised) { try_all(12, 1); }

/// Were it not for its syncs, the same life would lose what it promised: the model finds that out.
TEST_F(PowerCut, WouldLoseEntriesThatWereNotSynced) {
  Disk disk(folder());
  const LifeStory story = read_story(run(folder(), 12, 1, kPatient, faults_.environment(/*traced=*/true)).out);
  ASSERT_TRUE(story.done) << story.failure;
  std::set<std::uint32_t> entries;
  for (const TraceRecord& record : read_trace(faults_.trace_file())) {
    if (record.op == TraceOp::kOpen && record.path.ends_with("/log/entries")) entries.insert(record.handle);
    const bool syncs = record.op == TraceOp::kSyncBegin || record.op == TraceOp::kSyncEnd;
    if (!syncs || !entries.contains(record.handle)) disk.apply(record);
  }
  disk.write(other("cut"), Survival::kNothing);
  const LifeStory next = read_story(run(other("cut"), 1, 1, kPatient, {}).out);
  EXPECT_FALSE(next.done);
  EXPECT_THAT(next.failure, testing::HasSubstr("checkpoint"));
}

TEST_F(PowerCut, LosesNothingWhileManyWriteAtOnce) { try_all(6, 4); }

/// The first full tile and bundle, and those that only begin.
TEST_F(PowerCut, LosesNothingWhereATileBecomesFull) {
  const std::vector<Promise> earlier = grow_to(248);
  try_all(12, 1, earlier, /*step=*/5);
  EXPECT_GT(read_log(folder() + "/log", FixedKey().verifier()).leaf_hashes.size(), 256U);
}

/// So many tiles and bundles in one checkpoint that they are synced together, with their file system.
TEST_F(PowerCut, LosesNothingWhereManyTilesChangeAtOnce) {
  constexpr int kBeforeTheFirstCheckpoint = 2200;
  const LifeStory before = read_story(run_unpublished(folder(), kBeforeTheFirstCheckpoint).out);
  ASSERT_TRUE(before.done) << before.failure;
  ASSERT_EQ(before.promises.size(), static_cast<std::size_t>(kBeforeTheFirstCheckpoint));
  try_all(2, 1, before.promises, /*step=*/5);
  EXPECT_EQ(recorded(TraceOp::kSyncAllEnd), 1U) << "they were not synced together";
}

TEST_F(PowerCut, WhileItRecoversLosesNothing) {
  faults_.arm({.action = FaultAction::kDieTorn, .at = 95});
  const LifeStory before = read_story(run_with_faults(kPatient).out);
  ASSERT_EQ(faults_.struck(), 1U);
  faults_.disarm();
  try_all(2, 1, before.promises);  // they were made without a trace, so at its very beginning
}

}  // namespace
}  // namespace signet::test
