// load_hsm_setup: a profile as it applies to one installation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/daemon_config.h"
#include "config/hsm_profile.h"
#include "support/temp_directory.h"

namespace signet {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

class HsmSetup : public testing::Test {
 protected:
  /// What is written below the profile's required values.
  [[nodiscard]] HsmInstallation with(const std::string& rest, const std::string& tested = "ci") const {
    HsmInstallation installation;
    installation.field = "token.a";
    installation.profile =
        directory_.write("profile.toml", "name = \"Some HSM\"\nsource = \"the manual\"\ntested = \"" + tested +
                                             "\"\nmodules = [\"/opt/a.so\"]\n" + rest);
    return installation;
  }
  const test::TempDirectory directory_;
};

std::string refusal(const Result<HsmProfile>& result) {
  return result.has_value() ? "accepted" : result.error().message;
}

TEST_F(HsmSetup, TheInstallationsEnvironmentGoesBeforeTheProfiles) {
  HsmInstallation installation = with("[environment]\nA = \"of the profile\"\nB = \"of the profile\"\n");
  installation.environment = {{"A", "given"}, {"C", "given"}};
  EXPECT_THAT(load_hsm_setup(installation).value().environment,
              ElementsAre(Pair("A", "given"), Pair("B", "of the profile"), Pair("C", "given")));
}

TEST_F(HsmSetup, VariablesAreReplacedInArgumentsAndPaths) {
  HsmInstallation installation = with(
      "init_arguments = \"dir='${DIR}' name='${NAME}'\"\n[environment]\nNAME = \"n\"\n"
      "[sandbox]\nreadable = [\"${DIR}\", \"${DIR}/sub\"]\nwritable = [\"/var/${NAME}/x\"]\ndevices = "
      "[\"/dev/tpmrm0\"]\n"
      "unix_sockets = [\"${DIR}/socket\"]\n");
  installation.environment = {{"DIR", "/d"}};
  const HsmProfile profile = load_hsm_setup(installation).value();
  EXPECT_EQ(profile.init_arguments, "dir='/d' name='n'");
  EXPECT_THAT(profile.sandbox.readable, ElementsAre("/d", "/d/sub"));
  EXPECT_THAT(profile.sandbox.writable, ElementsAre("/var/n/x"));
  EXPECT_THAT(profile.sandbox.devices, ElementsAre("/dev/tpmrm0"));
  EXPECT_THAT(profile.sandbox.unix_sockets, ElementsAre("/d/socket"));
}

TEST_F(HsmSetup, AVariableThatIsNotSetIsNamedWithWhereToSetIt) {
  const auto result = load_hsm_setup(with("[sandbox]\nreadable = [\"${NOWHERE}\"]\n"));
  EXPECT_THAT(refusal(result), AllOf(HasSubstr("${NOWHERE}"), HasSubstr("set it in token.a.environment")));
  EXPECT_EQ(result.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(result.error().field, "token.a.environment");
  EXPECT_THAT(refusal(load_hsm_setup(with("init_arguments = \"a${B\"\n"))), HasSubstr("is not set"));
}

TEST_F(HsmSetup, AVariableThatMakesARelativePathIsRefused) {
  HsmInstallation installation = with("[sandbox]\nreadable = [\"${DIR}\"]\n");
  installation.environment = {{"DIR", "relative"}};
  EXPECT_THAT(refusal(load_hsm_setup(installation)), HasSubstr("\"relative\", which is no absolute path"));
}

TEST_F(HsmSetup, TheInstallationsArgumentsAndPathsAreTaken) {
  HsmInstallation installation = with("init_arguments = \"x\"\n[sandbox]\nreadable = [\"/a\"]\n");
  installation.init_arguments = "y";
  installation.readable = {"/b"};
  installation.writable = {"/c"};
  const HsmProfile profile = load_hsm_setup(installation).value();
  EXPECT_EQ(profile.init_arguments, "y");
  EXPECT_THAT(profile.sandbox.readable, ElementsAre("/a", "/b"));
  EXPECT_THAT(profile.sandbox.writable, ElementsAre("/c"));
}

TEST_F(HsmSetup, AProfileFromDocumentsIsRefusedUnlessItIsAllowed) {
  HsmInstallation installation = with("", "documentation");
  const auto refused = load_hsm_setup(installation);
  EXPECT_THAT(refusal(refused),
              AllOf(HasSubstr("written from documents (the manual)"), HasSubstr("token.a.allow_untested = true")));
  EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(refused.error().field, "token.a.allow_untested");
  installation.allow_untested = true;
  EXPECT_TRUE(load_hsm_setup(installation).has_value());
}

TEST_F(HsmSetup, PathsAreReadFromTheVendorsOwnFile) {
  const std::string conf = directory_.write("vendor.conf",
                                            "# dir = /not/this\n dir = /var/tokens \nother = /no\n"
                                            "Section = {\n  dir = \"/quoted\";\n}\nnothing\n");
  const std::string rest =
      "[sandbox]\nreadable = [\"/a\"]\n[[sandbox.readable_in]]\nfile = \"${CONF}\"\nkey = \"dir\"\n";
  HsmInstallation installation = with(rest);
  installation.environment = {{"CONF", conf}};
  const HsmProfile profile = load_hsm_setup(installation).value();
  EXPECT_THAT(profile.sandbox.readable, ElementsAre("/a", "/var/tokens", "/quoted"));
  EXPECT_THAT(profile.sandbox.readable_in, IsEmpty());
}

TEST_F(HsmSetup, AVendorsFileThatIsMissingOrHasARelativePathIsRefused) {
  const std::string rest = "[[sandbox.readable_in]]\nfile = \"${CONF}\"\nkey = \"dir\"\n";
  HsmInstallation installation = with(rest);
  installation.environment = {{"CONF", directory_ / "absent.conf"}};
  EXPECT_THAT(refusal(load_hsm_setup(installation)), HasSubstr("absent.conf"));
  installation.environment = {{"CONF", directory_.write("v.conf", "dir = tokens\n")}};
  EXPECT_THAT(refusal(load_hsm_setup(installation)), HasSubstr("dir of " + (directory_ / "v.conf") + " is \"tokens\""));
}

TEST_F(HsmSetup, AnInstallationIsWhatTheTokensConfigurationSays) {
  TokenConfig token;
  token.name = "a";
  token.profile = "/p.toml";
  token.allow_untested = true;
  token.environment = {{"X", "1"}};
  token.init_arguments = "args";
  token.readable = {"/r"};
  token.writable = {"/w"};
  const HsmInstallation installation = installation_of(token);
  EXPECT_EQ(installation.field, "token.a");
  EXPECT_EQ(installation.profile, "/p.toml");
  EXPECT_TRUE(installation.allow_untested);
  EXPECT_THAT(installation.environment, ElementsAre(Pair("X", "1")));
  EXPECT_EQ(installation.init_arguments, "args");
  EXPECT_THAT(installation.readable, ElementsAre("/r"));
  EXPECT_THAT(installation.writable, ElementsAre("/w"));
}

}  // namespace
}  // namespace signet
