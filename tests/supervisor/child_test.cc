#include "supervisor/child.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "base/child.h"
#include "support/command.h"
#include "support/temp_directory.h"
#include "wire/channel.h"

namespace signet {
namespace {

using namespace std::chrono_literals;
using test::TempDirectory;

ChildPlan plan_of(const std::string& path, std::vector<int> descriptors = {}) {
  ChildPlan plan{.process = "signet-front", .path = path, .start = {}, .descriptors = std::move(descriptors)};
  plan.start.set_config_file("signet.toml");
  return plan;
}

int wait_for(const Child& child) {
  int status = 0;
  waitpid(child.pid(), &status, 0);
  return status;
}

TEST(Child, HasOneDescriptorBesideTheStandardOnesAndNoEnvironment) {
  const TempDirectory directory;
  const std::string out = directory / "out";
  const std::string script =
      directory.write("child.sh", "#!/bin/sh\n{ ls /proc/self/fd; cat /proc/self/environ; } > " + out + "\n");
  std::filesystem::permissions(script, std::filesystem::perms(0700));
  auto pair = make_stream_pair().value();  // a descriptor of the supervisor that a child must not inherit
  Child child(plan_of(script));
  ASSERT_TRUE(child.start().has_value());
  EXPECT_EQ(wait_for(child), 0);
  child.reaped();
  const std::string seen = test::slurp(out);
  EXPECT_TRUE(seen.starts_with("0\n1\n2\n3\n")) << seen;
  EXPECT_EQ(seen.find("HOME="), std::string::npos) << seen;
  EXPECT_EQ(seen.find("SOFTHSM2_CONF="), std::string::npos) << seen;
}

TEST(Child, WhatItSendsAndItsEndArriveOnTheControlSocket) {
  Child child(plan_of("/bin/true"));
  ASSERT_TRUE(child.start().has_value());
  EXPECT_EQ(child.state(), Child::State::kStarting);
  EXPECT_EQ(wait_for(child), 0);
  EXPECT_FALSE(child.read_control().has_value());
  EXPECT_EQ(child.control_fd(), -1);
  EXPECT_TRUE(child.kill_at.has_value()) << "should it not leave by itself";
  child.reaped();
  EXPECT_EQ(child.state(), Child::State::kStopped);
  EXPECT_EQ(child.restarts(), 0U);
  ASSERT_TRUE(child.start().has_value());
  EXPECT_EQ(child.restarts(), 1U);
  wait_for(child);
  child.reaped();
}

/// What a child that is not started says on standard error. In a process without capabilities, where nobody can become
/// another user.
std::string complaint_of(const ChildPlan& plan) {
  const TempDirectory directory;
  const std::string said = directory.write("said", "");
  const int how = test::in_child([&] {
    if (!drop_capabilities() || dup2(open(said.c_str(), O_WRONLY), STDERR_FILENO) < 0) return 1;
    Child child(plan);
    static_cast<void>(child.start());
    const int status = wait_for(child);
    child.reaped();
    return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? 0 : 2;
  });
  EXPECT_EQ(how, 0);
  return test::slurp(said);
}

TEST(Child, OneThatIsNotStartedSaysWhichStepFailed) {
  EXPECT_EQ(complaint_of(plan_of("/nonexistent/signet-front")),
            "signetd: signet-front was not started: execve failed: ENOENT\n");
  ChildPlan of_another_user = plan_of("/bin/true");
  of_another_user.user = ProcessUser{.name = "nobody", .uid = 65534, .gid = 65534};
  EXPECT_EQ(complaint_of(of_another_user), "signetd: signet-front was not started: setgroups failed: EPERM\n");
}

TEST(Child, RestartDelaysDoubleUpToFiveSecondsAndBeginAnewAfterAMinute) {
  Child child(plan_of("/bin/true"));
  ASSERT_TRUE(child.start().has_value());
  wait_for(child);
  child.reaped();
  const auto soon = child.started_at() + 1s;
  for (const auto expected : {100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 5000ms, 5000ms})
    EXPECT_EQ(child.next_delay(soon), expected);
  EXPECT_EQ(child.next_delay(child.started_at() + 61s), 100ms);
}

TEST(Exit, SaysHowAProcessLeft) {
  EXPECT_EQ((Exit{.signal = 0, .status = 3}).text(), "exit status 3");
  EXPECT_EQ((Exit{.signal = 0, .status = 127}).text(), "exit status 127 (not started; standard error says why)");
  EXPECT_EQ((Exit{.signal = SIGKILL, .status = 0}).text(), "signal 9 (Killed)");
}

}  // namespace
}  // namespace signet
