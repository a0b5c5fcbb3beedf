// Certificates of the shipped profiles, issued by the daemon, are taken by other people's programs for what they are
// for, and for nothing else. docs/interoperability.md has the table that is made here.
#include <gmock/gmock.h>

#include <iostream>
#include <map>
#include <memory>

#include "integration/daemon.h"
#include "interop/programs.h"
#include "issuer/pki.h"

namespace signet::test {
namespace {

using testing::HasSubstr;

/// A profile, what its certificates are asked for, and what they are for.
struct Row {
  std::string profile;
  std::string alt_names;  ///< none where the subject says it all
  std::string host;
  std::vector<Use> uses;
};

constexpr const char* kSubordinate = "subordinate-ca";

const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      {"tls-server", "DNS:www.example.com,DNS:shop.example.com", "www.example.com", {Use::kTlsServer}},
      {"tls-client", "DNS:till-7.clients.example.com", "-", {Use::kTlsClient}},
      {"tls-mutual", "DNS:a.svc.example.com,IP:10.20.0.1", "a.svc.example.com", {Use::kTlsServer, Use::kTlsClient}},
      {"spiffe-svid", "URI:spiffe://example.com/workload/a", "-", {Use::kTlsServer, Use::kTlsClient}},
      {"code-signing", "", "-", {Use::kCodeSigning}},
      {"ocsp-responder", "DNS:ocsp.example.com", "-", {Use::kOcspAnswers}},
      {kSubordinate, "", "-", {Use::kTlsServer, Use::kTlsClient}},
  };
  return all;
}

/// What certificates must not be taken for: one is enough to show that a program looks.
const std::vector<std::pair<std::string, Use>>& misuses() {
  static const std::vector<std::pair<std::string, Use>> all = {
      {"tls-client", Use::kTlsServer},   {"tls-server", Use::kTlsClient},   {"code-signing", Use::kTlsServer},
      {"tls-server", Use::kCodeSigning}, {"tls-server", Use::kOcspAnswers}, {"ocsp-responder", Use::kTlsServer},
  };
  return all;
}

constexpr std::string_view kClient = R"([client.plain]
identity = "dns:plain.example"
profiles = ["tls-server", "tls-client", "tls-mutual", "spiffe-svid", "code-signing", "ocsp-responder", "subordinate-ca"]
must_sign = false
[client.plain.names]
dns = ["**.example.com"]
ip = ["10.20.0.0/16"]
uri = ["spiffe://example.com/workload/*"]
)";

/// A CA whose daemon issues by the shipped profiles. Its issuing CA may have one CA below it.
class InteropInstallation : public Installation {
 public:
  InteropInstallation() {
    const auto token = Certificate::parse_any(signet::bytes_of(slurp(issuing()))).value().public_key();
    const Identity root = make_root("Interop root");
    const Identity ca = make_ca(root, "Interop CA", [&](TbsFields& fields) {
      fields.spki = copy_of(token.spki());
      fields.subject_key_id = copy_of(token.key_id());
      fields.basic_constraints->path_length = 1;
    });
    folder().write("interop-root.pem", root.pem());
    folder().write("interop-ca.pem", ca.pem());
    folder().write("policy.toml", policy());
    edit("signet.toml", "certificate = \"ceremony/issuing.pem\"", "certificate = \"interop-ca.pem\"");
    edit("signet.toml", "root = \"ceremony/root.pem\"", "root = \"interop-root.pem\"");
    edit("signet.toml", "may_sign = [\"end-entity-certificate\"]",
         "may_sign = [\"end-entity-certificate\", \"ca-certificate\"]\nlongest_path = 0\nocsp_responder = true\n"
         "eku = [\"serverAuth\", \"clientAuth\", \"codeSigning\"]");
  }

 private:
  /// The shipped profiles, and one client that may use them all.
  static std::string policy() {
    std::string text;
    for (const Row& row : rows()) {
      const std::string file = slurp(SIGNET_SOURCE_DIR "/policy-examples/" + row.profile + ".toml");
      if (file.empty()) throw std::runtime_error("no shipped policy for " + row.profile);
      text += file.substr(0, file.find("\n[client.")) + "\n";
    }
    return text + std::string(kClient);
  }
};

std::string joined(const std::vector<std::string>& texts, const std::string& between) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : between) + text;
  return all;
}

std::string row_of_table(const std::vector<std::string>& cells) { return "| " + joined(cells, " | ") + " |\n"; }

class Interoperability : public testing::Test {
 protected:
  Interoperability() {
    for (const Row& row : rows()) holders_[row.profile] = issue(row);
    hierarchy_.server = holders_.at("tls-server");
    programs_ = all_programs(hierarchy_, folder_);
  }

