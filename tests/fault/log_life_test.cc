// The log's library under faults at each of its calls that change files: entries, journal, tiles, checkpoints, mark.
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>

#include "fault/effort.h"
#include "fault/log_life_fixture.h"

namespace signet::test {
namespace {

/// Lives with a fault at one call after the other.
class EachCall : public LogLife {
 protected:
  using Check = std::function<void(const LifeStory&, const std::string&)>;

  /// In a sample the calls are `first` and from there every step-th.
  struct Sample {
    std::uint64_t first = 1;
    std::uint64_t step = 1;
  };

  void for_each_call(FaultPlan plan, const Sample& sample, const Check& check, const std::string& begin_with = {}) {
    const LifeStory faultless = live({}, begin_with);
    EXPECT_TRUE(faultless.done) << faultless.failure;
    CallNumbers calls(faults_.count(), sample.first, sample.step);
    bool goes_on = true;
    while (goes_on && !HasFailure()) {
      plan.at = calls.at();
      const LifeStory story = live(plan, begin_with);
      const bool struck = faults_.struck() > 0;
      if (struck) check(story, "call " + std::to_string(plan.at) + " (" + faults_.first_struck() + ")");
      EXPECT_TRUE(struck || story.done) << "nothing was struck: " << story.failure;
      goes_on = calls.go_on(struck, faults_.count());
    }
    calls.expect_enough();
  }

 private:
  LifeStory live(const FaultPlan& plan, const std::string& begin_with) {
    begin_with.empty() ? empty_folder() : restore(begin_with);
    faults_.arm(plan);
    return read_story(run_with_faults(kImpatient).out);
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
  std::uint64_t first;  ///< in a sample
};

class DeathAtEachCall : public EachCall, public testing::WithParamInterface<Death> {};

TEST_P(DeathAtEachCall, LosesNothingThatWasPromised) {
  for_each_call({.action = GetParam().action}, {}, [&](const LifeStory& story, const auto& what) {
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
  for_each_call({.action = GetParam().action}, {.first = GetParam().first, .step = 4}, check, other("before"));
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

class FailureOfEachCall : public EachCall, public testing::WithParamInterface<Failing> {
 protected:
  /// The system's own text for what happened, or the file that it happened to.
  [[nodiscard]] bool names_the_reason(const std::string& text, int error) const {
    if (error != 0 && text.find(strerror(error)) != std::string::npos) return true;
    const std::string struck = faults_.first_struck();  // "fdatasync log/entries"
    return text.find(struck.substr(struck.find(' ') + 1)) != std::string::npos;
  }
};

TEST_P(FailureOfEachCall, IsSaidOrSurvivedAndLosesNothing) {
  const Failing& failing = GetParam();
  const FaultPlan plan{.action = failing.action, .at = 1, .times = failing.times, .error = failing.error};
  // Those that fail from then on take long: each refusal waits for a checkpoint.
  const Sample sample{.first = 1 + static_cast<std::uint64_t>(failing.error) % 4,
                      .step = failing.times == kFromThenOn ? 9U : 4U};
  for_each_call(plan, sample, [&](const LifeStory& story, const auto& what) {
    EXPECT_TRUE(story.done || !story.failure.empty()) << what << ": it died";
    for (const std::string& said : {story.refusal, story.failure}) {
      EXPECT_TRUE(said.empty() || names_the_reason(said, failing.error)) << what << ": " << said;
    }
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
