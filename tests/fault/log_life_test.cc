// The log's library under faults at each of its calls that change files: entries, journal, tiles, checkpoints, mark.
#include <cerrno>
#include <filesystem>
#include <functional>

#include "fault/effort.h"
#include "fault/log_life_fixture.h"

namespace signet::test {
namespace {

/// Lives with a fault at one call after the other, until one lives to its end without having met it.
class EachCall : public LogLife {
 protected:
  using Check = std::function<void(const LifeStory&, const std::string&)>;

  /// Begins with `first`, then every stride-th.
  void for_each_call(FaultPlan plan, std::uint64_t first, const Check& check, const std::string& begin_with = {}) {
    std::size_t tried = 0;
    for (plan.at = first;; plan.at += stride(4)) {
      begin_with.empty() ? empty_folder() : restore(begin_with);
      faults_.arm(plan);
      const LifeStory story = read_story(run_with_faults(kImpatient).out);
      if (faults_.struck() == 0) return tell_tried(tried, faults_.count(), "calls");
      ++tried;
      check(story, "call " + std::to_string(plan.at) + " (" + faults_.first_struck() + ")");
      if (HasFailure()) return;
    }
  }
};

TEST_F(LogLife, WithoutFaultsItKeepsEverything) {
  const LifeStory story = read_story(run_with_faults(kPatient).out);
  EXPECT_TRUE(story.done) << story.failure;
  EXPECT_EQ(story.refused + story.unpublished, 0U);
  EXPECT_GE(story.promises.size(), 18U);
  EXPECT_GT(faults_.count(), 100U);
  expect_recovers(folder(), story.promises, "after a life");
}

struct Death {
  const char* name;
  FaultAction action;
  std::uint64_t first;
};

class DeathAtEachCall : public EachCall, public testing::WithParamInterface<Death> {};

TEST_P(DeathAtEachCall, LosesNothingThatWasPromised) {
  for_each_call({.action = GetParam().action}, GetParam().first, [&](const LifeStory& story, const auto& what) {
    EXPECT_FALSE(story.done) << what;
    expect_recovers(folder(), story.promises, what);
  });
}

TEST_P(DeathAtEachCall, WhileItRecoversFromADeathLosesNothing) {
  faults_.arm({.action = FaultAction::kDieTorn, .at = 95});
  const LifeStory before = read_story(run_with_faults(kPatient).out);
  ASSERT_EQ(faults_.struck(), 1U);
  std::filesystem::copy(folder(), other("before"), std::filesystem::copy_options::recursive);
  const auto check = [&](const LifeStory& story, const auto& what) {
    std::vector<Promise> promises = before.promises;
    promises.insert(promises.end(), story.promises.begin(), story.promises.end());
    expect_recovers(folder(), promises, what);
  };
  for_each_call({.action = GetParam().action}, GetParam().first, check, other("before"));
}

INSTANTIATE_TEST_SUITE_P(Kinds, DeathAtEachCall,
                         testing::Values(Death{"Before", FaultAction::kDieBefore, 1},
                                         Death{"After", FaultAction::kDieAfter, 2},
                                         Death{"Torn", FaultAction::kDieTorn, 3}),
                         [](const auto& tested) { return tested.param.name; });

struct Failing {
  const char* name;
  FaultAction action;
  int error;
  std::uint64_t times;
};

class FailureOfEachCall : public EachCall, public testing::WithParamInterface<Failing> {};

TEST_P(FailureOfEachCall, IsSaidOrSurvivedAndLosesNothing) {
  const Failing& failing = GetParam();
  const FaultPlan plan{.action = failing.action, .at = 1, .times = failing.times, .error = failing.error};
  for_each_call(plan, 1 + static_cast<std::uint64_t>(failing.error) % 4, [&](const LifeStory& story, const auto& what) {
    EXPECT_TRUE(story.done || !story.failure.empty()) << what << ": it died";
    EXPECT_TRUE(story.refused == 0 || story.refusal.size() > 20) << what << ": says nothing: " << story.refusal;
    expect_recovers(folder(), story.promises, what);
  });
}

INSTANTIATE_TEST_SUITE_P(Kinds, FailureOfEachCall,
                         testing::Values(Failing{"NoSpaceOnce", FaultAction::kFail, ENOSPC, 1},
                                         Failing{"NoSpaceFromThenOn", FaultAction::kFail, ENOSPC, kFromThenOn},
                                         Failing{"NoSpaceButDone", FaultAction::kFailDone, ENOSPC, 1},
                                         Failing{"InputOutputOnce", FaultAction::kFail, EIO, 1},
                                         Failing{"InputOutputFromThenOn", FaultAction::kFail, EIO, kFromThenOn},
                                         Failing{"InputOutputButDone", FaultAction::kFailDone, EIO, 1},
                                         Failing{"ReadOnlyFromThenOn", FaultAction::kFail, EROFS, kFromThenOn},
                                         Failing{"ShortOnce", FaultAction::kShort, 0, 1},
                                         Failing{"ShortFromThenOn", FaultAction::kShort, 0, kFromThenOn}),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace signet::test
