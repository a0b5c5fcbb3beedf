// The whole daemon's state after a power cut, at points of a recorded run: log, tiles, checkpoints, store and the
// keyholder's journal together, since one disk lost its power.
#include <filesystem>

#include "fault/daemon_fixture.h"
#include "fault/disk.h"
#include "fault/effort.h"

namespace signet::test {
namespace {

constexpr Survival kKinds[] = {Survival::kRandom, Survival::kNothing, Survival::kTorn, Survival::kNames,
                               Survival::kData};

class DaemonPowerCut : public DaemonUnderFaults {};

TEST_F(DaemonPowerCut, LosesNothingThatWasAnswered) {
  put_under_faults("signet-issuer", /*traced=*/true);
  put_under_faults("signet-keyholder", /*traced=*/true);
  Disk disk(state());
  {
    const auto daemon = start_well();
    run_script(*daemon);
    ASSERT_EQ(given_->size(), 3U) << given_->errors().front().message << "\n" << daemon->stderr_text();
    ASSERT_EQ(daemon->stop(), 0);
  }
  leave_alone("signet-issuer");
  leave_alone("signet-keyholder");
  std::size_t number = 0;
  std::size_t tried = 0;
  for (const TraceRecord& record : read_trace(faults_->trace_file())) {
    disk.apply(record);
    if (!disk.changed() || ++number % stride(23) != 0) continue;
    ++tried;
    const std::size_t kind = number / stride(23) % std::size(kKinds);
    std::filesystem::remove_all(state());
    disk.write(state(), kKinds[kind], static_cast<Seed>(number));
    expect_recovers("cut " + std::to_string(number) + ", kind " + std::to_string(kind), record.end);
    if (HasFailure()) return;
  }
  EXPECT_GT(number, 100U);
  tell_tried(tried, number, "points of the trace");
}

}  // namespace
}  // namespace signet::test
