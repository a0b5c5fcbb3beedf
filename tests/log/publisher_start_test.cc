// What a start finds in a log's folder: what is made again, and what is refused.
#include <gmock/gmock.h>

#include <functional>

#include "log/frame.h"
#include "publisher_fixture.h"
#include "support/command.h"

namespace signet::log {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;

/// Every file of a folder with its content.
std::map<std::string, std::string> content_of(const std::string& directory) {
  std::map<std::string, std::string> content;
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory)) {
    if (file.is_regular_file()) content.emplace(file.path().string(), test::slurp(file.path().string()));
  }
  return content;
}

class PublisherStart : public PublisherTest {
 protected:
  [[nodiscard]] std::string path(std::string_view name) const { return log_directory() + "/" + std::string(name); }
  void remove(std::string_view name) const { ASSERT_GT(std::filesystem::remove_all(path(name)), 0U) << name; }
  void write(std::string_view name, std::string_view content) const {
    directory_.write("log/" + std::string(name), content);
  }
  void flip(std::string_view name, std::size_t at) const {
    std::string content = test::slurp(path(name));
    ASSERT_LT(at, content.size());
    content[at] = static_cast<char>(content[at] ^ 1);
    write(name, content);
  }
  [[nodiscard]] std::vector<std::string> checkpoint_notes() const {
    std::vector<std::string> notes;
    EXPECT_TRUE(read_checkpoints(checkpoints_path(log_directory()), [&](const Note& note) -> Result<void> {
                  notes.push_back(text_of_note(note));
                  return {};
                }).has_value());
    return notes;
  }
  [[nodiscard]] Note sign(const Checkpoint& checkpoint, const TestKey& key) const {
    return signed_note(format_checkpoint(checkpoint).value(), key, origin_);
  }
  /// Checkpoints of 300 and of 600 entries, or of a few more sizes in between.
  void publish_twice() {
    publish(300);
    publish(600);
  }

  /// The publisher opens, goes on, and everything is in the folder again.
  void expect_goes_on() {
    open_log();
    const auto opened = try_open_publisher();
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    EXPECT_EQ(publisher_->newest().size, 600U);
    expect_whole_folder(600);
    ASSERT_TRUE(publisher_->check_memory(keeper_).has_value());
    ASSERT_TRUE(publisher_->start(keeper_).has_value());
    append(1);
    ASSERT_TRUE(publisher_->wait_for(600, seconds(10)));
    stop();
    expect_whole_folder(601);
  }

  /// Refused with kDataLoss, and nothing is changed.
  void expect_refused(const testing::Matcher<const std::string&>& message) {
    open_log();
    const auto before = content_of(log_directory());
    const auto refused = try_open_publisher();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::kDataLoss);
    EXPECT_THAT(refused.error().message, message);
    EXPECT_EQ(content_of(log_directory()), before);
    stop();
  }

  /// Writes the log's entries again, each as `change` leaves it; an empty one is left out. Frames are made right, so
  /// that only hashes tell.
  void rewrite_entries(const std::function<std::string(std::uint64_t, std::string)>& change) const {
    Bytes frames;
    std::uint64_t seq = 0;
    {
      const auto log = open();
      for (const Entry& entry : read_all(*log)) {
        const std::string changed = change(seq++, std::string(text_of(entry.encoded)));
        if (!changed.empty()) append_frame(frames, bytes_of(changed));
      }
    }
    overwrite(frames);
    std::filesystem::remove(path("mark"));
  }
};

// ---- what is made again

TEST_F(PublisherStart, AFolderAsItWasLeftIsTakenOver) {
  publish_twice();
  expect_goes_on();
}

TEST_F(PublisherStart, FewTilesAreReadWhenAllIsWell) {
  publish_twice();
  // Not on the way to the root, nor near the end of the log.
  flip("tile/0/000", 32 * 5);
  open_log();
  EXPECT_TRUE(try_open_publisher().has_value());
  EXPECT_EQ(publisher_->trouble(), std::nullopt);
}

