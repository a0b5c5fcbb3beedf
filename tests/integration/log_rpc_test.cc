// The log over the RPC: proofs with certificates, checkpoints, entries, and who may ask.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "integration/daemon.h"
#include "log/checkpoint.h"
#include "log/note.h"
#include "x509/certificate.h"

namespace signet::test {
namespace {

/// The command signet as `who`, with the log's key.
CommandResult signet(const Installation& ca, const Daemon& daemon, const std::string& who,
                     const std::vector<std::string>& arguments) {
  const ClientOptions options = daemon.options(who);
  std::vector<std::string> command{program("signet"),        "--address", options.address,  "--certificate",
                                   options.certificate_file, "--key",     options.key_file, "--trust",
                                   options.trust_file,       "--log-key", ca.log_key()};
  if (!options.server_name.empty()) command.insert(command.end(), {"--server-name", options.server_name});
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_command(command);
}

TEST(LogRpc, ACertificateComesWithItsProof) {
  const Installation ca;
  Daemon daemon(ca);
  const std::string csr =
      ca.folder().write("api.csr", encode_pem("CERTIFICATE REQUEST", ca.make_csr("DNS:api.example")));
  const std::string proof = ca.path("api.tlog-proof");
  const auto issued =
      signet(ca, daemon, "payments",
             {"issue", "--profile", "tls-server", "--csr", csr, "--out", ca.path("api.pem"), "--proof", proof});
  ASSERT_EQ(issued.status, 0) << issued.err << daemon.stderr_text();
  EXPECT_NE(issued.err.find("checked with the key"), std::string::npos) << issued.err;
  EXPECT_TRUE(slurp(proof).starts_with("c2sp.org/tlog-proof@v1\n"));
}

TEST(LogRpc, TheSameRequestGetsAProofAgainAlsoAfterARestart) {
  const Installation ca;
  const IssueOptions same{
      .profile = "tls-server", .csr = ca.make_csr("DNS:api.example"), .idempotency_key = "k", .wait_for_proof = true};
  Bytes first;
  {
    Daemon daemon(ca);
    const auto issued = daemon.client("payments")->issue(same);
    ASSERT_TRUE(issued.has_value()) << issued.error().message << daemon.stderr_text();
    EXPECT_FALSE(issued->proof.empty());
    first = issued->certificate;
    EXPECT_EQ(daemon.stop(), 0);
  }
  Daemon daemon(ca);
  const auto again = daemon.client("payments")->issue(same);
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(again->certificate, first);
  EXPECT_FALSE(again->proof.empty());
}

TEST(LogRpc, OneCheckpointGoesOnFromTheOther) {
  const Installation ca;
  Daemon daemon(ca);
  const std::vector<std::string> first{"log", "checkpoint", "--out", ca.path("last")};
  const auto kept = signet(ca, daemon, "payments", first);
  ASSERT_EQ(kept.status, 0) << kept.err;
  const auto issued =
      daemon.client("payments")
          ->issue({.profile = "tls-server", .csr = ca.make_csr("DNS:api.example"), .wait_for_proof = true});
  ASSERT_TRUE(issued.has_value()) << issued.error().message;
  const auto newer = signet(ca, daemon, "payments", {"log", "checkpoint", "--since", ca.path("last")});
  ASSERT_EQ(newer.status, 0) << newer.err;
  const auto size_of = [](const std::string& note) {
    return log::parse_checkpoint(log::parse_note(bytes_of(note)).value().text).value().size;
  };
  EXPECT_GT(size_of(newer.out), size_of(slurp(ca.path("last"))));
  EXPECT_GT(size_of(newer.out), issued->log_index);
}

TEST(LogRpc, EntriesAndProofsAreThoseOfTheLog) {
  const Installation ca;
  Daemon daemon(ca);
  const auto issued =
      daemon.client("payments")
          ->issue({.profile = "tls-server", .csr = ca.make_csr("DNS:api.example"), .wait_for_proof = true});
  ASSERT_TRUE(issued.has_value()) << issued.error().message;
  const auto all = signet(ca, daemon, "payments", {"log", "entries", "--first", "0"});
  ASSERT_EQ(all.status, 0) << all.err;
  const auto proof = signet(ca, daemon, "payments", {"--json", "log", "proof", std::to_string(issued->log_index)});
  ASSERT_EQ(proof.status, 0) << proof.out;
  EXPECT_EQ(daemon.stop(), 0);
  const auto entries = ca.read_log();
  std::istringstream lines(all.out);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) EXPECT_EQ(line, text_of(entries.at(count).encoded));
  EXPECT_GT(count, issued->log_index);
  EXPECT_EQ(nlohmann::json::parse(proof.out).at("entry"),
            nlohmann::json::parse(text_of(entries.at(issued->log_index).encoded)));
}

TEST(LogRpc, AnEntryThatWaitsForACheckpointIsWaitedForAndOneThatIsNotThereIsRefused) {
  const Installation ca;
  Daemon daemon(ca);
  const auto client = daemon.client("payments");
  const auto issued = client->issue({.profile = "tls-server", .csr = ca.make_csr("DNS:api.example")});
  ASSERT_TRUE(issued.has_value()) << issued.error().message;
  EXPECT_TRUE(client->log_proof(issued->log_index).has_value());
  const auto absent = client->log_proof(1'000'000);
  ASSERT_FALSE(absent.has_value());
  EXPECT_EQ(absent.error().code, ErrorCode::kInvalidArgument) << absent.error().message;
  EXPECT_EQ(client->log_checkpoint(1'000'000).error().code, ErrorCode::kInvalidArgument);
}

TEST(LogRpc, IsForAuditorsOnly) {
  const Installation ca;
  Daemon daemon(ca);
  for (const char* who : {"plain", "stranger"}) {
    const auto refused = daemon.client(who)->log_checkpoint();
    ASSERT_FALSE(refused.has_value()) << who;
    EXPECT_TRUE(refused.error().code == ErrorCode::kPermissionDenied ||
                refused.error().code == ErrorCode::kUnauthenticated)
        << who << ": " << refused.error().message;
  }
  EXPECT_EQ(signet(ca, daemon, "plain", {"log", "entries", "--first", "0"}).status, 3);
}

}  // namespace
}  // namespace signet::test
