#include "config/hsm_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temp_directory.h"

namespace signet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kProfile = R"(name = "Some HSM"
tested = "ci"
source = "the vendor's manual, chapter 3"
modules = ["/opt/a.so", "/opt/b.so"]
max_sessions = 8
thread_safe = false
)";

TEST(HsmProfile, ReadsEveryValue) {
  const auto profile = parse_hsm_profile(bytes_of(kProfile), "p.toml");
  ASSERT_TRUE(profile.has_value()) << profile.error().message;
  EXPECT_EQ(profile->name, "Some HSM");
  EXPECT_EQ(profile->tested, HsmTested::kCi);
  EXPECT_EQ(profile->source, "the vendor's manual, chapter 3");
  EXPECT_THAT(profile->modules, ElementsAre("/opt/a.so", "/opt/b.so"));
  EXPECT_EQ(profile->max_sessions, 8U);
  EXPECT_FALSE(profile->thread_safe);
}

TEST(HsmProfile, ReportsEveryMistake) {
  const auto profile = parse_hsm_profile(
      bytes_of("name = \"x\"\ntested = \"yes\"\nmodules = [\"lib.so\"]\nmax_sessions = -1\nthread = true\n"), "p.toml");
  ASSERT_FALSE(profile.has_value());
  const std::string& message = profile.error().message;
  EXPECT_THAT(message, HasSubstr("p.toml:2:10: tested: is \"yes\"; expected one of \"ci\", \"documentation\""));
  EXPECT_THAT(message, HasSubstr("source: missing"));
  EXPECT_THAT(message, HasSubstr("modules: has \"lib.so\"; expected absolute paths"));
  EXPECT_THAT(message, HasSubstr("max_sessions: is the integer -1"));
  EXPECT_THAT(message, HasSubstr("thread: unknown key"));
}

TEST(HsmProfile, IsNotReadFromAFileThatOthersMayWrite) {
  const test::TempDirectory directory;
  const std::string path = directory.write("p.toml", kProfile);
  EXPECT_TRUE(load_hsm_profile(path).has_value());
  ASSERT_EQ(::chmod(path.c_str(), 0666), 0);
  EXPECT_FALSE(load_hsm_profile(path).has_value());
  EXPECT_FALSE(load_hsm_profile(directory / "absent.toml").has_value());
}

TEST(HsmProfile, FindsTheFirstModuleThatExists) {
  const test::TempDirectory directory;
  HsmProfile profile;
  profile.name = "Some HSM";
  profile.modules = {directory / "a.so", directory / "b.so", directory / "c.so"};
  const auto none = find_module(profile);
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(none.error().message, HasSubstr(directory / "a.so"));
  directory.write("b.so", "x");
  directory.write("c.so", "x");
  EXPECT_EQ(find_module(profile).value_or(""), directory / "b.so");
}

}  // namespace
}  // namespace signet
