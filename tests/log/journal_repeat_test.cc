// A journal repeats what it remembers, so that a start reads little however long the journal is.
#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <thread>

#include "journal_fixture.h"
#include "log/journal_record.h"

namespace signet::log {
namespace {

/// What this thread has read from files so far, as the kernel counts it.
std::uint64_t bytes_read() {
  std::ifstream file("/proc/thread-self/io");
  std::string name;
  std::uint64_t bytes = 0;
  file >> name >> bytes;
  if (name != "rchar:") throw std::runtime_error("the kernel does not count what a thread reads");
  return bytes;
}

/// What a start reads at most for what is remembered: as many records as lie between repeats, and a few more; once
/// again what may be torn.
constexpr std::uint64_t kLongestRead = (kRepeatEvery + 4096) * kJournalRecordBytes + kMaxUnsyncedBytes;

class JournalRepeatTest : public JournalTest {
 protected:
  /// Many records and no sync, which a test of lengths need not wait for.
  void fill(const std::vector<Sha256>& keys, std::size_t certificates) {
    const auto journal = open(keys, unsynced_);
    append_certificates(*journal, certificates);
  }

  /// Every repeat says what the records in front of it say.
  static void expect_right(const std::vector<JournalRecord>& records) {
    std::map<LastOf, JournalRecord> last;
    for (std::size_t i = 0; i < records.size(); ++i) {
      const JournalRecord& record = records[i];
      if (is_remembered(record.kind)) last.insert_or_assign({record.key, record.kind}, record);
      if (!is_repeat(record.kind)) continue;
      const JournalKind kind = signed_kind(record.kind);
      const auto of = last.find({record.key, kind});
      JournalRecord expected = of == last.end() ? JournalRecord{.key = record.key} : of->second;
      expected.kind = record.kind;
      expected.time = record.time;
      ASSERT_EQ(record, expected) << "record " << i;
    }
  }

  static std::size_t count(const std::vector<JournalRecord>& records, JournalKind kind) {
    return static_cast<std::size_t>(std::ranges::count(records, kind, &JournalRecord::kind));
  }

