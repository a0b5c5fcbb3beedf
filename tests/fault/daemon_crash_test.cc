// The whole daemon: one of its processes dies at one call after the other that changes a file of its state.
#include <filesystem>

#include "fault/daemon_fixture.h"
#include "fault/effort.h"

namespace signet::test {
namespace {

struct Case {
  const char* name;
  const char* process;
  FaultAction action;
  std::uint64_t first;   ///< the first call that is tried
  std::uint64_t sample;  ///< and then every so many-th, in a short run
};

class DaemonDeath : public DaemonUnderFaults, public testing::WithParamInterface<Case> {};

TEST_P(DaemonDeath, AtEachCallLosesNothingThatWasAnswered) {
  put_under_faults(GetParam().process);
  // CKR_FUNCTION_FAILED, once in the life of a keyholder: one of the script's signatures is not made.
  use_fault_module(
      "SIGNET_FAULT_CALL = \"C_Sign\", SIGNET_FAULT_AFTER = \"2\", SIGNET_FAULT_TIMES = \"1\", "
      "SIGNET_FAULT_DO = \"0x06\"");
  std::size_t tried = 0;
  for (std::uint64_t at = GetParam().first;; at += stride(GetParam().sample)) {
    forget_everything();
    faults_->arm({.action = GetParam().action, .at = at});
    auto daemon = start();
    if (daemon == nullptr) daemon = start_well();  // it died while it started, which ends the daemon's start
    run_script(*daemon);
    static_cast<void>(daemon->stop());
    const std::string what = "call " + std::to_string(at) + " (" + faults_->first_struck() + ")";
    if (faults_->struck() == 0) break;
    ++tried;
    for (const Error& error : given_->errors()) EXPECT_TRUE(error.retryable) << what << ": " << error.message;
    EXPECT_EQ(given_->size(), 3U) << what << ": not all were issued in the end";
    expect_recovers(what);
    if (HasFailure()) break;
  }
  EXPECT_GT(faults_->count(), 10U);
  tell_tried(tried, faults_->count(), "calls");
}

INSTANTIATE_TEST_SUITE_P(Each, DaemonDeath,
                         testing::Values(Case{"IssuerBefore", "signet-issuer", FaultAction::kDieBefore, 5, 31},
                                         Case{"IssuerAfter", "signet-issuer", FaultAction::kDieAfter, 13, 29},
                                         Case{"IssuerTorn", "signet-issuer", FaultAction::kDieTorn, 9, 37},
                                         Case{"KeyholderBefore", "signet-keyholder", FaultAction::kDieBefore, 2, 3},
                                         Case{"KeyholderAfter", "signet-keyholder", FaultAction::kDieAfter, 3, 3},
                                         Case{"KeyholderTorn", "signet-keyholder", FaultAction::kDieTorn, 4, 4}),
                         [](const auto& tested) { return tested.param.name; });

/// Around the signature itself, which changes no file.
class DeathAtTheSignature : public DaemonUnderFaults, public testing::WithParamInterface<const char*> {};

TEST_P(DeathAtTheSignature, LeavesAnIntentAndNothingElse) {
  use_fault_module("SIGNET_FAULT_CALL = \"C_Sign\", SIGNET_FAULT_AFTER = \"4\", SIGNET_FAULT_DO = \"" +
                   std::string(GetParam()) + "\"");
  const auto daemon = start_well();
  for (int i = 0; i < 4; ++i) run_script(*daemon);
  for (int i = 0; i < 6; ++i) issue(*daemon, "more-" + std::to_string(i), i % 2 == 0, std::chrono::seconds(20));
  for (const Error& error : given_->errors()) EXPECT_TRUE(error.retryable) << error.message;
  EXPECT_GE(given_->size(), 6U);
  const std::uint32_t restarts = daemon->client("payments")->status().value().tokens.at(0).restarts;
  EXPECT_GE(restarts, 1U) << "no keyholder died";
  static_cast<void>(daemon->stop());
  ca_.edit("signet.toml", "SIGNET_FAULT_CALL = \"C_Sign\"", "SIGNET_FAULT_CALL = \"none\"");
  expect_recovers(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Of, DeathAtTheSignature, testing::Values("crash", "crash-after"), [](const auto& tested) {
  return std::string(tested.param) == "crash" ? "TheKeyholderBefore" : "TheKeyholderAfter";
});

}  // namespace
}  // namespace signet::test
