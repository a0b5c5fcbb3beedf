// The client against a server that behaves, and one that does not.
#include "signet/client.h"

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <thread>

#include "client/client_fixture.h"
#include "support/command.h"

namespace signet::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ClientTest : public ClientFixture {
 protected:
  Result<IssuedCertificate> issue(ClientOptions options, const std::string& key = {}) {
    auto client = Client::create(std::move(options));
    if (!client.has_value()) return std::unexpected(client.error());
    return client->issue({.profile = "tls-server", .csr = csr_, .idempotency_key = key});
  }
  Result<IssuedCertificate> issue() { return issue(client_options()); }

  Bytes csr_ = make_csr("www.example.com");
};

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
  EXPECT_EQ(status->issuers.at(0).name, "issuing-1");
  EXPECT_EQ(status->tokens.at(0).name, "soft");
}

TEST_F(ClientTest, AcceptsAnAddressInTheServersCertificate) {
  start([this](const v1::Request& request) { return good_answer(request); });
  ClientOptions options = client_options();
  options.server_name.clear();  // the host of the address, 127.0.0.1
  const auto issued = issue(options);
  EXPECT_TRUE(issued.has_value()) << issued.error().message;
}

TEST_F(ClientTest, RefusesAServerWithAnotherName) {
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

TEST_F(ClientTest, RefusesAServerOfAnotherRoot) {
  start([this](const v1::Request& request) { return good_answer(request); });
  const Identity other_root = make_identity(folder_, {.name = "other-root"}, nullptr);
  ClientOptions options = client_options();
  options.trust_file = other_root.certificate_file;
  const auto issued = issue(options);
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kUnauthenticated);
  EXPECT_EQ(issued.error().field, "trust") << issued.error().message;
}

TEST_F(ClientTest, RefusesAServerWhoseCertificateHasExpired) {
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

TEST_F(ClientTest, RefusesAServerWithAClientsCertificate) {
  ServerOptions options = good_options();
  options.identity =
      make_identity(folder_, {.name = "wrong-use", .alt_names = "DNS:signet.test", .usage = "clientAuth"}, &root_);
  start(options, [this](const v1::Request& request) { return good_answer(request); });
  EXPECT_EQ(issue().error().code, ErrorCode::kUnauthenticated);
}

TEST_F(ClientTest, RefusesAServerWhoseCertificateNamesNoUse) {
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

TEST_F(ClientTest, RefusesAServerThatSpeaksOnlyTls12) {
  ServerOptions options = good_options();
  options.tls_version = TLS1_2_VERSION;
  start(options, [this](const v1::Request& request) { return good_answer(request); });
  const auto issued = issue();
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kUnauthenticated) << issued.error().message;
  EXPECT_NE(issued.error().message.find("TLS 1.3"), std::string::npos) << issued.error().message;
  EXPECT_EQ(server_->connections(), 0);
}

TEST_F(ClientTest, RefusesAServerWithoutOurProtocol) {
  ServerOptions options = good_options();
  options.alpn = false;
  start(options, [this](const v1::Request& request) { return good_answer(request); });
  const auto issued = issue();
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kUnauthenticated);
  EXPECT_NE(issued.error().message.find("signet/1"), std::string::npos) << issued.error().message;
}

TEST_F(ClientTest, SaysThatTheServerRefusedTheClientsCertificate) {
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

TEST_F(ClientTest, RefusesAnOversizeFrameWithoutReadingIt) {
  start([](const v1::Request&) { return Bytes{0x00, 0x10, 0x00, 0x01}; });  // 1 MiB and a byte, which never come
  const auto issued = issue();
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kInternal);
  EXPECT_NE(issued.error().message.find("1048577"), std::string::npos) << issued.error().message;
}

TEST_F(ClientTest, UnderstandsANewerDaemon) {
  start([this](const v1::Request& request) { return newer_frame_of(response_in(good_answer(request))); });
  ClientOptions options = client_options();
  options.origin.clear();  // learnt from such an answer too
  const auto issued = issue(options);
  ASSERT_TRUE(issued.has_value()) << issued.error().message;
  EXPECT_EQ(issued->log_index, 7U);
}

TEST_F(ClientTest, FaultsOfAnAnswerAreInternalAndNameTheRequest) {
  v1::IssueResponse no_certificate;
  no_certificate.set_certificate("junk");
  const std::vector<std::string> payloads{"\xFF\xFF", no_certificate.SerializeAsString(), ""};
  for (const std::string& payload : payloads) {
    start([&](const v1::Request& request) {
      v1::Response response;
      response.set_number(request.number());
      response.set_request_id("r-1");
      response.set_payload(payload);
      return frame_of(response);
    });
    const auto issued = issue();
    ASSERT_FALSE(issued.has_value());
    EXPECT_EQ(issued.error().code, ErrorCode::kInternal) << issued.error().message;
    EXPECT_EQ(issued.error().request_id, "r-1") << issued.error().message;
    EXPECT_EQ(issued.error().field, "");
    EXPECT_FALSE(issued.error().from_daemon);
  }
}

