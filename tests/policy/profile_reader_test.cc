// What the reader says about profiles that would make bad certificates: one clear line each.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "policy/policy.h"

namespace signet {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A sound profile, of which a test changes some lines; an empty value takes the line away.
using Lines = std::map<std::string, std::string>;

const Lines kServer = {{"issuer", "\"i\""},
                       {"validity", "\"1d\""},
                       {"validity_max", "\"1d\""},
                       {"keys", "[\"ec-p256\", \"rsa\"]"},
                       {"key_usage", "[\"digitalSignature\"]"},
                       {"extended_key_usage", "[\"serverAuth\"]"},
                       {"names", "{ dns = [\"**\"] }"}};
const Lines kCa = {{"ca", "true"},
                   {"path_length", "0"},
                   {"subject", "\"CN=Sub CA\""},
                   {"key_usage", "[\"keyCertSign\", \"cRLSign\"]"},
                   {"extended_key_usage", ""},
                   {"names", ""}};
const Lines kSvid = {{"spiffe", "true"},
                     {"extended_key_usage", "[\"serverAuth\", \"clientAuth\"]"},
                     {"names", "{ uri = [\"spiffe://example.com/*\"] }"}};

Lines operator+(Lines base, const Lines& changes) {
  for (const auto& [key, value] : changes) base[key] = value;
  return base;
}

std::string policy_of(const Lines& lines) {
  std::string text = "[profile.p]\n";
  for (const auto& [key, value] : lines) {
    if (!value.empty()) text += key + " = " + value + "\n";
  }
  return text;
}

/// Every complaint; empty for a sound profile.
std::string complaints(const Lines& lines) {
  const auto policy = Policy::parse(bytes_of(policy_of(lines)), "policy.toml");
  return policy.has_value() ? std::string() : policy.error().message;
}

/// So many extensions, each with an OCTET STRING of so many bytes as its value (one of more than 255).
std::string extensions_of_bytes(std::size_t bytes, int count) {
  std::string list;
  for (int i = 0; i < count; ++i) {
    const std::string value = fmt::format("0482{:04x}{}", bytes - 4, std::string(2 * (bytes - 4), '0'));
    list += fmt::format("{{ oid = \"1.2.{}\", value = \"{}\" }}, ", 3 + i, value);
  }
  return "[" + list + "]";
}

struct Bad {
  const char* name;
  Lines lines;
  const char* says;
};
void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.name; }

class BadProfile : public testing::TestWithParam<Bad> {};

TEST_P(BadProfile, GetsOneLineThatSaysWhatIsWrong) {
  const std::string said = complaints(GetParam().lines);
  EXPECT_THAT(said, HasSubstr(GetParam().says));
  EXPECT_EQ(said.find('\n'), std::string::npos) << said;
}

