#include "base/secret.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string>

#include "base/file.h"

namespace signet {
namespace {

using testing::HasSubstr;

std::string text_in(const Secret& secret) {
  return secret.expose([](std::span<const std::uint8_t> bytes) { return std::string(text_of(bytes)); });
}

Result<Secret> through_a_pipe(const std::string& text) {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe(ends.data()), 0);
  const UniqueFd read_end{ends[0]};
  UniqueFd write_end{ends[1]};
  EXPECT_TRUE(write_all(write_end.get(), bytes_of(text)).has_value());
  write_end.reset();
  return read_secret(read_end.get(), "descriptor 7", "token.soft.pin_fd");
}

TEST(Secret, OfADescriptorIsAllOfItButOneNewline) {
  EXPECT_EQ(text_in(through_a_pipe("1234").value()), "1234");
  EXPECT_EQ(text_in(through_a_pipe("1234\n").value()), "1234");
  EXPECT_EQ(text_in(through_a_pipe("1234\n\n").value()), "1234\n");
  EXPECT_EQ(text_in(through_a_pipe(std::string(255, 'x') + "\n").value()), std::string(255, 'x'));
}

TEST(Secret, OfADescriptorHas1To255BytesAndTheErrorDoesNotSayThem) {
  for (const std::string& wrong : {std::string(), std::string("\n"), std::string(256, 'x'), std::string(300, 'x')}) {
    const auto secret = through_a_pipe(wrong);
    ASSERT_FALSE(secret.has_value());
    EXPECT_EQ(secret.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(secret.error().field, "token.soft.pin_fd");
    EXPECT_THAT(secret.error().message, HasSubstr("1 to 255 bytes"));
    EXPECT_EQ(secret.error().message.find("xxx"), std::string::npos);
  }
}

TEST(Secret, IsLockedAndNotThereInAProcessThatIsForkedOff) {
  const Secret secret(bytes_of(std::string_view("1234")));
  EXPECT_TRUE(secret.is_locked());
  const pid_t child = fork();
  if (child == 0) {
    const bool wiped =
        secret.expose([](std::span<const std::uint8_t> bytes) { return bytes[0] == 0 && bytes[3] == 0; });
    _exit(wiped ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(text_in(secret), "1234");
}

TEST(Secret, ThatIsFilledKeepsWhatWasWrittenAndNothingWhereThatFailed) {
  const auto filled = Secret::filled_by(10, [](std::span<std::uint8_t> room) -> Result<std::size_t> {
    EXPECT_EQ(room.size(), 10U);
    room[0] = 'a';
    room[1] = 'b';
    return std::size_t{2};
  });
  EXPECT_EQ(text_in(filled.value()), "ab");
  const auto failed = Secret::filled_by(
      10, [](std::span<std::uint8_t>) -> Result<std::size_t> { return fail(ErrorCode::kUnavailable, "not today"); });
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().message, "not today");
}

}  // namespace
}  // namespace signet
