// The batch of hostile requests, sent to the daemon: none is issued, none harms it, each is refused by its rule.
// tests/issuer/hostile_test.cc sends the same ones down the road in one process, under sanitizers.
#include <gmock/gmock.h>

#include "client/rpc_connection.h"
#include "integration/daemon.h"
#include "issuer/constrained_ca.h"
#include "issuer/hostile_request.h"
#include "log/entries.h"
#include "wire/message.h"
#include "wire/signet.pb.h"

namespace signet::test {
namespace {

using client::RpcConnection;
using client::TlsContext;
using testing::ContainsRegex;
using testing::HasSubstr;

constexpr std::string_view kOperator = R"([client.payments]
identity = "spiffe://test.example/payments"
profiles = ["tls-server"]
rights = ["operate"]
)";

client::Deadline soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(20); }

/// An installation whose token's key has another certificate: below a root of the test, with nameConstraints.
class ConstrainedInstallation : public Installation {
 public:
  ConstrainedInstallation() {
    const auto ceremony = Certificate::parse_any(signet::bytes_of(slurp(issuing()))).value();
    ca_spki_ = copy_of(ceremony.public_key().spki());
    const Identity root = make_root("Test root");
    const Identity ca = make_constrained_ca(root, "Constrained CA", hostile_name_constraints(), [&](TbsFields& fields) {
      fields.spki = ca_spki_;
      fields.subject_key_id = copy_of(ceremony.public_key().key_id());
    });
    folder().write("constrained.pem", ca.pem());
    folder().write("constrained-root.pem", root.pem());
    folder().write("blocked.txt", hostile_blocked_keys());
    folder().write("policy.toml", hostile_policy() + std::string(kOperator));
    edit("signet.toml", "certificate = \"ceremony/issuing.pem\"", "certificate = \"constrained.pem\"");
    edit("signet.toml", "root = \"ceremony/root.pem\"", "root = \"constrained-root.pem\"");
    edit("signet.toml", "[issue]\n", "[issue]\nblocked_keys = \"blocked.txt\"\n");
  }
  [[nodiscard]] ByteView ca_spki() const { return ca_spki_; }

 private:
  Bytes ca_spki_;
};

class HostileRequestsOverRpc : public testing::Test {
 protected:
  HostileRequestsOverRpc() : connection_(connect()) {}

  RpcConnection connect() {
    const auto context =
        TlsContext::load({.certificate = ca_.certificate("plain"), .key = ca_.key("plain"), .trust = ca_.root()})
            .value();
    return RpcConnection::open(context, client::Address::parse(daemon_.address()).value(), "127.0.0.1", soon()).value();
  }

  v1::Response ask(const HostileRequest& hostile) {
    v1::IssueRequest message;
    message.set_profile(hostile.profile);
    message.set_csr(std::string(text_of(hostile.csr)));
    message.set_validity_seconds(hostile.validity_seconds);
    v1::Request request;
    request.set_number(++last_number_);
    request.set_method(v1::METHOD_ISSUE);
    request.set_payload(message.SerializeAsString());
    EXPECT_TRUE(connection_.send(encode(request), soon()).has_value());
    const auto answer = connection_.receive(soon());
    if (!answer.has_value()) throw std::runtime_error("no answer: " + answer.error().message);
    return parse_strict<v1::Response>(*answer, "response").value();
  }

  void refuse(const HostileRequest& hostile) {
    const v1::Response response = ask(hostile);
    ASSERT_TRUE(response.has_error()) << "a certificate for it";
    EXPECT_EQ(response.error().field(), hostile.field) << response.error().message();
    EXPECT_THAT(response.error().message(), HasSubstr(hostile.phrase));
    EXPECT_THAT(response.error().message(), ContainsRegex("[(]rule [a-z0-9.-]+[)]$"));
    EXPECT_FALSE(response.error().retryable());
  }

  static std::uint64_t refused_in(const std::vector<log::Entry>& entries) {
    std::uint64_t refused = 0;
    for (const log::Entry& entry : entries) {
      if (entry.type == "rejected") refused += log::read_rejected(entry).value().count;
    }
    return refused;
  }

  ConstrainedInstallation ca_;
  Daemon daemon_{ca_};
  RpcConnection connection_;
  std::uint64_t last_number_ = 0;
};

TEST_F(HostileRequestsOverRpc, NoneIsIssuedNoneHarmsTheDaemonAndAllAreInTheLog) {
  const HostileRequests hostile = hostile_requests(ca_.ca_spki());
  EXPECT_GE(hostile.size(), 400U);
  const pid_t issuer = daemon_.child("signet-issuer");
  const pid_t front = daemon_.child("signet-front");
  for (const HostileRequest& one : hostile) {
    SCOPED_TRACE(one.name);
    refuse(one);
  }
  const auto status = daemon_.client("payments")->status();
  ASSERT_TRUE(status.has_value()) << status.error().message;
  EXPECT_EQ(status->issued, 0U);
  EXPECT_EQ(daemon_.child("signet-issuer"), issuer) << daemon_.stderr_text();
  EXPECT_EQ(daemon_.child("signet-front"), front) << daemon_.stderr_text();

  const Bytes good = harmless_request();
  const auto issued = daemon_.client("plain")->issue({.profile = "tls-server", .csr = good});
  ASSERT_TRUE(issued.has_value()) << issued.error().field << ": " << issued.error().message << daemon_.stderr_text();
  EXPECT_EQ(daemon_.client("payments")->status().value().issued, 1U);
  EXPECT_EQ(daemon_.stop(), 0);
  const auto entries = ca_.read_log();
  EXPECT_EQ(count_entries(entries, "intent"), 1U);
  EXPECT_EQ(count_entries(entries, "issued"), 1U);
  EXPECT_EQ(count_entries(entries, "crash"), 0U);
  EXPECT_EQ(refused_in(entries), hostile.size());
}

}  // namespace
}  // namespace signet::test
