// What is remembered and stands in the end of a journal that a start cuts off is not forgotten.
#include <algorithm>
#include <filesystem>

#include "file_faults.h"
#include "journal_fixture.h"

namespace signet::log {
namespace {

/// A tail that is to be cut, with what is remembered in it: a certificate's record is broken, and behind it stand
/// checkpoints and CRLs that are newer than those in front.
class JournalTailTest : public JournalTest {
 protected:
  void make_broken() {
    for (const std::string& name : torn_files()) std::filesystem::remove(name);
    std::filesystem::remove(path());
    {
      const auto journal = open({kKeyA, kKeyB}, unsynced_);
      append_checkpoint(*journal, kKeyA, 5);
      append_crl(*journal, kKeyB, 7);
      append_certificates(*journal, 3);
      append_checkpoint(*journal, kKeyA, 9);
      append_crl(*journal, kKeyB, 9);
    }
    flip((kStartRecords + 3) * kJournalRecordBytes + 40);
  }
  void flip(std::size_t at) const {
    Bytes bytes = file_bytes();
    bytes.at(at) ^= 1U;
    overwrite(bytes);
  }
  static void append_crl(Journal& journal, const Sha256& key, std::uint8_t low) {
    const auto done = journal.append_numbered(kCrl, key, hash_of(low), number(low));
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  [[nodiscard]] std::vector<std::string> torn_files() const {
    std::vector<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(directory_.path())) {
      if (file.path().filename().string().starts_with("journal.torn-")) names.push_back(file.path().string());
    }
    return names;
  }
  /// Twice: what the first start wrote again is enough for the second, without the saved tails.
  void expect_nothing_forgotten() {
    for (int start = 0; start < 2; ++start) {
      {
        const auto journal = open({kKeyA, kKeyB}, unsynced_);
        EXPECT_EQ(journal->last_checkpoint(kKeyA), (TreeHead{.size = 9, .root = root_of(9)}));
        EXPECT_EQ(journal->last_crl_number(kKeyB), number(9));
      }
      for (const std::string& name : torn_files()) std::filesystem::remove(name);
    }
  }

