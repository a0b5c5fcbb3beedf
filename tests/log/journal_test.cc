#include "log/journal.h"

#include <sys/stat.h>

#include <filesystem>
#include <thread>

#include "journal_fixture.h"
#include "journal_properties.h"

namespace signet::log {
namespace {

TEST_F(JournalTest, WritesTheDocumentedRecord) {
  append_checkpoint(*open({}), kKeyA, 7);
  const Bytes file = file_bytes();
  ASSERT_EQ(file.size(), 256U);
  Bytes start(128);
  start[0] = 1;
  const auto micros = static_cast<std::uint64_t>(kNoon.time_since_epoch().count());
  for (std::size_t i = 0; i < 8; ++i) start[8 + i] = static_cast<std::uint8_t>(micros >> (56 - 8 * i));
  Bytes chained(128);
  append(chained, ByteView(start).first(120));
  std::ranges::copy(ByteView(sha256(chained)).first(8), start.begin() + 120);
  EXPECT_EQ(to_hex(ByteView(file).first(128)), to_hex(start));
  Bytes second{3, 0, 0, 0, 0, 0, 0, 0};
  append(second, ByteView(start).subspan(8, 8));
  append(second, kKeyA);
  append(second, hash_of(1));
  append(second, Bytes{0, 0, 0, 0, 0, 0, 0, 7});
  append(second, root_of(7));
  chained = start;
  append(chained, second);
  append(second, ByteView(sha256(chained)).first(8));
  EXPECT_EQ(to_hex(ByteView(file).subspan(128)), to_hex(second));
  struct stat status{};
  ASSERT_EQ(stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

TEST_F(JournalTest, IsReadAsItWasWritten) {
  {
    const auto journal = open({});
    append_checkpoint(*journal, kKeyB, 4);
    clock_.set(kNoon + std::chrono::seconds(1));
    ASSERT_TRUE(journal->append(kCertificate, kKeyA, hash_of(2)).has_value());
    ASSERT_TRUE(journal->append(JournalKind::kCaCertificate, kKeyA, hash_of(3)).has_value());
  }
  const auto records = read_all();
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(records[3].kind, JournalKind::kCaCertificate);
  EXPECT_EQ(records[0], (JournalRecord{.kind = JournalKind::kStart, .time = kNoon}));
  EXPECT_EQ(
      records[1],
      (JournalRecord{
          .kind = kCheckpoint, .time = kNoon, .key = kKeyB, .structure = hash_of(1), .size = 4, .root = root_of(4)}));
  EXPECT_EQ(records[2],
            (JournalRecord{
                .kind = kCertificate, .time = kNoon + std::chrono::seconds(1), .key = kKeyA, .structure = hash_of(2)}));
}

TEST_F(JournalTest, RemembersTheLastCheckpointOfEachKeyAcrossStarts) {
  {
    const auto journal = open();
    EXPECT_FALSE(journal->last_checkpoint(kKeyA).has_value());
    append_checkpoint(*journal, kKeyA, 1);
    append_checkpoint(*journal, kKeyB, 9);
    append_checkpoint(*journal, kKeyA, 2);
    EXPECT_EQ(journal->last_checkpoint(kKeyA), (TreeHead{.size = 2, .root = root_of(2)}));
    append_certificates(*journal, 5000);  // more than is read at once
  }
  const auto journal = open();
  EXPECT_EQ(journal->last_checkpoint(kKeyA), (TreeHead{.size = 2, .root = root_of(2)}));
  EXPECT_EQ(journal->last_checkpoint(kKeyB), (TreeHead{.size = 9, .root = root_of(9)}));
  EXPECT_FALSE(journal->last_checkpoint(hash_of(0xC0)).has_value());
}

TEST_F(JournalTest, FindsTheLastCheckpointsOfManyKeys) {
  std::vector<Sha256> keys;
  {
    const auto journal = open();
    for (std::uint8_t i = 0; i < 40; ++i) {
      keys.push_back(hash_of(i));
      append_checkpoint(*journal, keys.back(), 100U + i);
      append_certificates(*journal, 10);
    }
  }
  const auto journal = open(keys);
  for (std::uint8_t i = 0; i < 40; ++i) {
    EXPECT_EQ(journal->last_checkpoint(keys[i]), (TreeHead{.size = 100U + i, .root = root_of(100U + i)}));
  }
}

TEST_F(JournalTest, ATornRecordIsCutAndKept) {
  append_checkpoint(*open(), kKeyA, 7);
  const Bytes whole = file_bytes();
  for (const std::size_t rest : {1U, 64U, 127U, 128U, 129U, 300U}) {
    SCOPED_TRACE(rest);
    Bytes torn = whole;
    append(torn, Bytes(rest, 0xEE));
    overwrite(torn);
    const auto end = read_journal(path(), [](std::uint64_t, const JournalRecord&) -> Result<void> { return {}; });
    EXPECT_EQ(end.value().records, whole.size() / kJournalRecordBytes);
    EXPECT_EQ(end.value().rest_bytes, rest);
    EXPECT_EQ(open()->last_checkpoint(kKeyA), (TreeHead{.size = 7, .root = root_of(7)}));
    EXPECT_EQ(read_all().size(), whole.size() / kJournalRecordBytes + kStartRecords)
        << "the new start follows the last whole record";
    const std::string hash = to_hex(ByteView(sha256(Bytes(rest, 0xEE))).first(8));
    EXPECT_EQ(test::slurp(path() + ".torn-" + std::to_string(whole.size()) + "-" + hash), std::string(rest, '\xEE'));
  }
}

TEST_F(JournalTest, EveryCutOfTheLastRecordLeavesTheOnesBefore) {
  {
    const auto journal = open();
    append_checkpoint(*journal, kKeyA, 7);
    append_checkpoint(*journal, kKeyA, 8);
  }
  const Bytes whole = file_bytes();
  for (std::size_t size = whole.size() - kJournalRecordBytes; size <= whole.size(); ++size) {
    overwrite({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    EXPECT_EQ(open()->last_checkpoint(kKeyA).value().size, size == whole.size() ? 8U : 7U) << size;
  }
}

TEST_F(JournalTest, AnyPartOfWhatWasNotSyncedMayBeMissing) {
  {
    const auto journal = open();
    append_checkpoint(*journal, kKeyA, 7);
    append_certificates(*journal, 200);
  }
  Bytes torn = file_bytes();
  std::fill(torn.begin() + 4096, torn.begin() + 8192, 0);  // a page; what is behind it reached the disk
  overwrite(torn);
  EXPECT_EQ(open()->last_checkpoint(kKeyA).value().size, 7U);
  EXPECT_EQ(read_all().size(), 4096U / 128 + kStartRecords);
}

TEST_F(JournalTest, ACheckpointBehindABrokenRecordNearTheEndIsNotForgotten) {
  {
    const auto journal = open();
    append_checkpoint(*journal, kKeyA, 5);
    append_certificates(*journal, 3);
    append_checkpoint(*journal, kKeyA, 9);
    append_checkpoint(*journal, kKeyB, 2);
  }
  Bytes bytes = file_bytes();
  bytes[(kStartRecords + 2) * kJournalRecordBytes + 40] ^= 1U;  // of a certificate's record, behind the checkpoint of 5
  overwrite(bytes);
  for (int start = 0; start < 2; ++start) {
    const auto journal = open();
    EXPECT_EQ(journal->last_checkpoint(kKeyA), (TreeHead{.size = 9, .root = root_of(9)}));
    EXPECT_EQ(journal->last_checkpoint(kKeyB), (TreeHead{.size = 2, .root = root_of(2)}));
  }
}

TEST_F(JournalTest, DamageInWhatWasSyncedIsRefusedAndNamed) {
  {
    const auto journal = open();
    append_checkpoint(*journal, kKeyA, 7);
    append_certificates(*journal, 2000);
  }
  const Bytes whole = file_bytes();
  for (const std::size_t record : {std::size_t{1}, std::size_t{10}, whole.size() / 128 - 514}) {
    Bytes broken = whole;
    broken[record * 128 + 50] ^= 0x01U;
    overwrite(broken);
    SCOPED_TRACE(record);
    const std::string place = "record " + std::to_string(record) + " (byte " + std::to_string(record * 128) + ")";
    expect_refused(place);
    const auto read = read_journal(path(), [](std::uint64_t, const JournalRecord&) -> Result<void> { return {}; });
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().code, ErrorCode::kDataLoss);
    EXPECT_NE(read.error().message.find(place), std::string::npos) << read.error().message;
  }
}

TEST_F(JournalTest, LooksNoFurtherBackThanTheKeysAsk) {
  {
    const auto journal = open({});
    append_certificates(*journal, 1000);
    append_checkpoint(*journal, kKeyA, 7);
    append_certificates(*journal, 1000);
  }
  Bytes broken = file_bytes();
  broken[130] ^= 0x01U;
  overwrite(broken);
  auto journal = Journal::open(path(), {.last = {{kKeyA, kCheckpoint}}}, clock_);
  EXPECT_EQ(journal.value()->last_checkpoint(kKeyA).value().size, 7U);
  journal.value().reset();
  expect_refused("record 1 ");
}

TEST_F(JournalTest, RemembersTheNumberOfTheLastCrlOfEachKeyAcrossStarts) {
  {
    const auto journal = open();
    EXPECT_FALSE(journal->last_crl_number(kKeyA).has_value());
    ASSERT_TRUE(journal->append_numbered(kCrl, kKeyA, hash_of(1), number(7)).has_value());
    ASSERT_TRUE(journal->append_numbered(kCrl, kKeyB, hash_of(2), number(2)).has_value());
    ASSERT_TRUE(journal->append_numbered(kCrl, kKeyA, hash_of(3), number(9)).has_value());
    append_certificates(*journal, 5000);
    EXPECT_EQ(journal->last_crl_number(kKeyA), number(9));
  }
  const auto journal = open();
  EXPECT_EQ(journal->last_crl_number(kKeyA), number(9));
  EXPECT_EQ(journal->last_crl_number(kKeyB), number(2));
  EXPECT_FALSE(journal->last_checkpoint(kKeyA).has_value());
  EXPECT_EQ(read_all()[kStartRecords + 2].number, number(9));
}

TEST_F(JournalTest, ACrlIsDurableAtOnceAndFoundBehindABrokenRecord) {
  FaultyOps ops;
  {
    const auto journal = open({kKeyA}, ops);
    append_certificates(*journal, 3);
    const std::size_t before = ops.syncs;
    ASSERT_TRUE(journal->append_numbered(JournalKind::kCrl, kKeyA, hash_of(1), number(7)).has_value());
    ASSERT_TRUE(journal->append_numbered(JournalKind::kCrl, kKeyA, hash_of(2), number(6)).has_value());
    EXPECT_EQ(ops.syncs, before + 2);
  }
  Bytes bytes = file_bytes();
  bytes[4 * kJournalRecordBytes + 40] ^= 1U;  // of a certificate's record
  overwrite(bytes);
  for (int start = 0; start < 2; ++start) EXPECT_EQ(open()->last_crl_number(kKeyA), number(7));
}

TEST_F(JournalTest, FindsTheCertificatesAmongItsLastRecords) {
  {
    const auto journal = open();
    for (std::uint8_t i = 1; i <= 9; ++i)
      ASSERT_TRUE(journal->append_numbered(kCertificate, kKeyA, hash_of(i), number(i)).has_value());
    append_certificates(*journal, 1);  // without a serial number, as older versions wrote them
    append_checkpoint(*journal, kKeyB, 1);
  }
  const auto journal = Journal::open(path(), {.certificates_in = 5}, clock_).value();
  const std::vector<JournalRecord> found = journal->take_certificates();
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].number, number(9));
  EXPECT_EQ(found[2].number, number(7));
  EXPECT_EQ(found[2].key, kKeyA);
  EXPECT_TRUE(journal->take_certificates().empty());
}

TEST_F(JournalTest, ANumberBelongsToCertificatesAndCrls) {
  const auto journal = open();
  for (const JournalKind kind : {JournalKind::kStart, JournalKind::kLogCheckpoint})
    EXPECT_EQ(journal->append_numbered(kind, kKeyA, hash_of(1), number(1)).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(journal->append(kCrl, kKeyA, hash_of(1)).error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(journal->append_numbered(JournalKind::kCaCertificate, kKeyA, hash_of(1), number(1)).has_value());
}

TEST_F(JournalTest, ARecordNobodyWritesIsRefusedEvenIfItIsChained) {
  open({}).reset();
  const auto chained = [](Bytes record, const Bytes& before) {
    Bytes both = before;
    append(both, record);
    append(record, ByteView(sha256(both)).first(8));
    return record;
  };
  const Bytes first = file_bytes();
  struct Wrong {
    std::uint8_t kind;
    std::size_t at;
    std::uint8_t value;
  };
  const std::vector<Wrong> wrong{
      {1, 0, 9},
      {1, 0, 0},
      {1, 3, 1},
      {1, 8, 4},
      {1, 8, 0x7F},
      {1, 20, 1},
      {1, 50, 1},
      {1, 87, 1},
      {1, 119, 1},
      {7, 3, 1},
      {7, 87, 1},
      {7, 100, 1},  // a repeat of no checkpoint, with a size, with a
                    // root
      {8, 119, 1},
      {8, 90, 1},
      {8, 80, 1},  // of no CRL, with a number, with a part of a root, with a size
  };
  for (const auto& [kind, at, value] : wrong) {
    Bytes record(120);
    record[0] = kind;
    record[at] = value;
    Bytes file = first;
    append(file, chained(record, first));
    overwrite(file);
    SCOPED_TRACE(std::to_string(kind) + ", byte " + std::to_string(at));
    expect_refused("has a form nobody writes");
  }
}

TEST_F(JournalTest, ASecondOpenerIsTurnedAway) {
  auto first = open();
  EXPECT_EQ(try_open().error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(read_all().size(), kStartRecords) << "readers need no lock";
  first.reset();
  EXPECT_TRUE(try_open().has_value());
}

TEST_F(JournalTest, ATreeBelongsToCheckpointsOnly) {
  const auto journal = open();
  EXPECT_EQ(journal->append(kCheckpoint, kKeyA, hash_of(1)).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(journal->append(kCertificate, kKeyA, hash_of(1), TreeHead{}).error().code, ErrorCode::kInvalidArgument);
  for (const JournalKind repeat : {JournalKind::kLastCheckpoint, JournalKind::kLastCrl})
    EXPECT_EQ(journal->append(repeat, kKeyA, {}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(journal->append(kCertificate, kKeyA, hash_of(1)).has_value());
}

TEST_F(JournalTest, SyncsACheckpointAtOnceAndOthersWhenAsked) {
  FaultyOps ops;
  const auto journal = open({kKeyA}, ops);
  const std::size_t at_start = ops.syncs;
  append_certificates(*journal, 100);
  EXPECT_EQ(ops.syncs, at_start);
  ASSERT_TRUE(journal->sync().has_value());
  EXPECT_EQ(ops.syncs, at_start + 1);
  ASSERT_TRUE(journal->sync().has_value());
  EXPECT_EQ(ops.syncs, at_start + 1) << "nothing was new";
  append_checkpoint(*journal, kKeyA, 7);
  EXPECT_EQ(ops.syncs, at_start + 2);
  append_certificates(*journal, 2000);
  EXPECT_GE(ops.syncs, at_start + 2 + 2000 * 128 / kMaxUnsyncedBytes) << "no more than that may wait";
}

TEST_F(JournalTest, AFailedWriteOrSyncEndsIt) {
  append_checkpoint(*open(), kKeyA, 7);
  for (const bool write : {true, false}) {
    for (const std::size_t part : {std::size_t{0}, std::size_t{60}, SIZE_MAX}) {
      SCOPED_TRACE(part);
      FaultyOps ops;
      ops.bytes_before_failure = part;
      ops.syncs_before_failure = part > 0;
      std::unique_ptr<Journal> journal = open({kKeyA}, ops);
      (write ? ops.fail_write_at : ops.fail_sync_at) = (write ? ops.writes : ops.syncs) + 1;
      const std::uint64_t last = journal->last_checkpoint(kKeyA)->size;
      const auto refused = journal->append(kCheckpoint, kKeyA, hash_of(1), TreeHead{.size = last + 1, .root = {}});
      ASSERT_FALSE(refused.has_value());
      EXPECT_EQ(refused.error().native, EIO);
      EXPECT_EQ(journal->last_checkpoint(kKeyA)->size, last) << "what is not durable is not remembered";
      const std::size_t operations = ops.writes + ops.syncs;
      EXPECT_EQ(journal->append(kCertificate, kKeyA, hash_of(1)).error().message, refused.error().message);
      EXPECT_EQ(journal->sync().error().message, refused.error().message);
      EXPECT_EQ(ops.writes + ops.syncs, operations) << "nothing may be tried again";
      journal.reset();
      const std::uint64_t found = open({kKeyA})->last_checkpoint(kKeyA)->size;
      EXPECT_EQ(found, !write || part == SIZE_MAX ? last + 1 : last);
      EXPECT_FALSE(read_all().empty());
    }
  }
}

TEST_F(JournalTest, ShortWritesAreGoneOnWith) {
  FaultyOps ops;
  ops.short_writes = true;
  append_checkpoint(*open({kKeyA}, ops), kKeyA, 7);
  EXPECT_EQ(open()->last_checkpoint(kKeyA).value().size, 7U);
}

TEST_F(JournalTest, ManyThreadsMakeOneChain) {
  constexpr std::size_t kThreads = 8;
  constexpr std::size_t kEach = 300;
  {
    const auto journal = open();
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, key = hash_of(static_cast<std::uint8_t>(t))] {
        for (std::size_t i = 1; i <= kEach; ++i) {
          EXPECT_TRUE(journal->append(kCertificate, key, hash_of(1)).has_value());
          if (i % 100 == 0) append_checkpoint(*journal, key, i);
        }
      });
    }
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) EXPECT_TRUE(journal->sync().has_value());
    });
    threads.clear();
    EXPECT_EQ(journal->last_checkpoint(hash_of(3)).value().size, kEach);
  }
  EXPECT_EQ(read_all().size(), kStartRecords + kThreads * (kEach + kEach / 100));
}

TEST_F(JournalTest, ReadingEndsWithTheFirstErrorOfItsUser) {
  append_certificates(*open(), 3);
  const auto done = read_journal(path(), [](std::uint64_t number, const JournalRecord&) -> Result<void> {
    if (number == 1) return fail(ErrorCode::kNotFound, "enough");
    return {};
  });
  EXPECT_EQ(done.error().message, "enough");
  EXPECT_FALSE(read_journal(path() + "-missing", [](std::uint64_t, const JournalRecord&) -> Result<void> {
                 return {};
               }).has_value());
}

TEST(JournalCorpus, KeepsItsProperty) {
  std::size_t accepted = 0;
  std::size_t refused = 0;
  for (const auto& file : std::filesystem::directory_iterator(SIGNET_SOURCE_DIR "/tests/log/journal_corpus")) {
    SCOPED_TRACE(file.path().filename());
    const auto bytes = read_file(file.path().string(), 1U << 20U, FileTrust::kAnyone, "corpus");
    ASSERT_TRUE(bytes.has_value());
    check_journal_property(*bytes);
    const auto end =
        read_journal(file.path().string(), [](std::uint64_t, const JournalRecord&) -> Result<void> { return {}; });
    const bool valid = file.path().filename().string().starts_with("valid_");
    EXPECT_EQ(end.has_value(), valid);
    ++(valid ? accepted : refused);
  }
  EXPECT_GE(accepted, 6U);
  EXPECT_GE(refused, 8U);
}

TEST(JournalCorpus, AnyByteChangedKeepsItsProperty) {
  const std::string seed = SIGNET_SOURCE_DIR "/tests/log/journal_corpus/valid_every_kind";
  const Bytes whole = read_file(seed, 1U << 20U, FileTrust::kAnyone, "corpus").value();
  for (std::size_t at = 0; at < whole.size(); at += 3) {
    for (const std::uint8_t bits : Bytes{0x01, 0x80, 0xFF}) {
      Bytes changed = whole;
      changed[at] ^= bits;
      check_journal_property(changed);
    }
  }
}

}  // namespace
}  // namespace signet::log
