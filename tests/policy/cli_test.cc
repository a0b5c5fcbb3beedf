// The commands `signet policy check` and `signet policy test`.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "support/command.h"
#include "support/temp_directory.h"

namespace signet::test {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kSignet = SIGNET_BIN_DIR "/signet";

const std::string kPolicy = R"([profile.web]
issuer = "issuing-1"
validity = "90d"
validity_max = "397d"
keys = ["ec-p256"]
subject = "O=Example"
common_name = "from-san"
key_usage = ["digitalSignature"]
extended_key_usage = ["serverAuth"]
[profile.web.names]
dns = ["**.example.com"]
ip = ["10.0.0.0/8"]
wildcards = true
[profile.other]
issuer = "issuing-2"
validity = "1d"
validity_max = "1d"
keys = ["ec-p256", "rsa"]
key_usage = ["digitalSignature"]
extended_key_usage = ["clientAuth"]
[profile.other.names]
dns = ["**"]
[client.payments]
identities = ["dns:payments.example.com", "spiffe://example.com/payments"]
profiles = ["web"]
validity_max = "100d"
rate = "10/m"
[client.payments.names]
dns = ["**.pay.example.com"]
ip = ["10.1.0.0/16"]
wildcards = true
[client.both]
identity = "dns:both.example.com"
profiles = ["web", "other"]
must_sign = false
[client.both.names]
dns = ["**.example.com", "**.example.org"]
[client.auditor]
identity = "dns:auditor.example.com"
rights = ["audit"]
)";

class PolicyCommand : public testing::Test {
 protected:
  [[nodiscard]] std::string policy(const std::string& text = kPolicy) const {
    return folder_.write("policy.toml", text);
  }

  /// A request with a new P-256 key.
  [[nodiscard]] std::string csr(const std::string& alt_names, const std::string& form = "PEM",
                                const std::vector<std::string>& extensions = {}) const {
    const std::string file = folder_ / "request.csr";
    std::vector<std::string> command = {"openssl",
                                        "req",
                                        "-new",
                                        "-newkey",
                                        "ec",
                                        "-pkeyopt",
                                        "ec_paramgen_curve:P-256",
                                        "-nodes",
                                        "-keyout",
                                        folder_ / "request.key",
                                        "-subj",
                                        "/",
                                        "-outform",
                                        form,
                                        "-out",
                                        file};
    if (!alt_names.empty()) command.insert(command.end(), {"-addext", "subjectAltName=" + alt_names});
    for (const std::string& extension : extensions) command.insert(command.end(), {"-addext", extension});
    run_ok(command);
    return file;
  }

  /// A self-signed certificate with these extensions, as openssl.cnf writes them.
  [[nodiscard]] std::string certificate(const std::string& name, const std::vector<std::string>& extensions,
                                        const std::string& days = "3650") const {
    const std::string file = folder_ / (name + ".pem");
    std::vector<std::string> command = {"openssl",
                                        "req",
                                        "-x509",
                                        "-newkey",
                                        "ec",
                                        "-pkeyopt",
                                        "ec_paramgen_curve:P-256",
                                        "-nodes",
                                        "-keyout",
                                        folder_ / (name + ".key"),
                                        "-subj",
                                        "/CN=" + name,
                                        "-days",
                                        days,
                                        "-out",
                                        file};
    for (const std::string& extension : extensions) command.insert(command.end(), {"-addext", extension});
    run_ok(command);
    return file;
  }
  [[nodiscard]] std::string ca(const std::vector<std::string>& more = {}, const std::string& days = "3650") const {
    std::vector<std::string> extensions = {"keyUsage=critical,keyCertSign,cRLSign"};
    extensions.insert(extensions.end(), more.begin(), more.end());
    return certificate("issuing", extensions, days);
  }

  [[nodiscard]] CommandResult test(const std::string& client, const std::string& csr_file,
                                   const std::vector<std::string>& more = {}) const {
    std::vector<std::string> command = {kSignet, "policy", "test", policy(), "--client", client, "--csr", csr_file};
    command.insert(command.end(), more.begin(), more.end());
    return run_command(command);
  }
  [[nodiscard]] json test_json(const std::string& client, const std::string& csr_file, int status,
                               std::vector<std::string> more = {}) const {
    more.emplace_back("--json");
    const CommandResult result = test(client, csr_file, more);
    EXPECT_EQ(result.status, status) << result.out << result.err;
    return json::parse(result.out);
  }
  void expect_refused(const std::string& client, const std::string& csr_file, const std::string& field,
                      const std::string& rule, const std::string& value,
                      const std::vector<std::string>& more = {}) const {
    const json verdict = test_json(client, csr_file, 3, more);
    EXPECT_EQ(verdict.at("verdict"), "refused");
    EXPECT_EQ(verdict.at("refusal").at("field"), field) << verdict.dump();
    EXPECT_EQ(verdict.at("refusal").at("rule"), rule) << verdict.dump();
    EXPECT_THAT(verdict.at("refusal").at("message").get<std::string>(), HasSubstr(value));
  }

