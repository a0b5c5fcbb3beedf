// The whole daemon's state after a power cut, at points of a recorded run: log, tiles, checkpoints, store and the
// keyholder's journal together, since one disk lost its power.
#include <gmock/gmock.h>

#include <filesystem>

#include "fault/daemon_fixture.h"
#include "fault/disk.h"
#include "fault/effort.h"
#include "log/journal.h"

namespace signet::test {
namespace {

/// With how many seeds a kind is tried at each point in full effort: those without chance once.
struct Kind {
  Survival survival;
  int seeds;
};
constexpr Kind kKinds[] = {{Survival::kRandom, 3}, {Survival::kNothing, 1}, {Survival::kTorn, 2},
                           {Survival::kNames, 1},  {Survival::kData, 1},    {Survival::kLastFile, 1}};
constexpr std::size_t kSample = 7;  ///< every so many-th point is tried, with one kind after the other
constexpr std::size_t kParts = 4;   ///< of the states, so that several can be tried at once

/// A state to be tried: what a cut leaves behind the record of this number.
struct Cut {
  std::size_t record = 0;
  Survival survival{};
  Seed seed = 0;
  std::uint64_t position = 0;  ///< what was answered up to here must be there
  std::string why;
};

class DaemonPowerCut : public DaemonUnderFaults, public testing::WithParamInterface<std::size_t> {
 protected:
  /// A run of the clients' script. Every sync takes its time, so that what does not wait for its end is in front of it.
  void record_a_run() {
    put_under_faults("signet-issuer", /*traced=*/true);
    put_under_faults("signet-keyholder", /*traced=*/true);
    for (int i = 0; i < 4; ++i) disks_.emplace_back(state());
    faults_->arm({.sync_time = std::chrono::milliseconds(20)});
    const auto daemon = start_well();
    run_script(*daemon);
    ASSERT_EQ(given_->size(), 3U) << given_->errors().front().message << "\n" << daemon->stderr_text();
    ASSERT_GE(given_->checkpoints().size(), 1U);
    ASSERT_EQ(daemon->stop(), 0);
    leave_alone("signet-issuer");
    leave_alone("signet-keyholder");
    trace_ = read_trace(faults_->trace_file());
  }

  /// As it was before the run.
  [[nodiscard]] Disk take_disk() {
    Disk disk = std::move(disks_.back());
    disks_.pop_back();
    return disk;
  }

  [[nodiscard]] std::vector<Cut> choose_cuts() {
    std::vector<Cut> cuts;
    Disk disk = take_disk();
    for (std::size_t i = 0; i < trace_.size(); ++i) {
      disk.apply(trace_[i]);
      if (disk.changed()) add_point(cuts, i, ++points_);
      if (signs_certificate(trace_[i])) cuts.push_back(cut_at(i, Survival::kLastFile, "a signature is noted"));
    }
    for (const std::uint64_t position : answered_at()) add_answer(cuts, position);
    return cuts;
  }

  void try_cut(const Disk& disk, const Cut& cut) {
    std::filesystem::remove_all(state());
    disk.write(state(), cut.survival, cut.seed);
    expect_recovers("cut behind record " + std::to_string(cut.record) + " (" + cut.why + "), kind " +
                        std::to_string(static_cast<int>(cut.survival)) + ", seed " + std::to_string(cut.seed),
                    {.position = cut.position});
  }

  /// Without the store's: SQLite does not sync that it removed its write-ahead log, which would be replayed.
  [[nodiscard]] std::vector<std::string> uncertain_at_the_end() {
    Disk disk = take_disk();
    for (const TraceRecord& record : trace_) disk.apply(record);
    std::vector<std::string> uncertain = disk.uncertain();
    std::erase_if(uncertain, [](const std::string& path) { return path.starts_with("store/"); });
    return uncertain;
  }

  std::vector<TraceRecord> trace_;
  std::size_t points_ = 0;

 private:
  std::vector<Disk> disks_;

  [[nodiscard]] Cut cut_at(std::size_t record, Survival survival, const std::string& why, Seed seed = 0) const {
    return {.record = record, .survival = survival, .seed = seed, .position = trace_[record].end, .why = why};
  }

  void add_point(std::vector<Cut>& cuts, std::size_t record, std::size_t number) const {
    if (!full_effort()) {
      const Survival survival = kKinds[number / kSample % std::size(kKinds)].survival;
      if (number % kSample == 0) cuts.push_back(cut_at(record, survival, "sample", static_cast<Seed>(number)));
      return;
    }
    for (const Kind& kind : kKinds) {
      for (int i = 0; i < kind.seeds; ++i) {
        const auto seed = static_cast<Seed>(number * 10 + static_cast<std::size_t>(i));
        cuts.push_back(cut_at(record, kind.survival, "each", seed));
      }
    }
  }

  /// When an answer had come, the point before and the point after.
  void add_answer(std::vector<Cut>& cuts, std::uint64_t position) const {
    std::size_t next = 0;
    while (next < trace_.size() && trace_[next].end <= position) ++next;
    ASSERT_GT(next, 1U);
    for (const Survival survival : {Survival::kNothing, Survival::kRandom}) {
      cuts.push_back(cut_at(next - 1, survival, "an answer came", static_cast<Seed>(position)));
      cuts.back().position = position;
    }
    cuts.push_back(cut_at(next - 2, Survival::kTorn, "before an answer"));
    if (next < trace_.size()) cuts.push_back(cut_at(next, Survival::kNothing, "after an answer"));
  }

  [[nodiscard]] std::set<std::uint64_t> answered_at() const {
    std::set<std::uint64_t> positions;
    for (const auto& [key, certificate] : given_->certificates()) positions.insert(certificate.position);
    for (const auto& [note, position] : given_->checkpoints()) positions.insert(position);
    return positions;
  }

  /// The keyholder writes a record about a certificate, and no other, into its journal. Then it signs.
  [[nodiscard]] static bool signs_certificate(const TraceRecord& record) {
    return record.op == TraceOp::kWrite && record.bytes.size() == log::kJournalRecordBytes &&
           record.bytes[0] == static_cast<std::uint8_t>(log::JournalKind::kEndEntityCertificate);
  }
};

TEST_P(DaemonPowerCut, LosesNothingThatWasAnswered) {
  ASSERT_NO_FATAL_FAILURE(record_a_run());
  std::vector<Cut> cuts = choose_cuts();
  EXPECT_GT(points_, 100U);
  std::ranges::stable_sort(cuts, {}, &Cut::record);
  Disk disk = take_disk();
  std::size_t tried = 0;
  std::size_t applied = 0;
  for (std::size_t i = GetParam(); i < cuts.size() && !HasFailure(); i += kParts) {
    while (applied <= cuts[i].record) disk.apply(trace_[applied++]);
    try_cut(disk, cuts[i]);
    ++tried;
  }
  EXPECT_TRUE(HasFailure() || tried > 10U) << tried;
  EXPECT_THAT(uncertain_at_the_end(), testing::IsEmpty()) << "left, and not everything it did is durable";
  ASSERT_NO_FATAL_FAILURE(expect_answers_were_durable(take_disk(), "without a cut"));
  tell_tried(tried, points_, "states at points of the trace");
}

INSTANTIATE_TEST_SUITE_P(Part, DaemonPowerCut, testing::Range<std::size_t>(0, kParts));

}  // namespace
}  // namespace signet::test
