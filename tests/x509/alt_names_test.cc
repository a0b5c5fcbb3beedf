#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "x509/der.h"
#include "x509/name.h"

namespace signet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

AltNames some_names() {
  return {.dns = {"b.example", "a.example"},
          .ips = {IpAddress::parse("192.0.2.1").value(), IpAddress::parse("2001:db8::1").value()},
          .uris = {"spiffe://example/payments"},
          .emails = {"ops@example.com"}};
}

std::string parse_of(std::initializer_list<ByteView> names) {
  const Result<AltNames> parsed = AltNames::parse(der::sequence(names));
  if (parsed) return "accepted";
  EXPECT_EQ(parsed.error().field, "subjectAltName");
  return parsed.error().message;
}

Bytes dns(std::string_view name) { return der::element(der::context(2), bytes_of(name)); }

TEST(AltNames, AreReadAsWritten) {
  const AltNames names = some_names();
  EXPECT_EQ(AltNames::parse(names.encode()).value(), names);
  EXPECT_EQ(names.size(), 6U);
  EXPECT_THAT(names.texts(), ElementsAre("DNS:b.example", "DNS:a.example", "IP:192.0.2.1", "IP:2001:db8::1",
                                         "URI:spiffe://example/payments", "email:ops@example.com"));
}

TEST(AltNames, TakeAnyOrderOfKinds) {
  const Bytes uri = der::element(der::context(6), bytes_of("urn:a"));
  const AltNames names = AltNames::parse(der::sequence({uri, dns("a.example")})).value();
  EXPECT_EQ(names, (AltNames{.dns = {"a.example"}, .uris = {"urn:a"}}));
}

TEST(AltNames, RefuseTextThatIsNotPrintableAscii) {
  EXPECT_THAT(parse_of({dns(std::string_view("good.example\0.bad", 17))}), HasSubstr("\\x00"));
  EXPECT_THAT(parse_of({dns("a b")}), HasSubstr("without spaces"));
  EXPECT_THAT(parse_of({dns("b\xC3\xBC"
                            "cher.example")}),
              HasSubstr("printable ASCII"));
  EXPECT_THAT(parse_of({dns("a\x7F")}), HasSubstr("printable ASCII"));
  EXPECT_THAT(parse_of({dns("")}), HasSubstr("an empty dNSName"));
}

TEST(AltNames, RefuseOtherKinds) {
  const Bytes directory_name = der::element(der::context_constructed(4), Bytes{0x30, 0x00});
  const Bytes other_name = der::element(der::context_constructed(0), {});
  const Bytes registered_id = der::element(der::context(8), Bytes{0x2A});
  const Bytes constructed_dns = der::element(der::context_constructed(2), dns("a"));
  for (const Bytes& kind : {directory_name, other_name, registered_id, constructed_dns}) {
    EXPECT_THAT(parse_of({dns("a.example"), kind}), HasSubstr("only DNS names"));
  }
}

TEST(AltNames, RefuseAddressesOfOtherSizes) {
  for (const std::size_t size : {0U, 3U, 5U, 8U, 15U, 17U, 32U}) {
    EXPECT_THAT(parse_of({der::element(der::context(7), Bytes(size))}), HasSubstr("not 4 or 16"));
  }
}

TEST(AltNames, RefuseNoneAndDuplicates) {
  EXPECT_THAT(parse_of({}), HasSubstr("at least one"));
  EXPECT_THAT(parse_of({dns("a.example"), dns("b.example"), dns("a.example")}),
              HasSubstr("DNS:a.example stands there twice"));
  EXPECT_THAT(parse_of({dns("a.example"), dns("A.Example")}), HasSubstr("twice"));
  EXPECT_THAT(parse_of({dns("a.example"), der::element(der::context(6), bytes_of("a.example"))}),
              HasSubstr("accepted"));
}

TEST(AltNames, RefuseTrailingBytes) {
  Bytes names = some_names().encode();
  names.push_back(0);
  EXPECT_FALSE(AltNames::parse(names).has_value());
}

TEST(IpAddress, ReadsBothFamiliesAndWritesTheShortForm) {
  EXPECT_EQ(IpAddress::parse("192.0.2.1")->bytes, (Bytes{192, 0, 2, 1}));
  EXPECT_EQ(IpAddress::parse("2001:DB8:0:0:0:0:0:1")->text(), "2001:db8::1");
  EXPECT_EQ(IpAddress::parse("::ffff:192.0.2.1")->bytes.size(), 16U);
}

TEST(IpAddress, RefusesOtherText) {
  for (const std::string& text :
       {std::string("192.0.2"), std::string("192.0.2.256"), std::string("192.0.02.1"), std::string("192.0.2.1 "),
        std::string("::1%lo"), std::string("[::1]"), std::string(""), std::string("1"), std::string("::1\0", 4)}) {
    EXPECT_THAT(IpAddress::parse(text).error().message, HasSubstr("is not an IP address")) << text;
  }
}

}  // namespace
}  // namespace signet