  TempDirectory folder_;
};

TEST_F(PolicyCommand, CheckSaysThatASoundPolicyIsSound) {
  const CommandResult result = run_command({kSignet, "policy", "check", policy()});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("policy.toml: sound"));
  EXPECT_THAT(result.out, HasSubstr("profiles: other, web"));
  EXPECT_THAT(result.out, HasSubstr("clients:  auditor, both, payments"));
  EXPECT_THAT(result.out, HasSubstr("signetd --check"));
}

TEST_F(PolicyCommand, CheckListsEveryMistakeWithItsPlace) {
  const std::string file = policy("[profile.web]\nissuer = 3\nvalidity = \"x\"\n[client.a]\nidentity = \"joe\"\n");
  const CommandResult result = run_command({kSignet, "policy", "check", file});
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.out, HasSubstr(file + ":2:10: profile.web.issuer: "));
  EXPECT_THAT(result.out, HasSubstr(file + ":3:12: profile.web.validity: is \"x\""));
  EXPECT_THAT(result.out, HasSubstr(file + ":5:12: client.a.identity: is \"joe\""));
  EXPECT_THAT(result.out, HasSubstr("mistake(s)"));
}

TEST_F(PolicyCommand, CheckAnswersInJson) {
  const json sound = json::parse(run_command({kSignet, "--json", "policy", "check", policy()}).out);
  EXPECT_EQ(sound.at("valid"), true);
  EXPECT_EQ(sound.at("profiles"), json({"other", "web"}));
  EXPECT_EQ(sound.at("clients").at("payments").at("rights"), json({"issue"}));
  EXPECT_EQ(sound.at("sha256").get<std::string>().size(), 64U);
  const std::string file = policy("[profile.web]\nissuer = \"a\"\nissuer = \"b\"\n");
  const CommandResult result = run_command({kSignet, "--json", "policy", "check", file});
  EXPECT_EQ(result.status, 2);
  const json unsound = json::parse(result.out);
  EXPECT_EQ(unsound.at("valid"), false);
  ASSERT_EQ(unsound.at("mistakes").size(), 1U) << result.out;
  EXPECT_EQ(unsound.at("mistakes").at(0).at("line"), 3);
  EXPECT_GT(unsound.at("mistakes").at(0).at("column"), 0);
  EXPECT_THAT(unsound.at("mistakes").at(0).at("message").get<std::string>(), Not(IsEmpty()));
}

TEST_F(PolicyCommand, CheckReadsStandardInputAndRefusesAFileThatIsNotThere) {
  EXPECT_EQ(run_command({kSignet, "policy", "check", "-"}, kPolicy).status, 0);
  const CommandResult unsound = run_command({kSignet, "policy", "check", "-"}, "x = 1\n");
  EXPECT_EQ(unsound.status, 2);
  EXPECT_THAT(unsound.out, HasSubstr("standard input:1:1: x: unknown key"));
  EXPECT_EQ(run_command({kSignet, "policy", "check", folder_ / "absent"}).status, 2);
  EXPECT_EQ(run_command({kSignet, "policy", "check"}).status, 2);
  EXPECT_EQ(run_command({kSignet, "policy"}).status, 2);
}

TEST_F(PolicyCommand, TestShowsWhatWouldBeIssued) {
  const CommandResult result = test("payments", csr("DNS:a.pay.example.com,IP:10.1.2.3"));
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  for (const char* line : {"would be issued", "client:      payments", "profile:     web", "issuer:      issuing-1",
                           "subject:     CN=a.pay.example.com,O=Example", "name:        DNS:a.pay.example.com",
                           "name:        IP:10.1.2.3", "key:         ec-p256", "keyUsage (critical): digitalSignature",
                           "extendedKeyUsage: serverAuth", "basicConstraints (critical): CA:FALSE",
                           "lint:        no findings", "--issuer-certificate", "block list", "must_sign", "rate"}) {
    EXPECT_THAT(result.out, HasSubstr(line));
  }
}