TEST_F(PublisherStart, MissingTilesAndBundlesAreMadeAgain) {
  for (const std::string name : {"tile", "tile/0", "tile/0/002.p", "tile/1"}) {
    SCOPED_TRACE(name);
    std::filesystem::remove_all(log_directory());
    memory_ = {};
    SetUp();
    publish_twice();
    remove(name);
    expect_goes_on();
  }
}

TEST_F(PublisherStart, DamagedTilesAreMadeAgain) {
  publish_twice();
  flip("tile/0/002.p/88", 77);
  flip("tile/0/001", 4000);
  flip("tile/entries/000", 99);
  write("tile/1/000.p/2", "short");
  expect_goes_on();
}

TEST_F(PublisherStart, WhatOfTheTilesIsRightIsNotWrittenAgain) {
  publish_twice();
  flip("tile/0/002.p/88", 77);
  const auto before = std::filesystem::last_write_time(path("tile/0/000"));
  expect_goes_on();
  EXPECT_EQ(std::filesystem::last_write_time(path("tile/0/000")), before);
}

TEST_F(PublisherStart, TilesThatCannotBeMadeAgainAreTriedAgain) {
  publish_twice();
  remove("tile");
  write("tile", "in the way");
  open_log();
  ASSERT_TRUE(try_open_publisher().has_value()) << "derived files are never fatal";
  EXPECT_THAT(publisher_->trouble()->message, HasSubstr("/tile"));
  ASSERT_TRUE(publisher_->start(keeper_).has_value());
  append(1);
  EXPECT_FALSE(publisher_->wait_for(600, std::chrono::milliseconds(300)));
  remove("tile");
  ASSERT_TRUE(publisher_->wait_for(600, seconds(20)));
  stop();
  expect_whole_folder(601);
}

TEST_F(PublisherStart, TilesFoundDamagedWhileRunningAreMadeAgain) {
  publish_twice();
  start();
  flip("tile/0/000", 32 * 5);
  const auto refused = publisher_->prove(4);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(refused.error().retryable);
  EXPECT_TRUE(test::eventually([&] { return publisher_->prove(4).has_value(); }));
  stop();
  expect_whole_folder(600);
}

TEST_F(PublisherStart, AnEntryIsProvedEvenIfItsBundleIsDamaged) {
  publish_twice();
  start();
  const std::string right = test::slurp(path("tile/entries/000"));
  flip("tile/entries/000", 50);
  EXPECT_TRUE(publisher_->prove(0).has_value());
  EXPECT_TRUE(test::eventually([&] { return test::slurp(path("tile/entries/000")) == right; }));
  remove("tile/entries/000");
  EXPECT_TRUE(publisher_->prove(0).has_value());
  EXPECT_TRUE(test::eventually([&] { return test::slurp(path("tile/entries/000")) == right; }));
}

TEST_F(PublisherStart, TilesThatSpoilTheKeepersProofAreMadeAgain) {
  publish_twice();
  start();
  keeper_.unavailable = true;
  append(300);
  ASSERT_TRUE(test::eventually([&] { return std::filesystem::exists(path("tile/0/002")); }));
  flip("tile/0/002", 32 * 100);
  keeper_.unavailable = false;
  ASSERT_TRUE(publisher_->wait_for(899, seconds(20)));
  stop();
  expect_whole_folder(900);
}

TEST_F(PublisherStart, AMissingCheckpointIsRestoredFromTheList) {
  publish_twice();
  remove("checkpoint");
  expect_goes_on();
}

TEST_F(PublisherStart, AnOlderCheckpointIsReplacedByTheNewestOfTheList) {
  publish_twice();
  write("checkpoint", checkpoint_notes().front());
  expect_goes_on();
}

TEST_F(PublisherStart, AListThatLacksTheNewestGetsItBack) {
  publish_twice();
  const auto notes = checkpoint_notes();
  std::string shorter;
  for (const std::string& note : std::span(notes).first(notes.size() - 1)) shorter += note + "\n";
  write("checkpoints", shorter + notes.back().substr(0, 40));
  expect_goes_on();
  EXPECT_GE(checkpoint_notes().size(), notes.size() + 1);
}

