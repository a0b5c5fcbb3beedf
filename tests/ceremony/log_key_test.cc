// The audit log's key: made, proved, written, and refused.
#include <gmock/gmock.h>

#include "ceremony_fixture.h"
#include "log/note.h"
#include "x509/certificate.h"

namespace signet::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kOrigin = "ca.test/signet/issuing-1";

class CeremonyLogKey : public CeremonyTest {
 protected:
  CeremonyLogKey() {
    plan_with("[[end_entity]]\nname = \"daemon\"",
              "[log_key]\nkey_label = \"log-1\"\norigin = \"" + std::string(kOrigin) +
                  "\"\npublic_key = \"log-1.pub.pem\"\nverifier_key = \"log-1.vkey\"\n[[end_entity]]\nname = "
                  "\"daemon\"");
  }
  /// The verifier key that was written, without its line's end.
  [[nodiscard]] log::NoteVerifier verifier() const {
    std::string line = slurp(path("ceremony/log-1.vkey"));
    EXPECT_TRUE(line.ends_with("\n"));
    line.pop_back();
    return log::NoteVerifier::parse(line).value();
  }
  /// It is the key in the PEM file, and the note of the transcript is signed by it.
  void expect_proved_key(log::NoteKeyType type) const {
    const log::NoteVerifier key = verifier();
    EXPECT_EQ(key.name(), kOrigin);
    EXPECT_EQ(key.type(), type);
    const auto pem = decode_pem(slurp(path("ceremony/log-1.pub.pem")), "PUBLIC KEY").value();
    ASSERT_EQ(pem.size(), 1U);
    EXPECT_TRUE(equal(pem.front(), key.key().spki()));
    const auto entries = transcript_in(path("ceremony"));
    EXPECT_EQ(text(entries.at(10), "act"), "make-key");
    EXPECT_EQ(text(entries.at(10), "spki_sha256"), to_hex(key.key().spki_sha256()));
    EXPECT_EQ(text(entries.at(11), "act"), "prove-key");
    EXPECT_EQ(text(entries.at(11), "verifier_key"), key.key_string());
    const auto note = log::open_note(bytes_of(text(entries.at(11), "note")), {&key, 1});
    ASSERT_TRUE(note.has_value()) << note.error().message;
    EXPECT_THAT(note->text, AllOf(HasSubstr("key ceremony"), HasSubstr(kOrigin)));
  }
};

TEST_F(CeremonyLogKey, IsMadeOnTheIssuingTokenAndSigns) {
  const CommandResult result = ceremony("run", {"--yes"});
  ASSERT_EQ(result.status, 0) << result.err;
  expect_proved_key(log::NoteKeyType::kEd25519);
  EXPECT_EQ(objects(), 6U);
  EXPECT_THAT(result.out, AllOf(HasSubstr("[6/10] log key \"log-1\" (ed25519) made on token \"signet-issuing\""),
                                HasSubstr("the log is verified with " + verifier().key_string())));
  const auto entries = transcript_in(path("ceremony"));
  ASSERT_THAT(acts_of(entries),
              ElementsAre("begin", "intend-key", "make-key", "intend-certificate", "make-certificate", "intend-key",
                          "make-key", "intend-certificate", "make-certificate", "intend-key", "make-key", "prove-key",
                          "intend-certificate", "make-certificate", "intend-certificate", "make-certificate", "end"));
  EXPECT_EQ(text(entries[9], "name"), "log");
  EXPECT_EQ(text(entries[9], "origin"), kOrigin);
  const log::Object& attributes = *entries[10].at("attributes").object();
  EXPECT_TRUE(*attributes.at("CKA_LOCAL").boolean());
  EXPECT_FALSE(*attributes.at("CKA_EXTRACTABLE").boolean());
}

TEST_F(CeremonyLogKey, ItsPublicHalfIsReadByStockOpenSsl) {
  ASSERT_EQ(ceremony("run", {"--yes"}).status, 0);
  EXPECT_THAT(run_ok({"openssl", "pkey", "-pubin", "-in", path("ceremony/log-1.pub.pem"), "-noout", "-text"}),
              HasSubstr("ED25519 Public-Key"));
}

TEST_F(CeremonyLogKey, MayBeEcdsaOnATokenOfItsOwn) {
  hsm_.add_token("signet-log");
  plan_with("[log_key]\n", "[log_key]\ntoken = \"signet-log\"\npin_file = \"pin\"\nkey_type = \"ec-p256\"\n");
  const CommandResult result = ceremony("run", {"--yes"});
  ASSERT_EQ(result.status, 0) << result.err;
  expect_proved_key(log::NoteKeyType::kEcdsa);
  EXPECT_THAT(result.out, HasSubstr("log key \"log-1\" (ec-p256) made on token \"signet-log\""));
}

TEST_F(CeremonyLogKey, IsShownBeforeTheTitleIsAskedFor) {
  const CommandResult result = ceremony("check");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("ed25519 key \"log-1\" on token \"signet-issuing\"\n          for the audit log " +
                                    std::string(kOrigin) + "\n"));
  EXPECT_EQ(objects(), 0U);
}

