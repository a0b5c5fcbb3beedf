#include "base/sandbox.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/child.h"
#include "base/sanitizers.h"
#include "base/seccomp.h"
#include "base/seccomp_never.h"
#include "support/kernel.h"
#include "support/temp_directory.h"

namespace signet {
namespace {

using test::failed_with;
using test::in_child;

TEST(Hardening, TakesPrivilegesDumpsAndTracersAway) {
  EXPECT_EQ(
      in_child([] {
        if (!harden_process().has_value()) return 1;
        rlimit core{};
        getrlimit(RLIMIT_CORE, &core);
        return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && prctl(PR_GET_DUMPABLE) == 0 && core.rlim_max == 0 ? 0 : 2;
      }),
      0);
}

constexpr int kKilled = 128 + SIGSYS;
constexpr SandboxRole kRoles[] = {SandboxRole::kFront, SandboxRole::kIssuer, SandboxRole::kKeyholder};

/// Enters the sandbox of `plan` in a child and says how `act` ended there; 99 where there was no way in.
int in_sandbox(const SandboxPlan& plan, const std::function<int()>& act) {
  return in_child([&] { return harden_process().has_value() && enter_sandbox(plan).has_value() ? act() : 99; });
}

TEST(Sandbox, KeepsMemoryTimeAndOpenDescriptors) {
  for (const SandboxRole role : kRoles) {
    int pair[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    EXPECT_EQ(in_sandbox({.role = role},
                         [&] {
                           char byte = 0;
                           const std::vector<char> memory(1U << 22U, 'x');
                           return write(pair[1], memory.data(), 1) == 1 && recv(pair[0], &byte, 1, 0) == 1 &&
                                          send(pair[0], "y", 1, MSG_NOSIGNAL) == 1 && time(nullptr) > 0
                                      ? 0
                                      : 1;
                         }),
              0);
    close(pair[0]);
    close(pair[1]);
  }
}

TEST(Sandbox, IssuerAndKeyholderMayMakeThreads) {
  for (const SandboxRole role : {SandboxRole::kIssuer, SandboxRole::kKeyholder}) {
    EXPECT_EQ(in_sandbox({.role = role},
                         [] {
                           int answer = 1;
                           std::thread([&] { answer = 0; }).join();
                           return answer;
                         }),
              0);
  }
}

TEST(Sandbox, NobodyMakesAProcessOrAProgram) {
  for (const SandboxRole role : kRoles) {
    EXPECT_EQ(in_sandbox({.role = role}, [] { return fork() == 0 ? 2 : 3; }), kKilled);
    EXPECT_EQ(in_sandbox({.role = role}, [] { return vfork() == 0 ? 2 : 3; }), kKilled);
    EXPECT_EQ(in_sandbox({.role = role}, [] { return execl("/bin/true", "true", nullptr); }), kKilled);
  }
}

TEST(Sandbox, ASignalToAnotherProcessEndsTheProcessAndOneToItselfIsDelivered) {
  for (const SandboxRole role : kRoles) {
    const pid_t other = getpid();
    EXPECT_EQ(in_sandbox({.role = role}, [&] { return static_cast<int>(syscall(SYS_tgkill, other, other, 0)); }),
              kKilled);
    EXPECT_EQ(in_sandbox({.role = role}, [&] { return kill(other, 0); }), kKilled);
    EXPECT_EQ(in_sandbox({.role = role}, []() -> int { abort(); }), 128 + SIGABRT);
  }
}

TEST(Sandbox, FrontAndIssuerEndWhereTheyMakeASocketAndAKeyholderIsRefused) {
  const auto make = [] { return failed_with(EACCES, socket(AF_INET, SOCK_STREAM, 0)); };
  EXPECT_EQ(in_sandbox({.role = SandboxRole::kFront}, make), kKilled);
  EXPECT_EQ(in_sandbox({.role = SandboxRole::kIssuer}, make), kKilled);
  EXPECT_EQ(in_sandbox({.role = SandboxRole::kKeyholder}, make), 0) << "syslog(3) of a module must not end it";
}

TEST(Sandbox, WhatIsSentGoesToWhomTheSocketIsConnectedTo) {
  const int socket_before = socket(AF_INET, SOCK_DGRAM, 0);
  for (const SandboxRole role : kRoles) {
    EXPECT_EQ(in_sandbox({.role = role},
                         [&] {
                           sockaddr_in to{};
                           to.sin_family = AF_INET;
                           to.sin_port = htons(9);
                           to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
                           return sendto(socket_before, "x", 1, 0, reinterpret_cast<sockaddr*>(&to), sizeof to) == 1;
                         }),
              kKilled);
  }
  close(socket_before);
}

#if !defined(SIGNET_ADDRESS_SANITIZER) && !defined(SIGNET_THREAD_SANITIZER)
// A sanitizer's library needs what is refused here.

TEST(Sandbox, TheFrontMakesNoThread) {
  EXPECT_EQ(in_sandbox({.role = SandboxRole::kFront},
                       [] {
                         std::thread([] {}).join();
                         return 0;
                       }),
            kKilled);
}

TEST(Sandbox, TheFrontOpensNothing) {
  EXPECT_EQ(in_sandbox({.role = SandboxRole::kFront}, [] { return failed_with(EACCES, open("/dev/null", O_RDONLY)); }),
            0);
  EXPECT_EQ(in_sandbox({.role = SandboxRole::kFront}, [] { return failed_with(EACCES, access("/dev/null", R_OK)); }),
            0);
}

TEST(Sandbox, AKeyholderWithoutWritablePathsOpensForReadingOnly) {
  EXPECT_EQ(in_sandbox({.role = SandboxRole::kKeyholder, .paths = {.readable = {"/etc/passwd"}}},
                       [] {
                         for (const int flags : {O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC, O_RDONLY | O_CREAT}) {
                           if (failed_with(EACCES, open("/etc/passwd", flags, 0600)) != 0) return 1;
                         }
                         return open("/etc/passwd", O_RDONLY) >= 0 ? 0 : 2;
                       }),
            0);
}
#endif

TEST(Sandbox, AnOpenFileIsWrittenAtAPlaceAndSyncedByTheKeyholderAndNotCut) {
  const test::TempDirectory folder;
  const int file = open(folder.write("journal", "").c_str(), O_RDWR);
  const SandboxPlan plan{.role = SandboxRole::kKeyholder};
  EXPECT_EQ(in_sandbox(plan, [&] { return pwrite(file, "x", 1, 5) == 1 && fdatasync(file) == 0 ? 0 : 1; }), 0);
  EXPECT_EQ(in_sandbox(plan, [&] { return ftruncate(file, 0); }), kKilled);
  EXPECT_EQ(in_sandbox({.role = SandboxRole::kFront}, [&] { return pwrite(file, "x", 1, 5) == 1 ? 0 : 1; }), kKilled);
  close(file);
}

TEST(Sandbox, AKeyholderRemovesFilesOnlyWhereItsModuleMayWrite) {
  const test::TempDirectory folder;
  const std::string file = folder.write("object", "");
  EXPECT_EQ(in_sandbox({.role = SandboxRole::kKeyholder}, [&] { return unlink(file.c_str()); }), kKilled);
  EXPECT_EQ(in_sandbox({.role = SandboxRole::kKeyholder, .paths = {.writable = {folder.path()}}},
                       [&] { return unlink(file.c_str()); }),
            0);
}

TEST(Sandbox, FrontAndIssuerRunNoCodeThatTheyMade) {
  for (const SandboxRole role : {SandboxRole::kFront, SandboxRole::kIssuer}) {
    EXPECT_EQ(in_sandbox({.role = role},
                         [] {
                           constexpr int kCode = PROT_READ | PROT_EXEC;
                           return mmap(nullptr, 4096, kCode, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? 1 : 2;
                         }),
              kKilled);
  }
}

/// 0 when memory that was written became executable, 1 when that was refused.
int make_code() {
  void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  static_cast<char*>(page)[0] = 1;
  return mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0 ? 0 : 1;
}

TEST(Sandbox, AKeyholderRunsNoCodeThatItMadeUnlessItsModuleHasTo) {
  EXPECT_EQ(in_sandbox({.role = SandboxRole::kKeyholder}, make_code), 1);
  EXPECT_EQ(in_sandbox({.role = SandboxRole::kKeyholder, .late_code = LateCode::kLoaded}, make_code),
            test::kernel_can_refuse_made_code() ? 1 : 0);
  EXPECT_EQ(in_sandbox({.role = SandboxRole::kKeyholder, .late_code = LateCode::kMade}, make_code), 0);
}

/// For a child: as on a kernel that has no PR_SET_MDWE.
bool hide_refusal_of_made_code() {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  constexpr scmp_arg_cmp kIsMdwe{.arg = 0, .op = SCMP_CMP_EQ, .datum_a = 65, .datum_b = 0};
  return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1, &kIsMdwe) == 0 &&
         seccomp_load(filter) == 0;
}

/// What the operations log says when a keyholder enters such a sandbox there.
std::string warnings_without_the_kernels_refusal(LateCode late_code, int made_code) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  EXPECT_EQ(in_child([&] {
              dup2(ends[1], STDERR_FILENO);
              if (!hide_refusal_of_made_code() || !harden_process().has_value()) return 98;
              const auto entered = enter_sandbox({.role = SandboxRole::kKeyholder, .late_code = late_code});
              return entered.has_value() ? make_code() : 99;
            }),
            made_code);
  close(ends[1]);
  std::string said;
  for (char byte = 0; read(ends[0], &byte, 1) == 1;) said += byte;
  close(ends[0]);
  return said;
}

TEST(Sandbox, WithoutTheKernelsHelpAModuleThatLoadsCodeCanMakeSomeAndTheLogSaysSo) {
  const std::string warning = "warning";
  const std::string what = "this kernel has no PR_SET_MDWE";
  const std::string loads = warnings_without_the_kernels_refusal(LateCode::kLoaded, 0);
  EXPECT_NE(loads.find(warning), std::string::npos) << loads;
  EXPECT_NE(loads.find(what), std::string::npos) << loads;
  EXPECT_EQ(warnings_without_the_kernels_refusal(LateCode::kNone, 1).find(what), std::string::npos);
  EXPECT_EQ(warnings_without_the_kernels_refusal(LateCode::kMade, 0).find(what), std::string::npos);
}

// What it can write (its journal, a folder of its module's) is a file, too.
TEST(Sandbox, AKeyholderMapsNoCodeFromAFileUnlessItsModuleLoadsSome) {
  const test::TempDirectory folder;
  const int file = open(folder.write("journal", std::string(4096, 'x')).c_str(), O_RDWR);
  const auto map = [&] {
    const void* mapped = mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
    return mapped == MAP_FAILED ? failed_with(EACCES, -1) : 2;
  };
  EXPECT_EQ(in_sandbox({.role = SandboxRole::kKeyholder}, map), 0);
  EXPECT_EQ(in_sandbox({.role = SandboxRole::kKeyholder, .late_code = LateCode::kLoaded}, map), 2);
  EXPECT_EQ(in_sandbox({.role = SandboxRole::kIssuer}, map), kKilled);
  close(file);
}

/// What becomes of socket(): 0 = made, an errno, or the end.
int socket_in(const SandboxPlan& plan, int family, int type, int protocol) {
  return in_sandbox(plan, [&] { return socket(family, type, protocol) >= 0 ? 0 : errno; });
}

const SandboxPlan kUnixSockets{.role = SandboxRole::kKeyholder, .unix_sockets = true};
const SandboxPlan kTcp{.role = SandboxRole::kKeyholder, .paths = {.tcp_ports = {9}}};
const SandboxPlan kUnixSocketsAndTcp{
    .role = SandboxRole::kKeyholder, .paths = {.tcp_ports = {9}}, .unix_sockets = true};
constexpr int kMultipathTcp = 262;

TEST(Sandbox, AModuleWithPortsMakesSocketsOfPlainTcpAndNoOthers) {
  for (const SandboxPlan& plan : {kTcp, kUnixSocketsAndTcp}) {
    for (const int family : {AF_INET, AF_INET6}) {
      for (const int flags : {0, int{SOCK_CLOEXEC}, int{SOCK_NONBLOCK}, SOCK_CLOEXEC | SOCK_NONBLOCK}) {
        EXPECT_EQ(socket_in(plan, family, SOCK_STREAM | flags, 0), 0) << family;
        EXPECT_EQ(socket_in(plan, family, SOCK_STREAM | flags, IPPROTO_TCP), 0) << family;
        EXPECT_EQ(socket_in(plan, family, SOCK_STREAM | flags, kMultipathTcp), EPROTONOSUPPORT) << family;
        EXPECT_EQ(socket_in(plan, family, SOCK_DGRAM | flags, 0), EACCES) << "getaddrinfo(3) must not end it";
        EXPECT_EQ(socket_in(plan, family, SOCK_DGRAM | flags, IPPROTO_UDP), EACCES);
      }
      EXPECT_EQ(socket_in(plan, family, SOCK_STREAM, IPPROTO_SCTP), kKilled);
      EXPECT_EQ(socket_in(plan, family, SOCK_STREAM, 256), kKilled) << "IPPROTO_SMC";
      EXPECT_EQ(socket_in(plan, family, SOCK_SEQPACKET, 0), kKilled);
      EXPECT_EQ(socket_in(plan, family, SOCK_RAW, IPPROTO_TCP), kKilled);
      EXPECT_EQ(socket_in(plan, family, SOCK_STREAM | 16, 0), kKilled) << "no type that there is";
    }
    EXPECT_EQ(socket_in(plan, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0), EAFNOSUPPORT) << "getaddrinfo(3)";
    for (const int family : {AF_PACKET, AF_VSOCK, AF_ALG, AF_UNSPEC, AF_BLUETOOTH})
      EXPECT_EQ(socket_in(plan, family, SOCK_STREAM, 0), kKilled) << family;
  }
  EXPECT_EQ(socket_in(kTcp, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), EAFNOSUPPORT) << "syslog(3) must not end it";
  EXPECT_EQ(socket_in(kUnixSocketsAndTcp, AF_UNIX, SOCK_STREAM, 0), 0);
}

TEST(Sandbox, ATcpSocketTakesItsOptionsAndBecomesNoOtherProtocols) {
  const int tcp = socket(AF_INET, SOCK_STREAM, 0);
  const auto set = [&](int level, int option) {
    return in_sandbox(kTcp, [&] {
      const int value = 1;
      return setsockopt(tcp, level, option, &value, sizeof value) == 0 ? 0 : errno;
    });
  };
  EXPECT_EQ(set(SOL_SOCKET, SO_KEEPALIVE), 0);
  EXPECT_EQ(set(IPPROTO_IP, IP_TOS), 0);
  for (const int option :
       {TCP_NODELAY, TCP_KEEPIDLE, TCP_QUICKACK, TCP_USER_TIMEOUT, TCP_NOTSENT_LOWAT, TCP_FASTOPEN_CONNECT})
    EXPECT_EQ(set(IPPROTO_TCP, option), 0) << option;
  for (int option = 0; option < 64; ++option) EXPECT_NE(set(IPPROTO_TCP, option), kKilled) << option;
  EXPECT_EQ(set(IPPROTO_TCP, TCP_ULP), EACCES);
  EXPECT_EQ(set(IPPROTO_TCP, 64), kKilled);
  EXPECT_EQ(set(286, 1), kKilled) << "SOL_SMC";
  close(tcp);
}

TEST(Sandbox, AModuleWithUnixSocketsReachesNoNetwork) {
  EXPECT_EQ(socket_in(kUnixSockets, AF_UNIX, SOCK_STREAM, 0), 0);
  EXPECT_EQ(socket_in(kUnixSockets, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), 0);
  for (const int family : {AF_INET, AF_INET6}) {
    EXPECT_EQ(socket_in(kUnixSockets, family, SOCK_STREAM, 0), EAFNOSUPPORT);
    EXPECT_EQ(socket_in(kUnixSockets, family, SOCK_DGRAM, 0), EAFNOSUPPORT);
    EXPECT_EQ(socket_in(kUnixSockets, family, SOCK_STREAM, kMultipathTcp), EAFNOSUPPORT);
  }
  EXPECT_EQ(socket_in(kUnixSockets, AF_NETLINK, SOCK_RAW, 0), EAFNOSUPPORT);
  EXPECT_EQ(socket_in(kUnixSockets, AF_PACKET, SOCK_RAW, 0), kKilled);
}

TEST(Sandbox, AModuleWithoutSocketsIsRefusedEverySortOfThem) {
  for (const int family : {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_VSOCK})
    EXPECT_EQ(socket_in({.role = SandboxRole::kKeyholder}, family, SOCK_STREAM, 0), EACCES) << family;
}

/// A listener on a free port of this machine.
std::pair<int, std::uint16_t> listener() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(fd, 4) != 0) return {-1, 0};
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return {fd, ntohs(address.sin_port)};
}

