#include "store/store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <thread>

#include "base/file.h"
#include "log/entries.h"
#include "store/database.h"
#include "store/log_drafts.h"
#include "support/temp_directory.h"

namespace signet {
namespace {

using test::certificate;
using test::dump;
using test::intent;
using test::issued;
using test::kNotAfter;
using test::orphaned;
using test::payload_hash;
using test::rejected;
using test::serial;

/// A log with a store that follows it. Its entry 0 is the genesis.
class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    start();
    append(test::genesis());
  }

  void start() {
    log_ = log::EntryLog::open(directory_ / "log", system_clock()).value();
    store_ = Store::open(store_path()).value();
    const auto caught_up = catch_up(*log_, *store_);
    ASSERT_TRUE(caught_up.has_value()) << caught_up.error().message;
    ASSERT_TRUE(log_->start(*store_).has_value());
  }
  void stop() {
    log_.reset();
    store_.reset();
  }

  std::uint64_t append(log::Draft draft) { return log_->append(std::move(draft)).value(); }

  /// Appends what must stop the log, and returns why.
  std::string refused(log::Draft draft) {
    const auto seq = log_->append(std::move(draft));
    EXPECT_FALSE(seq.has_value());
    EXPECT_TRUE(log_->failed());
    return seq ? "" : seq.error().message;
  }

  /// One of everything.
  void append_a_history() {
    append(log::process_draft(log::ProcessEvent::kStart, {.process = "signet-issuer"}));
    append(issued(append(intent(1, {0x01})), 1));
    const auto orphan = append(intent(2, {0x02}));
    const auto waiting = append(intent(3));
    append(rejected(std::nullopt));
    append(orphaned(orphan, 2));
    append(rejected(append(intent(4))));
    append(issued(waiting, 3));
    append(intent(5, {0x05}));
  }

  [[nodiscard]] std::string store_path() const { return directory_ / "store.sqlite"; }
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
  /// A second store that caught up from the log, as text.
  [[nodiscard]] std::string dump_of_rebuilt(std::size_t batch) const {
    const std::string path = directory_ / ("rebuilt-" + std::to_string(batch) + ".sqlite");
    const auto all = entries();
    {
      const auto rebuilt = Store::open(path).value();
      for (std::size_t from = 0; from < all.size(); from += batch) {
        const auto part = std::span(all).subspan(from, std::min(batch, all.size() - from));
        EXPECT_TRUE(rebuilt->apply(part).has_value());
      }
    }
    return dump(path);
  }

  test::TempDirectory directory_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<log::EntryLog> log_;  // stops before the store goes
};

TEST_F(StoreTest, AnIssuedCertificateIsAssembledAndFound) {
  const auto intent_index = append(intent(1, {0x0A, 0x0B}));
  EXPECT_FALSE(store_->find_by_serial(serial(1)).value().has_value());
  const auto index = append(issued(intent_index, 1));
  const auto found = store_->find_by_serial(serial(1)).value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->certificate, certificate(1));
  EXPECT_EQ(found->serial, serial(1));
  EXPECT_EQ(found->issuer, "issuing-1");
  EXPECT_EQ(found->log_index, index);
  EXPECT_EQ(found->intent_log_index, intent_index);
  EXPECT_EQ(to_rfc3339(found->not_after), kNotAfter);
  EXPECT_EQ(store_->issued_count(), 1U);
}

TEST_F(StoreTest, AnIssuedCertificateIsFoundByItsFingerprintWithItsProfileAndWhetherItIsRevoked) {
  append(issued(append(intent(1)), 1));
  append(orphaned(append(intent(2)), 2));
  const Sha256 fingerprint = sha256(certificate(1).view());
  const auto found = store_->find_by_sha256(fingerprint).value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->issuer, "issuing-1");
  EXPECT_EQ(found->profile, "tls-server");
  EXPECT_FALSE(found->revoked);
  EXPECT_FALSE(store_->find_by_sha256(sha256(certificate(2).view())).value().has_value()) << "it was never issued";
  stop();
  {
    Database database = Database::open(store_path()).value();
    const std::string sql = "INSERT INTO revocation VALUES (999, 'issuing-1', x'" + serial(1).hex() + "', 0, 'test')";
    ASSERT_TRUE(database.execute(sql.c_str()).has_value());
  }
  start();
  EXPECT_TRUE(store_->find_by_sha256(fingerprint).value()->revoked);
}

