#include "config/pin_config.h"

#include <gmock/gmock.h>

namespace signet {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Result<PinConfig> read(const std::string& text) {
  SIGNET_TRY(const auto document, TomlDocument::parse(bytes_of(text), "signet.toml"));
  TomlTable root = document->root();
  PinConfig pin = read_pin_config(root, "/etc/signet");
  SIGNET_CHECK(document->finish());
  return pin;
}

std::string error_of(const std::string& text) {
  const auto pin = read(text);
  EXPECT_FALSE(pin.has_value()) << text;
  return pin.has_value() ? "" : pin.error().message;
}

TEST(PinConfig, TakesEachSource) {
  const auto file = read("pin_file = \"pin\"").value();
  EXPECT_EQ(file.source, PinSource::kFile);
  EXPECT_EQ(file.file, "/etc/signet/pin");
  EXPECT_EQ(file.key(), "pin_file");
  EXPECT_TRUE(file.can_be_read_again());
  const auto credential = read("pin_credential = \"hsm-a\"").value();
  EXPECT_EQ(credential.credential, "hsm-a");
  EXPECT_EQ(credential.key(), "pin_credential");
  EXPECT_TRUE(credential.can_be_read_again());
  const auto descriptor = read("pin_fd = 3").value();
  EXPECT_EQ(descriptor.descriptor, 3);
  EXPECT_EQ(descriptor.key(), "pin_fd");
  EXPECT_FALSE(descriptor.can_be_read_again());
  const auto person = read("pin = \"operator\"").value();
  EXPECT_EQ(person.source, PinSource::kOperator);
  EXPECT_EQ(person.key(), "pin");
  EXPECT_FALSE(person.keep) << "off by default";
  EXPECT_TRUE(read("pin = \"operator\"\nkeep_pin = true").value().keep);
}

TEST(PinConfig, WantsExactlyOneSource) {
  EXPECT_THAT(error_of(""), AllOf(HasSubstr("says where its PIN"), HasSubstr("expected exactly one of pin_file")));
  EXPECT_THAT(error_of("pin_file = \"pin\"\npin_fd = 3"), HasSubstr("says more than once where its PIN comes from"));
  EXPECT_THAT(error_of("pin_file = \"pin\"\npin = \"operator\"\nkeep_pin = true"), HasSubstr("more than once"));
}

TEST(PinConfig, APinInTheConfigurationIsRefusedAndNotRepeated) {
  EXPECT_THAT(error_of("pin = \"84736251\""),
              AllOf(HasSubstr("pin: is not \"operator\""), HasSubstr("pin_file"), Not(HasSubstr("84736251"))));
  EXPECT_THAT(error_of("pin = 84736251"), AllOf(HasSubstr("pin: is an integer"), Not(HasSubstr("84736251"))));
}

TEST(PinConfig, RefusesWhatIsNoSource) {
  EXPECT_THAT(error_of("pin_fd = 2"), HasSubstr("pin_fd: is the integer 2; expected an integer from 3 to 1023"));
  EXPECT_THAT(error_of("pin_credential = \"../pin\""), HasSubstr("pin_credential: is no name of a credential"));
  EXPECT_THAT(error_of("pin_file = \"\""), HasSubstr("pin_file: is"));
  EXPECT_THAT(error_of("pin_fyle = \"pin\""), HasSubstr("did you mean \"pin_file\"?"));
}

TEST(PinConfig, KeepsOnlyWhatCannotBeReadAgain) {
  EXPECT_THAT(error_of("pin_file = \"pin\"\nkeep_pin = true"), HasSubstr("keep_pin: goes with pin_fd and pin"));
  EXPECT_THAT(error_of("pin_credential = \"pin\"\nkeep_pin = false"), HasSubstr("keep_pin: goes with"));
}

}  // namespace
}  // namespace signet