INSTANTIATE_TEST_SUITE_P(
    ProfileReader, BadProfile,
    testing::Values(
        Bad{"UnknownKey", kServer + Lines{{"keyusage", "[]"}}, "profile.p.keyusage: unknown"},
        Bad{"CnInTheSubject", kServer + Lines{{"subject", "\"CN=a\""}}, "profile.p.subject: has a CN"},
        Bad{"FieldTwice", kServer + Lines{{"subject", "\"OU=a\""}, {"subject_from_request", "{ OU = [\"*\"] }"}},
            "subject_from_request.OU: is in the constant subject already"},
        Bad{"CnFromTheRequest", kServer + Lines{{"subject_from_request", "{ OU = [\"*\"], CN = [\"*\"] }"}},
            "subject_from_request.CN: is not taken here"},
        Bad{"NoField", kServer + Lines{{"subject_from_request", "{ }"}}, "takes nothing"},
        Bad{"FieldWithoutValues", kServer + Lines{{"subject_from_request", "{ OU = [] , L = [\"*\"] }"}},
            "subject_from_request.OU: has 0 values"},
        Bad{"UnknownField", kServer + Lines{{"subject_from_request", "{ OU = [\"*\"], DC = [\"*\"] }"}},
            "subject_from_request.DC: unknown"},
        Bad{"NoNamesAndNoSubject", kServer + Lines{{"alternative_names", "\"none\""}, {"names", ""}},
            "profile.p.subject: is missing"},
        Bad{"NamesOfNoEffect", kServer + Lines{{"alternative_names", "\"none\""}, {"subject", "\"CN=a\""}},
            "profile.p.names: has no effect"},
        Bad{"CnFromNoNames",
            kServer + Lines{{"alternative_names", "\"none\""},
                            {"names", ""},
                            {"subject", "\"O=a\""},
                            {"common_name", "\"from-san\""}},
            "profile.p.common_name: is \"from-san\", which is taken from alternative names"},
        Bad{"TwoCns",
            kServer +
                Lines{{"alternative_names", "\"optional\""}, {"subject", "\"CN=a\""}, {"common_name", "\"from-san\""}},
            "and subject has a CN already"},
        Bad{"CertSignOfALeaf", kServer + Lines{{"key_usage", "[\"keyCertSign\"]"}}, "profile.p.key_usage[0]: is"},
        Bad{"OnlyWithoutAgreement", kServer + Lines{{"key_usage", "[\"digitalSignature\", \"encipherOnly\"]"}},
            "without keyAgreement"},
        Bad{"NothingForRsa", kServer + Lines{{"key_usage", "[\"keyAgreement\"]"}},
            "has nothing that a key of type rsa can do; it can do digitalSignature, nonRepudiation, keyEncipherment"},
        Bad{"UsageOfNoKey",
            kServer + Lines{{"keys", "[\"ec-p256\"]"}, {"key_usage", "[\"digitalSignature\", \"keyEncipherment\"]"}},
            "has keyEncipherment, which none of the keys can do"},
        Bad{"PathOfNoCa", kServer + Lines{{"path_length", "0"}}, "profile.p.path_length: has no effect"},
        Bad{"CaWithoutPath", kServer + kCa + Lines{{"path_length", ""}}, "profile.p.path_length: missing"},
        Bad{"CaWithoutCrlSign", kServer + kCa + Lines{{"key_usage", "[\"keyCertSign\"]"}},
            "lacks keyCertSign or cRLSign"},
        Bad{"CaThatEnciphers",
            kServer + kCa + Lines{{"key_usage", "[\"keyCertSign\", \"cRLSign\", \"keyEncipherment\"]"}},
            "profile.p.key_usage[2]: is"},
        Bad{"CaWithNames",
            kServer + kCa + Lines{{"alternative_names", "\"optional\""}, {"names", "{ dns = [\"**\"] }"}},
            "must be \"none\" where ca = true"},
        Bad{"SvidWithoutClientAuth", kServer + kSvid + Lines{{"extended_key_usage", "[\"serverAuth\"]"}},
            "profile.p.spiffe: needs clientAuth"},
        Bad{"SvidWithoutSignature",
            kServer + kSvid + Lines{{"keys", "[\"rsa\"]"}, {"key_usage", "[\"keyEncipherment\"]"}},
            "profile.p.spiffe: needs digitalSignature"},
        Bad{"SvidWithoutName", kServer + kSvid + Lines{{"alternative_names", "\"optional\""}, {"subject", "\"O=a\""}},
            "profile.p.spiffe: needs alternative_names"},
        Bad{"PolicyThatIsNoOid", kServer + Lines{{"policies", "[{ oid = \"1.2.x\" }]"}},
            "profile.p.policies[0].oid: is \"1.2.x\"; expected a dotted"},
        Bad{"PolicyTwice", kServer + Lines{{"policies", "[{ oid = \"1.2.3\" }, { oid = \"1.2.3\" }]"}}, "there twice"},
        Bad{"CpsThatIsNoUrl", kServer + Lines{{"policies", "[{ oid = \"1.2.3\", cps = \"ftp://a\" }]"}},
            "profile.p.policies[0].cps: is \"ftp://a\"; expected an http or https URL"},
        Bad{"PolicyWithMore", kServer + Lines{{"policies", "[{ oid = \"1.2.3\", notice = \"a\" }]"}},
            "profile.p.policies[0].notice: unknown"},
        Bad{"CrlByHttps", kServer + Lines{{"crl_urls", "[\"https://a.example/crl\"]"}},
            "profile.p.crl_urls: is \"https://a.example/crl\"; expected an http URL"},
        Bad{"OcspTwice", kServer + Lines{{"ocsp_urls", "[\"http://a.example\", \"http://a.example\"]"}},
            "profile.p.ocsp_urls: has \"http://a.example\" twice"},
        Bad{"CaIssuersWithoutHost", kServer + Lines{{"ca_issuers_urls", "[\"http:///a\"]"}}, "expected an http URL"},
        Bad{"StapleOfAClient",
            kServer + Lines{{"must_staple", "true"},
                            {"ocsp_urls", "[\"http://a.example\"]"},
                            {"extended_key_usage", "[\"clientAuth\"]"}},
            "profile.p.must_staple: is for TLS servers"},
        Bad{"StapleOfNothing", kServer + Lines{{"must_staple", "true"}}, "profile.p.must_staple: needs ocsp_urls"},
        Bad{"NoCheckOfACa",
            kServer + kCa + Lines{{"extended_key_usage", "[\"OCSPSigning\"]"}, {"ocsp_no_check", "true"}},
            "and not ca = true"},
        Bad{"MoreBytesThanACertificateHasRoomFor", kServer + Lines{{"extensions", extensions_of_bytes(4000, 3)}},
            "profile.p: has 12015 bytes of policies, URLs and extensions together; at most 8192 are taken"},
        Bad{"NoCheckOfAServer", kServer + Lines{{"ocsp_no_check", "true"}}, "is for OCSP responders alone"},
        Bad{"ExtensionOfX509", kServer + Lines{{"extensions", "[{ oid = \"2.5.29.30\", value = \"3000\" }]"}},
            "profile.p.extensions[0].oid: 2.5.29.30 is an extension that X.509 itself defines"},
        Bad{"ExtensionOfNetscape",
            kServer + Lines{{"extensions", "[{ oid = \"2.16.840.1.113730.1.1\", value = \"03020520\" }]"}},
            "certificate type is a second keyUsage"},
        Bad{"ExtensionThatIsNoHex", kServer + Lines{{"extensions", "[{ oid = \"1.2.3\", value = \"05 00\" }]"}},
            "profile.p.extensions[0].value: is not hexadecimal"},
        Bad{"ExtensionThatIsNoDer", kServer + Lines{{"extensions", "[{ oid = \"1.2.3\", value = \"058100\" }]"}},
            "profile.p.extensions[0].value: is not DER"},
        Bad{"ExtensionWithMoreBehind", kServer + Lines{{"extensions", "[{ oid = \"1.2.3\", value = \"050000\" }]"}},
            "profile.p.extensions[0].value: is not DER"},
        Bad{"ExtensionTwice",
            kServer +
                Lines{{"extensions", "[{ oid = \"1.2.3\", value = \"0500\" }, { oid = \"1.2.3\", value = \"0500\" }]"}},
            "profile.p.extensions[1].oid: is 1.2.3, which stands there twice"},
        Bad{"LintsOfNobody", kServer + Lines{{"lint", "\"none\""}}, "profile.p.lint: is \"none\"; expected one of"}),
    [](const auto& bad) { return bad.param.name; });

