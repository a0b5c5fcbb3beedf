// Whom the client speaks to, and who refuses it.
#include "signet/client.h"

#include <openssl/ssl.h>

#include "client/client_fixture.h"

namespace signet::test {
namespace {

class ClientTls : public IssuingFixture {};

TEST_F(ClientTls, AcceptsAnAddressInTheServersCertificate) {
  start([this](const v1::Request& request) { return good_answer(request); });
  ClientOptions options = client_options();
  options.server_name.clear();  // the host of the address, 127.0.0.1
  const auto issued = issue(options);
  EXPECT_TRUE(issued.has_value()) << issued.error().message;
}

TEST_F(ClientTls, RefusesAServerWithAnotherName) {
  start([this](const v1::Request& request) { return good_answer(request); });
  for (const char* name : {"other.test", "192.0.2.1", "server"}) {  // "server" is the common name, which does not count
    ClientOptions options = client_options();
    options.server_name = name;
    const auto issued = issue(options);
    ASSERT_FALSE(issued.has_value());
    EXPECT_EQ(issued.error().code, ErrorCode::kUnauthenticated);
    EXPECT_EQ(issued.error().field, "server_name") << issued.error().message;
    EXPECT_FALSE(issued.error().retryable);
  }
  EXPECT_TRUE(server_->requests().empty()) << "nothing was sent to a stranger";
}

TEST_F(ClientTls, RefusesAServerOfAnotherRoot) {
  start([this](const v1::Request& request) { return good_answer(request); });
  const Identity other_root = make_identity(folder_, {.name = "other-root"}, nullptr);
  ClientOptions options = client_options();
  options.trust_file = other_root.certificate_file;
  const auto issued = issue(options);
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kUnauthenticated);
  EXPECT_EQ(issued.error().field, "trust") << issued.error().message;
}

TEST_F(ClientTls, RefusesAServerWhoseCertificateHasExpired) {
  ServerOptions options = good_options();
  options.identity = make_identity(folder_,
                                   {.name = "expired",
                                    .alt_names = "DNS:signet.test",
                                    .usage = "serverAuth",
                                    .not_before_seconds = -7200,
                                    .not_after_seconds = -3600},
                                   &root_);
  start(options, [this](const v1::Request& request) { return good_answer(request); });
  const auto issued = issue();
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kUnauthenticated);
  EXPECT_NE(issued.error().message.find("expired"), std::string::npos) << issued.error().message;
}

TEST_F(ClientTls, RefusesAServerWithAClientsCertificate) {
  ServerOptions options = good_options();
  options.identity =
      make_identity(folder_, {.name = "wrong-use", .alt_names = "DNS:signet.test", .usage = "clientAuth"}, &root_);
  start(options, [this](const v1::Request& request) { return good_answer(request); });
  EXPECT_EQ(issue().error().code, ErrorCode::kUnauthenticated);
}

TEST_F(ClientTls, RefusesAServerWhoseCertificateNamesNoUse) {
  ServerOptions options = good_options();
  options.identity =
      make_identity(folder_, {.name = "no-use", .alt_names = "DNS:signet.test", .usage = "none"}, &root_);
  start(options, [this](const v1::Request& request) { return good_answer(request); });
  const auto issued = issue();
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kUnauthenticated);
  EXPECT_NE(issued.error().message.find("serverAuth"), std::string::npos) << issued.error().message;
  EXPECT_TRUE(server_->requests().empty());
}

TEST_F(ClientTls, RefusesAServerThatSpeaksOnlyTls12) {
  ServerOptions options = good_options();
  options.tls_version = TLS1_2_VERSION;
  start(options, [this](const v1::Request& request) { return good_answer(request); });
  const auto issued = issue();
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kUnauthenticated) << issued.error().message;
  EXPECT_NE(issued.error().message.find("TLS 1.3"), std::string::npos) << issued.error().message;
  EXPECT_EQ(server_->connections(), 0);
}

TEST_F(ClientTls, RefusesAServerWithoutOurProtocol) {
  ServerOptions options = good_options();
  options.alpn = false;
  start(options, [this](const v1::Request& request) { return good_answer(request); });
  const auto issued = issue();
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kUnauthenticated);
  EXPECT_NE(issued.error().message.find("signet/1"), std::string::npos) << issued.error().message;
}

TEST_F(ClientTls, SaysThatTheServerRefusedTheClientsCertificate) {
  const Identity other_root = make_identity(folder_, {.name = "stranger-root"}, nullptr);
  const Identity stranger = make_identity(folder_, {.name = "stranger", .usage = "clientAuth"}, &other_root);
  start([this](const v1::Request& request) { return good_answer(request); });
  for (int i = 0; i < 20; ++i) {  // whether the alert or the reset comes first is a race
    ClientOptions options = client_options();
    options.certificate_file = stranger.certificate_file;
    options.key_file = stranger.key_file;
    const auto issued = issue(options);
    ASSERT_FALSE(issued.has_value());
    ASSERT_EQ(issued.error().code, ErrorCode::kUnauthenticated) << issued.error().message;
  }
}

}  // namespace
}  // namespace signet::test
