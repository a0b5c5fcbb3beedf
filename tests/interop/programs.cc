#include "interop/programs.h"

#include <array>
#include <filesystem>
#include <memory>

#include "support/command.h"

namespace signet::test {
namespace {

std::string script(const std::string& name) { return SIGNET_SOURCE_DIR "/tests/interop/programs/" + name; }

/// The first line of what it prints about itself.
std::string first_line(const std::vector<std::string>& command) {
  const CommandResult result = run_command(command);
  const std::string text = result.out.empty() ? result.err : result.out;
  return text.substr(0, text.find('\n'));
}

std::string verdict_of(const CommandResult& result) {
  return result.status == 0 ? kAccepted : "no: " + result.out + result.err;
}

std::string trimmed(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string purpose_oid(Use use) {
  switch (use) {
    case Use::kTlsServer: return "1.3.6.1.5.5.7.3.1";
    case Use::kTlsClient: return "1.3.6.1.5.5.7.3.2";
    case Use::kCodeSigning: return "1.3.6.1.5.5.7.3.3";
    case Use::kOcspAnswers: break;
  }
  return "1.3.6.1.5.5.7.3.9";
}

class OpenSsl : public Program {
 public:
  using Program::Program;
  [[nodiscard]] std::string name() const override { return "OpenSSL"; }
  [[nodiscard]] std::string version() const override { return first_line({"openssl", "version"}); }

  [[nodiscard]] std::string judge(const Holder& holder, Use use) override {
    const std::string verdict = verify(holder, purpose(use));
    if (verdict != kAccepted || use == Use::kTlsServer || use == Use::kTlsClient) return verdict;
    if (use == Use::kOcspAnswers) return believe_answer(holder);
    return knows_code_signing() ? verdict : kPathOnly;
  }

 private:
  static bool knows_code_signing() {
    return run_command({"openssl", "verify", "-purpose", "codesign", "/dev/null"}).err.find("purpose") ==
           std::string::npos;
  }
  static std::string purpose(Use use) {
    if (use == Use::kTlsServer) return "sslserver";
    if (use == Use::kTlsClient) return "sslclient";
    if (use == Use::kOcspAnswers) return "ocsphelper";
    return knows_code_signing() ? "codesign" : "any";
  }
  std::string verify(const Holder& holder, const std::string& purpose) {
    std::vector<std::string> command = {"openssl",        "verify",     "-x509_strict", "-purpose",
                                        purpose,          "-no-CApath", "-no-CAstore",  "-CAfile",
                                        hierarchy().root, "-untrusted", intermediates()};
    if (holder.host != "-" && purpose == "sslserver") command.insert(command.end(), {"-verify_hostname", holder.host});
    command.push_back(holder.certificate);
    return verdict_of(run_command(command));
  }
  /// The answer that the holder has signed about the server's certificate.
  std::string believe_answer(const Holder& holder) {
    return verdict_of(run_command({"openssl", "ocsp", "-respin", ocsp_answer(holder), "-CAfile", hierarchy().root,
                                   "-verify_other", hierarchy().issuing, "-issuer", hierarchy().issuing, "-cert",
                                   hierarchy().server.certificate, "-no_nonce"}));
  }

 public:
  /// Signed by the holder's key, in a file.
  std::string ocsp_answer(const Holder& holder) {
    const std::string serial =
        trimmed(run_ok({"openssl", "x509", "-in", hierarchy().server.certificate, "-noout", "-serial"})).substr(7);
    const std::string index = folder().write("ocsp-index", "V\t351231235959Z\t\t" + serial + "\tunknown\t/CN=server\n");
    const std::string answer = folder() / "ocsp-answer";
    run_ok({"openssl", "ocsp", "-index", index, "-rsigner", holder.certificate, "-rkey", holder.key, "-CA",
            hierarchy().issuing, "-issuer", hierarchy().issuing, "-cert", hierarchy().server.certificate, "-respout",
            answer, "-no_nonce", "-ndays", "2"});
    return answer;
  }
};

class GnuTls : public Program {
 public:
  using Program::Program;
  [[nodiscard]] std::string name() const override { return "GnuTLS"; }
  [[nodiscard]] std::string version() const override { return first_line({"certtool", "--version"}); }

  [[nodiscard]] std::string judge(const Holder& holder, Use use) override {
    const CommandResult chain =
        run_command({"certtool", "--verify-chain"}, slurp(holder.chain) + slurp(hierarchy().root));
    if (chain.status != 0) return verdict_of(chain);
    std::vector<std::string> command = {
        "certtool",       "--verify", "--verify-purpose", purpose_oid(use), "--load-ca-certificate",
        hierarchy().root, "--infile", holder.chain};
    if (holder.host != "-" && use == Use::kTlsServer) command.push_back("--verify-hostname=" + holder.host);
    return verdict_of(run_command(command));
  }
};

class Nss : public Program {
 public:
  Nss(const Hierarchy& hierarchy, const TempDirectory& folder) : Program(hierarchy, folder) {
    std::filesystem::create_directory(folder / "nss");
    run_ok({"certutil", "-N", "-d", database(), "--empty-password"});
    run_ok({"certutil", "-A", "-d", database(), "-n", "root", "-t", "CT,C,C", "-i", hierarchy.root});
    // For code, NSS takes only CAs that have its purpose themselves, or are trusted for it.
    run_ok({"certutil", "-A", "-d", database(), "-n", "issuing", "-t", ",,C", "-i", hierarchy.issuing});
  }
  [[nodiscard]] std::string name() const override { return "NSS"; }
  [[nodiscard]] std::string version() const override {
    return "NSS " + trimmed(run_command({"dpkg-query", "-W", "-f", "${Version}", "libnss3-tools"}).out);
  }

  [[nodiscard]] std::string judge(const Holder& holder, Use use) override {
    std::vector<std::string> command = {"vfychain", "-d",       database(), "-pp",
                                        "-u",       usage(use), "-a",       holder.certificate};
    for (const std::string& other : hierarchy().others) command.insert(command.end(), {"-a", other});
    return verdict_of(run_command(command));
  }

 private:
  [[nodiscard]] std::string database() const { return "sql:" + folder() / "nss"; }
  static std::string usage(Use use) {
    switch (use) {
      case Use::kTlsServer: return "1";
      case Use::kTlsClient: return "0";
      case Use::kCodeSigning: return "6";
      case Use::kOcspAnswers: break;
    }
    return "10";
  }
};

/// A line for verify.py and verify.js.
std::string handshake(const Hierarchy& hierarchy, const Holder& holder, Use use) {
  const std::string purpose = use == Use::kTlsServer ? "server " : "client ";
  return purpose + hierarchy.root + " " + holder.chain + " " + holder.key + " " + holder.host + " " +
         hierarchy.server.chain + " " + hierarchy.server.key + "\n";
}

/// A program whose library knows certificates for TLS only.
class TlsScript : public Program {
 public:
  TlsScript(const Hierarchy& hierarchy, const TempDirectory& folder, std::string name, std::vector<std::string> command)
      : Program(hierarchy, folder), name_(std::move(name)), command_(std::move(command)) {}
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] std::string version() const override { return name_ + " " + first_line({command_[0], "--version"}); }

  [[nodiscard]] std::string judge(const Holder& holder, Use use) override {
    if (use != Use::kTlsServer && use != Use::kTlsClient) return kHasNoSuchUse;
    const CommandResult result = run_command(command_, handshake(hierarchy(), holder, use));
    return result.status == 0 ? trimmed(result.out) : verdict_of(result);
  }

 private:
  std::string name_;
  std::vector<std::string> command_;
};

class Java : public Program {
 public:
  Java(const Hierarchy& hierarchy, const TempDirectory& folder) : Program(hierarchy, folder) {
    run_ok({"javac", "-d", folder.path(), script("Verify.java")});
    run_ok({"keytool", "-importcert", "-noprompt", "-alias", "root", "-file", hierarchy.root, "-keystore",
            folder / "trust.p12", "-storepass", kPassword});
    run_ok({"jar", "--create", "--file", folder / "code.jar", hierarchy.root});
  }
  [[nodiscard]] std::string name() const override { return "Java"; }
  [[nodiscard]] std::string version() const override { return first_line({"java", "-version"}); }