  JournalTailTest() { unsynced_.skip_syncs = true; }
  FaultyOps unsynced_;  // for what is not asked about syncs
};

TEST_F(JournalTailTest, ACrashAnywhereInTheStartThatCutsItForgetsNothing) {
  for (const test::FileFault fault : {test::FileFault::kFailNotDone, test::FileFault::kFailAfterDone}) {
    make_broken();
    test::arm_file_fault(fault, SIZE_MAX);
    open().reset();
    const std::size_t calls = test::disarm_file_fault();
    std::size_t refused = 0;
    for (std::size_t at = 1; at <= calls; ++at) {
      SCOPED_TRACE(at);
      make_broken();
      // The second crash is in a start that finds no tail, or another one.
      for (int crash = 0; crash < 2; ++crash) {
        test::arm_file_fault(fault, at);
        refused += try_open().has_value() ? 0U : 1U;
        test::disarm_file_fault();
      }
      expect_nothing_forgotten();
    }
    EXPECT_GT(refused, 20U);
  }
}

TEST_F(JournalTailTest, AWriteCutOffAnywhereInTheStartThatCutsItForgetsNothing) {
  for (std::size_t at = 1, writes = at; at <= writes; ++at) {
    SCOPED_TRACE(at);
    make_broken();
    FaultyOps ops;
    ops.fail_write_at = at;
    ops.bytes_before_failure = 60;
    EXPECT_FALSE(try_open({kKeyA, kKeyB}, ops).has_value());
    expect_nothing_forgotten();
    make_broken();
    FaultyOps sound;
    ASSERT_TRUE(try_open({kKeyA, kKeyB}, sound).has_value());
    writes = sound.writes;
  }
}

TEST_F(JournalTailTest, SeveralTailsThatStartsDiedWithAreAllReadAgain) {
  make_broken();
  Bytes first = file_bytes();
  const std::size_t cut = (kStartRecords + 3) * kJournalRecordBytes;
  const auto save = [&](ByteView tail, std::size_t offset) {
    directory_.write("journal.torn-" + std::to_string(offset) + "-" + to_hex(ByteView(sha256(copy_of(tail))).first(8)),
                     text_of(copy_of(tail)));
  };
  // As an older version left it that died between the cut and its next write, and then another one likewise.
  save(ByteView(first).subspan(cut), cut);
  save(Bytes(60, 0xEE), cut);
  save(ByteView(first).subspan(kJournalRecordBytes, 6 * kJournalRecordBytes), kJournalRecordBytes);
  directory_.write("journal.torn-128-of-somebody", "no tail");
  first.resize(cut);
  overwrite(first);
  {
    const auto journal = open();
    EXPECT_EQ(journal->last_checkpoint(kKeyA)->size, 9U);
    append_crl(*journal, kKeyB, 12);
  }
  const auto journal = open();
  EXPECT_EQ(journal->last_crl_number(kKeyB), number(12)) << "an old tail is no newer than the journal";
  EXPECT_EQ(std::ranges::count(read_all(), kCheckpoint, &JournalRecord::kind), 2) << "it is written again once";
}

TEST_F(JournalTailTest, ASavedTailThatCannotBeReadEndsTheStart) {
  open().reset();
  const std::string name = "journal.torn-128-0123456789abcdef";
  directory_.write(name, std::string((1U << 20U) + 1, 'x'));
  const auto refused = try_open();
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find(name), std::string::npos) << refused.error().message;
}

TEST_F(JournalTailTest, AKeyThatIsAwayWhenItsRecordIsCutComesBackWithIt) {
  make_broken();
  open({}).reset();
  for (const std::string& name : torn_files()) std::filesystem::remove(name);
  open({}).reset();
  expect_nothing_forgotten();
}

TEST_F(JournalTailTest, AKeyThatIsAwayKeepsWhatIsNewerThanAnOldTail) {
  make_broken();
  open().reset();
  append_checkpoint(*open({kKeyA}), kKeyA, 12);
  open({}).reset();  // reads the tail with the checkpoint of 9 again
  EXPECT_EQ(open({kKeyA})->last_checkpoint(kKeyA)->size, 12U);
}

TEST_F(JournalTailTest, AByteOfTheLastRecordOrOfTheOneInFrontOfItTakesItBackWhereNoRepeatStandsBehind) {
  for (const bool repeated : {false, true}) {
    for (const std::size_t from_end : {1U, 2U}) {
      SCOPED_TRACE(from_end);
      make_broken();
      expect_nothing_forgotten();
      {
        const auto journal = open();
        append_certificates(*journal, 1);
        append_crl(*journal, kKeyB, 12);
      }
      const std::size_t broken = file_bytes().size() - from_end * kJournalRecordBytes;
      if (repeated) open().reset();
      flip(broken + 40);
      EXPECT_EQ(open()->last_crl_number(kKeyB), number(repeated ? 12 : 9));
      EXPECT_EQ(torn_files().size(), 1U) << "what was cut is kept";
    }
  }
}

TEST_F(JournalTailTest, ADamagedRecordThatIsPutBackFromACopyStartsWithWhatStandsBehindIt) {
  {
    const auto journal = open();
    append_certificates(*journal, 20);
  }
  const Bytes copy = file_bytes();
  {
    const auto journal = open();
    append_certificates(*journal, 2000);
    append_checkpoint(*journal, kKeyA, 9);
  }
  constexpr std::size_t kRecord = 7;
  flip(kRecord * kJournalRecordBytes + 50);
  const std::vector<Sha256> keys{kKeyA, kKeyB, hash_of(0xC0)};  // one that is new: everything is read back
  const auto refused = try_open(keys);
  ASSERT_FALSE(refused.has_value());
  for (const std::string& part : {path() + ": record 7 (byte 896)", std::string("keep what stands behind them")})
    EXPECT_NE(refused.error().message.find(part), std::string::npos) << refused.error().message;
  Bytes mended = file_bytes();
  std::copy_n(copy.begin() + kRecord * kJournalRecordBytes, kJournalRecordBytes,
              mended.begin() + kRecord * kJournalRecordBytes);
  overwrite(mended);
  EXPECT_EQ(open(keys)->last_checkpoint(kKeyA)->size, 9U);
}

}  // namespace
}  // namespace signet::log
