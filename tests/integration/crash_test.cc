// kill -9 of every process while requests run. What the clients were given is in the log; what was in flight fails
// retryably and works when it is tried again.
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "integration/daemon.h"
#include "log/entries.h"
#include "x509/certificate.h"

namespace signet::test {
namespace {

/// Clients that issue without pause, each request with a key of its own, until told to stop. Errors that cannot be
/// tried again are kept; every certificate given is kept under its key.
class Load {
 public:
  Load(const Installation& ca, const Daemon& daemon, std::size_t clients) : csr_(ca.make_csr("DNS:a.plain.example")) {
    for (std::size_t i = 0; i < clients; ++i) {
      threads_.emplace_back([this, &daemon, i] { run(daemon, "client" + std::to_string(i) + "-"); });
    }
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
  std::size_t answers() {
    const std::scoped_lock lock(mutex_);
    return issued_.size();
  }
  /// Waits until so many more answers came in.
  bool more_answers(std::size_t count) {
    const std::size_t before = answers();
    return eventually([&] { return answers() >= before + count; }, std::chrono::seconds(60));
  }
  const std::map<std::string, IssuedCertificate>& issued() const { return issued_; }
  const std::vector<Error>& errors() const { return errors_; }
  IssueOptions order(const std::string& key) const {
    return {.profile = "tls-server", .csr = csr_, .validity = std::chrono::seconds(0), .idempotency_key = key};
  }

 private:
  void run(const Daemon& daemon, const std::string& prefix) {
    const auto client = daemon.client("plain");
    for (int i = 0; !stopping_; ++i) {
      const std::string key = prefix + std::to_string(i);
      auto answer = client->issue(order(key));
      const std::scoped_lock lock(mutex_);
      if (answer.has_value()) {
        issued_.emplace(key, *std::move(answer));
      } else {
        errors_.push_back(answer.error());
      }
    }
  }

  Bytes csr_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::map<std::string, IssuedCertificate> issued_;
  std::vector<Error> errors_;
  std::vector<std::thread> threads_;
};

/// Every certificate a client was given is in the log, whole, and every intent has at most one outcome.
void expect_log_agrees(const std::vector<log::Entry>& entries, const Load& load) {
  std::map<std::uint64_t, std::string> outcome_of;  // intent -> type of its outcome
  std::set<std::string> serials;
  for (const log::Entry& entry : entries) {
    if (entry.type == log::entry_type::kIntent) {
      EXPECT_TRUE(serials.insert(log::read_intent(entry).value().serial.hex()).second) << "a serial twice";
    }
    std::optional<std::uint64_t> intent;
    if (entry.type == log::entry_type::kIssued) intent = log::read_issued(entry).value().intent;
    if (entry.type == log::entry_type::kOrphaned) intent = log::read_orphaned(entry).value().intent;
    if (intent.has_value()) {
      EXPECT_TRUE(outcome_of.emplace(*intent, entry.type).second) << "a second outcome of " << *intent;
    }
  }
  EXPECT_EQ(outcome_of.size(), serials.size()) << "every intent is closed in the end";
  for (const auto& [key, issued] : load.issued()) {
    ASSERT_LT(issued.log_index, entries.size());
    const auto intent = log::read_intent(entries[issued.intent_log_index]).value();
    const auto outcome = log::read_issued(entries[issued.log_index]).value();
    EXPECT_EQ(assemble_certificate(intent.tbs, outcome.algorithm, outcome.signature).bytes(), issued.certificate)
        << key;
    EXPECT_EQ(text_of(intent.idempotency_key), key);
  }
}

class KillUnderLoad : public testing::TestWithParam<const char*> {};

TEST_P(KillUnderLoad, TheDaemonGoesOnAndNothingThatWasAnsweredIsLost) {
  const Installation ca;
  Daemon daemon(ca);
  Load load(ca, daemon, 6);
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(load.more_answers(10)) << daemon.stderr_text();
    const pid_t victim = daemon.child(GetParam());
    ASSERT_EQ(kill(victim, SIGKILL), 0);
    ASSERT_TRUE(load.more_answers(10)) << "no answers after the kill\n" << daemon.stderr_text();
    EXPECT_NE(daemon.child(GetParam()), victim) << "a new process took over";
  }
  load.stop();
  for (const Error& error : load.errors()) EXPECT_TRUE(error.retryable) << error.message;
  const auto [key, first] = *load.issued().begin();
  EXPECT_EQ(daemon.client("plain")->issue(load.order(key)).value().certificate, first.certificate)
      << "a retry gets the same";
  EXPECT_EQ(daemon.stop(), 0) << daemon.stderr_text();
  const auto entries = ca.read_log();
  expect_log_agrees(entries, load);
  EXPECT_EQ(count_entries(entries, "crash"), 3U);
}

INSTANTIATE_TEST_SUITE_P(EachProcess, KillUnderLoad,
                         testing::Values("signet-front", "signet-issuer", "signet-keyholder"),
                         [](const auto& process) { return std::string(process.param).substr(7); });

TEST(KillSupervisorUnderLoad, ItsChildrenLeaveAndTheNextStartHasEverythingThatWasAnswered) {
  const Installation ca;
  std::vector<log::Entry> entries;
  auto daemon = std::make_unique<Daemon>(ca);
  Load load(ca, *daemon, 6);
  ASSERT_TRUE(load.more_answers(20)) << daemon->stderr_text();
  daemon->kill_supervisor();
  const std::size_t answered = load.answers();
  ASSERT_GE(answered, 20U);

  Daemon next(ca);
  const auto client = next.client("plain");
  load.stop();
  for (const Error& error : load.errors()) EXPECT_TRUE(error.retryable) << error.message;
  for (const auto& [key, issued] : load.issued()) {
    EXPECT_EQ(client->issue(load.order(key)).value().certificate, issued.certificate) << key;
  }
  EXPECT_EQ(next.stop(), 0);
  expect_log_agrees(ca.read_log(), load);
}

TEST(Stop, SigtermUnderLoadAnswersWhatIsInFlight) {
  const Installation ca;
  Daemon daemon(ca);
  Load load(ca, daemon, 6);
  ASSERT_TRUE(load.more_answers(20)) << daemon.stderr_text();
  EXPECT_EQ(daemon.stop(), 0) << daemon.stderr_text();
  load.stop();
  for (const Error& error : load.errors()) EXPECT_TRUE(error.retryable) << error.message;
  const auto entries = ca.read_log();
  expect_log_agrees(entries, load);
  EXPECT_EQ(entries.back().type, "stop");
  EXPECT_EQ(count_entries(entries, "orphaned"), 0U) << "nothing in flight was dropped";
  // Everything that is in the log as issued was also answered: the shutdown let every answer out.
  EXPECT_EQ(count_entries(entries, "issued"), load.issued().size());
}

TEST(Stop, ReadyFileIsRemovedAndNoProcessStays) {
  const Installation ca;
  Daemon daemon(ca);
  const std::vector<pid_t> children = children_of(daemon.pid());
  EXPECT_EQ(children.size(), 3U);
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_FALSE(std::filesystem::exists(ca.path("signetd.ready")));
  for (const pid_t child : children) EXPECT_NE(kill(child, 0), 0);
}

}  // namespace
}  // namespace signet::test