TEST(ProfileReader, TakesWhatTheTableOfBadOnesStartsFrom) {
  EXPECT_THAT(complaints(kServer), IsEmpty());
  EXPECT_THAT(complaints(kServer + kCa), IsEmpty());
  EXPECT_THAT(complaints(kServer + kSvid), IsEmpty());
}

TEST(ProfileReader, AClientNeedsNamesButForCertificatesThatHaveNone) {
  const std::string client = "[client.c]\nidentity = \"dns:a.example\"\nprofiles = [\"p\"]\n";
  EXPECT_TRUE(Policy::parse(bytes_of(policy_of(kServer + kCa) + client), "p").has_value());
  EXPECT_FALSE(Policy::parse(bytes_of(policy_of(kServer) + client), "p").has_value());
}

class Fence : public testing::Test {
 protected:
  /// What check_issuers() says of the profile.
  static std::string misfit(const Lines& lines, const IssuerLimit& limit) {
    const auto policy = Policy::parse(bytes_of(policy_of(lines)), "policy.toml");
    if (!policy.has_value()) return policy.error().message;
    const auto checked = check_issuers(*policy, {{"i", limit}});
    return checked.has_value() ? std::string() : checked.error().message;
  }
  IssuerLimit limit_{.longest_validity = std::chrono::days(2),
                     .clock_tolerance = std::chrono::hours(1),
                     .longest_ca_validity = std::chrono::days(2)};
};