int connect_to(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return connect(socket(AF_INET, SOCK_STREAM, 0), reinterpret_cast<sockaddr*>(&address), sizeof address);
}

TEST(Sandbox, AModuleConnectsToThePortsOfItsProfileOnly) {
  const auto [one, its_port] = listener();
  const auto [other, other_port] = listener();
  const SandboxPlan plan{.role = SandboxRole::kKeyholder, .paths = {.tcp_ports = {its_port}}};
  EXPECT_EQ(in_sandbox(plan, [port = its_port] { return connect_to(port); }), 0);
  const bool kernel_knows_ports = landlock_abi() >= 4;
  EXPECT_EQ(in_sandbox(plan, [port = other_port] { return connect_to(port) == 0 ? 0 : errno; }),
            kernel_knows_ports ? EACCES : 0);
  close(one);
  close(other);
}

TEST(Sandbox, ACallOfTheProfileIsAllowedAndAnUnknownOneIsNamed) {
  const SandboxPlan plan{.role = SandboxRole::kKeyholder, .system_calls = {"getpgid"}};
  EXPECT_EQ(in_sandbox(plan, [] { return getpgid(0) > 0 ? 0 : 1; }), 0);
  EXPECT_EQ(in_sandbox({.role = SandboxRole::kKeyholder}, [] { return getpgid(0) > 0 ? 0 : 1; }), kKilled);
  const auto unknown = install_filter({.role = SandboxRole::kKeyholder, .system_calls = {"no_such_call"}});
  ASSERT_FALSE(unknown.has_value());
  EXPECT_NE(unknown.error().message.find("no_such_call"), std::string::npos);
}

