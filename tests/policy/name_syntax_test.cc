#include <gtest/gtest.h>

#include <string>

#include "policy/name_rules.h"

namespace signet {
namespace {

IpAddress ip(std::string_view text) {
  const auto address = IpAddress::parse(text);
  EXPECT_TRUE(address.has_value()) << text;
  return address.value_or(IpAddress{});
}

TEST(DnsName, FollowsTheRulesOfLabels) {
  const std::string label63(63, 'a');
  for (const std::string& name :
       {std::string("a"), std::string("payment-service"), std::string("A.Example"), std::string("1.2.3.example"),
        std::string("xn--bcher-kva.example"), label63, std::string("r3---sn.example"),
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
