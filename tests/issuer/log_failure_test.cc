// The log fails between an intent and its signature: nothing is signed.
#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "issuer/issuance.h"
#include "issuer/process_harness.h"
#include "issuer/published_log.h"
#include "policy/policy.h"
#include "support/command.h"

namespace signet::test {
namespace {

using namespace std::chrono_literals;

/// Once armed: while the next batch is synced another entry comes, whose write fails.
class FailsBehindTheNext : public log::FaultyOps {
 public:
  ssize_t pwrite(int fd, const void* data, std::size_t size, off_t offset) override {
    if (armed_ && ++batches_ == 2) {
      errno = EIO;
      return -1;
    }
    return FaultyOps::pwrite(fd, data, size, offset);
  }
  int fdatasync(int /*fd*/) override {
    if (armed_ && batches_ == 1) {
      const std::size_t before = looks;
      other_ = std::async(std::launch::async, [this] { return log->append(log::note("another")).has_value(); });
      while (looks == before) std::this_thread::yield();
      std::this_thread::sleep_for(10ms);  // it looks for room before it waits for the write
    }
    return 0;
  }
  void arm() { armed_ = true; }
  [[nodiscard]] bool other_was_logged() { return other_.get(); }
  log::EntryLog* log = nullptr;

 private:
  std::atomic<bool> armed_{false};
  std::atomic<int> batches_{0};
  std::future<bool> other_;
};

/// One issuance in this process.
class OneIssuance {
 public:
  OneIssuance() {
    log_ = log::EntryLog::open(installation_.directory / "log", system_clock(), ops_).value();
    ops_.log = log_.get();
    store_ = Store::open(installation_.directory / "store.sqlite", {.reserve_bytes = 0}).value();
    EXPECT_TRUE(log_->start(*store_).has_value());
    EXPECT_TRUE(log_->append(log::genesis_draft({.origin = "ca.example/test", .log_key = "k", .version = "1"})));
    auto [ours, theirs] = make_stream_pair().value();
    keyholders_.find_token("soft")->connect(std::move(theirs), 1, [] {});
    keyholder_ = std::make_unique<FakeKeyholder>(std::make_unique<Channel>(std::move(ours)), installation_.token);
  }

  /// The log fails right behind the intent, or a moment later. True when the keyholder was asked to sign all the same.
  bool keyholder_was_asked_though_the_log_failed() {
    const auto payload = issue_payload("key-1");
    v1::IssueRequest request;
    EXPECT_TRUE(request.ParseFromString(payload));
    const Issuance issuance({.authorities = authorities_,
                             .keyholders = keyholders_,
                             .gate = gate_,
                             .log = *log_,
                             .store = *store_,
                             .clock = clock_,
                             .rng = system_rng(),
                             .sign_deadline = 200ms});
    auto prepared = issuance.prepare(
        {.rules = rules_, .client = rules_.policy.clients().at("web"), .cause = {}, .request = request, .proof = {}});
    if (!prepared.has_value()) throw std::runtime_error(prepared.error().message);
    ops_.arm();
    const auto issued = issuance.issue(*std::move(prepared));
    EXPECT_FALSE(issued.has_value());
    EXPECT_EQ(issued.error().code, ErrorCode::kFailedPrecondition) << issued.error().message;
    EXPECT_FALSE(ops_.other_was_logged());
    EXPECT_TRUE(log_->failed());
    return keyholder_->was_asked();
  }

 private:
  Installation installation_;
  DaemonConfig config_ =
      parse_daemon_config(bytes_of(installation_.config()), installation_.directory / "signet.toml").value();
  const Rules rules_{.policy = Policy::parse(bytes_of(installation_.policy()), "policy.toml").value(),
                     .blocked_keys = {}};
  Authorities authorities_ = load_authorities(config_).value();
  Keyholders keyholders_{config_};
  FailsBehindTheNext ops_;
  TrustedClock clock_{system_clock(), ClockReference::of(system_clock()), 60s};
  IssuingGate gate_{clock_};
  std::unique_ptr<Store> store_;
  std::unique_ptr<log::EntryLog> log_;
  std::unique_ptr<FakeKeyholder> keyholder_;
};

/// Who was waiting for its intent may run on before the next write has failed: then it cannot know. That is not so each
/// time.
TEST(LogFailure, NothingIsSignedOnceTheLogHasFailedBehindTheIntent) {
  bool always_asked = true;
  for (int round = 0; round < 30 && always_asked; ++round) {
    always_asked = OneIssuance().keyholder_was_asked_though_the_log_failed();
  }
  EXPECT_FALSE(always_asked);
}

}  // namespace
}  // namespace signet::test