TEST(Sandbox, ACallThatUndoesTheSandboxIsNotAdded) {
  for (const NeverCalls& group : never_calls()) {
    for (const std::string& call : group.calls) {
      const auto refused = install_filter({.role = SandboxRole::kKeyholder, .system_calls = {call}});
      ASSERT_FALSE(refused.has_value()) << call;
      EXPECT_NE(
          refused.error().message.find("'" + call + "' " + std::string(group.why) + ", and no profile may have it"),
          std::string::npos)
          << call;
    }
  }
}

/// For a child: as on a kernel that has no Landlock.
bool hide_landlock() {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EOPNOTSUPP), SCMP_SYS(landlock_create_ruleset), 0) == 0 &&
         seccomp_load(filter) == 0;
}

TEST(Sandbox, WithoutLandlockOnlyThoseGoOnThatDoNotRequireIt) {
  EXPECT_EQ(in_child([] {
              if (!hide_landlock() || landlock_abi() != 0) return 1;
              const auto entered = enter_sandbox({.role = SandboxRole::kIssuer, .landlock = LandlockUse::kRequired});
              return !entered.has_value() && entered.error().field == "run.landlock" ? 0 : 2;
            }),
            0);
  EXPECT_EQ(in_child([] {
              if (!hide_landlock()) return 1;
              if (!enter_sandbox({.role = SandboxRole::kIssuer}).has_value()) return 2;
              return open("/etc/passwd", O_RDONLY) >= 0 ? 0 : 3;
            }),
            0);
}

