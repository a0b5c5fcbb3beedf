#include "log/recovery.h"

#include <set>

#include "log_fixture.h"
#include "support/command.h"

namespace signet::log {
namespace {

const Bytes kTail(7, 0xEE);

/// Zeros at the end of a tail are room.
Bytes without_zeros(ByteView tail) {
  while (!tail.empty() && tail.back() == 0) tail = tail.first(tail.size() - 1);
  return copy_of(tail);
}

class RecoveryTest : public LogTest {
 protected:
  /// Opens, checks that exactly `entries` are there, that the cut bytes are those and kept, and that appending works.
  void expect_recovered(std::size_t entries, ByteView cut) {
    Recorder recorder;
    FaultyOps ops;
    ops.skip_syncs = true;
    const auto log = open(ops);
    EXPECT_EQ(read_all(*log).size(), entries);
    EXPECT_EQ(log->recovery().cut_bytes, cut.size());
    if (cut.empty()) {
      EXPECT_TRUE(log->recovery().cut_saved_as.empty());
    } else {
      const auto saved = read_file(log->recovery().cut_saved_as, cut.size(), FileTrust::kOwnerOnly, "saved");
      ASSERT_TRUE(saved.has_value()) << saved.error().message;
      EXPECT_TRUE(equal(*saved, cut));
    }
    ASSERT_TRUE(log->start(recorder).has_value());
    EXPECT_EQ(log->append(note("after")).value(), entries);
    EXPECT_EQ(text_of_note(read_all(*log).back()), "after");
  }

  void expect_refused(std::string_view part_of_message) {
    const Bytes before = file_bytes();
    const auto log = try_open();
    ASSERT_FALSE(log.has_value());
    EXPECT_EQ(log.error().code, ErrorCode::kDataLoss);
    EXPECT_NE(log.error().message.find(part_of_message), std::string::npos) << log.error().message;
    EXPECT_EQ(file_bytes(), before) << "nothing may be changed";
  }

