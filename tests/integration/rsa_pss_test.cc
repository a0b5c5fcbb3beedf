// An issuing CA with an RSA key that signs with RSASSA-PSS: from signature = "rsa-pss-sha256" to openssl verify.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/daemon.h"
#include "log/entries.h"
#include "support/command.h"
#include "x509/certificate.h"

namespace signet::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(RsaPss, ItsCertificatesAreTakenByStockOpensslAndNamedInTheLog) {
  const Installation ca({.issuing_key_type = "rsa-3072"});
  ca.edit("signet.toml", "certificate = \"ceremony/issuing.pem\"\n",
          "certificate = \"ceremony/issuing.pem\"\nsignature = \"rsa-pss-sha384\"\n");
  Daemon daemon(ca);
  const auto issued = daemon.client("payments")
                          ->issue({.profile = "tls-server",
                                   .csr = ca.make_csr("DNS:payment-service"),
                                   .validity = std::chrono::seconds(0),
                                   .idempotency_key = {}});
  ASSERT_TRUE(issued.has_value()) << issued.error().message << daemon.stderr_text();
  EXPECT_EQ(daemon.stop(), 0);

  const std::string leaf = ca.folder().write("leaf.pem", to_pem(issued->certificate));
  EXPECT_THAT(run_ok({"openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", ca.root(), "-untrusted",
                      ca.issuing(), leaf}),
              HasSubstr("leaf.pem: OK"));
  EXPECT_THAT(run_ok({"openssl", "x509", "-in", leaf, "-noout", "-text"}),
              AllOf(HasSubstr("Signature Algorithm: rsassaPss"), HasSubstr("Hash Algorithm: sha384"),
                    HasSubstr("Mask Algorithm: mgf1 with sha384"), HasSubstr("Salt Length: 0x30")));
  const log::IssuedFields outcome = log::read_issued(ca.read_log().at(issued->log_index)).value();
  EXPECT_EQ(outcome.algorithm, SignatureAlgorithm::kRsaPssSha384);
}

TEST(RsaPss, OfAnEcKeyIsRefusedAtTheStart) {
  const Installation ca;
  ca.edit("signet.toml", "certificate = \"ceremony/issuing.pem\"\n",
          "certificate = \"ceremony/issuing.pem\"\nsignature = \"rsa-pss-sha256\"\n");
  const CommandResult result = run_command({program("signetd"), "--config", ca.config()});
  EXPECT_NE(result.status, 0);
  EXPECT_THAT(result.err, HasSubstr("key.issuing-1.signature is for RSA keys, and this key is ec-p256"));
}

}  // namespace
}  // namespace signet::test
