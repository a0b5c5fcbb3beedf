// Every rule finds what it is for, and nothing in good certificates.
#include "lint/lint.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "lint/mutations.h"
#include "x509/issuing.h"

namespace signet {
namespace {

using lint::Set;
using test::Mutation;
using test::Sample;

std::set<std::string> ids_of(const std::vector<lint::Finding>& findings) {
  std::set<std::string> ids;
  for (const lint::Finding& finding : findings) ids.insert(finding.id);
  return ids;
}

std::string text_of_findings(const std::vector<lint::Finding>& findings) {
  std::string text;
  for (const lint::Finding& finding : findings) text += finding.id + ": " + finding.message + "\n";
  return text;
}

void expect_clean(ByteView certificate, Set set, const std::string& what) {
  EXPECT_EQ(text_of_findings(lint::lint_certificate(certificate, set)), "") << what;
}

/// What only a certificate shows, and a TBSCertificate does not.
std::set<std::string> without_signature_rules(std::set<std::string> ids) {
  for (const char* const id : {"algorithm.mismatch", "signature.form"}) ids.erase(id);
  return ids;
}

void expect_found(const Mutation& mutation, Set set) {
  Sample sample = mutation.base();
  mutation.change(sample);
  std::set<std::string> expected = mutation.companions;
  expected.insert(mutation.id);
  const auto findings = lint::lint_certificate(sample.certificate(), set);
  EXPECT_EQ(ids_of(findings), expected) << "mutation for " << mutation.id << "\n" << text_of_findings(findings);
  for (const lint::Finding& finding : findings) EXPECT_EQ(printable(finding.message, 4096), finding.message);
  if (mutation.id != "der.encoding" && mutation.id != "der.structure") {
    EXPECT_EQ(ids_of(lint::lint_tbs(sample.tbs(), set)), without_signature_rules(expected)) << mutation.id;
  }
}

TEST(Lint, FindsNothingInGoodSamples) {
  for (const auto& base : {test::good_leaf, test::good_svid, test::good_responder, test::good_ca, test::good_root}) {
    expect_clean(base().certificate(), Set::kPrivate, "private");
    EXPECT_TRUE(lint::lint_tbs(base().tbs(), Set::kPrivate).empty());
  }
  for (const auto& base : {test::tls_leaf, test::tls_responder, test::tls_ca, test::tls_root})
    expect_clean(base().certificate(), Set::kPublicTrust, "public trust");
}

TEST(Lint, FindsExactlyTheRuleOfThePrivateSetThatIsBroken) {
  for (const Mutation& mutation : test::private_mutations()) expect_found(mutation, Set::kPrivate);
}

TEST(Lint, FindsExactlyTheRuleOfThePublicTrustSetThatIsBroken) {
  for (const Mutation& mutation : test::public_trust_mutations()) {
    expect_found(mutation, Set::kPublicTrust);
    Sample sample = mutation.base();
    mutation.change(sample);
    EXPECT_THAT(ids_of(lint::lint_certificate(sample.certificate(), Set::kPrivate)),
                testing::Not(testing::Contains(mutation.id)))
        << mutation.id << " is a rule of the private set, too";
  }
}

/// What the daemon does: the TBS before it is signed, then only what the signature can have made wrong.
TEST(Lint, FindsInTwoStepsWhatItFindsInOne) {
  for (const auto& mutations : {test::private_mutations(), test::public_trust_mutations()}) {
    for (const Mutation& mutation : mutations) {
      Sample sample = mutation.base();
      mutation.change(sample);
      const Bytes certificate = sample.certificate();
      der::Reader outer(certificate);
      auto inner = outer.enter(der::kSequence, "Certificate");
      const auto tbs = inner ? inner->any("TBSCertificate") : std::unexpected(inner.error());
      if (!tbs) continue;
      std::set<std::string> found = ids_of(lint::lint_tbs(tbs->whole, Set::kPublicTrust));
      found.merge(ids_of(lint::lint_signed(certificate, tbs->whole, Set::kPublicTrust)));
      const std::set<std::string> all = ids_of(lint::lint_certificate(certificate, Set::kPublicTrust));
      if (all.contains("der.encoding")) {
        EXPECT_TRUE(found.contains("der.encoding")) << mutation.id << ": nothing else is looked at in one step";
      } else {
        EXPECT_EQ(found, all) << mutation.id;
      }
    }
  }
}

TEST(Lint, LooksAtEverythingWhereTheSignedPartIsNotWhatWasLinted) {
  Sample sample = test::good_leaf();
  const Bytes other = sample.certificate();
  sample.serial = Bytes(21, 0x11);
  EXPECT_THAT(ids_of(lint::lint_signed(sample.certificate(), other, Set::kPrivate)),
              testing::ElementsAre("serial.too-long"));
}

TEST(Lint, HasAMutationForEveryRule) {
  std::map<std::string, Set> tried;
  for (const Mutation& mutation : test::private_mutations()) tried.emplace(mutation.id, Set::kPrivate);
  for (const Mutation& mutation : test::public_trust_mutations()) tried.emplace(mutation.id, Set::kPublicTrust);
  for (const lint::Rule& rule : lint::rules()) {
    const auto found = tried.find(std::string(rule.id));
    ASSERT_NE(found, tried.end()) << rule.id << " has no mutation in tests/lint";
    EXPECT_EQ(found->second, rule.set) << rule.id;
  }
  EXPECT_EQ(tried.size(), lint::rules().size());
}

TEST(Lint, NamesEveryRuleOnceWithItsClause) {
  std::set<std::string_view> ids;
  for (const lint::Rule& rule : lint::rules()) {
    EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
    EXPECT_FALSE(rule.clause.empty()) << rule.id;
    EXPECT_FALSE(rule.text.empty()) << rule.id;
    EXPECT_EQ(rule.set == Set::kPublicTrust, rule.id.starts_with("br.")) << rule.id;
  }
}

TEST(Lint, GivesAFindingTheSeverityAndClauseOfItsRule) {
  Sample sample = test::good_leaf();
  sample.serial = Bytes(21, 0x11);
  sample.at(test::kCdp).critical = true;
  const auto findings = lint::lint_certificate(sample.certificate(), Set::kPrivate);
  ASSERT_EQ(findings.size(), 2U) << text_of_findings(findings);
  EXPECT_EQ(findings[0].id, "serial.too-long");
  EXPECT_EQ(findings[0].severity, lint::Severity::kError);
  EXPECT_EQ(findings[0].clause, "RFC 5280 section 4.1.2.2");
  EXPECT_EQ(findings[0].message, "serial number of 21 octets; at most 20 are allowed");
  EXPECT_EQ(findings[1].severity, lint::Severity::kWarning);
  EXPECT_TRUE(lint::has_error(findings));
  EXPECT_FALSE(lint::has_error({findings[1]}));
}

TEST(Lint, AcceptsTheLongestValidityOfEachPeriodAndNoSecondMore) {
  const auto find = [](std::string_view from, std::string_view to) {
    Sample sample = test::tls_leaf();
    sample.not_before = test::utc_time(from);
    sample.not_after = test::utc_time(to);
    return ids_of(lint::lint_certificate(sample.certificate(), Set::kPublicTrust));
  };
  using testing::ElementsAre;
  EXPECT_THAT(find("260314235959Z", "270416235958Z"), ElementsAre());  // 398 days
  EXPECT_THAT(find("260314235959Z", "270416235959Z"), ElementsAre("br.validity"));
  EXPECT_THAT(find("260315000000Z", "260930235959Z"), ElementsAre());  // 200
  EXPECT_THAT(find("260315000000Z", "261001000000Z"), ElementsAre("br.validity"));
  EXPECT_THAT(find("270315000000Z", "270622235959Z"), ElementsAre());  // 100
  EXPECT_THAT(find("290315000000Z", "290430235959Z"), ElementsAre());  // 47
}

TEST(Lint, DemandsNoCrlOfAShortLivedCertificate) {
  Sample sample = test::tls_leaf();
  sample.remove(test::kCdp);
  sample.set(test::kAia,
             test::list_of({test::access("1.3.6.1.5.5.7.48.2", test::general(0x86, "http://a.example.com/"))}));
  sample.not_after = test::utc_time("260407235959Z");  // 7 days
  expect_clean(sample.certificate(), Set::kPublicTrust, "7 days");
  sample.not_after = test::utc_time("260408000000Z");
  EXPECT_THAT(ids_of(lint::lint_certificate(sample.certificate(), Set::kPublicTrust)),
              testing::ElementsAre("br.cdp-missing"));
}

TEST(Lint, TellsARollOverFromARootByItsAuthorityKeyId) {
  Sample sample = test::good_root();
  sample.set(test::kAki, der::sequence({der::element(der::context(0), Bytes(20, 9))}));
  expect_clean(sample.certificate(), Set::kPrivate, "self-issued");
  EXPECT_THAT(ids_of(lint::lint_certificate(sample.certificate(), Set::kPublicTrust)),
              testing::Contains("br.ca-policies"));
  sample.remove(test::kAki);
  EXPECT_THAT(ids_of(lint::lint_certificate(sample.certificate(), Set::kPublicTrust)), testing::ElementsAre());
}

TEST(Lint, LintsWhatTheStrictReaderRefuses) {
  Sample sample = test::good_leaf();
  sample.serial = {0x00};
  sample.subject = test::subject_with(test::attribute("2.5.4.10", der::kTeletexString, "M\xFCller"));
  sample.add("1.2.3.4", true, der::null());
  const Bytes der = sample.certificate();
  ASSERT_FALSE(Certificate::parse(der).has_value());
  EXPECT_THAT(ids_of(lint::lint_certificate(der, Set::kPrivate)),
              testing::ElementsAre("extensions.unknown-critical", "name.old-string-type", "serial.not-positive"));
}

TEST(Lint, MakesForeignTextPrintable) {
  Sample sample = test::good_leaf();
  sample.set(test::kSan, test::list_of({test::general(0x82, "evil\x1B[2J_.example")}));
  const auto findings = lint::lint_certificate(sample.certificate(), Set::kPrivate);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].message.find('\x1B'), std::string::npos);
  EXPECT_NE(findings[0].message.find("evil\\x1b"), std::string::npos) << findings[0].message;
}

