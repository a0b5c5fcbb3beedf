// The road, end to end: real processes, a real token, real TLS.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <thread>

#include "integration/daemon.h"
#include "log/entries.h"
#include "x509/certificate.h"

namespace signet::test {
namespace {

IssueOptions order(const Installation& ca, const std::string& names, const std::string& key = {}) {
  return {
      .profile = "tls-server", .csr = ca.make_csr(names), .validity = std::chrono::seconds(0), .idempotency_key = key};
}

void verify_with_openssl(const Installation& ca, const IssuedCertificate& issued) {
  const std::string leaf = ca.folder().write("leaf.pem", to_pem(issued.certificate));
  const std::string out = run_ok({"openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", ca.root(),
                                  "-untrusted", ca.issuing(), leaf});
  EXPECT_NE(out.find("leaf.pem: OK"), std::string::npos);
}

TEST(Issue, GivesACertificateThatStockOpensslAccepts) {
  const Installation ca;
  Daemon daemon(ca);
  const auto issued = daemon.client("payments")->issue(order(ca, "DNS:payment-service,DNS:api.example,IP:192.0.2.7"));
  ASSERT_TRUE(issued.has_value()) << issued.error().message << daemon.stderr_text();
  verify_with_openssl(ca, *issued);
  const Certificate certificate = Certificate::parse(issued->certificate).value();
  EXPECT_EQ(certificate.fields().alt_names.value().texts(),
            (std::vector<std::string>{"DNS:payment-service", "DNS:api.example", "IP:192.0.2.7"}));
  EXPECT_EQ(certificate.fields().subject.text(), "CN=payment-service");
  ASSERT_EQ(issued->chain.size(), 1U);
  EXPECT_EQ(issued->chain.front(), Certificate::parse_any(bytes_of(slurp(ca.issuing()))).value().der().bytes());
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Issue, TheLogHasTheIntentWithTheTbsBeforeTheOutcomeWithTheSignature) {
  const Installation ca;
  Daemon daemon(ca);
  const auto issued = daemon.client("payments")->issue(order(ca, "DNS:payment-service", "key-1")).value();
  EXPECT_EQ(daemon.stop(), 0);
  const auto entries = ca.read_log();
  ASSERT_LT(issued.intent_log_index, issued.log_index);
  const log::IntentFields intent = log::read_intent(entries.at(issued.intent_log_index)).value();
  const log::IssuedFields outcome = log::read_issued(entries.at(issued.log_index)).value();
  EXPECT_EQ(outcome.intent, issued.intent_log_index);
  EXPECT_EQ(assemble_certificate(intent.tbs, outcome.algorithm, outcome.signature).bytes(), issued.certificate);
  EXPECT_EQ(intent.client, "payments");
  EXPECT_EQ(text_of(intent.idempotency_key), "key-1");
  EXPECT_TRUE(intent.proof.has_value()) << "the client's own signature is in the log";
  EXPECT_EQ(intent.cause.request, issued.request_id);
  EXPECT_EQ(field_of(entries.at(issued.intent_log_index), "who.client"), "payments");
  EXPECT_EQ(entries.front().type, "genesis");
  EXPECT_EQ(entries.back().type, "stop");
}

TEST(Issue, TheSameKeyGetsTheSameCertificateAlsoAfterARestart) {
  const Installation ca;
  const IssueOptions same = order(ca, "DNS:payment-service", "order-4711");
  Bytes first;
  {
    Daemon daemon(ca);
    first = daemon.client("payments")->issue(same).value().certificate;
    EXPECT_EQ(daemon.client("payments")->issue(same).value().certificate, first);
    EXPECT_EQ(daemon.stop(), 0);
  }
  Daemon daemon(ca);
  EXPECT_EQ(daemon.client("payments")->issue(same).value().certificate, first);
  const auto other = daemon.client("payments")->issue(order(ca, "DNS:api.example", "order-4711"));
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(other.error().field, "idempotency_key");
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_EQ(count_entries(ca.read_log(), "issued"), 1U);
}

TEST(Issue, TheSameRequestOnManyConnectionsAtOnceMakesOneCertificate) {
  const Installation ca;
  Daemon daemon(ca);
  const IssueOptions same = order(ca, "DNS:payment-service", "once");
  std::vector<Bytes> answers(8);
  std::vector<std::thread> threads;
  for (Bytes& answer : answers)
    threads.emplace_back([&] { answer = daemon.client("payments")->issue(same).value().certificate; });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::set<Bytes>(answers.begin(), answers.end()).size(), 1U);
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_EQ(count_entries(ca.read_log(), "intent"), 1U);
}

TEST(Issue, ManyClientsAtOnceGetDistinctSerials) {
  const Installation ca;
  Daemon daemon(ca);
  const Bytes csr = ca.make_csr("DNS:a.plain.example");
  std::vector<std::set<Bytes>> serials(8);
  std::vector<std::thread> threads;
  for (auto& mine : serials) {
    threads.emplace_back([&] {
      const auto client = daemon.client("plain");
      for (int i = 0; i < 20; ++i) {
        const auto issued = client->issue({.profile = "tls-server", .csr = csr});
        ASSERT_TRUE(issued.has_value()) << issued.error().message << daemon.stderr_text();
        mine.insert(issued->serial);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<Bytes> all;
  for (const auto& mine : serials) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), 160U);
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Issue, AWishedValidityIsKeptAndNeverLongerThanTheProfileAllows) {
  const Installation ca;
  Daemon daemon(ca);
  IssueOptions wish = order(ca, "DNS:payment-service");
  wish.validity = std::chrono::hours(24);
  const auto day = daemon.client("payments")->issue(wish).value();
  const auto left = day.not_after - std::chrono::system_clock::now();
  EXPECT_LT(left, std::chrono::hours(24) + std::chrono::seconds(1));
  EXPECT_GT(left, std::chrono::hours(23));
  wish.validity = std::chrono::hours(24 * 398);
  const auto refused = daemon.client("payments")->issue(wish);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().field, "validity_seconds");
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Bundle, HasTheRootAndTheIssuingCaAndTheOrigin) {
  const Installation ca;
  Daemon daemon(ca);
  const auto bundle = daemon.client("plain")->trust_bundle();
  ASSERT_TRUE(bundle.has_value()) << bundle.error().message;
  EXPECT_EQ(bundle->origin, "test.example/signet/issuing-1");
  ASSERT_EQ(bundle->roots.size(), 1U);
  EXPECT_EQ(bundle->roots.front(), Certificate::parse_any(bytes_of(slurp(ca.root()))).value().der().bytes());
  EXPECT_EQ(bundle->intermediates.size(), 1U);
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Status, TellsOperatorsAndNobodyElse) {
  const Installation ca;
  Daemon daemon(ca);
  ASSERT_TRUE(daemon.client("payments")->issue(order(ca, "DNS:payment-service")).has_value());
  const auto status = daemon.client("payments")->status();
  ASSERT_TRUE(status.has_value()) << status.error().message;
  EXPECT_EQ(status->issued, 1U);
  EXPECT_GE(status->log_size, 3U);
  ASSERT_EQ(status->issuers.size(), 1U);
  EXPECT_EQ(status->issuers[0].subject, "CN=Test Issuing 1,O=Signet Test");
  EXPECT_TRUE(status->issuers[0].available);
  ASSERT_EQ(status->tokens.size(), 1U);
  EXPECT_EQ(status->tokens[0].keys, (std::vector<std::string>{"issuing-1", "log-1"}));
  const auto refused = daemon.client("plain")->status();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Command, IssuesFromAnOpensslCsrAndShowsStatusAndBundle) {
  const Installation ca;
  Daemon daemon(ca);
  const std::string csr = ca.path("x.csr");
  run_ok({"openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", ca.path("x.key"), "-out", csr, "-subj",
          "/", "-addext", "subjectAltName=DNS:payment-service"});
  const std::vector<std::string> signet{
      program("signet"), "--address",        daemon.address(), "--certificate", ca.certificate("payments"),
      "--key",           ca.key("payments"), "--trust",        ca.root()};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), signet.begin(), signet.end());
    return more;
  };
  run_ok(with({"issue", "--profile", "tls-server", "--csr", csr, "--out", ca.path("x.pem")}));
  EXPECT_NE(
      run_ok({"openssl", "verify", "-x509_strict", "-CAfile", ca.root(), "-untrusted", ca.issuing(), ca.path("x.pem")})
          .find("OK"),
      std::string::npos);
  EXPECT_NE(run_ok(with({"status"})).find("issuing-1"), std::string::npos);
  EXPECT_NE(run_ok(with({"bundle"})).find("BEGIN CERTIFICATE"), std::string::npos);
  const auto refused = run_command(with({"--json", "issue", "--profile", "no-such", "--csr", csr}));
  EXPECT_EQ(refused.status, 3) << refused.out << refused.err;
  EXPECT_NE((refused.out + refused.err).find("\"profile\""), std::string::npos);
  EXPECT_EQ(daemon.stop(), 0);
}

}  // namespace
}  // namespace signet::test
