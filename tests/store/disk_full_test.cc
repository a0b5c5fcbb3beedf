// What the store does when its disk is full: what closes an intent finds room.
#include <gmock/gmock.h>

#include <filesystem>

#include "log/log_fixture.h"
#include "store/full_disk.h"
#include "store/log_drafts.h"
#include "store/store.h"
#include "support/temp_directory.h"

namespace signet {
namespace {

using test::intent;
using test::issued;
using testing::HasSubstr;

class StoreOnAFullDisk : public testing::Test {
 protected:
  static constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
  static constexpr std::uint8_t kIntents = 100;

  StoreOnAFullDisk() {
    open();
    append(test::genesis());
    for (std::uint8_t n = 0; n < kIntents; ++n) append(intent(n));
  }
  void open() {
    auto log = log::EntryLog::open(directory_ / "log", system_clock());
    ASSERT_TRUE(log.has_value()) << log.error().message;
    log_ = *std::move(log);
    auto store = Store::open(path(), {.min_free_bytes = kMiB}, ops_);
    ASSERT_TRUE(store.has_value()) << store.error().message;
    store_ = *std::move(store);
    ASSERT_TRUE(catch_up(*log_, *store_).has_value());
    ASSERT_TRUE(log_->start(*store_).has_value());
  }
  void close() {
    log_.reset();
    store_.reset();
  }
  std::uint64_t append(log::Draft draft) { return log_->append(std::move(draft)).value(); }
  [[nodiscard]] std::string path() const { return directory_ / "store.sqlite"; }
  [[nodiscard]] bool has_reserve() const { return std::filesystem::exists(path() + ".reserve"); }
  /// Entry 1 is the first intent.
  void close_all_intents() {
    for (std::uint8_t n = 0; n < kIntents; ++n) {
      const auto closed = log_->append(issued(std::uint64_t{n} + 1, n), log::Urgency::kEssential);
      ASSERT_TRUE(closed.has_value()) << int{n} << ": " << closed.error().message;
    }
  }

  test::TempDirectory directory_;
  test::FullDisk disk_{path()};
  log::FaultyOps ops_;
  std::unique_ptr<log::EntryLog> log_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreOnAFullDisk, ClosesEveryIntentInTheRoomThatItKept) {
  EXPECT_EQ(std::filesystem::file_size(path() + ".reserve"), 8 * kMiB);
  disk_.fill();
  close_all_intents();
  EXPECT_GT(disk_.refusals(), 0) << "the disk was full";
  EXPECT_FALSE(has_reserve());
  EXPECT_EQ(store_->issued_count(), kIntents);
  EXPECT_TRUE(store_->open_intents().value().empty());
  EXPECT_FALSE(log_->failed());
}

TEST_F(StoreOnAFullDisk, IsCaughtUpAtAStartInTheRoomThatItKept) {
  close();
  {
    log::Recorder nobody;
    auto log = log::EntryLog::open(directory_ / "log", system_clock());
    ASSERT_TRUE(log.has_value()) << log.error().message;
    log_ = *std::move(log);
    ASSERT_TRUE(log_->start(nobody).has_value());
    close_all_intents();
    close();
  }
  disk_.fill();
  open();
  EXPECT_GT(disk_.refusals(), 0) << "the disk was full";
  EXPECT_EQ(store_->issued_count(), kIntents);
}

TEST_F(StoreOnAFullDisk, MakesTheReserveAgainWhenThereIsRoomForItAndForMore) {
  disk_.fill();
  close_all_intents();
  ASSERT_FALSE(has_reserve());
  ops_.free = 9 * kMiB - 1;
  const auto refused = store_->check_room();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(refused.error().retryable);
  EXPECT_THAT(refused.error().message, HasSubstr(directory_.path()));
  EXPECT_FALSE(has_reserve());
  disk_.empty();
  ops_.free = 9 * kMiB;
  EXPECT_TRUE(store_->check_room().has_value());
  EXPECT_TRUE(has_reserve());
  ops_.free = kMiB;
  EXPECT_TRUE(store_->check_room().has_value()) << "the reserve is there";
  ops_.free = kMiB - 1;
  EXPECT_FALSE(store_->check_room().has_value());
}

TEST_F(StoreOnAFullDisk, AReserveThatWasOnlyBegunIsMadeWhole) {
  close();
  std::filesystem::resize_file(path() + ".reserve", 4096);
  open();
  EXPECT_EQ(std::filesystem::file_size(path() + ".reserve"), 8 * kMiB);
}

}  // namespace
}  // namespace signet
