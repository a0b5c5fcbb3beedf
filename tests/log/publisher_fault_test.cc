// Ends the process, or lets a call fail, at every call that changes a file while checkpoints are made; each time the
// next start must go on, and the whole folder is checked.
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/sanitizers.h"
#include "file_faults.h"
#include "publisher_fixture.h"
#include "support/command.h"

namespace signet::log {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::FileFault;

/// What survives a process that ends at once.
struct Shared {
  KeeperMemory memory;
  std::size_t calls;  // that were counted
};

/// The calls are shared out to so many tests.
constexpr std::size_t kShares = 4;
/// Under sanitizers a life takes so long that only some calls are struck; tests/fault strikes each.
#if defined(SIGNET_ADDRESS_SANITIZER) || defined(SIGNET_THREAD_SANITIZER)
constexpr std::size_t kStep = 8 * kShares;
#else
constexpr std::size_t kStep = kShares;
#endif

class PublisherFault : public PublisherTest {
 protected:
  void SetUp() override {
    PublisherTest::SetUp();
    publish(250);
    directory_.write("keep", "");
    std::filesystem::copy(log_directory(), directory_ / "before", std::filesystem::copy_options::recursive);
    memory_before_ = memory_;
  }
  /// 250 entries, published.
  void restore() {
    std::filesystem::remove_all(log_directory());
    std::filesystem::copy(directory_ / "before", log_directory(), std::filesystem::copy_options::recursive);
    memory_ = memory_before_;
  }
  /// The log and its folder are right, and go on.
  void expect_goes_on() {
    start();
    append(1);
    const std::uint64_t size = log_->size();
    ASSERT_TRUE(publisher_->wait_for(size - 1, seconds(20)));
    publisher_->stop();
    expect_whole_folder(size);
    stop();
  }

  KeeperMemory memory_before_;
};

class PublisherCrash : public PublisherFault {
 protected:
  void SetUp() override {
    PublisherFault::SetUp();
    void* const memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    shared_ = new (memory) Shared{};
  }
  void TearDown() override { munmap(shared_, sizeof(Shared)); }

  /// What the process does that ends somewhere in it: past the end of a bundle and of a tile, and once more.
  [[noreturn]] void work(FileFault fault, std::size_t at) {
    KeeperKey keeper(key_, origin_, shared_->memory);
    open_log();
    for (int i = 0; i < 10; ++i) {
      if (!log_->append(note("entry " + std::to_string(i)))) _exit(1);
    }
    test::arm_file_fault(fault, at);
    if (!try_open_publisher() || !publisher_->check_memory(keeper) || !publisher_->start(keeper)) _exit(2);
    if (!publisher_->wait_for(259, seconds(20))) _exit(3);
    if (!log_->append(note("the last"))) _exit(4);
    publisher_->stop();
    shared_->calls = test::disarm_file_fault();
    _exit(0);
  }

  /// The exit status of work() in a process of its own.
  int run(FileFault fault, std::size_t at) {
    const pid_t child = fork();
    if (child == 0) work(fault, at);
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  Shared* shared_ = nullptr;
};

class PublisherCrashAtCalls : public PublisherCrash, public testing::WithParamInterface<std::size_t> {
 protected:
  void crash_everywhere(FileFault fault) {
    std::size_t at = GetParam();
    for (;; at += kStep) {
      SCOPED_TRACE("call " + std::to_string(at));
      restore();
      shared_->memory = memory_before_;
      const int status = run(fault, at);
      memory_ = shared_->memory;
      expect_goes_on();
      if (HasFatalFailure() || status == 0) break;
      ASSERT_EQ(status, test::kFaultExit);
    }
    EXPECT_GT(at, 40U) << "two checkpoints take more calls than that";
    EXPECT_LE(shared_->calls, at);
  }
};

TEST_P(PublisherCrashAtCalls, BeforeAny_TheNextStartGoesOn) { crash_everywhere(FileFault::kExitBefore); }
TEST_P(PublisherCrashAtCalls, HalfWayInAnyWrite_TheNextStartGoesOn) { crash_everywhere(FileFault::kExitHalfWay); }

INSTANTIATE_TEST_SUITE_P(Shares, PublisherCrashAtCalls, testing::Range(std::size_t{1}, kShares + 1));

/// A process that ends after the key has signed: its keeper remembers what the folder never had.
TEST_F(PublisherCrash, AfterSigning_TheNextStartGoesOnFromWhatTheKeeperRemembers) {
  memory_before_ = memory_;
  shared_->memory = memory_;
  const pid_t child = fork();
  if (child == 0) {
    class Ends : public KeeperKey {
     public:
      using KeeperKey::KeeperKey;
      Result<Bytes> sign(std::string_view text, std::uint64_t old_size, const Proof& proof) override {
        static_cast<void>(KeeperKey::sign(text, old_size, proof));
        _exit(test::kFaultExit);
      }
    };
    Ends keeper(key_, origin_, shared_->memory);
    open_log();
    append(300);
    if (try_open_publisher() && publisher_->start(keeper)) static_cast<void>(publisher_->wait_for(549, seconds(20)));
    _exit(1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), test::kFaultExit);
  memory_ = shared_->memory;
  ASSERT_EQ(memory_.last()->size, 550U);
  EXPECT_EQ(parse_checkpoint(read_checkpoint(log_directory()).value()->text)->size, 250U);
  expect_goes_on();
}

class PublisherErrorAtCalls : public PublisherFault, public testing::WithParamInterface<std::size_t> {
 protected:
  /// One call fails while a checkpoint is made; the thread tries again by itself, and a restart finds all in order.
  void fail_everywhere(FileFault fault) {
    std::size_t at = GetParam();
    for (bool reached = true; reached; at += kStep) {
      SCOPED_TRACE("call " + std::to_string(at));
      restore();
      open_log();
      append(10);
      ASSERT_TRUE(try_open_publisher().has_value());
      test::arm_file_fault(fault, at);
      ASSERT_TRUE(publisher_->start(keeper_).has_value());
      ASSERT_TRUE(publisher_->wait_for(259, seconds(20)));
      publisher_->stop();
      reached = test::disarm_file_fault() >= at;
      stop();
      expect_whole_folder(260);
      log_.reset();
      expect_goes_on();
      if (HasFatalFailure()) return;
    }
    EXPECT_GT(at, 25U) << "a checkpoint takes more calls than that";
  }
};

TEST_P(PublisherErrorAtCalls, NothingDone_IsTriedAgain) { fail_everywhere(FileFault::kFailNotDone); }
TEST_P(PublisherErrorAtCalls, DoneButReportedFailed_IsTriedAgain) { fail_everywhere(FileFault::kFailAfterDone); }
INSTANTIATE_TEST_SUITE_P(Shares, PublisherErrorAtCalls, testing::Range(std::size_t{1}, kShares + 1));

}  // namespace
}  // namespace signet::log