  JournalRepeatTest() { unsynced_.skip_syncs = true; }
  FaultyOps unsynced_;
};

TEST_F(JournalRepeatTest, AStartSaysWhatIsRememberedOfEachKeyItWasOpenedFor) {
  {
    const auto journal = open();
    append_checkpoint(*journal, kKeyA, 7);
    ASSERT_TRUE(journal->append_numbered(kCrl, kKeyB, hash_of(2), number(0)).has_value());
  }
  clock_.set(kNoon + std::chrono::seconds(1));
  open().reset();
  const auto records = read_all();
  const auto repeat = [](JournalKind kind, const Sha256& key) {
    return JournalRecord{.kind = kind, .time = kNoon + std::chrono::seconds(1), .key = key};
  };
  JournalRecord tree = repeat(JournalKind::kLastCheckpoint, kKeyA);
  tree.structure = hash_of(1);
  tree.size = 7;
  tree.root = root_of(7);
  JournalRecord list = repeat(JournalKind::kLastCrl, kKeyB);
  list.structure = hash_of(2);
  const std::vector<JournalRecord> expected{{.kind = JournalKind::kStart, .time = kNoon + std::chrono::seconds(1)},
                                            tree,
                                            repeat(JournalKind::kLastCrl, kKeyA),
                                            repeat(JournalKind::kLastCheckpoint, kKeyB),
                                            list};
  EXPECT_EQ(std::vector(records.end() - kStartRecords, records.end()), expected);
  EXPECT_EQ(to_hex(ByteView(file_bytes()).last(kJournalRecordBytes).first(16)).substr(0, 16), "0800000000000000");
  const auto journal = open();
  EXPECT_EQ(journal->last_checkpoint(kKeyA), (TreeHead{.size = 7, .root = root_of(7)}));
  EXPECT_EQ(journal->last_crl_number(kKeyB), number(0)) << "zero is a number, too";
  EXPECT_FALSE(journal->last_checkpoint(kKeyB).has_value());
  EXPECT_FALSE(journal->last_crl_number(kKeyA).has_value());
}

TEST_F(JournalRepeatTest, IsRepeatedAfterSoManyRecordsAndNothingFurtherBackIsRead) {
  {
    const auto journal = open({kKeyA, kKeyB}, unsynced_);
    append_checkpoint(*journal, kKeyA, 7);
    append_certificates(*journal, 3 * kRepeatEvery + kRepeatEvery / 2);
  }
  const auto records = read_all();
  EXPECT_EQ(count(records, JournalKind::kLastCheckpoint), 2U * 4) << "at the start, and three times since";
  EXPECT_EQ(count(records, JournalKind::kLastCrl), 2U * 4);
  expect_right(records);
  const std::uint64_t before = bytes_read();
  const auto journal = open();
  const std::uint64_t read = bytes_read() - before;
  EXPECT_EQ(journal->last_checkpoint(kKeyA), (TreeHead{.size = 7, .root = root_of(7)}));
  EXPECT_FALSE(journal->last_crl_number(kKeyB).has_value());
  EXPECT_GT(read, kRepeatEvery / 2 * kJournalRecordBytes);
  EXPECT_LT(read, kLongestRead);
}

TEST_F(JournalRepeatTest, AStartAfterThreeMillionRecordsReadsTheLastOnesOnly) {
  constexpr std::uint64_t kRecords = 3'000'000;
  directory_.write("journal", "");
  // In front of the last start is a hole: zeros, which are no records.
  Bytes end;
  RecordBytes before{};
  const auto add = [&](JournalRecord record) {
    record.time = kNoon;
    before = encode_record(record, before);
    append(end, before);
  };
  add({.kind = JournalKind::kStart});
  add({.kind = JournalKind::kLastCheckpoint, .key = kKeyA, .structure = hash_of(1), .size = 9, .root = root_of(9)});
  add({.kind = JournalKind::kLastCrl, .key = kKeyA});
  for (int i = 0; i < 1000; ++i) add({.kind = kCertificate, .key = kKeyA, .structure = hash_of(3)});
  const UniqueFd file{::open(path().c_str(), O_WRONLY | O_CLOEXEC)};
  ASSERT_EQ(::pwrite(file.get(), end.data(), end.size(), kRecords * kJournalRecordBytes),
            static_cast<ssize_t>(end.size()));
  for (int start = 0; start < 2; ++start) {
    const std::uint64_t so_far = bytes_read();
    const auto journal = open({kKeyA});
    EXPECT_EQ(journal->last_checkpoint(kKeyA), (TreeHead{.size = 9, .root = root_of(9)}));
    EXPECT_FALSE(journal->last_crl_number(kKeyA).has_value());
    EXPECT_LT(bytes_read() - so_far, kRecords * kJournalRecordBytes / 100);
  }
  const auto refused = try_open({kKeyB});
  ASSERT_FALSE(refused.has_value()) << "that would have to be looked for in the hole";
  EXPECT_EQ(refused.error().code, ErrorCode::kDataLoss);
}

TEST_F(JournalRepeatTest, AKeyThatIsNewIsLookedForOnceAndSaysHowFarItIs) {
  constexpr std::uint64_t kRecords = 300'000;  // more than one report
  fill({kKeyA}, kRecords);
  std::vector<std::uint64_t> reports;
  const auto start = [&] {
    reports.clear();
    const std::uint64_t before = bytes_read();
    EXPECT_TRUE(Journal::open(path(),
                              {.last = {{kKeyA, kCheckpoint}, {kKeyB, kCrl}},
                               .progress =
                                   [&](std::uint64_t read, std::uint64_t records) {
                                     EXPECT_GT(records, kRecords);
                                     reports.push_back(read);
                                   }},
                              clock_)
                    .has_value());
    return bytes_read() - before;
  };
  EXPECT_GT(start(), kRecords * kJournalRecordBytes);
  EXPECT_EQ(reports, std::vector<std::uint64_t>{1U << 18U});
  EXPECT_LT(start(), kLongestRead);
  EXPECT_TRUE(reports.empty());
}

TEST_F(JournalRepeatTest, AJournalOfAnOlderVersionIsReadBackOnce) {
  Bytes old;
  RecordBytes before{};
  const auto add = [&](JournalRecord record) {
    record.time = kNoon;
    before = encode_record(record, before);
    append(old, before);
  };
  add({.kind = JournalKind::kStart});
  add({.kind = kCheckpoint, .key = kKeyA, .structure = hash_of(1), .size = 7, .root = root_of(7)});
  add({.kind = kCrl, .key = kKeyB, .structure = hash_of(2), .number = number(5)});
  for (std::uint64_t i = 0; i < 2 * kRepeatEvery; ++i) add({.kind = kCertificate, .key = kKeyA});
  overwrite(old);
  for (int start = 0; start < 2; ++start) {
    const std::uint64_t so_far = bytes_read();
    const auto journal = open();
    EXPECT_EQ(journal->last_checkpoint(kKeyA), (TreeHead{.size = 7, .root = root_of(7)}));
    EXPECT_EQ(journal->last_crl_number(kKeyB), number(5));
    EXPECT_EQ(bytes_read() - so_far > old.size(), start == 0);
  }
  expect_right(read_all());
}

TEST_F(JournalRepeatTest, AKeyThatWasAwayComesBackWithWhatItSignedLast) {
  append_checkpoint(*open({kKeyA}), kKeyA, 7);
  fill({kKeyB}, 100);
  {
    const auto journal = open({kKeyA, kKeyB});
    EXPECT_EQ(journal->last_checkpoint(kKeyA), (TreeHead{.size = 7, .root = root_of(7)}));
    append_checkpoint(*journal, kKeyA, 9);  // newer than the repeat
  }
  fill({kKeyB}, kRepeatEvery + 100);  // repeats what it was opened for, and nothing of the other key
  fill({}, 100);
  const auto records = read_all();
  expect_right(records);
  EXPECT_EQ(std::ranges::count_if(records, [](const JournalRecord& each) { return each.size == 9; }), 1);
  EXPECT_EQ(open({kKeyA})->last_checkpoint(kKeyA), (TreeHead{.size = 9, .root = root_of(9)}));
}

TEST_F(JournalRepeatTest, AKeyThatWasALogsAndACasRemembersBoth) {
  {
    const auto journal = open({kKeyA});
    append_checkpoint(*journal, kKeyA, 7);
    ASSERT_TRUE(journal->append_numbered(kCrl, kKeyA, hash_of(2), number(5)).has_value());
    EXPECT_EQ(journal->last_checkpoint(kKeyA)->size, 7U);
  }
  for (int start = 0; start < 2; ++start) {
    const auto journal = open({kKeyA});
    EXPECT_EQ(journal->last_checkpoint(kKeyA)->size, 7U);
    EXPECT_EQ(journal->last_crl_number(kKeyA), number(5));
  }
}

TEST_F(JournalRepeatTest, ARepeatIsNeverOlderThanWhatStandsInFrontOfItWhoeverWritesMeanwhile) {
  constexpr std::size_t kEach = kRepeatEvery / 2;
  {
    const auto journal = open({kKeyA, kKeyB}, unsynced_);
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { append_certificates(*journal, kEach); });
    for (const Sha256& key : {kKeyA, kKeyB}) {
      threads.emplace_back([&, key] {
        for (std::uint64_t size = 1; size <= kEach; ++size) append_checkpoint(*journal, key, size);
      });
    }
    threads.clear();
  }
  const auto records = read_all();
  EXPECT_GE(count(records, JournalKind::kLastCheckpoint), 2U * 3);
  expect_right(records);
  EXPECT_EQ(open()->last_checkpoint(kKeyA)->size, kEach);
}

TEST_F(JournalRepeatTest, ACrashAnywhereInAStartForgetsNothing) {
  {
    const auto journal = open();
    append_checkpoint(*journal, kKeyA, 7);
    ASSERT_TRUE(journal->append_numbered(kCrl, kKeyB, hash_of(2), number(5)).has_value());
  }
  const std::size_t before = file_bytes().size();
  open().reset();
  const Bytes whole = file_bytes();
  ASSERT_EQ(whole.size(), before + kStartRecords * kJournalRecordBytes);
  for (std::size_t size = before; size <= whole.size(); size += 32) {
    overwrite({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    const auto journal = open();
    EXPECT_EQ(journal->last_checkpoint(kKeyA)->size, 7U) << size;
    EXPECT_EQ(journal->last_crl_number(kKeyB), number(5)) << size;
    expect_right(read_all());
  }
}

TEST_F(JournalRepeatTest, ARepeatBehindABrokenRecordIsWrittenAgainAsWhatWasSigned) {
  {
    const auto journal = open({kKeyA});
    append_checkpoint(*journal, kKeyA, 5);
    append_checkpoint(*journal, kKeyA, 9);
    append_certificates(*journal, 1);
  }
  open({kKeyA}).reset();
  const std::size_t checkpoint = 4 * kJournalRecordBytes;
  Bytes bytes = file_bytes();
  ASSERT_EQ(bytes[checkpoint], static_cast<std::uint8_t>(kCheckpoint));
  bytes[checkpoint + 87] ^= 0x40U;  // in its size, and so in its chain: it is cut
  overwrite(bytes);
  EXPECT_EQ(open({kKeyA})->last_checkpoint(kKeyA), (TreeHead{.size = 9, .root = root_of(9)}));
  const auto records = read_all();
  expect_right(records);
  EXPECT_EQ(records[4].kind, JournalKind::kStart);
  EXPECT_EQ(records[5].kind, kCheckpoint) << "an audit sees what the repeats behind it repeat";
  EXPECT_EQ(records[5].size, 9U);
}

TEST_F(JournalRepeatTest, ARepeatThatFailsEndsTheJournal) {
  FaultyOps ops;
  ops.fail_write_at = 3;  // behind that of the start
  const auto refused = try_open({kKeyA}, ops);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().native, EIO);
  EXPECT_TRUE(try_open({kKeyA}).has_value());

  const auto journal = open({}, unsynced_);
  append_checkpoint(*journal, kKeyA, 1);
  append_certificates(*journal, kRepeatEvery - 3);  // the start is one, too, and the next one the last
  unsynced_.fail_write_at = unsynced_.writes + 2;
  EXPECT_EQ(journal->append(kCertificate, kKeyA, hash_of(1)).error().native, EIO) << "nothing is signed for it";
  EXPECT_FALSE(journal->sync().has_value());
}

}  // namespace
}  // namespace signet::log
