#include "x509/name_limits.h"

#include <gmock/gmock.h>

#include "crypto.h"
#include "x509/der.h"

namespace signet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

NameLimits limits() {
  return {.dns = {parse_domain_limit("Example.com").value()},
          .ips = {IpNetwork::parse("10.1.0.0/16").value(), IpNetwork::parse("2001:db8::/32").value()},
          .uris = {parse_uri_limit("spiffe://example.org").value(), parse_uri_limit("urn:").value()},
          .emails = {parse_domain_limit("mail.example.com").value()}};
}

bool permits(const NameLimits& limits, const AltNames& names, const std::string& subject = "O=Example") {
  return limits.permit(test::name(subject), names).has_value();
}

/// A subject with this attribute as IA5String.
Name subject_with(std::string_view oid, std::string_view value, std::uint8_t tag = der::kIa5String) {
  const Bytes attribute = der::sequence({der::oid(oid), der::element(tag, bytes_of(value))});
  return Name::parse(der::sequence({der::element(der::kSet, attribute)})).value();
}

TEST(NameLimits, WithoutAnyEveryNameIsPermitted) {
  EXPECT_FALSE(NameLimits().given());
  EXPECT_TRUE(permits({}, {.dns = {"a.test"}, .uris = {"spiffe://x/y"}}, "CN=login.bank.test"));
}

TEST(NameLimits, ADomainIsItselfAndAllBelowIt) {
  for (const char* name : {"example.com", "a.example.com", "B.A.EXAMPLE.com", "*.example.com", "*.a.example.com"})
    EXPECT_TRUE(permits(limits(), {.dns = {name}})) << name;
  for (const char* name :
       {"com", "example.org", "notexample.com", "example.com.evil.test", "*.com", "*", "*.*.example.com",
        "a.example.com.", ".example.com", "a..example.com", "ex*mple.com", "10.1.2.3"})
    EXPECT_FALSE(permits(limits(), {.dns = {name}})) << name;
}

TEST(NameLimits, EachOfManyNamesCounts) {
  EXPECT_TRUE(permits(limits(), {.dns = {"a.example.com", "b.example.com"}}));
  const auto refused = limits().permit(Name(), {.dns = {"a.example.com", "a.bank.test"}});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(refused.error().field, "subjectAltName");
  EXPECT_THAT(refused.error().message,
              testing::AllOf(HasSubstr("DNS:a.bank.test"), HasSubstr("DNS:example.com, IP:10.1.0.0/16")));
}

TEST(NameLimits, AFormWithoutAListIsRefused) {
  const NameLimits dns_only{.dns = {"example.com"}};
  EXPECT_TRUE(permits(dns_only, {.dns = {"example.com"}}));
  EXPECT_FALSE(permits(dns_only, {.ips = {IpAddress::parse("10.1.2.3").value()}}));
  EXPECT_FALSE(permits(dns_only, {.uris = {"https://example.com/"}}));
  EXPECT_FALSE(permits(dns_only, {.emails = {"a@example.com"}}));
}

TEST(NameLimits, ANetworkHasTheAddressesBelowItsPrefix) {
  for (const char* ip : {"10.1.0.0", "10.1.255.255", "2001:db8::1"})
    EXPECT_TRUE(permits(limits(), {.ips = {IpAddress::parse(ip).value()}})) << ip;
  for (const char* ip : {"10.0.255.255", "10.2.0.0", "2001:db9::1", "::ffff:10.1.2.3"})
    EXPECT_FALSE(permits(limits(), {.ips = {IpAddress::parse(ip).value()}})) << ip;
}

TEST(NameLimits, ATrustDomainIsExactAndItsPathsAreFree) {
  for (const char* uri : {"spiffe://example.org", "spiffe://example.org/a/b", "spiffe://example.org?x", "urn:uuid:1",
                          "SPIFFE://example.ORG/a"})
    EXPECT_TRUE(permits(limits(), {.uris = {uri}})) << uri;
  for (const char* uri :
       {"spiffe://sub.example.org/a", "spiffe://example.org.evil/a", "spiffe://example.org@evil/a",
        "spiffe://x@example.org/a", "spiffe://example.org:1/a", "https://example.org/a", "spiffe:/example.org/a",
        "spiffe:example.org", "example.org", "spiffe://example.org\\@evil/a"})
    EXPECT_FALSE(permits(limits(), {.uris = {uri}})) << uri;
}

