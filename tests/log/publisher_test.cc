#include "log/publisher.h"

#include <gmock/gmock.h>

#include "publisher_fixture.h"
#include "support/command.h"

namespace signet::log {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

/// The entry a proof carries, after everything about the proof was verified.
Bytes verified_entry(const Bytes& bytes, const NoteVerifier& verifier, std::uint64_t index) {
  const auto proof = parse_proof_file(bytes);
  EXPECT_TRUE(proof.has_value()) << proof.error().message;
  EXPECT_EQ(proof->index, index);
  EXPECT_TRUE(verify_note(proof->checkpoint, std::span(&verifier, 1)).has_value());
  const Checkpoint tree = parse_checkpoint(proof->checkpoint.text).value();
  EXPECT_EQ(tree.origin, verifier.name());
  EXPECT_TRUE(verify_inclusion(index, tree.size, leaf_hash(proof->extra), proof->path, tree.root).has_value());
  return proof->extra;
}

TEST_F(PublisherTest, HasNothingBeforeTheFirstEntry) {
  start();
  EXPECT_EQ(publisher_->newest().size, 0U);
  EXPECT_TRUE(publisher_->newest().note.empty());
  EXPECT_EQ(publisher_->waiting_since(), std::nullopt);
  EXPECT_EQ(publisher_->prove(0).error().field, "index");
  EXPECT_FALSE(publisher_->wait_for(0, milliseconds(50)));
  stop();
  EXPECT_EQ(keeper_.calls, 0);
  EXPECT_FALSE(std::filesystem::exists(checkpoint_path(log_directory())));
}

TEST_F(PublisherTest, PublishesWhatIsNew) {
  start();
  append(3);
  ASSERT_TRUE(publisher_->wait_for(2, seconds(10)));
  const Published newest = publisher_->newest();
  EXPECT_EQ(newest.size, 3U);
  EXPECT_EQ(newest.root, merkle_root(leaves()));
  EXPECT_EQ(text_of(newest.note), test::slurp(checkpoint_path(log_directory())));
  EXPECT_EQ(publisher_->waiting_since(), std::nullopt);
  append(1);
  ASSERT_TRUE(publisher_->wait_for(3, seconds(10)));
  stop();
  expect_whole_folder(4);
}

TEST_F(PublisherTest, MakesOneCheckpointForManyEntries) {
  start(seconds(1));
  append(1);
  ASSERT_TRUE(publisher_->wait_for(0, seconds(10)));
  const int before = keeper_.calls;
  append(200);
  ASSERT_TRUE(publisher_->wait_for(200, seconds(10)));
  EXPECT_LE(keeper_.calls - before, 2);
  stop();
  expect_whole_folder(201);
}

TEST_F(PublisherTest, DoesNotWaitForTheIntervalWithManyEntries) {
  start(std::chrono::hours(1));
  append(1);
  ASSERT_TRUE(publisher_->wait_for(0, seconds(10)));
  append(kMaxUnpublished - 1);
  EXPECT_FALSE(publisher_->wait_for(1, milliseconds(300)));
  append(1);
  EXPECT_TRUE(publisher_->wait_for(kMaxUnpublished, seconds(20)));
  stop();
  expect_whole_folder(kMaxUnpublished + 1);
}

TEST_F(PublisherTest, WritesAMarkThatTheNextStartBeginsWith) {
  publish(600);
  start();
  EXPECT_GE(log_->recovery().read_from, 599U);
  EXPECT_EQ(publisher_->newest().size, 600U);
  append(1);
  ASSERT_TRUE(publisher_->wait_for(600, seconds(10)));
  stop();
  expect_whole_folder(601);
}

TEST_F(PublisherTest, LeavesNoPartialTileBesideAFullOne) {
  start(milliseconds(5));
  for (int i = 0; i < 70; ++i) {
    append(10);
    ASSERT_TRUE(publisher_->wait_for(log_->size() - 1, seconds(10)));
  }
  stop();
  expect_whole_folder(700);
  for (const char* const full : {"tile/0/000", "tile/0/001", "tile/entries/000", "tile/entries/001"}) {
    EXPECT_TRUE(std::filesystem::exists(log_directory() + "/" + full)) << full;
    EXPECT_FALSE(std::filesystem::exists(log_directory() + "/" + full + ".p")) << full;
  }
  EXPECT_TRUE(files_with(log_directory(), ".new").empty());
}

TEST_F(PublisherTest, SweepsWhatAnEarlierProcessLeft) {
  publish(300);
  std::filesystem::create_directory(log_directory() + "/tile/0/000.p");
  directory_.write("log/tile/0/000.p/200", "old");
  directory_.write("log/tile/0/001.0123456789abcdef.new", "half");
  start();
  append(1);
  EXPECT_TRUE(test::eventually([&] { return files_with(log_directory(), "tile/0/000.p").empty(); }));
  EXPECT_TRUE(test::eventually([&] { return files_with(log_directory(), ".new").empty(); }));
  stop();
  expect_whole_folder(301);
}

TEST_F(PublisherTest, ManyWaitForTheirEntries) {
  start();
  append(1);
  std::atomic<int> covered = 0;
  std::vector<std::thread> waiters;
  for (std::uint64_t i = 0; i < 100; ++i) {
    waiters.emplace_back([&, i] { covered += publisher_->wait_for(i, seconds(20)) ? 1 : 0; });
  }
  append(99);
  for (std::thread& waiter : waiters) waiter.join();
  EXPECT_EQ(covered, 100);
  stop();
}

TEST_F(PublisherTest, StopsWaitingWhenItStops) {
  start();
  std::thread waiter([&] { EXPECT_FALSE(publisher_->wait_for(1000, seconds(60))); });
  std::this_thread::sleep_for(milliseconds(20));
  publisher_->stop();
  waiter.join();
  EXPECT_FALSE(publisher_->wait_for(1000, seconds(60)));
  EXPECT_EQ(publisher_->start(keeper_).error().code, ErrorCode::kFailedPrecondition);
}

TEST_F(PublisherTest, StoppingPublishesWhatIsDurable) {
  start(std::chrono::hours(1));
  append(1);
  ASSERT_TRUE(publisher_->wait_for(0, seconds(10)));
  append(5);
  std::thread waiter([&] { EXPECT_TRUE(publisher_->wait_for(5, seconds(60))); });
  publisher_->stop();
  waiter.join();
  stop();
  expect_whole_folder(6);
}

TEST_F(PublisherTest, StoppingGivesUpOnAKeyThatIsNotThere) {
  start();
  keeper_.unavailable = true;
  append(5);
  const auto began = std::chrono::steady_clock::now();
  stop(milliseconds(300));
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(5));
  EXPECT_FALSE(std::filesystem::exists(checkpoint_path(log_directory())));
  keeper_.unavailable = false;
  publish(5);
  expect_whole_folder(5);
}

