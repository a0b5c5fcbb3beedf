// HSM profiles, end to end: the whole road on another module than SoftHSM, and what a profile bounds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/daemon.h"
#include "support/command.h"
#include "x509/certificate.h"

namespace signet::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

IssueOptions order(const Installation& ca) {
  return {.profile = "tls-server",
          .csr = ca.make_csr("DNS:payment-service"),
          .validity = std::chrono::seconds(0),
          .idempotency_key = {}};
}

TEST(Nss, ACeremonysKeysSignInADaemon) {
  const Installation ca({.module = Module::kNss});
  Daemon daemon(ca);
  const auto client = daemon.client("payments");
  for (int i = 0; i < 20; ++i) {
    const auto issued = client->issue(order(ca));
    ASSERT_TRUE(issued.has_value()) << issued.error().message << daemon.stderr_text();
    const std::string leaf = ca.folder().write("leaf.pem", to_pem(issued->certificate));
    EXPECT_THAT(run_ok({"openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", ca.root(),
                        "-untrusted", ca.issuing(), leaf}),
                HasSubstr("leaf.pem: OK"));
  }
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Nss, ARsaKeySignsWithPssInADaemon) {
  const Installation ca({.issuing_key_type = "rsa-3072", .module = Module::kNss});
  ca.edit("signet.toml", "certificate = \"ceremony/issuing.pem\"\n",
          "certificate = \"ceremony/issuing.pem\"\nsignature = \"rsa-pss-sha256\"\n");
  Daemon daemon(ca);
  const auto issued = daemon.client("payments")->issue(order(ca));
  ASSERT_TRUE(issued.has_value()) << issued.error().message << daemon.stderr_text();
  EXPECT_EQ(Certificate::parse(issued->certificate).value().fields().algorithm, SignatureAlgorithm::kRsaPssSha256);
}

/// Has the daemon use a copy of SoftHSM's profile, with one piece of it replaced.
void use_changed_profile(const Installation& ca, const std::string& from, const std::string& to) {
  const std::string softhsm = SIGNET_SOURCE_DIR "/hsm-profiles/softhsm2.toml";
  std::string text = slurp(softhsm);
  ASSERT_NE(text.find(from), std::string::npos) << from;
  text.replace(text.find(from), from.size(), to);
  ca.edit("signet.toml", softhsm, ca.folder().write("changed.toml", text));
}

TEST(HsmProfiles, AnUntestedOneIsRefusedUntilItIsAllowed) {
  const Installation ca;
  use_changed_profile(ca, "tested = \"ci\"", "tested = \"documentation\"");
  const CommandResult refused = run_command({program("signetd"), "--check", "--config", ca.config()});
  EXPECT_NE(refused.status, 0);
  EXPECT_THAT(refused.err, HasSubstr("token.soft.allow_untested = true"));
  ca.edit("signet.toml", "pin_file = \"pin\"\n", "pin_file = \"pin\"\nallow_untested = true\n");
  const CommandResult allowed = run_command({program("signetd"), "--check", "--config", ca.config()});
  EXPECT_EQ(allowed.status, 0) << allowed.err;
}

TEST(HsmProfiles, TheLimitOfSessionsIsKeptAndSaid) {
  const Installation ca;
  use_changed_profile(ca, "max_sessions = 0", "max_sessions = 3");
  ca.edit("signet.toml", "pin_file = \"pin\"\n", "pin_file = \"pin\"\nsessions = 8\n");
  Daemon daemon(ca);
  const auto issued = daemon.client("payments")->issue(order(ca));
  ASSERT_TRUE(issued.has_value()) << issued.error().message << daemon.stderr_text();
  EXPECT_THAT(daemon.stderr_text(),
              AllOf(HasSubstr("fewer sessions sign than the configuration says"), HasSubstr("configured=8"),
                    HasSubstr("sessions=2"), HasSubstr("max_sessions = 3")));
}

TEST(HsmProfiles, OnlyMechanismsThatAProfileNamesAreUsed) {
  const Installation ca;
  use_changed_profile(ca, "thread_safe = true\n",
                      "thread_safe = true\nmechanisms = [\"CKM_RSA_PKCS\", \"CKM_EDDSA\"]\n");
  const CommandResult result = run_command({program("signetd"), "--config", ca.config()});
  EXPECT_NE(result.status, 0);
  EXPECT_THAT(result.err, HasSubstr("the token does not sign with ecdsa-with-SHA256: it offers none of CKM_ECDSA"));
}

}  // namespace
}  // namespace signet::test