TEST_F(PublisherStart, AMissingListBeginsAgainWithTheNewest) {
  publish_twice();
  remove("checkpoints");
  expect_goes_on();
  EXPECT_EQ(checkpoint_notes().size(), 2U);
}

TEST_F(PublisherStart, WithoutAnyCheckpointTheKeepersMemoryCounts) {
  publish_twice();
  remove("checkpoint");
  remove("checkpoints");
  open_log();
  ASSERT_TRUE(try_open_publisher().has_value());
  EXPECT_EQ(publisher_->newest().size, 0U);
  ASSERT_TRUE(publisher_->check_memory(keeper_).has_value());
  ASSERT_TRUE(publisher_->start(keeper_).has_value());
  ASSERT_TRUE(publisher_->wait_for(599, seconds(10)));
  stop();
  expect_whole_folder(600);
}

TEST_F(PublisherStart, AKeeperMayRememberMoreThanTheFolderHas) {
  publish(300);
  start();
  keeper_.lose_answers = 1000;
  append(300);
  ASSERT_TRUE(test::eventually([&] { return memory_.count > 0 && memory_.last()->size == 600; }));
  stop(std::chrono::milliseconds(0));
  keeper_.lose_answers = 0;
  std::filesystem::remove_all(path("tile/0/002.p"));  // of a checkpoint that was never in the folder
  start();
  EXPECT_EQ(publisher_->newest().size, 300U);
  ASSERT_TRUE(publisher_->wait_for(599, seconds(10)));
  stop();
  expect_whole_folder(600);
}

// ---- what is refused

TEST_F(PublisherStart, RefusesALogThatIsShorterThanItsCheckpoint) {
  publish_twice();
  rewrite_entries([](std::uint64_t seq, std::string entry) { return seq < 555 ? entry : std::string(); });
  expect_refused(AllOf(HasSubstr("covers 600 entries, and the log has 555")));
}

TEST_F(PublisherStart, NothingThatACheckpointCoversIsCut) {
  publish_twice();
  const std::string whole = test::slurp(path("entries"));
  flip("entries", whole.find_last_not_of('\0') - 1);
  std::filesystem::remove(path("checkpoint"));  // the list is enough
  const auto before = content_of(log_directory());
  const auto refused = try_open();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kDataLoss);
  EXPECT_THAT(refused.error().message, HasSubstr("(entry 599), and its newest checkpoint covers 600 entries"));
  EXPECT_EQ(content_of(log_directory()), before);
}

TEST_F(PublisherStart, ATornTailBehindTheCheckpointIsCut) {
  publish_twice();
  std::string torn = test::slurp(path("entries"));
  torn.resize(torn.find_last_not_of('\0') + 1);
  write("entries", torn + std::string("\0\0\1\0half a fra", 14));
  EXPECT_EQ(try_open().value()->recovery().cut_bytes, 14U);
}

TEST_F(PublisherStart, RefusesAnEntryThatWasChangedAndNamesIt) {
  publish_twice();
  rewrite_entries([](std::uint64_t seq, std::string entry) {
    if (seq == 123) entry[entry.find("entry e") + 6] = 'X';
    return entry;
  });
  expect_refused(AllOf(HasSubstr("600 entries have the root"), HasSubstr("not the one in the tiles is 123")));
}

TEST_F(PublisherStart, RefusesAChangedEntryWhenTheTilesWereRemoved) {
  publish_twice();
  rewrite_entries([](std::uint64_t seq, std::string entry) {
    if (seq == 599) entry[entry.find("entry e") + 6] = 'X';
    return entry;
  });
  remove("tile");
  expect_refused(HasSubstr("600 entries have the root"));
}

TEST_F(PublisherStart, RefusesAnotherHistoryThatHasItsOwnTiles) {
  publish_twice();
  const auto notes = content_of(log_directory());
  std::filesystem::remove_all(log_directory());
  memory_ = {};
  SetUp();
  publish(600);
  write("checkpoint", notes.at(path("checkpoint")));
  write("checkpoints", notes.at(path("checkpoints")));
  expect_refused(AllOf(HasSubstr("600 entries have the root"), HasSubstr("all entries agree with their tiles")));
}

