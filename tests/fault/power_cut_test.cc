// What a power cut can leave of a log, at every point of a recorded life: a kill shows nothing of that, because the
// kernel outlives the process and writes what was never synced.
#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "fault/disk.h"
#include "fault/effort.h"
#include "fault/log_life_fixture.h"
#include "fault/trace.h"

namespace signet::test {
namespace {

constexpr Survival kKinds[] = {Survival::kNothing, Survival::kNames, Survival::kData, Survival::kTorn,
                               Survival::kRandom};

class PowerCut : public LogLife {
 protected:
  /// Records a life, and tries what can be left at each point of it. Says how many states that were.
  void try_all(int entries, int threads, const std::vector<Promise>& earlier = {}) {
    Disk disk(folder());
    LifeStory story = read_story(run(folder(), entries, threads, kPatient, faults_.environment(/*traced=*/true)).out);
    ASSERT_TRUE(story.done) << story.failure;
    story.promises.insert(story.promises.end(), earlier.begin(), earlier.end());
    std::size_t number = 0;
    for (const TraceRecord& record : read_trace(faults_.trace_file())) {
      disk.apply(record);
      if (!disk.changed()) continue;
      ASSERT_NO_FATAL_FAILURE(try_cut(disk, record, story, ++number));
      if (HasFailure()) return;
    }
    EXPECT_GT(number, 50U);
    tell_tried(states_, number, "states at points of the trace");
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

TEST_F(PowerCut, WhileItRecoversLosesNothing) {
  faults_.arm({.action = FaultAction::kDieTorn, .at = 95});
  const LifeStory before = read_story(run_with_faults(kPatient).out);
  ASSERT_EQ(faults_.struck(), 1U);
  faults_.disarm();
  try_all(2, 1, before.promises);  // they were made without a trace, so at its very beginning
}

}  // namespace
}  // namespace signet::test
