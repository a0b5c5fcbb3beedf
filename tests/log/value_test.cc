#include "log/value.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "value_properties.h"

namespace signet::log {
namespace {

std::string encoded(const Object& object) { return std::string(text_of(encode_canonical(object).value())); }

void expect_refused(std::string_view text, std::string_view part_of_message) {
  const auto object = parse_canonical(bytes_of(text));
  ASSERT_FALSE(object.has_value()) << text;
  EXPECT_EQ(object.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(object.error().message.find(part_of_message), std::string::npos) << text << ": " << object.error().message;
}

TEST(Value, WritesKeysInBytewiseOrderWithoutWhiteSpace) {
  const Object object{{"b", std::int64_t{-5}}, {"B", "x"}, {"\xC3\xA9", Value::boolean(true)}, {"a", Array{"1", "2"}}};
  EXPECT_EQ(encoded(object), "{\"B\":\"x\",\"a\":[\"1\",\"2\"],\"b\":-5,\"\xC3\xA9\":true}");
}

TEST(Value, EscapesQuotesBackslashesAndControlCharactersOnly) {
  const std::string text("\"\\/\b\t\n\f\r\x00\x1f\x7f \xE2\x82\xAC\xF0\x9F\x94\x91", 19);
  EXPECT_EQ(encoded({{"t", text}}),
            "{\"t\":\"\\\"\\\\/\\b\\t\\n\\f\\r\\u0000\\u001f\x7f \xE2\x82\xAC\xF0\x9F\x94\x91\"}");
}

TEST(Value, ReadsWhatItWrites) {
  const Object object{{"text", "a\nb\"\x01"},
                      {"least", std::int64_t{INT64_MIN}},
                      {"most", std::int64_t{INT64_MAX}},
                      {"list", Array{Value::boolean(false), Object{{"k", Array{}}}}},
                      {"object", Object{}}};
  const auto again = parse_canonical(encode_canonical(object).value());
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(*again, object);
}

TEST(Value, RefusesToWriteWhatIsNotUtf8) {
  for (const std::string_view bad : {"\xFF", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xC3"}) {
    EXPECT_FALSE(encode_canonical({{"text", bad}}).has_value()) << to_hex(bytes_of(bad));
    EXPECT_FALSE(encode_canonical({{std::string(bad), "key"}}).has_value()) << to_hex(bytes_of(bad));
  }
}

TEST(Value, RefusesEveryOtherEncodingOfTheSame) {
  expect_refused(R"( {"a":1})", "canonical");
  expect_refused(R"({"a":1} )", "canonical");
  expect_refused(R"({"a": 1})", "canonical");
  expect_refused(R"({"b":1,"a":2})", "canonical");
  expect_refused(R"({"a":"\/"})", "canonical");
  expect_refused(R"({"a":"\u0041"})", "canonical");
  expect_refused(R"({"a":"\u000A"})", "canonical");
  expect_refused(R"({"a":"\u001F"})", "canonical");
  expect_refused(R"({"a":-0})", "canonical");
  expect_refused("\xEF\xBB\xBF{}", "canonical");
}

TEST(Value, RefusesWhatEntriesCannotHold) {
  expect_refused(R"({"a":1.0})", "not an integer");
  expect_refused(R"({"a":1e3})", "not an integer");
  expect_refused(R"({"a":18446744073709551616})", "not an integer");
  expect_refused(R"({"a":9223372036854775808})", "larger than 64 signed bits");
  expect_refused(R"({"a":null})", "null");
  expect_refused(R"({"a":1,"a":1})", "comes twice");
  expect_refused(R"([1])", "not a JSON object");
  expect_refused(R"("a")", "not a JSON object");
}

TEST(Value, RefusesWhatIsNotJsonAndSaysWhere) {
  expect_refused("", "not JSON at byte");
  expect_refused("{", "not JSON at byte");
  expect_refused(R"({"a":1}})", "not JSON at byte 8");
  expect_refused(R"({"a":01})", "not JSON at byte");
  expect_refused("{\"a\":\"\xED\xA0\x80\"}", "not JSON at byte");
  expect_refused("{\"a\":\"\n\"}", "not JSON at byte");
}

TEST(Value, RefusesDeepNestingBothWays) {
  Object deep;
  std::string text = "{}";
  for (unsigned level = 1; level < kMaxValueDepth; ++level) {
    deep = {{"a", deep}};
    text = "{\"a\":" + text + "}";
  }
  EXPECT_EQ(encoded(deep), text);
  EXPECT_TRUE(parse_canonical(bytes_of(text)).has_value());
  EXPECT_FALSE(encode_canonical({{"a", deep}}).has_value());
  expect_refused("{\"a\":" + text + "}", "nested deeper");
  expect_refused("{\"a\":" + std::string(100'000, '['), "nested deeper");
}

TEST(Value, FuzzPropertyHoldsForTheCorpus) {
  std::size_t count = 0;
  for (const auto& file : std::filesystem::directory_iterator(SIGNET_SOURCE_DIR "/tests/log/value_corpus")) {
    const auto bytes = read_file(file.path().string(), 65'536, FileTrust::kAnyone, "corpus");
    ASSERT_TRUE(bytes.has_value());
    check_value_property(*bytes);
    ++count;
  }
  EXPECT_GE(count, 5U);
}

}  // namespace
}  // namespace signet::log