TEST_F(Fence, HasToNameTheKindAndThePathOfACa) {
  EXPECT_THAT(misfit(kServer + kCa, limit_), HasSubstr("add \"ca-certificate\" to may_sign"));
  limit_.cas = true;
  limit_.every_eku = true;
  EXPECT_THAT(misfit(kServer + kCa, limit_), IsEmpty());
  EXPECT_THAT(misfit(kServer + kCa + Lines{{"path_length", "1"}}, limit_),
              HasSubstr("path_length = 1, and the fence of the key of issuer \"i\" lets through 0"));
  limit_.end_entities = false;
  EXPECT_THAT(misfit(kServer, limit_), HasSubstr("add \"end-entity-certificate\" to may_sign"));
}

TEST_F(Fence, HasToSayThatItMakesOcspResponders) {
  const Lines responder = kServer + Lines{{"extended_key_usage", "[\"OCSPSigning\"]"}};
  EXPECT_THAT(misfit(responder, limit_), HasSubstr("set ocsp_responder = true in the fence"));
  limit_.ocsp_responders = true;
  EXPECT_THAT(misfit(responder, limit_), IsEmpty());
}

TEST_F(Fence, HasToNameThePurposesButForThoseOfTls) {
  const Lines code = kServer + Lines{{"extended_key_usage", "[\"serverAuth\", \"codeSigning\"]"}};
  EXPECT_THAT(misfit(code, limit_), HasSubstr("has codeSigning in extended_key_usage, which the fence"));
  limit_.eku = {"1.3.6.1.5.5.7.3.3"};
  EXPECT_THAT(misfit(code, limit_), HasSubstr("has serverAuth in extended_key_usage"));
  limit_.eku.insert("1.3.6.1.5.5.7.3.1");
  EXPECT_THAT(misfit(code, limit_), IsEmpty());
  limit_.eku.clear();
  limit_.every_eku = true;
  EXPECT_THAT(misfit(code, limit_), IsEmpty());
}

TEST_F(Fence, TakesNoCaForEveryPurposeUnlessItSaysSo) {
  limit_.cas = true;
  EXPECT_THAT(misfit(kServer + kCa, limit_), HasSubstr("has no extended_key_usage"));
  EXPECT_THAT(misfit(kServer + kCa + Lines{{"extended_key_usage", "[\"clientAuth\"]"}}, limit_), IsEmpty());
}

TEST_F(Fence, HasALongestValidityOfItsOwnForCas) {
  limit_.cas = true;
  limit_.every_eku = true;
  limit_.longest_ca_validity = std::chrono::seconds(60);
  EXPECT_THAT(misfit(kServer + kCa, limit_), HasSubstr("(longest_ca_validity)"));
  limit_.longest_validity = std::chrono::seconds(60);
  EXPECT_THAT(misfit(kServer, limit_), HasSubstr("(longest_validity)"));
}

TEST_F(Fence, HasToNameExtraExtensions) {
  const Lines extra = kServer + Lines{{"extensions", "[{ oid = \"1.2.3\", value = \"0500\" }]"}};
  EXPECT_THAT(misfit(extra, limit_), HasSubstr("has the extension 1.2.3, which the fence"));
  limit_.extensions = {"1.2.3"};
  EXPECT_THAT(misfit(extra, limit_), IsEmpty());
}

}  // namespace
}  // namespace signet