TEST(Lint, SurvivesEveryTruncationAndEveryFlippedByte) {
  const Bytes der = test::good_leaf().certificate();
  for (std::size_t size = 0; size < der.size(); ++size)
    EXPECT_THAT(ids_of(lint::lint_certificate(ByteView(der).first(size), Set::kPublicTrust)),
                testing::ElementsAre("der.encoding"));
  for (std::size_t at = 0; at < der.size(); ++at) {
    for (const unsigned mask : {0x01U, 0x20U, 0x80U, 0xFFU}) {
      Bytes flipped = der;
      flipped[at] = static_cast<std::uint8_t>(flipped[at] ^ mask);
      (void)lint::lint_certificate(flipped, Set::kPublicTrust);
    }
  }
}

// What encode_tbs writes is what this CA issues: with each type of key, as root, intermediate, leaf and SVID.
TEST(Lint, FindsNothingInWhatThisCaWrites) {
  for (const KeyType type : {KeyType::kEcP256, KeyType::kEcP384, KeyType::kEcP521, KeyType::kEd25519, KeyType::kRsa}) {
    const EvpPkeyPtr key = test::make_key(type);
    const TbsFields root = test::root_fields(key.get());
    const std::string what(name_of(type));
    expect_clean(test::issue(root, key.get()).view(), Set::kPrivate, what + " root");

    TbsFields intermediate = root;
    intermediate.subject = test::name("CN=Issuing,O=Example,C=DE");
    intermediate.basic_constraints = BasicConstraints{.ca = true, .path_length = 0};
    intermediate.authority_key_id = root.subject_key_id;
    expect_clean(test::issue(intermediate, key.get()).view(), Set::kPrivate, what + " intermediate");

    TbsFields leaf = test::leaf_fields(key.get(), root);
    leaf.alt_names->uris = {"urn:example:payments"};
    expect_clean(test::issue(leaf, key.get()).view(), Set::kPrivate, what + " leaf");

    TbsFields svid = leaf;
    svid.subject = Name();
    svid.alt_names = AltNames{.uris = {"spiffe://example/payments"}};
    expect_clean(test::issue(svid, key.get()).view(), Set::kPrivate, what + " SVID");
  }
}

}  // namespace
}  // namespace signet