TEST_F(PolicyCommand, TestTakesDerAndStandardInputAndAnswersInJson) {
  const json verdict = test_json("payments", csr("DNS:*.pay.example.com", "DER"), 0);
  EXPECT_EQ(verdict.at("verdict"), "issued");
  const json& certificate = verdict.at("certificate");
  EXPECT_EQ(certificate.at("names"), json({"DNS:*.pay.example.com"}));
  EXPECT_EQ(certificate.at("key_usage"), json({"digitalSignature"}));
  EXPECT_EQ(certificate.at("extended_key_usage"), json({"serverAuth"}));
  EXPECT_EQ(certificate.at("issuer"), "issuing-1");
  EXPECT_THAT(certificate.at("not_after").get<std::string>(), HasSubstr("T"));
  EXPECT_TRUE(verdict.at("lint").empty());
  const std::string pem = slurp(csr("DNS:a.pay.example.com"));
  EXPECT_EQ(run_command({kSignet, "policy", "test", policy(), "--client", "payments", "--csr", "-"}, pem).status, 0);
}

TEST_F(PolicyCommand, TestNamesTheRuleOfARefusal) {
  const std::string good = csr("DNS:a.pay.example.com");
  expect_refused("payments", good, "profile", "client.profiles", "may not use the profile other",
                 {"--profile", "other"});
  expect_refused("payments", good, "validity_seconds", "validity.max", "8726400 s", {"--validity", "101d"});
  expect_refused("auditor", good, "method", "client.rights", "\"issue\"", {"--profile", "web"});
  const std::string kNames = "csr.subjectAltName";
  expect_refused("payments", csr("DNS:a.example.com"), kNames, "names.pattern",
                 "\"a.example.com\" is not allowed by the client");
  expect_refused("payments", csr("DNS:a.example.org"), kNames, "names.pattern",
                 "\"a.example.org\" is not allowed by the profile");
  expect_refused("payments", csr("IP:10.2.0.1"), kNames, "names.pattern", "\"10.2.0.1\"");
  expect_refused("payments", csr("DNS:10.1.2.3"), kNames, "dns.ip", "\"10.1.2.3\"");
  expect_refused("payments", csr("DNS:*.com"), kNames, "dns.public-suffix", "\"*.com\"");
  expect_refused("both", csr("DNS:*.example.com"), kNames, "dns.wildcard", "\"*.example.com\"", {"--profile", "web"});
  expect_refused("payments", csr("DNS:xn--bcher-kva.pay.example.com"), kNames, "dns.a-label", "xn--bcher-kva");
  expect_refused("payments", csr(""), kNames, "names.missing", "no subjectAltName");
}

TEST_F(PolicyCommand, TestRefusesARequestThatIsNone) {
  const json verdict = test_json("payments", folder_.write("no.csr", "hello"), 3);
  EXPECT_EQ(verdict.at("refusal").at("field"), "csr");
  EXPECT_EQ(verdict.at("refusal").at("rule"), "csr.der");
}

TEST_F(PolicyCommand, TestFindsTheClientOfACertificate) {
  const std::string request = csr("DNS:a.pay.example.com");
  const std::string known = certificate("peer", {"subjectAltName=URI:spiffe://example.com/payments"});
  EXPECT_EQ(test_json(known, request, 0).at("client"), "payments");
  const std::string unknown = certificate("stranger", {"subjectAltName=DNS:stranger.example.com"});
  expect_refused(unknown, request, "client certificate", "client.identity", "no client of the policy");
  const CommandResult neither = test("nobody", request);
  EXPECT_EQ(neither.status, 2);
  EXPECT_THAT(neither.err,
              HasSubstr("\"nobody\" is neither a client of the policy (auditor, both, payments) nor a file"));
}

TEST_F(PolicyCommand, TestAsksForTheProfileWhereTheClientHasSeveral) {
  const std::string request = csr("DNS:a.example.com");
  const CommandResult result = test("both", request);
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("the client both may use other, web"));
  EXPECT_EQ(test("both", request, {"--profile", "web"}).status, 0);
  expect_refused("both", request, "profile", "profile.unknown", "\"none\"", {"--profile", "none"});
}