  /// A new key and a request for it, DER.
  static std::string make_request(const std::string& key, const std::string& alt_names) {
    std::vector<std::string> command = {
        "openssl", "req",     "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
        "-nodes",  "-keyout", key,    "-subj",   "/",  "-outform", "DER"};
    if (!alt_names.empty()) command.insert(command.end(), {"-addext", "subjectAltName=" + alt_names});
    return run_ok(command);
  }

  [[nodiscard]] Holder files_of(const std::string& name, const std::string& host) const {
    const std::string base = folder_ / name;
    return {.certificate = base + ".pem", .chain = base + ".chain.pem", .key = base + ".key", .host = host};
  }

  Holder issue(const Row& row) {
    Holder holder = files_of(row.profile, row.host);
    const std::string csr = make_request(holder.key, row.alt_names);
    const auto issued = daemon_.client("plain")->issue({.profile = row.profile, .csr = copy_of(signet::bytes_of(csr))});
    if (!issued.has_value())
      throw std::runtime_error(row.profile + ": " + issued.error().field + ": " + issued.error().message);
    folder_.write(row.profile + ".pem", to_pem(issued->certificate));
    folder_.write(row.profile + ".chain.pem", to_pem(issued->certificate, issued->chain));
    return row.profile == kSubordinate ? issue_below(holder) : holder;
  }

  /// A certificate for both sides of TLS from the CA that `ca` is. By it a CA is judged.
  Holder issue_below(const Holder& ca) {
    hierarchy_.others = {ca.certificate};
    Holder holder = files_of("below", "below.example.com");
    const std::string csr = folder_.write("below.der", make_request(holder.key, ""));
    const std::string extensions =
        folder_.write("below.cnf",
                      "subjectAltName=critical,DNS:below.example.com\nbasicConstraints=critical,CA:FALSE\n"
                      "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n"
                      "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n");
    run_ok({"openssl", "x509", "-req", "-in", csr, "-inform", "DER", "-CA", ca.certificate, "-CAkey", ca.key, "-days",
            "5", "-extfile", extensions, "-out", holder.certificate});
    folder_.write("below.chain.pem", slurp(holder.certificate) + slurp(ca.chain));
    return holder;
  }

  /// The cells of one line; a program that does not take the certificate fails the test with its words.
  std::vector<std::string> judge(const std::string& what, const Holder& holder, Use use) {
    std::vector<std::string> cells = {what, (what == kSubordinate ? "CA of a " : "") + name_of(use)};
    for (const auto& program : programs_) {
      cells.push_back(program->judge(holder, use));
      const std::string& said = cells.back();
      EXPECT_TRUE(said == kAccepted || said == kHasNoSuchUse || said == kPathOnly)
          << program->version() << " on " << what << " as " << name_of(use) << ": " << said;
    }
    return cells;
  }

  std::string table() {
    std::vector<std::string> head = {"profile", "used for"};
    for (const auto& program : programs_) head.push_back(program->name());
    std::string text = row_of_table(head) + row_of_table(std::vector<std::string>(head.size(), "---"));
    for (const Row& row : rows()) {
      for (const Use use : row.uses) text += row_of_table(judge(row.profile, holders_.at(row.profile), use));
    }
    return text;
  }

  InteropInstallation ca_;
  Daemon daemon_{ca_};
  const TempDirectory& folder_ = ca_.folder();
  Hierarchy hierarchy_{.root = ca_.path("interop-root.pem"), .issuing = ca_.path("interop-ca.pem"), .server = {}};
  std::map<std::string, Holder> holders_;
  std::vector<std::unique_ptr<Program>> programs_;
};

TEST_F(Interoperability, EveryProgramTakesEachProfileForItsUseAsTheTableSays) {
  for (const auto& program : programs_) std::cout << program->version() << "\n";
  const std::string made = table();
  std::cout << made;
  EXPECT_THAT(slurp(SIGNET_SOURCE_DIR "/docs/interoperability.md"), HasSubstr(made))
      << "docs/interoperability.md is to have this table";
}

TEST_F(Interoperability, NoProgramTakesACertificateForAnotherUse) {
  for (const auto& [profile, use] : misuses()) {
    for (const auto& program : programs_) {
      const std::string said = program->judge(holders_.at(profile), use);
      const bool cannot_tell = said == kHasNoSuchUse || said == kPathOnly;
      EXPECT_TRUE(cannot_tell || said.starts_with("no"))
          << program->version() << ": " << profile << " as " << name_of(use) << ": " << said;
    }
  }
}

}  // namespace
}  // namespace signet::test
