// Certificates of another writer: stock openssl, with the extensions a careful person asks it for.
#include <gtest/gtest.h>

#include "lint/lint.h"
#include "support/command.h"
#include "support/temp_directory.h"
#include "x509/certificate.h"

namespace signet::test {
namespace {

constexpr const char* kConfig = R"([req]
distinguished_name = name
prompt = no
utf8 = yes
string_mask = utf8only
[name]
C = DE
O = Example GmbH
CN = Root 1
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[intermediate]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,digitalSignature,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
nameConstraints = critical,permitted;DNS:example.com,excluded;IP:0.0.0.0/0.0.0.0
certificatePolicies = 1.2.3.4
policyConstraints = critical,requireExplicitPolicy:0
inhibitAnyPolicy = critical,0
crlDistributionPoints = URI:http://crl.example.com/root.crl
authorityInfoAccess = caIssuers;URI:http://ca.example.com/root.cer
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth,clientAuth
subjectAltName = DNS:www.example.com,DNS:*.example.com,IP:192.0.2.1,IP:2001:db8::1,email:ops@example.com,URI:https://www.example.com/
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
certificatePolicies = 1.2.3.4
crlDistributionPoints = URI:http://crl.example.com/1.crl
authorityInfoAccess = OCSP;URI:http://ocsp.example.com/,caIssuers;URI:http://ca.example.com/1.cer
tlsfeature = status_request
[code]
keyUsage = critical,digitalSignature
extendedKeyUsage = codeSigning
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[svid]
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth,clientAuth
subjectAltName = critical,URI:spiffe://example.com/ns/pay
authorityKeyIdentifier = keyid
[responder]
keyUsage = critical,digitalSignature
extendedKeyUsage = OCSPSigning
noCheck = ignored
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[careless]
basicConstraints = CA:FALSE
keyUsage = digitalSignature,keyEncipherment,keyCertSign
extendedKeyUsage = anyExtendedKeyUsage
subjectAltName = DNS:my_host.example.com
)";

class OpenSslCertificates : public testing::TestWithParam<std::vector<std::string>> {
 protected:
  OpenSslCertificates() {
    make_key("root.key");
    run_ok({"openssl", "req", "-new", "-x509", "-config", config_, "-extensions", "root", "-days", "3650", "-key",
            folder_ / "root.key", "-out", folder_ / "root.pem"});
  }

  void make_key(const std::string& file) const {
    std::vector<std::string> command{"openssl", "genpkey", "-out", folder_ / file};
    command.insert(command.end(), GetParam().begin(), GetParam().end());
    run_ok(command);
  }
  /// A certificate below the root, with the extensions of this section.
  [[nodiscard]] std::string issue(const std::string& section, const std::string& subject) const {
    make_key("key");
    run_ok({"openssl", "req", "-new", "-config", config_, "-subj", subject, "-key", folder_ / "key", "-out",
            folder_ / "csr"});
    run_ok({"openssl", "x509", "-req", "-in", folder_ / "csr", "-CA", folder_ / "root.pem", "-CAkey",
            folder_ / "root.key", "-extfile", config_, "-extensions", section, "-days", "90", "-out", folder_ / "pem"});
    return slurp(folder_ / "pem");
  }
  [[nodiscard]] static std::string found(const std::string& pem) {
    const auto blocks = decode_pem(pem, "CERTIFICATE").value();
    std::string text;
    for (const auto& finding : lint::lint_certificate(blocks.at(0), lint::Set::kPrivate)) text += finding.id + " ";
    return text;
  }

  TempDirectory folder_;
  std::string config_ = folder_.write("openssl.cnf", kConfig);
};

TEST_P(OpenSslCertificates, AreCleanWhereTheyWereMadeWithCare) {
  EXPECT_EQ(found(slurp(folder_ / "root.pem")), "");
  EXPECT_EQ(found(issue("intermediate", "/C=DE/O=Example GmbH/CN=Issuing 1")), "");
  EXPECT_EQ(found(issue("leaf", "/C=DE/O=M\xC3\xBCller/CN=www.example.com")), "");
  EXPECT_EQ(found(issue("code", "/CN=Builds")), "");
  EXPECT_EQ(found(issue("svid", "/")), "");
  EXPECT_EQ(found(issue("responder", "/CN=OCSP")), "");
}

TEST_P(OpenSslCertificates, ShowWhatWasDoneCarelessly) {
  const std::string text = found(issue("careless", "/C=de/CN=my_host.example.com "));
  for (const char* const id : {"name.country ", "name.blanks ", "key-usage.not-critical ",
                               "key-usage.cert-sign-without-ca ", "eku.any ", "san.dns-syntax "}) {
    EXPECT_NE(text.find(id), std::string::npos) << id << "is not in " << text;
  }
}

INSTANTIATE_TEST_SUITE_P(
    OfEachKeyType, OpenSslCertificates,
    testing::Values(std::vector<std::string>{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"},
                    std::vector<std::string>{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"},
                    std::vector<std::string>{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"},
                    std::vector<std::string>{"-algorithm", "ED25519"},
                    std::vector<std::string>{"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"}));

}  // namespace
}  // namespace signet::test
