#include "x509/name_constraints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509_vfy.h>

#include <random>

#include "issuing.h"
#include "name_constraints_property.h"

namespace signet::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Bases of subtrees.
Bytes dns(std::string_view text) { return der::element(der::context(2), bytes_of(text)); }
Bytes uri(std::string_view text) { return der::element(der::context(6), bytes_of(text)); }
Bytes email(std::string_view text) { return der::element(der::context(1), bytes_of(text)); }
Bytes directory(std::string_view rfc4514) { return der::element(der::context_constructed(4), name(rfc4514).der()); }
Bytes ip(std::string_view address, std::string_view mask) {
  Bytes both = IpAddress::parse(address).value().bytes;
  append(both, IpAddress::parse(mask).value().bytes);
  return der::element(der::context(7), both);
}

using Bases = std::vector<Bytes>;

Bytes subtrees(unsigned number, const Bases& bases) {
  Bytes list;
  for (const Bytes& base : bases) append(list, der::sequence({base}));
  return bases.empty() ? Bytes() : der::element(der::context_constructed(number), list);
}
Bytes extension_of(const Bases& permitted, const Bases& excluded) {
  return der::sequence({subtrees(0, permitted), subtrees(1, excluded)});
}
NameConstraints constraints(const Bases& permitted, const Bases& excluded = {}) {
  return NameConstraints::parse(extension_of(permitted, excluded)).value();
}

AltNames ips(std::string_view text) { return {.ips = {IpAddress::parse(text).value()}}; }

bool permits(const NameConstraints& rules, const AltNames& names) { return rules.permit(Name(), names).has_value(); }
bool permits_dns(const NameConstraints& rules, const std::string& name) { return permits(rules, {.dns = {name}}); }

/// With the e-mail address as an attribute of its own, which Name::from_text does not write.
Name subject_with_email(std::string_view address) {
  const Bytes attribute =
      der::sequence({der::oid("1.2.840.113549.1.9.1"), der::element(der::kIa5String, bytes_of(address))});
  return Name::parse(der::sequence({der::element(der::kSet, attribute)})).value();
}

TEST(NameConstraints, ReadsEveryKindAndKeepsItsBytes) {
  const Bytes der = extension_of({dns("Example.COM"), ip("10.0.0.0", "255.0.0.0"), directory("O=Example")},
                                 {uri(".evil.example"), email("Joe@Example.com"), ip("2001:db8::", "ffff:ffff::")});
  const auto rules = NameConstraints::parse(der);
  ASSERT_TRUE(rules.has_value()) << rules.error().message;
  EXPECT_TRUE(equal(rules->der(), der));
  EXPECT_THAT(rules->texts(),
              ElementsAre("permitted DNS:example.com", "permitted IP:10.0.0.0/8", "permitted dirName:O=Example",
                          "excluded URI:.evil.example", "excluded email:Joe@example.com", "excluded IP:2001:db8::/32"));
}

TEST(NameConstraints, RefusesOtherForms) {
  const Bytes base = dns("a.example");
  const Bytes minimum_0 = der::element(der::context(0), Bytes{0});
  const Bytes maximum_1 = der::element(der::context(1), Bytes{1});
  const auto with = [](ByteView subtree) {
    return der::sequence({der::element(der::context_constructed(0), subtree)});
  };
  const std::pair<Bytes, const char*> cases[] = {
      {der::sequence({}), "neither permitted nor excluded"},
      {with({}), "without a subtree"},
      {der::sequence({subtrees(1, {base}), subtrees(0, {base})}), "NameConstraints"},
      {with(der::sequence({base, minimum_0})), "minimum or maximum"},
      {with(der::sequence({base, maximum_1})), "minimum or maximum"},
      {with(der::sequence({})), "base"},
      {extension_of({dns("a..example")}, {}), "DNS constraint \"a..example\" is no host"},
      {extension_of({dns("*.example")}, {}), "is no host"},
      {extension_of({dns(std::string_view("a\0b", 3))}, {}), "is no host"},
      {extension_of({dns("a.example.")}, {}), "is no host"},
      {extension_of({uri("")}, {}), "URI constraint"},
      {extension_of({uri("https://a.example")}, {}), "URI constraint"},
      {extension_of({email("@a.example")}, {}), "e-mail constraint"},
      {extension_of({email("")}, {}), "e-mail constraint"},
      {extension_of({email("a b@a.example")}, {}), "e-mail constraint"},
      {extension_of({ip("10.0.0.0", "255.0.255.0")}, {}), "no address with a prefix"},
      {extension_of({der::element(der::context(7), Bytes(4, 10))}, {}), "no address with a prefix"},
      {extension_of({der::element(der::context(7), Bytes(16, 0))}, {}), "no address with a prefix"},
      {extension_of({der::element(der::context_constructed(4), bytes_of("x"))}, {}), "directoryName"},
  };
  for (const auto& [der, message] : cases) {
    const auto rules = NameConstraints::parse(der);
    ASSERT_FALSE(rules.has_value()) << message;
    EXPECT_THAT(rules.error().message, HasSubstr(message));
  }
}

