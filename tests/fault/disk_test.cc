// The model of a disk after a power cut.
#include "fault/disk.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "support/command.h"
#include "support/temp_directory.h"

namespace signet::test {
namespace {

class DiskTest : public testing::Test {
 protected:
  DiskTest() {
    std::filesystem::create_directory(directory_ / "state");
    directory_.write("state/old", "old");
    disk_ = std::make_unique<Disk>(directory_ / "state");
  }

  [[nodiscard]] std::string path(const std::string& name) const {
    return std::filesystem::canonical(directory_ / "state").string() + "/" + name;
  }
  void apply(TraceRecord record) {
    record.process = 1;
    record.thread = 1;
    disk_->apply(record);
  }
  void open(const std::string& name, std::uint32_t handle, int flags = O_RDWR | O_CREAT) {
    apply({.op = TraceOp::kOpen, .handle = handle, .offset = static_cast<std::uint64_t>(flags), .path = path(name)});
  }
  void open_folder(std::uint32_t handle) {
    apply({.op = TraceOp::kOpen,
           .handle = handle,
           .offset = O_RDONLY,
           .path = std::filesystem::canonical(directory_ / "state")});
  }
  void write(std::uint32_t handle, const std::string& text, std::uint64_t offset = 0) {
    apply({.op = TraceOp::kWrite, .handle = handle, .offset = offset, .bytes = copy_of(bytes_of(text))});
  }
  void sync(std::uint32_t handle) {
    apply({.op = TraceOp::kSyncBegin, .handle = handle});
    apply({.op = TraceOp::kSyncEnd, .handle = handle});
  }
  void rename(const std::string& from, const std::string& to) {
    apply({.op = TraceOp::kRename, .path = path(from), .to_path = path(to)});
  }

  /// The content of a file in a state, or "-" where it is not there.
  std::string left(const std::string& name, Survival survival, Seed seed = 0) {
    const TempDirectory place;
    disk_->write(place / "cut", survival, seed);
    const std::string file = place / "cut/" + name;
    return std::filesystem::exists(file) ? slurp(file) : "-";
  }
  /// All that is found in so many states of chance.
  std::set<std::string> left_at_random(const std::string& name, int states = 60) {
    std::set<std::string> found;
    for (int seed = 0; seed < states; ++seed) found.insert(left(name, Survival::kRandom, static_cast<Seed>(seed)));
    return found;
  }

