#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "x509/certificate.h"

namespace signet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string refusal(std::string_view text) {
  const auto blocks = decode_pem(text, "X");
  return blocks ? "accepted" : blocks.error().message;
}

TEST(Pem, IsReadAsWrittenInLinesOf64) {
  const Bytes bytes(100, 0xA5);
  const std::string text = encode_pem("X", bytes);
  EXPECT_EQ(text.find('\n', 20), std::string("-----BEGIN X-----\n").size() + 64);
  EXPECT_THAT(decode_pem(text, "X").value(), ElementsAre(bytes));
  EXPECT_THAT(decode_pem(encode_pem("X", {}), "X").value(), ElementsAre(Bytes()));
}

TEST(Pem, TakesEveryBlockOfTheLabelAndNothingElse) {
  const Bytes one = {1};
  const Bytes two = {2};
  const std::string text = "Subject: a\r\n" + encode_pem("X", one) + "between\n" + encode_pem("PRIVATE KEY", Bytes{9}) +
                           encode_pem("X", two) + "end";
  EXPECT_THAT(decode_pem(text, "X").value(), ElementsAre(one, two));
}

TEST(Pem, TakesCarriageReturns) {
  EXPECT_THAT(decode_pem("-----BEGIN X-----\r\nAQ==\r\n-----END X-----\r\n", "X").value(), ElementsAre(Bytes{1}));
}

TEST(Pem, RefusesWhatIsBroken) {
  EXPECT_THAT(refusal(""), HasSubstr("no PEM block \"-----BEGIN X-----\""));
  EXPECT_THAT(refusal("-----BEGIN Y-----\nAQ==\n-----END Y-----\n"), HasSubstr("no PEM block"));
  EXPECT_THAT(refusal("-----BEGIN X-----\nAQ==\n"), HasSubstr("has no end"));
  EXPECT_THAT(refusal("-----BEGIN X-----\nAQ==\n-----END Y-----\n"), HasSubstr("has no end"));
  EXPECT_THAT(refusal("-----BEGIN X-----\nA!==\n-----END X-----\n"), HasSubstr("PEM block 1: not base64"));
  EXPECT_THAT(refusal("-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\n\nAQ==\n-----END X-----\n"), HasSubstr("not base64"));
}

}  // namespace
}  // namespace signet
