// What a daemon must withstand. After each of these it issues as before, and the log says what was refused.
#include <gtest/gtest.h>

#include <thread>

#include "client/rpc_connection.h"
#include "integration/daemon.h"
#include "wire/message.h"
#include "wire/request_signature.h"
#include "wire/signet.pb.h"

namespace signet::test {
namespace {

using client::RpcConnection;
using client::TlsContext;

client::Deadline soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(20); }

class BadInput : public testing::Test {
 protected:
  /// Every test ends by issuing, stopping and reading the log.
  std::vector<log::Entry> finish() {
    const auto issued =
        daemon_.client("plain")->issue({.profile = "tls-server", .csr = ca_.make_csr("DNS:ok.plain.example")});
    EXPECT_TRUE(issued.has_value()) << "the daemon does not go on: " << issued.error().message << daemon_.stderr_text();
    EXPECT_EQ(daemon_.stop(), 0);
    return ca_.read_log();
  }

  RpcConnection connect(const std::string& who) {
    const auto context =
        TlsContext::load({.certificate = ca_.certificate(who), .key = ca_.key(who), .trust = ca_.root()}).value();
    return RpcConnection::open(context, client::Address::parse(daemon_.address()).value(), "127.0.0.1", soon()).value();
  }

  v1::Response ask(const std::string& who, const v1::Request& request) {
    RpcConnection connection = connect(who);
    EXPECT_TRUE(connection.send(encode(request), soon()).has_value());
    return parse_strict<v1::Response>(connection.receive(soon()).value(), "response").value();
  }

  v1::Request issue_request(const Bytes& csr, const std::string& profile = "tls-server") {
    v1::IssueRequest message;
    message.set_profile(profile);
    message.set_csr(std::string(text_of(csr)));
    message.set_idempotency_key("k");
    v1::Request request;
    request.set_number(7);
    request.set_method(v1::METHOD_ISSUE);
    request.set_payload(message.SerializeAsString());
    return request;
  }

  /// The answer is this error, and the log says so too.
  void expect_refused(const v1::Response& response, ErrorCode code, const std::string& field,
                      const std::string& client) {
    EXPECT_EQ(response.error().code(), static_cast<std::uint32_t>(code)) << response.error().message();
    EXPECT_EQ(response.error().field(), field) << response.error().message();
    EXPECT_FALSE(response.error().retryable());
    EXPECT_FALSE(response.request_id().empty());
    bool logged = false;
    for (const log::Entry& entry : finish()) {
      if (field_of(entry, "request") != response.request_id()) continue;
      logged = true;
      EXPECT_EQ(entry.type, "rejected");
      EXPECT_EQ(field_of(entry, "outcome"), "rejected");
      EXPECT_EQ(field_of(entry, "code"), name_of(code));
      EXPECT_EQ(field_of(entry, "field"), field);
      EXPECT_EQ(field_of(entry, "who.client"), client);
    }
    EXPECT_TRUE(logged) << response.error().message();
  }

  void expect_access_failure(const std::string& reason) {
    const auto entries = finish();
    EXPECT_EQ(count_entries(entries, "access", "reason", reason), 1U);
    EXPECT_EQ(count_entries(entries, "access", "outcome", "rejected"), count_entries(entries, "access"));
  }

