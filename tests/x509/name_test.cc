#include "x509/name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509.h>

#include <memory>

#include "crypto.h"
#include "x509/der.h"

namespace signet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

std::string refusal(const auto& result) { return result.has_value() ? "accepted" : result.error().message; }

Bytes attribute(std::string_view oid, std::uint8_t tag, std::string_view value) {
  return der::sequence({der::oid(oid), der::element(tag, bytes_of(value))});
}

/// A Name of one RDN with these attributes as they are.
Bytes name_of_rdn(std::initializer_list<ByteView> attributes) {
  Bytes contents;
  for (const ByteView part : attributes) append(contents, part);
  return der::sequence({der::element(der::kSet, contents)});
}

std::string parse_common_name(std::uint8_t tag, std::string_view value) {
  return refusal(Name::parse(name_of_rdn({attribute("2.5.4.3", tag, value)})));
}

TEST(Name, WritesAttributesInOrderWithTheStringTypesOfRfc5280) {
  const Name name = Name::from_attributes({{"C", "DE"}, {"O", "Bücher"}, {"serialNumber", "12"}}).value();
  const Bytes c = der::element(der::kSet, attribute("2.5.4.6", der::kPrintableString, "DE"));
  const Bytes o = der::element(der::kSet, attribute("2.5.4.10", der::kUtf8String, "Bücher"));
  const Bytes serial = der::element(der::kSet, attribute("2.5.4.5", der::kPrintableString, "12"));
  EXPECT_EQ(copy_of(name.der()), der::sequence({c, o, serial}));
  EXPECT_EQ(name.text(), "serialNumber=12,O=Bücher,C=DE");
}

TEST(Name, AnEmptyOneIsAnEmptySequence) {
  for (const Name& name : {Name(), Name::from_attributes({}).value(), Name::from_text("").value(),
                           Name::parse(Bytes{0x30, 0x00}).value()}) {
    EXPECT_TRUE(name.empty());
    EXPECT_EQ(to_hex(name.der()), "3000");
    EXPECT_EQ(name.text(), "");
  }
}

TEST(Name, RefusesValuesThatBreakTheirRules) {
  const auto check = [](const std::string& key, const std::string& value) {
    return refusal(Name::from_attributes({{key, value}}));
  };
  EXPECT_THAT(check("CN", ""), HasSubstr("is empty"));
  EXPECT_THAT(check("CN", std::string("a\0b", 3)), HasSubstr("control characters"));
  EXPECT_THAT(check("CN", "a\nb"), HasSubstr("control characters"));
  EXPECT_THAT(check("CN", "\xC2\x85"), HasSubstr("control characters"));
  EXPECT_THAT(check("CN", "\xFF"), HasSubstr("not UTF-8"));
  EXPECT_THAT(check("C", "D"), HasSubstr("two letters"));
  EXPECT_THAT(check("C", "D1"), HasSubstr("two letters"));
  EXPECT_THAT(check("serialNumber", "a_b"), HasSubstr("PrintableString"));
  EXPECT_THAT(check("DC", "example"),
              HasSubstr("unknown attribute \"DC\"; known are C, ST, L, O, OU, CN, serialNumber"));
}

TEST(Name, BoundsCountCharactersNotBytes) {
  std::string umlauts;
  for (int i = 0; i < 64; ++i) umlauts += "ü";
  EXPECT_TRUE(Name::from_attributes({{"CN", umlauts}}).has_value());
  EXPECT_THAT(refusal(Name::from_attributes({{"CN", umlauts + "u"}})), HasSubstr("longer than 64 characters"));
  EXPECT_TRUE(Name::from_attributes({{"L", std::string(128, 'x')}}).has_value());
  EXPECT_FALSE(Name::from_attributes({{"ST", std::string(129, 'x')}}).has_value());
}

TEST(Name, ParsesWhatItWrites) {
  const Name name = test::name("CN=Issuing 1,OU=PKI,O=Example,L=Köln,ST=NRW,C=DE");
  const Name parsed = Name::parse(name.der()).value();
  EXPECT_EQ(parsed, name);
  EXPECT_EQ(parsed.attributes(), name.attributes());
  EXPECT_THAT(parsed.common_names(), ElementsAre("Issuing 1"));
  EXPECT_THAT(name.attributes().front(), Pair("C", "DE"));
}