TEST_F(PublisherStart, RefusesACheckpointByAnotherKey) {
  publish_twice();
  const Checkpoint real = parse_checkpoint(read_checkpoint(log_directory()).value()->text).value();
  const TestKey other(KeyType::kEd25519);
  const auto list = test::slurp(path("checkpoints"));
  const auto single = test::slurp(path("checkpoint"));
  write("checkpoint", text_of_note(sign(real, other)));
  expect_refused(AllOf(HasSubstr("/checkpoint: not signed by the log's key"), HasSubstr(verifier_.key_string())));
  write("checkpoint", single);
  write("checkpoints", list + text_of_note(sign(real, other)) + "\n");
  expect_refused(HasSubstr("/checkpoints: not signed by the log's key"));
}

TEST_F(PublisherStart, RefusesACheckpointOfAnotherLogByTheSameKey) {
  publish_twice();
  const Checkpoint real = parse_checkpoint(read_checkpoint(log_directory()).value()->text).value();
  write("checkpoint", text_of_note(sign({"other.example/log", real.size, real.root}, key_)));
  expect_refused(HasSubstr("of the log \"other.example/log\", not of \"" + origin_));
}

TEST_F(PublisherStart, RefusesACheckpointThatWasChanged) {
  publish_twice();
  for (const std::size_t at : {std::size_t{3}, origin_.size() + 1, origin_.size() + 10}) {
    const std::string right = test::slurp(path("checkpoint"));
    flip("checkpoint", at);
    expect_refused(HasSubstr("/checkpoint: "));
    write("checkpoint", right);
  }
}

TEST_F(PublisherStart, RefusesSignedTextThatIsNoCheckpoint) {
  publish_twice();
  write("checkpoint", text_of_note(signed_note(origin_ + "\n600\n", key_, origin_)));
  expect_refused(HasSubstr("/checkpoint: "));
}

TEST_F(PublisherStart, RefusesTwoCheckpointsOfTwoHistories) {
  publish_twice();
  const auto forked = sign({origin_, 500, sha256(bytes_of("another history"))}, key_);
  write("checkpoint", text_of_note(forked));
  expect_refused(AllOf(HasSubstr("/checkpoint: its 500 entries have the root"), HasSubstr("checkpoints says")));
}

TEST_F(PublisherStart, RefusesTwoRootsOfOneSize) {
  publish_twice();
  write("checkpoint", text_of_note(sign({origin_, 600, sha256(bytes_of("another history"))}, key_)));
  expect_refused(HasSubstr("/checkpoint: its 600 entries have the root"));
}

TEST_F(PublisherStart, RefusesADamagedEndOfTheList) {
  publish_twice();
  flip("checkpoints", test::slurp(path("checkpoints")).size() - 20);
  expect_refused(HasSubstr("/checkpoints: "));
}

// ---- what the keeper remembers

TEST_F(PublisherStart, AKeeperThatRemembersMoreEntriesRefusesAnOlderCopy) {
  publish(300);
  std::filesystem::copy(log_directory(), directory_ / "copy", std::filesystem::copy_options::recursive);
  publish(600);
  std::filesystem::remove_all(log_directory());
  std::filesystem::rename(directory_ / "copy", log_directory());
  open_log();
  ASSERT_TRUE(try_open_publisher().has_value()) << "the folder alone does not tell";
  const auto refused = publisher_->check_memory(keeper_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kDataLoss);
  EXPECT_THAT(refused.error().message, HasSubstr("remembers a checkpoint of 600 entries, and the log has 300"));
  // Nor is anything signed should it be started all the same.
  ASSERT_TRUE(publisher_->start(keeper_).has_value());
  append(1);
  ASSERT_TRUE(test::eventually([&] { return publisher_->trouble().has_value(); }));
  EXPECT_THAT(publisher_->trouble()->message, HasSubstr("remembers a checkpoint of 600 entries"));
  EXPECT_EQ(memory_.last()->size, 600U);
  stop(std::chrono::milliseconds(0));
}