TEST_F(CeremonyLogKey, IsInTheJsonWithItsVerifierKey) {
  const CommandResult result = ceremony("run", {"--yes", "--json"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("\"name\":\"log\""), HasSubstr("\"verifier_key\":\"" + verifier().key_string() + "\"")));
}

/// Self-tests and certificates of root and issuing CA, and the log key's self-test, go well.
TEST_F(CeremonyLogKey, ThatDoesNotSignItsNoteStopsTheCeremony) {
  use_fault_module("C_Sign", "wrong-signature", 5, 1);
  const CommandResult result = ceremony("run", {"--yes"});
  EXPECT_EQ(result.status, 3) << result.err;
  EXPECT_THAT(result.err, AllOf(HasSubstr("log key \"log-1\" on token \"signet-issuing\", key id "),
                                HasSubstr("--token-label 'signet-issuing' --login --delete-object --type privkey")));
  EXPECT_FALSE(output_exists());
  ASSERT_EQ(unfinished().size(), 1U);
  const auto acts = acts_of(transcript_in(unfinished().front()));
  ASSERT_GE(acts.size(), 2U);
  EXPECT_EQ(acts[acts.size() - 2], "make-key");
  EXPECT_EQ(acts.back(), "failed");
  EXPECT_FALSE(std::filesystem::exists(unfinished().front() + "/log-1.vkey"));
}

TEST_F(CeremonyLogKey, IsRefusedWhereTheTokenCannotMakeIt) {
  static_cast<void>(room_.write("softhsm2.conf", "directories.tokendir = " + hsm_.tokens_directory() +
                                                     "\nobjectstore.backend = file\nslots.mechanisms = "
                                                     "CKM_EC_KEY_PAIR_GEN,CKM_ECDSA,CKM_EC_EDWARDS_KEY_PAIR_GEN\n"));
  const CommandResult result = ceremony("run", {"--yes"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("cannot make or use a key of type ed25519: the token does not sign with ED25519: "
                                    "it offers none of CKM_EDDSA"));
  EXPECT_EQ(objects(), 0U);
}

TEST_F(CeremonyLogKey, ItsLabelMustBeFree) {
  ASSERT_EQ(ceremony("run", {"--yes"}).status, 0);
  plan_with("output = \"ceremony\"", "output = \"other\"");
  EXPECT_THAT(ceremony("run", {"--yes"}).err, HasSubstr("has a key with the label \"log-1\" already"));
}

TEST_F(CeremonyLogKey, RefusesBadValuesBeforeAnyKey) {
  const struct {
    const char* old_text;
    const char* new_text;
    const char* message;
  } cases[] = {
      {"key_label = \"log-1\"\n", "", "log_key.key_label: missing"},
      {"key_label = \"log-1\"", "key_label = \"issuing-1\"", "log_key.key_label: is also the issuing CA's"},
      {"key_label = \"log-1\"", "key_label = \"log-1\"\nkey_type = \"ec-p384\"",
       "log_key.key_type: is \"ec-p384\"; expected one of \"ed25519\", \"ec-p256\""},
      {"key_label = \"log-1\"", "key_label = \"log-1\"\ntoken = \"signet-root\"",
       "log_key.pin_file: is not the root's"},
      {"key_label = \"log-1\"", "key_label = \"log-1\"\npin_file = \"other\"",
       "log_key.pin_file: is not the issuing CA's"},
      {"ca.test/signet/issuing-1", "ca test", "log_key.origin: is \"ca test\"; expected 1 to 255"},
      {"ca.test/signet/issuing-1", "ca+test", "log_key.origin: is \"ca+test\""},
      {"ca.test/signet/issuing-1", "c\xC3\xA1.test", "log_key.origin: is"},
      {"public_key = \"log-1.pub.pem\"\n", "", "log_key.public_key: missing"},
      {"\"log-1.vkey\"", "\"log-1.pub.pem\"",
       "log_key.verifier_key: is \"log-1.pub.pem\", which is the name of another"},
      {"\"log-1.vkey\"", "\"../log-1.vkey\"",
       "log_key.verifier_key: is \"../log-1.vkey\"; expected the name of a file"},
      {"key_label = \"log-1\"", "key_label = \"log-1\"\nsubject = \"CN=x\"", "log_key.subject: unknown key"},
  };
  for (const auto& c : cases) {
    const std::string good = plan_;
    plan_with(c.old_text, c.new_text);
    const CommandResult result = ceremony("run", {"--yes"});
    EXPECT_EQ(result.status, 1) << c.message;
    EXPECT_THAT(result.err, HasSubstr(c.message));
    plan_ = good;
  }
  EXPECT_EQ(objects(), 0U);
  EXPECT_FALSE(output_exists());
}

TEST_F(CeremonyTest, MakesNoLogKeyUnlessItIsPlanned) {
  const CommandResult result = ceremony("run", {"--yes"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, Not(HasSubstr("log key")));
}

}  // namespace
}  // namespace signet::test