  /// openssl s_client with these arguments more; what it says.
  std::string s_client(std::vector<std::string> more) {
    std::vector<std::string> arguments{"openssl",  "s_client", "-connect", daemon_.address(), "-CAfile",
                                       ca_.root(), "-alpn",    "signet/1", "-ign_eof"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto result = run_command(arguments, "x", {}, std::chrono::seconds(30));
    return result.out + result.err;
  }

  Installation ca_;
  Daemon daemon_{ca_};
};

TEST_F(BadInput, AnUnknownProfileIsNamed) {
  const auto response = ask("plain", issue_request(ca_.make_csr("DNS:a.plain.example"), "no-such"));
  EXPECT_NE(response.error().message().find("no-such"), std::string::npos);
  expect_refused(response, ErrorCode::kNotFound, "profile", "plain");
}

TEST_F(BadInput, AProfileOfOthersIsRefused) {
  expect_refused(ask("plain", issue_request(ca_.make_csr("DNS:a.plain.example"), "tls-client")),
                 ErrorCode::kPermissionDenied, "profile", "plain");
}

TEST_F(BadInput, ANameOutsideThePolicyIsRefused) {
  const auto response = ask("plain", issue_request(ca_.make_csr("DNS:a.plain.example,DNS:www.bank.example")));
  EXPECT_NE(response.error().message().find("www.bank.example"), std::string::npos);
  expect_refused(response, ErrorCode::kPermissionDenied, "csr.subjectAltName", "plain");
}

TEST_F(BadInput, ACsrWithABadSignatureIsRefused) {
  Bytes csr = ca_.make_csr("DNS:a.plain.example");
  csr.back() ^= 1U;
  expect_refused(ask("plain", issue_request(csr)), ErrorCode::kInvalidArgument, "csr.signature", "plain");
}

TEST_F(BadInput, ACsrThatIsNoneIsRefused) {
  const auto response = ask("plain", issue_request({0x30, 0x80, 0x00, 0x00}));
  EXPECT_TRUE(response.error().field().starts_with("csr")) << response.error().field();
  expect_refused(response, ErrorCode::kInvalidArgument, response.error().field(), "plain");
}

TEST_F(BadInput, AMissingSignatureIsRefusedWhereThePolicyDemandsOne) {
  expect_refused(ask("payments", issue_request(ca_.make_csr("DNS:payment-service"))), ErrorCode::kUnauthenticated,
                 "signature", "payments");
}

TEST_F(BadInput, ASignatureOverAnotherPayloadOrMethodOrOldTimeIsRefused) {
  const auto context =
      TlsContext::load({.certificate = ca_.certificate("payments"), .key = ca_.key("payments"), .trust = ca_.root()})
          .value();
  v1::Request request = issue_request(ca_.make_csr("DNS:payment-service"));
  const auto sign = [&](std::uint32_t method, std::int64_t time, std::string_view payload) {
    const Bytes bytes = signed_request_bytes("test.example/signet/issuing-1", method, time, bytes_of(payload));
    request.mutable_signature()->set_time_micros(time);
    request.mutable_signature()->set_signature(std::string(text_of(context.sign(bytes).value())));
    return ask("payments", request);
  };
  const std::int64_t now = system_clock().now().time_since_epoch().count();
  for (const auto& response : {sign(1, now, "another payload"), sign(2, now, request.payload()),
                               sign(1, now - 3'600'000'000, request.payload()),
                               sign(1, std::numeric_limits<std::int64_t>::max(), request.payload()),
                               sign(1, std::numeric_limits<std::int64_t>::min(), request.payload())}) {
    EXPECT_EQ(response.error().field(), "signature") << response.error().message();
  }
  EXPECT_FALSE(sign(1, now, request.payload()).has_error()) << "and the right one is taken";
  const auto entries = finish();
  EXPECT_EQ(count_entries(entries, "rejected", "field", "signature"), 5U);
}

TEST_F(BadInput, ACertificateThatNoClientOfThePolicyHasIsRefused) {
  expect_refused(ask("stranger", issue_request(ca_.make_csr("DNS:a.plain.example"))), ErrorCode::kPermissionDenied,
                 "client certificate", "");
}

TEST_F(BadInput, ACertificateOfAnotherCaDoesNotGetIn) {
  const std::string said = s_client({"-cert", ca_.certificate("outsider"), "-key", ca_.key("outsider")});
  EXPECT_NE(said.find("alert"), std::string::npos) << said;
  const auto entries = finish();
  EXPECT_EQ(count_entries(entries, "access", "outcome", "rejected"), 1U);
}

TEST_F(BadInput, NoCertificateDoesNotGetIn) {
  const std::string said = s_client({});
  EXPECT_NE(said.find("certificate required"), std::string::npos) << said;
  expect_access_failure("no-client-certificate");
}

TEST_F(BadInput, Tls12DoesNotGetIn) {
  const std::string said = s_client({"-tls1_2", "-cert", ca_.certificate("plain"), "-key", ca_.key("plain")});
  EXPECT_NE(said.find("protocol version"), std::string::npos) << said;
  expect_access_failure("tls-version");
}

TEST_F(BadInput, AnOversizeFrameIsAnsweredAndClosesTheConnection) {
  RpcConnection connection = connect("plain");
  ASSERT_TRUE(connection.send_raw(Bytes{0x00, 0x01, 0x00, 0x01}, soon()).has_value());
  const auto response = parse_strict<v1::Response>(connection.receive(soon()).value(), "response").value();
  EXPECT_EQ(response.error().field(), "frame.length");
  EXPECT_FALSE(connection.receive(soon()).has_value());
  const auto entries = finish();
  EXPECT_EQ(count_entries(entries, "access", "outcome", "rejected"), 1U);
}

TEST_F(BadInput, GarbageInAFrameIsAnsweredAndTheConnectionGoesOn) {
  RpcConnection connection = connect("plain");
  ASSERT_TRUE(connection.send(bytes_of("\xff\xff\xff\xff garbage"), soon()).has_value());
  const auto refused = parse_strict<v1::Response>(connection.receive(soon()).value(), "response").value();
  EXPECT_EQ(refused.error().code(), static_cast<std::uint32_t>(ErrorCode::kInvalidArgument));
  ASSERT_TRUE(connection.send(encode(issue_request(ca_.make_csr("DNS:a.plain.example"))), soon()).has_value());
  EXPECT_FALSE(parse_strict<v1::Response>(connection.receive(soon()).value(), "response").value().has_error());
  finish();
}

TEST_F(BadInput, AFieldThatTheDaemonDoesNotKnowIsRefused) {
  v1::Request request = issue_request(ca_.make_csr("DNS:a.plain.example"));
  request.set_payload(request.payload() + std::string("\xF8\x07\x01", 3));  // field 127, varint 1
  expect_refused(ask("plain", request), ErrorCode::kInvalidArgument, "payload", "plain");
}

TEST_F(BadInput, ACutFrameHurtsNobody) {
  {
    RpcConnection connection = connect("plain");
    ASSERT_TRUE(connection.send_raw(Bytes{0x00, 0x00, 0x10, 0x00, 0x08}, soon()).has_value());
  }
  finish();
}

}  // namespace
}  // namespace signet::test
