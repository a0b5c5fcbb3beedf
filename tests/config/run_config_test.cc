#include "config/run_config.h"

#include <gmock/gmock.h>

#include "base/sandbox.h"

namespace signet {
namespace {

using testing::HasSubstr;

Result<RunConfig> read(const std::string& keys) {
  const std::string text = "[run]\n" + keys;
  SIGNET_TRY(const auto document, TomlDocument::parse(bytes_of(text), "signet.toml"));
  RunConfig run = read_run(document->root().table("run"));
  SIGNET_CHECK(document->finish());
  return run;
}

std::string complaint(const std::string& keys) {
  const auto run = read(keys);
  return run.has_value() ? "none" : run.error().message;
}

constexpr const char* kUsers = "front = \"f\"\nissuer = \"i\"\nkeyholder = \"k\"\n";

TEST(RunConfig, NamesNobodyAndAllowsNothingByItself) {
  const RunConfig run = read("").value();
  EXPECT_FALSE(run.names_users());
  EXPECT_FALSE(run.allow_root);
  EXPECT_EQ(run.landlock(), LandlockUse::kIfAvailable);
}

TEST(RunConfig, HasThreeUsers) {
  const RunConfig run = read(std::string(kUsers) + "landlock = \"required\"\n").value();
  EXPECT_TRUE(run.names_users());
  EXPECT_EQ(run.front + run.issuer + run.keyholder, "fik");
  EXPECT_EQ(run.landlock(), LandlockUse::kRequired);
}

TEST(RunConfig, RefusesUsersForSomeProcessesOnly) {
  EXPECT_THAT(complaint("front = \"f\"\n"), HasSubstr("name front, issuer and keyholder, or none"));
  EXPECT_THAT(complaint("issuer = \"i\"\nkeyholder = \"k\"\n"), HasSubstr("name front, issuer and keyholder, or none"));
}

TEST(RunConfig, RefusesOneUserForTwoProcesses) {
  EXPECT_THAT(complaint("front = \"f\"\nissuer = \"f\"\nkeyholder = \"k\"\n"), HasSubstr("names one user twice"));
  EXPECT_THAT(complaint("front = \"f\"\nissuer = \"k\"\nkeyholder = \"k\"\n"), HasSubstr("names one user twice"));
  EXPECT_THAT(complaint("front = \"k\"\nissuer = \"i\"\nkeyholder = \"k\"\n"), HasSubstr("names one user twice"));
}

TEST(RunConfig, RefusesUsersTogetherWithRoot) {
  EXPECT_THAT(complaint(std::string(kUsers) + "allow_root = true\n"), HasSubstr("remove one or the other"));
}

TEST(RunConfig, RefusesAnotherWordForLandlockAndAnotherKey) {
  EXPECT_THAT(complaint("landlock = \"maybe\"\n"), HasSubstr("landlock"));
  EXPECT_THAT(complaint("user = \"f\"\n"), HasSubstr("user"));
}

}  // namespace
}  // namespace signet
