// The whole daemon on tokens that go wrong, and clients that do not stop asking.
#pragma once

#include <atomic>
#include <thread>

#include "fault/daemon_fixture.h"
#include "fault/token_faults.h"

namespace signet::test {

/// Clients that issue one certificate after the other until told to stop; what they were given is kept. Each asks again
/// with another key after an error.
class TokenLoad {
 public:
  static constexpr int kClients = 16;

  /// `patience`: of a client for one request, with all that it tries again.
  TokenLoad(const Daemon& daemon, const IssueOptions& order, Given& given, std::chrono::milliseconds patience);
  ~TokenLoad() { stop(); }
  TokenLoad(const TokenLoad&) = delete;
  TokenLoad& operator=(const TokenLoad&) = delete;

  void stop();
  [[nodiscard]] std::size_t answers() const noexcept { return answers_; }
  /// Errors that clients met, those that were tried again included.
  [[nodiscard]] std::size_t errors() const noexcept { return errors_; }
  /// The longest that a client waited for an answer.
  [[nodiscard]] std::chrono::milliseconds longest() const noexcept {
    return std::chrono::milliseconds(longest_millis_.load());
  }
  /// How long it takes until an answer comes that has not been asked for yet; fails the test after `patience`.
  [[nodiscard]] std::chrono::milliseconds time_to_next_answer(std::chrono::milliseconds patience) const;
  /// Waits for so many more answers.
  [[nodiscard]] bool more_answers(std::size_t count) const;

 private:
  void run(const ClientOptions& options, IssueOptions order, const std::string& name);

  Given& given_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> begun_{0};
  std::atomic<std::size_t> answers_{0};
  std::atomic<std::size_t> errors_{0};
  std::atomic<std::int64_t> longest_millis_{0};
  std::vector<std::thread> threads_;
};

class TokenFaultTest : public DaemonUnderFaults {
 protected:
  static constexpr std::chrono::milliseconds kDeadline{2000};  ///< issue.sign_deadline
  static constexpr std::chrono::milliseconds kBound{kDeadline + std::chrono::seconds(2)};

  /// The daemon's one token loads the module that goes wrong.
  TokenFaultTest();
  /// A copy of the token with the issuing key on both; the log's key stays on the first.
  void add_second_token();

  void start_daemon() { daemon_ = start_well(); }
  /// Clients that try again by themselves for a second, or for `patience`.
  void start_load(std::chrono::milliseconds patience = std::chrono::seconds(1));
  /// Stops clients and daemon, and asks everything there is to ask: the fixture's expect_sound(); every certificate
  /// that a client was given verifies; what the tokens signed is intents of the log, checkpoints and self-tests only.
  void expect_sound_end(const std::string& what);
  /// Says the figure, and holds it against the bound.
  void expect_recovery(const std::string& what) const;

  TokenFaults faults_of_first_;
  TokenFaults faults_of_second_;
  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<TokenLoad> load_;

 private:
  void expect_signed_only_what_is_logged(const TokenFaults& faults, const std::string& what) const;
};

}  // namespace signet::test
