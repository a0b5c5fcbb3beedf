// Requests for names that nobody may have, that are none, or that are somebody else's; and for what policy forbids.
#include "issuer/hostile_request.h"

namespace signet::test {
namespace {

using std::string_literals::operator""s;
using std::string_view_literals::operator""sv;

constexpr const char* kField = "csr.subjectAltName";

HostileRequest dns(std::string name, std::string_view value, std::string phrase) {
  return {std::move(name), with_dns(value), kField, std::move(phrase)};
}
/// The phrase is the name itself.
HostileRequest dns(std::string name, std::string_view value) { return dns(std::move(name), value, std::string(value)); }

HostileRequest other(std::string name, unsigned tag, std::string_view value, std::string phrase = {}) {
  if (phrase.empty()) phrase = std::string(value);
  return {std::move(name), with_general_names(general_name(tag, value)), kField, std::move(phrase)};
}

HostileRequest ip(std::string name, ByteView address, std::string phrase) {
  return {std::move(name), with_general_names(der::element(der::context(7), address)), kField, std::move(phrase)};
}

HostileRequest uri(std::string name, std::string_view value) { return other(std::move(name), 6, value); }
HostileRequest email(std::string name, std::string_view value) { return other(std::move(name), 1, value); }

HostileRequests dns_bytes() {
  constexpr const char* kNotAscii = "not printable ASCII";
  return {
      dns("NameWithNul", "a.plain.example\0.bank.example"sv, "\\x00"),
      dns("NameWithNulAtItsEnd", "a.plain.example\0"sv, "\\x00"),
      dns("NameWithControlCharacter", "a\x01.plain.example", kNotAscii),
      dns("NameWithLineFeed", "a.plain.example\nwww.bank.example", kNotAscii),
      dns("NameWithTerminalEscape", "\x1B[1A.plain.example", kNotAscii),
      dns("NameWithDelete", "a\x7F.plain.example", kNotAscii),
      dns("NameWithSpace", "a .plain.example", kNotAscii),
      dns("NameInUtf8", "\xC3\xA9.plain.example", kNotAscii),
      dns("NameInLatin1", "\xE9.plain.example", kNotAscii),
      dns("NameEmpty", "", "an empty dNSName"),
      dns("NameIsADot", ".", "."),
  };
}

HostileRequests dns_syntax() {
  return {
      dns("NameWithLeadingDot", ".plain.example"),
      dns("NameWithTrailingDot", "a.plain.example."),
      dns("NameWithTwoDots", "a..plain.example"),
      dns("NameWithUnderscore", "a_b.plain.example"),
      dns("NameWithLeadingHyphen", "-a.plain.example"),
      dns("NameWithTrailingHyphen", "a-.plain.example"),
      dns("NameWithALabelOf64", std::string(64, 'a') + ".plain.example", "aaaa"),
      dns("NameOf254Characters",
          std::string(60, 'a') + "." + std::string(60, 'b') + "." + std::string(60, 'c') + "." + std::string(57, 'd') +
              ".plain.example",
          "aaaa"),
      dns("NameOf5000Characters", std::string(5000, 'a'), "aaaa"),
      dns("NameWithColon", "a:443.plain.example"),
      dns("NameWithSlash", "a/b.plain.example"),
      dns("NameWithAt", "a@plain.example"),
      dns("NameWithBackslash", "a\\.plain.example", "a\\"),
      dns("NameWithQuote", "\"a\".plain.example", "plain.example"),
      dns("NameWithPercent", "%2A.plain.example"),
      dns("NameWithComma", "a,DNS:www.bank.example"),
      dns("NameThatIsAUri", "https://a.plain.example"),
      dns("NameWithBadPunycode", "xn--99999999999.plain.example"),
      dns("NameWithEmptyPunycode", "xn--.plain.example"),
      dns("NameWithMixedScripts", "xn--pypal-4ve.plain.example"),
      dns("NameWithReservedHyphens", "ab--cd.plain.example"),
  };
}

HostileRequests addresses_as_dns() {
  return {
      dns("AddressAsName", "192.0.2.1"),
      dns("AddressAsNameWithDot", "192.0.2.1."),
      dns("AddressAsNameInIpv6", "2001:db8::1"),
      dns("AddressAsNameInBrackets", "[2001:db8::1]"),
      dns("AddressAsDecimalName", "3221225985"),
      dns("AddressAsHexadecimalName", "0xC0000201"),
      dns("AddressAsShortName", "192.0.513"),
      dns("AddressAsNameWithPort", "192.0.2.1:443"),
      dns("AddressAsNameWithMask", "192.0.2.0/24"),
      dns("AddressAsOctalName", "0300.0.02.01"),
      dns("NameWithNumericTop", "a.plain.example.1"),
  };
}

HostileRequests wildcards() {
  return {
      dns("WildcardAlone", "*"),
      dns("WildcardOfATopLevel", "*.example"),
      dns("WildcardOfAPublicSuffix", "*.co.uk"),
      dns("WildcardOfADomain", "*.plain.example"),
      dns("WildcardInTheMiddle", "a.*.plain.example"),
      dns("WildcardAtTheEnd", "a.plain.*"),
      dns("WildcardBehindALetter", "a*.plain.example"),
      dns("WildcardBeforeALetter", "*a.plain.example"),
      dns("WildcardAmongLetters", "a*b.plain.example"),
      dns("WildcardTwice", "*.*.plain.example"),
      dns("WildcardDoubled", "**.plain.example"),
      dns("WildcardWithoutDot", "*plain.example"),
      dns("WildcardBehindADot", ".*.plain.example"),
      dns("WildcardInPunycode", "xn--*.plain.example"),
      dns("WildcardWithFinalDot", "*.plain.example."),
      dns("WildcardAsQuestionMark", "?.plain.example"),
      dns("WildcardOfAnAddress", "*.0.2.1"),
      uri("WildcardInUri", "spiffe://plain.example/*"),
      email("WildcardInEmail", "*@plain.example"),
      {"WildcardBesideAGoodName",
       with_general_names(joined({general_name(2, "a.plain.example"), general_name(2, "*.plain.example")})), kField,
       "*.plain.example"},
  };
}

HostileRequests foreign_dns() {
  return {
      dns("NameOfTheBank", "www.bank.example"),
      dns("NameOfTheDomainItself", "plain.example"),
      dns("NameOfTheTopLevel", "example"),
      dns("NameThatOnlyEndsLikeIt", "evilplain.example"),
      dns("NameThatOnlyBeginsLikeIt", "a.plain.example.evil.test"),
      dns("NameOfThisMachine", "localhost"),
      {"NameOfTheBankBesideAGoodOne",
       with_general_names(joined({general_name(2, "a.plain.example"), general_name(2, "www.bank.example")})), kField,
       "www.bank.example"},
      {"NameTwice",
       with_general_names(joined({general_name(2, "a.plain.example"), general_name(2, "a.plain.example")})), kField,
       "a.plain.example stands there twice"},
      {"NameTwiceInOtherCase",
       with_general_names(joined({general_name(2, "a.plain.example"), general_name(2, "A.Plain.example")})), kField,
       "a.plain.example stands there twice"},
  };
}

HostileRequests escapes() {
  const Bytes outside = IpAddress::parse("192.0.2.200").value().bytes;
  const Bytes outside6 = IpAddress::parse("2001:db8:1::1").value().bytes;
  constexpr const char* kRule = "(rule name.constraints)";
  return {
      dns("ConstraintsOfTheCaExcluded", "a.secret.plain.example", kRule),
      dns("ConstraintsOfTheCaExcludedItself", "secret.plain.example", kRule),
      dns("ConstraintsOfTheCaExcludedInOtherCase", "a.SECRET.Plain.Example", kRule),
      dns("ConstraintsOfTheCaNotPermitted", "a.outside.example", kRule),
      ip("ConstraintsOfTheCaAddress", outside, kRule),
      ip("ConstraintsOfTheCaAddressInIpv6", outside6, kRule),
      other("ConstraintsOfTheCaUri", 6, "spiffe://outside.example/a", kRule),
      other("ConstraintsOfTheCaEmail", 1, "joe@outside.example", kRule),
      {"ConstraintsOfTheCaSecondName",
       with_general_names(joined({general_name(2, "a.plain.example"), general_name(2, "a.outside.example")})), kField,
       kRule},
  };
}

HostileRequests addresses() {
  const auto of = [](std::string_view text) { return IpAddress::parse(text).value().bytes; };
  return {
      ip("AddressEmpty", {}, "0 bytes"),
      ip("AddressOf3Bytes", Bytes{192, 0, 2}, "3 bytes"),
      ip("AddressOf5Bytes", Bytes{192, 0, 2, 1, 0}, "5 bytes"),
      ip("AddressWithMask", Bytes{192, 0, 2, 0, 255, 255, 255, 0}, "8 bytes"),
      ip("AddressOf17Bytes", Bytes(17, 0x20), "17 bytes"),
      ip("AddressWithMaskInIpv6", Bytes(32, 0xFF), "32 bytes"),
      ip("AddressAsText", signet::bytes_of("192.0.2.1"), "9 bytes"),
      ip("AddressOfSomebodyElse", of("203.0.113.1"), "203.0.113.1"),
      ip("AddressOfEverybody", of("0.0.0.0"), "0.0.0.0"),
      ip("AddressOfThisMachine", of("127.0.0.1"), "127.0.0.1"),
      ip("AddressOfThisMachineInIpv6", of("::1"), "::1"),
      ip("AddressMappedIntoIpv6", of("::ffff:192.0.2.1"), "192.0.2.1"),
      ip("AddressOfOthersInIpv6", of("2001:db9::1"), "2001:db9::1"),
  };
}

HostileRequests uris() {
  return {
      uri("UriOfAnotherTrustDomain", "spiffe://bank.example/a"),
      uri("UriOfTheTrustDomainItself", "spiffe://plain.example"),
      uri("UriWithoutPath", "spiffe://plain.example/"),
      uri("UriWithQuery", "spiffe://plain.example/a?b=c"),
      uri("UriWithFragment", "spiffe://plain.example/a#b"),
      uri("UriWithUser", "spiffe://bank.example@plain.example/a"),
      uri("UriWithPort", "spiffe://plain.example:443/a"),
      uri("UriWithDots", "spiffe://plain.example/a/../b"),
      uri("UriWithDot", "spiffe://plain.example/./a"),
      uri("UriWithEmptySegment", "spiffe://plain.example//a"),
      uri("UriWithFinalSlash", "spiffe://plain.example/a/"),
      uri("UriInUpperCase", "spiffe://PLAIN.example/a"),
      uri("UriWithUpperCaseScheme", "SPIFFE://plain.example/a"),
      uri("UriWithPercentEncoding", "spiffe://plain.example/%2e%2e/b"),
      uri("UriWithoutScheme", "//plain.example/a"),
      uri("UriThatIsAScript", "javascript:alert(1)"),
      uri("UriThatIsAFile", "file:///etc/passwd"),
      uri("UriThatIsAName", "a.plain.example"),
      other("UriWithSpace", 6, "spiffe://plain.example/a b", "not printable ASCII"),
      other("UriWithNul", 6, "spiffe://plain.example/a\0b"sv, "\\x00"),
      other("UriOf3000Characters", 6, "spiffe://plain.example/" + std::string(3000, 'a'), "longer than 2048"),
      {"TwoSpiffeIds",
       with_general_names(
           joined({general_name(6, "spiffe://plain.example/a"), general_name(6, "spiffe://plain.example/b")})),
       kField, "spiffe://plain.example/"},
      {"SpiffeIdBesideAnotherUri",
       with_general_names(
           joined({general_name(6, "spiffe://plain.example/a"), general_name(6, "https://plain.example/b")})),
       kField, "plain.example/"},
  };
}

HostileRequests emails() {
  return {
      email("EmailOfSomebodyElse", "root@bank.example"),
      email("EmailWithoutAt", "joe.plain.example"),
      email("EmailWithTwoAts", "joe@bank.example@plain.example"),
      email("EmailWithoutMailbox", "@plain.example"),
      email("EmailWithoutHost", "joe@"),
      other("EmailQuoted", 1, "\"joe\"@plain.example", "plain.example"),
      other("EmailWithDisplayName", 1, "Joe <joe@plain.example>", "not printable ASCII"),
      other("EmailWithLineFeed", 1, "joe@plain.example\nBcc:root@bank.example", "not printable ASCII"),
      email("EmailWithAddressLiteral", "joe@[192.0.2.1]"),
      email("EmailWithTwoDots", "joe..x@plain.example"),
      email("EmailOfALongMailbox", std::string(65, 'j') + "@plain.example"),
      other("EmailInUtf8", 1, "j\xC3\xB6@plain.example", "not printable ASCII"),
  };
}

HostileRequests other_kinds() {
  const Bytes upn = joined({der::oid("1.3.6.1.4.1.311.20.2.3"),
                            der::element(der::context_constructed(0), der::utf8_string("root@bank.example"))});
  const auto of_tag = [](std::string name, ByteView element, std::string phrase) {
    return HostileRequest{std::move(name), with_general_names(element), kField, std::move(phrase)};
  };
  const auto no_names = [](ByteView value) { return with_extensions(extension("2.5.29.17", false, value)); };
  return {
      of_tag("OtherNameOfWindows", der::element(der::context_constructed(0), upn), "tag 0xa0"),
      of_tag("X400Address", der::element(der::context_constructed(3), {}), "tag 0xa3"),
      of_tag("DirectoryName", der::element(der::context_constructed(4), name("CN=www.bank.example").der()), "tag 0xa4"),
      of_tag("EdiPartyName", der::element(der::context_constructed(5), {}), "tag 0xa5"),
      of_tag("RegisteredId", der::element(der::context(8), Bytes{0x2A, 0x03}), "tag 0x88"),
      of_tag("UnknownKindOfName", der::element(der::context(9), Bytes{0x2A}), "tag 0x89"),
      of_tag("NameConstructed", der::element(der::context_constructed(2), general_name(2, "a.plain.example")),
             "tag 0xa2"),
      of_tag("NameUniversal", der::element(der::kIa5String, signet::bytes_of("a.plain.example")), "tag 0x16"),
      {"NoNameInTheList", no_names(der::sequence({})), kField, "no name"},
      {"NameListWithSomethingBehind",
       no_names(joined({der::sequence({general_name(2, "a.plain.example")}), der::null()})), kField, "GeneralNames"},
      {"NameListAsSet", no_names(der::element(der::kSet, general_name(2, "a.plain.example"))), kField, "GeneralNames"},
      {"NameListOfIndefiniteLength",
       no_names(joined({Bytes{0x30, 0x80}, general_name(2, "a.plain.example"), Bytes{0, 0}})), kField, "indefinite"},
      {"NameLongerThanItsList", no_names(Bytes{0x30, 0x03, 0x82, 0x7F, 0x61}), kField, "GeneralName"},
      {"NoNameAtAll",
       [] {
         RequestParts parts;
         parts.attributes = attributes_of({});
         return parts.der();
       }(),
       kField, "name"},
  };
}

}  // namespace

HostileRequests hostile_dns_names() {
  HostileRequests all;
  for (const HostileRequests& some :
       {dns_bytes(), dns_syntax(), addresses_as_dns(), wildcards(), foreign_dns(), escapes()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

HostileRequests hostile_other_names() {
  HostileRequests all;
  for (const HostileRequests& some : {addresses(), uris(), emails(), other_kinds()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

HostileRequests hostile_wishes() {
  constexpr std::uint64_t kDay = 86400;
  const auto valid_for = [](std::string name, std::uint64_t seconds, std::string phrase) {
    return HostileRequest{.name = std::move(name),
                          .csr = harmless_request(),
                          .field = "validity_seconds",
                          .phrase = std::move(phrase),
                          .validity_seconds = seconds};
  };
  const auto by_profile = [](std::string name, std::string profile, std::string phrase) {
    return HostileRequest{.name = std::move(name),
                          .csr = harmless_request(),
                          .field = "profile",
                          .phrase = std::move(phrase),
                          .profile = std::move(profile)};
  };
  return {
      valid_for("ValidForAHundredYears", 100 * 365 * kDay, "a validity of 3153600000 s was wished"),
      valid_for("ValidForADayMoreThanAllowed", 398 * kDay, "(rule validity.max)"),
      valid_for("ValidForASecondMoreThanAllowed", 397 * kDay + 1, "(rule validity.max)"),
      valid_for("ValidForASecond", 1, "a validity of 1 s was wished"),
      valid_for("ValidForALargeNumberOf32Bits", 0xFFFFFFFF, "(rule validity.max)"),
      valid_for("ValidForANumberThatTurnsNegative", 1ULL << 63U, "(rule validity.max)"),
      valid_for("ValidForTheLargestNumber", ~0ULL, "(rule validity.max)"),
      by_profile("UnknownProfile", "code-signing", "code-signing"),
      by_profile("NoProfile", "", "profile"),
      by_profile("ProfileWithNul", "tls-server\0x"s, "\\x00"),
      by_profile("ProfileThatIsAPath", "../../etc/passwd", "../../etc/passwd"),
      by_profile("ProfileInOtherCase", "TLS-Server", "TLS-Server"),
      by_profile("ProfileOfOthers", "not-for-plain", "not-for-plain"),
  };
}

}  // namespace signet::test
