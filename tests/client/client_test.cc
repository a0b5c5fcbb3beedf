// The client against a server that behaves.
#include "signet/client.h"

#include <sys/stat.h>

#include <thread>

#include "client/client_fixture.h"
#include "support/command.h"

namespace signet::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ClientTest : public IssuingFixture {};

TEST_F(ClientTest, IssuesACertificate) {
  start([this](const v1::Request& request) { return good_answer(request); });
  const auto issued = issue();
  ASSERT_TRUE(issued.has_value()) << issued.error().message;
  const auto certificate = Certificate::parse(issued->certificate);
  ASSERT_TRUE(certificate.has_value());
  EXPECT_TRUE(equal(issued->serial, certificate->fields().serial.bytes()));
  EXPECT_EQ(issued->not_after, certificate->fields().not_after);
  EXPECT_EQ(issued->chain.size(), 1U);
  EXPECT_EQ(issued->log_index, 7U);
  EXPECT_EQ(issued->intent_log_index, 6U);
  EXPECT_EQ(issued->request_id, "r-1");
  EXPECT_EQ(issued->idempotency_key.size(), 32U);
}

TEST_F(ClientTest, RenewsWithASignedRequestOfItsOwnMethod) {
  start([this](const v1::Request& request) { return good_answer(request); });
  auto client = Client::create(client_options());
  ASSERT_TRUE(client.has_value()) << client.error().message;
  const auto renewed =
      client->renew({.csr = csr_, .validity = seconds(3600), .idempotency_key = "key-1", .wait_for_proof = false});
  ASSERT_TRUE(renewed.has_value()) << renewed.error().message;
  EXPECT_EQ(renewed->idempotency_key, "key-1");
  const v1::Request sent = server_->requests().back();
  EXPECT_EQ(sent.method(), v1::METHOD_RENEW);
  EXPECT_TRUE(signature_verifies(sent, client_identity_, kOrigin));
  const auto message = parse_strict<v1::RenewRequest>(bytes_of(sent.payload()), "payload").value();
  EXPECT_EQ(copy_of(bytes_of(message.csr())), csr_);
  EXPECT_EQ(message.validity_seconds(), 3600U);
}

TEST_F(ClientTest, ARenewalForAnotherKeyIsNotTaken) {
  start([this](const v1::Request& request) {
    v1::IssueResponse issued;
    issued.set_certificate(std::string(text_of(issue_for(root_, make_csr("other.example.com")))));
    return answer(request, issued);
  });
  const auto renewed = Client::create(client_options()).value().renew({.csr = csr_});
  ASSERT_FALSE(renewed.has_value());
  EXPECT_EQ(renewed.error().code, ErrorCode::kInternal);
  EXPECT_NE(renewed.error().message.find("another key"), std::string::npos);
}

TEST_F(ClientTest, ARenewalNamesTheCertificateThatItConnectsWith) {
  start([this](const v1::Request& request) { return good_answer(request); });
  ASSERT_TRUE(Client::create(client_options()).value().renew({.csr = csr_}).has_value());
  const auto message =
      parse_strict<v1::RenewRequest>(bytes_of(server_->requests().back().payload()), "payload").value();
  EXPECT_EQ(to_hex(bytes_of(message.certificate_sha256())), to_hex(sha256(der_of(client_identity_.certificate.get()))));
}

TEST_F(ClientTest, ARenewalForOtherNamesIsNotTaken) {
  start([this](const v1::Request& request) { return good_answer(request); });
  const Identity other =
      make_identity(folder_, {.name = "other", .alt_names = "DNS:other.example", .usage = "clientAuth"}, &root_);
  ClientOptions options = client_options();
  options.certificate_file = other.certificate_file;
  options.key_file = other.key_file;
  const auto renewed = Client::create(options).value().renew({.csr = csr_});
  ASSERT_FALSE(renewed.has_value());
  EXPECT_EQ(renewed.error().code, ErrorCode::kInternal);
  EXPECT_NE(renewed.error().message.find("DNS:issued.example, not DNS:other.example"), std::string::npos)
      << renewed.error().message;
}

TEST_F(ClientTest, TakesARequestAsPem) {
  start([this](const v1::Request& request) { return good_answer(request); });
  auto client = Client::create(client_options());
  ASSERT_TRUE(client.has_value()) << client.error().message;
  for (const char* label : {"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"}) {
    const std::string pem = encode_pem(label, csr_);
    EXPECT_TRUE(client->issue({.profile = "tls-server", .csr = copy_of(bytes_of(pem))}).has_value());
  }
  EXPECT_EQ(server_->connections(), 1) << "one connection carries all calls";
}

TEST_F(ClientTest, SignsRequestsWithEveryKindOfKey) {
  start([this](const v1::Request& request) { return good_answer(request); });
  for (const char* type : {"P-256", "P-384", "P-521", "RSA", "ED25519"}) {
    const Identity signer = make_identity(
        folder_, {.name = std::string("client-") + type, .key_type = type, .usage = "clientAuth"}, &root_);
    ClientOptions options = client_options();
    options.certificate_file = signer.certificate_file;
    options.key_file = signer.key_file;
    const auto issued = issue(options);
    ASSERT_TRUE(issued.has_value()) << type << ": " << issued.error().message;
    EXPECT_TRUE(signature_verifies(server_->requests().back(), signer, kOrigin)) << type;
    EXPECT_FALSE(signature_verifies(server_->requests().back(), signer, "ca.example/other")) << type;
  }
}

TEST_F(ClientTest, DoesNotSignWhenToldNotTo) {
  start([this](const v1::Request& request) { return good_answer(request); });
  ClientOptions options = client_options();
  options.sign_requests = false;
  ASSERT_TRUE(issue(options).has_value());
  EXPECT_FALSE(server_->requests().back().has_signature());
}

