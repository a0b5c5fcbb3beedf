// Ceremonies that come to their end.
#include <gmock/gmock.h>

#include <csignal>

#include "ceremony_fixture.h"
#include "log/value.h"

namespace signet::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class CeremonyRun : public CeremonyTest {
 protected:
  std::string openssl_x509(const std::string& file, const std::vector<std::string>& what) const {
    std::vector<std::string> arguments = {"openssl", "x509", "-in", path("ceremony/" + file), "-noout"};
    arguments.insert(arguments.end(), what.begin(), what.end());
    return run_ok(arguments);
  }
  CommandResult verify(const std::string& file) const {
    return run_command({"openssl", "verify", "-x509_strict", "-CAfile", path("ceremony/root.pem"), "-untrusted",
                        path("ceremony/issuing.pem"), path("ceremony/" + file)});
  }
  std::vector<log::Object> transcript() const { return transcript_in(path("ceremony")); }
};

TEST_F(CeremonyRun, MakesCertificatesThatStrictOpenSslAccepts) {
  const CommandResult result = ceremony("run", {"--yes"});
  ASSERT_EQ(result.status, 0) << result.err;
  for (const char* file : {"daemon.pem", "client.pem"}) {
    const CommandResult verified = verify(file);
    EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
  }
  EXPECT_EQ(objects(), 4U);  // two key pairs
}

TEST_F(CeremonyRun, ThePrivateKeyOfARequestGoesWithItsCertificate) {
  ASSERT_EQ(ceremony("run", {"--yes"}).status, 0);
  const std::string of_certificate = openssl_x509("daemon.pem", {"-pubkey"});
  EXPECT_EQ(of_certificate, run_ok({"openssl", "pkey", "-in", path("daemon.key"), "-pubout"}));
}

TEST_F(CeremonyRun, GivesEachCertificateTheExtensionsOfItsRole) {
  ASSERT_EQ(ceremony("run", {"--yes"}).status, 0);
  const std::string root = openssl_x509("root.pem", {"-text"});
  EXPECT_THAT(root, HasSubstr("X509v3 Basic Constraints: critical\n                CA:TRUE\n"));
  EXPECT_THAT(root, HasSubstr("X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign\n"));
  EXPECT_THAT(root, HasSubstr("Subject: O = Signet Test, CN = Test Root"));
  const std::string issuing = openssl_x509("issuing.pem", {"-text"});
  EXPECT_THAT(issuing, HasSubstr("CA:TRUE, pathlen:0\n"));
  EXPECT_THAT(issuing, HasSubstr("X509v3 Authority Key Identifier"));
  EXPECT_THAT(issuing, HasSubstr("Issuer: O = Signet Test, CN = Test Root"));
  const std::string daemon = openssl_x509("daemon.pem", {"-text"});
  EXPECT_THAT(daemon, HasSubstr("CA:FALSE"));
  EXPECT_THAT(daemon, HasSubstr("DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1"));
  EXPECT_THAT(daemon, HasSubstr("TLS Web Server Authentication"));
  EXPECT_THAT(daemon, Not(HasSubstr("ignored")));  // nothing of the request but its key
  const std::string client = openssl_x509("client.pem", {"-text"});
  EXPECT_THAT(client,
              HasSubstr("X509v3 Subject Alternative Name: critical\n                URI:spiffe://test/payments"));
}

TEST_F(CeremonyRun, PutsTheIssuingCertificateBehindThatOfAnEndEntity) {
  ASSERT_EQ(ceremony("run", {"--yes"}).status, 0);
  const std::string daemon = slurp(path("ceremony/daemon.pem"));
  const std::string issuing = slurp(path("ceremony/issuing.pem"));
  EXPECT_TRUE(daemon.ends_with(issuing));
  EXPECT_GT(daemon.size(), issuing.size());
  EXPECT_EQ(slurp(path("ceremony/root.pem")).find("BEGIN", 20), std::string::npos);
}

TEST_F(CeremonyRun, ReadsOutWhatWitnessesWriteDown) {
  const CommandResult result = ceremony("run", {"--yes"});
  ASSERT_EQ(result.status, 0) << result.err;
  for (const char* file : {"root.pem", "issuing.pem", "daemon.pem", "client.pem"}) {
    std::string fingerprint = openssl_x509(file, {"-fingerprint", "-sha256"});
    fingerprint = fingerprint.substr(fingerprint.find('=') + 1, 95);
    EXPECT_THAT(result.out, HasSubstr(fingerprint)) << file;
  }
  std::string digest = run_ok({"sha256sum", path("ceremony/transcript.jsonl")}).substr(0, 64);
  EXPECT_TRUE(result.out.ends_with("transcript.jsonl has SHA-256 " + digest + "\n")) << result.out;
  EXPECT_THAT(result.out, HasSubstr("[8/8]"));
}