TEST(NameConstraints, AKindThatIsNotUnderstoodIsRefusedUnlessItIsNotCritical) {
  const Bytes registered_id = der::element(der::context(8), Bytes{0x2A, 0x03});
  const Bytes der = extension_of({registered_id, dns("a.example")}, {});
  const auto critical = NameConstraints::parse(der);
  ASSERT_FALSE(critical.has_value());
  EXPECT_THAT(critical.error().message, HasSubstr("names of the tag 0x88"));
  const auto rules = NameConstraints::parse(der, NameConstraints::Criticality::kNotCritical);
  ASSERT_TRUE(rules.has_value()) << rules.error().message;
  EXPECT_THAT(rules->texts(), ElementsAre("permitted DNS:a.example"));
}

TEST(NameConstraints, ADnsSubtreeIsTheDomainAndAllBelow) {
  const NameConstraints rules = constraints({dns("example.com")});
  for (const char* name : {"example.com", "a.example.com", "b.a.EXAMPLE.com", "*.example.com"})
    EXPECT_TRUE(permits_dns(rules, name)) << name;
  for (const char* name : {"xexample.com", "com", "example.com.evil", "*.com"})
    EXPECT_FALSE(permits_dns(rules, name)) << name;
  EXPECT_TRUE(permits_dns(constraints({dns("")}), "any.example"));
  EXPECT_FALSE(permits_dns(constraints({}, {dns("")}), "any.example"));
}

TEST(NameConstraints, ADnsSubtreeWithALeadingDotPermitsWhatIsBelowAndExcludesTheDomainToo) {
  EXPECT_FALSE(permits_dns(constraints({dns(".example.com")}), "example.com"));
  EXPECT_TRUE(permits_dns(constraints({dns(".example.com")}), "a.example.com"));
  EXPECT_FALSE(permits_dns(constraints({}, {dns(".example.com")}), "example.com"));
  EXPECT_FALSE(permits_dns(constraints({}, {dns(".example.com")}), "a.example.com"));
  EXPECT_TRUE(permits_dns(constraints({}, {dns(".example.com")}), "b.example"));
}

TEST(NameConstraints, AWildcardIsExcludedWhereANameThatItCoversIs) {
  const NameConstraints rules = constraints({}, {dns("secret.example.com")});
  for (const char* name : {"*.example.com", "*.secret.example.com", "*.a.secret.example.com", "*.EXAMPLE.com"})
    EXPECT_FALSE(permits_dns(rules, name)) << name;
  for (const char* name : {"*.com", "*.b.example.com", "*.ret.example.com"})
    EXPECT_TRUE(permits_dns(rules, name)) << name;
}

TEST(NameConstraints, ExclusionWinsOverPermission) {
  const NameConstraints rules = constraints({dns("example.com")}, {dns("a.example.com")});
  EXPECT_TRUE(permits_dns(rules, "b.example.com"));
  const auto refused = rules.permit(Name(), {.dns = {"x.a.example.com"}});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(refused.error().field, "subjectAltName");
  EXPECT_EQ(refused.error().message, "DNS name \"x.a.example.com\" is excluded (\"DNS:a.example.com\")");
}

TEST(NameConstraints, APermittedKindSaysNothingOfTheOthers) {
  const NameConstraints rules = constraints({dns("example.com")});
  EXPECT_TRUE(permits(rules, ips("10.0.0.1")));
  EXPECT_TRUE(permits(rules, {.uris = {"https://evil.example/"}}));
  EXPECT_TRUE(permits(rules, {.emails = {"a@evil.example"}}));
  EXPECT_TRUE(rules.permit(name("O=Evil"), {}).has_value());
}

TEST(NameConstraints, EveryNameMustBePermitted) {
  const NameConstraints rules = constraints({dns("example.com"), dns("example.org")});
  EXPECT_TRUE(permits(rules, {.dns = {"a.example.com", "a.example.org"}}));
  EXPECT_FALSE(permits(rules, {.dns = {"a.example.com", "a.example.net"}}));
}

