// The whole daemon on a disk that fails: at one call after the other, what a process does to its state fails. It may
// go on or refuse, but what it answered was durable, and the next start is well.
#include <gmock/gmock.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "fault/daemon_fixture.h"
#include "fault/effort.h"

namespace signet::test {
namespace {

struct Case {
  const char* name;
  const char* process;
  FaultAction action;
  int error;
  std::uint64_t times;
  std::uint64_t first;  ///< in a sample, the first call that is tried
  std::uint64_t step;   ///< and then every so many-th
};

class DaemonOnABadDisk : public DaemonUnderFaults, public testing::WithParamInterface<Case> {
 protected:
  static constexpr auto kSyncTime = std::chrono::milliseconds(5);

  static bool is_issuer() { return GetParam().process == std::string_view("signet-issuer"); }

  [[nodiscard]] std::uint64_t run_without_faults() {
    faults_->arm({.sync_time = kSyncTime});
    Disk before(state());
    const auto daemon = start_well();
    run_script(*daemon);
    EXPECT_EQ(daemon->stop(), 0);
    EXPECT_EQ(given_->size(), 3U);
    if (is_issuer()) expect_answers_were_durable(std::move(before), "without faults");
    return faults_->count();
  }

  /// True when the call came up.
  bool fail_at(std::uint64_t at) {
    const Case& tested = GetParam();
    forget_everything();
    Disk before(state());
    faults_->arm(
        {.action = tested.action, .at = at, .times = tested.times, .error = tested.error, .sync_time = kSyncTime});
    auto daemon = start();
    if (daemon != nullptr) {
      run_script(*daemon, std::chrono::milliseconds(1500));
      // On a disk that fails for good, a daemon that stops tries for a while to have its last checkpoint.
      tested.times == kFromThenOn ? daemon->kill_supervisor() : static_cast<void>(daemon->stop());
    }
    const std::string what = "call " + std::to_string(at) + " (" + faults_->first_struck() + ")";
    if (faults_->struck() == 0) {
      EXPECT_EQ(given_->size(), 3U) << what << ": nothing was struck";
      return false;
    }
    answers_ += given_->size();
    expect_reasons(daemon == nullptr ? start_failure_ : daemon->stderr_text(), daemon == nullptr, what);
    if (is_issuer()) expect_answers_were_durable(std::move(before), what);  // the keyholder does not write the log
    expect_recovers(what);
    return true;
  }

  /// The system's own text for what happened, or the file that it happened to. SQLite has texts of its own.
  [[nodiscard]] bool names_the_reason(const std::string& text) const {
    const auto says = [&text](const std::string& part) { return text.find(part) != std::string::npos; };
    if (GetParam().error != 0 && says(strerror(GetParam().error))) return true;
    const std::string struck = faults_->first_struck();  // "fdatasync log/entries"
    return says(struck.substr(struck.find(' ') + 1)) || says("the store: ");
  }

  /// Whoever met an error that will not pass was told so, and the operator why.
  void expect_reasons(const std::string& told_to_the_operator, bool start_failed, const std::string& what) const {
    bool for_good = start_failed;
    for (const Error& error : given_->errors()) {
      if (error.retryable || error.code == ErrorCode::kDeadlineExceeded) continue;
      for_good = true;
      const bool says = error.message.find("log cannot be written") != std::string::npos;
      EXPECT_TRUE(says || names_the_reason(error.message)) << what << ": " << error.message;
    }
    EXPECT_TRUE(!for_good || names_the_reason(told_to_the_operator)) << what << ": " << told_to_the_operator;
  }