TEST_F(StoreTest, ARequestIsFoundByClientAndIdempotencyKey) {
  append(issued(append(intent(1, {0x0A, 0x0B})), 1));
  const auto found = store_->find_by_idempotency("payments", Bytes{0x0A, 0x0B}).value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->payload_sha256, payload_hash(1));
  EXPECT_EQ(found->issued.serial, serial(1));
  EXPECT_FALSE(store_->find_by_idempotency("others", Bytes{0x0A, 0x0B}).value().has_value());
  EXPECT_FALSE(store_->find_by_idempotency("payments", Bytes{0x0A}).value().has_value());
  EXPECT_FALSE(store_->find_by_idempotency("payments", {}).value().has_value());
}

TEST_F(StoreTest, AnOrphanedOrRejectedIntentFreesItsIdempotencyKey) {
  append(orphaned(append(intent(1, {0x0A})), 1));
  append(rejected(append(intent(2, {0x0A}))));
  EXPECT_FALSE(store_->find_by_idempotency("payments", Bytes{0x0A}).value().has_value());
  append(issued(append(intent(3, {0x0A})), 3));
  EXPECT_EQ(store_->find_by_idempotency("payments", Bytes{0x0A}).value()->issued.serial, serial(3));
}

TEST_F(StoreTest, TheFirstCertificateUnderAnIdempotencyKeyIsTheOne) {
  const auto first = append(intent(1, {0x0A}));
  append(issued(append(intent(2, {0x0A})), 2));
  append(issued(first, 1));
  EXPECT_EQ(store_->find_by_idempotency("payments", Bytes{0x0A}).value()->issued.serial, serial(1));
}

TEST_F(StoreTest, SerialsExistWhileOpenIssuedOrOrphanedButNotWhenRejected) {
  EXPECT_FALSE(store_->serial_exists(serial(1)).value());
  const auto first = append(intent(1));
  EXPECT_TRUE(store_->serial_exists(serial(1)).value());
  append(issued(first, 1));
  EXPECT_TRUE(store_->serial_exists(serial(1)).value());
  append(orphaned(append(intent(2)), 2));
  EXPECT_TRUE(store_->serial_exists(serial(2)).value());
  EXPECT_FALSE(store_->find_by_serial(serial(2)).value().has_value());
  append(rejected(append(intent(3))));
  EXPECT_FALSE(store_->serial_exists(serial(3)).value());
  append(intent(3));
  EXPECT_TRUE(store_->serial_exists(serial(3)).value());
}

TEST_F(StoreTest, OpenIntentsAreThoseWithoutAnOutcome) {
  append_a_history();
  const auto open = store_->open_intents().value();
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].log_index, log_->size() - 1);
  EXPECT_EQ(open[0].issuer, "issuing-1");
  EXPECT_EQ(open[0].serial, serial(5));
  EXPECT_EQ(open[0].client, "payments");
  EXPECT_EQ(open[0].request, "r-5");
}

TEST_F(StoreTest, AnOrphanedSerialIsRevokedByItsEntry) {
  const auto index = append(orphaned(append(intent(2)), 2));
  const Time time = log::read_time(entries()[index]).value();
  stop();
  const std::string row = "revocation|" + to_hex(bytes_of(std::to_string(index))) + "|" +
                          to_hex(bytes_of("issuing-1")) + "|" + serial(2).hex() + "|" +
                          to_hex(bytes_of(std::to_string(time.time_since_epoch().count()))) + "|" +
                          to_hex(bytes_of("deadline")) + "\n";
  EXPECT_NE(dump(store_path()).find(row), std::string::npos) << dump(store_path());
}

TEST_F(StoreTest, ADuplicateSerialIsRefusedAndStopsTheLog) {
  append(issued(append(intent(1)), 1));
  EXPECT_NE(refused(intent(1)).find("serial " + serial(1).hex() + " belongs to an earlier intent"), std::string::npos);
}

TEST_F(StoreTest, AnOutcomeOfAnIntentThatIsNotOpenIsRefused) {
  const auto index = append(intent(1));
  append(orphaned(index, 1));
  EXPECT_NE(refused(issued(index, 1)).find("entry 1 is not an open intent"), std::string::npos);
}