TEST_F(ClientTest, LearnsTheOriginFromTheTrustBundleOnce) {
  start([this](const v1::Request& request) { return good_answer(request); });
  ClientOptions options = client_options();
  options.origin.clear();
  auto client = Client::create(options);
  ASSERT_TRUE(client.has_value());
  ASSERT_TRUE(client->status().has_value());
  ASSERT_TRUE(client->status().has_value());
  const auto requests = server_->requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[0].method(), v1::METHOD_GET_TRUST_BUNDLE);
  EXPECT_FALSE(requests[0].has_signature());
  EXPECT_TRUE(signature_verifies(requests[1], client_identity_, kOrigin));
  EXPECT_TRUE(signature_verifies(requests[2], client_identity_, kOrigin));
}

TEST_F(ClientTest, LearnsTheOriginFromARefusal) {
  start([this](const v1::Request& request) {
    if (request.has_signature()) return good_answer(request);
    return refuse(request, {.code = ErrorCode::kUnauthenticated, .message = "sign it"}, kOrigin);
  });
  ClientOptions options = client_options();
  options.origin.clear();
  ASSERT_TRUE(issue(options).has_value());
  EXPECT_TRUE(signature_verifies(server_->requests().back(), client_identity_, kOrigin));
}

TEST_F(ClientTest, GetsTheTrustBundleAndTheStatus) {
  start([this](const v1::Request& request) { return good_answer(request); });
  auto client = Client::create(client_options());
  ASSERT_TRUE(client.has_value());
  const auto bundle = client->trust_bundle();
  ASSERT_TRUE(bundle.has_value()) << bundle.error().message;
  EXPECT_EQ(bundle->origin, kOrigin);
  EXPECT_EQ(bundle->roots, std::vector<ByteVector>{der_of(root_.certificate.get())});
  const auto status = client->status();
  ASSERT_TRUE(status.has_value()) << status.error().message;
  EXPECT_EQ(status->version, "1.2.3");
  EXPECT_EQ(status->log_size, 42U);
  EXPECT_EQ(status->checkpoint_size, 40U);
  EXPECT_EQ(status->checkpoint_time.time_since_epoch(), seconds(1'700'000'000));
  EXPECT_EQ(status->issuers.at(0).name, "issuing-1");
  EXPECT_EQ(status->tokens.at(0).name, "soft");
}

TEST_F(ClientTest, DoesNotSendWhatIsNoCertificateRequest) {
  start([this](const v1::Request& request) { return good_answer(request); });
  const auto key = decode_pem(slurp(client_identity_.key_file), "PRIVATE KEY").value();
  auto client = Client::create(client_options()).value();
  const auto issued = client.issue({.profile = "tls-server", .csr = key.front()});
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(issued.error().field, "csr");
  EXPECT_TRUE(server_->requests().empty()) << "a private key left this machine";
  EXPECT_EQ(server_->connections(), 0);
}

/// Only the daemon knows what the profile gives.
TEST_F(ClientTest, SendsARequestForACa) {
  start([this](const v1::Request& request) { return good_answer(request); });
  const Bytes csr = make_csr("ca.example.com", Asks::kForACa);
  const auto issued = Client::create(client_options()).value().issue({.profile = "subordinate-ca", .csr = csr});
  ASSERT_TRUE(issued.has_value()) << issued.error().message;
  ASSERT_EQ(server_->connections(), 1);
}

TEST_F(ClientTest, NamesBothOriginsWhenTheyDiffer) {
  start([](const v1::Request& request) {
    return refuse(request, {.code = ErrorCode::kUnauthenticated, .message = "bad signature"}, "ca.example/real");
  });
  EXPECT_NE(issue().error().message.find("ca.example/real"), std::string::npos);
}

TEST_F(ClientTest, SeveralThreadsTakeTurns) {
  start([this](const v1::Request& request) { return good_answer(request); });
  auto client = Client::create(client_options());
  ASSERT_TRUE(client.has_value());
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) EXPECT_TRUE(client->status().has_value());
    });
  }
  threads.clear();
  EXPECT_EQ(server_->requests().size(), 20U);
}

TEST_F(ClientTest, RefusesBadFilesAndOptionsByName) {
  const auto field_of = [](const ClientOptions& options) { return Client::create(options).error().field; };
  ClientOptions options = client_options();
  options.address = "no-port";
  EXPECT_EQ(field_of(options), "address");
  options = client_options();
  options.certificate_file = folder_ / "absent.pem";
  EXPECT_EQ(field_of(options), "certificate");
  options = client_options();
  options.key_file = server_identity_.key_file;  // of another certificate
  EXPECT_EQ(field_of(options), "key");
  options = client_options();
  options.trust_file = folder_.write("empty.pem", "nothing here\n");
  EXPECT_EQ(field_of(options), "trust");
  options = client_options();
  options.origin = std::string(256, 'o');
  EXPECT_EQ(field_of(options), "origin");
  for (const milliseconds wrong : {milliseconds(0), milliseconds(-1), milliseconds::min()}) {
    options = client_options();
    options.deadline = wrong;
    EXPECT_EQ(field_of(options), "deadline");
    options = client_options();
    options.connect_timeout = wrong;
    EXPECT_EQ(field_of(options), "connect_timeout");
  }
  options = client_options();
  ::chmod(options.key_file.c_str(), 0644);
  EXPECT_EQ(field_of(options), "key");
  ::chmod(options.key_file.c_str(), 0600);
}

TEST_F(ClientTest, RefusesAnIdempotencyKeyOfMoreThan64Bytes) {
  EXPECT_EQ(issue(client_options(), std::string(65, 'k')).error().field, "idempotency_key");
}

}  // namespace
}  // namespace signet::test
