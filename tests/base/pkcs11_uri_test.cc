#include "base/pkcs11_uri.h"

#include <gmock/gmock.h>

namespace signet {
namespace {

using testing::HasSubstr;
using testing::Not;

Error refusal_of(std::string_view text) {
  const auto uri = Pkcs11Uri::parse(text);
  EXPECT_FALSE(uri.has_value()) << text;
  if (uri.has_value()) return {};
  EXPECT_EQ(uri.error().code, ErrorCode::kInvalidArgument) << text;
  EXPECT_EQ(uri.error().field, "uri") << text;
  return uri.error();
}

TEST(Pkcs11Uri, ReadsEveryAttributeItKnows) {
  const auto uri = Pkcs11Uri::parse(
      "pkcs11:token=signet-issuing;manufacturer=SoftHSM%20project;model=v2;serial=0a1b;"
      "object=issuing-1;id=%00%ffA;type=private");
  ASSERT_TRUE(uri.has_value()) << uri.error().message;
  EXPECT_EQ(uri->token, "signet-issuing");
  EXPECT_EQ(uri->manufacturer, "SoftHSM project");
  EXPECT_EQ(uri->model, "v2");
  EXPECT_EQ(uri->serial, "0a1b");
  EXPECT_EQ(uri->object, "issuing-1");
  EXPECT_EQ(uri->id, (Bytes{0x00, 0xFF, 'A'}));
  EXPECT_EQ(uri->type, "private");
}

TEST(Pkcs11Uri, TakesTheEmptyPathAsMatchingEverything) {
  const auto uri = Pkcs11Uri::parse("pkcs11:");
  ASSERT_TRUE(uri.has_value());
  EXPECT_EQ(*uri, Pkcs11Uri{});
}

TEST(Pkcs11Uri, WritesATextThatReadsBackTheSame) {
  const Pkcs11Uri uri{
      .token = "a;b=c %/?", .serial = "12", .object = "grün", .id = Bytes{0, 1, 0xAB}, .type = "private"};
  EXPECT_EQ(uri.text(), "pkcs11:token=a%3Bb%3Dc%20%25%2F%3F;serial=12;object=gr%C3%BCn;id=%00%01%AB;type=private");
  const auto again = Pkcs11Uri::parse(uri.text());
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(*again, uri);
}

TEST(Pkcs11Uri, RefusesAnotherScheme) {
  EXPECT_THAT(refusal_of("file:/key.pem").message, HasSubstr("pkcs11:"));
  EXPECT_THAT(refusal_of("PKCS11:token=a").message, HasSubstr("lower case"));
}

TEST(Pkcs11Uri, RefusesAttributesItDoesNotKnow) {
  EXPECT_THAT(refusal_of("pkcs11:token=a;slot-id=1").message, HasSubstr("'slot-id'"));
  EXPECT_THAT(refusal_of("pkcs11:library-manufacturer=x").message, HasSubstr("'library-manufacturer'"));
  EXPECT_THAT(refusal_of("pkcs11:x-vendor=1").message, HasSubstr("'x-vendor'"));
}

TEST(Pkcs11Uri, RefusesARepeatedAttribute) {
  EXPECT_THAT(refusal_of("pkcs11:object=a;object=a").message, HasSubstr("'object' stands there twice"));
}

TEST(Pkcs11Uri, RefusesBrokenForm) {
  refusal_of("pkcs11:token");
  refusal_of("pkcs11:=a");
  refusal_of("pkcs11:token=");
  refusal_of("pkcs11:token=a;");
  refusal_of("pkcs11:;token=a");
}

TEST(Pkcs11Uri, RefusesBrokenPercentEncoding) {
  refusal_of("pkcs11:object=a%");
  refusal_of("pkcs11:object=a%4");
  refusal_of("pkcs11:object=a%zz");
  EXPECT_THAT(refusal_of("pkcs11:object=a%00b").message, HasSubstr("NUL"));
}

TEST(Pkcs11Uri, RefusesCharactersThatMustBeEncoded) {
  EXPECT_THAT(refusal_of("pkcs11:object=a b").message, HasSubstr("percent-encoded"));
  refusal_of("pkcs11:object=a/b");
  refusal_of("pkcs11:object=gr\xC3\xBCn");
}

TEST(Pkcs11Uri, RefusesTextsThatPkcs11HasNoRoomFor) {
  EXPECT_TRUE(Pkcs11Uri::parse("pkcs11:token=" + std::string(32, 'a')).has_value());
  EXPECT_THAT(refusal_of("pkcs11:token=" + std::string(33, 'a')).message, HasSubstr("33 bytes"));
  refusal_of("pkcs11:serial=" + std::string(17, '1'));
}

TEST(Pkcs11Uri, RefusesAnUnknownType) { EXPECT_THAT(refusal_of("pkcs11:type=key").message, HasSubstr("'key'")); }

TEST(Pkcs11Uri, RefusesPinsAndNeverRepeatsThem) {
  for (const char* text : {"pkcs11:token=a?pin-value=hunter2", "pkcs11:token=a;pin-value=hunter2",
                           "pkcs11:token=a?module-name=x&pin-value=hunter2", "pkcs11:token=a?pin-source=file:/hunter2",
                           "pkcs11:token=a?module-name=x;pin-value=hunter2", "pkcs11:token=a?PIN-VALUE=hunter2",
                           "pkcs11:token=a;Pin-Value=hunter2", "pkcs11:token=a;pin-value:hunter2="}) {
    const Error error = refusal_of(text);
    EXPECT_THAT(error.message, HasSubstr("PIN file"));
    EXPECT_THAT(error.message, Not(HasSubstr("hunter2")));
  }
}

TEST(Pkcs11Uri, RepeatsNothingOfARefusedUriThatMayHoldAPin) {
  for (const char* text : {"PKCS11:token=a;pin-value=hunter2", "hunter2", "pkcs11:hunter2", "pkcs11:token=a;hunter2",
                           "pkcs11:token=a?hunter2", "pkcs11:token=a?p%69n-value=hunter2", "pkcs11:slot-id=hunter2"}) {
    EXPECT_THAT(refusal_of(text).message, Not(HasSubstr("hunter2"))) << text;
  }
}

TEST(Pkcs11Uri, RefusesQueries) {
  EXPECT_THAT(refusal_of("pkcs11:token=a?module-path=/lib/x.so").message, HasSubstr("HSM profile"));
}

}  // namespace
}  // namespace signet