  /// More entries than a torn tail can hold. Returns where each frame begins.
  std::vector<std::size_t> fill_beyond_one_batch() {
    Recorder recorder;
    const auto log = open();
    EXPECT_TRUE(log->start(recorder).has_value());
    std::vector<std::size_t> offsets;
    for (std::size_t offset = 0; offset < 2 * kMaxBatchBytes;) {
      EXPECT_TRUE(log->append(note(std::string(50'000, 'x'))).has_value());
      offsets.push_back(offset);
      offset += kFrameHeaderBytes + recorder.entries().back().encoded.size();
    }
    return offsets;
  }
};

TEST_F(RecoveryTest, EveryCutOfTheLastFrameLeavesTheEntriesBefore) {
  fill(3);
  const Bytes whole = written_bytes();
  const std::size_t last = whole.size() - (whole.size() / 3);  // the three entries have the same length
  ASSERT_LT(last, whole.size());
  for (std::size_t size = last; size <= whole.size(); ++size) {
    SCOPED_TRACE(size);
    overwrite({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    const bool is_whole = size == whole.size();
    expect_recovered(is_whole ? 3 : 2, is_whole ? Bytes{} : without_zeros(ByteView(whole).subspan(last, size - last)));
  }
}

TEST_F(RecoveryTest, EveryBrokenByteOfTheLastFrameLeavesTheEntriesBefore) {
  fill(3);
  const Bytes whole = written_bytes();
  const std::size_t last = whole.size() - (whole.size() / 3);
  for (std::size_t at = last; at < whole.size(); ++at) {
    SCOPED_TRACE(at);
    Bytes broken = whole;
    broken[at] ^= 0x01U;
    overwrite(broken);
    expect_recovered(2, ByteView(broken).subspan(last));
  }
}

TEST_F(RecoveryTest, ZerosBehindTheLastFrameAreRoomAndNoTornTail) {
  fill(2);
  for (const std::size_t zeros : {std::size_t{0}, std::size_t{1}, std::size_t{5000}, std::size_t{6} << 20U}) {
    SCOPED_TRACE(zeros);
    Bytes file = written_bytes();
    file.resize(file.size() + zeros);
    overwrite(file);
    const auto log = open();
    EXPECT_EQ(log->recovery().cut_bytes, 0U);
    EXPECT_EQ(read_all(*log).size(), 2U);
    EXPECT_EQ(file_bytes(), file);
  }
}

TEST_F(RecoveryTest, WhatIsCutReachesUpToTheLastByteThatIsNotZero) {
  fill(2);
  const Bytes whole = written_bytes();
  for (const std::size_t at : {std::size_t{0}, std::size_t{3}, std::size_t{4096}, kMaxBatchBytes - 1}) {
    SCOPED_TRACE(at);
    Bytes file = whole;
    file.resize(std::size_t{4} << 20U);
    file[whole.size() + at] = 0x01;
    overwrite(file);
    Bytes cut(at + 1);
    cut.back() = 0x01;
    expect_recovered(2, cut);
    EXPECT_EQ(open()->size(), 3U) << "and nothing of it is behind the entry that follows";
  }
}

TEST_F(RecoveryTest, AByteThatIsNotZeroFurtherBehindThanOneBatchIsDamage) {
  fill(2);
  const Bytes whole = written_bytes();
  for (const std::size_t at : {kMaxBatchBytes, std::size_t{1} << 20U, (std::size_t{4} << 20U) - whole.size() - 1}) {
    SCOPED_TRACE(at);
    Bytes file = whole;
    file.resize(std::size_t{4} << 20U);
    file[whole.size() + at] = 0x01;
    overwrite(file);
    expect_refused("damaged at byte " + std::to_string(whole.size()) + " (entry 2)");
  }
}

TEST_F(RecoveryTest, AFileThatIsOnlyATornFrameBecomesEmpty) {
  fill(1);
  const Bytes file = written_bytes();
  overwrite({file.begin(), file.begin() + 20});
  expect_recovered(0, ByteView(file).first(20));
}

TEST_F(RecoveryTest, EveryDifferentTailIsSavedOnce) {
  fill(1);
  const Bytes file = written_bytes();
  std::set<std::string> names;
  for (const std::uint8_t last : Bytes{1, 2, 1}) {
    Bytes torn = file;
    torn.push_back(last);
    overwrite(torn);
    const std::string name = open()->recovery().cut_saved_as;
    EXPECT_TRUE(name.starts_with(entries_path() + ".torn-" + std::to_string(file.size()) + "-")) << name;
    EXPECT_EQ(read_file(name, 16, FileTrust::kOwnerOnly, "saved").value(), Bytes{last});
    names.insert(name);
  }
  EXPECT_EQ(names.size(), 2U);
}

TEST_F(RecoveryTest, NothingIsCutWhileTheNameOfTheSavedTailHoldsOtherBytes) {
  fill(1);
  Bytes file = written_bytes();
  const std::size_t whole = file.size();
  append(file, kTail);
  overwrite(file);
  const std::string hash = to_hex(ByteView(sha256(kTail)).first(8));
  const std::string name = "log/entries.torn-" + std::to_string(whole) + "-" + hash;
  for (const char* other : {"", "seven 7", "longer than what is saved"}) {
    SCOPED_TRACE(other);
    directory_.write(name, other);
    expect_refused("entries.torn-");
    EXPECT_EQ(test::slurp(directory_ / name), other);
  }
  std::filesystem::remove(directory_ / name);
  expect_recovered(1, kTail);
}

TEST_F(RecoveryTest, ATailThatWasSavedButNotCutIsCutAtTheNextStart) {
  fill(2);
  Bytes file = written_bytes();
  append(file, kTail);
  overwrite(file);
  const std::string saved = open()->recovery().cut_saved_as;
  overwrite(file);  // as if the process had died before it cut
  expect_recovered(2, kTail);
  EXPECT_TRUE(std::filesystem::exists(saved));
}

/// In a container the next process often has the same id, so nothing may follow from a name that was made of it.
TEST_F(RecoveryTest, LeftoversOfASavingThatWasCutOffAreKeptAndChangeNothing) {
  fill(1);
  Bytes file = written_bytes();
  const std::string torn =
      "log/entries.torn-" + std::to_string(file.size()) + "-" + to_hex(ByteView(sha256(kTail)).first(8));
  append(file, kTail);
  overwrite(file);
  std::vector<std::string> leftovers;
  for (int i = 0; i < 20; ++i) {
    leftovers.push_back(torn + "." + std::to_string(getpid()) + "-" + std::to_string(i) + ".new");
    directory_.write(leftovers.back(), "half");
  }
  expect_recovered(1, kTail);
  for (const std::string& leftover : leftovers) EXPECT_EQ(test::slurp(directory_ / leftover), "half");
}

TEST_F(RecoveryTest, DamageFurtherBackThanOneBatchIsRefusedWithItsPlace) {
  const auto offsets = fill_beyond_one_batch();
  const Bytes whole = file_bytes();
  for (const std::size_t entry : {std::size_t{0}, std::size_t{2}}) {
    for (const std::size_t within : {std::size_t{0}, std::size_t{3}, std::size_t{5}, std::size_t{40}}) {
      SCOPED_TRACE(within);
      Bytes broken = whole;
      broken[offsets[entry] + within] ^= 0x40U;
      overwrite(broken);
      expect_refused("damaged at byte " + std::to_string(offsets[entry]) + " (entry " + std::to_string(entry) + ")");
    }
  }
}

TEST_F(RecoveryTest, TheBoundBetweenTornAndDamagedIsOneBatch) {
  fill(1);
  const Bytes whole = written_bytes();
  Bytes file = whole;
  append(file, Bytes(kMaxBatchBytes + 1, 0xEE));
  overwrite(file);
  expect_refused("damaged at byte " + std::to_string(whole.size()));
  file.pop_back();
  overwrite(file);
  expect_recovered(1, Bytes(kMaxBatchBytes, 0xEE));
}

TEST_F(RecoveryTest, AWholeFrameInTheWrongPlaceIsRefused) {
  fill(1);
  Bytes twice = written_bytes();
  append(twice, Bytes(twice));
  overwrite(twice);
  expect_refused("entry 1 of the log: field seq is 0");
}

TEST_F(RecoveryTest, AWholeFrameThatIsNotCanonicalJsonIsRefused) {
  std::filesystem::create_directory(log_directory());
  Bytes file;
  append_frame(file, bytes_of(R"({"seq":0, "type":"note"})"));
  overwrite(file);
  expect_refused("not the canonical encoding");
}

TEST_F(RecoveryTest, AnEntryInTheMiddleThatIsOutOfPlaceIsRefused) {
  std::filesystem::create_directory(log_directory());
  Bytes file;
  append_frame(file, bytes_of(R"({"seq":5,"type":"note"})"));
  append_frame(file, bytes_of(R"({"seq":1,"type":"note"})"));
  overwrite(file);
  expect_refused("entry 0 of the log: field seq is 5");
}

TEST_F(RecoveryTest, AnEntryWithoutATimeIsRefused) {
  std::filesystem::create_directory(log_directory());
  Bytes file;
  append_frame(file, bytes_of(R"({"seq":0,"type":"note"})"));
  overwrite(file);
  expect_refused("field time is missing");
}

TEST_F(RecoveryTest, AClosingEntryThatDoesNotNameItsIntentIsRefused) {
  std::filesystem::create_directory(log_directory());
  Bytes file;
  append_frame(file, bytes_of(R"({"seq":0,"time":"2026-01-02T12:00:00.000000Z","type":"issued"})"));
  overwrite(file);
  expect_refused("entry 0 of the log (issued): field intent is missing");
}

TEST_F(RecoveryTest, NothingStartsWhenTheFirstSyncFails) {
  fill(1);
  FaultyOps ops;
  ops.fail_sync_at = 1;
  const auto log = try_open(ops);
  ASSERT_FALSE(log.has_value());
  EXPECT_EQ(log.error().native, EIO);
}

TEST_F(RecoveryTest, WhenTheSyncAfterCuttingFailsTheNextStartStillHasTheSavedTail) {
  fill(2);
  Bytes file = written_bytes();
  append(file, kTail);
  overwrite(file);
  FaultyOps ops;
  ops.fail_sync_at = 2;
  EXPECT_FALSE(try_open(ops).has_value());
  const std::string hash = to_hex(ByteView(sha256(kTail)).first(8));
  EXPECT_TRUE(
      std::filesystem::exists(entries_path() + ".torn-" + std::to_string(file.size() - kTail.size()) + "-" + hash));
  EXPECT_EQ(read_all(*open()).size(), 2U);
}

}  // namespace
}  // namespace signet::log
