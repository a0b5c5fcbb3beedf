// Ceremonies that do not begin, and those that fail in the middle.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "ceremony_fixture.h"

namespace signet::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class CeremonyRefusal : public CeremonyTest {
 protected:
  /// `run` is refused with `message`, and makes no key and no file.
  void expect_refusal(const std::string& message) const {
    const auto before = files();
    const CommandResult result = ceremony("run", {"--yes"});
    EXPECT_EQ(result.status, 1) << message;
    EXPECT_THAT(result.err, HasSubstr(message));
    EXPECT_EQ(objects(), 0U) << message;
    EXPECT_EQ(files(), before) << message;
  }
};

struct BadValue {
  const char* old_text;
  const char* new_text;
  const char* message;
};

class CeremonyBadValue : public CeremonyRefusal, public ::testing::WithParamInterface<BadValue> {};

TEST_P(CeremonyBadValue, MakesNoKey) {
  plan_with(GetParam().old_text, GetParam().new_text);
  expect_refusal(GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Plan, CeremonyBadValue,
    ::testing::Values(
        BadValue{"title = \"Signet test ceremony\"", "", "title: missing"},
        BadValue{"output = \"ceremony\"", "", "output: missing"},
        BadValue{"output = \"ceremony\"", "output = \"daemon.csr\"", "is there already; a ceremony never overwrites"},
        BadValue{"output = \"ceremony\"", "output = \"absent/ceremony\"", "cannot hold the output folder"},
        BadValue{"softhsm2.toml", "absent.toml", "absent.toml"},
        BadValue{"softhsm2.toml", "ceremony.toml", "tested: missing"},
        BadValue{"SOFTHSM2_CONF =", "\"SOFT=HSM\" =", "is no name of an environment variable"},
        BadValue{"token = \"signet-root\"", "token = \"signet-rot\"", "token \"signet-rot\": no token matches"},
        BadValue{"token = \"signet-root\"", "token = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
                 "root.token: is longer than 32 bytes"},
        BadValue{"pin_file = \"pin\"\nkey_label = \"root", "pin_file = \"absent\"\nkey_label = \"root", "absent"},
        BadValue{"pin_file = \"pin\"\nkey_label = \"root", "key_label = \"root", "there is no terminal to ask"},
        BadValue{"key_label = \"root-2026\"", "", "root.key_label: missing"},
        BadValue{"ec-p384", "ed25519", "root.key_type: is \"ed25519\"; expected one of \"ec-p256\", \"ec-p384\""},
        BadValue{"ec-p384", "rsa-2048", "root.key_type: is \"rsa-2048\""},
        BadValue{"key_type = \"ec-p384\"", "key_type = \"ec-p384\"\nsignature = \"rsa-pss-sha256\"",
                 "root.signature: is for RSA keys, and key_type is ec-p384, which signs with ecdsa-with-SHA384"},
        BadValue{"key_type = \"ec-p384\"", "key_type = \"rsa-3072\"\nsignature = \"rsa-pss-sha1\"",
                 "root.signature: is \"rsa-pss-sha1\"; expected one of"},
        BadValue{"subject = \"CN=Test Root,O=Signet Test\"", "", "root.subject: missing"},
        BadValue{"CN=Test Root,O=Signet Test", "Test Root", "root.subject:"},
        BadValue{"CN=Test Issuing", "CN=Test Root", "issuing.subject: is also the root's"},
        BadValue{"\"20y\"", "\"forever\"", "root.validity: is \"forever\"; expected a duration"},
        BadValue{"\"20y\"", "\"4y\"", "issuing.validity: is 1825d, longer than the root's, which is 1460d"},
        BadValue{"\"90d\"", "\"6y\"", "end_entity[0].validity: is 2190d, longer than the issuing CA's"},
        BadValue{"\"root.pem\"", "\"../root.pem\"",
                 "root.certificate: is \"../root.pem\"; expected the name of a file"},
        BadValue{"\"root.pem\"", "\".root.pem\"", "root.certificate: is \".root.pem\""},
        BadValue{"\"root.pem\"", "\"transcript.jsonl\"", "is the name of another file"},
        BadValue{"\"daemon.pem\"", "\"root.pem\"",
                 "end_entity[0].certificate: is \"root.pem\", which is the name of another"},
        BadValue{"path_length = 0", "path_length = -1", "issuing.path_length: is the integer -1"},
        BadValue{"path_length = 0", "pathlen = 0", "issuing.pathlen: unknown key"},
        BadValue{"csr = \"daemon.csr\"", "csr = \"absent.csr\"", "end entity \"daemon\":"},
        BadValue{"csr = \"daemon.csr\"", "csr = \"pin\"", "end entity \"daemon\":"},
        BadValue{"csr = \"daemon.csr\"", "csr = \"client.csr\"", "has the same key as \"daemon\""},
        BadValue{"subject = \"CN=signetd\"", "subject = \"signetd\"", "end_entity[0].subject:"},
        BadValue{"[\"localhost\"]", "[\"*.example\"]", "end_entity[0].dns: \"*.example\" is a wildcard"},
        BadValue{"[\"localhost\"]", "[\"a_b\"]", "is no DNS name"},
        BadValue{"[\"localhost\"]", "[\"a\", \"a\"]", "has \"a\" twice"},
        BadValue{"[\"localhost\"]", "[\"Localhost\", \"localhost\"]",
                 "end entity \"daemon\": no certificate can be made of this: DNS:localhost stands there twice"},
        BadValue{"\"127.0.0.1\"", "\"2001:db8::1\", \"2001:DB8:0::1\"", "IP:2001:db8::1 stands there twice"},
        BadValue{"\"127.0.0.1\"", "\"127.0.0\"", "end_entity[0].ip:"},
        BadValue{"\"127.0.0.1\"", "\"::ffff:127.0.0.1\"", "IPv4-mapped"},
        BadValue{"uri = [\"spiffe://test/payments\"]", "uri = [\"spiffe://test/../x\"]", "end_entity[1].uri:"},
        BadValue{"uri = [\"spiffe://test/payments\"]", "", "end_entity[1]: names nobody"},
        BadValue{"[\"serverAuth\"]", "[]", "extended_key_usage: has 0 values"},
        BadValue{"[\"serverAuth\"]", "[\"server\"]", "extended_key_usage:"},
        BadValue{"[\"serverAuth\"]", "[\"2.5.29.37.0\"]", "has anyExtendedKeyUsage"},
        BadValue{"name = \"client\"", "name = \"daemon\"", "end_entity[1].name: is that of another end entity"}));

/// `count` names of 246 characters, as a list.
std::string long_names(int count) {
  std::string list;
  for (int i = 0; i < count; ++i) {
    list += fmt::format("{}\"n{:05}.", i == 0 ? "" : ", ", i);
    for (int label = 0; label < 5; ++label) list += std::string(47, 'a') + (label < 4 ? "." : "\"");
  }
  return list;
}

TEST_F(CeremonyRefusal, OfMoreNamesThanACertificateHolds) {
  plan_with("\"localhost\"", long_names(300));
  expect_refusal("end entity \"daemon\": no certificate can be made of this: ");
}

TEST_F(CeremonyRefusal, OfMoreNamesThanAnEntryOfTheTranscriptHolds) {
  plan_with("\"localhost\"", long_names(200));  // the certificate has less than 64 KiB, its base64 more
  expect_refusal("end entity \"daemon\": no certificate can be made of this: ");
}

TEST_F(CeremonyRefusal, ToOverwriteChangesNothing) {
  ASSERT_EQ(ceremony("run", {"--yes"}).status, 0);
  const auto before = files();
  const std::string root = slurp(path("ceremony/root.pem"));
  const CommandResult again = ceremony("run", {"--yes"});
  EXPECT_EQ(again.status, 1);
  EXPECT_THAT(again.err, HasSubstr("is there already"));
  EXPECT_EQ(objects(), 4U);
  EXPECT_EQ(files(), before);
  EXPECT_EQ(slurp(path("ceremony/root.pem")), root);
}

TEST_F(CeremonyRefusal, ToUseALabelThatIsTakenChangesNothing) {
  ASSERT_EQ(ceremony("run", {"--yes"}).status, 0);
  plan_with("output = \"ceremony\"", "output = \"other\"");
  const auto before = files();
  const CommandResult again = ceremony("run", {"--yes"});
  EXPECT_EQ(again.status, 1);
  EXPECT_THAT(again.err, HasSubstr("token \"signet-root\": has a key with the label \"root-2026\" already"));
  EXPECT_THAT(again.err, HasSubstr("token \"signet-issuing\": has a key with the label \"issuing-1\" already"));
  EXPECT_EQ(objects(), 4U);
  EXPECT_EQ(files(), before);
}

TEST_F(CeremonyRefusal, ReportsSeveralMistakesAtOnce) {
  plan_with("ec-p384", "ec-p999");
  plan_with("\"90d\"", "\"6y\"");
  expect_refusal("ceremony.toml:9:12: root.key_type: is \"ec-p999\"");
  expect_refusal("end_entity[0].validity: is 2190d");
}

TEST_F(CeremonyRefusal, OfAWrongPin) {
  ASSERT_EQ(chmod(room_.write("wrong", "not-the-pin\n").c_str(), 0600), 0);
  plan_with("pin_file = \"pin\"\nkey_label = \"issuing", "pin_file = \"wrong\"\nkey_label = \"issuing");
  expect_refusal("CKR_PIN_INCORRECT");
}

TEST_F(CeremonyRefusal, OfAPinFileThatOthersMayRead) {
  ASSERT_EQ(chmod(hsm_.pin_file().c_str(), 0644), 0);
  expect_refusal(hsm_.pin_file());
}

TEST_F(CeremonyRefusal, OfACeremonyFileThatOthersMayWrite) {
  ASSERT_EQ(chmod(path("ceremony.toml").c_str(), 0666), 0);
  expect_refusal("ceremony.toml");
}

TEST_F(CeremonyRefusal, OfARequestWithoutProofOfPossession) {
  std::string der = run_ok({"openssl", "req", "-in", path("daemon.csr"), "-outform", "DER"});
  const std::size_t subject = der.find("ignored");
  ASSERT_NE(subject, std::string::npos);
  der[subject] = 'I';  // the signature covers it
  static_cast<void>(room_.write("daemon.csr", der));
  expect_refusal("end entity \"daemon\": " + path("daemon.csr") + ": ");
}

TEST_F(CeremonyRefusal, OfTwoTokensWithOneLabel) {
  hsm_.add_token("signet-root");
  expect_refusal("token \"signet-root\": 2 tokens match");
}

TEST_F(CeremonyRefusal, OfAKeyTypeTheTokenCannotMake) {
  static_cast<void>(
      room_.write("softhsm2.conf",
                  "directories.tokendir = " + hsm_.tokens_directory() +
                      "\nobjectstore.backend = file\nslots.mechanisms = CKM_RSA_PKCS_KEY_PAIR_GEN,CKM_RSA_PKCS\n"));
  expect_refusal(
      "token \"signet-root\": cannot make or use a key of type ec-p384: it has no mechanism CKM_EC_KEY_PAIR_GEN");
}

TEST_F(CeremonyRefusal, OfASignatureTheTokenCannotMakeNamesTheSignature) {
  use_mechanisms({"CKM_RSA_PKCS", "CKM_ECDSA"});
  plan_with("key_type = \"ec-p384\"", "key_type = \"rsa-3072\"\nsignature = \"rsa-pss-sha256\"");
  expect_refusal("token \"signet-root\": cannot sign with its rsa-3072 key as the plan's signature says: ");
  const CommandResult result = ceremony("check", {"--json"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.out, HasSubstr("\"field\":\"signature\"")) << result.out;
}

TEST_F(CeremonyRefusal, OfTheDefaultSignatureNamesItToo) {
  use_mechanisms({"CKM_RSA_PKCS_PSS", "CKM_ECDSA"});
  plan_with("key_type = \"ec-p384\"", "key_type = \"rsa-3072\"");
  expect_refusal("cannot sign with its rsa-3072 key as the default of signature says: ");
}

TEST_F(CeremonyRefusal, OfAKeyTypeThatIsNoneSaysNothingOfTheSignature) {
  plan_with("key_type = \"ec-p384\"", "key_type = \"rsa-2048\"\nsignature = \"rsa-pss-sha256\"");
  const CommandResult result = ceremony("run", {"--yes"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("root.key_type: is \"rsa-2048\""));
  EXPECT_THAT(result.err, Not(HasSubstr("root.signature")));
}

TEST_F(CeremonyRefusal, InJsonNamesTheError) {
  plan_with("ec-p384", "ec-p999");
  const CommandResult result = ceremony("run", {"--yes", "--json"});
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(result.out.starts_with("{\"error\":{\"code\":\"INVALID_ARGUMENT\"")) << result.out;
}

TEST_F(CeremonyRefusal, OfWrongArgumentsHasAStatusOfItsOwn) {
  const std::string program = SIGNET_BIN_DIR "/signet-ceremony";
  EXPECT_EQ(run_command({program}).status, 2);
  EXPECT_EQ(run_command({program, "run"}).status, 2);
  EXPECT_EQ(run_command({program, "check", path("ceremony.toml"), "--force"}).status, 2);
  const CommandResult help = run_command({program, "--help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_THAT(help.out, HasSubstr("signet-ceremony check ceremony.toml"));
}

class CeremonyFailure : public CeremonyTest {
 protected:
  /// The command line that removes the private key of `token` found by `which`.
  static std::string removal(const std::string& token, const std::string& which) {
    return "--token-label '" + token + "' --login --delete-object --type privkey " + which;
  }
};

/// The operators type the title once the issuing token has been pulled out.
TEST_F(CeremonyFailure, InTheMiddleSaysWhatWasMadeAndWhatToDo) {
  const std::string script = "(until grep -q output '" + path("out") + "' 2>/dev/null; do sleep 0.02; done; rm -r '" +
                             issuing_token_directory_ +
                             "'; echo 'Signet test ceremony') | " SIGNET_BIN_DIR "/signet-ceremony run '" +
                             path("ceremony.toml") + "' >'" + path("out") + "'";
  const CommandResult result = run_command({"setsid", "--wait", "sh", "-c", script});
  EXPECT_EQ(result.status, 3) << result.err;
  EXPECT_THAT(result.err, HasSubstr("root key \"root-2026\" on token \"signet-root\", key id "));
  EXPECT_THAT(result.err, HasSubstr(removal("signet-root", "--id ")));
  EXPECT_FALSE(output_exists());
  EXPECT_EQ(objects(), 2U);  // the root's pair
}

TEST_F(CeremonyFailure, AfterSigningKeepsTheEvidence) {
  use_fault_module("C_Sign", "0x30", 4, 1);  // self-test, root, self-test, issuing: the daemon's goes wrong
  const CommandResult result = ceremony("run", {"--yes"});
  EXPECT_EQ(result.status, 3) << result.err;
  EXPECT_FALSE(output_exists());
  ASSERT_EQ(unfinished().size(), 1U);
  EXPECT_THAT(result.err, HasSubstr("What was done until then is in " + unfinished().front()));
  const auto entries = transcript_in(unfinished().front());
  ASSERT_THAT(acts_of(entries),
              ElementsAre("begin", "intend-key", "make-key", "intend-certificate", "make-certificate", "intend-key",
                          "make-key", "intend-certificate", "make-certificate", "intend-certificate", "failed"));
  EXPECT_EQ(text(entries[9], "name"), "daemon");
  EXPECT_THAT(text(entries[10], "error"), HasSubstr("CKR_DEVICE_ERROR"));
}

TEST_F(CeremonyFailure, InACrashLeavesWhatWasIntended) {
  use_fault_module("C_Sign", "crash", 1, 1);  // the root's own signature
  EXPECT_GT(ceremony("run", {"--yes"}).status, 128);
  ASSERT_EQ(unfinished().size(), 1U);
  EXPECT_THAT(acts_of(transcript_in(unfinished().front())),
              ElementsAre("begin", "intend-key", "make-key", "intend-certificate"));
}

TEST_F(CeremonyFailure, ThatCannotRemoveTheKeyNeverSaysThatNothingWasMade) {
  use_fault_module("C_SetAttributeValue,C_DestroyObject", "0x32", 0, 1000);
  const CommandResult result = ceremony("run", {"--yes"});
  EXPECT_EQ(result.status, 3) << result.err;
  EXPECT_EQ(objects(), 2U);
  EXPECT_THAT(result.err, Not(HasSubstr("othing was made")));
  EXPECT_THAT(result.err, HasSubstr("a key labelled 'root-2026' may remain on token 'signet-root'"));
  EXPECT_THAT(result.err, HasSubstr("perhaps root key \"root-2026\" on token \"signet-root\""));
  EXPECT_THAT(result.err, HasSubstr(removal("signet-root", "--label 'root-2026'")));
  ASSERT_EQ(unfinished().size(), 1U);
  EXPECT_THAT(acts_of(transcript_in(unfinished().front())), ElementsAre("begin", "intend-key", "failed"));
}

TEST_F(CeremonyFailure, InJsonNamesTheKeyThatMayRemain) {
  use_fault_module("C_SetAttributeValue,C_DestroyObject", "0x32", 0, 1000);
  const CommandResult result = ceremony("run", {"--yes", "--json"});
  EXPECT_EQ(result.status, 3) << result.err;
  EXPECT_THAT(result.out, HasSubstr("\"keys\":[],\"may_remain\":{\"key_label\":\"root-2026\",\"name\":\"root\","));
  EXPECT_THAT(result.out, HasSubstr("\"evidence\":\"" + path("ceremony.unfinished-")));
}

TEST_F(CeremonyFailure, ThatRemovesTheFirstKeyAgainLeavesNothing) {
  use_fault_module("C_SetAttributeValue", "0x32", 0, 1000);
  const auto before = files();
  const CommandResult result = ceremony("run", {"--yes"});
  EXPECT_EQ(result.status, 1) << result.err;
  EXPECT_THAT(result.err, HasSubstr("Nothing was made"));
  EXPECT_EQ(objects(), 0U);
  EXPECT_EQ(files(), before);
}

TEST_F(CeremonyFailure, OfAnIssuingKeyThatCannotSignAsItShallIsSeenWhereItSignsNothingElse) {
  plan_ = plan_.substr(0, plan_.find("[[end_entity]]"));
  plan_with("key_type = \"ec-p256\"", "key_type = \"rsa-3072\"\nsignature = \"rsa-pss-sha256\"");
  use_fault_module("C_SignInit", "refuse-pss", 0, 1000);
  const CommandResult result = ceremony("run", {"--yes"});
  EXPECT_EQ(result.status, 3) << result.err;
  EXPECT_THAT(result.err, HasSubstr("CKR_MECHANISM_PARAM_INVALID"));
  EXPECT_EQ(objects(), 2U);  // the root's pair
}

/// Somebody makes the output folder between the check and the title.
TEST_F(CeremonyRefusal, OfAnOutputFolderThatAppearedMeanwhile) {
  const std::string script = "(until grep -q output '" + path("out") + "' 2>/dev/null; do sleep 0.02; done; mkdir '" +
                             path("ceremony") +
                             "'; echo 'Signet test ceremony') | " SIGNET_BIN_DIR "/signet-ceremony run '" +
                             path("ceremony.toml") + "' >'" + path("out") + "'";
  const CommandResult result = run_command({"setsid", "--wait", "sh", "-c", script});
  EXPECT_EQ(result.status, 1) << result.err;
  EXPECT_THAT(result.err, HasSubstr("is there already"));
  EXPECT_EQ(objects(), 0U);
}

}  // namespace
}  // namespace signet::test
