// A CA, a server and a client that belong together, for every test of this folder.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "client/test_server.h"
#include "signet/client.h"
#include "wire/frame.h"
#include "wire/message.h"
#include "wire/request_signature.h"
#include "x509/certificate.h"

namespace signet::test {

class ClientFixture : public ::testing::Test {
 protected:
  /// Starts `server_` with this handler and, where given, other options than well-behaved ones.
  void start(TestServer::Handler handler) { start(good_options(), std::move(handler)); }
  void start(ServerOptions options, TestServer::Handler handler) {
    server_ = std::make_unique<TestServer>(std::move(options), std::move(handler));
  }

  [[nodiscard]] ServerOptions good_options() const {
    return {.identity = server_identity_, .client_trust = root_.certificate_file};
  }

  /// Options of a client that gets along with the well-behaved server.
  [[nodiscard]] ClientOptions client_options() const {
    ClientOptions options;
    options.address = server_ != nullptr ? server_->address() : "127.0.0.1:1";
    options.certificate_file = client_identity_.certificate_file;
    options.key_file = client_identity_.key_file;
    options.trust_file = root_.certificate_file;
    options.server_name = "signet.test";
    options.deadline = std::chrono::seconds(5);
    options.origin = kOrigin;
    return options;
  }

  /// A well-behaved answer to any request.
  [[nodiscard]] Bytes good_answer(const v1::Request& request) const;

  static constexpr const char* kOrigin = "ca.example/test";

  TempDirectory folder_;
  Identity root_ = make_identity(folder_, {.name = "root"}, nullptr);
  Identity server_identity_ = make_identity(
      folder_, {.name = "server", .alt_names = "DNS:signet.test,IP:127.0.0.1", .usage = "serverAuth"}, &root_);
  Identity client_identity_ =
      make_identity(folder_, {.name = "client", .alt_names = "DNS:issued.example", .usage = "clientAuth"}, &root_);
  std::unique_ptr<TestServer> server_;
};

/// With a request for a certificate at hand.
class IssuingFixture : public ClientFixture {
 protected:
  Result<IssuedCertificate> issue(ClientOptions options, const std::string& key = {}) {
    auto client = Client::create(std::move(options));
    if (!client.has_value()) return std::unexpected(client.error());
    return client->issue({.profile = "tls-server", .csr = csr_, .idempotency_key = key});
  }
  Result<IssuedCertificate> issue() { return issue(client_options()); }

  Bytes csr_ = make_csr("www.example.com");
};

/// The signature of `request` verifies with the certificate's key over the documented bytes.
inline bool signature_verifies(const v1::Request& request, const Identity& signer, const char* origin) {
  const auto certificate = Certificate::parse(der_of(signer.certificate.get()));
  const Bytes bytes = signed_request_bytes(origin, static_cast<std::uint32_t>(request.method()),
                                           request.signature().time_micros(), bytes_of(request.payload()));
  const PublicKey& key = certificate.value().public_key();
  return key.verify(default_algorithm(key.type()), bytes, bytes_of(request.signature().signature())).has_value();
}

/// `response` as a daemon would send it that knows a field more, in the envelope and in the payload.
inline Bytes newer_frame_of(v1::Response response) {
  static const std::string field("\x98\x3F\x01", 3);  // number 1011
  response.set_payload(response.payload() + field);
  Bytes body = encode(response);
  append(body, bytes_of(field));
  return encode_frame(body, kMaxResponseBytes).value();
}

/// What is in a frame of frame_of().
inline v1::Response response_in(ByteView frame) {
  return parse_strict<v1::Response>(frame.subspan(kFrameHeaderBytes), "response").value();
}

inline Bytes ClientFixture::good_answer(const v1::Request& request) const {
  if (request.method() == v1::METHOD_GET_TRUST_BUNDLE) {
    v1::GetTrustBundleResponse bundle;
    bundle.set_origin(kOrigin);
    bundle.add_roots(std::string(text_of(der_of(root_.certificate.get()))));
    return answer(request, bundle);
  }
  if (request.method() == v1::METHOD_GET_STATUS) {
    v1::GetStatusResponse status;
    status.set_version("1.2.3");
    status.set_origin(kOrigin);
    status.set_log_size(42);
    status.set_checkpoint_size(40);
    status.set_checkpoint_time_micros(1'700'000'000'000'000);
    status.add_issuers()->set_name("issuing-1");
    status.add_tokens()->set_name("soft");
    return answer(request, status);
  }
  v1::IssueRequest wish;
  v1::RenewRequest renewal;
  const bool renews = request.method() == v1::METHOD_RENEW;
  renews ? renewal.ParseFromString(request.payload()) : wish.ParseFromString(request.payload());
  v1::IssueResponse issued;
  issued.set_certificate(std::string(text_of(issue_for(root_, bytes_of(renews ? renewal.csr() : wish.csr())))));
  issued.add_chain(std::string(text_of(der_of(root_.certificate.get()))));
  issued.set_log_index(7);
  issued.set_intent_log_index(6);
  return answer(request, issued);
}

}  // namespace signet::test
