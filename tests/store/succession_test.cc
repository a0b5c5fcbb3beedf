// One store for a log, its successor, and what both say of configuration and policy.
#include <gmock/gmock.h>

#include "store/log_drafts.h"
#include "store/store.h"
#include "support/temp_directory.h"

namespace signet {
namespace {

using testing::HasSubstr;
using namespace test;

constexpr const char* kFirst = "ca.example/log-1";
constexpr const char* kSecond = "ca.example/log-2";

class SuccessionTest : public testing::Test {
 protected:
  SuccessionTest() { store_ = Store::open(store_path()).value(); }

  /// Opens the log in that folder and has the store follow it.
  std::unique_ptr<log::EntryLog> follow(const std::string& folder) {
    auto log = log::EntryLog::open(directory_ / folder, system_clock()).value();
    const auto caught_up = catch_up(*log, *store_);
    if (!caught_up.has_value()) throw std::runtime_error(caught_up.error().message);
    EXPECT_TRUE(log->start(*store_).has_value());
    return log;
  }
  static std::uint64_t append(log::EntryLog& log, log::Draft draft) { return log.append(std::move(draft)).value(); }
  static std::string refused(log::EntryLog& log, log::Draft draft) {
    const auto seq = log.append(std::move(draft));
    EXPECT_FALSE(seq.has_value());
    return seq ? "" : seq.error().message;
  }

  /// genesis, start, a certificate (1, key 0A), an orphan (2), sealed
  void first_log() {
    const auto log = follow("first");
    append(*log, genesis(kFirst));
    append(*log, log::process_draft(log::ProcessEvent::kStart, {.process = "signet-issuer"}));
    append(*log, issued(append(*log, intent(1, {0x0A})), 1));
    append(*log, orphaned(append(*log, intent(2)), 2));
    append(*log, sealed(kSecond));
  }
  /// genesis, a certificate (3, key 0B), an open intent (4)
  void second_log() {
    const auto log = follow("second");
    append(*log, genesis(kSecond, predecessor(kFirst)));
    append(*log, issued(append(*log, intent(3, {0x0B})), 3));
    append(*log, intent(4));
  }
  void close() { store_.reset(); }

  [[nodiscard]] std::string store_path() const { return directory_ / "store.sqlite"; }

  TempDirectory directory_;
  std::unique_ptr<Store> store_;
};

TEST_F(SuccessionTest, WhatAPredecessorIssuedIsFoundAndSaysOfWhichLogItIs) {
  first_log();
  second_log();
  const auto old = store_->find_by_idempotency("payments", Bytes{0x0A}).value();
  ASSERT_TRUE(old.has_value());
  EXPECT_EQ(old->issued.certificate, certificate(1));
  EXPECT_EQ(old->issued.log_index, 3U);
  EXPECT_EQ(old->issued.intent_log_index, 2U);
  EXPECT_EQ(old->issued.log_origin, kFirst);
  const auto now = store_->find_by_serial(serial(3)).value();
  ASSERT_TRUE(now.has_value());
  EXPECT_EQ(now->log_index, 2U);
  EXPECT_EQ(now->intent_log_index, 1U);
  EXPECT_EQ(now->log_origin, "");
  EXPECT_EQ(store_->issued_count(), 2U);
  EXPECT_EQ(store_->next_seq(), 4U);
}

TEST_F(SuccessionTest, OpenIntentsHaveTheirPlaceInThePresentLog) {
  first_log();
  second_log();
  const auto open = store_->open_intents().value();
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].log_index, 3U);
  EXPECT_EQ(open[0].serial, serial(4));
}

TEST_F(SuccessionTest, ASerialOfAPredecessorIsNotUsedAgain) {
  first_log();
  EXPECT_TRUE(store_->serial_exists(serial(1)).value());
  EXPECT_TRUE(store_->serial_exists(serial(2)).value()) << "it is revoked";
  const auto log = follow("second");
  append(*log, genesis(kSecond, predecessor(kFirst)));
  EXPECT_THAT(refused(*log, intent(1)), HasSubstr("belongs to an earlier intent"));
}

TEST_F(SuccessionTest, AnIntentOfAPredecessorCannotBeClosedByTheSuccessor) {
  first_log();
  const auto log = follow("second");
  append(*log, genesis(kSecond, predecessor(kFirst)));
  EXPECT_THAT(refused(*log, issued(2, 1)), HasSubstr("entry 2 does not stand before it"));
}

TEST_F(SuccessionTest, LivePathAndCatchingUpFromBothLogsMakeEqualStores) {
  first_log();
  second_log();
  close();
  const std::string live = dump(store_path());
  store_ = Store::open(directory_ / "rebuilt.sqlite").value();
  follow("first");
  follow("second");
  close();
  EXPECT_EQ(dump(directory_ / "rebuilt.sqlite"), live);
  EXPECT_THAT(live, HasSubstr("certificate|"));
}

