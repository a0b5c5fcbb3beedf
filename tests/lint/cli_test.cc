// The command `signet lint`, and the page that lists the rules.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "lint/lint.h"
#include "lint/sample.h"
#include "support/command.h"
#include "support/temp_directory.h"
#include "x509/certificate.h"

namespace signet::test {
namespace {

constexpr const char* kSignet = SIGNET_BIN_DIR "/signet";

class LintCommand : public testing::Test {
 protected:
  [[nodiscard]] std::string pem_file(const std::vector<Sample>& samples) const {
    std::string pem;
    for (const Sample& sample : samples) pem += encode_pem("CERTIFICATE", sample.certificate());
    return folder_.write("certificates.pem", pem);
  }
  [[nodiscard]] static Sample broken() {
    Sample sample = good_leaf();
    sample.serial = Bytes(21, 0x11);
    return sample;
  }
  [[nodiscard]] static Sample doubtful() {
    Sample sample = good_leaf();
    sample.at(kCdp).critical = true;
    return sample;
  }

  TempDirectory folder_;
};

TEST_F(LintCommand, SaysThatAGoodCertificateIsGood) {
  const CommandResult result = run_command({kSignet, "lint", pem_file({good_leaf(), good_ca()})});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("certificate 1, sha256 " + to_hex(sha256(good_leaf().certificate())) + ": no findings"),
            std::string::npos)
      << result.out;
  EXPECT_NE(result.out.find("certificate 2"), std::string::npos) << result.out;
}

TEST_F(LintCommand, EndsWithAStatusOfItsOwnForAnErrorInAnyCertificate) {
  const CommandResult result = run_command({kSignet, "lint", pem_file({good_leaf(), broken()})});
  EXPECT_EQ(result.status, 7);
  EXPECT_NE(result.out.find("error   serial.too-long: serial number of 21 octets; at most 20 are allowed "
                            "(RFC 5280 section 4.1.2.2)"),
            std::string::npos)
      << result.out;
}

TEST_F(LintCommand, PrintsWarningsAndSucceeds) {
  const CommandResult result = run_command({kSignet, "lint", pem_file({doubtful()})});
  EXPECT_EQ(result.status, 0);
  EXPECT_NE(result.out.find("warning cdp.critical"), std::string::npos) << result.out;
}

TEST_F(LintCommand, ReadsDerFromStandardInputAndAnswersInJson) {
  const Bytes der = broken().certificate();
  const CommandResult result = run_command({kSignet, "--json", "lint", "-"}, std::string(text_of(der)));
  EXPECT_EQ(result.status, 7);
  const auto object = nlohmann::json::parse(result.out);
  EXPECT_EQ(object.at("version"), lint::kVersion);
  EXPECT_EQ(object.at("set"), "private");
  const auto& finding = object.at("certificates").at(0).at("findings").at(0);
  EXPECT_EQ(finding.at("id"), "serial.too-long");
  EXPECT_EQ(finding.at("severity"), "error");
  EXPECT_EQ(finding.at("clause"), "RFC 5280 section 4.1.2.2");
}

TEST_F(LintCommand, TakesThePublicTrustSetWhereItIsTold) {
  const std::string file = pem_file({good_leaf()});
  EXPECT_EQ(run_command({kSignet, "lint", file}).status, 0);
  const CommandResult result = run_command({kSignet, "lint", "--public-trust", file});
  EXPECT_EQ(result.status, 7);
  EXPECT_NE(result.out.find("br.ip-reserved"), std::string::npos) << result.out;
}

TEST_F(LintCommand, CallsWhatIsNoCertificateAFinding) {
  const CommandResult result = run_command({kSignet, "lint", "-"}, "not a certificate");
  EXPECT_EQ(result.status, 7);
  EXPECT_NE(result.out.find("der.encoding"), std::string::npos) << result.out;
}

TEST_F(LintCommand, RefusesAFileThatIsNotThereAndPemWithoutACertificate) {
  EXPECT_EQ(run_command({kSignet, "lint", folder_ / "absent.pem"}).status, 2);
  EXPECT_EQ(run_command({kSignet, "lint", folder_.write("key.pem", "-----BEGIN PUBLIC KEY-----\nAA==\n")}).status, 2);
  EXPECT_EQ(run_command({kSignet, "lint"}).status, 2);
  EXPECT_EQ(run_command({kSignet, "lint", "--list", "x.pem"}).status, 2);
}

TEST_F(LintCommand, ListsEveryRule) {
  const CommandResult text = run_command({kSignet, "lint", "--list"});
  EXPECT_EQ(text.status, 0) << text.err;
  const CommandResult object = run_command({kSignet, "--json", "lint", "--list"});
  const auto listed = nlohmann::json::parse(object.out).at("rules");
  ASSERT_EQ(listed.size(), lint::rules().size());
  for (std::size_t i = 0; i < listed.size(); ++i) {
    const lint::Rule& rule = lint::rules()[i];
    EXPECT_EQ(listed[i].at("id"), rule.id);
    EXPECT_EQ(listed[i].at("clause"), rule.clause);
    EXPECT_NE(text.out.find(std::string(rule.id) + " "), std::string::npos) << rule.id;
  }
}

TEST_F(LintCommand, TellsItsExitStatusInTheHelp) {
  EXPECT_NE(run_command({kSignet, "--help"}).out.find("7  lint found an error"), std::string::npos);
}

}  // namespace
}  // namespace signet::test
