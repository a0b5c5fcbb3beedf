#include "log/checkpoint.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "log/note.h"
#include "note_vectors.h"

namespace signet::log {
namespace {

using testing::HasSubstr;

constexpr std::string_view kRoot = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";  // SHA-256 of nothing

std::string why(std::string_view text) {
  const auto checkpoint = parse_checkpoint(text);
  if (checkpoint.has_value()) return "accepted";
  EXPECT_EQ(checkpoint.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(checkpoint.error().field, "checkpoint");
  return checkpoint.error().message;
}

TEST(Checkpoint, ReadsAndWritesThatOfTheSpecification) {
  const auto checkpoint = parse_checkpoint(vectors::kSofaText);
  ASSERT_TRUE(checkpoint.has_value()) << checkpoint.error().message;
  EXPECT_EQ(checkpoint->origin, "example.com/behind-the-sofa");
  EXPECT_EQ(checkpoint->size, 20'852'163U);
  EXPECT_EQ(to_base64(checkpoint->root), "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=");
  EXPECT_EQ(format_checkpoint(*checkpoint).value(), vectors::kSofaText);
}

TEST(Checkpoint, ReadsAndWritesThoseOfPublicLogs) {
  for (const std::string_view bytes : {vectors::kArcheNote, vectors::kRekor.note, vectors::kPixel.note}) {
    const std::string text = parse_note(bytes_of(bytes)).value().text;
    const auto checkpoint = parse_checkpoint(text);
    ASSERT_TRUE(checkpoint.has_value()) << checkpoint.error().message;
    EXPECT_EQ(format_checkpoint(*checkpoint).value(), text);
  }
}

TEST(Checkpoint, WritesTheEmptyTree) {
  EXPECT_EQ(format_checkpoint({"log", 0, sha256({})}).value(), fmt::format("log\n0\n{}\n", kRoot));
}

TEST(Checkpoint, TakesSizesUpTo64Bits) {
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{10}, UINT64_MAX}) {
    const std::string text = format_checkpoint({"log", size, {}}).value();
    EXPECT_EQ(parse_checkpoint(text).value().size, size);
  }
  EXPECT_THAT(why(fmt::format("log\n18446744073709551616\n{}\n", kRoot)), HasSubstr("tree size"));
}

TEST(Checkpoint, RefusesSizesOfAnotherForm) {
  for (const std::string_view size : {"", "00", "01", "+1", "-1", " 1", "1 ", "0x1", "1e3", "1,000", "\u0661"}) {
    EXPECT_THAT(why(fmt::format("log\n{}\n{}\n", size, kRoot)), HasSubstr("tree size")) << size;
  }
}

TEST(Checkpoint, RefusesRootsThatAreNotBase64Of32Bytes) {
  const std::string root(kRoot);
  for (const std::string& bad :
       {std::string(), root.substr(0, 43), root + "=", root + " ", " " + root, std::string("AAAA"),
        to_base64(Bytes(31)), to_base64(Bytes(33)), root.substr(0, 42) + "V=", std::string(44, '_')}) {
    EXPECT_THAT(why(fmt::format("log\n1\n{}\n", bad)), HasSubstr("root hash")) << bad;
  }
}

TEST(Checkpoint, RefusesAnEmptyOrigin) {
  EXPECT_THAT(why(fmt::format("\n1\n{}\n", kRoot)), HasSubstr("origin is empty"));
  EXPECT_FALSE(format_checkpoint({"", 1, {}}).has_value());
}

TEST(Checkpoint, PromisesNothingElseOfAnOrigin) {
  for (const std::string origin : {"a b", "a+b", "DEFAULT", "rekor.sigstore.dev - 2605736670972794746", "0"}) {
    const std::string text = format_checkpoint({origin, 1, {}}).value();
    EXPECT_EQ(parse_checkpoint(text).value().origin, origin);
  }
}

TEST(Checkpoint, WritesNoOriginThatIsNoLineOfANote) {
  for (const std::string origin : {"a\nb", "a\n", "a\rb", "a\tb", "a\xFF"}) {
    EXPECT_FALSE(format_checkpoint({origin, 1, {}}).has_value()) << origin;
  }
}

TEST(Checkpoint, RefusesTextThatIsNoTextOfANote) {
  EXPECT_THAT(why(fmt::format("log\n1\n{}", kRoot)), HasSubstr("end in a newline"));
  EXPECT_THAT(why(fmt::format("log\r\n1\r\n{}\r\n", kRoot)), HasSubstr("control character"));
  EXPECT_THAT(why(fmt::format("l\xFFg\n1\n{}\n", kRoot)), HasSubstr("not UTF-8"));
}

TEST(Checkpoint, RefusesFewerThanThreeLines) {
  for (const std::string_view text : {"\n", "log\n", "log\n1\n"}) EXPECT_THAT(why(text), HasSubstr("three lines"));
}

TEST(Checkpoint, RefusesExtensionLines) {
  const std::string text = fmt::format("log\n1\n{}\n", kRoot);
  EXPECT_EQ(why(text), "accepted");
  EXPECT_THAT(why(text + "extension\nanother\n"), HasSubstr("behind the root hash, \"extension\""));
  EXPECT_THAT(why(text + "\n"), HasSubstr("behind the root hash"));
}

}  // namespace
}  // namespace signet::log