TEST(Sandbox, LimitsDescriptors) {
  EXPECT_EQ(in_sandbox({.role = SandboxRole::kIssuer, .max_descriptors = 16},
                       [] {
                         for (int i = 0; i < 20; ++i) {
                           if (dup(0) < 0) return 2;
                         }
                         return 1;
                       }),
            kKilled)
      << "dup is not on the list";
  EXPECT_EQ(in_sandbox({.role = SandboxRole::kIssuer, .max_descriptors = 16},
                       [] {
                         int last = 0;
                         for (int i = 0; i < 20 && last >= 0; ++i) last = fcntl(0, F_DUPFD_CLOEXEC, 0);
                         return failed_with(EMFILE, last);
                       }),
            0);
}

TEST(SupervisorSandbox, NobodyMakesANamespaceAndProcessesAreStillMade) {
  EXPECT_EQ(in_child([] {
              if (!enter_supervisor_sandbox().has_value()) return 1;
              for (const auto flag :
                   std::initializer_list<unsigned long>{CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWPID}) {
                const long pid = syscall(SYS_clone, flag | CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
                if (pid == 0) _exit(0);
                if (failed_with(EPERM, pid) != 0) return 2;
              }
              if (failed_with(EPERM, unshare(CLONE_NEWUSER)) != 0) return 3;
              return in_child([] { return 0; });
            }),
            0);
}

TEST(SupervisorSandbox, ItsChildrenCannotTraceAndCanStillBeConfined) {
  EXPECT_EQ(in_child([] {
              if (!enter_supervisor_sandbox().has_value()) return 1;
              return in_child([] {
                if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 || errno != EPERM) return 3;
                return enter_sandbox({.role = SandboxRole::kIssuer}).has_value() ? 0 : 4;
              });
            }),
            0);
}

}  // namespace
}  // namespace signet
