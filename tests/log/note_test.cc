#include "log/note.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <limits>
#include <map>

#include "base/file.h"
#include "note_keys.h"
#include "note_properties.h"
#include "note_vectors.h"

namespace signet::log {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string why(std::string_view note) {
  const auto parsed = parse_note(bytes_of(note));
  if (parsed.has_value()) return "accepted";
  EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(parsed.error().field, "note");
  return parsed.error().message;
}

NoteVerifier verifier(std::string_view key_string) { return NoteVerifier::parse(key_string).value(); }

Result<OpenedNote> open(std::string_view note, const std::vector<NoteVerifier>& verifiers) {
  return open_note(bytes_of(note), verifiers);
}

std::vector<std::string> names_of(const OpenedNote& note) {
  std::vector<std::string> names;
  for (const auto& signature : note.signatures) names.push_back(signature.verifier.name());
  return names;
}

TEST(Note, OpensThePublishedNotes) {
  for (const auto& [key, note] : {vectors::kSpecification, vectors::kGo, vectors::kRekor, vectors::kPixel}) {
    const auto opened = open(note, {verifier(key)});
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    EXPECT_EQ(opened->text, note.substr(0, note.rfind("\n\n") + 1));
    EXPECT_THAT(names_of(*opened), ElementsAre(verifier(key).name()));
    EXPECT_FALSE(opened->signatures[0].time.has_value());
    EXPECT_EQ(text_of_note(parse_note(bytes_of(note)).value()), note);
  }
}

TEST(Note, RefusesThePublishedNotesWithOneBitOfTheTextChanged) {
  for (const auto& [key, note] : {vectors::kSpecification, vectors::kGo, vectors::kRekor, vectors::kPixel}) {
    std::string changed(note);
    changed[0] ^= 1;
    const auto opened = open(changed, {verifier(key)});
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, ErrorCode::kUnauthenticated);
    EXPECT_THAT(opened.error().message, HasSubstr(verifier(key).describe() + " is bad"));
  }
}

TEST(Note, OpensANoteOfTwoKeysForEachAndForBoth) {
  const std::string both = std::string(vectors::kGo.note) + std::string(vectors::kGoSecondLine);
  const NoteVerifier peter = verifier(vectors::kGo.key);
  const NoteVerifier enoch = verifier(vectors::kGoSecondKey);
  EXPECT_THAT(names_of(open(both, {peter}).value()), ElementsAre("PeterNeumann"));
  EXPECT_THAT(names_of(open(both, {enoch}).value()), ElementsAre("EnochRoot"));
  EXPECT_THAT(names_of(open(both, {enoch, peter}).value()), ElementsAre("PeterNeumann", "EnochRoot"));
}

TEST(Note, OpensAPublicCheckpointWithCosignaturesAndTellsTheirTime) {
  const auto opened = open(vectors::kArcheNote, {verifier(vectors::kArcheKey), verifier(vectors::kRemoraKey),
                                                 verifier(vectors::kStagemoleKey)});
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  ASSERT_THAT(names_of(*opened),
              ElementsAre("arche2025h1.staging.ct.transparency.dev", "remora.n621.de", "witness.stagemole.eu"));
  EXPECT_FALSE(opened->signatures[0].time.has_value());
  EXPECT_EQ(opened->signatures[1].time->time_since_epoch().count(), 0x6a122120);
  EXPECT_EQ(opened->signatures[2].time->time_since_epoch().count(), 0x6a122120);
}

TEST(Note, ACosignatureCoversItsTimeAndTheText) {
  Note note = parse_note(bytes_of(vectors::kArcheNote)).value();
  const std::vector<NoteVerifier> remora{verifier(vectors::kRemoraKey)};
  NoteSignature& cosignature = note.signatures[4];
  ASSERT_EQ(cosignature.name, "remora.n621.de");
  ASSERT_TRUE(verify_note(note, remora).has_value());
  cosignature.signature[7] ^= 1;
  EXPECT_EQ(verify_note(note, remora).error().code, ErrorCode::kUnauthenticated);
  cosignature.signature[7] ^= 1;
  note.text[0] ^= 1;
  EXPECT_EQ(verify_note(note, remora).error().code, ErrorCode::kUnauthenticated);
}

