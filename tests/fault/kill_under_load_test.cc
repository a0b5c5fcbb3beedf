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
constexpr int kClients = 3;
/// What a round adds to the log is bounded; the rounds are what there are many of.
constexpr int kMostOfAClient = 15;
constexpr int kWithProof = 4;  ///< every so many-th request
constexpr std::chrono::milliseconds kClientPause{5};
constexpr std::chrono::milliseconds kWatcherPause{25};
/// Deaths of signetd between two times that all keys are asked for again, and that the daemon begins anew.
constexpr std::uint64_t kAskForAll = 10;
constexpr std::uint64_t kBeginAnew = 30;

/// Clients that issue until told to stop, each against the daemon that is there, and one that fetches checkpoints. What
/// they were given is kept. Keys are "<round>-<client>-<number>".
class Load {
 public:
  Load(const Daemon& daemon, const IssueOptions& order, Given& given, std::uint64_t round) : given_(given) {
    for (int i = 0; i < kClients; ++i) {
      const std::string name = std::to_string(round) + "-" + std::to_string(i) + "-";
      threads_.emplace_back([this, options = options_for(daemon, "plain"), order, name] { run(options, order, name); });
    }
    threads_.emplace_back([this, options = options_for(daemon, "payments")] { watch(options); });
  }
  ~Load() { stop(); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void stop() {
    stopping_ = true;
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  [[nodiscard]] std::size_t answers() const { return answers_; }
  [[nodiscard]] std::size_t retries() const { return retries_; }
  [[nodiscard]] bool more_answers(std::size_t than) const {
    return eventually([&] { return answers_ > than; }, std::chrono::seconds(60));
  }

 private:
  ClientOptions options_for(const Daemon& daemon, const std::string& who) {
    ClientOptions options = daemon.options(who);
    options.deadline = std::chrono::milliseconds(500);
    options.on_retry = [this](const Error&, std::chrono::milliseconds) { ++retries_; };
    return options;
  }

  void run(const ClientOptions& options, IssueOptions order, const std::string& name) {
    Client client = Client::create(options).value();
    int given = 0;
    for (int i = 0; !stopping_ && given < kMostOfAClient; ++i) {
      order.idempotency_key = name + std::to_string(i);
      order.wait_for_proof = i % kWithProof == kWithProof - 1;
      const auto answer = client.issue(order);
      if (answer.has_value()) {
        given_.add_with_proof(*answer);
        ++answers_;
        ++given;
      } else {
        given_.add_error(answer.error());
      }
      std::this_thread::sleep_for(kClientPause);
    }
  }

  void watch(const ClientOptions& options) const {
    Client client = Client::create(options).value();
    while (!stopping_) {
      const auto answer = client.log_checkpoint(0);
      answer.has_value() ? given_.add_checkpoint(answer->note) : given_.add_error(answer.error());
      std::this_thread::sleep_for(kWatcherPause);
    }
  }

  Given& given_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> answers_{0};
  std::atomic<std::size_t> retries_{0};
  std::vector<std::thread> threads_;
};

/// Not retryable are also: no answer within the client's own deadline, and a port that the kernel gave to the daemon of
/// another test when its own was dead.
bool may_happen(const Error& error) {
  return error.retryable || error.code == ErrorCode::kDeadlineExceeded ||
         (error.code == ErrorCode::kUnauthenticated && error.message.find("is not trusted") != std::string::npos);
}

class KillUnderLoad : public DaemonUnderFaults, public testing::WithParamInterface<std::uint64_t> {
 protected:
  [[nodiscard]] std::chrono::milliseconds some_time(int most) {
    return std::chrono::milliseconds(std::uniform_int_distribution<int>(0, most)(random_));
  }

  /// Kills the process of that name, which may be about to be restarted, for sure.
  static void kill_child(const Daemon& daemon, const std::string& name) {
    const bool killed = eventually([&] {
      const std::vector<pid_t> found = children_of(daemon.pid(), name.substr(0, 15));  // as the kernel cuts it
      return found.size() == 1 && kill(found.front(), SIGKILL) == 0;
    });
    if (!killed) throw std::runtime_error("there is no " + name + " to kill:\n" + daemon.stderr_text());
  }

  /// Kills one process while clients are answered, and most times signetd soon after, since a signetd that goes on
  /// restarts what died after longer and longer pauses. False when it goes on.
  bool kill_something(Daemon& daemon, const Load& load) {
    constexpr const char* kVictims[] = {"signet-issuer", "signet-issuer", "signet-keyholder", "signet-front",
                                        "signetd"};
    EXPECT_TRUE(load.more_answers(0)) << "no load\n" << daemon.stderr_text();
    std::this_thread::sleep_for(some_time(120));
    const std::string victim = kVictims[random_() % std::size(kVictims)];
    ++victims_[victim];
    if (victim != "signetd") {
      kill_child(daemon, victim);
      if (random_() % 8 == 0) {
        EXPECT_TRUE(load.more_answers(load.answers())) << "no answers after the kill\n" << daemon.stderr_text();
        return false;
      }
      std::this_thread::sleep_for(some_time(5));
    }
    daemon.kill_supervisor();
    return true;
  }

  /// After signetd died for the `number`-th time: what was asked since it died last is asked again, or everything.
  void check(std::uint64_t number, std::uint64_t kill, std::uint64_t first_round) {
    const bool all = number % kAskForAll == 0 || number % kBeginAnew == 0;
    const auto recent = [first_round](const std::string& key) { return std::stoull(key) >= first_round; };
    expect_recovers("after kill " + std::to_string(kill), {.again = all ? nullptr : Again(recent)});
    if (number % kBeginAnew == 0) begin_anew();
  }

  /// So that a log has a bounded length, and 10,000 kills cost a hundred times what 100 cost.
  void begin_anew() {
    count_given();
    forget_everything();
  }

  void count_given() {
    for (const Error& error : given_->errors()) EXPECT_TRUE(may_happen(error)) << error.message;
    certificates_ += given_->size();
    checkpoints_ += given_->checkpoints().size();
    errors_ += given_->errors().size();
  }

  void tell() const {
    std::string victims;
    std::size_t kills = 0;
    for (const auto& [name, times] : victims_) {
      victims += " " + name + " " + std::to_string(times);
      kills += times;
    }
    printf("tried: %zu kills (%s ), %zu certificates answered, %zu checkpoints seen, %zu retries, %zu gave up\n", kills,
           victims.c_str(), certificates_, checkpoints_, retries_, errors_);
  }

  using Again = std::function<bool(const std::string&)>;

  std::mt19937 random_;
  std::map<std::string, std::size_t> victims_;
  std::size_t certificates_ = 0;
  std::size_t checkpoints_ = 0;
  std::size_t retries_ = 0;
  std::size_t errors_ = 0;
};

TEST_P(KillUnderLoad, LosesNothingThatWasAnswered) {
  random_.seed(static_cast<std::mt19937::result_type>(number_from("SIGNET_FAULT_SEED", 1) * kParts + GetParam()));
  const std::uint64_t kills = number_from("SIGNET_FAULT_KILLS", 100) / kParts;
  std::unique_ptr<Daemon> daemon;
  std::uint64_t deaths = 0;
  std::uint64_t unchecked = 0;  // the first round whose answers nobody has asked for again
  for (std::uint64_t round = 0; round < kills && !HasFailure(); ++round) {
    if (daemon == nullptr) daemon = start_well();
    Load load(*daemon, order(""), *given_, round);
    const bool died = kill_something(*daemon, load);
    load.stop();
    retries_ += load.retries();
    if (!died) continue;
    daemon.reset();
    check(++deaths, round + 1, unchecked);
    unchecked = round + 1;
  }
  EXPECT_TRUE(daemon == nullptr || daemon->stop() == 0);
  daemon.reset();
  expect_recovers("after the last kill");
  count_given();
  EXPECT_GE(certificates_, kills) << "there was no load";
  EXPECT_GT(checkpoints_, kills / 10) << "no client saw a checkpoint";
  tell();
}

INSTANTIATE_TEST_SUITE_P(Part, KillUnderLoad, testing::Range<std::uint64_t>(0, kParts));

}  // namespace
}  // namespace signet::test