TEST_F(PublisherTest, TriesAgainUntilTheKeyIsThere) {
  start();
  keeper_.unavailable = true;
  append(5);
  ASSERT_TRUE(test::eventually([&] { return publisher_->trouble().has_value(); }));
  EXPECT_EQ(publisher_->trouble()->code, ErrorCode::kUnavailable);
  const auto since = publisher_->waiting_since();
  ASSERT_TRUE(since.has_value());
  append(300);
  EXPECT_EQ(publisher_->waiting_since(), since) << "the oldest entry counts";
  EXPECT_EQ(publisher_->newest().size, 0U);
  keeper_.unavailable = false;
  ASSERT_TRUE(publisher_->wait_for(304, seconds(20)));
  EXPECT_TRUE(test::eventually([&] { return !publisher_->trouble().has_value(); }));
  EXPECT_TRUE(test::eventually([&] { return !publisher_->waiting_since().has_value(); }));
  stop();
  expect_whole_folder(305);
}

TEST_F(PublisherTest, GoesOnFromWhatTheKeeperRemembersWhenAnswersAreLost) {
  start();
  append(5);
  ASSERT_TRUE(publisher_->wait_for(4, seconds(10)));
  keeper_.lose_answers = 2;
  append(300);
  ASSERT_TRUE(publisher_->wait_for(304, seconds(20)));
  EXPECT_EQ(keeper_.lose_answers, 0);
  EXPECT_GE(memory_.count, 4U);
  stop();
  expect_whole_folder(305);
}

TEST_F(PublisherTest, ThrowsAWrongSignatureAway) {
  keeper_.wrong_signatures = 1;
  start();
  append(5);
  ASSERT_TRUE(test::eventually([&] { return publisher_->trouble().has_value(); }));
  ASSERT_TRUE(publisher_->wait_for(4, seconds(20)));
  stop();
  expect_whole_folder(5);
}

TEST_F(PublisherTest, AKeyThatHangsHoldsNobodyElseUp) {
  start();
  append(5);
  ASSERT_TRUE(publisher_->wait_for(4, seconds(10)));
  keeper_.hang();
  append(300);
  ASSERT_TRUE(test::eventually([&] { return keeper_.calls > 1; }));
  append(5);
  EXPECT_FALSE(publisher_->wait_for(5, milliseconds(50)));
  EXPECT_EQ(publisher_->newest().size, 5U);
  EXPECT_TRUE(publisher_->prove(4).has_value()) << "proofs go on from the newest checkpoint";
  EXPECT_TRUE(publisher_->waiting_since().has_value());
  keeper_.release();
  EXPECT_TRUE(publisher_->wait_for(309, seconds(20)));
  stop();
  expect_whole_folder(310);
}

