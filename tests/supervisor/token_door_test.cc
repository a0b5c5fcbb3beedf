#include "supervisor/token_door.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "support/command.h"
#include "support/temp_directory.h"

namespace signet::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using State = TokenDoor::State;

class Door : public testing::Test {
 protected:
  [[nodiscard]] TokenConfig config(PinSource source, bool keep = false) const {
    TokenConfig token;
    token.name = "soft";
    token.pin.source = source;
    token.pin.file = directory_ / "pin";
    token.pin.credential = "soft-pin";
    token.pin.descriptor = 1000;
    token.pin.keep = keep;
    return token;
  }

  [[nodiscard]] std::string note() const { return directory_ / "state/token-soft.shut"; }

  /// A door as a new signetd has it.
  std::unique_ptr<TokenDoor> door(const TokenConfig& token) const {
    auto made = std::make_unique<TokenDoor>(token, directory_ / "state");
    InheritedDescriptors none;
    EXPECT_TRUE(made->prepare(none).has_value());
    return made;
  }

  void write_pin(const std::string& pin, mode_t mode = 0600) const {
    ASSERT_EQ(chmod(directory_.write("pin", pin + "\n").c_str(), mode), 0);
  }

  TempDirectory directory_;
};

std::string pin_in(const Result<DoorKey>& key) {
  if (!key.has_value()) return "error: " + key.error().message;
  return key->pin.expose([](std::span<const std::uint8_t> bytes) { return std::string(text_of(bytes)); });
}

DoorKey key_with(std::string_view pin) { return {.pin = Secret(bytes_of(pin))}; }

const Error kWrongPin{
    .code = ErrorCode::kUnauthenticated, .message = "C_Login failed: CKR_PIN_INCORRECT", .field = "token.soft.pin"};

TEST_F(Door, ReadsThePinFileAtEachStart) {
  const TokenConfig token = config(PinSource::kFile);
  const auto door = this->door(token);
  write_pin("1234");
  EXPECT_EQ(door->state(), State::kFree);
  EXPECT_EQ(pin_in(door->key_for_start()), "1234");
  write_pin("5678");
  EXPECT_EQ(pin_in(door->key_for_start()), "5678");
}

TEST_F(Door, RefusesAPinFileThatOthersMayReadAndNamesTheMode) {
  const TokenConfig token = config(PinSource::kFile);
  for (const mode_t mode : {0640U, 0604U, 0620U}) {
    write_pin("1234", mode);
    const auto key = door(token)->key_for_start();
    ASSERT_FALSE(key.has_value()) << mode;
    EXPECT_EQ(key.error().code, ErrorCode::kPermissionDenied);
    EXPECT_EQ(key.error().field, "token.soft.pin_file");
    EXPECT_THAT(key.error().message, AllOf(HasSubstr("others must not read or write it"), HasSubstr("pin")));
  }
  write_pin("1234", 0400);
  EXPECT_EQ(pin_in(door(token)->key_for_start()), "1234");
}

TEST_F(Door, RefusesAPinFileThatIsALink) {
  directory_.write("elsewhere", "1234\n");
  std::filesystem::create_symlink(directory_ / "elsewhere", directory_ / "pin");
  const TokenConfig token = config(PinSource::kFile);
  EXPECT_THAT(pin_in(door(token)->key_for_start()), HasSubstr("symbolic link"));
}

