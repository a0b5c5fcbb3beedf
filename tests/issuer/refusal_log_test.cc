#include "issuer/refusal_log.h"

#include <gtest/gtest.h>

#include "issuer/published_log.h"
#include "log/log_fixture.h"
#include "support/command.h"
#include "support/temp_directory.h"

namespace signet {
namespace {

class Nothing : public log::Observer {
 public:
  Result<void> apply(std::span<const log::Entry>) override { return {}; }
};

log::RejectedFields rejection(const std::string& client, const std::string& field) {
  log::RejectedFields fields{.cause = {}, .code = "PERMISSION_DENIED", .text = "no", .field = field};
  fields.cause.who.client = client;
  return fields;
}

class RefusalLogTest : public testing::Test {
 protected:
  RefusalLogTest() : log_(log::EntryLog::open(directory_ / "log", system_clock(), ops_).value()) {
    EXPECT_TRUE(log_->start(observer_).has_value());
  }
  ~RefusalLogTest() override { log_->stop(); }

  /// Entries of `type` and the sum of their counts.
  std::pair<std::size_t, std::uint64_t> logged(const std::string& type) {
    std::pair<std::size_t, std::uint64_t> seen{0, 0};
    EXPECT_TRUE(log_->read(0,
                           [&](const log::Entry& entry) -> Result<void> {
                             if (entry.type != type) return {};
                             const auto count = entry.fields.find("count");
                             ++seen.first;
                             seen.second +=
                                 count == entry.fields.end() ? 1 : static_cast<std::uint64_t>(*count->second.integer());
                             return {};
                           })
                    .has_value());
    return seen;
  }

  test::TempDirectory directory_;
  log::FaultyOps ops_;
  Nothing observer_;
  std::unique_ptr<log::EntryLog> log_;
};

TEST_F(RefusalLogTest, ThousandsOfLikeRejectionsBecomeAFewEntriesWhoseCountsAddUp) {
  {
    RefusalLog refusals(*log_, system_clock());
    for (int i = 0; i < 5000; ++i) refusals.rejected(rejection("payments", "csr.subjectAltName"));
  }
  const auto [entries, sum] = logged("rejected");
  EXPECT_LE(entries, 20U);
  EXPECT_EQ(sum, 5000U);
}

TEST_F(RefusalLogTest, TheFirstOfEachClientAndFieldIsLoggedInFull) {
  RefusalLog refusals(*log_, system_clock());
  for (const char* client : {"a", "b"}) {
    for (const char* field : {"profile", "csr"}) refusals.rejected(rejection(client, field));
  }
  EXPECT_EQ(logged("rejected").first, 4U);
}

TEST_F(RefusalLogTest, AFrontThatReportsWithoutEndIsBoundedToo) {
  {
    RefusalLog refusals(*log_, system_clock());
    for (int i = 0; i < 5000; ++i) refusals.access({.cause = {}, .reason = "tls-version", .text = "1.2", .count = 1});
  }
  const auto [entries, sum] = logged("access");
  EXPECT_LE(entries, 20U);
  EXPECT_EQ(sum, 5000U);
}

TEST_F(RefusalLogTest, WhatTheLogHasNoRoomForIsCountedUntilItHas) {
  ops_.free = 0;
  test::FakeClock clock;
  RefusalLog refusals(*log_, clock);
  for (int i = 0; i < 20; ++i) {
    refusals.rejected(rejection("payments", "csr"));
    refusals.access({.cause = {}, .reason = "tls-version", .text = "1.2", .count = 3});
  }
  clock.advance(std::chrono::seconds(10));  // summaries are due, and cannot be written either
  const std::size_t before = ops_.looks;
  ASSERT_TRUE(test::eventually([&] { return ops_.looks >= before + 2; }));
  EXPECT_EQ(log_->size(), 0U);
  ops_.free = INT64_MAX;
  refusals.finish();
  EXPECT_EQ(logged("rejected").second, 20U);
  EXPECT_EQ(logged("access").second, 60U);
}

}  // namespace
}  // namespace signet
