#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/secret.h"
#include "support/command.h"
#include "support/temp_directory.h"

namespace signet {
namespace {

using test::TempDirectory;

std::size_t entries_in(const TempDirectory& directory) {
  const auto all = std::filesystem::directory_iterator(directory.path());
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST(File, ANewFileIsWrittenWholeAndNeverOverwritten) {
  const TempDirectory directory;
  const std::string path = directory / "file";
  ASSERT_TRUE(write_new_file(path, bytes_of("first"), 0640).has_value());
  const auto again = write_new_file(path, bytes_of("second"), 0640);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(test::slurp(path), "first");
  struct stat status{};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0640U);
  EXPECT_EQ(entries_in(directory), 1U) << "nothing is left beside";
}

TEST(File, ReplacingLeavesTheNewFileAlone) {
  const TempDirectory directory;
  const std::string path = directory / "file";
  ASSERT_TRUE(replace_file(path, bytes_of("first"), 0600).has_value());
  ASSERT_TRUE(replace_file(path, bytes_of("second"), 0600).has_value());
  EXPECT_EQ(test::slurp(path), "second");
  EXPECT_EQ(entries_in(directory), 1U);
}

TEST(File, AFolderThatIsMissingIsAnErrorThatNamesThePath) {
  const auto written = write_new_file("/nonexistent/folder/file", bytes_of("x"), 0600);
  ASSERT_FALSE(written.has_value());
  EXPECT_NE(written.error().message.find("/nonexistent/folder"), std::string::npos);
}

TEST(File, LargerThanItsBoundIsRefused) {
  const TempDirectory directory;
  const std::string path = directory.write("file", "12345");
  EXPECT_EQ(text_of(read_file(path, 5, FileTrust::kAnyone, "").value()), "12345");
  EXPECT_FALSE(read_file(path, 4, FileTrust::kAnyone, "").has_value());
}

TEST(File, FoldersAndDevicesAreRefused) {
  const TempDirectory directory;
  EXPECT_FALSE(read_file(directory.path(), 100, FileTrust::kAnyone, "").has_value());
  EXPECT_FALSE(read_file("/dev/zero", 100, FileTrust::kAnyone, "").has_value());
}

TEST(File, AFifoIsRefusedAndDoesNotBlock) {
  const TempDirectory directory;
  const std::string path = directory / "fifo";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_FALSE(read_file(path, 100, FileTrust::kAnyone, "").has_value());
}

TEST(File, ConfigurationThatOthersMayWriteIsRefused) {
  const TempDirectory directory;
  const std::string path = directory.write("config", "x");
  ASSERT_EQ(chmod(path.c_str(), 0644), 0);
  EXPECT_TRUE(read_file(path, 100, FileTrust::kNotWritable, "").has_value());
  ASSERT_EQ(chmod(path.c_str(), 0664), 0);
  const auto read = read_file(path, 100, FileTrust::kNotWritable, "policy");
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().field, "policy");
  EXPECT_NE(read.error().message.find("0664"), std::string::npos);
}

TEST(File, SymbolicLinksAreNotFollowedWhereTrustMatters) {
  const TempDirectory directory;
  const std::string path = directory.write("config", "x");
  const std::string link = directory / "link";
  ASSERT_EQ(symlink(path.c_str(), link.c_str()), 0);
  EXPECT_TRUE(read_file(link, 100, FileTrust::kAnyone, "").has_value());
  EXPECT_FALSE(read_file(link, 100, FileTrust::kNotWritable, "").has_value());
  EXPECT_FALSE(read_file(link, 100, FileTrust::kOwnerOnly, "").has_value());
}

TEST(File, AFolderIsMadeOnceAndKeepsItsMode) {
  const TempDirectory directory;
  const std::string path = directory / "state";
  ASSERT_TRUE(make_directory(path, 0700).has_value());
  struct stat status{};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0700U);
  EXPECT_TRUE(make_directory(path + "/", 0755).has_value());
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0700U);
}