TEST_F(Door, ReadsACredentialWhereSystemdPutsIt) {
  const TokenConfig token = config(PinSource::kCredential);
  unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_THAT(pin_in(door(token)->key_for_start()),
              AllOf(HasSubstr("CREDENTIALS_DIRECTORY is not set"), HasSubstr("LoadCredential=soft-pin:")));
  setenv("CREDENTIALS_DIRECTORY", (directory_ / "").c_str(), 1);
  directory_.write("soft-pin", "1234");
  ASSERT_EQ(chmod((directory_ / "soft-pin").c_str(), 0440), 0) << "as systemd does it for another user";
  EXPECT_EQ(pin_in(door(token)->key_for_start()), "1234");
  ASSERT_EQ(chmod((directory_ / "soft-pin").c_str(), 0444), 0);
  const auto refused = door(token)->key_for_start();
  EXPECT_THAT(pin_in(refused), HasSubstr("its mode is 0444"));
  EXPECT_EQ(refused.error().field, "token.soft.pin_credential");
  unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_F(Door, ADescriptorThatNobodyLeftOpenIsAnError) {
  const TokenConfig token = config(PinSource::kDescriptor);
  TokenDoor door(token, directory_ / "state");
  InheritedDescriptors none;
  const auto prepared = door.prepare(none);
  ASSERT_FALSE(prepared.has_value());
  EXPECT_EQ(prepared.error().field, "token.soft.pin_fd");
  EXPECT_THAT(prepared.error().message, HasSubstr("without an open descriptor of that number"));
}

TEST_F(Door, APinOfTheOperatorIsForOneStart) {
  const TokenConfig token = config(PinSource::kOperator);
  const auto door = this->door(token);
  EXPECT_EQ(door->state(), State::kNoPin);
  EXPECT_EQ(door->next_step(), "token 'soft' waits for its PIN: signet admin unlock soft");
  door->open_with(key_with("1234"));
  EXPECT_EQ(door->state(), State::kFree);
  EXPECT_EQ(pin_in(door->key_for_start()), "1234");
  door->opened();
  EXPECT_FALSE(door->pin_is_kept());
  EXPECT_EQ(door->state(), State::kNoPin) << "should its keyholder have to start again";
}

TEST_F(Door, IsKeptWhereThatIsConfiguredAndThePinWasRight) {
  const TokenConfig token = config(PinSource::kOperator, true);
  const auto door = this->door(token);
  door->open_with(key_with("1234"));
  EXPECT_EQ(pin_in(door->key_for_start()), "1234");
  EXPECT_FALSE(door->pin_is_kept()) << "not before it was right";
  door->pin_is_tried();
  EXPECT_FALSE(door->closes_for(Error{.code = ErrorCode::kUnavailable, .message = "the token is away"}));
  door->left();
  EXPECT_EQ(door->state(), State::kNoPin) << "the keyholder left before anybody knew";
  door->open_with(key_with("1234"));
  EXPECT_EQ(pin_in(door->key_for_start()), "1234");
  door->opened();
  EXPECT_TRUE(door->pin_is_kept());
  EXPECT_EQ(pin_in(door->key_for_start()), "1234");
  EXPECT_EQ(pin_in(door->key_for_start()), "1234");
  EXPECT_TRUE(door->closes_for(kWrongPin));
  EXPECT_FALSE(door->pin_is_kept());
}

TEST_F(Door, IsNotKeptWhereItsMemoryCannotBeLocked) {
  ASSERT_EQ(geteuid(), 0U) << "this test takes on another user's id: root may lock whatever the limit";
  const TokenConfig token = config(PinSource::kOperator, true);
  const pid_t child = fork();
  if (child == 0) {
    const rlimit none{.rlim_cur = 0, .rlim_max = 0};
    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || setuid(65534) != 0) _exit(2);
    TokenDoor door(token, "/nowhere");
    door.open_with(key_with("1234"));
    const bool used = door.key_for_start().has_value();
    door.opened();
    _exit(used && !door.pin_is_kept() ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(Door, StaysShutAfterAWrongPinEvenForTheNextSignetd) {
  const TokenConfig token = config(PinSource::kFile);
  write_pin("4321");
  const auto first = door(token);
  EXPECT_TRUE(first->closes_for(kWrongPin));
  EXPECT_EQ(first->state(), State::kShut);
  EXPECT_THAT(first->next_step(), AllOf(HasSubstr("stays shut"), HasSubstr("CKR_PIN_INCORRECT"),
                                        HasSubstr("signet admin unlock soft"), Not(HasSubstr("4321"))));
  EXPECT_TRUE(std::filesystem::exists(note()));

  const auto second = door(token);
  EXPECT_EQ(second->state(), State::kShut);
  EXPECT_THAT(second->next_step(), AllOf(HasSubstr("CKR_PIN_INCORRECT"), HasSubstr("tried at 2")));
  second->open_with(key_with("1234"));
  EXPECT_EQ(second->state(), State::kFree);
  EXPECT_EQ(pin_in(second->key_for_start()), "1234");
  EXPECT_EQ(second->state(), State::kShut) << "until it was right";
  second->opened();
  EXPECT_FALSE(std::filesystem::exists(note()));
  EXPECT_EQ(door(token)->state(), State::kFree);
}

TEST_F(Door, StaysShutWhereTheTokenForbidsATryButTheNextSignetdLooksAgain) {
  const TokenConfig token = config(PinSource::kFile);
  const auto first = door(token);
  EXPECT_TRUE(first->closes_for(
      Error{.code = ErrorCode::kFailedPrecondition, .message = "the user PIN is locked", .field = "token.soft.pin"}));
  EXPECT_EQ(first->state(), State::kShut);
  EXPECT_FALSE(std::filesystem::exists(note())) << "nothing was tried";
  EXPECT_EQ(door(token)->state(), State::kFree);
}

TEST_F(Door, StaysOpenForFailuresThatAreNotOfThePin) {
  const TokenConfig token = config(PinSource::kFile);
  const auto door = this->door(token);
  EXPECT_FALSE(door->closes_for(Error{.code = ErrorCode::kUnavailable, .message = "the token is away"}));
  EXPECT_FALSE(door->closes_for(
      Error{.code = ErrorCode::kFailedPrecondition, .message = "no such module", .field = "token.soft.profile"}));
  EXPECT_EQ(door->state(), State::kFree);
}

TEST_F(Door, IsShutByAKeyholderThatDiedWhileTheTokenHadThePin) {
  const TokenConfig token = config(PinSource::kFile);
  write_pin("1234");
  const auto first = door(token);
  EXPECT_EQ(pin_in(first->key_for_start()), "1234");
  first->left();
  EXPECT_EQ(first->state(), State::kFree) << "the PIN was not tried";
  first->pin_is_tried();
  first->left();
  EXPECT_EQ(first->state(), State::kShut);
  EXPECT_THAT(first->next_step(), AllOf(HasSubstr("left while it logged in"), HasSubstr("be sure of the PIN"),
                                        HasSubstr("signet admin unlock soft"), Not(HasSubstr("1234"))));
  EXPECT_EQ(door(token)->state(), State::kShut) << "the next signetd knows";
  ASSERT_TRUE(first->open_again(false, false).has_value());
  EXPECT_EQ(first->state(), State::kFree);
}

TEST_F(Door, StaysOpenWhereTheTokenAnsweredBeforeTheKeyholderDied) {
  const TokenConfig token = config(PinSource::kFile);
  write_pin("1234");
  const auto door = this->door(token);
  EXPECT_EQ(pin_in(door->key_for_start()), "1234");
  door->pin_is_tried();
  door->pin_was_right();
  door->left();
  EXPECT_EQ(door->state(), State::kFree);
  EXPECT_EQ(pin_in(door->key_for_start()), "1234");
  door->pin_is_tried();
  EXPECT_FALSE(door->closes_for(Error{.code = ErrorCode::kUnavailable, .message = "the token is away"}));
  door->left();
  EXPECT_EQ(door->state(), State::kFree);
}

TEST_F(Door, TriesAPinThatWasRightThreeTimesInARowWithoutAnAnswer) {
  const TokenConfig token = config(PinSource::kFile);
  write_pin("1234");
  const auto door = this->door(token);
  const auto start = [&](bool answered) {
    EXPECT_EQ(pin_in(door->key_for_start()), "1234");
    door->pin_is_tried();
    if (answered) door->opened();
    door->left();
  };
  start(true);
  for (int round = 0; round < 2; ++round) {
    start(false);
    start(false);
    EXPECT_EQ(door->state(), State::kFree);
    start(true);
  }
  start(false);
  start(false);
  start(false);
  EXPECT_EQ(door->state(), State::kShut);
  door->open_with(key_with("1234"));
  start(false);
  EXPECT_EQ(door->state(), State::kShut) << "the operator's try was one";
}

TEST_F(Door, TriesAnotherPinThanTheOneThatWasRightOnce) {
  const TokenConfig token = config(PinSource::kFile);
  write_pin("1234");
  const auto door = this->door(token);
  EXPECT_EQ(pin_in(door->key_for_start()), "1234");
  door->pin_is_tried();
  door->opened();
  door->left();
  write_pin("4321");
  EXPECT_EQ(pin_in(door->key_for_start()), "4321");
  door->pin_is_tried();
  door->left();
  EXPECT_EQ(door->state(), State::kShut);
}

TEST_F(Door, TriesTheConfiguredSourceAgainWhenTold) {
  const TokenConfig token = config(PinSource::kFile);
  write_pin("1234");
  const auto door = this->door(token);
  EXPECT_TRUE(door->closes_for(kWrongPin));
  ASSERT_TRUE(door->open_again(true, false).has_value());
  EXPECT_EQ(door->state(), State::kFree);
  const auto key = door->key_for_start();
  EXPECT_EQ(pin_in(key), "1234");
  EXPECT_TRUE(key->despite_count_low);
  EXPECT_FALSE(key->despite_final_try);

  const TokenConfig asked = config(PinSource::kOperator);
  const auto refused = this->door(asked)->open_again(false, false);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().field, "--configured");
  EXPECT_THAT(refused.error().message, HasSubstr("give the PIN: signet admin unlock soft"));
}

/// The file has a wrong PIN, and an operator has opened the token with the right one.
class DoorWithAWrongFile : public Door {
 protected:
  DoorWithAWrongFile() {
    write_pin("4321");
    EXPECT_EQ(pin_in(door_->key_for_start()), "4321");
    door_->pin_is_tried();
    EXPECT_TRUE(door_->closes_for(kWrongPin));
    door_->left();
    open_with(*door_, "1234");
  }
  static void open_with(TokenDoor& door, const std::string& pin) {
    door.open_with(key_with(pin));
    EXPECT_EQ(pin_in(door.key_for_start()), pin);
    door.pin_is_tried();
    door.opened();
    door.left();
  }
  /// Later than what was there before, by the file system's clock.
  void change_pin(const std::string& pin) const {
    const std::string before = identity_of(token_.pin);
    while (identity_of(token_.pin) == before) write_pin(pin);
  }
  [[nodiscard]] std::string wrong_note() const { return directory_ / "state/token-soft.wrong-pin"; }

  const TokenConfig token_ = config(PinSource::kFile);
  const std::unique_ptr<TokenDoor> door_ = door(token_);
};

TEST_F(DoorWithAWrongFile, DoesNotTryItAgain) {
  EXPECT_EQ(door_->state(), State::kFree) << "the file may have another PIN by now";
  const auto key = door_->key_for_start();
  ASSERT_FALSE(key.has_value()) << pin_in(key);
  EXPECT_EQ(key.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(key.error().field, "token.soft.pin_file");
  EXPECT_THAT(key.error().message, AllOf(HasSubstr("the PIN of token.soft.pin_file is the one that was wrong"),
                                         HasSubstr("signet admin unlock soft"), Not(HasSubstr("4321"))));
  EXPECT_EQ(door_->state(), State::kShut);
  open_with(*door_, "1234");
  EXPECT_FALSE(door_->key_for_start().has_value()) << "nor the next time";
}

TEST_F(DoorWithAWrongFile, TriesAnotherPinInItByItself) {
  write_pin("1234");
  EXPECT_EQ(pin_in(door_->key_for_start()), "1234");
  door_->pin_is_tried();
  door_->opened();
  EXPECT_FALSE(std::filesystem::exists(wrong_note()));
  EXPECT_EQ(door(token_)->state(), State::kFree);
}

TEST_F(DoorWithAWrongFile, TriesItWhenAnOperatorSaysSo) {
  ASSERT_TRUE(door_->open_again(false, false).has_value());
  EXPECT_EQ(pin_in(door_->key_for_start()), "4321") << "it may be the token that was mended";
  door_->pin_is_tried();
  door_->opened();
  door_->left();
  EXPECT_FALSE(std::filesystem::exists(wrong_note()));
  EXPECT_EQ(pin_in(door_->key_for_start()), "4321");
}

TEST_F(DoorWithAWrongFile, TriesItAgainWhenItWasTheOneThatTheOperatorGave) {
  open_with(*door_, "4321");
  EXPECT_EQ(pin_in(door_->key_for_start()), "4321");
  EXPECT_FALSE(std::filesystem::exists(wrong_note()));
}

TEST_F(DoorWithAWrongFile, TheNextSignetdKnowsUntilTheFileIsWrittenAgain) {
  EXPECT_FALSE(std::filesystem::exists(note())) << "the token is open";
  const auto next = door(token_);
  EXPECT_EQ(next->state(), State::kShut);
  EXPECT_THAT(next->next_step(), AllOf(HasSubstr("the PIN of token.soft.pin_file was wrong (tried at 2"),
                                       HasSubstr("signet admin unlock soft")));
  open_with(*next, "1234");
  EXPECT_FALSE(next->key_for_start().has_value());

  change_pin("1234");
  const auto last = door(token_);
  EXPECT_EQ(last->state(), State::kFree);
  EXPECT_EQ(pin_in(last->key_for_start()), "1234");
}

TEST_F(DoorWithAWrongFile, TheNoteHasNothingOfThePin) {
  const std::string text = slurp(wrong_note());
  EXPECT_THAT(text, testing::MatchesRegex("pin_file [0-9]+ [0-9]+[.][0-9]+\n2[-0-9T:.]+Z"));
  struct stat file{};
  ASSERT_EQ(stat(wrong_note().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777U, 0600U);
}

TEST_F(Door, AnOperatorsWrongPinSaysNothingOfTheConfiguredOne) {
  const TokenConfig token = config(PinSource::kFile);
  write_pin("1234");
  const auto door = this->door(token);
  door->open_with(key_with("9999"));
  EXPECT_EQ(pin_in(door->key_for_start()), "9999");
  door->pin_is_tried();
  EXPECT_TRUE(door->closes_for(kWrongPin));
  door->left();
  EXPECT_FALSE(std::filesystem::exists(directory_ / "state/token-soft.wrong-pin"));
  ASSERT_TRUE(door->open_again(false, false).has_value());
  EXPECT_EQ(pin_in(door->key_for_start()), "1234");
}

/// systemd makes its file anew at each start, so that nobody can tell whether it is another one.
TEST_F(Door, OfACredentialThatWasWrongTheNextSignetdTriesNoneUnlessTold) {
  const TokenConfig token = config(PinSource::kCredential);
  setenv("CREDENTIALS_DIRECTORY", (directory_ / "").c_str(), 1);
  const auto write = [&](const char* pin) { return chmod(directory_.write("soft-pin", pin).c_str(), 0600); };
  ASSERT_EQ(write("4321"), 0);
  const auto first = door(token);
  EXPECT_EQ(pin_in(first->key_for_start()), "4321");
  EXPECT_TRUE(first->closes_for(kWrongPin));
  first->open_with(key_with("1234"));
  EXPECT_EQ(pin_in(first->key_for_start()), "1234");
  first->opened();

  ASSERT_EQ(write("1234"), 0);
  const auto second = door(token);
  EXPECT_EQ(second->state(), State::kShut);
  ASSERT_TRUE(second->open_again(false, false).has_value());
  EXPECT_EQ(pin_in(second->key_for_start()), "1234");
  second->opened();
  EXPECT_EQ(door(token)->state(), State::kFree);
  unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_F(Door, IsClosedWhileItIsDrainedWhateverThePin) {
  const TokenConfig token = config(PinSource::kFile);
  const auto door = this->door(token);
  ASSERT_TRUE(door->set_drained(true).has_value());
  EXPECT_EQ(door->state(), State::kDrained);
  EXPECT_THAT(door->next_step(), HasSubstr("signet admin undrain soft"));
  ASSERT_TRUE(door->set_drained(false).has_value());
  EXPECT_EQ(door->state(), State::kFree);
}

TEST_F(Door, StaysDrainedForTheNextSignetdUntilItIsUndrained) {
  const TokenConfig token = config(PinSource::kFile);
  ASSERT_TRUE(door(token)->set_drained(true).has_value());
  const auto next = door(token);
  EXPECT_EQ(next->state(), State::kDrained);
  EXPECT_TRUE(next->drained());
  ASSERT_TRUE(next->set_drained(false).has_value());
  EXPECT_EQ(next->state(), State::kFree);
  EXPECT_EQ(door(token)->state(), State::kFree);
}

TEST_F(Door, ADrainThatCannotBeNotedIsDoneAndReturnedAsAnError) {
  const TokenConfig token = config(PinSource::kFile);
  const auto door = this->door(token);
  std::filesystem::create_directories(directory_ / "state/token-soft.drained/in the way");
  const auto noted = door->set_drained(true);
  ASSERT_FALSE(noted.has_value());
  EXPECT_THAT(noted.error().message, HasSubstr("token-soft.drained"));
  EXPECT_FALSE(door->drained_is_noted().has_value());
  EXPECT_EQ(door->state(), State::kDrained);
  EXPECT_FALSE(door->set_drained(false).has_value());
  EXPECT_EQ(door->state(), State::kFree);
}

/// A PIN that was given, and a token that was away: nobody tried it.
class DoorOfATokenThatIsAway : public Door {
 protected:
  void start_in_vain(TokenDoor& door, const std::string& pin) const {
    EXPECT_EQ(pin_in(door.key_for_start()), pin);
    EXPECT_FALSE(door.closes_for(Error{.code = ErrorCode::kUnavailable, .message = "no token matches"}));
    door.left();
  }
  /// As signetd has it that was started with `pin` at its descriptor 1000.
  [[nodiscard]] std::unique_ptr<TokenDoor> door_with_descriptor(const TokenConfig& token,
                                                                const std::string& pin) const {
    const UniqueFd file{open(directory_.write("given", pin + "\n").c_str(), O_RDONLY)};
    EXPECT_EQ(dup2(file.get(), token.pin.descriptor), token.pin.descriptor);
    auto inherited = InheritedDescriptors::take_all();
    EXPECT_TRUE(inherited.has_value());
    auto made = std::make_unique<TokenDoor>(token, directory_ / "state");
    EXPECT_TRUE(made->prepare(*inherited).has_value());
    return made;
  }
};

TEST_F(DoorOfATokenThatIsAway, AnOperatorsPinIsThereForTheNextStartUntilItIsTried) {
  const TokenConfig token = config(PinSource::kOperator);
  const auto door = this->door(token);
  DoorKey key = key_with("1234");
  key.despite_count_low = true;
  key.despite_final_try = true;
  door->open_with(std::move(key));
  for (int start = 0; start < 3; ++start) {
    EXPECT_EQ(door->state(), State::kFree);
    EXPECT_TRUE(door->pin_waits());
    start_in_vain(*door, "1234");
  }
  const auto last = door->key_for_start();
  EXPECT_EQ(pin_in(last), "1234");
  EXPECT_FALSE(last->despite_count_low) << "the token's count may be another by now";
  EXPECT_FALSE(last->despite_final_try);
  door->pin_is_tried();
  EXPECT_FALSE(door->closes_for(Error{.code = ErrorCode::kUnavailable, .message = "CKR_DEVICE_REMOVED"}));
  door->left();
  EXPECT_FALSE(door->pin_waits());
  EXPECT_EQ(door->state(), State::kNoPin) << "it was tried";
}

TEST_F(DoorOfATokenThatIsAway, ADescriptorsPinIsThereForTheNextStartUntilItIsTried) {
  const TokenConfig token = config(PinSource::kDescriptor);
  const auto door = door_with_descriptor(token, "1234");
  start_in_vain(*door, "1234");
  start_in_vain(*door, "1234");
  EXPECT_EQ(pin_in(door->key_for_start()), "1234");
  door->pin_is_tried();
  door->opened();
  door->left();
  EXPECT_EQ(door->state(), State::kNoPin) << "it was tried, and is not to be kept";
}

TEST_F(DoorOfATokenThatIsAway, APinThatTheTokenRefusesBeforehandIsGone) {
  const TokenConfig token = config(PinSource::kOperator, true);
  const auto door = this->door(token);
  door->open_with(key_with("1234"));
  EXPECT_EQ(pin_in(door->key_for_start()), "1234");
  EXPECT_TRUE(door->closes_for(
      Error{.code = ErrorCode::kFailedPrecondition, .message = "the count is low", .field = "token.soft.pin"}));
  door->left();
  EXPECT_EQ(door->state(), State::kShut);
  EXPECT_FALSE(door->pin_waits());
}

TEST_F(DoorOfATokenThatIsAway, TheConfiguredPinIsReadAgainWhereAnOperatorWantedIt) {
  const TokenConfig token = config(PinSource::kFile);
  write_pin("4321");
  const auto door = this->door(token);
  EXPECT_EQ(pin_in(door->key_for_start()), "4321");
  door->pin_is_tried();
  EXPECT_TRUE(door->closes_for(kWrongPin));
  door->left();
  ASSERT_TRUE(door->open_again(false, false).has_value());
  start_in_vain(*door, "4321");
  write_pin("1234");
  EXPECT_EQ(door->state(), State::kFree);
  EXPECT_EQ(pin_in(door->key_for_start()), "1234");
}

TEST_F(DoorOfATokenThatIsAway, ADescriptorsPinThatWasKeptAndIsWrongByNowIsNotTriedByTheNextSignetd) {
  const TokenConfig token = config(PinSource::kDescriptor, true);
  const auto first = door_with_descriptor(token, "1234");
  EXPECT_EQ(pin_in(first->key_for_start()), "1234");
  first->pin_is_tried();
  first->opened();
  first->left();
  EXPECT_EQ(pin_in(first->key_for_start()), "1234") << "kept";
  first->pin_is_tried();
  EXPECT_TRUE(first->closes_for(kWrongPin)) << "somebody changed it";
  first->left();
  first->open_with(key_with("5678"));
  EXPECT_EQ(pin_in(first->key_for_start()), "5678");
  first->pin_is_tried();
  first->opened();
  EXPECT_FALSE(std::filesystem::exists(note())) << "the token is open";

  const auto second = door_with_descriptor(token, "1234");
  EXPECT_EQ(second->state(), State::kShut);
  EXPECT_THAT(second->next_step(), HasSubstr("the PIN of token.soft.pin_fd was wrong"));
}

/// signetd is killed, or the power is cut, while the token has the PIN.
class DoorOfASignetdThatIsKilled : public Door {
 protected:
  DoorOfASignetdThatIsKilled() { write_pin("1234"); }
  [[nodiscard]] std::string trying() const { return directory_ / "state/token-soft.trying"; }
  std::unique_ptr<TokenDoor> in_the_middle_of_a_try(const TokenConfig& token) const {
    auto door = this->door(token);
    EXPECT_EQ(door->state(), State::kFree);
    EXPECT_EQ(pin_in(door->key_for_start()), "1234");
    door->pin_is_tried();
    return door;
  }
  const TokenConfig token_ = config(PinSource::kFile);
};

TEST_F(DoorOfASignetdThatIsKilled, StaysShutBehindTheSecondInARow) {
  in_the_middle_of_a_try(token_);
  in_the_middle_of_a_try(token_);
  const auto third = door(token_);
  EXPECT_EQ(third->state(), State::kShut);
  EXPECT_THAT(third->next_step(), AllOf(HasSubstr("2 times in a row signetd was killed, or the power was cut"),
                                        HasSubstr("signet admin unlock soft"), Not(HasSubstr("1234"))));
  EXPECT_EQ(door(token_)->state(), State::kShut) << "and another restart changes nothing";
  third->open_with(key_with("5678"));
  EXPECT_EQ(pin_in(third->key_for_start()), "5678");
  third->pin_is_tried();
  third->opened();
  third->left();
  EXPECT_FALSE(third->key_for_start().has_value()) << "the configured one may have been the wrong one";
  EXPECT_FALSE(std::filesystem::exists(trying()));
}

TEST_F(DoorOfASignetdThatIsKilled, OneInTheMiddleOfAGoodLoginTriesItOnceMore) {
  in_the_middle_of_a_try(token_);
  const auto second = in_the_middle_of_a_try(token_);
  second->pin_was_right();
  EXPECT_FALSE(std::filesystem::exists(trying()));
  in_the_middle_of_a_try(token_);
  EXPECT_EQ(door(token_)->state(), State::kFree) << "they are counted anew";
}

TEST_F(DoorOfASignetdThatIsKilled, AnyAnswerOfTheTokenAndAnyWordOfTheKeyholderEndsTheCount) {
  in_the_middle_of_a_try(token_)->closes_for(Error{.code = ErrorCode::kUnavailable, .message = "away"});
  EXPECT_FALSE(std::filesystem::exists(trying()));
  in_the_middle_of_a_try(token_)->left();
  EXPECT_FALSE(std::filesystem::exists(trying()));
  EXPECT_TRUE(std::filesystem::exists(note())) << "it stays shut for another reason";
}

TEST_F(DoorOfASignetdThatIsKilled, AFileThatWasWrittenSinceHasAnotherPin) {
  in_the_middle_of_a_try(token_);
  in_the_middle_of_a_try(token_);
  const std::string before = identity_of(token_.pin);
  while (identity_of(token_.pin) == before) write_pin("5678");
  const auto third = door(token_);
  EXPECT_EQ(third->state(), State::kFree);
  EXPECT_EQ(pin_in(third->key_for_start()), "5678");
}

TEST_F(DoorOfASignetdThatIsKilled, APinThatWasRightInItsLifeIsNotNoted) {
  const auto door = in_the_middle_of_a_try(token_);
  door->opened();
  door->left();
  EXPECT_EQ(pin_in(door->key_for_start()), "1234");
  door->pin_is_tried();
  EXPECT_FALSE(std::filesystem::exists(trying())) << "a token that hangs costs no write";
}

TEST_F(DoorOfASignetdThatIsKilled, TheNoteHasNothingOfThePin) {
  in_the_middle_of_a_try(token_);
  EXPECT_THAT(slurp(trying()), testing::MatchesRegex("pin_file [0-9]+ [0-9]+[.][0-9]+\n1"));
  directory_.write("state/token-soft.trying", identity_of(token_.pin) + "\nmany");
  std::filesystem::permissions(trying(), std::filesystem::perms::owner_read);
  EXPECT_EQ(door(token_)->state(), State::kShut) << "what is not understood counts as too many";
}

}  // namespace
}  // namespace signet::test