TEST(NameConstraints, RangesOfOneFamilyPermitNoAddressOfTheOther) {
  const NameConstraints rules = constraints({ip("10.0.0.0", "255.0.0.0")}, {ip("10.1.0.0", "255.255.0.0")});
  EXPECT_TRUE(permits(rules, ips("10.255.255.255")));
  EXPECT_FALSE(permits(rules, ips("11.0.0.0")));
  EXPECT_FALSE(permits(rules, ips("10.1.2.3")));
  EXPECT_FALSE(permits(rules, ips("2001:db8::1")));
  EXPECT_FALSE(permits(constraints({}, {ip("0.0.0.0", "0.0.0.0")}), ips("192.0.2.1")));
}

TEST(NameConstraints, AUriIsComparedByItsHostWhichMustBeCertain) {
  const NameConstraints rules = constraints({uri("a.example"), uri(".b.example")});
  for (const char* allowed : {"spiffe://a.example/x", "https://A.example:8443/x:y", "https://x.b.example"})
    EXPECT_TRUE(permits(rules, {.uris = {allowed}})) << allowed;
  for (const char* refused :
       {"https://b.example/", "https://x.a.example/", "urn:a.example", "https://a.example@evil/", "https://10.0.0.1/",
        "https://[::1]/", "https:///x", "https://evil/a:b", "https://a.example/x:y", "https://a.example?x"}) {
    EXPECT_FALSE(permits(rules, {.uris = {refused}})) << refused;
  }
  EXPECT_FALSE(permits(constraints({}, {uri("a.example")}), {.uris = {"urn:x:y"}}));
}

TEST(NameConstraints, AnEmailSubtreeIsAMailboxAHostOrWhatIsBelowADomain) {
  const NameConstraints rules = constraints({email("Joe@a.example"), email("b.example"), email(".c.example")});
  for (const char* address : {"Joe@A.example", "x@b.example", "x@y.c.example"})
    EXPECT_TRUE(permits(rules, {.emails = {address}})) << address;
  for (const char* address : {"joe@a.example", "x@a.example", "x@y.b.example", "x@c.example", "none"})
    EXPECT_FALSE(permits(rules, {.emails = {address}})) << address;
}

