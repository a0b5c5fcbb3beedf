// Peers that must not get in: each is refused, reported with its reason, and costs nobody else anything.
#include <sys/socket.h>

#include <chrono>
#include <vector>

#include "front_fixture.h"

namespace signet::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

class BadHandshake : public FrontFixture {
 protected:
  /// The client cannot use the connection, and `report` says why; then the next client is served.
  void expect_refused(const ClientOptions& options, const std::string& reason, const std::string& text_part) {
    TlsClient client(front().port(), options);
    EXPECT_TRUE(!client.is_connected() || client.is_closed_by_server());
    alert_ = client.failure();
    report_ = issuer().next_report();
    EXPECT_EQ(report_.reason(), reason);
    EXPECT_THAT(report_.text(), testing::HasSubstr(text_part));
    EXPECT_THAT(report_.address(), testing::StartsWith("127.0.0.1:"));
    EXPECT_EQ(report_.count(), 1U);
    client.close();
    expect_it_works();
  }
  /// The report carries the certificate that was refused.
  void expect_reported(const Identity& identity) {
    EXPECT_EQ(copy_of(bytes_of(report_.peer_certificate())), der_of(identity.certificate.get()));
  }

  std::string alert_;  // what the client heard
  internal::AccessFailure report_;
};

TEST_F(BadHandshake, TlsOneDotTwoIsRefused) {
  start();
  expect_refused({.identity = &client_, .max_version = TLS1_2_VERSION}, "tls-version", "unsupported protocol");
  EXPECT_EQ(alert_, "tlsv1 alert protocol version");
}

TEST_F(BadHandshake, AClientWithoutACertificateIsRefused) {
  start();
  expect_refused({}, "no-client-certificate", "did not return a certificate");
  EXPECT_EQ(alert_, "tlsv13 alert certificate required");
  EXPECT_TRUE(report_.peer_certificate().empty());
}

TEST_F(BadHandshake, ACertificateOfAnotherAuthorityIsRefused) {
  start();
  const Identity stranger = make_leaf(make_root("Somebody Else"), "client");
  expect_refused({.identity = &stranger}, "unknown-ca", "unable to get local issuer certificate");
  EXPECT_EQ(alert_, "tlsv1 alert unknown ca");
  expect_reported(stranger);
}

TEST_F(BadHandshake, ACertificateOfARootThatOnlyHasTheSameNameIsRefused) {
  start();
  const Identity impostor = make_leaf(make_root("Client Root"), "client");
  TlsClient client(front().port(), {.identity = &impostor});
  EXPECT_TRUE(client.is_closed_by_server());
  expect_it_works();
}

TEST_F(BadHandshake, ASelfSignedCertificateIsRefused) {
  start();
  const Identity alone = make_root("client");
  expect_refused({.identity = &alone}, "unknown-ca", "self-signed certificate");
}

TEST_F(BadHandshake, ACertificateForServersIsRefused) {
  start();
  const Identity server = make_leaf(site_.client_root, "client", {.extended_key_usage = "serverAuth"});
  expect_refused({.identity = &server}, "client-certificate-purpose", "depth 0");
  expect_reported(server);
}

TEST_F(BadHandshake, ACertificateWithoutExtendedKeyUsageIsRefused) {
  start();
  const Identity any = make_leaf(site_.client_root, "client", {.extended_key_usage = ""});
  expect_refused({.identity = &any}, "client-certificate-purpose", "depth 0");
}

TEST_F(BadHandshake, AnExpiredCertificateIsRefused) {
  start();
  const Identity old = make_leaf(site_.client_root, "client", {.starts_in_seconds = -7200, .ends_in_seconds = -60});
  expect_refused({.identity = &old}, "client-certificate-expired", "certificate has expired");
  EXPECT_EQ(alert_, "sslv3 alert certificate expired");
}

TEST_F(BadHandshake, ACertificateThatIsNotValidYetIsRefused) {
  start();
  const Identity early = make_leaf(site_.client_root, "client", {.starts_in_seconds = 600, .ends_in_seconds = 7200});
  expect_refused({.identity = &early}, "client-certificate-expired", "not yet valid");
}

TEST_F(BadHandshake, AnotherProtocolIsRefused) {
  start();
  expect_refused({.identity = &client_, .alpn = "h2"}, "no-alpn", "no application protocol");
  EXPECT_EQ(alert_, "tlsv1 alert no application protocol");
}

TEST_F(BadHandshake, NoProtocolIsRefused) {
  start();
  expect_refused({.identity = &client_, .alpn = ""}, "no-alpn", "signet/1");
  EXPECT_EQ(alert_, "tlsv1 alert no application protocol");
}

