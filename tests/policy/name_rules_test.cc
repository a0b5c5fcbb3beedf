#include "policy/name_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/toml_reader.h"

namespace signet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// The rules of a names table, or the complaints.
Result<NameRules> read(const std::string& text) {
  auto document = TomlDocument::parse(bytes_of(text), "p.toml");
  if (!document) return std::unexpected(document.error());
  TomlTable root = (*document)->root();
  NameRules rules = NameRules::read(root);
  SIGNET_CHECK((*document)->finish());
  return rules;
}

NameRules rules(const std::string& text) {
  auto result = read(text);
  EXPECT_TRUE(result.has_value()) << result.error().message;
  return result.value_or(NameRules{});
}

bool permits(const NameRules& allowed, const AltNames& names) {
  return allowed.permits(names, "profile x").has_value();
}
bool permits_dns(const NameRules& allowed, const std::string& name) {
  return permits(allowed, AltNames{{name}, {}, {}, {}});
}
bool permits_uri(const NameRules& allowed, const std::string& name) {
  return permits(allowed, AltNames{{}, {}, {name}, {}});
}
bool permits_email(const NameRules& allowed, const std::string& name) {
  return permits(allowed, AltNames{{}, {}, {}, {name}});
}
bool permits_ip(const NameRules& allowed, std::string_view text) {
  const auto address = IpAddress::parse(text);
  EXPECT_TRUE(address.has_value()) << text;
  return permits(allowed, AltNames{{}, {address.value_or(IpAddress{})}, {}, {}});
}

TEST(NameRules, AnExactDnsPatternAllowsThatNameOnly) {
  const NameRules allowed = rules("dns = [\"a.example\"]");
  EXPECT_TRUE(permits_dns(allowed, "a.example"));
  for (const char* name : {"example", "b.a.example", "xa.example", "a.example.com", "a.exampl", "a.example."}) {
    EXPECT_FALSE(permits_dns(allowed, name)) << name;
  }
}

TEST(NameRules, OneStarAllowsExactlyOneLabelBelow) {
  const NameRules allowed = rules("dns = [\"*.example\"]");
  EXPECT_TRUE(permits_dns(allowed, "a.example"));
  EXPECT_TRUE(permits_dns(allowed, "a-1.example"));
  for (const char* name :
       {"example", "b.a.example", "aexample", "a.example.com", "a.notexample", ".example", "*.example"}) {
    EXPECT_FALSE(permits_dns(allowed, name)) << name;
  }
}

TEST(NameRules, TwoStarsAllowOneOrMoreLabelsBelow) {
  const NameRules allowed = rules("dns = [\"**.corp.example\"]");
  EXPECT_TRUE(permits_dns(allowed, "a.corp.example"));
  EXPECT_TRUE(permits_dns(allowed, "c.b.a.corp.example"));
  for (const char* name : {"corp.example", "evilcorp.example", "a.evilcorp.example", "corp.example.com", "a.example"}) {
    EXPECT_FALSE(permits_dns(allowed, name)) << name;
  }
}

TEST(NameRules, TwoStarsAloneAllowAnyWellFormedDnsName) {
  const NameRules allowed = rules("dns = [\"**\"]");
  EXPECT_TRUE(permits_dns(allowed, "a"));
  EXPECT_TRUE(permits_dns(allowed, "a.b.c.example"));
  for (const char* name : {"*", "*.example", "10.0.0.1", "a_b", ""}) EXPECT_FALSE(permits_dns(allowed, name)) << name;
}

TEST(NameRules, DnsIgnoresCaseOnBothSides) {
  const NameRules allowed = rules("dns = [\"A.Example\", \"**.Corp.EXAMPLE\"]");
  EXPECT_TRUE(permits_dns(allowed, "a.eXAMPLE"));
  EXPECT_TRUE(permits_dns(allowed, "X.y.cORP.example"));
}

TEST(NameRules, RefusesDnsPatternsOfOtherForms) {
  for (const char* pattern : {"*", "***", "*.", "**.", "a.*", "a.*.b", "*a.b", "a*.b", "*.*.b", "**.**.b", "*.**.b",
                              "a.b.", "-a", "10.0.0.1", "*.1", "a_b", " a"}) {
    const auto result = read(std::string("dns = [\"") + pattern + "\"]");
    ASSERT_FALSE(result.has_value()) << pattern;
    EXPECT_THAT(result.error().message, HasSubstr("p.toml:1:7: dns: \"" + std::string(pattern) + "\" is no pattern"))
        << pattern;
  }
}