TEST(Name, KeepsUnknownAttributesByTheirOid) {
  const Name name =
      Name::parse(name_of_rdn({attribute("0.9.2342.19200300.100.1.25", der::kIa5String, "example")})).value();
  EXPECT_THAT(name.attributes(), ElementsAre(Pair("0.9.2342.19200300.100.1.25", "example")));
  EXPECT_EQ(name.text(), "0.9.2342.19200300.100.1.25=#16076578616d706c65");
  EXPECT_THAT(name.common_names(), IsEmpty());
}

TEST(Name, ParsingRefusesControlCharactersAndNulAboveAll) {
  EXPECT_THAT(parse_common_name(der::kUtf8String, std::string_view("good.example\0.bad", 17)), HasSubstr("\\x00"));
  EXPECT_THAT(parse_common_name(der::kIa5String, std::string_view("a\0", 2)), HasSubstr("control"));
  EXPECT_THAT(parse_common_name(der::kPrintableString, std::string_view("a\0", 2)), HasSubstr("PrintableString"));
  EXPECT_THAT(parse_common_name(der::kUtf8String, "\x7F"), HasSubstr("control"));
  EXPECT_THAT(parse_common_name(der::kUtf8String, "\xC0\x80"), HasSubstr("not UTF-8"));
}

TEST(Name, ParsingTakesFourStringTypes) {
  EXPECT_EQ(parse_common_name(der::kPrintableString, "a"), "accepted");
  EXPECT_EQ(parse_common_name(der::kIa5String, "a@b"), "accepted");
  EXPECT_EQ(parse_common_name(der::kTeletexString, "a"), "accepted");
  EXPECT_THAT(parse_common_name(der::kTeletexString, "\xFC"), HasSubstr("not ASCII"));
  EXPECT_THAT(parse_common_name(der::kPrintableString, "a@b"), HasSubstr("PrintableString"));
  EXPECT_THAT(parse_common_name(0x1E, std::string_view("\0a", 2)), HasSubstr("tag 0x1e; use UTF8String"));  // BMPString
  EXPECT_THAT(parse_common_name(der::kUtf8String, ""), HasSubstr("empty"));
}

TEST(Name, SetsMustBeInDerOrderAndNotEmpty) {
  const Bytes a = attribute("2.5.4.3", der::kUtf8String, "a");
  const Bytes b = attribute("2.5.4.3", der::kUtf8String, "b");
  EXPECT_EQ(refusal(Name::parse(name_of_rdn({a, b}))), "accepted");
  EXPECT_EQ(Name::parse(name_of_rdn({a, b}))->text(), "CN=a+CN=b");
  EXPECT_THAT(refusal(Name::parse(name_of_rdn({b, a}))), HasSubstr("DER order"));
  EXPECT_THAT(refusal(Name::parse(name_of_rdn({a, a}))), HasSubstr("DER order"));
  EXPECT_THAT(refusal(Name::parse(name_of_rdn({}))), HasSubstr("without attributes"));
}

TEST(Name, ParsingRefusesTrailingBytes) {
  Bytes name = copy_of(test::name("CN=a").der());
  name.push_back(0);
  EXPECT_THAT(refusal(Name::parse(name)), HasSubstr("behind its end"));
}

TEST(NameText, RoundTripsEverySpecialCharacter) {
  for (const char* value : {"a,b", "a+b", "\"quoted\"", "back\\slash", "<a>;b", "#hash", " leading", "trailing ", " ",
                            "a=b", "mid dle", "ünï", "a#b", "\\,", "#"}) {
    const Name name = Name::from_attributes({{"O", "Example, Inc."}, {"CN", value}}).value();
    const Result<Name> again = Name::from_text(name.text());
    ASSERT_TRUE(again.has_value()) << name.text() << ": " << again.error().message;
    EXPECT_EQ(*again, name) << name.text();
  }
}

TEST(NameText, ReadsEscapesOfRfc4514) {
  EXPECT_THAT(test::name("CN=James \\\"Jim\\\" Smith\\, III,C=US").common_names(),
              ElementsAre("James \"Jim\" Smith, III"));
  EXPECT_THAT(test::name("CN=Lu\\C4\\8Di\\c4\\87").common_names(), ElementsAre("Lučić"));
}