TEST_F(CeremonyRun, WritesATranscriptThatCanBeFollowed) {
  ASSERT_EQ(ceremony("run", {"--yes"}).status, 0);
  const auto entries = transcript();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(text(entries[i], "type"), "ceremony");
    EXPECT_EQ(*entries[i].at("step").integer(), static_cast<std::int64_t>(i + 1));
  }
  ASSERT_THAT(acts_of(entries),
              ElementsAre("begin", "intend-key", "make-key", "intend-certificate", "make-certificate", "intend-key",
                          "make-key", "intend-certificate", "make-certificate", "intend-certificate",
                          "make-certificate", "intend-certificate", "make-certificate", "end"));
  EXPECT_EQ(text(entries[0], "plan_sha256"), run_ok({"sha256sum", path("ceremony.toml")}).substr(0, 64));
  EXPECT_EQ(text(entries[1], "token"), "signet-root");
  EXPECT_EQ(text(entries[1], "key_label"), "root-2026");
  EXPECT_EQ(text(entries[2], "token"), "signet-root");
  EXPECT_EQ(text(entries[2], "token_manufacturer"), "SoftHSM project");
  EXPECT_EQ(text(entries[2], "token_model"), "SoftHSM v2");
  EXPECT_FALSE(text(entries[2], "token_serial").empty());
  for (const std::size_t key : {2U, 6U}) {
    const log::Object& attributes = *entries[key].at("attributes").object();
    EXPECT_TRUE(*attributes.at("CKA_LOCAL").boolean());
    EXPECT_TRUE(*attributes.at("CKA_NEVER_EXTRACTABLE").boolean());
    EXPECT_TRUE(*attributes.at("CKA_SENSITIVE").boolean());
    EXPECT_FALSE(*attributes.at("CKA_EXTRACTABLE").boolean());
  }
  EXPECT_EQ(text(entries[10], "name"), "daemon");
  EXPECT_NE(text(entries[10], "csr_sha256"), "(absent)");
  for (const std::size_t made : {4U, 8U, 10U, 12U}) {
    for (const char* what : {"file", "serial", "spki_sha256"})
      EXPECT_EQ(text(entries[made], what), text(entries[made - 1], what));
  }
  std::string pem = slurp(path("ceremony/root.pem"));
  std::erase(pem, '\n');
  EXPECT_THAT(pem, HasSubstr(text(entries[4], "certificate")));
}

TEST_F(CeremonyRun, ShowsWhichKeysGetWhichCertificate) {
  const CommandResult result = ceremony("check");
  ASSERT_EQ(result.status, 0) << result.err;
  const auto hash = [&](const std::string& command) { return run_ok({"sh", "-c", command}).substr(0, 64); };
  const std::string spki = hash("openssl req -in '" + path("daemon.csr") +
                                "' -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum");
  const std::string csr = hash("openssl req -in '" + path("daemon.csr") + "' -outform DER | sha256sum");
  EXPECT_THAT(result.out, HasSubstr("extended key usage: serverAuth\n          ec-p256 key SHA-256 " + spki +
                                    "\n          request SHA-256 " + csr + "\n"));
  EXPECT_THAT(result.out,
              HasSubstr("on token \"signet-root\"\n          path length: unlimited; signs with ecdsa-with-SHA384\n"));
  EXPECT_THAT(result.out,
              HasSubstr("on token \"signet-issuing\"\n          path length: 0; signs with ecdsa-with-SHA256\n"));
}

/// The root's first signature takes 1.5 s, in which nobody is patient.
TEST_F(CeremonyRun, GoesOnWhateverSignalComes) {
  use_fault_module("C_Sign", "slow", 1, 1);
  BackgroundProcess process({SIGNET_BIN_DIR "/signet-ceremony", "run", path("ceremony.toml"), "--yes", "--json"},
                            path("log"));
  ASSERT_TRUE(eventually([&] { return slurp(path("log")).find("[2/8]") != std::string::npos; })) << slurp(path("log"));
  for (const int number : {SIGINT, SIGQUIT, SIGTSTP, SIGHUP, SIGTERM}) process.send_signal(number);
  EXPECT_EQ(process.wait(), 0) << slurp(path("log"));
  EXPECT_TRUE(output_exists());
}