TEST_F(ClientTest, RefusesATrustBundleWithoutARootOrWithJunk) {
  for (const char* root : {"", "junk"}) {
    start([&](const v1::Request& request) {
      v1::GetTrustBundleResponse bundle;
      bundle.set_origin(kOrigin);
      if (*root != 0) bundle.add_roots(root);
      return answer(request, bundle);
    });
    const auto bundle = Client::create(client_options()).value().trust_bundle();
    ASSERT_FALSE(bundle.has_value());
    EXPECT_EQ(bundle.error().code, ErrorCode::kInternal);
    EXPECT_EQ(bundle.error().request_id, "r-1");
  }
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

TEST_F(ClientTest, RefusesAnAnswerToAnotherRequest) {
  start([this](v1::Request request) {
    request.set_number(request.number() + 1);
    return good_answer(request);
  });
  const auto issued = issue();
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kInternal);
  EXPECT_EQ(issued.error().request_id, "r-1");
}

TEST_F(ClientTest, RefusesACertificateForAnotherKey) {
  start([this](v1::Request request) {
    v1::IssueRequest other;
    const Bytes csr = make_csr("www.example.com");
    other.set_csr(csr.data(), csr.size());
    request.set_payload(other.SerializeAsString());
    return good_answer(request);
  });
  const auto issued = issue();
  ASSERT_FALSE(issued.has_value());
  EXPECT_NE(issued.error().message.find("another key"), std::string::npos) << issued.error().message;
}

TEST_F(ClientTest, AsksAgainWithTheSameBytesWhenTheConnectionEnds) {
  int asked = 0;
  start([&](const v1::Request& request) -> std::optional<Bytes> {
    if (++asked <= 2) return std::nullopt;
    return good_answer(request);
  });
  const auto issued = issue(client_options(), "my-key");
  ASSERT_TRUE(issued.has_value()) << issued.error().message;
  EXPECT_EQ(issued->idempotency_key, "my-key");
  const auto requests = server_->requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[0].payload(), requests[2].payload());
  EXPECT_EQ(requests[1].payload(), requests[2].payload());
  for (const v1::Request& request : requests) EXPECT_TRUE(signature_verifies(request, client_identity_, kOrigin));
  EXPECT_LT(requests[0].signature().time_micros(), requests[1].signature().time_micros()) << "each is signed anew";
  EXPECT_LT(requests[1].signature().time_micros(), requests[2].signature().time_micros());
  EXPECT_EQ(server_->connections(), 3);
}

TEST_F(ClientTest, AsksAgainWhenTheConnectionEndsInTheMiddleOfAnAnswer) {
  int asked = 0;
  start([&](const v1::Request& request) -> std::optional<Bytes> {
    Bytes whole = good_answer(request);
    if (++asked == 1) {
      whole.resize(whole.size() / 2);
      server_->close_after_next_answer();
    }
    return whole;
  });
  const auto issued = issue(client_options(), "my-key");
  ASSERT_TRUE(issued.has_value()) << issued.error().message;
  const auto requests = server_->requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].payload(), requests[1].payload());
}

TEST_F(ClientTest, AsksAgainAfterARetryableErrorAndWaitsAsLongAsTold) {
  int asked = 0;
  start([&](const v1::Request& request) {
    if (++asked > 2) return good_answer(request);
    return refuse(request, {.code = ErrorCode::kUnavailable,
                            .message = "the token restarts",
                            .retryable = true,
                            .retry_after = milliseconds(250)});
  });
  const auto began = std::chrono::steady_clock::now();
  const auto issued = issue();
  ASSERT_TRUE(issued.has_value()) << issued.error().message;
  EXPECT_GE(std::chrono::steady_clock::now() - began, milliseconds(500));
  const auto requests = server_->requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[0].payload(), requests[2].payload()) << "the idempotency key is in it";
  EXPECT_EQ(server_->connections(), 1);
}

TEST_F(ClientTest, GivesUpAtTheDeadlineWithTheLastError) {
  start([](const v1::Request& request) {
    return refuse(request, {.code = ErrorCode::kResourceExhausted, .message = "busy", .retryable = true});
  });
  ClientOptions options = client_options();
  options.deadline = milliseconds(600);
  const auto began = std::chrono::steady_clock::now();
  const auto issued = issue(options);
  ASSERT_FALSE(issued.has_value());
  EXPECT_LE(std::chrono::steady_clock::now() - began, seconds(3));
  EXPECT_EQ(issued.error().code, ErrorCode::kResourceExhausted);
  EXPECT_TRUE(issued.error().retryable);
  EXPECT_EQ(issued.error().request_id, "r-1");
  EXPECT_GE(server_->requests().size(), 2U);
}

