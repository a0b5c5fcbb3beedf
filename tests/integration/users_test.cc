// Processes as users of their own: [run] of signet.toml.
#include <gtest/gtest.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include "base/sanitizers.h"
#include "integration/probed_daemon.h"

namespace signet::test {
namespace {

namespace fs = std::filesystem;

// Users that every Debian has, and nothing of this machine runs as.
constexpr const char* kFrontUser = "games";
constexpr const char* kIssuerUser = "daemon";
constexpr const char* kKeyholderUser = "nobody";

struct Ids {
  uid_t uid;
  gid_t gid;
};

Ids ids_of(const std::string& user) {
  const passwd* found = getpwnam(user.c_str());
  if (found == nullptr) throw std::runtime_error("this system has no user " + user);
  return {found->pw_uid, found->pw_gid};
}

void give(const std::string& path, const std::string& user) {
  const Ids ids = ids_of(user);
  if (lchown(path.c_str(), ids.uid, ids.gid) != 0) throw std::runtime_error("chown " + path);
}

void give_all(const std::string& folder, const std::string& user) {
  give(folder, user);
  for (const auto& entry : fs::recursive_directory_iterator(folder)) give(entry.path(), user);
}

void set_mode(const std::string& path, unsigned mode) { fs::permissions(path, static_cast<fs::perms>(mode)); }

/// An installation whose files belong to whom docs/sandbox.md says, and programs that everyone may run.
class SeparateUsers : public testing::Test {
 protected:
  SeparateUsers() {
    set_mode(ca_.folder().path(), 0711);
    for (const char* name :
         {"signetd", "signet-front", "signet-issuer", "signet-keyholder", "test_stand_in", "test_sandbox_probe.so"}) {
      fs::copy_file(program(name), programs_ / name);
      set_mode(programs_ / name, 0755);
    }
    set_mode(programs_.path(), 0755);
    fs::copy_file(SIGNET_SOURCE_DIR "/hsm-profiles/softhsm2.toml", ca_.path("softhsm2.toml"));
    ca_.edit("signet.toml", SIGNET_SOURCE_DIR "/hsm-profiles/softhsm2.toml", "softhsm2.toml");
    ca_.edit("signet.toml", "allow_root = true", kRun);
    for (const char* file : {"signet.toml", "policy.toml", "trust.pem", "softhsm2.toml", "softhsm2.conf"})
      set_mode(ca_.path(file), 0644);
    set_mode(ca_.path("ceremony"), 0755);
    for (const auto& entry : fs::directory_iterator(ca_.path("ceremony"))) set_mode(entry.path(), 0644);
  }

  void give_to_users() const {
    give(ca_.key("daemon"), kFrontUser);
    give_all(ca_.path("tokens"), kKeyholderUser);
  }
  [[nodiscard]] std::string signetd() const { return programs_ / "signetd"; }
  [[nodiscard]] CommandResult start() const {
    return run_command({signetd(), "--config", ca_.config()}, {}, {}, std::chrono::seconds(60));
  }

