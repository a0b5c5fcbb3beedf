// What a process of the daemon can do that was taken over: tried from within the running processes.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <sstream>

#include "base/landlock.h"
#include "base/sanitizers.h"
#include "integration/probed_daemon.h"
#include "support/kernel.h"

namespace signet::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFront = "signet-front";
constexpr const char* kIssuer = "signet-issuer";
constexpr const char* kKeyholder = "signet-keyholder";

/// The value of a line of /proc/<pid>/status, blanks made one.
std::string status_of(pid_t pid, const std::string& name) {
  std::istringstream status(slurp("/proc/" + std::to_string(pid) + "/status"));
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(name + ":")) continue;
    std::istringstream words(line.substr(name.size() + 1));
    std::string value;
    for (std::string word; words >> word;) value += (value.empty() ? "" : " ") + word;
    return value;
  }
  return "absent";
}

bool is_zero(const std::string& number) {
  return !number.empty() && number.find_first_not_of('0') == std::string::npos;
}

TEST(SandboxOfTheDaemon, EveryThreadOfEveryProcessHasItsFilterAndNoPrivileges) {
  const Installation ca;
  Daemon daemon(ca);
  for (const char* name : kConfined) {
    const pid_t pid = daemon.child(name);
    for (const auto& thread : fs::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
      const pid_t tid = std::stoi(thread.path().filename());
      EXPECT_EQ(status_of(tid, "Seccomp"), "2") << name;
      EXPECT_EQ(status_of(tid, "Seccomp_filters"), "2") << name << ": its own, and the supervisor's";
      EXPECT_EQ(status_of(tid, "NoNewPrivs"), "1") << name;
      for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"})
        EXPECT_TRUE(is_zero(status_of(tid, set))) << name << " " << set << " " << status_of(tid, set);
      EXPECT_TRUE(geteuid() != 0 || is_zero(status_of(tid, "CapBnd"))) << name;
    }
  }
  const std::string kept = status_of(daemon.pid(), "CapEff");
  EXPECT_EQ(kept, geteuid() == 0 ? "00000000000000e0" : "0000000000000000");  // CAP_SETGID, CAP_SETUID, CAP_KILL
  EXPECT_EQ(daemon.stop(), 0);
}

#if !defined(SIGNET_ADDRESS_SANITIZER) && !defined(SIGNET_THREAD_SANITIZER)
// A sanitizer's library needs some of what is refused here, so these are tests of the program as it is installed.

struct Attempt {
  const char* name;
  ProbeAct act;
};

// Whatever ends every one of the three processes.
constexpr Attempt kDeadlyForAll[] = {
    {"a process", ProbeAct::kFork},
    {"vfork", ProbeAct::kVfork},
    {"a program", ProbeAct::kExecute},
    {"tracing signetd", ProbeAct::kTraceParent},
    {"reading signetd's memory", ProbeAct::kReadParentMemory},
    {"a signal to signetd", ProbeAct::kSignalParent},
    {"bind", ProbeAct::kBind},
    {"listen", ProbeAct::kListen},
    {"mount", ProbeAct::kMount},
    {"another user", ProbeAct::kSetUser},
    {"a memory file", ProbeAct::kMemoryFile},
    {"bpf", ProbeAct::kLoadBpf},
    {"userfaultfd", ProbeAct::kUserFault},
    {"io_uring", ProbeAct::kRing},
    {"a namespace", ProbeAct::kNamespace},
    {"being dumpable", ProbeAct::kBeDumpable},
    {"a higher limit", ProbeAct::kRaiseLimit},
};
// signetd waits longer before each restart: after so many a new daemon is quicker.
constexpr std::size_t kDeathsOfADaemon = 5;

/// One daemon's part of the list.
class DeadlyAct : public testing::TestWithParam<std::size_t> {};