TEST(NameText, RefusesWhatIsNotRfc4514) {
  const auto check = [](std::string_view text) { return refusal(Name::from_text(text)); };
  EXPECT_THAT(check("Root"), HasSubstr("TYPE=value"));
  EXPECT_THAT(check("CN=a,"), HasSubstr("TYPE=value"));
  EXPECT_THAT(check(",CN=a"), HasSubstr("unknown attribute"));
  EXPECT_THAT(check("CN=a, O=b"), HasSubstr("unknown attribute \" O\""));
  EXPECT_THAT(check("CN= a"), HasSubstr("space before a value"));
  EXPECT_THAT(check("CN=a "), HasSubstr("space behind a value"));
  EXPECT_THAT(check("CN=a+OU=b"), HasSubstr("unescaped '+'"));
  EXPECT_THAT(check("CN=#0c0161"), HasSubstr("hexadecimal"));
  EXPECT_THAT(check("CN=a\\"), HasSubstr("'\\'"));
  EXPECT_THAT(check("CN=a\\4"), HasSubstr("'\\'"));
  EXPECT_THAT(check("CN=a\\zz"), HasSubstr("'\\'"));
  EXPECT_THAT(check("CN=a\\00b"), HasSubstr("control characters"));
  EXPECT_THAT(check("CN="), HasSubstr("is empty"));
  EXPECT_THAT(check("cn=a"), HasSubstr("unknown attribute"));
}

TEST(NameText, IsWhatOpenSslPrints) {
  const Name name = test::name("CN=a\\,b \\\"c\\\",OU=PKI,O=Example,C=DE");
  const unsigned char* from = name.der().data();
  const std::unique_ptr<X509_NAME, Freer<&X509_NAME_free>> parsed(
      d2i_X509_NAME(nullptr, &from, static_cast<long>(name.der().size())));
  ASSERT_NE(parsed, nullptr);
  const std::unique_ptr<BIO, Freer<&BIO_free>> bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), parsed.get(), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  EXPECT_EQ(std::string(text, static_cast<std::size_t>(size)), name.text());
}

/// OpenSSL's answer is the one that counts: by it, verifiers look for who signed.
bool same_to_openssl(const Name& a, const Name& b) {
  const auto read = [](const Name& name) {
    const std::uint8_t* at = name.der().data();
    return std::unique_ptr<X509_NAME, decltype(&X509_NAME_free)>(
        d2i_X509_NAME(nullptr, &at, static_cast<long>(name.der().size())), &X509_NAME_free);
  };
  return X509_NAME_cmp(read(a).get(), read(b).get()) == 0;
}

TEST(SameName, IsWhatOpenSslTakesForTheSame) {
  const auto of = [](std::uint8_t tag, std::string_view value) {
    return Name::parse(name_of_rdn({attribute("2.5.4.3", tag, value)})).value();
  };
  const Name name = of(der::kUtf8String, "Issuing CA");
  for (const std::uint8_t tag : {der::kUtf8String, der::kPrintableString, der::kIa5String, der::kTeletexString}) {
    for (const char* value : {"Issuing CA", "ISSUING ca", " Issuing   CA "}) {
      EXPECT_TRUE(same_name(name, of(tag, value))) << value;
      EXPECT_TRUE(same_to_openssl(name, of(tag, value))) << value;
    }
    for (const char* value : {"Issuing CA 2", "IssuingCA", "Issuing-CA"}) {
      EXPECT_FALSE(same_name(name, of(tag, value))) << value;
      EXPECT_FALSE(same_to_openssl(name, of(tag, value))) << value;
    }
  }
}

TEST(SameName, TellsAttributesAndTheirRdnsApart) {
  const Bytes cn = attribute("2.5.4.3", der::kUtf8String, "a");
  const Bytes ou = attribute("2.5.4.11", der::kUtf8String, "a");
  const auto parse = [](const Bytes& der) { return Name::parse(der).value(); };
  const Name one_rdn = parse(name_of_rdn({cn, ou}));
  const Name two_rdns = parse(der::sequence({der::element(der::kSet, cn), der::element(der::kSet, ou)}));
  EXPECT_FALSE(same_name(one_rdn, two_rdns));
  EXPECT_FALSE(same_name(parse(name_of_rdn({cn})), parse(name_of_rdn({ou}))));
  EXPECT_FALSE(same_name(parse(name_of_rdn({cn})), one_rdn));
  EXPECT_TRUE(same_name(Name(), Name()));
  EXPECT_FALSE(same_name(Name(), one_rdn));
}

}  // namespace
}  // namespace signet
