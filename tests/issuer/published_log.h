// A log with a publisher, its key in memory, and a clock that the test sets.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "base/trusted_clock.h"
#include "issuer/fake_keyholder.h"
#include "log/entries.h"
#include "log/entry_log.h"
#include "log/log_fixture.h"
#include "log/publisher.h"
#include "store/store.h"
#include "support/temp_directory.h"

namespace signet::test {

class FakeClock : public Clock {
 public:
  [[nodiscard]] Time now() const override { return Time(std::chrono::microseconds(now_)); }
  [[nodiscard]] std::chrono::microseconds monotonic() const override { return std::chrono::microseconds(monotonic_); }
  /// Time passes.
  void advance(std::chrono::microseconds by) {
    now_ += by.count();
    monotonic_ += by.count();
  }
  /// Somebody sets the clock.
  void set(std::chrono::microseconds by) { now_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_{system_clock().now().time_since_epoch().count()};
  std::atomic<std::int64_t> monotonic_{1'000'000'000};
};

/// The key log-1 of a fake token, without a keyholder in between.
class LocalKey : public log::CheckpointKey {
 public:
  explicit LocalKey(FakeToken& token) : token_(token) {}
  Result<std::optional<log::TreeHead>> last_signed() override { return token_.head("log-1"); }
  Result<Bytes> sign(std::string_view text, std::uint64_t old_size, const log::Proof& proof) override {
    internal::SignRequest request;
    request.set_key("log-1");
    request.set_structure(std::string(text));
    request.mutable_consistency()->set_old_size(old_size);
    for (const Sha256& hash : proof) request.mutable_consistency()->add_hashes(std::string(text_of(hash)));
    return token_.sign_checkpoint(request);
  }

 private:
  FakeToken& token_;
};

/// Its first entry is the genesis. Nothing is published before start_publishing().
class PublishedLog : public testing::Test {
 protected:
  PublishedLog() {
    token_.add("log-1", "ca.example/test");
    const log::NoteVerifier verifier = token_.log_key("log-1").verifier();
    log_ = log::EntryLog::open(directory_ / "log", trusted_, file_ops_, {.min_free_bytes = 100}).value();
    publisher_ =
        log::Publisher::open(
            {.directory = directory_ / "log", .verifier = verifier, .interval = std::chrono::milliseconds(100)}, *log_,
            clock_)
            .value();
    store_ = Store::open(directory_ / "store.sqlite", {.min_free_bytes = 100}, store_file_ops_).value();
    EXPECT_TRUE(log_->start(*store_).has_value());
    append(log::genesis_draft({.origin = "ca.example/test", .log_key = verifier.key_string(), .version = "1"}));
  }
  ~PublishedLog() override {
    publisher_->stop(std::chrono::milliseconds(0));
    log_->stop();
  }

  void start_publishing() { ASSERT_TRUE(publisher_->start(key_).has_value()); }
  std::uint64_t append(log::Draft draft) { return log_->append(std::move(draft), log::Urgency::kEssential).value(); }
  std::uint64_t append_refusal(const std::string& text) {
    return append(log::rejected_draft({.cause = {}, .code = "PERMISSION_DENIED", .text = text, .field = {}}));
  }
  [[nodiscard]] std::vector<log::Entry> entries() const {
    std::vector<log::Entry> all;
    EXPECT_TRUE(log_->read(0,
                           [&](const log::Entry& entry) -> Result<void> {
                             all.push_back(entry);
                             return {};
                           })
                    .has_value());
    return all;
  }

  TempDirectory directory_;
  FakeClock clock_;
  TrustedClock trusted_{clock_, ClockReference::of(clock_), std::chrono::seconds(60)};
  FakeToken token_;
  LocalKey key_{token_};
  log::FaultyOps file_ops_;
  log::FaultyOps store_file_ops_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<log::EntryLog> log_;
  std::unique_ptr<log::Publisher> publisher_;
};

}  // namespace signet::test
