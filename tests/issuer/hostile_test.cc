// The batch of hostile requests through prepare() and issue(), in this process, so that sanitizers watch every byte.
// tests/integration sends the same ones to the daemon.
#include <gmock/gmock.h>

#include <set>

#include "issuer/constrained_ca.h"
#include "issuer/hostile_request.h"
#include "issuer/issuing_world.h"

namespace signet::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

class HostileRequestsTest : public testing::Test {
 protected:
  static Identity constrained(const Identity& root) {
    return make_constrained_ca(root, "Constrained CA", hostile_name_constraints());
  }
  static IssuingWorldSetup setup() {
    Identity root = make_root("Root");
    Identity issuing = constrained(root);
    return {.root = std::move(root),
            .issuing = std::move(issuing),
            .policy = hostile_policy(),
            .blocked_keys = hostile_blocked_keys()};
  }
  Result<Issued> ask(ByteView csr, const std::string& profile = "tls-server", std::uint64_t validity_seconds = 0) {
    v1::IssueRequest request;
    request.set_profile(profile);
    request.set_csr(std::string(text_of(csr)));
    request.set_validity_seconds(validity_seconds);
    return world_.issue("plain", request);
  }
  void refuse(const HostileRequest& hostile) {
    const auto issued = ask(hostile.csr, hostile.profile, hostile.validity_seconds);
    ASSERT_FALSE(issued.has_value()) << "a certificate for it";
    EXPECT_EQ(issued.error().field, hostile.field) << issued.error().message;
    EXPECT_THAT(issued.error().message, HasSubstr(hostile.phrase));
    EXPECT_THAT(issued.error().message, ContainsRegex("[(]rule [a-z0-9.-]+[)]$"));
    EXPECT_EQ(printable(issued.error().message, 100000), issued.error().message);
    EXPECT_FALSE(issued.error().retryable);
  }

  IssuingWorld world_{setup()};
};

TEST_F(HostileRequestsTest, EachIsRefusedByItsRuleAndLeavesNothingBehind) {
  const HostileRequests hostile = hostile_requests(world_.issuing().certificate.public_key().spki());
  EXPECT_GE(hostile.size(), 400U);
  const std::uint64_t entries = world_.log().size();
  std::set<std::string> names;
  for (const HostileRequest& one : hostile) {
    SCOPED_TRACE(one.name);
    EXPECT_TRUE(names.insert(one.name).second) << "two have this name";
    refuse(one);
  }
  EXPECT_EQ(world_.log().size(), entries) << "an intent was logged";
  EXPECT_EQ(world_.signatures(), 0U);
  EXPECT_EQ(world_.store().issued_count(), 0U);
  const auto good = ask(harmless_request());
  ASSERT_TRUE(good.has_value()) << good.error().message;
  EXPECT_EQ(world_.store().issued_count(), 1U);
}

/// What surrounds the hostile part of the requests is good: without it they would be issued.
TEST_F(HostileRequestsTest, AreHostileInOnePlaceOnly) {
  const auto ip = IpAddress::parse("192.0.2.1").value();
  for (const Bytes& csr :
       {RequestParts().der(), with_dns("b.plain.example"), with_subject(name("CN=a.plain.example").der()),
        with_general_names(joined({general_name(2, "a.plain.example"), der::element(der::context(7), ip.bytes)})),
        with_general_names(general_name(6, "spiffe://plain.example/a")),
        with_general_names(joined({general_name(1, "joe@plain.example"), general_name(2, "a.plain.example")})),
        with_extensions(joined({good_alt_name_extension(), extension("1.2.3.4", false, der::null())}))}) {
    const auto issued = ask(csr);
    EXPECT_TRUE(issued.has_value()) << issued.error().field << ": " << issued.error().message;
  }
  EXPECT_EQ(world_.store().issued_count(), 7U);
}

/// Every request with one byte changed, cut or doubled is refused, or is one whose signature still holds.
TEST_F(HostileRequestsTest, AGoodOneWithAnyByteChangedIsNotIssued) {
  const Bytes good = RequestParts().der();
  for (std::size_t at = 0; at < good.size(); ++at) {
    Bytes changed = good;
    changed[at] ^= 0x55U;
    EXPECT_FALSE(ask(changed).has_value()) << "byte " << at;
    EXPECT_FALSE(ask(ByteView(good).first(at)).has_value()) << "cut at " << at;
  }
  EXPECT_EQ(world_.store().issued_count(), 0U);
}

}  // namespace
}  // namespace signet::test
