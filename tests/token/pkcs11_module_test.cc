#include "token/pkcs11_module.h"

#include <algorithm>

#include "token/softhsm_fixture.h"

namespace signet {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Pkcs11ModuleTest = test::SoftHsmTest;

TEST_F(Pkcs11ModuleTest, DescribesItself) { EXPECT_THAT(module_->describe(), HasSubstr("SoftHSM")); }

TEST_F(Pkcs11ModuleTest, ListsInitialisedTokensOnly) {
  const auto tokens = module_->tokens();
  ASSERT_TRUE(tokens.has_value());
  ASSERT_EQ(tokens->size(), 1U);  // SoftHSM shows one more slot, with an empty token
  EXPECT_EQ(tokens->front().label, "signet-test");
  EXPECT_EQ(tokens->front().serial.size(), 16U);
  EXPECT_THAT(tokens->front().firmware, testing::MatchesRegex("[0-9]+\\.[0-9]+"));
}

TEST_F(Pkcs11ModuleTest, FindsATokenByLabelAndBySerial) {
  const TokenInfo info = token();
  EXPECT_EQ(module_->find_token(Pkcs11Uri{.serial = info.serial}).value().slot, info.slot);
  EXPECT_EQ(module_->find_token(Pkcs11Uri{}).value().slot, info.slot);
}

TEST_F(Pkcs11ModuleTest, SaysWhichTokensAreThereWhenNoneMatches) {
  const auto found = module_->find_token("other");
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(found.error().message,
              AllOf(HasSubstr("token=other"), HasSubstr("'signet-test'"), HasSubstr(test::kSoftHsmModule)));
}

TEST_F(Pkcs11ModuleTest, RefusesToChooseBetweenTwoTokens) {
  softhsm_.add_token("second");
  softhsm_.add_token("second");
  SetUp();
  const auto found = module_->find_token("second");
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(found.error().message, AllOf(HasSubstr("2 tokens match"), HasSubstr("serial")));
  EXPECT_TRUE(module_->find_token("signet-test").has_value());
}

TEST(Pkcs11ModuleFile, ThatIsMissingIsNamed) {
  const auto loaded = Pkcs11Module::load("/nowhere/module.so");
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(loaded.error().message, HasSubstr("/nowhere/module.so"));
}

TEST(Pkcs11ModuleFile, ThatIsNotALibraryIsRefused) {
  const test::TempDirectory directory;
  const std::string path = directory.write("module.so", "not a library");
  const auto loaded = Pkcs11Module::load(path);
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(loaded.error().message, HasSubstr(path));
}

TEST(Pkcs11ModuleFile, ThatIsAnotherLibraryIsRefused) {
  const auto loaded = Pkcs11Module::load("/lib/x86_64-linux-gnu/libm.so.6");
  ASSERT_FALSE(loaded.has_value());
  EXPECT_THAT(loaded.error().message, HasSubstr("C_GetFunctionList"));
}

TEST(Pkcs11ModuleFile, ThatIsARelativePathIsRefused) {
  EXPECT_EQ(Pkcs11Module::load("libsofthsm2.so").error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace signet
