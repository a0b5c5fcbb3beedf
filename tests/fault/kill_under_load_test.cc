// kill -9 of a process chosen by chance, at a moment chosen by chance, while clients issue without pause: 100 times in
// every run, SIGNET_FAULT_KILLS times where that is set (ci/full: 10,000).
#include <signal.h>

#include <atomic>
#include <random>
#include <thread>

#include "fault/daemon_fixture.h"
#include "fault/effort.h"
#include "support/command.h"

namespace signet::test {
namespace {

constexpr std::uint64_t kParts = 4;
constexpr std::size_t kClients = 3;

/// Clients that issue until told to stop, each against the daemon that is there. What they were given is kept.
class Load {
 public:
  Load(const Daemon& daemon, const IssueOptions& order, Given& given, const std::string& prefix) {
    for (std::size_t i = 0; i < kClients; ++i) {
      threads_.emplace_back([this, options = options_for(daemon), order, &given,
                             name = prefix + "-" + std::to_string(i) + "-"] { run(options, order, given, name); });
    }
  }
  ~Load() {
    stopping_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

 private:
  static ClientOptions options_for(const Daemon& daemon) {
    ClientOptions options = daemon.options("plain");
    options.deadline = std::chrono::milliseconds(700);
    return options;
  }

  void run(const ClientOptions& options, IssueOptions order, Given& given, const std::string& name) const {
    Client client = Client::create(options).value();
    for (int i = 0; !stopping_; ++i) {
      order.idempotency_key = name + std::to_string(i);
      const auto answer = client.issue(order);
      answer.has_value() ? given.add(*answer) : given.add_error(answer.error());
    }
  }

  std::atomic<bool> stopping_{false};
  std::vector<std::thread> threads_;
};

/// Not retryable are also: no answer within the client's own deadline.
bool may_happen(const Error& error) { return error.retryable || error.code == ErrorCode::kDeadlineExceeded; }

class KillUnderLoad : public DaemonUnderFaults, public testing::WithParamInterface<std::uint64_t> {
 protected:
  [[nodiscard]] std::chrono::milliseconds some_time(int most) {
    return std::chrono::milliseconds(std::uniform_int_distribution<int>(0, most)(random_));
  }

  /// Kills one process, and most times the supervisor soon after: a supervisor that goes on restarts what died, each
  /// time after a longer pause. True when it goes on.
  bool kill_something(Daemon& daemon) {
    constexpr const char* kVictims[] = {"signet-issuer", "signet-issuer", "signet-keyholder", "signet-front"};
    std::this_thread::sleep_for(some_time(300));
    const std::size_t victim = random_() % (std::size(kVictims) + 1);
    if (victim < std::size(kVictims)) kill(daemon.child(kVictims[victim]), SIGKILL);
    if (random_() % 8 == 0) return true;
    std::this_thread::sleep_for(some_time(5));
    daemon.kill_supervisor();
    return false;
  }

  std::mt19937 random_;
};

TEST_P(KillUnderLoad, LosesNothingThatWasAnswered) {
  random_.seed(static_cast<std::mt19937::result_type>(number_from("SIGNET_FAULT_SEED", 1) * kParts + GetParam()));
  const std::uint64_t kills = number_from("SIGNET_FAULT_KILLS", 100) / kParts;
  std::unique_ptr<Daemon> daemon;
  for (std::uint64_t round = 0; round < kills; ++round) {
    if (daemon == nullptr) daemon = start_well();
    bool lives = false;
    {
      const Load load(*daemon, order(""), *given_, std::to_string(round));
      lives = kill_something(*daemon);
      if (lives) std::this_thread::sleep_for(some_time(600));
    }
    ASSERT_TRUE(!lives || daemon->process().running()) << daemon->stderr_text();
    if (!lives) daemon.reset();
    if (round % 10 == 9 && !lives) expect_recovers("after kill " + std::to_string(round + 1));
    if (HasFailure()) return;
  }
  EXPECT_TRUE(daemon == nullptr || daemon->stop() == 0);
  daemon.reset();
  expect_recovers("after the last kill");
  for (const Error& error : given_->errors()) EXPECT_TRUE(may_happen(error)) << error.message;
  EXPECT_GT(given_->size(), kills) << "there was no load";
  RecordProperty("answered", static_cast<int>(given_->size()));
  printf("%llu kills, %zu certificates answered\n", static_cast<unsigned long long>(kills), given_->size());
}

INSTANTIATE_TEST_SUITE_P(Part, KillUnderLoad, testing::Range<std::uint64_t>(0, kParts));

}  // namespace
}  // namespace signet::test