  TempDirectory directory_;
  std::unique_ptr<Disk> disk_;
};

TEST_F(DiskTest, WhatWasThereBeforeTheTraceStays) {
  EXPECT_EQ(left("old", Survival::kNothing), "old");
  EXPECT_EQ(text_of(disk_->durable("old").value()), "old");
}

TEST_F(DiskTest, AWriteLastsOnceItsFileWasSynced) {
  open("old", 1);
  write(1, "new");
  EXPECT_EQ(left("old", Survival::kNothing), "old");
  EXPECT_EQ(left("old", Survival::kEverything), "new");
  EXPECT_EQ(text_of(disk_->durable("old").value()), "old");
  sync(1);
  EXPECT_EQ(left("old", Survival::kNothing), "new");
}

TEST_F(DiskTest, ASyncCoversWhatWasWrittenBeforeItBegan) {
  open("old", 1);
  write(1, "ab");
  apply({.op = TraceOp::kSyncBegin, .handle = 1});
  write(1, "XY");
  apply({.op = TraceOp::kSyncEnd, .handle = 1});
  EXPECT_EQ(left("old", Survival::kNothing), "abd");
  EXPECT_EQ(left("old", Survival::kEverything), "XYd");
}

TEST_F(DiskTest, WhatAFailedSyncCoveredNoLaterSyncBringsBack) {
  open("old", 1);
  write(1, "new");
  apply({.op = TraceOp::kSyncFailed, .handle = 1});
  sync(1);
  EXPECT_EQ(left("old", Survival::kNothing), "old");
  EXPECT_EQ(left("old", Survival::kEverything), "new");
}

TEST_F(DiskTest, ANewNameLastsOnceItsFolderWasSynced) {
  open("new", 1);
  write(1, "text");
  sync(1);
  EXPECT_EQ(left("new", Survival::kNothing), "-");
  EXPECT_FALSE(disk_->durable("new").has_value());
  open_folder(2);
  sync(2);
  EXPECT_EQ(left("new", Survival::kNothing), "text");
}

TEST_F(DiskTest, ARenameCanLastWithoutTheDataAndTheDataWithoutTheRename) {
  open("beside", 1);
  write(1, "new");
  rename("beside", "old");
  EXPECT_EQ(left("old", Survival::kNothing), "old");
  EXPECT_EQ(left("old", Survival::kNames), "");
  EXPECT_EQ(left("old", Survival::kData), "old");
  EXPECT_EQ(left("old", Survival::kEverything), "new");
  EXPECT_EQ(left("beside", Survival::kEverything), "-");
  EXPECT_THAT(left_at_random("old"), testing::UnorderedElementsAre("", "old", "new"));
}

TEST_F(DiskTest, WritesAreTornAtSectorsAndReordered) {
  open("old", 1);
  apply({.op = TraceOp::kTruncate, .handle = 1, .offset = 0});
  apply({.op = TraceOp::kAllocate, .handle = 1, .offset = 8192});
  sync(1);
  EXPECT_EQ(left("old", Survival::kNothing), std::string(8192, '\0'));
  write(1, std::string(1024, 'x'), 256);  // of the sectors 0 and 1 and of a part of 2
  std::size_t with_holes = 0;
  for (const std::string& content : left_at_random("old", 200)) {
    ASSERT_EQ(content.size(), 8192U);
    for (const std::size_t border : {0U, 512U, 1024U}) {
      const std::string sector = content.substr(border, 512);
      const auto written = static_cast<std::size_t>(std::ranges::count(sector, 'x'));
      EXPECT_TRUE(written == 0 || written == (border == 512 ? 512U : 256U)) << "torn within a sector";
    }
    with_holes += content[300] == '\0' && content[1100] == 'x' ? 1U : 0U;
  }
  EXPECT_GT(with_holes, 0U) << "a later sector without an earlier one";
}

TEST_F(DiskTest, AFolderThatWasNotSyncedTakesEverythingBelowItAlong) {
  apply({.op = TraceOp::kMakeFolder, .path = path("tile")});
  open("tile/a", 1);
  write(1, "text");
  sync(1);
  apply({.op = TraceOp::kOpen, .handle = 2, .offset = O_RDONLY, .path = path("tile")});
  sync(2);
  EXPECT_EQ(left("tile/a", Survival::kNothing), "-");
  open_folder(3);
  sync(3);
  EXPECT_EQ(left("tile/a", Survival::kNothing), "text");
  apply({.op = TraceOp::kUnlink, .path = path("tile/a")});
  EXPECT_EQ(left("tile/a", Survival::kNothing), "text");
  EXPECT_EQ(left("tile/a", Survival::kNames), "-");
}

TEST_F(DiskTest, ASyncOfTheFileSystemCoversEveryFileAndName) {
  open("old", 1);
  write(1, "new");
  apply({.op = TraceOp::kMakeFolder, .path = path("tile")});
  open("tile/a", 2);
  write(2, "text");
  open("gone", 3);
  write(3, "brought back");
  apply({.op = TraceOp::kSyncAllBegin, .handle = 2});
  write(1, "XY");
  apply({.op = TraceOp::kSyncAllEnd, .handle = 2});
  apply({.op = TraceOp::kUnlink, .path = path("gone")});
  EXPECT_EQ(left("old", Survival::kNothing), "new");
  EXPECT_EQ(left("tile/a", Survival::kNothing), "text");
  EXPECT_EQ(left("gone", Survival::kNothing), "brought back");
  EXPECT_THAT(disk_->uncertain(), testing::UnorderedElementsAre("old", "gone"));
  apply({.op = TraceOp::kSyncAllFailed, .handle = 2});
  sync(1);
  EXPECT_EQ(left("old", Survival::kNothing), "new") << "what a failed sync covered, no later one brings back";
}

TEST_F(DiskTest, OneFileCanLastWithoutWhatWasWrittenToOthersBefore) {
  directory_.write("state/other", "123");
  disk_ = std::make_unique<Disk>(directory_ / "state");
  open("old", 1);
  open("other", 2);
  write(1, "new");
  write(2, "456");
  EXPECT_EQ(left("old", Survival::kLastFile), "old");
  EXPECT_EQ(left("other", Survival::kLastFile), "456");
}

TEST_F(DiskTest, RefusesATraceThatDoesNotFit) {
  EXPECT_THROW(write(9, "x"), std::runtime_error);
  EXPECT_THROW(open("missing", 1, O_RDWR), std::runtime_error);
  EXPECT_THROW(rename("missing", "old"), std::runtime_error);
}

}  // namespace
}  // namespace signet::test