TEST_F(PolicyCommand, TestHoldsTheRequestAgainstTheIssuersNameConstraints) {
  const std::string issuer =
      ca({"nameConstraints=critical,permitted;DNS:example.com,excluded;DNS:secret.pay.example.com"});
  const std::vector<std::string> with = {"--issuer-certificate", issuer};
  const json issued = test_json("payments", csr("DNS:a.pay.example.com"), 0, with);
  EXPECT_EQ(issued.at("certificate").at("issuer_name"), "CN=issuing");
  for (const auto& what : issued.at("not_checked"))
    EXPECT_THAT(what.get<std::string>(), Not(HasSubstr("--issuer-certificate")));
  expect_refused("payments", csr("DNS:x.secret.pay.example.com"), "csr.subjectAltName", "name.constraints",
                 "\"x.secret.pay.example.com\" is excluded", with);
  expect_refused("payments", csr("DNS:*.pay.example.com"), "csr.subjectAltName", "name.constraints",
                 "\"*.pay.example.com\" is excluded", with);
}

TEST_F(PolicyCommand, TestKnowsTheEndOfTheIssuersValidity) {
  const std::vector<std::string> with = {"--issuer-certificate", ca({}, "20"), "--validity", "30d"};
  expect_refused("payments", csr("DNS:a.pay.example.com"), "validity_seconds", "validity.issuer", "30d", with);
}

TEST_F(PolicyCommand, TestRefusesIssuerCertificatesThatAreNone) {
  const std::string request = csr("DNS:a.pay.example.com");
  const std::string leaf = certificate("leaf", {"basicConstraints=critical,CA:FALSE"});
  const CommandResult no_ca = test("payments", request, {"--issuer-certificate", leaf});
  EXPECT_EQ(no_ca.status, 2);
  EXPECT_THAT(no_ca.err, HasSubstr("\"CN=leaf\" is no CA: basicConstraints do not say CA:TRUE"));
  const std::string no_signer = certificate("no-signer", {"keyUsage=critical,cRLSign"});
  const CommandResult cannot_sign = test("payments", request, {"--issuer-certificate", no_signer});
  EXPECT_EQ(cannot_sign.status, 2);
  EXPECT_THAT(cannot_sign.err, HasSubstr("\"CN=no-signer\" is no CA: keyUsage has no keyCertSign"));
  const std::string stranger = certificate("stranger", {"keyUsage=critical,keyCertSign"});
  const std::string both = folder_.write("both.pem", slurp(ca()) + slurp(stranger));
  const CommandResult unordered = test("payments", request, {"--issuer-certificate", both});
  EXPECT_EQ(unordered.status, 2);
  EXPECT_THAT(unordered.err, HasSubstr("\"CN=issuing\" is not signed by the one behind it"));
  EXPECT_EQ(test("payments", request, {"--issuer-certificate", folder_ / "absent"}).status, 2);
}

/// The operator has decided it; the daemon issues it, too.
TEST_F(PolicyCommand, TestIssuesACriticalExtensionOfTheProfile) {
  std::string text = kPolicy;
  text.insert(text.find("subject ="),
              "extensions = [{ oid = \"1.3.6.1.4.1.55555.1\", critical = true, value = \"0500\" }]\n");
  const std::string file = folder_.write("critical.toml", text);
  const CommandResult result = run_command(
      {kSignet, "--json", "policy", "test", file, "--client", "payments", "--csr", csr("DNS:a.pay.example.com")});
  EXPECT_EQ(result.status, 0) << result.out;
  const json verdict = json::parse(result.out);
  EXPECT_EQ(verdict.at("verdict"), "issued");
  ASSERT_EQ(verdict.at("lint").size(), 1U) << "the finding is still shown";
  EXPECT_EQ(verdict.at("lint").at(0).at("id"), "extensions.unknown-critical");
}

TEST_F(PolicyCommand, TestNamesTheRuleOfARequestThatIsWrongInItself) {
  expect_refused("payments", csr("DNS:a.pay.example.com", "PEM", {"basicConstraints=critical,CA:TRUE"}),
                 "csr.basicConstraints", "csr.ca", "CA:TRUE is requested");
  expect_refused("payments", csr("DNS:a.pay.example.com", "PEM", {"1.2.3.4=critical,DER:0500"}), "csr.extensions",
                 "csr.critical", "extension 1.2.3.4");
}