  static constexpr const char* kRun = "front = \"games\"\nissuer = \"daemon\"\nkeyholder = \"nobody\"";
  const Installation ca_;
  const TempDirectory programs_;
};

/// Words of a line of /proc/<pid>/status.
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

void expect_runs_as(pid_t pid, const std::string& user) {
  const Ids ids = ids_of(user);
  const auto four = [](unsigned id) {
    const std::string text = std::to_string(id);
    return text + " " + text + " " + text + " " + text;  // real, effective, saved, of the file system
  };
  EXPECT_EQ(status_of(pid, "Uid"), four(ids.uid)) << user;
  EXPECT_EQ(status_of(pid, "Gid"), four(ids.gid)) << user;
  EXPECT_EQ(status_of(pid, "Groups"), "") << user;
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
    EXPECT_EQ(status_of(pid, set), "0000000000000000") << user << " " << set;
}

void expect_owned(const std::string& path, const std::string& user, unsigned mode) {
  struct stat status{};
  ASSERT_EQ(stat(path.c_str(), &status), 0) << path;
  EXPECT_EQ(status.st_uid, ids_of(user).uid) << path;
  EXPECT_EQ(status.st_mode & 07777U, mode) << path;
}

bool issues(const Daemon& daemon, const Bytes& csr) {
  return eventually([&] {
    auto client = Client::create(daemon.options("plain"));
    return client.has_value() && client->issue({.profile = "tls-server", .csr = csr}).has_value();
  });
}

/// Nobody else can give anything away.
class SeparateUsersOfRoot : public SeparateUsers {
 protected:
  void SetUp() override { ASSERT_EQ(geteuid(), 0U) << "this test has to be run as root"; }
};

TEST_F(SeparateUsersOfRoot, EveryProcessIsItsUserAndTheStateIsDividedAmongThem) {
  give_to_users();
  const Bytes csr = ca_.make_csr("DNS:a.plain.example");
  {
    Daemon daemon(ca_, signetd());
    expect_runs_as(daemon.child("signet-front"), kFrontUser);
    expect_runs_as(daemon.child("signet-issuer"), kIssuerUser);
    expect_runs_as(daemon.child("signet-keyholder"), kKeyholderUser);
    EXPECT_EQ(status_of(daemon.pid(), "CapEff"), "00000000000000e0");  // CAP_SETGID, CAP_SETUID, CAP_KILL
    expect_owned(ca_.path("state"), "root", 0755);
    expect_owned(ca_.path("state/log"), kIssuerUser, 0700);
    expect_owned(ca_.path("state/store"), kIssuerUser, 0700);
    expect_owned(ca_.path("state/keyholder-soft"), kKeyholderUser, 0700);
    EXPECT_TRUE(issues(daemon, csr)) << daemon.stderr_text();
    for (const char* process : {"signet-front", "signet-issuer", "signet-keyholder"}) {
      kill(daemon.child(process), SIGKILL);
      EXPECT_TRUE(issues(daemon, csr)) << process << "\n" << daemon.stderr_text();
    }
    expect_runs_as(daemon.child("signet-keyholder"), kKeyholderUser);
    EXPECT_EQ(daemon.stop(), 0) << daemon.stderr_text();
  }
  Daemon again(ca_, signetd());
  EXPECT_TRUE(issues(again, csr)) << "what the first start made is what the second one wants";
  again.kill_supervisor();  // throws when a child outlives it: of another user, it is the kernel that ends it
}

#if !defined(SIGNET_ADDRESS_SANITIZER) && !defined(SIGNET_THREAD_SANITIZER)
// A sanitizer's library wants to be loaded before the one that probes.

/// Whether a process of this user can read the file, without any sandbox.
bool can_read(const std::string& user, const std::string& path) {
  const Ids ids = ids_of(user);
  return run_command({"setpriv", "--reuid", std::to_string(ids.uid), "--regid", std::to_string(ids.gid),
                      "--clear-groups", "cat", path})
             .status == 0;
}

TEST_F(SeparateUsersOfRoot, NeitherIssuerNorKeyholderReadsWhatIsTheOthers) {
  give_to_users();
  ProbedDaemon probed(ca_, programs_.path());
  const std::string journal = ca_.path("state/keyholder-soft/journal");
  ASSERT_TRUE(probed.issues()) << probed.daemon().stderr_text();
  const auto attempt = [&](const char* process, ProbeAct act, const std::string& path) {
    return probed.attempt(process, act, path).value();
  };
  EXPECT_GE(attempt("signet-issuer", ProbeAct::kOpenToRead, ca_.path("state/store/store.sqlite")), 0);
  for (const ProbeAct act : {ProbeAct::kOpenToRead, ProbeAct::kOpenToWrite}) {
    EXPECT_EQ(attempt("signet-issuer", act, journal), -EACCES);
    for (const char* file : {"state/store/store.sqlite", "state/log/entries", "daemon.key"})
      EXPECT_EQ(attempt("signet-keyholder", act, ca_.path(file)), -EACCES) << file;
  }
  EXPECT_TRUE(probed.issues());
  // What their users alone do, were there no sandbox.
  for (const char* file : {"state/store/store.sqlite", "state/log/entries"}) {
    EXPECT_TRUE(can_read(kIssuerUser, ca_.path(file))) << file;
    EXPECT_FALSE(can_read(kKeyholderUser, ca_.path(file))) << file;
  }
  EXPECT_TRUE(can_read(kKeyholderUser, journal));
  EXPECT_FALSE(can_read(kIssuerUser, journal));
  EXPECT_EQ(probed.daemon().stop(), 0) << probed.daemon().stderr_text();
}

#endif

TEST_F(SeparateUsersOfRoot, AStateThatIsASymbolicLinkIsRefused) {
  fs::create_directory(ca_.path("elsewhere"));
  fs::create_directory_symlink(ca_.path("elsewhere"), ca_.path("state"));
  const auto result = start();
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.err.find("state is a symbolic link"), std::string::npos) << result.err;
}

// signetd has given away root's right to open anything, and what it notes itself is in a folder of root's.
TEST_F(SeparateUsersOfRoot, AWrongPinIsNotedInTheStateFolder) {
  give_to_users();
  ca_.folder().write("pin", "wrong-pin-9876\n");
  const BackgroundProcess process({signetd(), "--config", ca_.config()}, ca_.path("signetd.log"));
  EXPECT_TRUE(eventually([&] { return fs::exists(ca_.path("state/token-soft.shut")); }))
      << slurp(ca_.path("signetd.log"));
}

TEST_F(SeparateUsersOfRoot, AStateOfSomebodyElseIsRefusedWithTheCommandThatMendsIt) {
  give_to_users();
  fs::create_directories(ca_.path("state/log"));
  set_mode(ca_.path("state"), 0755);
  const auto result = start();
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.err.find("chown -R daemon " + ca_.path("state/log")), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("log.directory"), std::string::npos) << result.err;
}