TEST_P(DeadlyAct, EndsTheProcessAndTheDaemonRecovers) {
  const Installation ca;
  ProbedDaemon probed(ca);
  std::size_t deaths = 0;
  std::size_t deaths_of_issuers = 0;
  for (std::size_t i = GetParam(); i < std::min(GetParam() + kDeathsOfADaemon, std::size(kDeadlyForAll)); ++i) {
    for (const char* process : kConfined) {
      const auto result = probed.attempt(process, kDeadlyForAll[i].act);
      EXPECT_FALSE(result.has_value()) << process << " survived " << kDeadlyForAll[i].name << " with " << *result;
      deaths += result.has_value() ? 0 : 1;
      deaths_of_issuers += !result.has_value() && process == std::string_view(kIssuer) ? 1 : 0;
    }
    EXPECT_TRUE(probed.issues()) << kDeadlyForAll[i].name << "\n" << probed.daemon().stderr_text();
  }
  EXPECT_EQ(probed.daemon().stop(), 0) << probed.daemon().stderr_text();
  const std::size_t logged = count_entries(ca.read_log(), "crash");
  EXPECT_GE(logged, deaths) << "each is in the audit log";
  EXPECT_LE(logged, deaths + deaths_of_issuers) << "twice only what an issuer did not live to say that it had recorded";
}

INSTANTIATE_TEST_SUITE_P(SandboxOfTheDaemon, DeadlyAct,
                         testing::Range(std::size_t{0}, std::size(kDeadlyForAll), kDeathsOfADaemon));

TEST(SandboxOfTheDaemon, WhatEndsSomeProcessesOnly) {
  const Installation ca;
  ProbedDaemon probed(ca);
  const auto ends = [&](const char* process, ProbeAct act) { return !probed.attempt(process, act, "/x").has_value(); };
  EXPECT_TRUE(ends(kFront, ProbeAct::kSocketInet));
  EXPECT_TRUE(ends(kIssuer, ProbeAct::kSocketInet));
  EXPECT_TRUE(ends(kKeyholder, ProbeAct::kRemove));
  EXPECT_TRUE(probed.issues());
  EXPECT_TRUE(ends(kFront, ProbeAct::kConnect));
  EXPECT_TRUE(ends(kIssuer, ProbeAct::kConnect));
  EXPECT_TRUE(ends(kKeyholder, ProbeAct::kRename));
  EXPECT_TRUE(probed.issues());
  EXPECT_TRUE(ends(kFront, ProbeAct::kMapCode));
  EXPECT_TRUE(ends(kIssuer, ProbeAct::kMapCode));
  EXPECT_TRUE(ends(kKeyholder, ProbeAct::kMakeDirectory));
  EXPECT_TRUE(probed.issues());
  EXPECT_TRUE(ends(kFront, ProbeAct::kRemove));
  EXPECT_TRUE(ends(kIssuer, ProbeAct::kSocketUnix));
  EXPECT_TRUE(ends(kKeyholder, ProbeAct::kChangeMode));
  EXPECT_TRUE(probed.issues());
  EXPECT_TRUE(ends(kFront, ProbeAct::kThread));
  EXPECT_TRUE(ends(kIssuer, ProbeAct::kMakeCode));
  EXPECT_TRUE(probed.issues());
  EXPECT_EQ(probed.daemon().stop(), 0) << probed.daemon().stderr_text();
}

TEST(SandboxOfTheDaemon, TheFrontOpensNoFileAtAll) {
  const Installation ca;
  ProbedDaemon probed(ca);
  for (const std::string& path : {std::string("/dev/null"), std::string("/etc/passwd"), ca.config(), ca.key("daemon"),
                                  ca.path("state/log/entries"), ca.path("pin")}) {
    EXPECT_EQ(probed.attempt(kFront, ProbeAct::kOpenToRead, path), -EACCES) << path;
    EXPECT_EQ(probed.attempt(kFront, ProbeAct::kOpenToWrite, path), -EACCES) << path;
  }
  EXPECT_EQ(probed.attempt(kFront, ProbeAct::kCreate, ca.path("state/new")), -EACCES);
  EXPECT_FALSE(fs::exists(ca.path("state/new")));
  EXPECT_TRUE(probed.issues());
  EXPECT_EQ(probed.daemon().stop(), 0);
}

