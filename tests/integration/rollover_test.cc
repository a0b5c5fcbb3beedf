// From one CA to the next, and from one root to the next, with the certificates of stock openssl: what was issued
// before and what is issued after verify with the bundle of each day. And the bundle's forms.
#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "integration/daemon.h"
#include "x509/certificate.h"

namespace signet::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Two roots and an issuing CA below each, beside the CA of the installation; the keys of the issuing CAs are on the
/// daemon's token.
class Rollover : public testing::Test {
 protected:
  Rollover() {
    make_root("root-1");
    make_root("root-2");
    cross_certify("root-2", "root-1");
    make_issuing("issuing-old", "root-1");
    make_issuing("issuing-new", "root-2");
    for (const char* file : {"signet.toml", "policy.toml"}) original_[file] = slurp(ca_.path(file));
  }

  void make_root(const std::string& name,
                 const std::vector<std::string>& key = {"ec", "-pkeyopt", "ec_paramgen_curve:P-256"}) const {
    std::vector<std::string> command{"openssl", "req",
                                     "-x509",   "-nodes",
                                     "-days",   "3650",
                                     "-subj",   "/CN=" + name,
                                     "-keyout", ca_.path(name + ".key"),
                                     "-out",    ca_.path(name + ".pem"),
                                     "-addext", "keyUsage=critical,keyCertSign,cRLSign",
                                     "-newkey"};
    command.insert(command.end(), key.begin(), key.end());
    run_ok(command);
  }

  /// NAME-by-ISSUER.pem: the same name and key, signed by the other root.
  void cross_certify(const std::string& name, const std::string& issuer) const {
    run_ok({"openssl", "req", "-new", "-key", ca_.path(name + ".key"), "-subj", "/CN=" + name, "-out",
            ca_.path(name + ".csr")});
    sign(name + ".csr", issuer, name + "-by-" + issuer + ".pem", "basicConstraints=critical,CA:TRUE");
  }

  void make_issuing(const std::string& name, const std::string& root) const {
    run_ok({"openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
            "/CN=" + name, "-keyout", ca_.path(name + ".key"), "-out", ca_.path(name + ".csr")});
    sign(name + ".csr", root, name + ".pem", "basicConstraints=critical,CA:TRUE,pathlen:0");
    run_ok({"env", "SOFTHSM2_CONF=" + ca_.path("softhsm2.conf"), "softhsm2-util", "--import", ca_.path(name + ".key"),
            "--token", "signet-issuing", "--label", name, "--id", name == "issuing-old" ? "71" : "72", "--pin",
            "test-pin-1234"});
  }

  void sign(const std::string& csr, const std::string& issuer, const std::string& out,
            const std::string& constraints) const {
    const std::string extensions =
        ca_.folder().write("extensions", constraints +
                                             "\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
                                             "authorityKeyIdentifier=keyid\n");
    run_ok({"openssl", "x509", "-req", "-in", ca_.path(csr), "-CA", ca_.path(issuer + ".pem"), "-CAkey",
            ca_.path(issuer + ".key"), "-CAcreateserial", "-days", "1825", "-extfile", extensions, "-out",
            ca_.path(out)});
  }

  static std::string key_table(const std::string& name) {
    return "[key." + name + "]\ntoken = \"soft\"\nuri = \"pkcs11:token=signet-issuing;object=" + name +
           ";type=private\"\ncertificate = \"" + name + ".pem\"\n[key." + name +
           ".fence]\nmay_sign = [\"end-entity-certificate\"]\nlongest_validity = \"398d\"\n";
  }

  /// The configuration of a day: these tables beside the installation's own, and the CA of the profile.
  void configure(const std::string& tables, const std::string& issuer) const {
    ca_.folder().write("signet.toml",
                       original_.at("signet.toml") + key_table("issuing-old") + key_table("issuing-new") + tables);
    ca_.folder().write("policy.toml", original_.at("policy.toml"));
    ca_.edit("policy.toml", "issuer = \"issuing-1\"", "issuer = \"" + issuer + "\"");
  }

  /// What a client gets on one day.
  struct Day {
    std::string roots;   ///< a file: the roots of the bundle
    std::string bundle;  ///< a file: all of the bundle
    IssuedCertificate issued;
    DaemonStatus status;
  };

  Day live(const std::string& name) {
    Daemon daemon(ca_);
    const auto client = daemon.client("payments");
    const TrustBundle bundle = client->trust_bundle().value();
    Day day{
        .roots = ca_.folder().write(name + ".roots.pem", to_pem({}, bundle.roots)),
        .bundle = ca_.folder().write(name + ".bundle.pem", to_pem({}, bundle.roots) + to_pem({}, bundle.intermediates)),
        .issued = client->issue({.profile = "tls-server", .csr = ca_.make_csr("DNS:payment-service")}).value(),
        .status = client->status().value()};
    EXPECT_EQ(daemon.stop(), 0);
    return day;
  }

