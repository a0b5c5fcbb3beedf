// The whole daemon: one of its processes dies at one call after the other that changes a file of its state, and around
// one signature after the other.
#include <filesystem>

#include "fault/daemon_fixture.h"
#include "fault/effort.h"
#include "log/journal.h"

namespace signet::test {
namespace {

struct Case {
  const char* name;
  const char* process;
  FaultAction action;
  std::uint64_t first;  ///< in a sample, the first call that is tried
  std::uint64_t step;   ///< and then every so many-th
};

class DaemonDeath : public DaemonUnderFaults, public testing::WithParamInterface<Case> {
 protected:
  /// How many calls a run makes that nothing happens to.
  [[nodiscard]] std::uint64_t run_without_faults() {
    faults_->arm({});
    const auto daemon = start_well();
    run_script(*daemon);
    EXPECT_EQ(daemon->stop(), 0);
    EXPECT_EQ(given_->size(), 3U);
    return faults_->count();
  }

  /// True when the call came up.
  bool die_at(std::uint64_t at) {
    forget_everything();
    faults_->arm({.action = GetParam().action, .at = at});
    auto daemon = start();
    if (daemon == nullptr) daemon = start_well();  // it died while it started, which ends the daemon's start
    run_script(*daemon);
    static_cast<void>(daemon->stop());
    const std::string what = "call " + std::to_string(at) + " (" + faults_->first_struck() + ")";
    for (const Error& error : given_->errors()) EXPECT_TRUE(error.retryable) << what << ": " << error.message;
    EXPECT_EQ(given_->size(), 3U) << what << ": not all were issued in the end";
    if (faults_->struck() == 0) return false;
    expect_recovers(what);
    return true;
  }
};

TEST_P(DaemonDeath, AtEachCallLosesNothingThatWasAnswered) {
  put_under_faults(GetParam().process);
  // CKR_FUNCTION_FAILED, once in the life of a keyholder: one of the script's signatures is not made.
  use_fault_module(
      "SIGNET_FAULT_CALL = \"C_Sign\", SIGNET_FAULT_AFTER = \"2\", SIGNET_FAULT_TIMES = \"1\", "
      "SIGNET_FAULT_DO = \"0x06\"");
  CallNumbers calls(run_without_faults(), GetParam().first, GetParam().step);
  for (bool goes_on = true; goes_on && !HasFailure();) {
    const bool struck = die_at(calls.at());
    goes_on = calls.go_on(struck, faults_->count());
  }
  calls.expect_enough();
}

INSTANTIATE_TEST_SUITE_P(Each, DaemonDeath,
                         testing::Values(Case{"IssuerBefore", "signet-issuer", FaultAction::kDieBefore, 5, 31},
                                         Case{"IssuerAfter", "signet-issuer", FaultAction::kDieAfter, 13, 29},
                                         Case{"IssuerTorn", "signet-issuer", FaultAction::kDieTorn, 9, 37},
                                         Case{"KeyholderBefore", "signet-keyholder", FaultAction::kDieBefore, 2, 3},
                                         Case{"KeyholderAfter", "signet-keyholder", FaultAction::kDieAfter, 3, 3},
                                         Case{"KeyholderTorn", "signet-keyholder", FaultAction::kDieTorn, 4, 4}),
                         [](const auto& tested) { return tested.param.name; });

/// Around the signature itself, which changes no file: each keyholder dies at its n-th.
class DeathAtTheSignature : public DaemonUnderFaults, public testing::WithParamInterface<const char*> {
 protected:
  static constexpr int kFirst = 2;
  static constexpr int kLastOfASample = 9;
  static constexpr int kLast = 60;  ///< more signatures than there are

  /// What was being signed when a keyholder died: the last thing its journal knows before the next keyholder's start.
  [[nodiscard]] std::vector<log::JournalKind> struck() const {
    std::vector<log::JournalKind> struck;
    std::optional<log::JournalKind> last;
    const auto read = log::read_journal(journal(), [&](std::uint64_t, const log::JournalRecord& record) {
      if (record.kind == log::JournalKind::kStart && last && *last != log::JournalKind::kStart) struck.push_back(*last);
      if (!log::is_repeat(record.kind)) last = record.kind;
      return Result<void>{};
    });
    EXPECT_TRUE(read.has_value()) << read.error().message;
    return struck;
  }

  /// Keyholders that live for two or three signatures do not get far between the pauses after which they are started.
  void run_with_deaths(int after, const std::string& what) {
    constexpr int kEnough = 4;
    constexpr int kMore = 4;
    forget_everything();
    const auto daemon = start();
    if (daemon == nullptr) {
      EXPECT_LT(after, kEnough) << what << ": " << start_failure_;
      return;  // the keyholder died before the daemon was ready, which ends the daemon's start
    }
    const auto patience = std::chrono::seconds(after < kEnough ? 1 : 20);
    run_script(*daemon, patience);
    for (int i = 0; i < kMore && after >= kEnough; ++i) issue(*daemon, "more-" + std::to_string(i), false, patience);
    for (const Error& error : given_->errors()) EXPECT_TRUE(error.retryable) << what << ": " << error.message;
    EXPECT_TRUE(after < kEnough || given_->size() == 3 + kMore) << what << ": not all were issued in the end";
    daemon->kill_supervisor();  // one that stops waits for a keyholder, to have its last checkpoint
  }
};

TEST_P(DeathAtTheSignature, LeavesAnIntentAndNothingElse) {
  const auto after = [](int n) { return "SIGNET_FAULT_AFTER = \"" + std::to_string(n) + "\""; };
  use_fault_module("SIGNET_FAULT_CALL = \"C_Sign\", " + after(kFirst) + ", SIGNET_FAULT_DO = \"" + GetParam() + "\"");
  std::map<log::JournalKind, std::size_t> times;
  std::size_t unstruck = 0;
  for (int n = kFirst; n <= (full_effort() ? kLast : kLastOfASample) && unstruck < 3 && !HasFailure(); ++n) {
    const std::string what = std::string(GetParam()) + " behind " + std::to_string(n) + " signatures";
    ca_.edit("signet.toml", after(n == kFirst ? n : n - 1), after(n));
    run_with_deaths(n, what);
    const auto kinds = struck();
    unstruck = kinds.empty() ? unstruck + 1 : 0;
    for (const log::JournalKind kind : kinds) ++times[kind];
    ca_.edit("signet.toml", "SIGNET_FAULT_CALL = \"C_Sign\"", "SIGNET_FAULT_CALL = \"none\"");
    expect_recovers(what);
    ca_.edit("signet.toml", "SIGNET_FAULT_CALL = \"none\"", "SIGNET_FAULT_CALL = \"C_Sign\"");
  }
  EXPECT_TRUE(!full_effort() || unstruck == 3) << "there are more signatures than were tried";
  EXPECT_GE(times[log::JournalKind::kEndEntityCertificate], 1U) << "no signature of a certificate was struck";
  EXPECT_GE(times[log::JournalKind::kLogCheckpoint], 1U) << "no signature of a checkpoint was struck";
  printf("tried: deaths at %zu certificates and %zu checkpoints\n", times[log::JournalKind::kEndEntityCertificate],
         times[log::JournalKind::kLogCheckpoint]);
}

INSTANTIATE_TEST_SUITE_P(Of, DeathAtTheSignature, testing::Values("crash", "crash-after"), [](const auto& tested) {
  return std::string(tested.param) == "crash" ? "TheKeyholderBefore" : "TheKeyholderAfter";
});

}  // namespace
}  // namespace signet::test