TEST(NameConstraints, TheSubjectsEmailAddressIsOneToo) {
  const NameConstraints rules = constraints({email("a.example")});
  EXPECT_TRUE(rules.permit(subject_with_email("x@a.example"), {}).has_value());
  const auto refused = rules.permit(subject_with_email("x@evil.example"), {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().field, "subject");
}

TEST(NameConstraints, WhatCannotBeComparedIsNotPermittedUnderAConstraintOfItsKind) {
  const NameConstraints others = constraints({}, {dns("evil.example"), email("evil.example")});
  for (const char* name : {".a.example", "a..example", "a.example.", "*", "*.*.example"})
    EXPECT_FALSE(permits_dns(others, name)) << name;
  for (const char* address : {"x@.a.example", "@a.example", "a.example", "x@"})
    EXPECT_FALSE(permits(others, {.emails = {address}})) << address;
  EXPECT_TRUE(permits_dns(constraints({}, {email("evil.example")}), ".a.example"));
  const Bytes attribute = der::sequence({der::oid("1.2.840.113549.1.9.1"), der::utf8_string("x@a.example")});
  const Name utf8 = Name::parse(der::sequence({der::element(der::kSet, attribute)})).value();
  EXPECT_FALSE(others.permit(utf8, {}).has_value());
}

TEST(NameConstraints, ADirectoryNameIsAPrefixOfTheSubjectWithoutCaseAndBlanks) {
  const NameConstraints rules = constraints({directory("O=Example Corp,C=DE")});
  for (const char* subject : {"O=Example Corp,C=DE", "CN=a,O=example  CORP,C=de"})
    EXPECT_TRUE(rules.permit(name(subject), {}).has_value()) << subject;
  for (const char* subject :
       {"O=Example Corp", "C=DE", "O=ExampleCorp,C=DE", "C=DE,O=Example Corp", "OU=Example Corp,C=DE"})
    EXPECT_FALSE(rules.permit(name(subject), {}).has_value()) << subject;
  EXPECT_TRUE(rules.permit(Name(), {.dns = {"a"}}).has_value());
}

TEST(NameConstraints, ACommonNameThatReadsLikeAHostIsADnsNameWhereThereIsNone) {
  const NameConstraints rules = constraints({dns("example.com")});
  EXPECT_FALSE(rules.permit(name("CN=evil.com"), {}).has_value());
  EXPECT_FALSE(rules.permit(name("CN=192.0.2.1"), ips("192.0.2.1")).has_value());
  EXPECT_TRUE(rules.permit(name("CN=a.example.com"), {}).has_value());
  EXPECT_TRUE(rules.permit(name("CN=Issuing CA 1"), {}).has_value());
  EXPECT_TRUE(rules.permit(name("CN=evil.com"), {.dns = {"a.example.com"}}).has_value());
}

TEST(NameConstraints, RefusesMoreComparisonsThanVerifiersMake) {
  const NameConstraints rules = constraints(Bases(1025, dns("a.example")));
  AltNames names;
  for (int i = 0; i < 1024; ++i) names.dns.push_back(std::to_string(i) + ".a.example");
  EXPECT_FALSE(permits(rules, names));
  names.dns.resize(1000);
  EXPECT_TRUE(permits(rules, names));
}

/// A CA above all the certificates below, with a new key.
struct Ca {
  EvpPkeyPtr key = make_key(KeyType::kEcP256);
  TbsFields fields = root_fields(key.get());
  [[nodiscard]] Certificate certificate() const { return Certificate::parse(issue(fields, key.get()).view()).value(); }
};

TEST(NameConstraints, EveryCaAboveHasASay) {
  Ca root;
  root.fields.name_constraints = constraints({dns("example.com")});
  Ca issuing;
  issuing.fields.subject = name("CN=Issuing,O=Example");
  issuing.fields.name_constraints = constraints({}, {dns("a.example.com")});
  const std::vector<Certificate> issuers = {issuing.certificate(), root.certificate()};
  EXPECT_TRUE(check_name_constraints(issuers, Name(), {.dns = {"b.example.com"}}).has_value());
  const auto by_issuing = check_name_constraints(issuers, Name(), {.dns = {"a.example.com"}});
  ASSERT_FALSE(by_issuing.has_value());
  EXPECT_EQ(by_issuing.error().field, "csr.subjectAltName");
  EXPECT_EQ(by_issuing.error().message,
            "DNS name \"a.example.com\" is excluded (\"DNS:a.example.com\") by the name constraints of the CA "
            "\"CN=Issuing,O=Example\" (rule name.constraints)");
  const auto by_root = check_name_constraints(issuers, name("CN=evil.org"), {});
  ASSERT_FALSE(by_root.has_value());
  EXPECT_EQ(by_root.error().field, "csr.subject");
  EXPECT_THAT(by_root.error().message, HasSubstr("\"CN=Root,O=Example,C=DE\" (rule name.constraints)"));
}

TEST(NameConstraints, TheComparisonWithOpenSslSeesAlternativeNames) {
  const Bytes der = extension_of({}, {dns("example.com"), ip("10.0.0.0", "255.0.0.0")});
  const auto theirs = openssl_name_constraints(der);
  ASSERT_NE(theirs, nullptr);
  EXPECT_FALSE(openssl_permits(theirs.get(), Name(), {.dns = {"a.example.com"}}));
  EXPECT_FALSE(openssl_permits(theirs.get(), Name(), ips("10.0.0.1")));
  EXPECT_TRUE(openssl_permits(theirs.get(), Name(), {.dns = {"a.example.org"}}));
}

/// Random subsets of small sets, so that names meet constraints.
class Dice {
 public:
  template <class T>
  std::vector<T> some(const std::vector<T>& all, unsigned percent) {
    std::vector<T> chosen;
    for (const T& one : all) {
      if (engine_() % 100 < percent) chosen.push_back(one);
    }
    return chosen;
  }
  template <class T>
  const T& one(const std::vector<T>& all) {
    return all[engine_() % all.size()];
  }

 private:
  std::mt19937 engine_{20260501};  // the same numbers each time
};

const Bases& all_bases() {
  static const Bases kAll = {dns("example.com"),
                             dns("a.example.com"),
                             dns(".example.com"),
                             dns("com"),
                             dns("EXAMPLE.org"),
                             dns(""),
                             ip("10.0.0.0", "255.0.0.0"),
                             ip("0.0.0.0", "0.0.0.0"),
                             ip("10.0.0.1", "255.255.255.255"),
                             ip("2001:db8::", "ffff:ffff::"),
                             uri("example.com"),
                             uri(".example.com"),
                             uri("evil.example"),
                             email("example.com"),
                             email(".example.com"),
                             email("joe@example.com"),
                             directory("O=Example"),
                             directory("O=EXAMPLE"),
                             directory("O=Example,C=DE"),
                             der::element(der::context_constructed(4), der::sequence({}))};
  return kAll;
}

AltNames random_names(Dice& dice) {
  AltNames names;
  names.dns = dice.some<std::string>({"example.com", "a.example.com", "b.A.example.com", "*.example.com",
                                      "xexample.com", "example.org", "*.a.example.com", "com"},
                                     15);
  for (const char* text :
       dice.some<const char*>({"10.0.0.1", "10.255.0.1", "11.0.0.1", "2001:db8::1", "2001:db9::1"}, 15))
    names.ips.push_back(IpAddress::parse(text).value());
  names.uris = dice.some<std::string>({"spiffe://example.com/x", "https://a.example.com/",
                                       "https://evil.example:8443/x", "urn:a:b", "https://EXAMPLE.com"},
                                      12);
  names.emails =
      dice.some<std::string>({"joe@example.com", "Joe@example.com", "joe@EXAMPLE.com", "x@a.example.com"}, 12);
  return names;
}

Name random_subject(Dice& dice) {
  static const std::vector<Name> kSubjects = {Name(),
                                              name("O=Example"),
                                              name("O=example"),
                                              name("CN=a.example.com,O=Example"),
                                              name("CN=evil.example"),
                                              name("CN=x,O=Example,C=DE"),
                                              name("O=Other"),
                                              name("CN=10.0.0.1"),
                                              subject_with_email("joe@example.com"),
                                              subject_with_email("x@evil.example")};
  return dice.one(kSubjects);
}

/// What `openssl verify` says of a certificate right below the root.
bool verifies(const CertificateDer& leaf, const CertificateDer& root) {
  const auto parsed_root = openssl_parse<X509Ptr, &d2i_X509>(root.view());
  const auto parsed_leaf = openssl_parse<X509Ptr, &d2i_X509>(leaf.view());
  const std::unique_ptr<X509_STORE, Freer<&X509_STORE_free>> store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), parsed_root.get());
  const std::unique_ptr<X509_STORE_CTX, Freer<&X509_STORE_CTX_free>> context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), parsed_leaf.get(), nullptr);
  X509_STORE_CTX_set_flags(context.get(), X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_X509_STRICT);
  const bool good = X509_verify_cert(context.get()) == 1;
  const int error = X509_STORE_CTX_get_error(context.get());
  const bool by_constraints = error == X509_V_ERR_PERMITTED_VIOLATION || error == X509_V_ERR_EXCLUDED_VIOLATION ||
                              error == X509_V_ERR_UNSUPPORTED_NAME_SYNTAX;
  EXPECT_TRUE(good || by_constraints) << X509_verify_cert_error_string(error);
  return good;
}