  /// By stock openssl, with `trusted` roots and what else is at hand.
  [[nodiscard]] bool verifies(const IssuedCertificate& leaf, const std::string& trusted,
                              const std::string& untrusted) const {
    const std::string file = ca_.folder().write("leaf.pem", to_pem(leaf.certificate));
    return run_command({"openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", trusted, "-untrusted",
                        untrusted, file})
               .status == 0;
  }
  /// With the chain that it came with.
  [[nodiscard]] bool verifies_as_served(const IssuedCertificate& leaf, const std::string& trusted) const {
    return verifies(leaf, trusted, ca_.folder().write("chain.pem", to_pem({}, leaf.chain)));
  }
  [[nodiscard]] Bytes der(const std::string& file) const {
    return Certificate::parse_any(bytes_of(slurp(ca_.path(file)))).value().der().bytes();
  }

  Installation ca_;
  std::map<std::string, std::string> original_;
};

TEST_F(Rollover, EveryCertificateVerifiesWithTheBundleOfEveryDay) {
  const std::string old_active = "[issuer.old]\nkey = \"issuing-old\"\nroot = \"root-1.pem\"\n";
  configure(old_active, "old");
  const Day before = live("before");
  EXPECT_TRUE(verifies_as_served(before.issued, before.roots));
  EXPECT_THAT(before.issued.chain, ElementsAre(der("issuing-old.pem")));

  // The new root is made known, long before anything is below it.
  configure(old_active + "[trust]\nalso = [\"root-2.pem\", \"root-2-by-root-1.pem\"]\n", "old");
  const Day announced = live("announced");

  // The new CA issues; whoever trusts the old root only finds his way by the cross-certificate that comes along.
  configure(
      "[issuer.old]\nstate = \"retiring\"\nkey = \"issuing-old\"\nroot = \"root-1.pem\"\n"
      "[issuer.new]\nkey = \"issuing-new\"\nchain = [\"root-2-by-root-1.pem\"]\nroot = \"root-1.pem\"\n"
      "[trust]\nalso = [\"root-2.pem\"]\n",
      "new");
  const Day switched = live("switched");
  EXPECT_THAT(switched.issued.chain, ElementsAre(der("issuing-new.pem"), der("root-2-by-root-1.pem")));

  // Everybody has the new root; the old CA stays until its last certificate has ended.
  configure(
      "[issuer.old]\nstate = \"retiring\"\nkey = \"issuing-old\"\nroot = \"root-1.pem\"\n"
      "[issuer.new]\nkey = \"issuing-new\"\nroot = \"root-2.pem\"\n",
      "new");
  const Day done = live("done");
  EXPECT_THAT(done.issued.chain, ElementsAre(der("issuing-new.pem")));

  for (const Day* const day : {&before, &announced, &switched, &done})
    EXPECT_TRUE(verifies(before.issued, day->roots, day->bundle)) << day->roots;
  for (const Day* const day : {&switched, &done})
    EXPECT_TRUE(verifies(done.issued, day->roots, day->bundle)) << day->roots;
  for (const Day* const day : {&announced, &switched, &done})
    EXPECT_TRUE(verifies_as_served(done.issued, day->roots)) << day->roots;
  EXPECT_TRUE(verifies_as_served(switched.issued, before.roots)) << "who has not asked since the beginning";
  EXPECT_TRUE(verifies_as_served(switched.issued, done.roots));
  EXPECT_FALSE(verifies_as_served(done.issued, before.roots)) << "the last day is too early for him";
}

TEST_F(Rollover, ARetiringIssuerIsShownAndNoProfileMayNameIt) {
  const std::string both =
      "[issuer.old]\nstate = \"retiring\"\nkey = \"issuing-old\"\nroot = \"root-1.pem\"\n"
      "[issuer.new]\nkey = \"issuing-new\"\nroot = \"root-2.pem\"\n";
  configure(both, "old");
  const auto checked = run_command({program("signetd"), "--check", "--config", ca_.config()});
  EXPECT_NE(checked.status, 0);
  EXPECT_THAT(checked.err, testing::AllOf(HasSubstr("[profile.tls-server]"), HasSubstr("retiring")));
  configure(both, "new");
  const Day day = live("day");
  std::vector<std::pair<std::string, std::string>> states;
  for (const auto& issuer : day.status.issuers) states.emplace_back(issuer.name, issuer.state);
  EXPECT_THAT(states,
              ElementsAre(std::pair("issuing-1", "active"), std::pair("new", "active"), std::pair("old", "retiring")));
}