TEST_F(BadHandshake, WhatIsNoTlsIsRefused) {
  start();
  const UniqueFd socket = connect_tcp(front().port());
  ASSERT_TRUE(write_all(socket.get(), bytes_of("GET / HTTP/1.1\r\nHost: signet\r\n\r\n")).has_value());
  EXPECT_EQ(issuer().next_report().reason(), "not-tls");
  expect_it_works();
}

TEST_F(BadHandshake, ABrokenOffHandshakeIsReportedAndAnEmptyConnectionIsNot) {
  start();
  UniqueFd probe = connect_tcp(front().port());
  probe.reset();
  UniqueFd socket = connect_tcp(front().port());
  const Bytes half_record{0x16, 0x03, 0x01, 0x02, 0x00, 0x01};
  ASSERT_TRUE(write_all(socket.get(), half_record).has_value());
  socket.reset();
  EXPECT_EQ(issuer().next_report().reason(), "handshake-aborted");
  EXPECT_FALSE(issuer().next(milliseconds(300)).has_value());
}

TEST_F(BadHandshake, ASlowHandshakeIsCut) {
  site_.listen_options["handshake_timeout"] = "\"1s\"";
  start();
  const UniqueFd socket = connect_tcp(front().port());
  const auto begin = steady_clock::now();
  char byte = 0;
  EXPECT_EQ(recv(socket.get(), &byte, 1, 0), 0);
  const auto took = steady_clock::now() - begin;
  EXPECT_GE(took, milliseconds(900));
  EXPECT_LT(took, seconds(5));
  EXPECT_EQ(issuer().next_report().reason(), "handshake-timeout");
  expect_it_works();
}

TEST_F(BadHandshake, AFloodYieldsFewReportsWhoseCountsAddUp) {
  start();
  constexpr std::uint32_t kFlood = 200;
  const auto begin = steady_clock::now();
  for (std::uint32_t i = 0; i < kFlood; ++i) {
    TlsClient client(front().port(), {.identity = &client_, .max_version = TLS1_2_VERSION});
    ASSERT_FALSE(client.is_connected());
  }
  front().drain();  // what was only counted comes now
  std::uint32_t counted = 0;
  int reports = 0;
  for (; counted < kFlood; ++reports) {
    const auto report = issuer().next_report();
    EXPECT_EQ(report.reason(), "tls-version");
    EXPECT_GE(report.count(), 1U);
    counted += report.count();
  }
  EXPECT_EQ(counted, kFlood);
  EXPECT_FALSE(issuer().next().has_value());
  const auto intervals = (steady_clock::now() - begin) / seconds(10);
  EXPECT_LE(reports, 5 + intervals + 1);
}

TEST_F(BadHandshake, AWeakKeyIsRefusedWhateverTheMachineAllows) {
  const std::string machine = site_.directory / "openssl.cnf";
  site_.directory.write("openssl.cnf",
                        "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n"
                        "[c]\nCipherString = DEFAULT:@SECLEVEL=0\n");
  setenv("OPENSSL_CONF", machine.c_str(), 1);
  start();
  unsetenv("OPENSSL_CONF");
  const Identity weak = make_leaf(site_.client_root, "client", {.rsa_bits = 1024});
  expect_refused({.identity = &weak, .security_level = 0}, "client-certificate-invalid", "key too weak");
}

TEST_F(BadHandshake, ACertificateThatBreaksRfc5280IsRefused) {
  start();
  const Identity sloppy = make_leaf(site_.client_root, "client", {.has_authority_key_identifier = false});
  expect_refused({.identity = &sloppy}, "client-certificate-invalid", "Missing Authority Key Identifier");
}

TEST_F(BadHandshake, AChainOfManyCertificatesIsRefused) {
  start();
  const Identity leaf = make_leaf(site_.client_intermediate, "client");
  const int copies = 32 * 1024 / static_cast<int>(der_of(site_.client_intermediate.certificate.get()).size()) + 1;
  expect_refused({.identity = &leaf, .chain = &site_.client_intermediate, .chain_copies = copies}, "tls-handshake",
                 "excessive message size");
}

TEST_F(BadHandshake, WhatHappenedWhileThereWasNoIssuerIsReportedToTheNext) {
  start_without_issuer();
  for (int i = 0; i < 3; ++i) TlsClient client(front().port(), {.max_version = TLS1_2_VERSION});
  issuer_.emplace(front().connect_issuer());
  const auto report = issuer().next_report();
  EXPECT_EQ(report.reason(), "tls-version");
  EXPECT_EQ(report.count(), 3U);
}

}  // namespace
}  // namespace signet::test