TEST_F(StoreTest, AnOutcomeWithAnotherSerialThanItsIntentIsRefused) {
  const auto index = append(intent(1));
  EXPECT_NE(refused(issued(index, 2)).find("its intent has another serial"), std::string::npos);
}

TEST_F(StoreTest, ACertificateWithAnotherHashThanLoggedIsRefused) {
  const auto index = append(intent(1));
  log::Draft draft = issued(index, 1);
  draft.fields.insert_or_assign("certificate_sha256", std::string(64, '0'));
  EXPECT_NE(refused(draft).find("another SHA-256 than logged"), std::string::npos);
}

TEST_F(StoreTest, LivePathAndCatchingUpMakeEqualStores) {
  append_a_history();
  const std::string by_one = dump_of_rebuilt(1);
  const std::string by_three = dump_of_rebuilt(3);
  const std::string at_once = dump_of_rebuilt(1000);
  stop();
  const std::string live = dump(store_path());
  EXPECT_NE(live.find("certificate|"), std::string::npos);
  EXPECT_EQ(live, by_one);
  EXPECT_EQ(live, by_three);
  EXPECT_EQ(live, at_once);
}

TEST_F(StoreTest, ADeletedStoreIsRebuiltFromTheLog) {
  append_a_history();
  stop();
  const std::string before = dump(store_path());
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(store_path() + suffix);
  start();
  EXPECT_EQ(store_->issued_count(), 2U);
  EXPECT_EQ(store_->next_seq(), log_->size());
  stop();
  EXPECT_EQ(dump(store_path()), before);
}

TEST_F(StoreTest, LostTransactionsAreCaughtUpFromTheLog) {
  append_a_history();
  const auto all = entries();
  stop();
  const std::string before = dump(store_path());
  // A store as a power cut may leave it: whole, and as it was after any of its transactions.
  for (std::size_t kept = 0; kept <= all.size(); ++kept) {
    SCOPED_TRACE(kept);
    std::filesystem::remove(store_path());
    ASSERT_TRUE(Store::open(store_path()).value()->apply(std::span(all).first(kept)).has_value());
    start();
    stop();
    EXPECT_EQ(dump(store_path()), before);
  }
}

TEST_F(StoreTest, MoreThanOneBatchIsCaughtUp) {
  constexpr std::uint64_t kCount = 2500;
  {
    struct Nobody : log::Observer {
      Result<void> apply(std::span<const log::Entry> /*entries*/) override { return {}; }
    } nobody;
    log_.reset();
    log_ = log::EntryLog::open(directory_ / "log", system_clock()).value();
    ASSERT_TRUE(log_->start(nobody).has_value());
    std::vector<std::jthread> threads;
    for (int t = 0; t < 20; ++t) {
      threads.emplace_back([&] {
        for (std::uint64_t i = 0; i < kCount / 20; ++i) append(rejected(std::nullopt));
      });
    }
    threads.clear();
    stop();
  }
  start();
  EXPECT_EQ(store_->next_seq(), kCount + 1);
}

TEST_F(StoreTest, EntriesMayComeTwiceButNotWithAGap) {
  append_a_history();
  const auto all = entries();
  const auto next = store_->next_seq();
  EXPECT_TRUE(store_->apply(all).has_value());
  EXPECT_EQ(store_->next_seq(), next);
  EXPECT_EQ(store_->issued_count(), 2U);
  log::Entry later = all.back();
  later.seq += 2;
  const auto gap = store_->apply({&later, 1});
  ASSERT_FALSE(gap.has_value());
  EXPECT_NE(gap.error().message.find("expects entry 12 of the log and was given 13"), std::string::npos);
}