TEST_F(PublisherStart, AKeeperThatRemembersAnotherHistoryRefusesTheCopyThatGrewByItself) {
  publish(300);
  std::filesystem::copy(log_directory(), directory_ / "copy", std::filesystem::copy_options::recursive);
  publish(400);
  std::filesystem::remove_all(log_directory());
  std::filesystem::rename(directory_ / "copy", log_directory());
  open_log();
  append(200);
  ASSERT_TRUE(try_open_publisher().has_value());
  const auto refused = publisher_->check_memory(keeper_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kDataLoss);
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr("the first 400 entries"), HasSubstr("in an entry from 300 to 399")));
  ASSERT_TRUE(publisher_->start(keeper_).has_value());
  const auto says_so = [&] {
    const auto trouble = publisher_->trouble();
    return trouble && trouble->message.contains("remembers the root");
  };
  EXPECT_TRUE(test::eventually(says_so));
  EXPECT_EQ(memory_.last()->size, 400U);
  stop(std::chrono::milliseconds(0));
}

TEST_F(PublisherStart, AKeeperThatForgotTheNewestCheckpointIsRefused) {
  publish_twice();
  open_log();
  ASSERT_TRUE(try_open_publisher().has_value());
  KeeperMemory other;
  KeeperKey keeper(key_, origin_, other);
  const auto nothing = publisher_->check_memory(keeper);
  ASSERT_FALSE(nothing.has_value());
  EXPECT_THAT(nothing.error().message, HasSubstr("remembers a checkpoint of 0 entries"));
  other.add(memory_.heads[0]);
  EXPECT_FALSE(publisher_->check_memory(keeper).has_value()) << "an older copy of its journal";
  EXPECT_TRUE(publisher_->check_memory(keeper_).has_value());
}

TEST_F(PublisherStart, NothingIsSignedByAKeeperThatForgotMeanwhile) {
  publish(10);
  start();
  memory_.count = 0;
  append(1);
  EXPECT_FALSE(publisher_->wait_for(10, std::chrono::milliseconds(300)));
  ASSERT_TRUE(publisher_->trouble().has_value());
  EXPECT_THAT(publisher_->trouble()->message, HasSubstr("log.accept_lost_memory = 10"));
  EXPECT_EQ(memory_.count, 0U);
}

TEST_F(PublisherStart, ALossThatIsAcceptedIsOfOneCheckpointOnlyAndMustBeOurs) {
  publish_twice();
  open_log();
  const std::uint64_t newest = memory_.last()->size;
  PublisherOptions accepting = options();
  accepting.accepted_loss = newest;
  publisher_ = Publisher::open(accepting, *log_, system_clock()).value();
  KeeperMemory other;
  KeeperKey keeper(key_, origin_, other);
  EXPECT_TRUE(publisher_->check_memory(keeper).has_value()) << "it remembers nothing";
  other.add(memory_.heads[0]);
  EXPECT_TRUE(publisher_->check_memory(keeper).has_value());
  other.add({.size = 100, .root = sha256(bytes_of("another history"))});
  const auto refused = publisher_->check_memory(keeper);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("in an entry from 0 to 99"));
  accepting.accepted_loss = newest - 1;
  publisher_ = Publisher::open(accepting, *log_, system_clock()).value();
  EXPECT_FALSE(publisher_->check_memory(keeper).has_value());
  keeper.unavailable = true;
  EXPECT_EQ(publisher_->check_memory(keeper).error().code, ErrorCode::kUnavailable);
}

TEST_F(PublisherStart, AKeeperIsNotContradictedBecauseOfADamagedTile) {
  publish(512);
  start();
  append(88);
  ASSERT_TRUE(publisher_->wait_for(599, seconds(10)));
  flip("tile/1/000.p/2", 5);
  EXPECT_TRUE(publisher_->check_memory(keeper_).has_value());
}

}  // namespace
}  // namespace signet::log
