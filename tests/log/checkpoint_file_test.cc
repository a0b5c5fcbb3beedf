#include "log/checkpoint_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "file_faults.h"
#include "log/checkpoint.h"
#include "note_keys.h"
#include "support/command.h"
#include "support/temp_directory.h"

namespace signet::log {
namespace {

using testing::HasSubstr;

class CheckpointFileTest : public testing::Test {
 protected:
  [[nodiscard]] Note make(std::uint64_t size) const {
    const std::string text = format_checkpoint({"log.example/1", size, sha256(bytes_of(std::to_string(size)))}).value();
    return signed_note(text, key_, "log.example/1");
  }
  [[nodiscard]] std::string record(std::uint64_t size) const { return text_of_note(make(size)) + "\n"; }

  [[nodiscard]] std::string directory() const { return directory_.path().string(); }
  [[nodiscard]] std::string path() const { return directory_ / "checkpoints"; }
  void append(std::uint64_t size) const { append(make(size)); }
  void append(const Note& note) const {
    const auto appended = append_checkpoint(directory(), note);
    ASSERT_TRUE(appended.has_value()) << appended.error().message;
  }

  /// The sizes of all checkpoints in the file.
  [[nodiscard]] Result<std::vector<std::uint64_t>> sizes(CheckpointsEnd* end = nullptr) const {
    std::vector<std::uint64_t> found;
    SIGNET_TRY(const CheckpointsEnd at, read_checkpoints(path(), [&](const Note& note) -> Result<void> {
                 found.push_back(parse_checkpoint(note.text).value().size);
                 return {};
               }));
    EXPECT_EQ(at.checkpoints, found.size());
    if (end != nullptr) *end = at;
    return found;
  }