  [[nodiscard]] std::string judge(const Holder& holder, Use use) override {
    if (use == Use::kCodeSigning) return sign_code(holder);
    const std::string path = hierarchy().root + " " + holder.chain;
    if (use == Use::kTlsServer) return ask("server " + path);
    if (use == Use::kTlsClient) return ask("client " + path);
    return ask("ocsp " + path + " " + hierarchy().server.chain + " " +
               OpenSsl(hierarchy(), folder()).ocsp_answer(holder));
  }

 private:
  static constexpr const char* kPassword = "changeit";

  std::string ask(const std::string& line) {
    const CommandResult result =
        run_command({"java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", folder().path(), "Verify"}, line + "\n");
    return result.status == 0 ? trimmed(result.out) : verdict_of(result);
  }
  /// jarsigner signs with any certificate; with -strict it verifies only what one for code has signed.
  std::string sign_code(const Holder& holder) {
    const std::string store = folder() / "signer.p12";
    run_ok({"openssl", "pkcs12", "-export", "-inkey", holder.key, "-in", holder.chain, "-certfile", hierarchy().root,
            "-out", store, "-passout", std::string("pass:") + kPassword, "-name", "signer"});
    run_ok({"jarsigner", "-keystore", store, "-storepass", kPassword, "-signedjar", folder() / "signed.jar",
            folder() / "code.jar", "signer"});
    return verdict_of(run_command({"jarsigner", "-verify", "-strict", "-keystore", folder() / "trust.p12", "-storepass",
                                   kPassword, folder() / "signed.jar"}));
  }
};

}  // namespace

std::string name_of(Use use) {
  switch (use) {
    case Use::kTlsServer: return "TLS server";
    case Use::kTlsClient: return "TLS client";
    case Use::kCodeSigning: return "signed code";
    case Use::kOcspAnswers: break;
  }
  return "OCSP answers";
}

std::string Program::intermediates() const {
  std::string all = slurp(hierarchy_.issuing);
  for (const std::string& other : hierarchy_.others) all += slurp(other);
  return folder_.write("intermediates.pem", all);
}

std::vector<std::unique_ptr<Program>> all_programs(const Hierarchy& hierarchy, const TempDirectory& folder) {
  std::vector<std::unique_ptr<Program>> programs;
  programs.push_back(std::make_unique<OpenSsl>(hierarchy, folder));
  programs.push_back(std::make_unique<GnuTls>(hierarchy, folder));
  programs.push_back(std::make_unique<Nss>(hierarchy, folder));
  programs.push_back(
      std::make_unique<TlsScript>(hierarchy, folder, "Node.js", std::vector<std::string>{"node", script("verify.js")}));
  programs.push_back(std::make_unique<Java>(hierarchy, folder));
  programs.push_back(std::make_unique<TlsScript>(hierarchy, folder, "Python",
                                                 std::vector<std::string>{"/usr/bin/python3", script("verify.py")}));
  return programs;
}

}  // namespace signet::test