TEST_F(ClientTest, DoesNotRepeatARefusal) {
  start([](const v1::Request& request) {
    return refuse(request,
                  {.code = ErrorCode::kPermissionDenied, .message = "not this name", .field = "csr.subjectAltName"});
  });
  const auto issued = issue();
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kPermissionDenied);
  EXPECT_TRUE(issued.error().from_daemon);
  EXPECT_EQ(issued.error().message, "not this name");
  EXPECT_EQ(issued.error().field, "csr.subjectAltName");
  EXPECT_EQ(issued.error().request_id, "r-1");
  EXPECT_EQ(server_->requests().size(), 1U);
}

TEST_F(ClientTest, NamesBothOriginsWhenTheyDiffer) {
  start([](const v1::Request& request) {
    return refuse(request, {.code = ErrorCode::kUnauthenticated, .message = "bad signature"}, "ca.example/real");
  });
  EXPECT_NE(issue().error().message.find("ca.example/real"), std::string::npos);
}

TEST_F(ClientTest, AServerThatNeverAnswersCostsTheDeadline) {
  start([](const v1::Request&) {
    std::this_thread::sleep_for(milliseconds(600));
    return Bytes{0};
  });
  ClientOptions options = client_options();
  options.deadline = milliseconds(300);
  const auto issued = issue(options);
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kDeadlineExceeded) << issued.error().message;
  EXPECT_TRUE(issued.error().retryable);
}

TEST_F(ClientTest, KeyUpdatesWithoutEndDoNotHoldAClientPastItsDeadline) {
  ServerOptions server_options = good_options();
  server_options.floods_key_updates = true;
  start(server_options, [](const v1::Request&) { return std::nullopt; });
  ClientOptions options = client_options();
  options.deadline = milliseconds(500);
  const auto began = std::chrono::steady_clock::now();
  const auto issued = issue(options);
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kDeadlineExceeded) << issued.error().message;
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(3));
}

TEST_F(ClientTest, AServerThatNeverShakesHandsIsUnavailableInTime) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const UniqueFd listener(fd);  // the kernel accepts, and nobody reads
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(fd, 16), 0);
  ASSERT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ClientOptions options = client_options();
  options.address = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  options.connect_timeout = milliseconds(150);
  options.deadline = milliseconds(600);
  int retries = 0;
  options.on_retry = [&](const Error& error, milliseconds) {
    ++retries;
    EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  };
  const auto began = std::chrono::steady_clock::now();
  const auto issued = issue(options);
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kUnavailable) << issued.error().message;
  EXPECT_TRUE(issued.error().retryable);
  EXPECT_GE(retries, 1) << "connect_timeout ends one attempt, not the call";
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(3));
}

TEST_F(ClientTest, AnUnknownHostIsNotTriedAgain) {
  ClientOptions options = client_options();
  options.address = "not..a.name:7443";
  int retries = 0;
  options.on_retry = [&](const Error&, milliseconds) { ++retries; };
  const auto issued = issue(options);
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kNotFound) << issued.error().message;
  EXPECT_EQ(issued.error().field, "address");
  EXPECT_EQ(retries, 0);
}

TEST_F(ClientTest, ABackoffIsCutWhereALastAttemptStillFits) {
  const auto well_again = std::chrono::steady_clock::now() + milliseconds(1600);
  start([&](const v1::Request& request) {
    if (std::chrono::steady_clock::now() >= well_again) return good_answer(request);
    return refuse(request, {.code = ErrorCode::kUnavailable, .message = "not yet", .retryable = true});
  });
  ClientOptions options = client_options();
  options.deadline = seconds(2);
  const auto issued = issue(options);
  EXPECT_TRUE(issued.has_value()) << issued.error().message;
}

TEST_F(ClientTest, NobodyListeningIsUnavailable) {
  ClientOptions options = client_options();
  options.deadline = milliseconds(300);
  const auto issued = issue(options);
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kUnavailable) << issued.error().message;
  EXPECT_TRUE(issued.error().retryable);
}

TEST_F(ClientTest, ConnectsAgainAtOnceWhenAnIdleConnectionWasClosed) {
  int asked = 0;
  start([&](const v1::Request& request) -> std::optional<Bytes> {
    if (++asked == 2) return std::nullopt;  // as a daemon that restarted
    return good_answer(request);
  });
  auto client = Client::create(client_options());
  ASSERT_TRUE(client.has_value());
  ASSERT_TRUE(client->status().has_value());
  ASSERT_TRUE(client->status().has_value());
  EXPECT_EQ(server_->connections(), 2);
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

TEST_F(ClientTest, TheLongestTimesDoNotOverflow) {
  start([this](const v1::Request& request) { return good_answer(request); });
  ClientOptions options = client_options();
  options.deadline = milliseconds::max();
  options.connect_timeout = milliseconds::max();
  const auto issued = issue(options);
  EXPECT_TRUE(issued.has_value()) << issued.error().message;
}

TEST_F(ClientTest, RefusesAnIdempotencyKeyOfMoreThan64Bytes) {
  EXPECT_EQ(issue(client_options(), std::string(65, 'k')).error().field, "idempotency_key");
}

}  // namespace
}  // namespace signet::test