TEST(File, AFolderIsNotMadeWhereItsParentIsMissingOrTheNameIsAFiles) {
  const TempDirectory directory;
  const auto orphan = make_directory(directory / "missing/state", 0700);
  ASSERT_FALSE(orphan.has_value());
  EXPECT_EQ(orphan.error().code, ErrorCode::kNotFound);
  const auto file = make_directory(directory.write("file", "x"), 0700);
  ASSERT_FALSE(file.has_value());
  EXPECT_EQ(file.error().native, ENOTDIR);
}

/// Runs `use` as a user to whom modes apply, and takes root's rights back if this process had them.
template <class Use>
void without_root(const std::string& directory, Use use) {
  const uid_t user = geteuid();
  if (user == 0) {
    ASSERT_EQ(chown(directory.c_str(), 65534, 65534), 0);
    ASSERT_EQ(seteuid(65534), 0);
  }
  use();
  ASSERT_EQ(seteuid(user), 0);
}

TEST(File, AFolderIsMadeInAParentThatCannotBeRead) {
  const TempDirectory directory;
  without_root(directory.path(), [&] {
    ASSERT_EQ(chmod(directory.path().c_str(), 0300), 0);
    const auto made = make_directory(directory / "state", 0700);
    EXPECT_TRUE(made.has_value()) << made.error().message;
    EXPECT_TRUE(make_directory(directory / "state", 0700).has_value());
    ASSERT_EQ(chmod(directory.path().c_str(), 0700), 0);
  });
}

TEST(File, ALockIsHeldByOneDescriptor) {
  const TempDirectory directory;
  const std::string path = directory / "lock";
  auto first = lock_file(path);
  ASSERT_TRUE(first.has_value());
  const auto second = lock_file(path);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kFailedPrecondition);
  first->reset();
  EXPECT_TRUE(lock_file(path).has_value());
}

TEST(File, PathsAreRelativeToTheGivenFolder) {
  EXPECT_EQ(resolve_path("/etc/signet", "pin"), "/etc/signet/pin");
  EXPECT_EQ(resolve_path("/etc/signet", "/run/pin"), "/run/pin");
  EXPECT_EQ(directory_of("/etc/signet/signet.toml"), "/etc/signet");
  EXPECT_EQ(directory_of("signet.toml"), ".");
  EXPECT_EQ(directory_of("/signet.toml"), "/");
}

TEST(SecretFile, OneNewlineAtTheEndIsNotPartOfIt) {
  const TempDirectory directory;
  const auto content = [&](std::string_view text) {
    return read_secret_file(directory.write("pin", text), "pin_file").value().expose([](ByteView bytes) {
      return std::string(text_of(bytes));
    });
  };
  EXPECT_EQ(content("1234"), "1234");
  EXPECT_EQ(content("1234\n"), "1234");
  EXPECT_EQ(content("1234\n\n"), "1234\n");
}

TEST(SecretFile, RefusesWhatOthersCanReadAndNeverShowsTheContent) {
  const TempDirectory directory;
  const std::string path = directory.write("pin", "geheim");
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  const auto secret = read_secret_file(path, "token.soft.pin_file");
  ASSERT_FALSE(secret.has_value());
  EXPECT_EQ(secret.error().code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(secret.error().field, "token.soft.pin_file");
  EXPECT_EQ(secret.error().message.find("geheim"), std::string::npos);
}

TEST(SecretFile, RefusesEmptyAndOverlongOnes) {
  const TempDirectory directory;
  EXPECT_FALSE(read_secret_file(directory.write("a", ""), "").has_value());
  EXPECT_FALSE(read_secret_file(directory.write("b", "\n"), "").has_value());
  EXPECT_TRUE(read_secret_file(directory.write("c", std::string(255, 'x')), "").has_value());
  EXPECT_FALSE(read_secret_file(directory.write("d", std::string(256, 'x')), "").has_value());
}

TEST(SecretType, IsMoveOnlyAndEmptyAfterAMove) {
  static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
  Secret one(bytes_of("1234"));
  const Secret two(std::move(one));
  EXPECT_TRUE(one.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
  EXPECT_EQ(two.expose([](ByteView bytes) { return bytes.size(); }), 4U);
}

}  // namespace
}  // namespace signet
