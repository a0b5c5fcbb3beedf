// docs/break-glass.md, run as it stands there: a CRL by stock OpenSSL, of keys that a ceremony made.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "integration/daemon.h"
#include "integration/installation.h"
#include "support/command.h"
#include "support/softhsm.h"
#include "x509/certificate.h"

namespace signet::test {
namespace {

using Variables = std::map<std::string, std::string>;

/// The document's blocks of commands, one behind the other.
std::string commands_of_the_document() {
  const std::string text = slurp(SIGNET_SOURCE_DIR "/docs/break-glass.md");
  constexpr std::string_view kBegin = "```bash\n";
  constexpr std::string_view kEnd = "```\n";
  std::string commands = "set -euo pipefail\n";
  std::size_t blocks = 0;
  for (std::size_t at = text.find(kBegin); at != std::string::npos; at = text.find(kBegin, at)) {
    const std::size_t begin = at + kBegin.size();
    at = text.find(kEnd, begin);
    if (at == std::string::npos) throw std::runtime_error("a block of docs/break-glass.md has no end");
    commands += text.substr(begin, at - begin);
    ++blocks;
  }
  if (blocks != 7) throw std::runtime_error("docs/break-glass.md has " + std::to_string(blocks) + " blocks, not 7");
  return commands;
}

class BreakGlass : public testing::Test {
 protected:
  /// What an operator sets in step 1 for the issuing CA.
  [[nodiscard]] Variables issuing_ca() const {
    return {{"MODULE", kSoftHsmModule},      {"SOFTHSM2_CONF", ca_.path("softhsm2.conf")},
            {"TOKEN", "signet-issuing"},     {"KEY", "issuing-1"},
            {"CA", ca_.issuing()},           {"PIN_FILE", ca_.path("pin")},
            {"REVOKED", folder_ / "revoked"}};
  }
  [[nodiscard]] Variables root_ca() const {
    Variables variables = issuing_ca();
    variables.merge(Variables{{"DIGEST", "sha384"}});
    variables["TOKEN"] = "signet-root";
    variables["KEY"] = "root";
    variables["CA"] = ca_.root();
    return variables;
  }

  /// In a folder of its own, with an environment of its own.
  [[nodiscard]] CommandResult break_glass(const std::string& where, const Variables& variables) const {
    std::filesystem::create_directories(folder_ / where);
    std::vector<std::string> command = {"env", "-i", "-C", folder_ / where, "PATH=/usr/bin:/bin", "HOME=/nonexistent"};
    for (const auto& [name, value] : variables) command.push_back(name + "=" + value);
    command.insert(command.end(), {"bash", "-c", commands_of_the_document()});
    return run_command(command);
  }
  [[nodiscard]] std::string crl(const std::string& where) const {
    return folder_ / (where + "/break-glass/issuing.crl");
  }

  void revoke(const std::string& name, const std::string& pem) const {
    std::filesystem::create_directories(folder_ / "revoked");
    folder_.write("revoked/" + name + ".pem", pem);
  }

  /// What openssl says of the certificate with this CRL.
  [[nodiscard]] std::string verdict(const std::string& certificate, const std::string& crl_file) const {
    const auto result = run_command({"openssl", "verify", "-crl_check", "-CAfile", ca_.root(), "-untrusted",
                                     ca_.issuing(), "-CRLfile", crl_file, certificate});
    return result.out + result.err;
  }

