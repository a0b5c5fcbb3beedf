#include "base/toml_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

namespace signet {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

std::unique_ptr<TomlDocument> parse(std::string_view text) {
  auto document = TomlDocument::parse(bytes_of(text), "a.toml");
  EXPECT_TRUE(document.has_value()) << (document ? "" : document.error().message);
  return *std::move(document);
}

/// The complaints of a document, or "" where all is well.
std::string complaints(TomlDocument& document) {
  const auto done = document.finish();
  return done ? "" : done.error().message;
}

TEST(TomlReader, ReadsEveryKindOfValue) {
  const auto document = parse(R"(
text = "t"
choice = "b"
truth = true
number = 7
time = "90d"
list = ["x", "y"]
[table]
inner = "i"
[[many]]
n = 1
[[many]]
n = 2
[named.beta]
[named.alpha]
)");
  TomlTable root = document->root();
  EXPECT_EQ(root.text("text"), "t");
  EXPECT_EQ(root.choice("choice", {"a", "b"}), "b");
  EXPECT_TRUE(root.boolean("truth"));
  EXPECT_EQ(root.integer("number", 1, 10), 7);
  EXPECT_EQ(root.duration("time", 1s, 24h * 365), 90 * 24h);
  EXPECT_THAT(root.texts("list"), ElementsAre("x", "y"));
  EXPECT_THAT(root.table("table").all_texts(), ElementsAre(Pair("inner", "i")));
  auto many = root.tables("many");
  ASSERT_EQ(many.size(), 2U);
  EXPECT_EQ(many[1].integer("n", 0, 9) - many[0].integer("n", 0, 9), 1);
  const auto named = root.named_tables("named");
  ASSERT_EQ(named.size(), 2U);
  EXPECT_EQ(named.begin()->first, "alpha");
  EXPECT_EQ(complaints(*document), "");
}

TEST(TomlReader, GivesFallbacksForAbsentValues) {
  const auto document = parse("");
  TomlTable root = document->root();
  EXPECT_FALSE(root.optional_text("text").has_value());
  EXPECT_EQ(root.choice("choice", {"a", "b"}, "a"), "a");
  EXPECT_TRUE(root.boolean("truth", true));
  EXPECT_EQ(root.integer("number", 1, 10, 5), 5);
  EXPECT_EQ(root.duration("time", 1s, 1h, 2min), 2min);
  EXPECT_TRUE(root.texts("list").empty());
  EXPECT_FALSE(root.optional_table("table").has_value());
  EXPECT_TRUE(root.tables("many").empty());
  EXPECT_TRUE(root.named_tables("named").empty());
  EXPECT_EQ(complaints(*document), "");
}

TEST(TomlReader, ComplainsAboutEveryMissingValue) {
  const auto document = parse("");
  TomlTable root = document->root();
  std::ignore = root.text("text");
  std::ignore = root.choice("choice", {"a", "b"});
  std::ignore = root.boolean("truth");
  std::ignore = root.integer("number", 1, 10);
  std::ignore = root.duration("time", 1s, 1h);
  std::ignore = root.texts("list", 1);
  std::ignore = root.choices("choices", {"a"}, 1);
  std::ignore = root.tables("many", 2);
  std::ignore = root.named_tables("named", 1);
  TomlTable missing = root.table("table");
  std::ignore = missing.text("not complained about twice");
  const std::string text = complaints(*document);
  EXPECT_EQ(std::ranges::count(text, '\n'), 9) << text;
  for (const char* key : {"text", "choice", "truth", "number", "time", "list", "choices", "many", "named", "table"}) {
    EXPECT_THAT(text, HasSubstr(std::string(": ") + key + ": missing; expected")) << key;
  }
}

TEST(TomlReader, ComplainsAboutTypesWithPlaceKeyValueAndWhatWasExpected) {
  const auto document = parse("a = 5\n[t]\n  b = \"ten\"\n");
  TomlTable root = document->root();
  std::ignore = root.text("a");
  std::ignore = root.table("t").integer("b", 1, 10);
  EXPECT_EQ(complaints(*document),
            "a.toml:1:5: a: is the integer 5; expected a text in quotes\n"
            "a.toml:3:7: t.b: is \"ten\"; expected an integer from 1 to 10");
}

TEST(TomlReader, ChecksRangesOfIntegersAndDurations) {
  const auto document =
      parse("low = 0\nhigh = 11\nedge = 10\nfraction = 1.5\nshort = \"1s\"\nbad = \"5 minutes\"\nnumber = 5\n");
  TomlTable root = document->root();
  std::ignore = root.integer("low", 1, 10);
  std::ignore = root.integer("high", 1, 10);
  EXPECT_EQ(root.integer("edge", 1, 10), 10);
  std::ignore = root.integer("fraction", 1, 10);
  std::ignore = root.duration("short", 1min, 1h);
  std::ignore = root.duration("bad", 1s, 1h);
  std::ignore = root.duration("number", 1s, 1h);
  const std::string text = complaints(*document);
  EXPECT_THAT(text, HasSubstr("low: is the integer 0; expected an integer from 1 to 10"));
  EXPECT_THAT(text, HasSubstr("high: is the integer 11"));
  EXPECT_THAT(text, HasSubstr("fraction: is a floating-point number"));
  EXPECT_THAT(text, HasSubstr("short: is \"1s\"; expected a duration from 1m to 1h"));
  EXPECT_THAT(text, HasSubstr("bad: is \"5 minutes\""));
  EXPECT_THAT(text, HasSubstr("number: is the integer 5"));
  EXPECT_EQ(std::ranges::count(text, '\n'), 5) << text;
}

TEST(TomlReader, ReadsListsOfIntegersWithinTheirRange) {
  const auto document = parse("good = [3, 65537]\nbad = [1, 3, \"3\", 1.0, 11]\nempty = []\nnone = 3\n");
  TomlTable root = document->root();
  EXPECT_THAT(root.integers("good", 3, 65537, 1), ElementsAre(3, 65537));
  EXPECT_TRUE(root.integers("absent", 3, 10).empty());
  EXPECT_TRUE(root.integers("empty", 3, 10).empty());
  EXPECT_EQ(root.integers("bad", 3, 10).size(), 5U);
  std::ignore = root.integers("empty", 3, 10, 1);
  std::ignore = root.integers("none", 3, 10);
  std::ignore = root.integers("missing", 3, 10, 1);
  EXPECT_EQ(complaints(*document),
            "a.toml:1:1: missing: missing; expected a list of integers\n"
            "a.toml:2:8: bad[0]: is the integer 1; expected an integer from 3 to 10\n"
            "a.toml:2:14: bad[2]: is \"3\"; expected an integer from 3 to 10\n"
            "a.toml:2:19: bad[3]: is a floating-point number; expected an integer from 3 to 10\n"
            "a.toml:2:24: bad[4]: is the integer 11; expected an integer from 3 to 10\n"
            "a.toml:3:9: empty: has 0 values and needs 1; expected a list of integers\n"
            "a.toml:4:8: none: is the integer 3; expected a list of integers");
}

TEST(TomlReader, SuggestsTheNearestKnownKey) {
  const auto document = parse("[listen]\nadress = \"x\"\nzebra = 1\n");
  TomlTable listen = document->root().table("listen");
  std::ignore = listen.optional_text("address");
  std::ignore = listen.optional_text("key");
  EXPECT_EQ(complaints(*document),
            "a.toml:2:1: listen.adress: unknown key; did you mean \"address\"?\n"
            "a.toml:3:1: listen.zebra: unknown key; the keys of this table are address, key");
}

TEST(TomlReader, KnowsAKeyThatItWasOnlyAskedWhetherItIsThere) {
  const auto document = parse("zebra = 1\n");
  EXPECT_FALSE(document->root().has("rsa_exponents"));
  EXPECT_EQ(complaints(*document), "a.toml:1:1: zebra: unknown key; the keys of this table are rsa_exponents");
}

TEST(TomlReader, ComplainsAboutUnknownKeysAtEveryLevelThatWasRead) {
  const auto document = parse("x = 1\n[t]\ny = 1\n[[many]]\nz = 1\n[named.one]\nw = 1\n[u]\nv = 1\n");
  TomlTable root = document->root();
  std::ignore = root.table("t");
  std::ignore = root.tables("many");
  std::ignore = root.named_tables("named");
  const std::string text = complaints(*document);
  for (const char* key :
       {": x: unknown", ": t.y: unknown", ": many[0].z: unknown", ": named.one.w: unknown", ": u: unknown"}) {
    EXPECT_THAT(text, HasSubstr(key));
  }
  EXPECT_EQ(std::ranges::count(text, '\n'), 4) << text;
}

TEST(TomlReader, RefusesRepeatedKeysAndBadSyntaxWithTheirPlace) {
  for (const char* text : {"a = 1\na = 2\n", "[t]\n[t]\n", "a = \n", "a = \"unfinished\n", "\xFF = 1"}) {
    const auto document = TomlDocument::parse(bytes_of(text), "a.toml");
    ASSERT_FALSE(document.has_value()) << text;
    EXPECT_THAT(document.error().message, StartsWith("a.toml:"));
    EXPECT_EQ(document.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST(TomlReader, RefusesEmptyTextsAndControlCharacters) {
  const auto document = parse("a = \"\"\nb = \"x\\u0000y\"\nc = [\"\", \"line\\nbreak\"]\n");
  TomlTable root = document->root();
  std::ignore = root.text("a");
  std::ignore = root.text("b");
  std::ignore = root.texts("c");
  const std::string text = complaints(*document);
  EXPECT_THAT(text, HasSubstr("a: is \"\"; expected a text in quotes that is not empty"));
  EXPECT_THAT(text, HasSubstr("b: is \"x\\x00y\"; expected a text in quotes without control characters"));
  EXPECT_THAT(text, HasSubstr("c[0]: is \"\""));
  EXPECT_THAT(text, HasSubstr("c[1]: is \"line\\x0abreak\""));
}

TEST(TomlReader, ShowsNothingOfATextThatMayBeASecret) {
  const auto document = parse("a = \"1234\\u0007\"\nb = 1234\nc = \"1234\"\nd = \"\"\n");
  TomlTable root = document->root();
  for (const char* key : {"a", "b", "d", "e"}) EXPECT_EQ(root.unshown_text(key), "");
  EXPECT_EQ(root.unshown_text("c"), "1234");
  EXPECT_EQ(complaints(*document),
            "a.toml:1:1: e: missing; expected a text in quotes\n"
            "a.toml:1:5: a: is a text; expected a text in quotes without control characters\n"
            "a.toml:2:5: b: is an integer; expected a text in quotes\n"
            "a.toml:4:5: d: is a text; expected a text in quotes that is not empty");
}

TEST(TomlReader, ReadsDurationsOfMilliseconds) {
  const auto document = parse("a = \"250ms\"\nb = \"2m\"\nc = \"99ms\"\nd = \"1m1ms\"\ne = 5\n");
  TomlTable root = document->root();
  EXPECT_EQ(root.fine_duration("a", 100ms, 1h), 250ms);
  EXPECT_EQ(root.fine_duration("b", 100ms, 1h), 2min);
  EXPECT_EQ(root.fine_duration("none", 100ms, 1h, 1500ms), 1500ms);
  for (const char* key : {"c", "d", "e"}) std::ignore = root.fine_duration(key, 100ms, 1h, 1500ms);
  const std::string text = complaints(*document);
  EXPECT_THAT(text,
              HasSubstr("a.toml:3:5: c: is \"99ms\"; expected a duration from 100ms to 1h: digits and one of ms, s, "
                        "m, h, d, w, y, such as \"1500ms\""));
  EXPECT_THAT(text, HasSubstr("d: is \"1m1ms\""));
  EXPECT_THAT(text, HasSubstr("e: is the integer 5"));
}

TEST(TomlReader, RefusesAKeyThatDoesNotGoWithTheOthers) {
  const auto document = parse("a = 1\n");
  TomlTable root = document->root();
  root.refuse("a", "does not go here");
  root.refuse("b", "does not go here");
  EXPECT_EQ(complaints(*document), "a.toml:1:5: a: does not go here");
}

TEST(TomlReader, ListsTheChoices) {
  const auto document = parse("a = \"z\"\nb = [\"x\", \"q\"]\n");
  TomlTable root = document->root();
  std::ignore = root.choice("a", {"x", "y"});
  std::ignore = root.choices("b", {"x", "y"});
  EXPECT_EQ(complaints(*document),
            "a.toml:1:5: a: is \"z\"; expected one of \"x\", \"y\"\n"
            "a.toml:2:11: b[1]: is \"q\"; expected one of \"x\", \"y\"");
}

TEST(TomlReader, ChecksTheNamesOfNamedTables) {
  const auto document = parse("[p.good-1_x]\n[p.\"a b\"]\n[p.\"\"]\n[p]\nnotable = 1\n");
  EXPECT_EQ(document->root().named_tables("p").size(), 1U);
  const std::string text = complaints(*document);
  EXPECT_THAT(text, HasSubstr("p.\"a b\": is no name"));
  EXPECT_THAT(text, HasSubstr("p.\"\": is no name"));
  EXPECT_THAT(text, HasSubstr("p.notable: is the integer 1; expected a table [p.notable]"));
}

TEST(TomlReader, AddsTheReadersOwnComplaintsAndErrorsInOrderOfPlace) {
  const auto document = parse("first = \"1\"\nsecond = \"2\"\n");
  TomlTable root = document->root();
  std::ignore = root.text("first");
  std::ignore = root.text("second");
  EXPECT_EQ(root.where("second"), "a.toml:2:10");
  EXPECT_EQ(root.accept("second", Result<int>(fail(ErrorCode::kInvalidArgument, "is wrong"))), 0);
  EXPECT_EQ(root.accept("first", Result<int>(3)), 3);
  root.complain("first", "is odd");
  EXPECT_EQ(complaints(*document), "a.toml:1:9: first: is odd\na.toml:2:10: second: is wrong");
}

TEST(TomlReader, MakesForeignTextPrintable) {
  const auto document = parse("\"k\\u001b[2J\" = \"v\"\n");
  std::ignore = document->root();
  EXPECT_THAT(complaints(*document), HasSubstr("\"k\\x1b[2J\": unknown key"));
}

}  // namespace
}  // namespace signet