TEST(SandboxOfTheDaemon, TheIssuerReachesItsLogAndItsStoreAndNothingOfTheKeyholder) {
  ASSERT_GE(landlock_abi(), 1) << "this kernel has no Landlock";
  const Installation ca;
  ProbedDaemon probed(ca);
  const std::string journal = ca.path("state/keyholder-soft/journal");
  const auto attempt = [&](ProbeAct act, const std::string& path) {
    return probed.attempt(kIssuer, act, path).value();
  };
  EXPECT_GE(attempt(ProbeAct::kOpenToRead, ca.path("state/log/entries")), 0);
  EXPECT_GE(attempt(ProbeAct::kCreate, ca.path("state/store/new")), 0);
  EXPECT_EQ(attempt(ProbeAct::kRemove, ca.path("state/store/new")), 0);
  EXPECT_GE(attempt(ProbeAct::kOpenToRead, ca.path("ceremony/transcript.jsonl")), 0);
  EXPECT_EQ(attempt(ProbeAct::kOpenToWrite, ca.path("ceremony/transcript.jsonl")), -EACCES);
  for (const std::string& path :
       {journal, ca.path("pin"), ca.key("daemon"), ca.config(), ca.path("softhsm2.conf"), std::string("/etc/passwd")}) {
    EXPECT_EQ(attempt(ProbeAct::kOpenToRead, path), -EACCES) << path;
    EXPECT_EQ(attempt(ProbeAct::kOpenToWrite, path), -EACCES) << path;
    EXPECT_EQ(attempt(ProbeAct::kTruncate, path), -EACCES) << path;
    EXPECT_EQ(attempt(ProbeAct::kRemove, path), -EACCES) << path;
  }
  EXPECT_EQ(attempt(ProbeAct::kRename, ca.path("state/keyholder-soft")), -EACCES)
      << "the fence's memory stays in place";
  EXPECT_EQ(attempt(ProbeAct::kRename, ca.path("state/log")), -EACCES);
  EXPECT_EQ(attempt(ProbeAct::kCreate, ca.path("state/new")), -EACCES);
  EXPECT_EQ(attempt(ProbeAct::kCreate, "/tmp/signet-sandbox-test-new"), -EACCES);
  EXPECT_EQ(attempt(ProbeAct::kMakeDirectory, ca.path("new")), -EACCES);
  EXPECT_TRUE(fs::exists(journal));
  EXPECT_TRUE(probed.issues());
  EXPECT_EQ(probed.daemon().stop(), 0);
}

