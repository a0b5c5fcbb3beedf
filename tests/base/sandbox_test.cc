#include "base/sandbox.h"
#include "base/sanitizers.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace signet {
namespace {

/// Runs `act` in a child of its own, which a filter cannot be taken off again, and says how that ended: its status, or
/// 128 + signal.
int in_child(const std::function<int()>& act) {
  const pid_t pid = fork();
  if (pid == 0) _exit(act());
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

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

TEST(Sandbox, KeepsMemoryThreadsTimeAndOpenDescriptors) {
  EXPECT_EQ(in_child([] {
              int pair[2];
              if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return 1;
              if (!enter_sandbox({}).has_value()) return 2;
              ssize_t written = 0;
              std::thread writer([&] { written = write(pair[1], "x", 1); });
              writer.join();
              char byte = 0;
              return written == 1 && read(pair[0], &byte, 1) == 1 && time(nullptr) > 0 ? 0 : 3;
            }),
            0);
}

TEST(Sandbox, NewSocketsAreRefusedToEveryone) {
  EXPECT_EQ(in_child([] {
              const std::vector<SandboxNeed> all{SandboxNeed::kReadFiles, SandboxNeed::kWriteFiles,
                                                 SandboxNeed::kAcceptSockets};
              if (!enter_sandbox(all).has_value()) return 1;
              return socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EACCES ? 0 : 2;
            }),
            0);
}

TEST(Sandbox, StartingAProgramEndsTheProcess) {
  EXPECT_EQ(in_child([] {
              if (!enter_sandbox({SandboxNeed::kReadFiles, SandboxNeed::kWriteFiles}).has_value()) return 1;
              execl("/bin/true", "true", nullptr);
              return 2;
            }),
            128 + SIGSYS);
}

TEST(Sandbox, ANewProcessEndsTheProcess) {
  EXPECT_EQ(in_child([] {
              if (!enter_sandbox({SandboxNeed::kReadFiles, SandboxNeed::kWriteFiles}).has_value()) return 1;
              return fork() == 0 ? 2 : 3;
            }),
            128 + SIGSYS);
}

TEST(Sandbox, ASignalToAnotherProcessEndsTheProcessAndOneToItselfIsDelivered) {
  EXPECT_EQ(in_child([] {
              const pid_t parent = getppid();
              if (!enter_sandbox({SandboxNeed::kReadFiles}).has_value()) return 1;
              syscall(SYS_tgkill, parent, parent, 0);
              return 2;
            }),
            128 + SIGSYS);
  EXPECT_EQ(in_child([] {
              if (!enter_sandbox({SandboxNeed::kReadFiles}).has_value()) return 1;
              abort();
            }),
            128 + SIGABRT);
}

TEST(Sandbox, FilesOpenOnlyForThoseThatNeedThem) {
  EXPECT_EQ(in_child([] {
              return enter_sandbox({SandboxNeed::kReadFiles}).has_value() && open("/dev/null", O_RDONLY) >= 0 ? 0 : 1;
            }),
            0);
#if !defined(SIGNET_ADDRESS_SANITIZER) && !defined(SIGNET_THREAD_SANITIZER)
  EXPECT_EQ(in_child([] {
              return enter_sandbox({}).has_value() && open("/dev/null", O_RDONLY) < 0 && errno == EACCES ? 0 : 1;
            }),
            0);
#endif
}

TEST(Sandbox, AnOpenFileIsWrittenAtAPlaceAndSyncedByThoseThatAppend) {
  for (const auto& [needs, expected] : {std::pair(std::vector{SandboxNeed::kAppendToFiles}, 0),
                                        std::pair(std::vector{SandboxNeed::kReadFiles}, 128 + SIGSYS)}) {
    EXPECT_EQ(in_child([&] {
                char name[] = "/tmp/signet-sandbox-XXXXXX";
                const int file = mkstemp(name);
                unlink(name);
                if (file < 0 || !enter_sandbox(needs).has_value()) return 1;
                return pwrite(file, "x", 1, 5) == 1 && fdatasync(file) == 0 ? 0 : 2;
              }),
              expected);
  }
}

TEST(Sandbox, AppendingDoesNotCutAFile) {
  EXPECT_EQ(in_child([] {
              if (!enter_sandbox({SandboxNeed::kAppendToFiles}).has_value()) return 1;
              std::ignore = ftruncate(1, 0);
              return 2;
            }),
            128 + SIGSYS);
}

TEST(Sandbox, CreatingAndRemovingFilesNeedsKWriteFiles) {
  EXPECT_EQ(in_child([] {
              if (!enter_sandbox({SandboxNeed::kReadFiles}).has_value()) return 1;
              unlink("/nonexistent");
              return 2;
            }),
            128 + SIGSYS);
}

TEST(SupervisorSandbox, ItsChildrenCannotTraceAndCanStillBeConfined) {
  EXPECT_EQ(in_child([] {
              if (!enter_supervisor_sandbox().has_value()) return 1;
              return in_child([] {
                if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 || errno != EPERM) return 3;
                return enter_sandbox({}).has_value() ? 0 : 4;
              });
            }),
            0);
}

}  // namespace
}  // namespace signet
