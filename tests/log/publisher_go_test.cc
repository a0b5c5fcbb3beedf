// A folder as the publisher leaves it, read by Go's golang.org/x/mod/sumdb/note and tlog (go_note/folder.go).
#include <gmock/gmock.h>

#include "publisher_fixture.h"
#include "support/command.h"

namespace signet::log {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

class FolderInGo : public PublisherTest {
 protected:
  void SetUp() override {
    PublisherTest::SetUp();
    const auto built =
        test::run_command({"go", "build", "-o", directory_ / "go_note", SIGNET_SOURCE_DIR "/tests/log/go_note/main.go",
                           SIGNET_SOURCE_DIR "/tests/log/go_note/folder.go"},
                          {},
                          {"GO111MODULE=off", "GOPATH=/usr/share/gocode", "GOFLAGS=", "CGO_ENABLED=0",
                           "GOCACHE=" SIGNET_BIN_DIR "/../go-cache"},
                          seconds(240));
    ASSERT_EQ(built.status, 0) << "go and golang-golang-x-mod-dev are needed: run ci/install-deps\n" << built.err;
  }

  /// A folder with a few checkpoints on the way to `size` entries, and proofs of some.
  void make_folder(std::uint64_t size, CheckpointKey& key) {
    open_log();
    ASSERT_TRUE(try_open_publisher().has_value());
    ASSERT_TRUE(publisher_->start(key).has_value());
    while (log_->size() < size) {
      append(std::min<std::uint64_t>(117, size - log_->size()));
      ASSERT_TRUE(publisher_->wait_for(log_->size() - 1, seconds(20)));
    }
    for (const std::uint64_t index : {std::uint64_t{0}, size / 2, size - 1}) {
      const auto proof = publisher_->prove(index);
      ASSERT_TRUE(proof.has_value()) << proof.error().message;
      proofs_.push_back(directory_.write(std::to_string(index) + ".tlog-proof", text_of(*proof)));
    }
    stop();
  }

  [[nodiscard]] test::CommandResult check() const {
    std::vector<std::string> command{directory_ / "go_note", "folder", log_directory(), verifier_.key_string()};
    command.insert(command.end(), proofs_.begin(), proofs_.end());
    return test::run_command(command);
  }
  void expect_agreement(std::uint64_t size) {
    const std::uint64_t checkpoints =
        read_checkpoints(checkpoints_path(log_directory()), [](const Note&) -> Result<void> {
          return {};
        })->checkpoints;
    const auto checked = check();
    EXPECT_EQ(checked.status, 0) << checked.err;
    EXPECT_EQ(checked.out, std::to_string(size) + " entries, " + std::to_string(checkpoints) + " checkpoints, " +
                               std::to_string(proofs_.size()) + " proofs\n");
  }
  void flip(std::string_view name, std::size_t at) const {
    std::string content = test::slurp(log_directory() + "/" + std::string(name));
    content.at(at) = static_cast<char>(content.at(at) ^ 1);
    directory_.write("log/" + std::string(name), content);
  }

  std::vector<std::string> proofs_;
};

TEST_F(FolderInGo, HasEveryEntryAndCheckpoint) {
  make_folder(1003, keeper_);
  expect_agreement(1003);
}

TEST_F(FolderInGo, HasOnlyFullTiles) {
  make_folder(512, keeper_);
  expect_agreement(512);
}

TEST_F(FolderInGo, IsSignedByAP256KeyToo) {
  const TestKey p256(KeyType::kEcP256);
  KeeperKey keeper(p256, origin_, memory_);
  verifier_ = p256.verifier(origin_);
  make_folder(300, keeper);
  expect_agreement(300);
}

TEST_F(FolderInGo, IsRefusedWhenAnythingInItIsChanged) {
  make_folder(300, keeper_);
  for (const char* const name : {"checkpoint", "checkpoints", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1",
                                 "tile/entries/000", "tile/entries/001.p/44"}) {
    flip(name, 20);
    EXPECT_NE(check().status, 0) << name;
    flip(name, 20);
  }
  expect_agreement(300);
}

}  // namespace
}  // namespace signet::log
