#include "base/landlock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <thread>
#include <vector>

#include "base/child.h"
#include "base/sandbox.h"
#include "base/sanitizers.h"
#include "support/temp_directory.h"

namespace signet {
namespace {

using test::failed_with;
using test::in_child;

class LandlockTest : public testing::Test {
 protected:
  LandlockTest() {
    std::filesystem::create_directory(folder_ / "kept");
    std::filesystem::create_directory(folder_ / "other");
    folder_.write("kept/file", "x");
    folder_.write("other/file", "x");
  }
  void SetUp() override {
    ASSERT_GE(landlock_abi(), 2) << "this kernel has no Landlock that knows renames between folders";
  }
  /// In a child with `rights`.
  static int confined(const PathRights& rights, const std::function<int()>& act) {
    return in_child([&] { return harden_process().has_value() && keep_only(rights).has_value() ? act() : 99; });
  }
  [[nodiscard]] std::string kept() const { return folder_ / "kept"; }
  [[nodiscard]] std::string other() const { return folder_ / "other"; }
  test::TempDirectory folder_;
};

int read_one(const std::string& path) { return open(path.c_str(), O_RDONLY); }

TEST_F(LandlockTest, WhatIsReadableIsReadAndNotChanged) {
  EXPECT_EQ(confined({.readable = {kept()}},
                     [&] {
                       const std::string file = kept() + "/file";
                       if (read_one(file) < 0 || open(kept().c_str(), O_RDONLY | O_DIRECTORY) < 0) return 1;
                       if (failed_with(EACCES, open(file.c_str(), O_WRONLY)) != 0) return 2;
                       if (failed_with(EACCES, unlink(file.c_str())) != 0) return 3;
                       const bool kernel_knows_truncation = landlock_abi() >= 3;
                       const int cut = truncate(file.c_str(), 0);
                       if (kernel_knows_truncation ? failed_with(EACCES, cut) != 0 : cut != 0) return 4;
                       return failed_with(EACCES, open((kept() + "/new").c_str(), O_WRONLY | O_CREAT, 0600));
                     }),
            0);
}

TEST_F(LandlockTest, WhatIsWritableIsMadeRenamedAndRemoved) {
  EXPECT_EQ(confined({.writable = {kept()}},
                     [&] {
                       const std::string file = kept() + "/new";
                       if (open(file.c_str(), O_RDWR | O_CREAT, 0600) < 0 || truncate(file.c_str(), 3) != 0) return 1;
                       if (mkdir((kept() + "/below").c_str(), 0700) != 0) return 2;
                       if (rename(file.c_str(), (kept() + "/below/new").c_str()) != 0) return 3;
                       return unlink((kept() + "/below/new").c_str());
                     }),
            0);
}

TEST_F(LandlockTest, TheRestIsOutOfReach) {
  EXPECT_EQ(confined({.writable = {kept()}},
                     [&] {
                       const std::string file = other() + "/file";
                       if (failed_with(EACCES, read_one(file)) != 0) return 1;
                       if (failed_with(EACCES, unlink(file.c_str())) != 0) return 2;
                       if (rename(file.c_str(), (kept() + "/taken").c_str()) == 0) return 3;
                       return failed_with(EACCES, open(other().c_str(), O_RDONLY | O_DIRECTORY));
                     }),
            0);
}

TEST_F(LandlockTest, OneFileIsOneFile) {
  EXPECT_EQ(confined({.readable = {kept() + "/file"}},
                     [&] {
                       if (read_one(kept() + "/file") < 0) return 1;
                       return failed_with(EACCES, read_one(other() + "/file"));
                     }),
            0);
}

TEST_F(LandlockTest, WhatDoesNotExistIsPassedOver) {
  EXPECT_EQ(confined({.readable = {folder_ / "absent", kept()}}, [&] { return read_one(kept() + "/file") < 0; }), 0);
}

#if !defined(SIGNET_THREAD_SANITIZER)
TEST_F(LandlockTest, ThreadsThatWereThereBeforeAreConfinedToo) {
  EXPECT_EQ(in_child([&] {
              std::atomic<bool> go{false};
              std::atomic<int> answers{0};
              std::vector<std::thread> threads;
              for (int i = 0; i < 8; ++i) {
                threads.emplace_back([&] {
                  while (!go) std::this_thread::sleep_for(std::chrono::milliseconds(1));
                  answers += failed_with(EACCES, read_one(other() + "/file"));
                });
              }
              if (!harden_process().has_value() || !keep_only({.readable = {kept()}}).has_value()) return 99;
              go = true;
              for (std::thread& thread : threads) thread.join();
              return answers.load();
            }),
            0);
}

/// In a child that has such a thread, too.
int beside_a_thread_without_signals(const std::function<int()>& act) {
  return in_child([&] {
    std::atomic<bool> blocked{false};
    std::thread([&] {
      sigset_t all;
      sigfillset(&all);
      pthread_sigmask(SIG_BLOCK, &all, nullptr);
      blocked = true;
      while (true) std::this_thread::sleep_for(std::chrono::seconds(1));
    }).detach();
    while (!blocked) std::this_thread::yield();
    return harden_process().has_value() ? act() : 99;
  });
}

TEST_F(LandlockTest, AThreadThatTakesNoSignalsIsAnErrorAndTheOthersAreConfined) {
  EXPECT_EQ(beside_a_thread_without_signals([&] {
              const auto kept_only = keep_only({.readable = {kept()}});
              if (kept_only.has_value() || kept_only.error().code != ErrorCode::kFailedPrecondition) return 1;
              return failed_with(EACCES, read_one(other() + "/file"));
            }),
            0);
}

TEST_F(LandlockTest, SuchAThreadKeepsAProcessFromStartingWhereLandlockIsRequired) {
  const auto enter = [](LandlockUse use) {
    return beside_a_thread_without_signals(
        [use] { return enter_sandbox({.role = SandboxRole::kKeyholder, .landlock = use}).has_value() ? 0 : 1; });
  };
  EXPECT_EQ(enter(LandlockUse::kRequired), 1);
  EXPECT_EQ(enter(LandlockUse::kIfAvailable), 0);
}
#endif

}  // namespace
}  // namespace signet