  const Installation ca_;
  const TempDirectory folder_;
};

std::string line_of(const std::string& text, const std::string& what) {
  const std::size_t at = text.find(what);
  return at == std::string::npos ? "" : text.substr(at, text.find('\n', at) - at);
}

TEST_F(BreakGlass, WithSignetdGoneStockOpensslRevokesWhatItIssued) {
  const Bytes csr = ca_.make_csr("DNS:a.plain.example");
  std::string revoked;
  std::string kept;
  {
    Daemon daemon(ca_);
    const auto client = daemon.client("plain");
    const auto issued = client->issue({.profile = "tls-server", .csr = csr});
    ASSERT_TRUE(issued.has_value()) << issued.error().message;
    revoked = encode_pem("CERTIFICATE", issued->certificate);
    const auto other = client->issue({.profile = "tls-server", .csr = ca_.make_csr("DNS:b.plain.example")});
    ASSERT_TRUE(other.has_value()) << other.error().message;
    kept = folder_.write("kept.pem", encode_pem("CERTIFICATE", other->certificate));
    daemon.kill_supervisor();
  }
  revoke("a", revoked + slurp(ca_.issuing()));  // as clients keep it, with its chain
  const auto result = break_glass("first", issuing_ca());
  ASSERT_EQ(result.status, 0) << result.out << result.err;
  EXPECT_NE(result.out.find("Verified OK"), std::string::npos) << result.out;
  EXPECT_NE((result.out + result.err).find("verify OK"), std::string::npos) << result.err;
  EXPECT_NE(verdict(folder_ / "revoked/a.pem", crl("first")).find("certificate revoked"), std::string::npos);
  EXPECT_NE(verdict(kept, crl("first")).find("OK"), std::string::npos) << verdict(kept, crl("first"));
  const std::string text = run_ok({"openssl", "crl", "-in", crl("first"), "-noout", "-text"});
  EXPECT_NE(text.find("Key Compromise"), std::string::npos) << text;
  EXPECT_NE(text.find("Authority Key Identifier"), std::string::npos) << text;
}

TEST_F(BreakGlass, TheNextCrlKeepsWhatWasRevokedWithDateAndReasonAndHasTheNextNumber) {
  revoke("plain", slurp(ca_.certificate("plain")));
  Variables variables = issuing_ca();
  variables["REASON"] = "CACompromise";
  ASSERT_EQ(break_glass("first", variables).status, 0);
  const std::string first = run_ok({"openssl", "crl", "-in", crl("first"), "-noout", "-text"});
  std::filesystem::remove_all(folder_ / "revoked");

  variables["LAST_CRL"] = crl("first");
  variables["SERIALS"] = "0a1b 77";
  variables["REASON"] = "superseded";
  const auto result = break_glass("second", variables);
  ASSERT_EQ(result.status, 0) << result.out << result.err;
  const std::string second = run_ok({"openssl", "crl", "-in", crl("second"), "-noout", "-text"});
  EXPECT_NE(second.find(line_of(first, "Serial Number: ")), std::string::npos) << second;
  EXPECT_NE(second.find(line_of(first, "Revocation Date: ")), std::string::npos) << second;
  EXPECT_NE(second.find("CA Compromise"), std::string::npos) << second;
  EXPECT_NE(second.find("Serial Number: 0A1B"), std::string::npos) << second;
  EXPECT_NE(second.find("Superseded"), std::string::npos) << second;
  EXPECT_NE(verdict(ca_.certificate("plain"), crl("second")).find("certificate revoked"), std::string::npos);
  const auto number = [&](const std::string& where) {
    return run_ok({"openssl", "crl", "-in", crl(where), "-noout", "-crlnumber"});
  };
  EXPECT_NE(number("first").find("01"), std::string::npos) << number("first");
  EXPECT_NE(number("second").find("02"), std::string::npos) << number("second");
}

TEST_F(BreakGlass, TheRootsKeyRevokesTheIssuingCa) {
  revoke("issuing", slurp(ca_.issuing()));
  const auto result = break_glass("root", root_ca());
  ASSERT_EQ(result.status, 0) << result.out << result.err;
  EXPECT_NE(verdict(ca_.issuing(), crl("root")).find("certificate revoked"), std::string::npos);
}

TEST_F(BreakGlass, TheLogsKeySignsForStockOpensslToo) {
  revoke("plain", slurp(ca_.certificate("plain")));
  ASSERT_EQ(break_glass("first", issuing_ca()).status, 0);
  const std::string text = folder_.write("text", "not a checkpoint");
  const std::string signature = folder_ / "signature";
  const auto made = run_command(
      {"openssl", "pkeyutl", "-sign", "-rawin", "-inkey", "pkcs11:token=signet-issuing;object=log-1;type=private",
       "-in", text, "-out", signature},
      {},
      {"OPENSSL_CONF=" + (folder_ / "first/break-glass/openssl.cnf"), "SOFTHSM2_CONF=" + ca_.path("softhsm2.conf")});
  ASSERT_EQ(made.status, 0) << made.err;
  run_ok({"openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", ca_.path("ceremony/log-1.pub.pem"), "-in",
          text, "-sigfile", signature});
}

TEST_F(BreakGlass, AKeyThatIsNotTheCasIsFoundBeforeAnythingIsSigned) {
  Variables variables = issuing_ca();
  variables["TOKEN"] = "signet-root";
  variables["KEY"] = "root";
  const auto result = break_glass("wrong", variables);
  EXPECT_NE(result.status, 0);
  EXPECT_NE((result.out + result.err).find("erif"), std::string::npos) << result.out << result.err;
  EXPECT_FALSE(std::filesystem::exists(crl("wrong")));
}

TEST_F(BreakGlass, ALastCrlOfAnotherCaIsRefused) {
  revoke("issuing", slurp(ca_.issuing()));
  ASSERT_EQ(break_glass("root", root_ca()).status, 0);
  Variables variables = issuing_ca();
  variables["LAST_CRL"] = crl("root");
  EXPECT_NE(break_glass("wrong", variables).status, 0);
  EXPECT_FALSE(std::filesystem::exists(crl("wrong")));
}

}  // namespace
}  // namespace signet::test