TEST(NameLimits, AMailDomainHasItsMailboxes) {
  for (const char* address : {"a@mail.example.com", "A.b@x.mail.EXAMPLE.com"})
    EXPECT_TRUE(permits(limits(), {.emails = {address}})) << address;
  for (const char* address : {"a@example.com", "a@mail.example.com@evil.test", "mail.example.com", "@mail.example.com",
                              "a@notmail.example.com"})
    EXPECT_FALSE(permits(limits(), {.emails = {address}})) << address;
}

TEST(NameLimits, AStarIsEveryNameOfItsForm) {
  const NameLimits any{.dns = {"*"}, .uris = {"*"}};
  EXPECT_TRUE(permits(any, {.dns = {"a.test", "*.b.test"}, .uris = {"https://a.test/"}}));
  EXPECT_FALSE(permits(any, {.emails = {"a@a.test"}}));
}

TEST(NameLimits, ACommonNameThatMayBeTakenForANameIsOneOfThose) {
  for (const char* subject : {"CN=a.example.com", "CN=10.1.2.3", "CN=a@mail.example.com", "CN=spiffe://example.org/a",
                              "CN=Example OCSP Responder", "CN=*.example.com", "CN=A.Example.COM.", "O=bank.test"})
    EXPECT_TRUE(permits(limits(), {}, subject)) << subject;
  for (const char* subject :
       {"CN=login.bank.test", "CN=10.2.2.3", "CN=a@bank.test", "CN=https://bank.test/", "CN=localhost", "CN=*.test",
        "CN=bank.test.", "CN=\\ bank.test", "CN=bänk.test", "CN=a.example.com,CN=bank.test"})
    EXPECT_FALSE(permits(limits(), {}, subject)) << subject;
}

TEST(NameLimits, ACommonNameMayRepeatAnAlternativeName) {
  const NameLimits names{.dns = {"payments"}, .uris = {"urn:"}};
  EXPECT_TRUE(permits(names, {.dns = {"payments"}}, "CN=Payments"));
  EXPECT_TRUE(permits(names, {.uris = {"urn:uuid:1"}}, "CN=urn:uuid:1"));
  EXPECT_FALSE(permits(names, {.dns = {"payments"}}, "CN=billing"));
}

TEST(NameLimits, TheSubjectsMailAddressesCount) {
  constexpr std::string_view kEmailAddress = "1.2.840.113549.1.9.1";
  EXPECT_TRUE(limits().permit(subject_with(kEmailAddress, "a@mail.example.com"), {}).has_value());
  const auto refused = limits().permit(subject_with(kEmailAddress, "a@bank.test"), {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().field, "subject");
  EXPECT_THAT(refused.error().message, HasSubstr("e-mail address \"a@bank.test\""));
  EXPECT_FALSE(limits().permit(subject_with(kEmailAddress, "a@mail.example.com", der::kUtf8String), {}).has_value());
}

TEST(NameLimits, SayWhatTheyAre) {
  EXPECT_THAT(limits().texts(), ElementsAre("DNS:example.com", "IP:10.1.0.0/16", "IP:2001:db8::/32",
                                            "URI:spiffe://example.org", "URI:urn:", "email:mail.example.com"));
}

TEST(NameLimits, AreReadStrictly) {
  for (const char* text : {"", ".example.com", "*.example.com", "**", "a b", "a..b", "a@b.test", "https://a.test"})
    EXPECT_FALSE(parse_domain_limit(text).has_value()) << text;
  for (const char* text : {"", "example.org", "spiffe://", "spiffe://example.org/", "spiffe://Example.org",
                           "Spiffe://a", "spiffe://u@a", "spiffe://*", "urn:uuid", "://a", "1a://b", "**"})
    EXPECT_FALSE(parse_uri_limit(text).has_value()) << text;
  for (const char* text : {"", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/8x", "10.0.0.0/-1", "2001:db8::/129",
                           "2001:db8::1/32", "a.test"})
    EXPECT_FALSE(IpNetwork::parse(text).has_value()) << text;
  EXPECT_EQ(IpNetwork::parse("10.1.2.3").value().text, "10.1.2.3/32");
  EXPECT_EQ(IpNetwork::parse("0.0.0.0/0").value().text, "0.0.0.0/0");
}

}  // namespace
}  // namespace signet