TEST_F(SuccessionTest, ASealedLogAndItsSuccessorAreKnownAgain) {
  first_log();
  EXPECT_TRUE(store_->logs().value().at(0).sealed);
  follow("first");
  second_log();
  follow("first");
  follow("second");
  const auto logs = store_->logs().value();
  ASSERT_EQ(logs.size(), 2U);
  EXPECT_EQ(logs[0].origin, kFirst);
  EXPECT_EQ(logs[0].log_key, log_key(kFirst));
  EXPECT_EQ(logs[0].next_seq, 7U);
  EXPECT_EQ(logs[1].origin, kSecond);
  EXPECT_FALSE(logs[1].sealed);
}

TEST_F(SuccessionTest, ASuccessorWhosePredecessorTheStoreHasNotSeenIsRefused) {
  const auto log = follow("second");
  EXPECT_THAT(refused(*log, genesis(kSecond, predecessor(kFirst))), HasSubstr("which the store has not seen"));
}

TEST_F(SuccessionTest, ALogThatIsNotTheOneTheSealNamesIsRefused) {
  first_log();
  const auto log = follow("third");
  EXPECT_THAT(refused(*log, genesis("ca.example/log-3", predecessor(kFirst))),
              HasSubstr("is sealed for the successor \"ca.example/log-2\""));
}

TEST_F(SuccessionTest, ALogThatDoesNotNameItsPredecessorIsRefused) {
  first_log();
  const auto log = follow("second");
  EXPECT_THAT(refused(*log, genesis(kSecond)), HasSubstr("does not name its predecessor"));
}

TEST_F(SuccessionTest, ALogThatIsNotSealedHasNoSuccessor) {
  append(*follow("first"), genesis(kFirst));
  const auto log = log::EntryLog::open(directory_ / "second", system_clock()).value();
  const auto caught_up = catch_up(*log, *store_);
  ASSERT_FALSE(caught_up.has_value());
  EXPECT_EQ(caught_up.error().code, ErrorCode::kDataLoss);
  ASSERT_TRUE(log->start(*store_).has_value());
  EXPECT_THAT(refused(*log, genesis(kSecond, predecessor(kFirst))), HasSubstr("the first entry of another"));
}

TEST_F(SuccessionTest, NothingFollowsTheSeal) {
  const auto log = follow("first");
  append(*log, genesis(kFirst));
  append(*log, sealed(kSecond));
  EXPECT_THAT(refused(*log, rejected(std::nullopt)), HasSubstr("the log was sealed by entry 1"));
}

TEST_F(SuccessionTest, ALogWithAnOpenIntentIsNotSealed) {
  const auto log = follow("first");
  append(*log, genesis(kFirst));
  append(*log, intent(1));
  EXPECT_THAT(refused(*log, sealed(kSecond)), HasSubstr("intent 1 is still open"));
}

TEST_F(SuccessionTest, ALogBeginsWithGenesisAndHasOne) {
  {
    const auto log = follow("none");
    EXPECT_THAT(refused(*log, intent(1)), HasSubstr("a log begins with an entry `genesis`"));
  }
  const auto log = follow("first");
  append(*log, genesis(kFirst));
  EXPECT_THAT(refused(*log, genesis(kFirst)), HasSubstr("a log has one"));
}

TEST_F(SuccessionTest, TheHashesOfConfigurationAndPolicyFollowGenesisAndConfig) {
  EXPECT_FALSE(store_->settings().value().has_value());
  const auto log = follow("first");
  append(*log, genesis(kFirst));
  EXPECT_EQ(store_->settings().value()->config_sha256, sha256(bytes_of("configuration")));
  EXPECT_EQ(store_->settings().value()->policy_sha256, sha256(bytes_of("policy")));
  const Sha256 changed = sha256(bytes_of("another policy"));
  append(*log, log::config_draft({.what = log::ConfigFile::kPolicy,
                                  .old_sha256 = sha256(bytes_of("policy")),
                                  .new_sha256 = changed,
                                  .approved_by = "restart"}));
  EXPECT_EQ(store_->settings().value()->policy_sha256, changed);
  EXPECT_EQ(store_->settings().value()->config_sha256, sha256(bytes_of("configuration")));
  EXPECT_EQ(store_->settings().value()->blocked_keys_sha256, sha256(bytes_of(""))) << "a log begins without a list";
  append(*log, log::config_draft({.what = log::ConfigFile::kBlockedKeys,
                                  .old_sha256 = sha256(bytes_of("")),
                                  .new_sha256 = changed,
                                  .approved_by = "reload"}));
  EXPECT_EQ(store_->settings().value()->blocked_keys_sha256, changed);
  EXPECT_EQ(store_->settings().value()->config_sha256, sha256(bytes_of("configuration")));
}

}  // namespace
}  // namespace signet
