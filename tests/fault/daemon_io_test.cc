// The whole daemon on a disk that fails: at one call after the other, what the issuer does to its state fails. It may
// go on or refuse, but what it answered was durable, and the next start is well.
#include <cerrno>
#include <filesystem>

#include "fault/daemon_fixture.h"
#include "fault/disk.h"
#include "fault/effort.h"

namespace signet::test {
namespace {

struct Case {
  const char* name;
  const char* process;
  FaultAction action;
  int error;
  std::uint64_t times;
  std::uint64_t first;
  std::uint64_t sample;
};

class DaemonOnABadDisk : public DaemonUnderFaults, public testing::WithParamInterface<Case> {
 protected:
  /// By the trace and the model of what a disk promises: every answer's entry was durable when the answer came.
  void expect_answers_were_durable(Disk disk, const std::string& what) const {
    const auto trace = read_trace(faults_->trace_file());
    std::multimap<std::uint64_t, std::uint64_t> answers;  // position -> log index
    for (const auto& [key, certificate] : given_->certificates()) {
      answers.emplace(certificate.position, certificate.issued.log_index);
    }
    auto next = answers.begin();
    for (std::size_t i = 0; i < trace.size() && next != answers.end(); ++i) {
      disk.apply(trace[i]);
      const bool last = i + 1 == trace.size();
      for (; next != answers.end() && (last || trace[i + 1].end > next->first); ++next) {
        EXPECT_GT(whole_entries(disk.durable("log/entries").value_or(Bytes())), next->second)
            << what << ": answered, and not durable";
      }
    }
  }

 private:
  static std::uint64_t whole_entries(const Bytes& file) {
    std::uint64_t entries = 0;
    for (std::size_t at = 0; at + 12 <= file.size();) {
      const std::size_t length = std::size_t{file[at]} << 24U | std::size_t{file[at + 1]} << 16U |
                                 std::size_t{file[at + 2]} << 8U | std::size_t{file[at + 3]};
      if (length == 0 || at + 12 + length > file.size()) break;
      at += 12 + length;
      ++entries;
    }
    return entries;
  }
};

TEST_P(DaemonOnABadDisk, AnswersNothingThatIsNotDurableAndIsWellAfterARestart) {
  const Case& tested = GetParam();
  put_under_faults(tested.process, /*traced=*/true);  // of the issuer: the keyholder does not write the log
  std::size_t tried = 0;
  for (std::uint64_t at = tested.first;; at += stride(tested.sample, 3)) {
    forget_everything();
    const Disk before(state());
    faults_->arm({.action = tested.action, .at = at, .times = tested.times, .error = tested.error});
    auto daemon = start();
    const std::string what = "call " + std::to_string(at) + " (" + faults_->first_struck() + ")";
    if (daemon != nullptr) {
      run_script(*daemon, std::chrono::milliseconds(1500));
      static_cast<void>(daemon->stop());
    } else {
      EXPECT_NE(start_failure_.find("reason"), std::string::npos) << what << ": " << start_failure_;
    }
    if (faults_->struck() == 0) break;
    ++tried;
    for (const Error& error : given_->errors()) EXPECT_GT(error.message.size(), 15U) << what << ": says nothing";
    if (tested.process == std::string_view("signet-issuer")) expect_answers_were_durable(before, what);
    expect_recovers(what);
    if (HasFailure()) break;
  }
  EXPECT_GT(faults_->count(), 10U);
  tell_tried(tried, faults_->count(), "calls");
}

INSTANTIATE_TEST_SUITE_P(
    Each, DaemonOnABadDisk,
    testing::Values(Case{"NoSpaceOnce", "signet-issuer", FaultAction::kFail, ENOSPC, 1, 3, 61},
                    Case{"NoSpaceFromThenOn", "signet-issuer", FaultAction::kFail, ENOSPC, kFromThenOn, 17, 67},
                    Case{"NoSpaceButDone", "signet-issuer", FaultAction::kFailDone, ENOSPC, 1, 31, 71},
                    Case{"InputOutputOnce", "signet-issuer", FaultAction::kFail, EIO, 1, 43, 59},
                    Case{"InputOutputFromThenOn", "signet-issuer", FaultAction::kFail, EIO, kFromThenOn, 11, 73},
                    Case{"InputOutputButDone", "signet-issuer", FaultAction::kFailDone, EIO, 1, 23, 53},
                    Case{"ReadOnlyFromThenOn", "signet-issuer", FaultAction::kFail, EROFS, kFromThenOn, 37, 79},
                    Case{"Short", "signet-issuer", FaultAction::kShort, 0, 1, 29, 47},
                    Case{"ShortFromThenOn", "signet-issuer", FaultAction::kShort, 0, kFromThenOn, 1, 211},
                    Case{"KeyholderNoSpace", "signet-keyholder", FaultAction::kFail, ENOSPC, 1, 2, 7},
                    Case{"KeyholderInputOutputButDone", "signet-keyholder", FaultAction::kFailDone, EIO, 1, 3, 7}),
    [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace signet::test
