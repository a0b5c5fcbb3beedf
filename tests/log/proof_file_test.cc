#include "log/proof_file.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "log/checkpoint.h"
#include "note_keys.h"

namespace signet::log {
namespace {

using testing::HasSubstr;

const std::string kHash = to_base64(sha256({}));
const std::string kCheckpoint = fmt::format("log\n109482\n{}\n\n— log AAAAAQI=\n", kHash);

std::string why(std::string_view proof) {
  const auto parsed = parse_proof_file(bytes_of(proof));
  if (parsed.has_value()) return "accepted";
  EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(parsed.error().field, "proof");
  return parsed.error().message;
}

/// A proof with these lines between its first line and the checkpoint's empty line.
std::string proof_with(std::string_view lines) {
  return fmt::format("c2sp.org/tlog-proof@v1\n{}\n{}", lines, kCheckpoint);
}

ProofFile proof() {
  return {.extra = {}, .index = 73'894, .path = {sha256({})}, .checkpoint = parse_note(bytes_of(kCheckpoint)).value()};
}

TEST(ProofFile, ReadsAndWritesTheSpecificationsForm) {
  // The example of C2SP tlog-proof, with the signatures (which it shortens) and the extra data (which is no base64)
  // replaced.
  const std::string example =
      "c2sp.org/tlog-proof@v1\n"
      "extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6\n"
      "index 73894\n"
      "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n"
      "B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\n"
      "EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=\n"
      "RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=\n"
      "AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=\n"
      "\n"
      "example.com/fancylog\n"
      "109482\n"
      "sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n"
      "\n"
      "— example.com/fancylog AAAAAQI=\n"
      "— witness1.example AAAAAQI=\n";
  const auto parsed = parse_proof_file(bytes_of(example));
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
  EXPECT_EQ(text_of(parsed->extra), "age-v1.2.1-darwin-arm64.tar.gz");
  EXPECT_EQ(parsed->index, 73'894U);
  ASSERT_EQ(parsed->path.size(), 5U);
  EXPECT_EQ(to_base64(parsed->path[0]), "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=");
  EXPECT_EQ(to_base64(parsed->path[4]), "AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=");
  EXPECT_EQ(parse_checkpoint(parsed->checkpoint.text).value().size, 109'482U);
  EXPECT_EQ(parsed->checkpoint.signatures.size(), 2U);
  EXPECT_EQ(text_of(format_proof_file(*parsed).value()), example);
}

TEST(ProofFile, WritesNeitherExtraNorHashesWhereThereAreNone) {
  ProofFile small = proof();
  EXPECT_EQ(text_of(format_proof_file(small).value()), proof_with(fmt::format("index 73894\n{}\n", kHash)));
  small.path.clear();
  small.index = 0;
  EXPECT_EQ(text_of(format_proof_file(small).value()), proof_with("index 0\n"));
}

TEST(ProofFile, ReadsBackWhatItWrites) {
  ProofFile written = proof();
  for (const std::size_t hashes : {0U, 1U, 2U, 63U, 64U}) {
    for (const std::size_t extra : {0U, 1U, 2U, 3U, 65'535U}) {
      written.path.assign(hashes, sha256(bytes_of("hash")));
      written.extra.assign(extra, 0xA5);
      EXPECT_EQ(parse_proof_file(format_proof_file(written).value()).value(), written);
    }
  }
}

TEST(ProofFile, ItsCheckpointIsVerifiedAsANote) {
  const TestKey key(KeyType::kEd25519);
  ProofFile written = proof();
  written.checkpoint = signed_note(format_checkpoint({"log", 109'482, {}}).value(), key, "log");
  const ProofFile read = parse_proof_file(format_proof_file(written).value()).value();
  EXPECT_TRUE(verify_note(read.checkpoint, std::vector{key.verifier("log")}).has_value());
}

TEST(ProofFile, RefusesAnotherFirstLine) {
  const std::string good = proof_with("index 0\n");
  EXPECT_EQ(why(good), "accepted");
  EXPECT_THAT(why(""), HasSubstr("ends where c2sp.org/tlog-proof@v1"));
  EXPECT_THAT(why("c2sp.org/tlog-proof@v1"), HasSubstr("ends where"));
  EXPECT_THAT(why("\n" + good), HasSubstr("starts with \"\""));
  EXPECT_THAT(why(" " + good), HasSubstr("starts with"));
  EXPECT_THAT(why("c2sp.org/tlog-proof@v2" + good.substr(22)), HasSubstr("starts with \"c2sp.org/tlog-proof@v2\""));
}

TEST(ProofFile, RefusesExtraDataOfAnotherForm) {
  EXPECT_EQ(why(proof_with("extra AA==\nindex 0\n")), "accepted");
  EXPECT_THAT(why(proof_with("extra \nindex 0\n")), HasSubstr("without data"));
  EXPECT_THAT(why(proof_with("extra AA=\nindex 0\n")), HasSubstr("extra data is not base64"));
  EXPECT_THAT(why(proof_with("extra  AA==\nindex 0\n")), HasSubstr("extra data is not base64"));
  EXPECT_THAT(why(proof_with("extra AB==\nindex 0\n")), HasSubstr("extra data is not base64"));  // loose bits
  EXPECT_THAT(why(proof_with("Extra AA==\nindex 0\n")), HasSubstr("where \"index <number>\" was expected"));
  EXPECT_THAT(why(proof_with("extra\nindex 0\n")), HasSubstr("where \"index <number>\" was expected"));
  EXPECT_THAT(why(proof_with("extra AA==\nextra AA==\nindex 0\n")), HasSubstr("was expected"));
  EXPECT_THAT(why(proof_with("index 0\nextra AA==\n")), HasSubstr("hash 1"));
}

TEST(ProofFile, RefusesAnIndexOfAnotherForm) {
  for (const std::string_view index : {"", "00", "01", "+1", "-1", " 1", "1 ", "0x1", "18446744073709551616"}) {
    EXPECT_THAT(why(proof_with(fmt::format("index {}\n", index))), HasSubstr("no decimal number")) << index;
  }
  EXPECT_THAT(why(proof_with("")), HasSubstr("was expected"));
  EXPECT_THAT(why(proof_with("index\n")), HasSubstr("was expected"));
  EXPECT_THAT(why(proof_with("Index 0\n")), HasSubstr("was expected"));
  EXPECT_THAT(why("c2sp.org/tlog-proof@v1\n"), HasSubstr("ends where \"index <number>\""));
  EXPECT_THAT(why("c2sp.org/tlog-proof@v1\nextra AA==\n"), HasSubstr("ends where \"index <number>\""));
}

TEST(ProofFile, RefusesAnIndexThatIsNotInTheTree) {
  EXPECT_EQ(why(proof_with("index 109481\n")), "accepted");
  EXPECT_THAT(why(proof_with("index 109482\n")), HasSubstr("of a tree of 109482 entries"));
  ProofFile outside = proof();
  outside.index = 109'482;
  EXPECT_FALSE(format_proof_file(outside).has_value());
}

TEST(ProofFile, RefusesHashesOfAnotherForm) {
  EXPECT_EQ(why(proof_with(fmt::format("index 0\n{}\n", kHash))), "accepted");
  for (const std::string& bad : {kHash + " ", " " + kHash, kHash.substr(0, 43), to_base64(Bytes(31)),
                                 to_base64(Bytes(33)), to_base64(Bytes(64)), kHash.substr(0, 42) + "V="}) {
    EXPECT_THAT(why(proof_with(fmt::format("index 0\n{}\n{}\n", kHash, bad))), HasSubstr("hash 2")) << bad;
  }
}

TEST(ProofFile, RefusesMoreHashesThanATreeNeeds) {
  std::string lines = "index 0\n";
  for (std::size_t i = 0; i < kMaxProofHashes; ++i) lines += kHash + "\n";
  EXPECT_EQ(why(proof_with(lines)), "accepted");
  EXPECT_THAT(why(proof_with(lines + kHash + "\n")), HasSubstr("more than 64 hashes"));
  ProofFile long_path = proof();
  long_path.path.assign(kMaxProofHashes + 1, {});
  EXPECT_FALSE(format_proof_file(long_path).has_value());
}

TEST(ProofFile, RefusesMoreExtraDataAndMoreBytesThanItsBounds) {
  ProofFile large = proof();
  large.extra.assign(kMaxProofExtraBytes, 0);
  EXPECT_EQ(why(text_of(format_proof_file(large).value())), "accepted");
  large.extra.push_back(0);
  EXPECT_FALSE(format_proof_file(large).has_value());
  EXPECT_THAT(why(proof_with(fmt::format("extra {}\nindex 0\n", to_base64(large.extra)))), HasSubstr("at most 131072"));
  EXPECT_THAT(why(std::string(kMaxProofFileBytes + 1, '\n')), HasSubstr("at most"));
}

TEST(ProofFile, RefusesACheckpointThatIsNone) {
  const std::string head = "c2sp.org/tlog-proof@v1\nindex 0\n";
  EXPECT_THAT(why(head), HasSubstr("no empty line between its hashes and its checkpoint"));
  EXPECT_THAT(why(head + "\n"), HasSubstr("checkpoint is none"));
  EXPECT_THAT(why(head + "\n\n" + kCheckpoint), HasSubstr("origin is empty"));
  EXPECT_THAT(why(head + "\n" + kCheckpoint + "\n"), HasSubstr("checkpoint is none"));
  EXPECT_THAT(why(head + "\nno checkpoint\n\n— log AAAAAQI=\n"), HasSubstr("three lines"));
  EXPECT_THAT(why(head + "\n" + kCheckpoint.substr(0, kCheckpoint.size() - 1)), HasSubstr("end in a newline"));
  ProofFile no_checkpoint = proof();
  no_checkpoint.checkpoint.text = "no checkpoint\n";
  EXPECT_FALSE(format_proof_file(no_checkpoint).has_value());
  no_checkpoint = proof();
  no_checkpoint.checkpoint.signatures.clear();
  EXPECT_FALSE(format_proof_file(no_checkpoint).has_value());
}

}  // namespace
}  // namespace signet::log
