// A reload whose entry the log cannot take: the policy stays as it was, and the log says nothing else.
#include <gmock/gmock.h>
#include <signal.h>

#include <cerrno>

#include "fault/daemon_fixture.h"

namespace signet::test {
namespace {

class ReloadOnABadDisk : public DaemonUnderFaults {};

TEST_F(ReloadOnABadDisk, WithoutItsEntryInTheLogThePolicyIsNotExchanged) {
  put_under_faults("signet-issuer");
  const auto daemon = start_well();
  issue(*daemon, "before", false, std::chrono::seconds(20));
  ASSERT_EQ(given_->size(), 1U);
  ca_.edit("policy.toml", "validity = \"90d\"", "validity = \"10d\"");
  faults_->arm({.action = FaultAction::kFail, .at = 1, .times = kFromThenOn, .error = EIO});
  daemon->process().send_signal(SIGHUP);
  ASSERT_TRUE(eventually([&] {
    return daemon->stderr_text().find("not reloaded, the old policy stays in force") != std::string::npos;
  })) << daemon->stderr_text();
  EXPECT_EQ(daemon->stderr_text().find("reloaded policy_sha256="), std::string::npos);
  daemon->kill_supervisor();
  ca_.edit("policy.toml", "validity = \"10d\"", "validity = \"90d\"");
  expect_recovers("a reload that could not be logged");
  EXPECT_EQ(count_entries(ca_.read_log(), "config"), 0U);
}

}  // namespace
}  // namespace signet::test
