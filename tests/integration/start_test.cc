// What keeps the daemon from starting, and how its processes are confined.
#include <gtest/gtest.h>

#include <filesystem>

#include "integration/daemon.h"

namespace signet::test {
namespace {

CommandResult start(const Installation& ca) {
  return run_command({program("signetd"), "--config", ca.config()}, {}, {}, std::chrono::seconds(60));
}

TEST(Start, AConfigurationErrorNamesFileLineColumnAndWhatWasExpectedAndNothingStarts) {
  const Installation ca;
  ca.edit("signet.toml", "sign_deadline = \"5s\"", "sign_deadline = \"soon\"\nworkerz = 3");
  const auto result = start(ca);
  EXPECT_EQ(result.status, 2) << result.err;
  EXPECT_NE(result.err.find("signet.toml:"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("sign_deadline"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("workerz"), std::string::npos) << "all complaints at once: " << result.err;
  EXPECT_FALSE(std::filesystem::exists(ca.path("state")));
}

TEST(Start, APolicyErrorIsFoundBeforeAnythingStarts) {
  const Installation ca;
  ca.edit("policy.toml", "validity_max = \"397d\"", "validity_max = \"1d\"");
  const auto result = start(ca);
  EXPECT_EQ(result.status, 2) << result.err;
  EXPECT_NE(result.err.find("policy.toml:"), std::string::npos) << result.err;
  EXPECT_FALSE(std::filesystem::exists(ca.path("state")));
}

TEST(Start, AProfileOfAnIssuerThatIsNotThereIsFound) {
  const Installation ca;
  ca.edit("policy.toml", "issuer = \"issuing-1\"", "issuer = \"issuing-2\"");
  EXPECT_NE(start(ca).err.find("issuing-2"), std::string::npos);
}

TEST(Start, AProfileThatDoesNotFitThroughTheFenceIsFound) {
  const Installation ca;
  ca.edit("signet.toml", "longest_validity = \"398d\"", "longest_validity = \"100d\"");
  EXPECT_NE(start(ca).err.find("longest_validity"), std::string::npos);
}

TEST(Start, CheckSaysWhetherAllIsWellAndStartsNothing) {
  const Installation ca;
  EXPECT_EQ(run_command({program("signetd"), "--check", "--config", ca.config()}).status, 0);
  EXPECT_FALSE(std::filesystem::exists(ca.path("state")));
  ca.edit("signet.toml", "origin", "orygin");
  EXPECT_EQ(run_command({program("signetd"), "--check", "--config", ca.config()}).status, 2);
}

TEST(Start, CheckWarnsOfAClientThatCanBecomeAnother) {
  const Installation ca;
  EXPECT_EQ(run_command({program("signetd"), "--check", "--config", ca.config()}).err.find("can become"),
            std::string::npos);
  ca.edit("policy.toml", "identity = \"dns:plain.example\"\nprofiles = [\"tls-server\"]",
          "identity = \"dns:plain.example\"\nprofiles = [\"tls-client\"]");
  ca.edit("policy.toml", "[client.plain.names]",
          "[client.auditor]\nidentity = \"dns:audit.plain.example\"\nrights = [\"audit\"]\n[client.plain.names]");
  const auto result = run_command({program("signetd"), "--check", "--config", ca.config()});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.err.find("one client can become another"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("dns:audit.plain.example"), std::string::npos) << result.err;
}

TEST(Start, ConfigurationThatOthersMayWriteIsRefused) {
  const Installation ca;
  std::filesystem::permissions(ca.config(), std::filesystem::perms(0666));
  const auto result = start(ca);
  EXPECT_NE(result.status, 0);
  EXPECT_NE(result.err.find("0666"), std::string::npos) << result.err;
}

TEST(Start, AKeyThatDoesNotBelongToItsCertificateIsRefused) {
  const Installation ca;
  ca.edit("signet.toml", "token=signet-issuing;object=issuing-1", "token=signet-issuing;object=log-1");
  const auto result = start(ca);
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.err.find("issuing.pem"), std::string::npos) << result.err;
}

TEST(Start, AUriThatMatchesNoKeyIsRefused) {
  const Installation ca;
  ca.edit("signet.toml", "object=issuing-1", "object=issuing-9");
  const auto result = start(ca);
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.err.find("issuing-9"), std::string::npos) << result.err;
}

TEST(Start, AWrongPinIsSaidWithoutThePinAndTheDaemonWaitsForAnOperator) {
  const Installation ca;
  ca.folder().write("pin", "wrong-pin-9876\n");
  Daemon daemon(ca);
  EXPECT_NE(daemon.stderr_text().find("CKR_PIN_INCORRECT"), std::string::npos) << daemon.stderr_text();
  EXPECT_EQ(daemon.stderr_text().find("wrong-pin-9876"), std::string::npos);
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Start, ASecondDaemonOnTheSameStateIsRefused) {
  const Installation ca;
  Daemon daemon(ca);
  // A token folder of its own, so that only the state is shared.
  std::filesystem::copy(ca.path("tokens"), ca.path("tokens2"), std::filesystem::copy_options::recursive);
  std::string conf = slurp(ca.path("softhsm2.conf"));
  ca.folder().write("softhsm2-b.conf", conf.replace(conf.find("/tokens"), 7, "/tokens2"));
  ca.edit("signet.toml", "softhsm2.conf", "softhsm2-b.conf");
  const auto second = start(ca);
  EXPECT_EQ(second.status, 1);
  EXPECT_NE(second.err.find("lock"), std::string::npos) << second.err;
  EXPECT_TRUE(daemon.client("plain")->trust_bundle().has_value()) << "the first one is not disturbed";
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Confinement, EveryProcessHasNoNewPrivilegesASeccompFilterAndNoCore) {
  const Installation ca;
  Daemon daemon(ca);
  for (const char* name : {"signet-front", "signet-issuer", "signet-keyholder", "signetd"}) {
    const pid_t pid = name == std::string("signetd") ? daemon.pid() : daemon.child(name);
    const std::string status = slurp("/proc/" + std::to_string(pid) + "/status");
    EXPECT_NE(status.find("NoNewPrivs:\t1"), std::string::npos) << name;
    EXPECT_NE(status.find("Seccomp:\t2"), std::string::npos) << name;
    const std::string limits = slurp("/proc/" + std::to_string(pid) + "/limits");
    const std::string core = limits.substr(limits.find("Max core file size"), 60);
    EXPECT_EQ(core.find_first_of("123456789"), std::string::npos) << name << ": " << core;
  }
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Confinement, ThePinIsInNoProcessesArgumentsOrEnvironment) {
  const Installation ca;
  Daemon daemon(ca);
  const std::string pin = slurp(ca.path("pin")).substr(0, 13);
  ASSERT_GE(pin.size(), 4U);
  for (const pid_t pid : children_of(daemon.pid())) {
    for (const char* file : {"/cmdline", "/environ"}) {
      EXPECT_EQ(slurp("/proc/" + std::to_string(pid) + file).find(pin), std::string::npos);
    }
  }
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_EQ(daemon.stderr_text().find(pin), std::string::npos);
}

// A program that is started without standard streams opens its files under their numbers, and what it prints goes
// there.
TEST(Start, WithoutStandardStreamsTheLogStaysWhole) {
  const Installation ca;
  const std::string starter =
      ca.folder().write("signetd.sh", "#!/bin/sh\nexec " + program("signetd") + " \"$@\" <&- >&- 2>&-\n");
  std::filesystem::permissions(starter, std::filesystem::perms::owner_all);
  Daemon daemon(ca, starter);
  const auto issued =
      daemon.client("plain")->issue({.profile = "tls-server", .csr = ca.make_csr("DNS:a.plain.example")});
  ASSERT_TRUE(issued.has_value()) << issued.error().message;
  ASSERT_EQ(daemon.stop(), 0);
  const std::vector<log::Entry> entries = ca.read_log();
  EXPECT_EQ(count_entries(entries, "issued"), 1U);
  EXPECT_EQ(count_entries(entries, "stop"), 1U);

  const auto rebuilt =
      run_command(redirected("<&- >&- 2>&-", {program("signet-issuer"), "--rebuild-store", "--config", ca.config()}));
  EXPECT_EQ(rebuilt.status, 0);
  EXPECT_EQ(ca.read_log().size(), entries.size());
  EXPECT_EQ(slurp(ca.path("state/log/lock")), "");
}

}  // namespace
}  // namespace signet::test