  TestKey key_{KeyType::kEd25519};
  test::TempDirectory directory_;
};

TEST_F(CheckpointFileTest, AFileThatIsNotThereHasNone) {
  EXPECT_TRUE(sizes()->empty());
  EXPECT_EQ(last_checkpoint(path()).value(), std::nullopt);
  EXPECT_EQ(read_checkpoint(directory()).value(), std::nullopt);
}

TEST_F(CheckpointFileTest, KeepsAllInOrderAndTheNewestBeside) {
  for (const std::uint64_t size : {1U, 2U, 300U}) {
    append(size);
    EXPECT_EQ(last_checkpoint(path()).value(), make(size));
    EXPECT_EQ(read_checkpoint(directory()).value(), make(size));
  }
  CheckpointsEnd end;
  EXPECT_EQ(sizes(&end).value(), (std::vector<std::uint64_t>{1, 2, 300}));
  EXPECT_EQ(end.bytes, std::filesystem::file_size(path()));
  EXPECT_EQ(end.rest_bytes, 0U);
  EXPECT_EQ(test::slurp(path()), record(1) + record(2) + record(300));
  EXPECT_EQ(test::slurp(directory_ / "checkpoint"), text_of_note(make(300)));
  for (const char* const name : {"checkpoint", "checkpoints"}) {
    struct stat status{};
    ASSERT_EQ(stat((directory_ / name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
  }
}

TEST_F(CheckpointFileTest, PassesOnTheErrorOfWhoeverReads) {
  append(1);
  append(2);
  int calls = 0;
  const auto ended = read_checkpoints(path(), [&](const Note&) -> Result<void> {
    ++calls;
    return fail(ErrorCode::kPermissionDenied, "enough");
  });
  EXPECT_EQ(ended.error().message, "enough");
  EXPECT_EQ(calls, 1);
}

TEST_F(CheckpointFileTest, ATornWriteOfAnyLengthIsPassedOverAndCutByTheNext) {
  const std::string whole = record(1) + record(2);
  const std::string next = record(3);
  for (std::size_t length = 1; length < next.size(); ++length) {
    directory_.write("checkpoints", whole + next.substr(0, length));
    CheckpointsEnd end;
    ASSERT_EQ(sizes(&end).value(), (std::vector<std::uint64_t>{1, 2})) << length;
    ASSERT_EQ(end.bytes, whole.size());
    ASSERT_EQ(end.rest_bytes, length);
    ASSERT_EQ(last_checkpoint(path()).value(), make(2)) << length;
    if (length % 16 == 0) {
      append(4);
      ASSERT_EQ(test::slurp(path()), whole + record(4));
    }
  }
}

TEST_F(CheckpointFileTest, ATornFirstWriteIsCutToo) {
  directory_.write("checkpoints", record(1).substr(0, 50));
  EXPECT_TRUE(sizes()->empty());
  EXPECT_EQ(last_checkpoint(path()).value(), std::nullopt);
  append(1);
  EXPECT_EQ(test::slurp(path()), record(1));
}

TEST_F(CheckpointFileTest, BlocksThatWereNeverWrittenAreATornWrite) {
  std::string torn = record(2);
  for (std::size_t i = 0; i < 20; ++i) torn[i] = '\0';
  for (const std::string& rest : {torn, std::string(4096, '\0'), record(2).substr(0, 30) + std::string(100, '\0')}) {
    directory_.write("checkpoints", record(1) + rest);
    CheckpointsEnd end;
    EXPECT_EQ(sizes(&end).value(), (std::vector<std::uint64_t>{1}));
    EXPECT_EQ(end.rest_bytes, rest.size());
    append(3);
    EXPECT_EQ(test::slurp(path()), record(1) + record(3));
  }
}

TEST_F(CheckpointFileTest, SaysAtWhichByteItIsDamaged) {
  const std::string first = record(1);
  for (const std::size_t at : {std::size_t{2}, record(2).size() - 8}) {
    std::string second = record(2);
    second[at] = '\x01';
    directory_.write("checkpoints", first + second + record(3));
    const auto refused = sizes();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::kDataLoss);
    EXPECT_THAT(refused.error().message, HasSubstr("checkpoints: damaged at byte " + std::to_string(first.size())));
    // The last one damaged, and not as a torn write damages it.
    directory_.write("checkpoints", first + second);
    EXPECT_EQ(sizes().error().code, ErrorCode::kDataLoss);
    EXPECT_EQ(last_checkpoint(path()).error().code, ErrorCode::kDataLoss);
    EXPECT_EQ(append_checkpoint(directory(), make(4)).error().code, ErrorCode::kDataLoss);
    EXPECT_EQ(test::slurp(path()), first + second) << "nothing is cut";
  }
}

TEST_F(CheckpointFileTest, MoreRestThanANoteIsDamage) {
  directory_.write("checkpoints", record(1) + std::string(kMaxNoteBytes + 2, 'x'));
  EXPECT_EQ(sizes().error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(last_checkpoint(path()).error().code, ErrorCode::kDataLoss);
  directory_.write("checkpoints", record(1) + std::string(kMaxNoteBytes, 'x'));
  EXPECT_EQ(sizes().value(), (std::vector<std::uint64_t>{1}));
  EXPECT_EQ(last_checkpoint(path()).value(), make(1));
}

TEST_F(CheckpointFileTest, FindsTheLastOfManyFromTheEnd) {
  std::string all = "\x01 is in no note, and stands where nobody looks\n";
  for (std::uint64_t size = 1; size <= 3000; ++size) all += record(size);
  directory_.write("checkpoints", all);
  EXPECT_EQ(last_checkpoint(path()).value(), make(3000));
  EXPECT_EQ(sizes().error().code, ErrorCode::kDataLoss);
  append(3001);
  EXPECT_EQ(test::slurp(path()), all + record(3001));
}

TEST_F(CheckpointFileTest, FindsTheLastAmongTheLargestNotes) {
  Note large = make(1);
  while (format_note(large)->size() < 900'000) {
    NoteSignature other = large.signatures[0];
    other.name = "witness.example/" + std::to_string(large.signatures.size());
    other.signature = Bytes(12'000, 7);
    large.signatures.push_back(other);
  }
  append(1);
  append(large);
  EXPECT_EQ(last_checkpoint(path()).value(), large);
  append(3);
  append(large);
  EXPECT_EQ(last_checkpoint(path()).value(), large);
  EXPECT_EQ(sizes().value(), (std::vector<std::uint64_t>{1, 1, 3, 1}));
}

TEST_F(CheckpointFileTest, AppendedAgainItStandsOnce) {
  append(1);
  append(2);
  append(2);
  EXPECT_EQ(sizes().value(), (std::vector<std::uint64_t>{1, 2}));
}

TEST_F(CheckpointFileTest, ACheckpointThatIsNoNoteIsNamed) {
  directory_.write("checkpoint", "nonsense\n");
  const auto refused = read_checkpoint(directory());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kDataLoss);
  EXPECT_THAT(refused.error().message, HasSubstr("/checkpoint: it is no signed note"));
}

TEST_F(CheckpointFileTest, ASymbolicLinkIsNotFollowed) {
  directory_.write("elsewhere", record(1));
  std::filesystem::create_symlink(directory_ / "elsewhere", path());
  EXPECT_FALSE(append_checkpoint(directory(), make(2)).has_value());
  EXPECT_EQ(test::slurp(directory_ / "elsewhere"), record(1));
}

TEST_F(CheckpointFileTest, AnErrorAtAnyCallLeavesWhatCanBeTriedAgain) {
  for (const auto fault : {test::FileFault::kFailNotDone, test::FileFault::kFailAfterDone}) {
    std::size_t at = 1;
    for (;; ++at) {
      std::filesystem::remove(path());
      directory_.write("checkpoint", text_of_note(make(1)));
      directory_.write("checkpoints", record(1) + "torn");
      test::arm_file_fault(fault, at);
      const auto appended = append_checkpoint(directory(), make(2));
      const bool reached = test::disarm_file_fault() >= at;
      if (!reached) {
        EXPECT_TRUE(appended.has_value());
        break;
      }
      if (!appended) {
        // A reader sees the old or the new one; a file that is there is whole.
        EXPECT_THAT(sizes().value(), testing::AnyOf(std::vector<std::uint64_t>{1}, std::vector<std::uint64_t>{1, 2}));
        append(2);
      }
      EXPECT_EQ(test::slurp(path()), record(1) + record(2)) << at;
      EXPECT_EQ(test::slurp(directory_ / "checkpoint"), text_of_note(make(2))) << at;
    }
    EXPECT_GT(at, 7U);
  }
}

}  // namespace
}  // namespace signet::log
