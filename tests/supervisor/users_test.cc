#include "supervisor/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "support/temp_directory.h"

namespace signet {
namespace {

using ::testing::HasSubstr;

constexpr uid_t kRoot = 0;
constexpr uid_t kSomebody = 1000;

/// A daemon with one token, whose profile may let the module connect to Unix sockets.
LoadedConfig config(RunConfig run, bool unix_sockets = false) {
  LoadedConfig loaded;
  loaded.config.run = std::move(run);
  loaded.profiles.emplace("hsm", FrozenProfile{.memory = {}, .sha256 = {}, .unix_sockets = unix_sockets});
  return loaded;
}

const RunConfig kUsers{.front = "games", .issuer = "daemon", .keyholder = "nobody"};
const RunConfig kRootAllowed{.front = {}, .issuer = {}, .keyholder = {}, .allow_root = true};

TEST(MayRun, RootOnlyWithUsersOrWhereThatIsAllowed) {
  const auto refused = check_may_run(config({}), kRoot);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().field, "run");
  EXPECT_THAT(refused.error().message, HasSubstr("its processes do not run as root"));
  EXPECT_TRUE(check_may_run(config(kUsers), kRoot).has_value());
  EXPECT_TRUE(check_may_run(config(kRootAllowed), kRoot).has_value());
}

TEST(MayRun, AnotherUserOnlyAsThatUser) {
  const auto refused = check_may_run(config(kUsers), kSomebody);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("runs as user 1000, who cannot become another one"));
  EXPECT_TRUE(check_may_run(config({}), kSomebody).has_value());
  EXPECT_TRUE(check_may_run(config(kRootAllowed), kSomebody).has_value());
}

TEST(MayRun, AModuleThatConnectsToUnixSocketsIsNeverRoot) {
  const auto refused = check_may_run(config(kRootAllowed, true), kRoot);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().field, "run.allow_root");
  EXPECT_THAT(refused.error().message, HasSubstr("the module of token 'hsm' connects to Unix sockets"));
  EXPECT_TRUE(check_may_run(config(kUsers, true), kRoot).has_value());
  EXPECT_TRUE(check_may_run(config(kRootAllowed, true), kSomebody).has_value());
}

TEST(State, ThatIsASymbolicLinkIsRefusedWithTheRule) {
  const test::TempDirectory folder;
  std::filesystem::create_directory(folder / "elsewhere");
  std::filesystem::create_directory_symlink(folder / "elsewhere", folder / "state");
  DaemonConfig config;
  config.state.directory = folder / "state";
  const ProcessUser anyone{.name = "nobody", .uid = 65534, .gid = 65534};
  const auto prepared = prepare_state(config, {.front = anyone, .issuer = anyone, .keyholder = anyone});
  ASSERT_FALSE(prepared.has_value());
  EXPECT_EQ(prepared.error().field, "state.directory");
  EXPECT_THAT(prepared.error().message, HasSubstr((folder / "state") + " is a symbolic link"));
  EXPECT_THAT(prepared.error().message, HasSubstr("name the folder itself"));
}

}  // namespace
}  // namespace signet