TEST_F(PolicyCommand, TestTriesARenewal) {
  const std::string text = kPolicy +
                           "[client.renewer]\nidentity = \"dns:r.example.com\"\nprofiles = [\"web\"]\n"
                           "rights = [\"renew\"]\n[client.renewer.names]\ndns = [\"r.example.com\"]\n";
  const std::string file = folder_.write("renewing.toml", text);
  const auto run = [&](const std::string& client, const std::string& request, const std::string& renewed) {
    std::vector<std::string> command = {kSignet,    "--json", "policy", "test", file,
                                        "--client", client,   "--csr",  request};
    if (!renewed.empty()) command.insert(command.end(), {"--renews", renewed});
    return run_command(command);
  };
  const std::string old = certificate("old", {"subjectAltName=DNS:r.example.com"});
  const CommandResult renewed = run("renewer", csr(""), old);
  EXPECT_EQ(renewed.status, 0) << renewed.out << renewed.err;
  EXPECT_EQ(json::parse(renewed.out).at("certificate").at("names"), json({"DNS:r.example.com"}));
  EXPECT_THAT(renewed.out, HasSubstr("the certificate that is renewed"));
  const auto rule = [](const CommandResult& result) { return json::parse(result.out).at("refusal").at("rule"); };
  EXPECT_EQ(rule(run("renewer", csr("DNS:b.example.com"), old)), "renew.names");
  EXPECT_EQ(rule(run("renewer", csr("DNS:r.example.com"), "")), "client.rights");
  const CommandResult foreign = run("payments", csr(""), old);
  EXPECT_EQ(foreign.status, 2);
  EXPECT_THAT(foreign.out, HasSubstr("identifies the client renewer, not the client payments"));
}

TEST_F(PolicyCommand, CheckWarnsOfAClientThatCanBecomeAnother) {
  EXPECT_EQ(json::parse(run_command({kSignet, "--json", "policy", "check", policy()}).out).at("warnings").size(), 2U);
  const CommandResult result = run_command({kSignet, "policy", "check", policy()});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("warning: [client.both] may have a certificate of the profile other for "
                                    "\"dns:auditor.example.com\", an identity of [client.auditor]"));
  std::string narrow = kPolicy;
  narrow.replace(narrow.find("\"**.example.com\", \"**.example.org\""), 34, "\"**.example.org\"");
  EXPECT_THAT(run_command({kSignet, "policy", "check", policy(narrow)}).out, Not(HasSubstr("warning")));
}

TEST_F(PolicyCommand, TestRefusesWhatTheLintOfTheProfileRefuses) {
  const std::string request = csr("DNS:a.pay.example.com,IP:10.1.2.3");
  std::string text = kPolicy;
  text.insert(text.find("subject ="), "lint = \"public-trust\"\n");
  const std::string file = folder_.write("strict.toml", text);
  const CommandResult result =
      run_command({kSignet, "--json", "policy", "test", file, "--client", "payments", "--csr", request});
  EXPECT_EQ(result.status, 3) << result.out;
  const json verdict = json::parse(result.out);
  EXPECT_THAT(verdict.at("refusal").at("rule").get<std::string>(), testing::StartsWith("br."));
  EXPECT_FALSE(verdict.at("lint").empty());
  EXPECT_TRUE(verdict.contains("certificate"));
}

TEST_F(PolicyCommand, TestSaysWhatIsWrongWithItsArguments) {
  const std::string request = csr("DNS:a.pay.example.com");
  EXPECT_EQ(test("payments", request, {"--validity", "soon"}).status, 2);
  EXPECT_EQ(test("payments", folder_ / "absent.csr").status, 2);
  const std::string unsound = folder_.write("unsound.toml", "x = 1\n");
  const CommandResult result =
      run_command({kSignet, "policy", "test", unsound, "--client", "payments", "--csr", request});
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("unsound.toml:1:1: x: unknown key"));
}

TEST_F(PolicyCommand, TeachesInItsHelp) {
  EXPECT_THAT(run_command({kSignet, "--help"}).out, HasSubstr("policy test` says that it would"));
  const std::string check = run_command({kSignet, "policy", "check", "--help"}).out;
  EXPECT_THAT(check, HasSubstr("Examples:"));
  EXPECT_THAT(check, HasSubstr("Status 2"));
  const std::string test_help = run_command({kSignet, "policy", "test", "--help"}).out;
  EXPECT_THAT(test_help, HasSubstr("Examples:"));
  EXPECT_THAT(test_help, HasSubstr("status 3"));
}

}  // namespace
}  // namespace signet::test