TEST_F(StoreTest, ABatchIsAppliedWholeOrNotAtAll) {
  const auto make = [](std::uint64_t seq, log::Draft draft) {
    return log::make_entry(std::move(draft), {.seq = seq, .time = {}, .mono = {}, .boot = "b"}).value();
  };
  const std::vector<log::Entry> batch{make(1, intent(1)), make(2, issued(1, 1)), make(3, intent(1))};
  EXPECT_EQ(store_->apply(batch).error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(store_->next_seq(), 1U);
  EXPECT_EQ(store_->issued_count(), 0U);
  EXPECT_FALSE(store_->serial_exists(serial(1)).value());
  EXPECT_TRUE(store_->apply(std::span(batch).first(2)).has_value());
  EXPECT_TRUE(store_->serial_exists(serial(1)).value());
}

TEST_F(StoreTest, AStoreThatKnowsMoreThanTheLogIsRefused) {
  append_a_history();
  stop();
  std::filesystem::remove_all(directory_ / "log");
  log_ = log::EntryLog::open(directory_ / "log", system_clock()).value();
  store_ = Store::open(store_path()).value();
  const auto caught_up = catch_up(*log_, *store_);
  ASSERT_FALSE(caught_up.has_value());
  EXPECT_EQ(caught_up.error().code, ErrorCode::kDataLoss);
  EXPECT_NE(
      caught_up.error().message.find("has seen 12 entries of the log \"ca.example/log-1\", and the log has only 0"),
      std::string::npos);
}

TEST_F(StoreTest, AStoreOfAnotherLogIsRefused) {
  append(intent(1));
  stop();
  std::filesystem::rename(store_path(), directory_ / "kept");
  std::filesystem::remove_all(directory_ / "log");
  start();
  append(test::genesis());
  append(intent(2));
  append(intent(3));
  stop();
  std::filesystem::rename(directory_ / "kept", store_path());
  log_ = log::EntryLog::open(directory_ / "log", system_clock()).value();
  store_ = Store::open(store_path()).value();
  const auto caught_up = catch_up(*log_, *store_);
  ASSERT_FALSE(caught_up.has_value());
  EXPECT_NE(caught_up.error().message.find("another entry 0"), std::string::npos) << caught_up.error().message;
}

TEST_F(StoreTest, ItsFilesAreForTheOwnerOnly) {
  append(intent(1));
  std::size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(directory_.path())) {
    if (!file.path().filename().string().starts_with("store.sqlite")) continue;
    struct stat status{};
    ASSERT_EQ(stat(file.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << file.path();
    ++files;
  }
  EXPECT_GE(files, 2U) << "the database and its write-ahead log";
}

TEST_F(StoreTest, ASecondOpenerIsTurnedAway) {
  const auto second = Store::open(store_path());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_NE(second.error().message.find("another process has this store open"), std::string::npos);
  EXPECT_EQ(append(intent(1)), 1U) << "the first goes on";
}

TEST_F(StoreTest, AnotherSchemaVersionOrNoDatabaseIsRefusedWithTheNextStep) {
  stop();
  {
    auto database = Database::open(store_path()).value();
    ASSERT_TRUE(database.execute("PRAGMA user_version = 77").has_value());
  }
  const auto newer = Store::open(store_path());
  ASSERT_FALSE(newer.has_value());
  EXPECT_EQ(newer.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_NE(newer.error().message.find("has version 77"), std::string::npos) << newer.error().message;
  const std::string text_file = directory_.write("text", std::string(10'000, 'x'));
  const auto none = Store::open(text_file);
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, ErrorCode::kDataLoss);
  EXPECT_NE(none.error().message.find("rebuilt from the log"), std::string::npos) << none.error().message;
}

TEST_F(StoreTest, TheSchemaItselfForbidsASerialTwice) {
  append(issued(append(intent(1)), 1));
  append(intent(2));
  stop();
  auto database = Database::open(store_path()).value();
  const auto twice = database.execute(
      "UPDATE intent SET serial = (SELECT serial FROM intent WHERE state = 'issued') WHERE state = 'open'");
  ASSERT_FALSE(twice.has_value());
  EXPECT_EQ(twice.error().code, ErrorCode::kAlreadyExists);
}

TEST_F(StoreTest, AnswersWhileItApplies) {
  std::atomic<bool> done = false;
  std::vector<std::jthread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&] {
      while (!done) {
        EXPECT_TRUE(store_->serial_exists(serial(1)).has_value());
        EXPECT_TRUE(store_->find_by_idempotency("payments", Bytes{0x01}).has_value());
        EXPECT_TRUE(store_->open_intents().has_value());
      }
    });
  }
  for (std::uint8_t n = 1; n <= 50; ++n) append(issued(append(intent(n, {n})), n));
  done = true;
  readers.clear();
  EXPECT_EQ(store_->issued_count(), 50U);
}

}  // namespace
}  // namespace signet