TEST(NameConstraints, TheVerdictIsThatOfOpenSslVerifyForRandomNamesAndConstraints) {
  constexpr int kRounds = 2500;
  Dice dice;
  const EvpPkeyPtr leaf_key = make_key(KeyType::kEcP256);
  Ca root;
  int permitted = 0;
  int refused = 0;
  int stricter = 0;
  for (int round = 0; round < kRounds; ++round) {
    const Bases permitted_bases = dice.some(all_bases(), 12);
    const Bases excluded_bases = dice.some(all_bases(), 5);
    if (permitted_bases.empty() && excluded_bases.empty()) continue;
    const NameConstraints rules = constraints(permitted_bases, excluded_bases);
    root.fields.name_constraints = rules;
    TbsFields leaf = leaf_fields(leaf_key.get(), root.fields);
    leaf.subject = random_subject(dice);
    const AltNames names = random_names(dice);
    if (names.empty() && leaf.subject.empty()) continue;
    leaf.alt_names = names.empty() ? std::nullopt : std::optional(names);
    const bool ours = rules.permit(leaf.subject, names).has_value();
    const bool theirs = verifies(issue(leaf, root.key.get()), issue(root.fields, root.key.get()));
    ++(ours ? permitted : refused);
    if (ours == theirs) continue;
    ASSERT_FALSE(ours) << testing::PrintToString(rules.texts()) << testing::PrintToString(names.texts());
    EXPECT_TRUE(is_stricter_here(rules, leaf.subject, names))
        << testing::PrintToString(rules.texts()) << leaf.subject.text() << testing::PrintToString(names.texts());
    ++stricter;
  }
  EXPECT_GT(permitted, kRounds / 20);
  EXPECT_GT(refused, kRounds / 20);
  EXPECT_LT(stricter, kRounds / 10);
}

}  // namespace
}  // namespace signet::test