TEST(Note, RefusesACosignatureOfAnotherLengthAndATimeAfterTheYear9999) {
  constexpr std::int64_t kEndOfTheYear9999 = 253'402'300'799;
  const TestKey key(KeyType::kEd25519);
  const std::vector<NoteVerifier> witness{key.verifier("w", NoteKeyType::kCosignatureV1)};
  Note note{"t\n", {key.cosign("t\n", "w", kEndOfTheYear9999)}};
  EXPECT_TRUE(verify_note(note, witness).has_value());
  note.signatures[0].signature.push_back(0);
  EXPECT_THAT(verify_note(note, witness).error().message, HasSubstr("73 bytes"));
  for (const std::int64_t time :
       {kEndOfTheYear9999 + 1, std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
    note.signatures[0] = key.cosign("t\n", "w", time);
    const auto verified = verify_note(note, witness);
    ASSERT_FALSE(verified.has_value()) << time;
    EXPECT_THAT(verified.error().message, HasSubstr("the year 9999 ends with 253402300799"));
  }
}

TEST(Note, MakesTheCosignedMessageOfTheSpecification) {
  const auto time = std::chrono::sys_seconds(std::chrono::seconds(1'679'315'147));
  EXPECT_EQ(text_of(cosigned_message(time, vectors::kSofaText)),
            "cosignature/v1\n"
            "time 1679315147\n"
            "example.com/behind-the-sofa\n"
            "20852163\n"
            "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n");
}

TEST(Note, ReadsTheTimeOfTheSpecificationsCosignature) {
  const std::string note =
      fmt::format("{}\n{}{}", vectors::kSofaText, vectors::kSofaLogLine, vectors::kSofaWitnessLine);
  const auto cosignature = parse_cosignature(parse_note(bytes_of(note)).value().signatures.at(1).signature);
  ASSERT_TRUE(cosignature.has_value());
  EXPECT_EQ(cosignature->time.time_since_epoch().count(), 1'679'315'147);
  EXPECT_EQ(cosignature->signature.size(), 64U);
}

// Strictness, rule by rule. kLine is a whole signature line.
constexpr std::string_view kLine = "— log AAAAAQI=\n";  // key id 1, signature 0x02

TEST(Note, TakesTheSmallestNote) {
  const auto note = parse_note(bytes_of(fmt::format("\n\n{}", kLine)));
  ASSERT_TRUE(note.has_value()) << note.error().message;
  EXPECT_EQ(note->text, "\n");
  EXPECT_THAT(note->signatures, ElementsAre(NoteSignature{"log", 1, {2}}));
}

TEST(Note, TextMayHaveEmptyLinesAndWhatLooksLikeSignatures) {
  for (const std::string text : {"a\n\nb\n", "a\n\n", "\n\n\n", "a\n\n— log AAAAAQI=\n\n", "— log AAAAAQI=\n"}) {
    const std::string note = text + "\n" + std::string(kLine);
    const auto parsed = parse_note(bytes_of(note));
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    EXPECT_EQ(parsed->text, text);
    EXPECT_EQ(text_of_note(*parsed), note);
  }
}

TEST(Note, RefusesANoteWithoutTheEmptyLine) {
  EXPECT_THAT(why(""), HasSubstr("no empty line"));
  EXPECT_THAT(why("text\n"), HasSubstr("no empty line"));
  EXPECT_THAT(why(fmt::format("text\n{}", kLine)), HasSubstr("no empty line"));
  EXPECT_THAT(why(fmt::format("\n{}", kLine)), HasSubstr("no empty line"));
  EXPECT_THAT(why(fmt::format("text\r\n\r\n{}", kLine)), HasSubstr("control character U+000D"));
}

TEST(Note, RefusesANoteWithoutSignatures) {
  EXPECT_THAT(why("text\n\n"), HasSubstr("0 signatures"));
  EXPECT_THAT(why(fmt::format("text\n\n{}\n\n", kLine)), HasSubstr("0 signatures"));
}

TEST(Note, RefusesANoteThatDoesNotEndInANewline) {
  EXPECT_THAT(why("text\n\n— log AAAAAQI="), HasSubstr("does not end in a newline"));
  EXPECT_THAT(why(fmt::format("text\n\n{}x", kLine)), HasSubstr("does not end in a newline"));
}

TEST(Note, RefusesControlCharactersEverywhere) {
  for (char c = 0; c < 0x20; ++c) {
    if (c == '\n') continue;
    EXPECT_THAT(why(fmt::format("te{}xt\n\n{}", c, kLine)), HasSubstr("control character")) << int{c};
    EXPECT_THAT(why(fmt::format("text\n\n— l{}og AAAAAQI=\n", c)), HasSubstr("control character")) << int{c};
  }
  EXPECT_EQ(why(fmt::format("te\x7Fxt\n\n{}", kLine)), "accepted");  // the rule is about those below U+0020
}

TEST(Note, RefusesWhatIsNotUtf8) {
  for (const std::string_view bad : {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3(", "\xE0\x80\x80", "\xE0\x9F\xBF",
                                     "\xE2\x80", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF",
                                     "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF8\x88\x80\x80\x80", "\xFF"}) {
    EXPECT_THAT(why(fmt::format("a{}\n\n{}", bad, kLine)), HasSubstr("not UTF-8 at byte 1")) << bad;
  }
  for (const std::string_view good :
       {"\u0080", "\u07FF", "\u0800", "\uD7FF", "\uE000", "\uFFFD", "\uFFFF", "\U00010000", "\U0010FFFF"}) {
    EXPECT_EQ(why(fmt::format("a{}\n\n{}", good, kLine)), "accepted") << good;
  }
}

TEST(Note, RefusesSignatureLinesOfAnotherForm) {
  const auto line = [](std::string_view text) { return why(fmt::format("text\n\n{}\n", text)); };
  EXPECT_EQ(line("— log AAAAAQI="), "accepted");
  EXPECT_THAT(line("- log AAAAAQI="), HasSubstr("does not start with an em dash"));
  EXPECT_THAT(line("\u2013 log AAAAAQI="), HasSubstr("does not start with an em dash"));
  EXPECT_THAT(line("—log AAAAAQI="), HasSubstr("does not start with an em dash and a space"));
  EXPECT_THAT(line(" — log AAAAAQI="), HasSubstr("does not start with an em dash"));
  EXPECT_THAT(line("— log"), HasSubstr("no space between"));
  EXPECT_THAT(line("—  log AAAAAQI="), HasSubstr("the key name \"\" is empty"));
  EXPECT_THAT(line("— l+g AAAAAQI="), HasSubstr("'+'"));
  EXPECT_THAT(line("— l\u00A0g AAAAAQI="), HasSubstr("contains a space"));
  EXPECT_THAT(line("— log  AAAAAQI="), HasSubstr("not base64"));
  EXPECT_THAT(line("— log AAAAAQI= "), HasSubstr("not base64"));
  EXPECT_THAT(line("— log AAAAAQI= comment"), HasSubstr("not base64"));
  EXPECT_THAT(line("— log AAAAAQI"), HasSubstr("not base64"));   // unpadded
  EXPECT_THAT(line("— log AAAAAQJ="), HasSubstr("not base64"));  // loose bits
  EXPECT_THAT(line("— log AAAA_QI="), HasSubstr("not base64"));  // the URL alphabet
  EXPECT_THAT(line("— log "), HasSubstr("no signature behind"));
  EXPECT_THAT(line("— log AAAAAQ=="), HasSubstr("no signature behind the 4 bytes"));
}

TEST(Note, AcceptsUpToItsBoundOfSignaturesAndNoMore) {
  const auto note_of = [](std::size_t count) {
    std::string note = "text\n\n";
    for (std::size_t i = 0; i < count; ++i) note += kLine;
    return note;
  };
  static_assert(kMaxNoteSignatures >= 16, "C2SP signed-note, section \"Format\"");
  EXPECT_EQ(why(note_of(16)), "accepted");
  EXPECT_EQ(why(note_of(kMaxNoteSignatures)), "accepted");
  EXPECT_THAT(why(note_of(kMaxNoteSignatures + 1)), HasSubstr("101 signatures; 1 to 100 are accepted"));
  Note many{"text\n", std::vector<NoteSignature>(kMaxNoteSignatures + 1, NoteSignature{"log", 1, {2}})};
  EXPECT_FALSE(format_note(many).has_value());
  many.signatures.pop_back();
  EXPECT_TRUE(format_note(many).has_value());
}

TEST(Note, AcceptsUpToItsBoundOfBytesAndNoMore) {
  const std::size_t text_bytes = kMaxNoteBytes - kLine.size() - 2;
  const std::string text(text_bytes, 'x');
  EXPECT_EQ(why(fmt::format("{}\n\n{}", text, kLine)), "accepted");
  EXPECT_THAT(why(fmt::format("x{}\n\n{}", text, kLine)), HasSubstr("at most 1048576"));
  EXPECT_TRUE(format_note(Note{text + "\n", {{"log", 1, {2}}}}).has_value());
  EXPECT_FALSE(format_note(Note{text + "x\n", {{"log", 1, {2}}}}).has_value());
}

TEST(Note, WritesNothingThatItWouldNotRead) {
  const NoteSignature good{"log", 1, {2}};
  EXPECT_EQ(text_of_note({"text\n", {good}}), fmt::format("text\n\n{}", kLine));
  EXPECT_FALSE(format_note({"", {good}}).has_value());
  EXPECT_FALSE(format_note({"text", {good}}).has_value());
  EXPECT_FALSE(format_note({"te\txt\n", {good}}).has_value());
  EXPECT_FALSE(format_note({"te\xFFxt\n", {good}}).has_value());
  EXPECT_FALSE(format_note({"text\n", {}}).has_value());
  EXPECT_FALSE(format_note({"text\n", {{"", 1, {2}}}}).has_value());
  EXPECT_FALSE(format_note({"text\n", {{"a b", 1, {2}}}}).has_value());
  EXPECT_FALSE(format_note({"text\n", {{"a\nb", 1, {2}}}}).has_value());
  EXPECT_FALSE(format_note({"text\n", {{"log", 1, {}}}}).has_value());
}

// Known, unknown, bad and repeated signatures.

TEST(Note, IgnoresUnknownKeysEvenIfTheyShareNameOrId) {
  const TestKey key(KeyType::kEd25519);
  Note note = signed_note("text\n", key, "log");
  const NoteSignature good = note.signatures[0];
  note.signatures.insert(note.signatures.begin(), {{"other", good.key_id, {1}}, {"log", good.key_id + 1, {1}}});
  const auto opened = open(text_of_note(note), {key.verifier("log")});
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_THAT(names_of(*opened), ElementsAre("log"));
}

TEST(Note, RefusesANoteThatNoKnownKeySigned) {
  const std::string note = text_of_note(signed_note("text\n", TestKey(KeyType::kEd25519), "log"));
  for (const auto& verifiers : {std::vector<NoteVerifier>{}, {TestKey(KeyType::kEd25519).verifier("log")}}) {
    const auto opened = open(note, verifiers);
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, ErrorCode::kUnauthenticated);
    EXPECT_THAT(opened.error().message, HasSubstr("known keys has signed the note"));
  }
}

TEST(Note, ABadSignatureOfAKnownKeyRefusesTheNoteWhateverOthersSay) {
  const TestKey good(KeyType::kEd25519);
  const TestKey bad(KeyType::kEd25519);
  Note note = signed_note("text\n", good, "good");
  note.signatures.push_back(signed_note("another text\n", bad, "bad").signatures[0]);
  EXPECT_TRUE(open(text_of_note(note), {good.verifier("good")}).has_value());
  const auto opened = open(text_of_note(note), {good.verifier("good"), bad.verifier("bad")});
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kUnauthenticated);
  EXPECT_THAT(opened.error().message, HasSubstr("Ed25519 signature of bad+"));
}

TEST(Note, AKeyThatSignedTwiceCountsOnceAndEachOfItsSignaturesMustVerify) {
  const TestKey key(KeyType::kEcP256);  // two ECDSA signatures of one text differ
  Note note = signed_note("text\n", key, "log");
  note.signatures.push_back(signed_note("text\n", key, "log").signatures[0]);
  ASSERT_NE(note.signatures[0], note.signatures[1]);
  EXPECT_THAT(names_of(open(text_of_note(note), {key.verifier("log")}).value()), ElementsAre("log"));
  note.signatures[1].signature.back() ^= 1;
  EXPECT_FALSE(open(text_of_note(note), {key.verifier("log")}).has_value());
}

TEST(Note, OfTwoCosignaturesOfOneWitnessTheFirstIsTold) {
  const TestKey key(KeyType::kEd25519);
  const Note note{"t\n", {key.cosign("t\n", "w", 1'700'000'000), key.cosign("t\n", "w", 1'800'000'000)}};
  const auto verified = verify_note(note, std::vector{key.verifier("w", NoteKeyType::kCosignatureV1)});
  ASSERT_EQ(verified.value().size(), 1U);
  EXPECT_EQ(verified->at(0).time->time_since_epoch().count(), 1'700'000'000);
}

TEST(Note, TheSameVerifierTwiceIsOneVerifier) {
  const TestKey key(KeyType::kEd25519);
  const std::string note = text_of_note(signed_note("text\n", key, "log"));
  EXPECT_THAT(names_of(open(note, {key.verifier("log"), key.verifier("log")}).value()), ElementsAre("log"));
}

/// Two Ed25519 keys that have one key id under the name "log": found by trying, which takes some 2^16 keys. Any 32
/// bytes have the form of a key.
std::vector<NoteVerifier> twins() {
  const auto verifier_of = [](const Sha256& key) {
    return NoteVerifier::make("log", NoteKeyType::kEd25519, PublicKey::from_spki(ed25519_spki(key).value()).value());
  };
  std::map<std::uint32_t, Sha256> seen;
  for (std::uint32_t i = 0; i < 1'000'000; ++i) {
    Bytes seed;
    append_u32(seed, i);
    const Sha256 key = sha256(seed);
    Bytes hashed = copy_of(bytes_of("log\n\x01"));
    append(hashed, key);
    const auto [other, fresh] = seen.try_emplace(read_u32(sha256(hashed)), key);
    if (!fresh) return {verifier_of(other->second).value(), verifier_of(key).value()};
  }
  return {};
}

TEST(Note, RefusesToGuessBetweenTwoKeysOfOneNameAndId) {
  const std::vector<NoteVerifier> verifiers = twins();
  ASSERT_EQ(verifiers.size(), 2U);
  ASSERT_NE(verifiers[0], verifiers[1]);
  ASSERT_EQ(verifiers[0].key_id(), verifiers[1].key_id());
  const auto verified = verify_note({"text\n", {{"log", verifiers[0].key_id(), Bytes(64)}}}, verifiers);
  ASSERT_FALSE(verified.has_value());
  EXPECT_EQ(verified.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(verified.error().message, HasSubstr("two different verifier keys are log+"));
}

TEST(Note, PropertyHoldsForTheCorpus) {
  std::size_t count = 0;
  for (const auto& file : std::filesystem::directory_iterator(SIGNET_SOURCE_DIR "/tests/log/note_corpus")) {
    const auto bytes = read_file(file.path().string(), kMaxProofFileBytes, FileTrust::kAnyone, "corpus");
    ASSERT_TRUE(bytes.has_value());
    check_note_property(*bytes);
    ++count;
  }
  EXPECT_GE(count, 15U);
}

}  // namespace
}  // namespace signet::log