TEST_F(CeremonyRun, SaysItInJsonWhenAsked) {
  const CommandResult result = ceremony("run", {"--yes", "--json"});
  ASSERT_EQ(result.status, 0) << result.err;
  ASSERT_TRUE(result.out.ends_with("\n"));
  const auto object = log::parse_canonical(bytes_of(std::string_view(result.out).substr(0, result.out.size() - 1)));
  ASSERT_TRUE(object.has_value()) << result.out;
  EXPECT_EQ(object->at("keys").array()->size(), 2U);
  EXPECT_EQ(object->at("certificates").array()->size(), 4U);
  EXPECT_EQ(text(*object, "transcript_sha256"), run_ok({"sha256sum", path("ceremony/transcript.jsonl")}).substr(0, 64));
  EXPECT_THAT(result.err, HasSubstr("[1/8]"));
}

TEST_F(CeremonyRun, MakesRsaKeysAndUsesOneTokenForBoth) {
  plan_with("token = \"signet-issuing\"", "token = \"signet-root\"");
  plan_with("ec-p256", "rsa-3072");
  const CommandResult result = ceremony("run", {"--yes"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(verify("daemon.pem").status, 0);
  EXPECT_THAT(openssl_x509("issuing.pem", {"-text"}), HasSubstr("Public-Key: (3072 bit)"));
}

TEST_F(CeremonyRun, SignsWithRsaPssWhereTheFileSaysSo) {
  plan_with("key_type = \"ec-p384\"", "key_type = \"rsa-3072\"\nsignature = \"rsa-pss-sha384\"");
  plan_with("key_type = \"ec-p256\"", "key_type = \"rsa-3072\"\nsignature = \"rsa-pss-sha256\"");
  const CommandResult result = ceremony("run", {"--yes"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("path length: unlimited; signs with rsassaPss-SHA384"));
  EXPECT_THAT(result.out, HasSubstr("path length: 0; signs with rsassaPss-SHA256"));
  EXPECT_EQ(verify("daemon.pem").status, 0);
  const auto expect_signed = [&](const char* file, const std::string& hash) {
    const std::string shown = openssl_x509(file, {"-text"});
    EXPECT_THAT(shown, HasSubstr("Signature Algorithm: rsassaPss")) << file;
    EXPECT_THAT(shown, HasSubstr("Hash Algorithm: " + hash)) << file;
    EXPECT_THAT(shown, HasSubstr("Mask Algorithm: mgf1 with " + hash)) << file;
  };
  expect_signed("root.pem", "sha384");
  expect_signed("issuing.pem", "sha384");
  expect_signed("daemon.pem", "sha256");
  EXPECT_THAT(openssl_x509("issuing.pem", {"-text"}), HasSubstr("Public Key Algorithm: rsaEncryption"));
}

TEST_F(CeremonyRun, UsesATokenThatHasPssOnly) {
  use_mechanisms({"CKM_RSA_PKCS_PSS"});
  plan_with("key_type = \"ec-p384\"", "key_type = \"rsa-3072\"\nsignature = \"rsa-pss-sha384\"");
  plan_with("key_type = \"ec-p256\"", "key_type = \"rsa-3072\"\nsignature = \"rsa-pss-sha256\"");
  EXPECT_EQ(ceremony("check").status, 0);
  const CommandResult result = ceremony("run", {"--yes"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(verify("daemon.pem").status, 0);
}

TEST_F(CeremonyRun, SignsWithRsaPkcs1WhereTheFileSaysNothing) {
  plan_with("key_type = \"ec-p256\"", "key_type = \"rsa-3072\"");
  const CommandResult result = ceremony("run", {"--yes"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("signs with sha256WithRSAEncryption"));
  EXPECT_THAT(openssl_x509("daemon.pem", {"-text"}), HasSubstr("Signature Algorithm: sha256WithRSAEncryption"));
}

TEST_F(CeremonyRun, UsesAModuleThatCannotLock) {
  use_fault_module("C_Initialize", "cannot-lock", 0, 1);
  const CommandResult result = ceremony("run", {"--yes"});
  EXPECT_EQ(result.status, 0) << result.err;
}

TEST_F(CeremonyRun, CheckMakesNothingAndRunWorksAfterIt) {
  const auto before = files();
  const CommandResult result = ceremony("check");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("All is well; nothing was made."));
  EXPECT_EQ(objects(), 0U);
  EXPECT_EQ(files(), before);
  EXPECT_EQ(ceremony("run", {"--yes"}).status, 0);
}

TEST_F(CeremonyRun, GoesOnWhenTheTitleIsTyped) {
  const CommandResult result = ceremony("run", {}, "Signet test ceremony\n");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(output_exists());
}

TEST_F(CeremonyRun, StopsWhenAnythingElseIsTyped) {
  for (const char* typed : {"", "\n", "yes\n", "signet test ceremony\n"}) {
    const CommandResult result = ceremony("run", {}, typed);
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, HasSubstr("that is not the title; nothing was made"));
  }
  EXPECT_EQ(objects(), 0U);
  EXPECT_FALSE(output_exists());
}

}  // namespace
}  // namespace signet::test