TEST_F(PublisherTest, ProvesEveryEntry) {
  start();
  append(600);
  ASSERT_TRUE(publisher_->wait_for(599, seconds(20)));
  const std::vector<Entry> entries = read_all(*log_);
  for (std::uint64_t i = 0; i < 600; ++i) {
    const auto proof = publisher_->prove(i);
    ASSERT_TRUE(proof.has_value()) << proof.error().message;
    ASSERT_EQ(verified_entry(*proof, verifier_, i), entries[i].encoded);
  }
  const auto beyond = publisher_->prove(600);
  EXPECT_EQ(beyond.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(beyond.error().field, "index");
  EXPECT_THAT(beyond.error().message, HasSubstr("covers 600 entries"));
}

TEST_F(PublisherTest, ProvesThatAnOlderTreeIsItsBeginning) {
  start();
  std::vector<Published> all;
  for (int i = 0; i < 8; ++i) {
    append(97);
    ASSERT_TRUE(publisher_->wait_for(log_->size() - 1, seconds(20)));
    all.push_back(publisher_->newest());
  }
  for (const Published& newer : all) {
    for (const Published& older : all) {
      const auto proof = publisher_->prove_consistency(older.size, newer);
      if (older.size > newer.size) {
        EXPECT_EQ(proof.error().code, ErrorCode::kInvalidArgument);
        continue;
      }
      ASSERT_TRUE(proof.has_value()) << proof.error().message;
      EXPECT_TRUE(verify_consistency(older.size, newer.size, older.root, newer.root, *proof).has_value());
    }
    EXPECT_TRUE(publisher_->prove_consistency(0, newer)->empty());
  }
}

TEST_F(PublisherTest, GivesEntriesAsManyAsFit) {
  start();
  append(50);
  ASSERT_TRUE(publisher_->wait_for(49, seconds(20)));
  const Published to = publisher_->newest();
  append(5);
  const std::vector<Entry> all = read_all(*log_);
  EXPECT_EQ(publisher_->entries(10, 5, to, 1'000'000)->size(), 5U);
  EXPECT_EQ(publisher_->entries(10, 5, to, 1'000'000)->front(), all[10].encoded);
  EXPECT_EQ(publisher_->entries(45, 1000, to, 1'000'000)->size(), 5U) << "not beyond the checkpoint";
  EXPECT_EQ(publisher_->entries(0, UINT64_MAX, to, 1'000'000)->size(), 50U);
  EXPECT_EQ(publisher_->entries(7, 5, to, 1)->size(), 1U) << "at least one";
  EXPECT_EQ(publisher_->entries(7, 5, to, all[7].encoded.size() + all[8].encoded.size())->size(), 2U);
  EXPECT_EQ(publisher_->entries(50, 1, to, 1000).error().field, "first");
  EXPECT_EQ(publisher_->entries(5, 0, to, 1000).error().field, "count");
}

TEST_F(PublisherTest, GoesOnWhileEntriesAreAppendedAndProofsAreMade) {
  start(milliseconds(10));
  append(300);
  ASSERT_TRUE(publisher_->wait_for(299, seconds(20)));
  std::atomic<bool> done = false;
  std::atomic<int> proofs = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        const Published newest = publisher_->newest();
        const auto proof = publisher_->prove(newest.size - 1);
        ASSERT_TRUE(proof.has_value()) << proof.error().message;
        verified_entry(*proof, verifier_, newest.size - 1);
        ASSERT_TRUE(publisher_->prove_consistency(newest.size / 2, newest).has_value());
        ++proofs;
      }
    });
  }
  append(6000);
  ASSERT_TRUE(publisher_->wait_for(6299, seconds(60)));
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_GT(proofs, 0);
  EXPECT_EQ(publisher_->trouble(), std::nullopt);
  stop();
  expect_whole_folder(6300);
}

TEST_F(PublisherTest, SignsNothingAnyMoreWhenTheLogFailed) {
  FaultyOps ops;
  log_ = open(ops);
  ASSERT_TRUE(log_->start(recorder_).has_value());
  ASSERT_TRUE(try_open_publisher(seconds(30)).has_value());
  ASSERT_TRUE(publisher_->start(keeper_).has_value());
  ASSERT_TRUE(log_->append(note("published")).has_value());
  ASSERT_TRUE(publisher_->wait_for(0, seconds(10)));
  ASSERT_TRUE(log_->append(note("waits for the next turn")).has_value());
  ops.fail_sync_at = ops.syncs + 1;
  ASSERT_FALSE(log_->append(note("doubtful")).has_value());
  publisher_->stop(milliseconds(300));
  EXPECT_EQ(keeper_.calls, 1);
  EXPECT_THAT(publisher_->trouble()->message, HasSubstr("the log cannot be written"));
  stop();
}

class EcdsaPublisherTest : public PublisherTest {
 protected:
  TestKey p256_{KeyType::kEcP256};
  KeeperKey p256_keeper_{p256_, origin_, memory_};
};

TEST_F(EcdsaPublisherTest, SignsWithAKeyOfATpmToo) {
  verifier_ = p256_.verifier(origin_);
  ASSERT_EQ(verifier_.type(), NoteKeyType::kEcdsa);
  for (const std::uint64_t size : {300U, 600U}) {
    open_log();
    ASSERT_TRUE(try_open_publisher().has_value());
    ASSERT_TRUE(publisher_->check_memory(p256_keeper_).has_value());
    ASSERT_TRUE(publisher_->start(p256_keeper_).has_value());
    append(300);
    ASSERT_TRUE(publisher_->wait_for(size - 1, seconds(20)));
    verified_entry(publisher_->prove(size - 1).value(), verifier_, size - 1);
    stop();
    expect_whole_folder(size);
    log_.reset();
  }
}

}  // namespace
}  // namespace signet::log