TEST_F(Rollover, TheBundleHasEachCertificateOnceAndInTheSameOrderAfterARestart) {
  configure(
      "[issuer.new]\nkey = \"issuing-new\"\nchain = [\"root-2-by-root-1.pem\"]\nroot = \"root-1.pem\"\n"
      "[issuer.old]\nkey = \"issuing-old\"\nroot = \"root-1.pem\"\n"
      "[trust]\nalso = [\"root-2.pem\", \"root-2-by-root-1.pem\", \"root-1.pem\"]\n",
      "new");
  const Day day = live("one");
  const auto certificates = parse_certificates(bytes_of(slurp(day.bundle))).value();
  std::vector<Bytes> ders;
  for (const Certificate& certificate : certificates) ders.push_back(certificate.der().bytes());
  EXPECT_THAT(ders,
              ElementsAre(der("ceremony/root.pem"), der("root-1.pem"), der("root-2.pem"), der("ceremony/issuing.pem"),
                          der("issuing-new.pem"), der("root-2-by-root-1.pem"), der("issuing-old.pem")));
  EXPECT_EQ(slurp(live("two").bundle), slurp(day.bundle));
}

TEST_F(Rollover, WhatNobodyCouldVerifyIsNoPartOfTheBundle) {
  const auto refused = [&](const std::string& also) {
    configure("[trust]\nalso = [" + also + "]\n", "issuing-1");
    try {
      const Daemon daemon(ca_);
    } catch (const std::runtime_error& error) {
      return std::string(error.what());
    }
    return std::string("it started");
  };
  EXPECT_THAT(refused("\"root-2-by-root-1.pem\""), testing::AllOf(HasSubstr("trust.also"), HasSubstr("CN=root-1")));
  EXPECT_THAT(refused("\"ceremony/daemon.pem\""), HasSubstr("CA:TRUE"));
  EXPECT_THAT(refused("\"gone.pem\""), HasSubstr("gone.pem"));
}

/// Node.js reads each JWK and each certificate by itself, and compares the keys.
constexpr const char* kReadBySomebodyElse = R"(
const { createPublicKey, X509Certificate } = require('node:crypto');
const bundle = JSON.parse(require('node:fs').readFileSync(process.argv[1]));
const spki = (key) => key.export({ type: 'spki', format: 'der' }).toString('hex');
const kinds = bundle.keys.map((jwk) => {
  if (jwk.use !== 'x509-svid' || jwk.x5c.length !== 1) throw new Error('not as SPIFFE has it');
  const certificate = new X509Certificate(Buffer.from(jwk.x5c[0], 'base64'));
  const { use, x5c, ...key } = jwk;
  if (spki(createPublicKey({ key, format: 'jwk' })) !== spki(certificate.publicKey)) throw new Error('another key');
  return certificate.subject + ' ' + jwk.kty + ' ' + (jwk.crv ?? jwk.n.length);
});
if (!Number.isInteger(bundle.spiffe_sequence) || !Number.isInteger(bundle.spiffe_refresh_hint)) throw new Error('numbers');
console.log(kinds.join('\n'));
console.log(bundle.spiffe_refresh_hint);
)";

TEST_F(Rollover, TheSpiffeBundleHasTheRootsOfEveryKindOfKeyAsSomebodyElseReadsThem) {
  make_root("rsa", {"rsa:3072"});
  make_root("ed25519", {"ed25519"});
  make_root("p521", {"ec", "-pkeyopt", "ec_paramgen_curve:P-521"});
  configure("[trust]\nalso = [\"root-1.pem\", \"rsa.pem\", \"ed25519.pem\", \"p521.pem\"]\nrefresh_hint = \"10m\"\n",
            "issuing-1");
  Daemon daemon(ca_);
  const auto bundle = [&](std::vector<std::string> more) {
    more.insert(more.begin(),
                {program("signet"), "--address", daemon.address(), "--certificate", ca_.certificate("payments"),
                 "--key", ca_.key("payments"), "--trust", ca_.root(), "bundle"});
    return run_ok(more);
  };
  bundle({"--format", "spiffe", "--out", ca_.path("bundle.json")});
  EXPECT_EQ(run_ok({"node", "-e", kReadBySomebodyElse, ca_.path("bundle.json")}),
            "O=Signet Test\nCN=Test Root EC P-384\nCN=root-1 EC P-256\nCN=rsa RSA 512\nCN=ed25519 OKP Ed25519\n"
            "CN=p521 EC P-521\n600\n");

  const std::string roots = bundle({"--format", "der", "--roots"});
  Bytes expected;
  for (const char* file : {"ceremony/root.pem", "root-1.pem", "rsa.pem", "ed25519.pem", "p521.pem"})
    append(expected, der(file));
  EXPECT_EQ(copy_of(bytes_of(roots)), expected);
  EXPECT_EQ(parse_certificates(bytes_of(bundle({"--format", "pem"}))).value().size(), 6U);
  EXPECT_EQ(run_command({program("signet"), "bundle", "--format", "xml"}).status, 2);
  EXPECT_EQ(daemon.stop(), 0);
}

}  // namespace
}  // namespace signet::test