  std::size_t answers_ = 0;  ///< in runs that met their fault
};

TEST_P(DaemonOnABadDisk, AnswersNothingThatIsNotDurableAndIsWellAfterARestart) {
  put_under_faults(GetParam().process, /*traced=*/true);
  CallNumbers calls(run_without_faults(), GetParam().first, GetParam().step);
  for (bool goes_on = true; goes_on && !HasFailure();) {
    const bool struck = fail_at(calls.at());
    goes_on = calls.go_on(struck, faults_->count());
  }
  calls.expect_enough();
  EXPECT_TRUE(HasFailure() || answers_ > 0) << "no answer was looked at in a run with a fault";
  printf("tried: %zu answers of daemons on a bad disk\n", answers_);
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

/// The sync that fails is one of the log's entries, of a certificate's intent or of its outcome.
struct FailedSync {
  const char* name;
  FaultAction action;
  std::uint64_t at;
};

class DaemonAfterAFailedSync : public DaemonUnderFaults, public testing::WithParamInterface<FailedSync> {
 protected:
  static constexpr auto kUnderWay = std::chrono::milliseconds(300);  ///< what the keyholder had in hand is signed then
  static constexpr auto kWatched = std::chrono::milliseconds(1500);

  /// Clients try for a while, and get no certificate and no checkpoint that is newer than `newest`.
  void expect_refusals(const Daemon& daemon, const std::map<ByteVector, std::uint64_t>& newest) {
    const std::size_t issued = given_->size();
    const auto end = std::chrono::steady_clock::now() + kWatched;
    for (int i = 0; std::chrono::steady_clock::now() < end; ++i) {
      issue(daemon, "behind-" + std::to_string(i), i % 2 == 0, std::chrono::milliseconds(200));
      fetch_checkpoint(daemon, std::chrono::milliseconds(200));
    }
    EXPECT_EQ(given_->size(), issued) << "a certificate behind a sync that failed";
    EXPECT_EQ(given_->checkpoints(), newest) << "a checkpoint behind a sync that failed";
    ASSERT_GE(given_->errors().size(), 5U) << "nobody asked";
    EXPECT_EQ(given_->errors().back().code, ErrorCode::kFailedPrecondition) << given_->errors().back().message;
  }
};

TEST_P(DaemonAfterAFailedSync, SignsNothingMoreUntilItIsRestarted) {
  faults_ = std::make_unique<FaultControl>(state(), "signet-issuer", "/log/entries");
  put_under_faults("signet-issuer");
  const auto daemon = start_well();
  issue(*daemon, "before", /*with_proof=*/true, std::chrono::seconds(20));
  ASSERT_EQ(given_->size(), 1U);
  faults_->arm({.action = GetParam().action, .at = GetParam().at, .error = EIO, .calls = kSyncs});
  issue(*daemon, "struck", false, std::chrono::milliseconds(500));
  EXPECT_EQ(faults_->struck(), 1U);
  EXPECT_EQ(given_->size(), 1U) << "answered, though its sync failed";
  ASSERT_EQ(given_->errors().size(), 1U);
  const pid_t issuer = daemon->child("signet-issuer");

  std::this_thread::sleep_for(kUnderWay);
  fetch_checkpoint(*daemon, std::chrono::seconds(5));
  const std::string signed_before = slurp(journal());
  const auto newest = given_->checkpoints();
  expect_refusals(*daemon, newest);
  EXPECT_EQ(slurp(journal()), signed_before) << "the keyholder signed";
  EXPECT_EQ(daemon->child("signet-issuer"), issuer) << "it was restarted by itself";
  static_cast<void>(daemon->stop());
  EXPECT_EQ(slurp(journal()), signed_before) << "the keyholder signed at the daemon's end";
  expect_recovers(std::string("after a failed sync ") + GetParam().name);
}

INSTANTIATE_TEST_SUITE_P(Of, DaemonAfterAFailedSync,
                         testing::Values(FailedSync{"TheIntent", FaultAction::kFail, 1},
                                         FailedSync{"TheIntentButDone", FaultAction::kFailDone, 1},
                                         FailedSync{"TheOutcome", FaultAction::kFail, 2},
                                         FailedSync{"TheOutcomeButDone", FaultAction::kFailDone, 2}),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace signet::test
