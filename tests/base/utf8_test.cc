#include "base/utf8.h"

#include <gtest/gtest.h>

namespace signet {
namespace {

using std::string_view_literals::operator""sv;

TEST(Utf8, TakesOneCodePointOfEachLength) {
  std::string_view text = "a\u00e9\u20ac\U0001F600";
  EXPECT_EQ(take_code_point(text), U'a');
  EXPECT_EQ(take_code_point(text), U'\u00e9');
  EXPECT_EQ(take_code_point(text), U'\u20ac');
  EXPECT_EQ(take_code_point(text), U'\U0001F600');
  EXPECT_EQ(take_code_point(text), std::nullopt);
}

TEST(Utf8, KnowsTheEndsOfEachRange) {
  for (const std::string_view text : {"\0"sv, "\x7F"sv, "\xC2\x80"sv, "\xDF\xBF"sv, "\xE0\xA0\x80"sv, "\xED\x9F\xBF"sv,
                                      "\xEE\x80\x80"sv, "\xF0\x90\x80\x80"sv, "\xF4\x8F\xBF\xBF"sv}) {
    EXPECT_EQ(utf8_length(text), text.size());
  }
}

TEST(Utf8, RefusesOverlongFormsSurrogatesAndWhatIsTooLarge) {
  for (const std::string_view text : {"\x80"sv, "\xC0\x80"sv, "\xC1\xBF"sv, "\xE0\x9F\xBF"sv, "\xED\xA0\x80"sv,
                                      "\xF0\x8F\xBF\xBF"sv, "\xF4\x90\x80\x80"sv, "\xF8\x88\x80\x80\x80"sv, "\xFF"sv}) {
    EXPECT_EQ(utf8_length(text), 0U);
  }
}

TEST(Utf8, RefusesASequenceThatIsCutOffAndLeavesTheText) {
  for (const std::string_view text : {"\xC3"sv, "\xE2\x82"sv, "\xF0\x9F\x98"sv, "\xE2(\xAC"sv, ""sv}) {
    std::string_view rest = text;
    EXPECT_EQ(take_code_point(rest), std::nullopt);
    EXPECT_EQ(rest, text);
  }
}

}  // namespace
}  // namespace signet