TEST(NameRules, RangesContainTheirEdgesAndNothingBeyond) {
  const NameRules allowed = rules("ip = [\"10.0.0.0/8\", \"192.0.2.128/25\", \"198.51.100.7/32\", \"203.0.113.9\"]");
  for (const char* text : {"10.0.0.0", "10.255.255.255", "192.0.2.128", "192.0.2.255", "198.51.100.7", "203.0.113.9"}) {
    EXPECT_TRUE(permits_ip(allowed, text)) << text;
  }
  for (const char* text : {"9.255.255.255", "11.0.0.0", "192.0.2.127", "192.0.3.128", "198.51.100.6", "198.51.100.8",
                           "203.0.113.8", "::10.0.0.1", "a00::", "::1"}) {
    EXPECT_FALSE(permits_ip(allowed, text)) << text;
  }
}

TEST(NameRules, RangesOfIpv6AreOfIpv6Only) {
  const NameRules allowed = rules("ip = [\"2001:db8::/33\", \"::1/128\"]");
  for (const char* text : {"2001:db8::", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff", "::1"})
    EXPECT_TRUE(permits_ip(allowed, text));
  for (const char* text : {"2001:db8:8000::", "2001:db7:ffff::", "::2", "::", "32.1.13.184"}) {
    EXPECT_FALSE(permits_ip(allowed, text)) << text;
  }
}

TEST(NameRules, ALengthOfZeroIsEveryAddressOfItsFamilyButNoMappedOne) {
  const NameRules four = rules("ip = [\"0.0.0.0/0\"]");
  EXPECT_TRUE(permits_ip(four, "255.255.255.255"));
  EXPECT_FALSE(permits_ip(four, "::1"));
  const NameRules six = rules("ip = [\"::/0\"]");
  EXPECT_TRUE(permits_ip(six, "ffff::"));
  EXPECT_FALSE(permits_ip(six, "10.0.0.1"));
  EXPECT_FALSE(permits_ip(six, "::ffff:10.0.0.1"));
  EXPECT_FALSE(permits_ip(four, "::ffff:10.0.0.1"));
}

TEST(NameRules, RefusesRangesOfOtherForms) {
  const std::pair<const char*, const char*> cases[] = {
      {"10.0.0.1/8", "has bits behind its prefix; expected \"10.0.0.0/8\""},
      {"2001:db8::1/64", "expected \"2001:db8::/64\""},
      {"10.0.0.0/33", "has no prefix length from 0 to 32"},
      {"::/129", "from 0 to 128"},
      {"10.0.0.0/", "has no prefix length"},
      {"10.0.0.0/08", "has no prefix length"},
      {"10.0.0.0/+8", "has no prefix length"},
      {"10.0.0.0/-1", "has no prefix length"},
      {"10.0.0.0/8/8", "has no prefix length"},
      {"10.0.0.0/8 ", "has no prefix length"},
      {"10.0.0/8", "is no address range"},
      {"/8", "is no address range"},
      {"::ffff:10.0.0.0/104", "is an IPv4-mapped range"},
      {"::ffff:10.0.0.1", "is an IPv4-mapped range"},
  };
  for (const auto& [pattern, message] : cases) {
    const auto result = read(std::string("ip = [\"") + pattern + "\"]");
    ASSERT_FALSE(result.has_value()) << pattern;
    EXPECT_THAT(result.error().message, HasSubstr(message)) << pattern;
  }
}

TEST(NameRules, OneStarInAUriIsExactlyOneSegment) {
  const NameRules allowed = rules("uri = [\"spiffe://example/ns/*/sa/*\"]");
  EXPECT_TRUE(permits_uri(allowed, "spiffe://example/ns/a/sa/b"));
  for (const char* uri : {"spiffe://example/ns/a/sa", "spiffe://example/ns/a/sa/b/c", "spiffe://example/ns/a/b/sa/c",
                          "spiffe://example/ns/sa/b", "spiffe://example/ns/a/xx/b", "spiffe://other/ns/a/sa/b"}) {
    EXPECT_FALSE(permits_uri(allowed, uri)) << uri;
  }
  const NameRules below = rules("uri = [\"https://a.example/*\"]");
  EXPECT_TRUE(permits_uri(below, "https://a.example/x"));
  for (const char* uri : {"https://a.example", "https://a.example/", "https://a.example/x/", "https://a.example/x/y"})
    EXPECT_FALSE(permits_uri(below, uri)) << uri;
}

TEST(NameRules, TwoStarsAtTheEndOfAUriAreOneOrMoreSegments) {
  const NameRules allowed = rules("uri = [\"spiffe://example/ns/**\"]");
  EXPECT_TRUE(permits_uri(allowed, "spiffe://example/ns/a"));
  EXPECT_TRUE(permits_uri(allowed, "spiffe://example/ns/a/b"));
  for (const char* uri :
       {"spiffe://example/ns", "spiffe://example/ns/", "spiffe://example/nsx/a", "spiffe://example/other",
        "SPIFFE://example/ns/a", "spiffe://Example/ns/a", "spiffe://example/NS/a"}) {
    EXPECT_FALSE(permits_uri(allowed, uri)) << uri;
  }
  EXPECT_FALSE(permits_uri(rules("uri = [\"https://a.example/**\"]"), "https://a.example/"));
}

TEST(NameRules, AUriPrefixCannotBeLeftByDotsEncodingsOrAnotherAuthority) {
  const NameRules allowed = rules("uri = [\"spiffe://example/ns/**\", \"https://a.example/**\"]");
  for (const char* uri :
       {"spiffe://example/ns/../admin", "spiffe://example/ns/..", "spiffe://example/ns/%2e%2e/admin",
        "spiffe://example/ns/.%2e/x", "spiffe://example/ns/%2E%2E%2Fadmin", "spiffe://example/ns/a/../../admin",
        "spiffe://example/ns/./a", "spiffe://example.evil/ns/a", "spiffe://evil/ns/a", "spiffe://example@evil/ns/a",
        "spiffe://example:1/ns/a", "https://a.example.evil/x", "https://a.example@evil/x", "https://a.example:8443/x",
        "https://a.example\\@evil/x", "http://a.example/x", "https://a.example/x?y", "https://a.example/x#y",
        "https://a.example/*"}) {
    EXPECT_FALSE(permits_uri(allowed, uri)) << uri;
  }
}

TEST(NameRules, AnExactUriAllowsThatUriOnly) {
  const NameRules allowed = rules("uri = [\"urn:a:b\", \"spiffe://example/x\"]");
  EXPECT_TRUE(permits_uri(allowed, "urn:a:b"));
  EXPECT_TRUE(permits_uri(allowed, "spiffe://example/x"));
  for (const char* uri : {"urn:a:b:c", "spiffe://example/x/y", "spiffe://example/x/", "spiffe://example/"}) {
    EXPECT_FALSE(permits_uri(allowed, uri)) << uri;
  }
}

TEST(NameRules, RefusesUriPatternsOfOtherForms) {
  for (const char* pattern : {"*",
                              "spiffe://*",
                              "spiffe://example*",
                              "spiffe://example/a*",
                              "spiffe://ex*/a",
                              "spiffe://example/**/a",
                              "spiffe://**",
                              "spiffe://example/***",
                              "https://a.example/a*/b",
                              "https://ab--c.example/*",
                              "https://xn--bcher-kva.example/*",
                              "urn:*",
                              "urn:a/*",
                              "spiffe:///*",
                              "spiffe://example/../*",
                              "example/*",
                              "spiffe://u@example/*",
                              "spiffe://example/a?*",
                              "spiffe://example//*",
                              "https:/a/*",
                              "spiffe://example/a/",
                              "spiffe://Example/*",
                              "spiffe://example:1/*",
                              "HTTPS://example/*",
                              "spiffe://example/a%20b/*"}) {
    const auto result = read(std::string("uri = [\"") + pattern + "\"]");
    EXPECT_FALSE(result.has_value()) << pattern;
  }
}

TEST(NameRules, ASpiffeIdIsTheOnlyUriOfItsCertificate) {
  const NameRules allowed = rules("dns = [\"**\"]\nuri = [\"spiffe://example/*\", \"https://a.example/*\"]");
  EXPECT_TRUE(permits(allowed, AltNames{{"a"}, {}, {"spiffe://example/a"}, {}}));
  EXPECT_TRUE(permits(allowed, AltNames{{}, {}, {"https://a.example/a", "https://a.example/b"}, {}}));
  EXPECT_FALSE(permits(allowed, AltNames{{}, {}, {"spiffe://example/a", "spiffe://example/b"}, {}}));
  const auto two = allowed.permits(AltNames{{}, {}, {"https://a.example/a", "spiffe://example/a"}, {}}, "profile x");
  ASSERT_FALSE(two.has_value());
  EXPECT_EQ(two.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(two.error().field, "csr.subjectAltName");
  EXPECT_THAT(two.error().message, HasSubstr("\"spiffe://example/a\" is a SPIFFE ID among 2 URIs"));
}

TEST(NameRules, EmailPatternsAllowOneMailboxOrAHost) {
  const NameRules allowed = rules("email = [\"Joe@a.example\", \"*@B.example\"]");
  for (const char* address : {"Joe@a.example", "Joe@A.EXAMPLE", "anyone@b.example", "x+y@B.Example"}) {
    EXPECT_TRUE(permits_email(allowed, address)) << address;
  }
  for (const char* address :
       {"joe@a.example", "jim@a.example", "joe@sub.b.example", "b.example", "x@b.example@evil.example",
        "x@evil.example@b.example", "@b.example", "x@evilb.example", "*@b.example", "x@b.example."}) {
    EXPECT_FALSE(permits_email(allowed, address)) << address;
  }
}

TEST(NameRules, RefusesEmailPatternsOfOtherForms) {
  for (const char* pattern :
       {"*", "a", "*@", "@a.example", "*@*", "*@*.example", "**@a.example", "j*@a.example", "a@b@c.example"}) {
    EXPECT_FALSE(read(std::string("email = [\"") + pattern + "\"]").has_value()) << pattern;
  }
}

TEST(NameRules, AKindWithoutPatternsAllowsNone) {
  const NameRules allowed = rules("dns = [\"**\"]");
  EXPECT_FALSE(permits_ip(allowed, "127.0.0.1"));
  EXPECT_FALSE(permits_uri(allowed, "spiffe://example/a"));
  EXPECT_FALSE(permits_email(allowed, "joe@example.com"));
  EXPECT_FALSE(permits_dns(rules("ip = [\"::/0\"]"), "a.example"));
}

TEST(NameRules, OneForbiddenNameAmongManyForbidsAll) {
  const NameRules allowed = rules("dns = [\"**.example\"]\nip = [\"10.0.0.0/8\"]");
  EXPECT_TRUE(permits(allowed, AltNames{{"a.example", "b.example"}, {*IpAddress::parse("10.1.2.3")}, {}, {}}));
  EXPECT_FALSE(permits(allowed, AltNames{{"a.example", "b.evil"}, {}, {}, {}}));
  EXPECT_FALSE(permits(allowed, AltNames{{"a.example"}, {*IpAddress::parse("11.1.2.3")}, {}, {}}));
  EXPECT_TRUE(permits(allowed, {}));
}

TEST(NameRules, TheErrorSaysWhichNameWhoForbidsItAndWhatIsAllowed) {
  const auto denied = rules("dns = [\"A.example\", \"*.b.example\"]")
                          .permits(AltNames{{"evil.example"}, {}, {}, {}}, "client payments");
  ASSERT_FALSE(denied.has_value());
  EXPECT_EQ(denied.error().code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(denied.error().field, "csr.subjectAltName");
  EXPECT_EQ(denied.error().message,
            "DNS \"evil.example\" is not allowed by the client payments, which allows of DNS names only a.example, "
            "*.b.example (rule names.pattern)");
  const auto malformed = rules("dns = [\"**\"]").permits(AltNames{{"*.example"}, {}, {}, {}}, "profile p");
  ASSERT_FALSE(malformed.has_value());
  EXPECT_EQ(malformed.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(malformed.error().field, "csr.subjectAltName");
  EXPECT_THAT(malformed.error().message, HasSubstr("\"*.example\" is a wildcard"));
}

TEST(NameRules, AWildcardNeedsThatEveryNameItCoversIsAllowed) {
  const NameRules allowed = rules("wildcards = true\ndns = [\"*.a.example\", \"**.b.example\", \"x.c.example\"]");
  for (const char* name : {"*.a.example", "*.A.EXAMPLE", "*.b.example", "*.y.b.example", "x.a.example"})
    EXPECT_TRUE(permits_dns(allowed, name)) << name;
  for (const char* name : {"*.y.a.example", "*.c.example", "*.x.c.example", "*.example", "*.d.example", "*.xa.example"})
    EXPECT_FALSE(permits_dns(allowed, name)) << name;
  EXPECT_TRUE(permits_dns(rules("wildcards = true\ndns = [\"**\"]"), "*.any.example"));
  EXPECT_FALSE(permits_dns(rules("wildcards = true\ndns = [\"**\"]"), "*.co.uk"));
  EXPECT_FALSE(permits_dns(rules("dns = [\"**\"]"), "*.any.example"));
}

TEST(NameRules, APatternAllowsAPublicSuffixWideWildcardNever) {
  const auto refused = rules("wildcards = true\ndns = [\"*.example\", \"*.co.uk\"]")
                           .permits(AltNames{{"*.example"}, {}, {}, {}}, "profile p");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(
      refused.error().message,
      "by the rules of the profile p: DNS name \"*.example\" is a wildcard for all of \"example\", a public suffix "
      "or a single label; ask for one below it (rule dns.public-suffix)");
}

TEST(NameRules, ALabelsAreForTablesThatAllowThemAlsoInPatterns) {
  EXPECT_TRUE(permits_dns(rules("a_labels = true\ndns = [\"**.xn--bcher-kva.example\"]"), "a.XN--bcher-kva.example"));
  EXPECT_FALSE(permits_dns(rules("dns = [\"**\"]"), "xn--bcher-kva.example"));
  EXPECT_FALSE(permits_dns(rules("a_labels = true\ndns = [\"**\"]"), "xn--pypal-4ve.example"));
  EXPECT_TRUE(permits_dns(rules("a_labels = true\nmixed_scripts = true\ndns = [\"**\"]"), "xn--pypal-4ve.example"));
  const auto without = read("dns = [\"**.xn--bcher-kva.example\"]");
  ASSERT_FALSE(without.has_value());
  EXPECT_THAT(without.error().message, HasSubstr("which needs a_labels = true"));
}

TEST(NameRules, RefusesFormsThatHaveNoEffect) {
  const auto mixed = read("mixed_scripts = true\ndns = [\"**\"]");
  ASSERT_FALSE(mixed.has_value());
  EXPECT_THAT(mixed.error().message, HasSubstr("mixed_scripts: has no effect without a_labels = true"));
  const auto wildcards = read("wildcards = true\nip = [\"10.0.0.0/8\"]");
  ASSERT_FALSE(wildcards.has_value());
  EXPECT_THAT(wildcards.error().message, HasSubstr("wildcards: has no effect without a pattern under dns"));
  EXPECT_FALSE(read("wildcards = 1\ndns = [\"**\"]").has_value());
}

TEST(NameRules, FormsAreAmongTheTexts) {
  EXPECT_THAT(rules("wildcards = true\na_labels = true\nmixed_scripts = true\ndns = [\"**\"]").texts(),
              ElementsAre("dns:**", "form:a-labels", "form:mixed-scripts", "form:wildcards"));
}

TEST(NameRules, HasOneTextWhateverTheOrderAndSpelling) {
  const NameRules one = rules("dns = [\"B.example\", \"*.a.example\"]\nip = [\"10.0.0.1\"]");
  const NameRules other = rules("ip = [\"10.0.0.1/32\"]\ndns = [\"*.A.example\", \"b.example\"]");
  EXPECT_EQ(one.texts(), other.texts());
  EXPECT_THAT(one.texts(), ElementsAre("dns:*.a.example", "dns:b.example", "ip:10.0.0.1/32"));
}

}  // namespace
}  // namespace signet