TEST(SandboxOfTheDaemon, TheKeyholderReadsItsTokenAndNothingElse) {
  ASSERT_GE(landlock_abi(), 1) << "this kernel has no Landlock";
  const Installation ca;
  ProbedDaemon probed(ca);
  const auto attempt = [&](ProbeAct act, const std::string& path) {
    return probed.attempt(kKeyholder, act, path).value();
  };
  EXPECT_GE(attempt(ProbeAct::kOpenToRead, ca.path("tokens")), 0);
  EXPECT_EQ(attempt(ProbeAct::kCreate, ca.path("tokens/new")), -EACCES);
  for (const std::string& path : {ca.path("state/log/entries"), ca.path("state/store/store.sqlite"), ca.path("pin"),
                                  ca.key("daemon"), ca.config(), std::string("/etc/passwd")}) {
    EXPECT_EQ(attempt(ProbeAct::kOpenToRead, path), -EACCES) << path;
    EXPECT_EQ(attempt(ProbeAct::kOpenToWrite, path), -EACCES) << path;
  }
  EXPECT_EQ(attempt(ProbeAct::kOpenToWrite, ca.path("state/keyholder-soft/journal")), -EACCES)
      << "what it appends to is open, and not opened again";
  // syslog(3) of a module must not end it.
  for (const ProbeAct act : {ProbeAct::kSocketUnix, ProbeAct::kSocketInet, ProbeAct::kSocketUdp, ProbeAct::kSocketMptcp,
                             ProbeAct::kSocketNetlink, ProbeAct::kConnect})
    EXPECT_EQ(attempt(act, {}), -EACCES) << static_cast<int>(act);
  // Nor a part that it loads late and can do without.
  EXPECT_EQ(attempt(ProbeAct::kMapCode, {}), -EACCES);
  EXPECT_EQ(attempt(ProbeAct::kMapFile, ca.path("softhsm2.conf")), -EACCES);
  EXPECT_EQ(attempt(ProbeAct::kMakeCode, {}), -EACCES);
  EXPECT_EQ(attempt(ProbeAct::kThread, {}), 0);
  EXPECT_TRUE(probed.issues());
  EXPECT_EQ(probed.daemon().stop(), 0);
}

/// SoftHSM's profile with a line more in [sandbox].
void add_to_profile(const Installation& ca, const std::string& line) {
  const std::string softhsm = SIGNET_SOURCE_DIR "/hsm-profiles/softhsm2.toml";
  std::string text = slurp(softhsm);
  text.insert(text.find("[sandbox]\n") + std::string_view("[sandbox]\n").size(), line + "\n");
  ca.edit("signet.toml", softhsm, ca.folder().write("changed.toml", text));
}

TEST(SandboxOfTheDaemon, AKeyholderWhoseModuleHasPortsMakesSocketsOfTcpOnly) {
  const Installation ca;
  add_to_profile(ca, "tcp_ports = [9]");
  ProbedDaemon probed(ca);
  const auto attempt = [&](ProbeAct act) { return probed.attempt(kKeyholder, act).value(); };
  EXPECT_GE(attempt(ProbeAct::kSocketInet), 0);
  EXPECT_EQ(attempt(ProbeAct::kSocketUdp), -EACCES);
  EXPECT_EQ(attempt(ProbeAct::kSocketMptcp), -EPROTONOSUPPORT);
  EXPECT_EQ(attempt(ProbeAct::kSocketUnix), -EAFNOSUPPORT);
  EXPECT_EQ(attempt(ProbeAct::kSocketNetlink), -EAFNOSUPPORT);
  EXPECT_TRUE(probed.issues());
  EXPECT_FALSE(probed.attempt(kKeyholder, ProbeAct::kSocketPacket).has_value());
  EXPECT_TRUE(probed.issues());
  EXPECT_EQ(probed.daemon().stop(), 0);
}

TEST(SandboxOfTheDaemon, AKeyholderWhoseModuleLoadsCodeMapsFilesAndRunsNothingThatItWroteWhereTheKernelSeesToIt) {
  const Installation ca;
  add_to_profile(ca, "loads_code = true");
  ProbedDaemon probed(ca);
  EXPECT_GT(probed.attempt(kKeyholder, ProbeAct::kMapFile, ca.path("softhsm2.conf")), 0);
  EXPECT_EQ(probed.attempt(kKeyholder, ProbeAct::kMakeCode), kernel_can_refuse_made_code() ? -EACCES : 0);
  EXPECT_EQ(probed.daemon().stop(), 0);
}

TEST(SandboxOfTheDaemon, TheIssuerMayMakeThreads) {
  const Installation ca;
  ProbedDaemon probed(ca);
  EXPECT_EQ(probed.attempt(kIssuer, ProbeAct::kThread), 0);
  EXPECT_EQ(probed.daemon().stop(), 0);
}
#endif

}  // namespace
}  // namespace signet::test