TEST_F(SeparateUsers, AUserThatIsNotThereIsNamedByCheck) {
  ca_.edit("signet.toml", "\"games\"", "\"signet-no-such-user\"");
  const auto result = run_command({signetd(), "--check", "--config", ca_.config()});
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.err.find("run.front is 'signet-no-such-user'"), std::string::npos) << result.err;
}

TEST_F(SeparateUsersOfRoot, AKeyThatTheFrontCannotReadKeepsTheDaemonFromStarting) {
  give_all(ca_.path("tokens"), kKeyholderUser);  // and the key stays root's
  const auto result = start();
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.err.find("daemon.key"), std::string::npos) << result.err;
}

TEST_F(SeparateUsers, RootIsNotRunWithoutUsersUnlessThatIsAllowed) {
  ca_.edit("signet.toml", std::string("[run]\n") + kRun, "");
  std::vector<std::string> command = {signetd(), "--config", ca_.config()};
  if (geteuid() != 0) command.insert(command.begin(), {"unshare", "--user", "--map-root-user"});
  const auto result = run_command(command, {}, {}, std::chrono::seconds(60));
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.err.find("run.allow_root"), std::string::npos) << result.err;
  EXPECT_FALSE(fs::exists(ca_.path("state")));
}

TEST_F(SeparateUsers, WhoIsNotRootCannotHaveUsers) {
  std::vector<std::string> command = {signetd(), "--config", ca_.config()};
  if (geteuid() == 0) command.insert(command.begin(), {"setpriv", "--reuid=games", "--regid=games", "--clear-groups"});
  const auto result = run_command(command);
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.err.find("cannot become another one"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace signet::test
