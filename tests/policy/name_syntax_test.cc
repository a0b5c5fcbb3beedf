#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "policy/a_label.h"
#include "policy/name_syntax.h"
#include "x509/der.h"

namespace signet {
namespace {

IpAddress ip(std::string_view text) {
  const auto address = IpAddress::parse(text);
  EXPECT_TRUE(address.has_value()) << text;
  return address.value_or(IpAddress{});
}

TEST(DnsName, FollowsTheRulesOfLabels) {
  const std::string label63(63, 'a');
  for (const std::string& name : {std::string("a"), std::string("payment-service"), std::string("A.Example"),
                                  std::string("1.2.3.example"), label63, std::string("r3-sn---a.example"),
                                  label63 + "." + label63 + "." + label63 + "." + std::string(61, 'b')}) {
    EXPECT_TRUE(check_dns_name(name).has_value()) << name;
  }
}

TEST(DnsName, RefusesWhatBreaksThem) {
  const std::string label63(63, 'a');
  for (const std::string& name : {std::string(""), std::string("."), std::string("a."), std::string(".a"),
                                  std::string("a..b"), std::string("-a.b"), std::string("a-.b"), std::string("a.b-"),
                                  std::string("a_b.c"), std::string("a b"), std::string("a\0b", 3),
                                  std::string("b\xC3\xBC"
                                              "cher.example"),
                                  std::string("a/b"), std::string("a:443"), std::string("a@b"), label63 + "a.b",
                                  label63 + "." + label63 + "." + label63 + "." + std::string(62, 'b')}) {
    EXPECT_FALSE(check_dns_name(name).has_value()) << name;
  }
}

TEST(DnsName, RefusesWildcards) {
  for (const char* name : {"*", "*.example", "a.*.example", "f*.example", "**.example"}) {
    EXPECT_FALSE(check_dns_name(name).has_value()) << name;
  }
}

TEST(DnsName, RefusesWhatCanBeTakenForAnIpAddress) {
  for (const char* name : {"127.0.0.1", "10.1", "2130706433", "0x7f000001", "a.0X7F", "1.2.3.0x", "a.1"}) {
    EXPECT_FALSE(check_dns_name(name).has_value()) << name;
  }
}

TEST(DnsName, NamesTheRuleThatIsBroken) {
  const std::pair<const char*, const char*> cases[] = {
      {"a_b.example", "(rule dns.label)"},       {"a.example.", "(rule dns.label)"},
      {"b\xC3\xBC.example", "(rule dns.label)"}, {"192.0.2.1", "(rule dns.ip)"},
      {"a.*.example", "(rule dns.wildcard)"},    {"*.a.example", "(rule dns.wildcard)"},
      {"xn--bcher-kva.a", "(rule dns.a-label)"}, {"ab--cd.example", "(rule dns.a-label)"},
  };
  for (const auto& [name, rule] : cases) {
    const auto refused = check_dns_name(name);
    ASSERT_FALSE(refused.has_value()) << name;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(refused.error().message.ends_with(rule)) << refused.error().message;
  }
}

TEST(DnsName, HasTwoHyphensInTheThirdPlaceOfALabelsOnly) {
  const auto refused = check_dns_name("a.ab--cd.example", {.a_labels = true});
  ASSERT_FALSE(refused.has_value());
  EXPECT_TRUE(refused.error().message.find("has the label \"ab--cd\"; only A-labels") != std::string::npos)
      << refused.error().message;
  EXPECT_TRUE(check_dns_name("abc--d.a--b.example").has_value());
}

TEST(Wildcard, IsTheWholeLeftMostLabelWhereItIsAllowed) {
  constexpr NameForms kForms{.wildcards = true};
  for (const char* name : {"*.a.example", "*.b.a.example", "*.A.Example", "*.example.com", "*.corp.internal"})
    EXPECT_TRUE(check_dns_name(name, kForms).has_value()) << name;
  for (const char* name :
       {"*", "*.", "**.a.example", "*a.a.example", "a*.a.example", "a*b.a.example", "a.*.a.example", "*.*.a.example",
        "a.example.*", "*.a.example.", "*..a.example", "*.a_b.example", "*.0.2.1", "xn--*.a.example"}) {
    EXPECT_FALSE(check_dns_name(name, kForms).has_value()) << name;
  }
  EXPECT_FALSE(check_dns_name("*.a.example", {.a_labels = true, .mixed_scripts = true}).has_value());
}

TEST(Wildcard, IsNeverForAWholePublicSuffix) {
  for (const char* name : {"*.com", "*.co.uk", "*.CO.UK", "*.github.io", "*.example", "*.internal", "*.localhost",
                           "*.anything.ck", "*.xn--p1ai"}) {
    const auto refused = check_dns_name(name, {.wildcards = true, .a_labels = true});
    ASSERT_FALSE(refused.has_value()) << name;
    EXPECT_TRUE(refused.error().message.ends_with("(rule dns.public-suffix)")) << refused.error().message;
  }
  for (const char* name : {"*.a.com", "*.a.co.uk", "*.www.ck", "*.a.github.io"})
    EXPECT_TRUE(check_dns_name(name, {.wildcards = true}).has_value()) << name;
}

TEST(ALabel, IsTakenWhereItIsAllowedAndMeansSomething) {
  constexpr NameForms kForms{.a_labels = true};
  for (const char* name : {"xn--bcher-kva.example", "www.XN--Bcher-KVA.example", "xn--80ak6aa92e.example",
                           "xn--eckwd4c7cu47r2wf.example", "xn--fa-hia.example", "xn--4gbrim.example"}) {
    EXPECT_TRUE(check_dns_name(name, kForms).has_value()) << name;
    EXPECT_FALSE(check_dns_name(name).has_value()) << name;
  }
}

TEST(ALabel, MustBePunycodeOfALabelThatIdnaTakes) {
  for (const char* name : {"xn--99999999999.example", "xn--0.example",  // no Punycode
                           "xn--abc-0.example", "xn--bcher.example",    // of plain ASCII; of nothing that encodes so
                           "xn--ls8h.example",                          // U+1F4A9, which IDNA2008 disallows
                           "xn--a.example",                             // U+0080, a control character
                           "xn--a-0hc.example",                         // Latin and Hebrew: the rule of directions
                           "xn--xn--a-ecp.example"}) {
    const auto refused = check_dns_name(name, {.a_labels = true, .mixed_scripts = true});
    ASSERT_FALSE(refused.has_value()) << name;
    EXPECT_TRUE(refused.error().message.ends_with("(rule dns.a-label)")) << refused.error().message;
  }
}

TEST(ALabel, HasOneScriptUnlessMixedOnesAreAllowed) {
  // "p\u0430ypal" with a Cyrillic letter.
  const auto refused = check_dns_name("xn--pypal-4ve.example", {.a_labels = true});
  ASSERT_FALSE(refused.has_value());
  EXPECT_TRUE(refused.error().message.find("mixed scripts (Cyrillic, Latin)") != std::string::npos)
      << refused.error().message;
  EXPECT_TRUE(refused.error().message.ends_with("(rule dns.mixed-script)")) << refused.error().message;
  EXPECT_TRUE(check_dns_name("xn--pypal-4ve.example", {.a_labels = true, .mixed_scripts = true}).has_value());
}

TEST(ALabel, OfJapaneseKoreanAndChineseMayMixWhatIsWrittenTogether) {
  EXPECT_TRUE(is_of_one_script(U"\u540D\u524D\u3067\u30C9"));  // Han, Hiragana, Katakana
  EXPECT_TRUE(is_of_one_script(U"\u540D\uD55C"));              // Han, Hangul
  EXPECT_TRUE(is_of_one_script(U"\u540D\u3105"));              // Han, Bopomofo
  EXPECT_TRUE(is_of_one_script(U"a1-\u0301"));                 // digits, hyphens and marks belong to none
  EXPECT_FALSE(is_of_one_script(U"\u3067\uD55C"));             // Hiragana, Hangul
  EXPECT_FALSE(is_of_one_script(U"a\u3067"));
  EXPECT_FALSE(is_of_one_script(U"\u0430\u03B1"));
}

TEST(ALabel, IsJudgedInHostsOfUrisAndMailboxesToo) {
  const NameForms forms{.a_labels = true};
  for (const char* uri : {"https://xn--bcher-kva.example/x", "spiffe://xn--bcher-kva.example/x"}) {
    EXPECT_FALSE(check_uri(uri).has_value()) << uri;
    EXPECT_TRUE(check_uri(uri, forms).has_value()) << uri;
  }
  EXPECT_FALSE(check_uri("https://ab--cd.example/", forms).has_value());
  EXPECT_FALSE(check_uri("https://xn--pypal-4ve.example:8443/", forms).has_value());
  EXPECT_TRUE(check_uri("https://a.example/ab--cd").has_value());
  EXPECT_FALSE(check_email("a@xn--bcher-kva.example").has_value());
  EXPECT_TRUE(check_email("a@xn--bcher-kva.example", forms).has_value());
  EXPECT_FALSE(check_email("a@*.a.example", {.wildcards = true}).has_value());
}

/// A subject as a request may have it.
Bytes common_name(std::string_view value) {
  const Bytes attribute = der::sequence({der::oid("2.5.4.3"), der::utf8_string(value)});
  return der::sequence({der::element(der::kSet, attribute)});
}

TEST(Names, WithNulOrControlCharactersAreRefusedEverywhere) {
  for (char control = 0; control < 0x20; ++control) {
    const std::string one(1, control);
    EXPECT_FALSE(check_dns_name("a" + one + ".example").has_value()) << int{control};
    EXPECT_FALSE(check_dns_name("a.example" + one).has_value()) << int{control};
    EXPECT_FALSE(check_email("a" + one + "@a.example").has_value()) << int{control};
    EXPECT_FALSE(check_email("a@a.example" + one).has_value()) << int{control};
    EXPECT_FALSE(check_uri("https://a.example/" + one).has_value()) << int{control};
    EXPECT_FALSE(check_uri("https://a" + one + ".example/").has_value()) << int{control};
    EXPECT_FALSE(check_uri("spiffe://a.example/x" + one).has_value()) << int{control};
    EXPECT_FALSE(Name::from_attributes({{"O", "a" + one + "b"}}).has_value()) << int{control};
    EXPECT_FALSE(Name::parse(common_name("a" + one + ".example")).has_value()) << int{control};
    EXPECT_FALSE(Name::from_attributes({{"CN", one}}).has_value()) << int{control};
  }
  EXPECT_TRUE(Name::parse(common_name("a.example")).has_value());
  EXPECT_FALSE(check_dns_name("a\x7F.example").has_value());
  EXPECT_FALSE(check_uri("https://a.example/\x7F").has_value());
  EXPECT_FALSE(Name::from_attributes({{"O", "a\x7F"}}).has_value());
}

TEST(Email, NeedsExactlyOneAt) {
  for (const char* address : {"joe@example.com", "j.o+e@a", "o'neil@example.com", "JOE@Example.com"}) {
    EXPECT_TRUE(check_email(address).has_value()) << address;
  }
  for (const char* address : {"",
                              "joe",
                              "@",
                              "@example.com",
                              "joe@",
                              "a@b@example.com",
                              "\"a@b\"@example.com",
                              "a@@b.c",
                              "joe@evil.com,x@example.com",
                              "joe @a.b",
                              ".joe@a.b",
                              "joe.@a.b",
                              "j..e@a.b",
                              "*@a.b",
                              "j*@a.b",
                              "joe@*.b",
                              "joe@a.b.",
                              "joe@[127.0.0.1]",
                              "joe@127.0.0.1",
                              "joe\r\nX:@a.b"}) {
    EXPECT_FALSE(check_email(address).has_value()) << address;
  }
  EXPECT_TRUE(check_email(std::string(64, 'a') + "@b.c").has_value());
  EXPECT_FALSE(check_email(std::string(65, 'a') + "@b.c").has_value());
}

TEST(Uri, TakesPlainUris) {
  for (const char* uri :
       {"spiffe://example/payments", "spiffe://example", "https://a.example:8443/x/y-z_~.json",
        "https://[2001:db8::1]/x", "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "https://a/b%20c%C3%BC/",
        "x+y.z-1://h/a:b@c", "https://a:1/", "https://a:65535", "https://a_b.c-d"}) {
    EXPECT_TRUE(check_uri(uri).has_value()) << uri;
  }
}

TEST(Uri, RefusesASecondSpellingOfAPath) {
  for (const std::string path :
       {"a/../b", "..",   ".",   "./a", "%2E%2E/b", ".%2E/b", "%2E", "%61", "a%2Fb",  "a%5Cb", "a\\..\\b",
        "/a",     "a//b", "%00", "%2A", "%252E%25", "%",      "%2",  "%ZZ", "%c3%bc", "%C3%bC"}) {
    EXPECT_FALSE(check_uri("https://example/" + path).has_value()) << path;
    EXPECT_FALSE(check_uri("spiffe://example/" + path).has_value()) << path;
  }
}

TEST(Uri, RefusesASecondSpellingOfSchemeAndAuthority) {
  for (const char* uri :
       {"HTTPS://a/b", "Urn:a", "https://Example/b", "https://[2001:DB8::1]/x", "https://[2001:db8:0::1]/x",
        "https://a:080/", "https://a.../b", "https://a./b", "https://.a/b", "https://a..b/c"}) {
    EXPECT_FALSE(check_uri(uri).has_value()) << uri;
  }
}

TEST(Uri, OfSchemeSpiffeIsASpiffeId) {
  const std::string longest_domain(255, 'a');
  for (const std::string& uri : {std::string("spiffe://example"), std::string("spiffe://e_x-a.mple/A.b/_c-1"),
                                 "spiffe://" + longest_domain + "/x"}) {
    EXPECT_TRUE(check_uri(uri).has_value()) << uri;
    EXPECT_TRUE(is_spiffe_id(uri)) << uri;
  }
  for (const std::string& uri :
       {std::string("spiffe:example"), std::string("spiffe:/example/a"), std::string("spiffe://example/"),
        std::string("spiffe://example/a/"), std::string("spiffe://example:443/a"), std::string("spiffe://[::1]/a"),
        std::string("spiffe://example/a%20b"), std::string("spiffe://example/a:b"), std::string("spiffe://example/a+b"),
        "spiffe://" + longest_domain + "a/x"}) {
    EXPECT_FALSE(check_uri(uri).has_value()) << uri;
    EXPECT_FALSE(is_spiffe_id(uri)) << uri;
  }
}

TEST(Uri, RefusesTricksWithTheAuthority) {
  for (const char* uri : {"spiffe://",
                          "spiffe:///a",
                          "spiffe://example@evil/a",
                          "spiffe://example:x@evil/a",
                          "spiffe://a b/c",
                          "spiffe://ex%61mple/a",
                          "spiffe://example\\@evil/a",
                          "https://[::1/a",
                          "https://[x]/a",
                          "https://[::1]x/a",
                          "https://a:/b",
                          "https://a:99x/b",
                          "https://a:123456/b",
                          "https://a:99999/b",
                          "https://a:65536/b",
                          "https://a:0/b",
                          "https://:443/b",
                          "https://[/a",
                          "https://[]/a",
                          "https://[1.2.3.4]/a"}) {
    EXPECT_FALSE(check_uri(uri).has_value()) << uri;
  }
}

TEST(Uri, RefusesWhatIsNoUriOrMoreThanOne) {
  for (const char* uri : {"", "example", "//example/a", "/a", "1x://a/b", ":a", "a:", "spiffe://e/a?b",
                          "spiffe://e/a#b", "spiffe://e/*", "spiffe://e/a*b", "spiffe://e/a b", "spiffe://e/\xC3\xBC",
                          "spiffe://e/a\n", "spiffe://e/<a>", "spiffe://e/a|b"}) {
    EXPECT_FALSE(check_uri(uri).has_value()) << uri;
  }
  EXPECT_TRUE(check_uri("a://b/" + std::string(2042, 'c')).has_value());
  EXPECT_FALSE(check_uri("a://b/" + std::string(2043, 'c')).has_value());
}

TEST(Ip, RefusesIpv4MappedIpv6) {
  for (const char* text : {"192.0.2.1", "0.0.0.0", "::1", "::", "2001:db8::1", "::fffe:1.2.3.4", "::1.2.3.4"}) {
    EXPECT_TRUE(check_ip(ip(text)).has_value()) << text;
  }
  EXPECT_FALSE(check_ip(ip("::ffff:192.0.2.1")).has_value());
  EXPECT_FALSE(check_ip(ip("::ffff:0:1")).has_value());
  EXPECT_FALSE(check_ip(IpAddress{Bytes(5)}).has_value());
  EXPECT_FALSE(check_ip(IpAddress{}).has_value());
}

}  // namespace
}  // namespace signet
