// The policies that are shipped as examples: each is sound, and a daemon issues by it what it is for.
#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "integration/daemon.h"
#include "issuer/pki.h"
#include "lint/lint.h"
#include "policy/policy.h"

namespace signet::test {
namespace {

using testing::HasSubstr;

const std::string kFolder = SIGNET_SOURCE_DIR "/policy-examples/";

struct Example {
  std::string name;
  std::string subject;    ///< of the request
  std::string alt_names;  ///< empty for none
  bool is_ca = false;
};

const std::vector<Example>& examples() {
  static const std::vector<Example> all = {
      {"tls-server", "/CN=a.web.example.com", "DNS:a.web.example.com,DNS:www.example.com"},
      {"tls-client", "/OU=Payments", "DNS:a.clients.example.com"},
      {"tls-mutual", "/", "DNS:a.b.svc.example.com,IP:10.20.1.2"},
      {"spiffe-svid", "/", "URI:spiffe://example.com/workload/a"},
      {"code-signing", "/", "email:release@example.com"},
      {"ocsp-responder", "/CN=Example OCSP Responder", ""},
      {"subordinate-ca", "/CN=Example Mesh CA", "", true},
  };
  return all;
}

std::string policy_of(const Example& example) { return slurp(kFolder + example.name + ".toml"); }

/// The whole of `text` from `from` to the end of its line is `to`.
std::string with_line(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("no " + from);
  return text.replace(at, text.find('\n', at) - at, to);
}

Bytes request_for(const Example& example) {
  std::vector<std::string> command = {
      "openssl", "req",       "-new",  "-newkey",       "ec",       "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
      "-keyout", "/dev/null", "-subj", example.subject, "-outform", "DER"};
  if (!example.alt_names.empty()) {
    command.emplace_back("-addext");
    command.push_back("subjectAltName=" + example.alt_names);
  }
  return copy_of(bytes_of(run_ok(command)));
}

/// A CA with room for one below it, and a fence that lets it have one, and have OCSP answered for it.
class ExampleInstallation : public Installation {
 public:
  ExampleInstallation() {
    const auto token = Certificate::parse_any(bytes_of(slurp(issuing()))).value().public_key();
    const Identity root = make_root("Example root");
    const Identity ca = make_ca(root, "Example CA", [&](TbsFields& fields) {
      fields.spki = copy_of(token.spki());
      fields.subject_key_id = Bytes(token.key_id().begin(), token.key_id().end());
      fields.basic_constraints->path_length = 1;
    });
    folder().write("example-root.pem", root.pem());
    folder().write("example-ca.pem", ca.pem());
    edit("signet.toml", "certificate = \"ceremony/issuing.pem\"", "certificate = \"example-ca.pem\"");
    edit("signet.toml", "root = \"ceremony/root.pem\"", "root = \"example-root.pem\"");
    edit("signet.toml", "may_sign = [\"end-entity-certificate\"]",
         "may_sign = [\"end-entity-certificate\", \"ca-certificate\"]\nocsp_responder = true\n"
         "eku = [\"serverAuth\", \"clientAuth\", \"codeSigning\"]");
  }
};

TEST(Examples, EveryShippedFileIsTried) {
  std::set<std::string> shipped;
  for (const auto& file : std::filesystem::directory_iterator(kFolder)) shipped.insert(file.path().filename());
  std::set<std::string> tried;
  for (const Example& example : examples()) tried.insert(example.name + ".toml");
  EXPECT_EQ(shipped, tried);
}

TEST(Examples, EachParsesAndItsClientsSign) {
  for (const Example& example : examples()) {
    const auto policy = Policy::parse(bytes_of(policy_of(example)), example.name + ".toml");
    ASSERT_TRUE(policy.has_value()) << policy.error().message;
    EXPECT_TRUE(policy->profiles().contains(example.name));
    for (const auto& [name, client] : policy->clients()) EXPECT_TRUE(client.must_sign) << name;
  }
}

TEST(Examples, WhatIsMoreThanTlsIsOffUntilTheFenceSaysOtherwise) {
  const IssuerLimit usual{.longest_validity = std::chrono::days(398), .clock_tolerance = std::chrono::hours(1)};
  for (const Example& example : examples()) {
    const auto policy = Policy::parse(bytes_of(policy_of(example)), example.name + ".toml").value();
    const bool is_usual = !example.is_ca && example.name != "ocsp-responder" && example.name != "code-signing";
    EXPECT_EQ(check_issuers(policy, {{"issuing-1", usual}}).has_value(), is_usual) << example.name;
  }
}

TEST(Examples, ADaemonIssuesByEachAndLintFindsNothing) {
  const ExampleInstallation installation;
  for (const Example& example : examples()) {
    SCOPED_TRACE(example.name);
    installation.folder().write(
        "policy.toml", with_line(policy_of(example), "identity = ", "identity = \"spiffe://test.example/payments\""));
    Daemon daemon(installation);
    const auto issued = daemon.client("payments")->issue({.profile = example.name, .csr = request_for(example)});
    ASSERT_TRUE(issued.has_value()) << issued.error().field << ": " << issued.error().message;
    for (const auto& finding : lint::lint_certificate(issued->certificate, lint::Set::kPrivate))
      ADD_FAILURE() << finding.id << ": " << finding.message;
    const auto certificate = Certificate::parse(issued->certificate).value();
    EXPECT_EQ(certificate.fields().basic_constraints->ca, example.is_ca);
    EXPECT_EQ(certificate.fields().ocsp_no_check, example.name == "ocsp-responder");
    EXPECT_EQ(daemon.stop(), 0);
  }
  const auto entries = installation.read_log();
  EXPECT_EQ(count_entries(entries, "issued"), examples().size());
  EXPECT_EQ(count_entries(entries, "intent", "kind", "ca-certificate"), 1U);
  EXPECT_EQ(count_entries(entries, "intent", "kind", "end-entity-certificate"), examples().size() - 1);
}

TEST(Examples, ACaOfAnEndEntitysRequestIsRefused) {
  const ExampleInstallation installation;
  const Example& server = examples().front();
  installation.folder().write(
      "policy.toml", with_line(policy_of(server), "identity = ", "identity = \"spiffe://test.example/payments\""));
  const std::string csr =
      run_ok({"openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
              "/dev/null", "-subj", "/", "-addext", "subjectAltName=" + server.alt_names, "-addext",
              "basicConstraints=critical,CA:TRUE", "-outform", "DER"});
  Daemon daemon(installation);
  const auto refused = daemon.client("payments")->issue({.profile = server.name, .csr = copy_of(bytes_of(csr))});
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("CA:TRUE"));
}

}  // namespace
}  // namespace signet::test
